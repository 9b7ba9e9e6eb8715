//! The adapter for CKB nodes: a machine that `ckb-script` drives as it drives CKB-VM's.
//!
//! [`NativeMachine`] takes the place of `AsmMachine` in `TransactionScriptsVerifier` and
//! `Scheduler`; [`NativeCore`] takes the place of its core. The traits are CKB-VM's, and so are
//! the parts around the machine: syscalls, debugger, pause signal, snapshots, the ELF parser that
//! the traits call. What executes the guest is ours: no `AsmCoreMachine` is inside, and no
//! execution code of CKB-VM is called.
//!
//! No set-up call is needed: settings come from the environment ([`Engine::global`]). A program
//! that wants others hands an engine to all machines of the process ([`install`]), to those that a
//! thread makes ([`with_engine`]), or to one machine ([`NativeMachine::with_engine`]).
//!
//! What this is not: a policy of which code runs natively (that is the engine's), or an execution
//! loop (that is `lockstep_runtime::Runner`; the loop here only serves the host's part).

mod core;
mod cost;
mod error;
mod memory;
mod settings;

use std::sync::Arc;

use ckb_vm::machine::Pause;
use ckb_vm::{CoreMachine, DefaultMachine, DefaultMachineRunner, Error, Machine, SupportMachine};
use lockstep_runtime::{CostTable, Environment, Event};

pub use self::core::{Driver, NativeCore};
pub use self::error::error_reason;
pub use self::settings::{Counters, counters, drive_next, install, thread_counters, with_engine};
use crate::engine::Engine;
use crate::engine::meter::{self, Fallback, Run};

// For the loader of a node.
pub use lockstep_runtime::remember_data;

/// A machine that runs guests natively where it can and interprets the rest, exactly as
/// CKB-VM's assembly machine would run them.
///
/// It accepts whatever a [`DefaultMachine`] carries: syscalls, debugger, pause signal, any ISA
/// flags, versions 0 to 2, any cycle function. A cycle function that is not one of the two known
/// models (`estimate_cycles`, `constant_cycles`) runs in the interpreter.
///
/// ```
/// use ckb_vm::machine::{DefaultMachineBuilder, VERSION2};
/// use ckb_vm::cost_model::estimate_cycles;
/// use ckb_vm::{Bytes, DefaultMachineRunner, ISA_B, ISA_IMC, ISA_MOP, SupportMachine};
/// use lockstep::ckb::NativeMachine;
///
/// let elf = Bytes::from(std::fs::read("guests/elf/always_success.elf")?);
/// let core = <NativeMachine as DefaultMachineRunner>::Inner::new_with_memory(
///     ISA_IMC | ISA_B | ISA_MOP, VERSION2, 1_000_000, 4 << 20,
/// );
/// let machine = DefaultMachineBuilder::new(core)
///     .instruction_cycle_func(Box::new(estimate_cycles))
///     .build();
/// let mut machine = NativeMachine::new(machine);
/// machine.load_program(&elf, [].into_iter())?;
/// assert_eq!(machine.run()?, 0);
/// println!("{}", machine.record().engine());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct NativeMachine {
    machine: DefaultMachine<NativeCore>,
    engine: Arc<Engine>,
    /// What the machine's cycle function charges; asked for at the first run.
    cost: Option<CostTable>,
}

impl NativeMachine {
    /// A machine with an engine of its own.
    pub fn with_engine(machine: DefaultMachine<NativeCore>, engine: Arc<Engine>) -> NativeMachine {
        NativeMachine {
            machine,
            engine,
            cost: None,
        }
    }

    /// What the machine has done so far: `record().engine()` names the engine that decided.
    pub fn record(&self) -> Run {
        // The core is its own memory, which the machine gives by reference.
        self.machine.memory().record()
    }

    /// The engine that decides what runs natively.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }
}

impl DefaultMachineRunner for NativeMachine {
    type Inner = NativeCore;

    fn new(mut machine: DefaultMachine<NativeCore>) -> NativeMachine {
        if let Some(driver) = settings::next_driver() {
            machine.inner_mut().set_driver(driver);
        }
        NativeMachine::with_engine(machine, settings::engine())
    }

    fn machine(&self) -> &DefaultMachine<NativeCore> {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut DefaultMachine<NativeCore> {
        &mut self.machine
    }

    /// Runs until the guest exits, fails, yields or is paused; after the last two, and after
    /// `CyclesExceeded` with a larger limit, it may be called again.
    fn run(&mut self) -> Result<i8, Error> {
        let NativeMachine {
            machine,
            engine,
            cost,
        } = self;
        let cost = cost.get_or_insert_with(|| {
            cost::table(machine.instruction_cycle_func(), machine.version())
        });
        let mut pause = machine.pause();
        machine.set_running(true);
        let environment = engine.environment(cost);
        if environment.code.is_some() {
            if cost.model().is_none() {
                meter::fell_back(Fallback::Cost);
            } else if !engine.is_enabled() {
                meter::fell_back(Fallback::Off);
            }
        }
        let before = machine.inner_mut().progress();
        let result = drive(machine, environment, &mut pause);
        machine.inner_mut().report();
        settings::count(machine.inner_mut().progress().since(before));
        result
    }
}

/// The host's side of a run: what the guest cannot do by itself.
fn drive(
    machine: &mut DefaultMachine<NativeCore>,
    environment: Environment<'_>,
    pause: &mut Pause,
) -> Result<i8, Error> {
    let mut decided = None;
    while machine.running() {
        // The core dropped its traces itself; whoever asks later must not see an old signal.
        machine.reset_signal();
        let paused = || pause.has_interrupted();
        let environment = environment.with_pause(&paused);
        let advance = || machine.inner_mut().advance(&environment);
        let event = decided.take().unwrap_or_else(advance)?;
        match event {
            Event::Ecall => match machine.ecall() {
                Err(error @ Error::InvalidEcall(_)) => {
                    let confirmed = machine.inner_mut().confirm_ecall(&environment);
                    decided = Some(confirmed.ok_or(error)?);
                }
                result => result?,
            },
            Event::Ebreak => machine.ebreak()?,
            Event::Paused => {
                pause.free();
                return Err(Error::Pause);
            }
        }
    }
    Ok(machine.exit_code())
}
