//! Guests, and compilers that behave as a test wants.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockstep::engine::{EngineBuilder, Mode, Translate};
use lockstep::isa::Cost;
use lockstep::runtime::{CostTable, Environment, Machine, Outcome};
use lockstep::{Engine, Platform, Program};

use crate::common::asm::assemble;

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
    let environment = Environment {
        cost: &CostTable::from(Cost::Estimate),
        pause: Some(pause),
        library: engine.library(),
    };
    let outcome = machine.run(&environment).expect("no trap");
    machine.core_mut().report();
    outcome
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
    builder.translate(Translate::Background)
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
    pub(crate) fn wait(&self) {
        let (open, changed, waiting) = &*self.0;
        waiting.fetch_add(1, Ordering::SeqCst);
        let open = open.lock().expect("nobody panics here");
        drop(changed.wait_while(open, |open| !*open));
    }

    /// Until so many have come.
    pub(crate) fn wait_for(&self, count: usize) {
        wait_until("somebody at the door", || self.waiting() >= count);
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
