//! An engine's life in a node: it starts with a folder's settings, warms up, tells the node's log and Prometheus,
//! and is switched off and on by the file. One test, because a process has one logger, registry and engine.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use ckb_vm::cost_model::estimate_cycles;
use ckb_vm::machine::VERSION2;
use ckb_vm::{Bytes, DefaultMachineBuilder, DefaultMachineRunner};
use ckb_vm::{ISA_B, ISA_IMC, ISA_MOP, SupportMachine};
use lockstep::ckb::{NativeCore, NativeMachine};
use lockstep_node_engine::{SETTINGS_FILE, SWITCH_FILE, interpret, start};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The node's logger, as far as the engine knows one.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {} {}", record.level(), record.target(), record.args());
        LINES.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// Waits until something is so. An hour of a busy machine is no reason to fail, a hang is.
fn wait(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < Duration::from_secs(600),
            "{what}: {:#?}",
            LINES.lock()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

fn logged(text: &str) -> bool {
    LINES.lock().unwrap().iter().any(|line| line.contains(text))
}

fn metric(name: &str) -> Option<f64> {
    let families = prometheus::gather();
    let family = families.iter().find(|family| family.get_name() == name)?;
    Some(family.get_metric()[0].get_gauge().get_value())
}

/// Runs a guest as the node's scheduler does. Its exit code.
fn run(guest: &Path) -> i8 {
    let core = NativeCore::new(ISA_IMC | ISA_B | ISA_MOP, VERSION2, u64::MAX);
    let machine = DefaultMachineBuilder::new(core)
        .instruction_cycle_func(Box::new(estimate_cycles))
        .build();
    let mut machine = NativeMachine::new(machine);
    let program = Bytes::from(fs::read(guest).unwrap());
    let arguments = ["fib", "1000"].map(|text| Ok(Bytes::from(text)));
    machine
        .load_program(&program, arguments.into_iter())
        .unwrap();
    machine.run().unwrap()
}

#[test]
fn from_start_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let wrong = "warm = \"warm.txt\"\nwarmth = 3\n";
    fs::write(root.join(SETTINGS_FILE), wrong).unwrap();
    for error in [
        start(root).map(drop).unwrap_err(),
        interpret(root).unwrap_err(),
    ] {
        assert!(error.to_string().contains("line 2"), "{error}");
    }
    assert_eq!(metric("ckb_lockstep_enabled"), None);
    assert!(!root.join("lockstep").exists());

    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/elf/fib.elf");
    fs::write(
        root.join("warm.txt"),
        format!("{}\nmissing.elf\n", guest.display()),
    )
    .unwrap();
    fs::write(
        root.join(SETTINGS_FILE),
        "warm = \"warm.txt\"\nshadow = 0\n",
    )
    .unwrap();
    fs::write(root.join(SWITCH_FILE), "").unwrap();
    let node = start(root).unwrap();
    let engine = node.engine().clone();
    // Off from the beginning.
    assert!(!engine.is_enabled());
    assert_eq!(metric("ckb_lockstep_enabled"), Some(0.0));

    wait("the warm list", || {
        engine.warming().all == 2 && engine.warming().is_done()
    });
    assert_eq!(engine.modules().len(), 1);
    assert_eq!(metric("ckb_lockstep_modules"), Some(1.0));
    assert!(root.join("lockstep/cache").is_dir() && root.join("lockstep/module.key").is_file());

    // The node's logger comes after the engine.
    assert!(LINES.lock().unwrap().is_empty());
    log::set_logger(&Logger).unwrap();
    log::set_max_level(log::LevelFilter::Info);
    wait("the log", || {
        logged("INFO lockstep_node_engine::housekeeping warm list: 2 of 2 lines")
    });
    assert!(logged("Lockstep's engine: Auto, Background, with a cache"));
    assert!(logged("all native code is off"));

    fs::remove_file(root.join(SWITCH_FILE)).unwrap();
    wait("the switch", || {
        engine.is_enabled() && logged("native code is on")
    });
    assert_eq!(metric("ckb_lockstep_enabled"), Some(1.0));

    // What runs now finds the module of the warm list, and the hot list of the end names it.
    let hot = root.join("lockstep/hot.txt");
    assert!(!hot.exists());
    let before = lockstep::ckb::counters();
    assert_eq!(run(&guest), 0);
    let after = lockstep::ckb::counters();
    assert!(after.native_cycles > before.native_cycles);
    drop(node);
    let list = fs::read_to_string(&hot).unwrap();
    assert!(list.contains(&engine.modules()[0].to_string()), "{list}");
}
