//! Guests, and compilers that behave as a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockstep::engine::{EngineBuilder, Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, Outcome};

use lockstep_test_support::asm::assemble;

/// How long to wait for what takes milliseconds on an idle machine.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// An ELF that counts down from `rounds`, four cycles each, and exits with 0. Unequal numbers make
/// unequal texts.
pub(crate) fn elf(rounds: u64) -> Vec<u8> {
    let source = format!("li t0, {rounds}\nloop: addi t0, t0, -1\nbnez t0, loop\nli a0, 0\nexit\n");
    assemble(&source).expect("a program").elf()
}

/// A loaded machine.
pub(crate) fn machine(elf: &[u8]) -> Machine {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let mut machine = Machine::new(program.into_core());
    machine
        .core_mut()
        .initialize_stack(&[])
        .expect("an empty stack");
    machine
}

/// Runs a machine until it exits or `pause` says so.
pub(crate) fn run_until(
    machine: &mut Machine,
    engine: &Engine,
    pause: &dyn Fn() -> bool,
) -> Outcome {
    let cost = CostTable::from(Cost::Estimate);
    let environment = engine.environment(&cost).with_pause(pause);
    let outcome = machine.run(&environment).expect("no trap");
    machine.report();
    outcome
}

/// Runs a machine until native code runs in it, in one call of `run` that no system call interrupts. Then it is paused.
pub(crate) fn pause_when_native(machine: &mut Machine, engine: &Engine) {
    let (started, pace) = (Instant::now(), Pace::default());
    let outcome = run_until(machine, engine, &|| {
        assert!(started.elapsed() < LONG);
        pace.asked();
        pace.is_of_slices()
    });
    assert_eq!(outcome, Outcome::Paused);
}

/// Runs a guest to its end; its native cycles.
pub(crate) fn run(elf: &[u8], engine: &Engine) -> u64 {
    let mut machine = machine(elf);
    let outcome = run_until(&mut machine, engine, &|| false);
    assert_eq!(outcome, Outcome::Exit(0));
    machine.core().native_cycles()
}

/// Without a cache, native code where there is some.
pub(crate) fn background() -> EngineBuilder {
    let builder = Engine::builder().no_cache().no_warm().mode(Mode::Auto);
    builder.shadow(Share::NONE).translate(Translate::Background)
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < LONG, "waited for too long: {what}");
        sleep(Duration::from_millis(1));
    }
}

/// A door that is shut until somebody opens it; who waits there is counted.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<(Mutex<bool>, Condvar, AtomicUsize)>);

impl Door {
    /// Until it is open.
    pub(crate) fn wait(&self) {
        let (open, changed, waiting) = &*self.0;
        waiting.fetch_add(1, Ordering::SeqCst);
        let open = open.lock().expect("nobody panics here");
        drop(changed.wait_while(open, |open| !*open));
    }

    /// How many have come.
    pub(crate) fn waiting(&self) -> usize {
        self.0.2.load(Ordering::SeqCst)
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.0.0.lock().expect("nobody panics here")
    }

    pub(crate) fn open(&self) {
        *self.0.0.lock().expect("nobody panics here") = true;
        self.0.1.notify_all();
    }
}

/// Tells by how often a machine asks for pauses what runs it: native code asks once a slice, the
/// interpreter once a trace, which takes a thousandth of the time.
#[derive(Default)]
pub(crate) struct Pace {
    last: Mutex<Option<Instant>>,
    /// How often in turn it took as long as a slice does.
    slices: AtomicUsize,
}

impl Pace {
    /// Every slice of the loop takes longer: its rounds, one after the other, are a million and a
    /// quarter. A trace does only where its thread stands still meanwhile.
    const SLICE: Duration = Duration::from_micros(50);
    /// No thread stands still in so many traces in turn.
    const ENOUGH: usize = 8;

    /// The machine asks.
    pub(crate) fn asked(&self) {
        let now = Instant::now();
        let last = self.last.lock().expect("nobody panics here").replace(now);
        match last.is_some_and(|last| now - last >= Pace::SLICE) {
            true => self.slices.fetch_add(1, Ordering::SeqCst),
            false => self.slices.swap(0, Ordering::SeqCst),
        };
    }

    /// Whether native code runs it now.
    pub(crate) fn is_of_slices(&self) -> bool {
        self.slices.load(Ordering::SeqCst) >= Pace::ENOUGH
    }
}
