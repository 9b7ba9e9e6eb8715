//! What a node shows of Lockstep on its metrics page: installs a recorder, lives through a start, a
//! restart and the kill switch in miniature, and prints the page in the text of Prometheus.
//!
//! The machines are those of a node ([`NativeMachine`]), made as `ckb-script` makes them.
//!
//! `cargo run --release --example metrics`

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ckb_vm::cost_model::estimate_cycles;
use ckb_vm::machine::VERSION2;
use ckb_vm::{Bytes, DefaultMachineBuilder, DefaultMachineRunner, ISA_B, ISA_IMC, ISA_MOP};
use ckb_vm::{RISCV_MAX_MEMORY, SupportMachine};
use lockstep::Engine;
use lockstep::ckb::{NativeCore, NativeMachine, install};
use lockstep::engine::meter::{METRICS, describe_metrics};
use lockstep::engine::{Mode, Share, Translate};
use lockstep_test_support::recorder::Page;

/// A script that runs 25 million cycles.
const SCRIPT: &[u8] = include_bytes!("../../guests/elf/sha256.elf");

/// How long to wait for what other threads do.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let page: &'static Page = Box::leak(Box::default());
    metrics::set_global_recorder(page).map_err(|_| "there is a recorder already")?;
    describe_metrics();
    let folder = tempfile::tempdir()?;

    // A first start: interpreted, translated beside that, native from then on.
    let engine = start(&folder.path().join("cache"))?;
    wait(|| Ok(run()? == "native"))?;
    run()?;
    wait(|| Ok(engine.shadow_is_idle()))?;

    // A restart: the module is in the cache. It is loaded beside the first run.
    let engine = start(&folder.path().join("cache"))?;
    wait(|| Ok(run()? == "native"))?;

    // The kill switch, thrown for one run.
    engine.disable();
    run()?;
    engine.enable();
    wait(|| Ok(engine.shadow_is_idle()))?;

    print!("{}", page.render());
    let shown = |name: &&str| page.shows(name);
    let shown = METRICS.iter().map(|(name, _, _)| *name).filter(shown);
    eprintln!("{} of {} metrics", shown.count(), METRICS.len());
    // The recorder also tells single figures.
    assert_eq!(page.gauge("ckb_lockstep_enabled"), Some(1.0));
    Ok(())
}

/// An engine for all machines that are made from now on.
fn start(cache: &Path) -> Result<Arc<Engine>, Box<dyn Error>> {
    let engine = Engine::builder()
        .mode(Mode::Auto)
        .translate(Translate::Background)
        .cache(cache)
        .no_warm()
        // Far more than a node would repeat, so that there is something to see.
        .shadow(Share::new(0.5).ok_or("a share is 0 to 1")?)
        .build();
    let engine = Arc::new(engine);
    install(Arc::clone(&engine));
    Ok(engine)
}

/// Runs the script on a new machine; the engine that ran it.
fn run() -> Result<&'static str, Box<dyn Error>> {
    let core = NativeCore::new_with_memory(
        ISA_IMC | ISA_B | ISA_MOP,
        VERSION2,
        u64::MAX,
        RISCV_MAX_MEMORY,
    );
    let machine = DefaultMachineBuilder::new(core)
        .instruction_cycle_func(Box::new(estimate_cycles))
        .build();
    let mut machine = NativeMachine::new(machine);
    machine.load_program(
        &Bytes::from_static(SCRIPT),
        [Ok(Bytes::from_static(b"20"))].into_iter(),
    )?;
    match machine.run()? {
        0 => Ok(machine.record().engine()),
        code => Err(format!("the script exited with {code}").into()),
    }
}

fn wait(mut done: impl FnMut() -> Result<bool, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    while !done()? {
        if started.elapsed() > PATIENCE {
            return Err("waited for too long".into());
        }
        sleep(Duration::from_millis(1));
    }
    Ok(())
}
