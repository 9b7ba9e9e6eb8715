//! The switches while machines run: seen within a slice, by all machines, and across restarts.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use lockstep::Engine;
use lockstep::engine::Translate;
use lockstep_contract::key::KeyId;
use lockstep_runtime::{Machine, Outcome};

use crate::guest::{Pace, background, elf, machine, run_until, wait_until};

/// Cycles of one slice of native code, and what the loop around it may add.
const SLICE: u64 = 5_000_000;

fn engine() -> Engine {
    background().translate(Translate::Now).build()
}

/// Throws a switch in front of a slice of a machine that runs natively, and pauses it some slices
/// later. The cycles that it was charged, and those of native code.
fn throw(engine: &Engine, switch: impl Fn()) -> (u64, u64) {
    let mut machine = machine(&elf(1 << 40));
    let slices = AtomicU64::new(0);
    let pause = || match slices.fetch_add(1, Ordering::Relaxed) {
        4 => {
            switch();
            false
        }
        // Interpreted traces are asked about one by one.
        10_000 => true,
        _ => false,
    };
    let outcome = run_until(&mut machine, engine, &pause);
    assert_eq!(outcome, Outcome::Paused);
    (machine.core().cycles(), machine.core().native_cycles())
}

/// The module of the endless loop, which is made by that.
fn module(engine: &Engine) -> KeyId {
    let slices = AtomicU64::new(0);
    let pause = || slices.fetch_add(1, Ordering::Relaxed) == 2;
    run_until(&mut machine(&elf(1 << 40)), engine, &pause);
    let modules = engine.modules();
    assert_eq!(modules.len(), 1);
    modules[0]
}

#[test]
fn a_switch_is_seen_within_a_slice_of_a_tight_loop() {
    type Switch = fn(&Engine, &KeyId);
    let switches: [Switch; 4] = [
        |engine, _| assert!(engine.disable()),
        |engine, id| assert!(engine.disable_script(id)),
        |engine, id| assert!(engine.quarantine(id, "a test")),
        |engine, id| {
            // It is forgotten, and asked for again, and then it is off.
            engine.disable_script(id);
            engine.evict(id);
        },
    ];
    for switch in switches {
        let engine = engine();
        let id = module(&engine);
        let (cycles, native) = throw(&engine, || switch(&engine, &id));
        assert!(native > 0);
        assert!(
            native <= 4 * SLICE,
            "{native} native cycles after the switch"
        );
        assert!(cycles - native > 10_000, "the interpreter took over");
    }
}

#[test]
fn an_evicted_module_comes_back() {
    let engine = engine();
    let id = module(&engine);
    let before = engine.stats().translations;
    let (_, native) = throw(&engine, || assert_eq!(engine.evict(&id), 1));
    assert!(native > 4 * SLICE);
    assert_eq!(engine.stats().translations, before + 1);
}

#[test]
fn the_kill_switch_works_from_another_thread_in_both_directions() {
    let engine = engine();
    let (stop, elf) = (AtomicBool::new(false), elf(1 << 40));
    // How far the machine is: pauses are asked for before each trace and each slice.
    let (asked, pace) = (AtomicU64::new(0), Pace::default());
    let machine: Machine = thread::scope(|scope| {
        let runner = scope.spawn(|| {
            let mut machine = machine(&elf);
            run_until(&mut machine, &engine, &|| {
                asked.fetch_add(1, Ordering::Relaxed);
                pace.asked();
                stop.load(Ordering::Relaxed)
            });
            machine
        });
        wait_until("native code", || asked.load(Ordering::Relaxed) > 20);
        wait_until("slices", || pace.is_of_slices());
        engine.disable();
        // Two million traces of two instructions: some millions of cycles.
        let before = asked.load(Ordering::Relaxed);
        wait_until("the interpreter", || {
            asked.load(Ordering::Relaxed) > before + 2_000_000
        });
        engine.enable();
        wait_until("native code again", || pace.is_of_slices());
        stop.store(true, Ordering::Relaxed);
        runner.join().expect("no panic")
    });
    let core = machine.core();
    assert!(core.cycles() - core.native_cycles() >= 2_000_000);
    assert!(core.native_cycles() >= 19 * SLICE);
}

#[test]
fn a_quarantine_takes_the_module_from_all_machines_at_once() {
    let engine = engine();
    let id = module(&engine);
    let elf = elf(1 << 40);
    let (stop, gone) = (AtomicBool::new(false), AtomicBool::new(false));
    let (native, ready) = (AtomicU64::new(0), AtomicU64::new(0));
    let machines: Vec<Machine> = thread::scope(|scope| {
        let run = || {
            let mut machine = machine(&elf);
            let (slices, traces) = (AtomicU64::new(0), AtomicU64::new(0));
            run_until(&mut machine, &engine, &|| {
                if !gone.load(Ordering::SeqCst) {
                    if slices.fetch_add(1, Ordering::Relaxed) == 5 {
                        native.fetch_add(1, Ordering::Relaxed);
                    }
                } else if traces.fetch_add(1, Ordering::Relaxed) == 1000 {
                    ready.fetch_add(1, Ordering::Relaxed);
                }
                stop.load(Ordering::Relaxed)
            });
            machine
        };
        let runners: Vec<_> = (0..3).map(|_| scope.spawn(run)).collect();
        wait_until("native code", || native.load(Ordering::Relaxed) == 3);
        engine.quarantine(&id, "a test");
        gone.store(true, Ordering::SeqCst);
        // One slice that had begun, then traces: a thousand of them are few cycles.
        wait_until("the interpreter", || ready.load(Ordering::Relaxed) == 3);
        stop.store(true, Ordering::Relaxed);
        let join = |runner: thread::ScopedJoinHandle<Machine>| runner.join().expect("no panic");
        runners.into_iter().map(join).collect()
    });
    for machine in machines {
        let core = machine.core();
        assert!(core.native_cycles() > 0);
        assert!(core.cycles() - core.native_cycles() >= 900, "it went on");
    }
    assert!(!engine.modules().contains(&id));
}
