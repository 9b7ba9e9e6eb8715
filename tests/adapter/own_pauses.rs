//! Our own machine, paused by another thread while it runs native code: seen after one slice, and the
//! run goes on to the same end.
//!
//! Time is not measured, slices are: the machine asks once before each stay in native code, which is
//! at most one slice long.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CodeSource, CostTable, Environment, Machine, Outcome};

use lockstep_test_support::asm::assemble;

/// Cycles that native code may charge at a interval.
const SLICE: u64 = 5_000_000;
/// Slices that the loop takes.
const SLICES: u64 = 100;
/// Rounds of the loop, four cycles each.
const ROUNDS: u64 = SLICES * SLICE / 4;

fn machine() -> Machine {
    let source = format!(
        "li t0, {ROUNDS}
    loop:
        addi t0, t0, -1
        bnez t0, loop
        li a0, 7
        exit"
    );
    let elf = assemble(&source).expect("a program").elf();
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    Machine::new(program.into_core())
}

fn run(machine: &mut Machine, code: &dyn CodeSource, pause: &dyn Fn() -> bool) -> Outcome {
    let cost = CostTable::from(Cost::Estimate);
    let environment = Environment::new(&cost).with_code(code).with_pause(pause);
    machine.run(&environment).expect("it has no fault")
}

#[test]
fn a_pause_of_another_thread_is_seen_after_one_slice() {
    let builder = Engine::builder().mode(Mode::Auto).no_cache().no_warm();
    let engine = builder.translate(Translate::Now).build();
    let code = engine.code_source().expect("native code is wanted");
    let mut whole = machine();
    assert_eq!(run(&mut whole, code, &|| false), Outcome::Exit(7));
    let whole = whole.core();
    assert_eq!(whole.native_cycles(), whole.cycles());

    let mut paused = machine();
    let (asked, wanted) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut pauses = 0;
    loop {
        let before = (paused.core().cycles(), asked.load(Ordering::SeqCst));
        // What it was asked by the moment of the pause, as far as the other thread can tell: not less.
        let by_then = thread::scope(|scope| {
            let other = scope.spawn(|| {
                while asked.load(Ordering::SeqCst) == before.1 {
                    // Until it runs; or it has ended, and nobody asks any more.
                    if wanted.load(Ordering::SeqCst) {
                        break;
                    }
                    thread::yield_now();
                }
                thread::sleep(Duration::from_micros(500));
                wanted.store(true, Ordering::SeqCst);
                asked.load(Ordering::SeqCst)
            });
            let outcome = run(&mut paused, code, &|| {
                let times = asked.fetch_add(1, Ordering::SeqCst) + 1;
                // Half of it is done: if the other thread was not there yet, now is the time.
                while times == SLICES / 2 && !wanted.load(Ordering::SeqCst) {
                    thread::yield_now();
                }
                wanted.load(Ordering::SeqCst)
            });
            wanted.store(true, Ordering::SeqCst);
            (outcome, other.join().expect("it does not panic"))
        });
        let (outcome, by_then) = by_then;
        wanted.store(false, Ordering::SeqCst);
        let asked = asked.load(Ordering::SeqCst);
        assert!(
            asked <= by_then + 1,
            "asked {asked} times, {by_then} by the pause"
        );
        let cycles = paused.core().cycles() - before.0;
        assert!(cycles <= (asked - before.1) * SLICE, "{cycles} cycles");
        match outcome {
            Outcome::Paused => pauses += 1,
            end => {
                assert_eq!(end, Outcome::Exit(7));
                break;
            }
        }
    }
    assert!(pauses > 0, "it was never paused");
    let paused = paused.core();
    assert_eq!(paused.cycles(), whole.cycles());
    assert_eq!(paused.native_cycles(), whole.native_cycles());
    assert_eq!(paused.registers(), whole.registers());
    assert_eq!(paused.pc(), whole.pc());
}
