//! The short way: an engine runs a program to its end, and everything about the run is one value.
//!
//! For tools, tests and a first look. A guest here has the system calls `exit` and CKB's debug print
//! and nothing else. A host with calls of its own makes a [`Machine`] and gives it the engine; a node
//! has `lockstep::ckb`.

use lockstep_isa::Reg;
use lockstep_runtime::{Core, CostTable, DebugPrint, Machine, Memory, Outcome, SetupError, Trap};

use crate::engine::Engine;
use crate::program::Program;

/// What one run may take.
///
/// ```
/// use lockstep::{Engine, Limits, Platform, Program, Trap};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().no_cache().build();
/// let run = engine.run(&program, Limits::cycles(100))?;
/// assert_eq!(run.outcome(), &Err(Trap::CyclesExceeded));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Cycles: a run that would charge more ends with [`Trap::CyclesExceeded`].
    pub max_cycles: u64,
}

impl Limits {
    /// As many cycles as there are numbers for.
    pub const UNLIMITED: Limits = Limits::cycles(u64::MAX);

    /// At most so many cycles.
    #[must_use]
    pub const fn cycles(max_cycles: u64) -> Limits {
        Limits { max_cycles }
    }
}

impl Default for Limits {
    /// What CKB's chain gives the scripts of a block: 3.5 billion cycles.
    fn default() -> Limits {
        Limits::cycles(3_500_000_000)
    }
}

/// A run that is over: how it ended, what it was charged, and the state that it left.
///
/// ```
/// use lockstep::engine::Translate;
/// use lockstep::isa::Reg;
/// use lockstep::{Engine, Limits, Platform, Program};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().translate(Translate::Now).no_cache().build();
/// let run = engine.run(&program, Limits::default())?;
/// assert_eq!(run.exit_code(), Some(0));
/// assert!(run.native_cycles() > 0 && run.native_cycles() <= run.cycles());
/// assert_eq!(run.register(Reg::A7), 93); // `exit`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Execution {
    outcome: Result<i8, Trap>,
    core: Core,
}

impl Execution {
    /// The exit code, or what stopped the guest.
    ///
    /// # Errors
    /// The guest's trap. It is in the result's place for errors; the call itself does not fail.
    pub fn outcome(&self) -> &Result<i8, Trap> {
        &self.outcome
    }

    /// The exit code, if the guest exited.
    #[must_use]
    pub fn exit_code(&self) -> Option<i8> {
        self.outcome.as_ref().ok().copied()
    }

    /// Cycles that were charged. Loading is not charged.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.core.cycles()
    }

    /// Those of them that native code charged.
    #[must_use]
    pub fn native_cycles(&self) -> u64 {
        self.core.native_cycles()
    }

    /// Where the guest was.
    #[must_use]
    pub fn pc(&self) -> u64 {
        self.core.pc()
    }

    /// A register, as an unsigned number of its width.
    #[must_use]
    pub fn register(&self, register: Reg) -> u64 {
        self.core.register(register)
    }

    /// `x0` to `x31`; those of RV32 are sign-extended.
    #[must_use]
    pub fn registers(&self) -> &[u64; 32] {
        self.core.registers()
    }

    /// The guest's memory, with the flags of its pages.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        self.core.memory()
    }

    /// The guest itself.
    #[must_use]
    pub fn into_core(self) -> Core {
        self.core
    }
}

impl Engine {
    /// Runs a program from its start to its end, with the arguments that it was given
    /// ([`Program::with_arguments`]). The program stays as it is, and may be run again.
    ///
    /// The guest has two system calls: `exit`, and CKB's debug print, whose text goes to the log at the
    /// level *debug*. Arguments that do not fit the stack are the trap
    /// [`Trap::MemOutOfStack`], as in CKB-VM. Nothing pauses such a run.
    ///
    /// # Errors
    /// When the operating system gives no memory for a guest.
    ///
    /// ```
    /// use lockstep::{Engine, Limits, Platform, Program};
    ///
    /// let elf = std::fs::read("guests/elf/fib.elf")?;
    /// let program = Program::load(&elf, &Platform::default())?;
    /// let engine = Engine::builder().no_cache().build();
    /// let first = engine.run(&program, Limits::default())?;
    /// let second = engine.run(&program, Limits::default())?;
    /// assert_eq!(first.cycles(), second.cycles());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, program: &Program, limits: Limits) -> Result<Execution, SetupError> {
        let mut core = program.core().fork()?;
        core.set_max_cycles(limits.max_cycles);
        let print = DebugPrint::new(|text: &[u8]| {
            tracing::debug!(target: "lockstep::guest", "{}", String::from_utf8_lossy(text));
        });
        let mut machine = Machine::new(core).with(print);
        let cost = CostTable::from(program.platform().cost);
        let environment = self.environment(&cost);
        let arguments = program.arguments().iter().map(Ok);
        let outcome = machine
            .initialize(arguments)
            .and_then(|_| machine.run(&environment))
            .and_then(|outcome| match outcome {
                Outcome::Exit(code) => Ok(code),
                Outcome::Paused => Err(Trap::Unexpected("a run without a pause was paused".into())),
            });
        Ok(Execution {
            outcome,
            core: machine.into_core(),
        })
    }
}
