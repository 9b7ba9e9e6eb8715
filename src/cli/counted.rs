//! Runs that are counted, from which heat, profiles and coverage are made.
//!
//! The interpreter tells of each trace, which is what cycles are charged by, so what is counted is exact. That takes several
//! times as long as a run that nobody looks at. Native code that counts is as exact, and nearly as fast as native code
//! without. What is made of the counts is for the verbs.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use lockstep::Platform;
use lockstep_isa::Reg;
use lockstep_runtime::{
    Core, CostTable, DebugPrint, Environment, Machine, Outcome, Syscall, Tally, Trap,
};

use super::args::{BLOCK_CYCLES, GuestOptions, cycles};
use super::beside::{Beside, Counter};
use super::counting_code::CountingCode;
use super::failure::Failure;
use super::running::Running;
#[cfg(feature = "tx")]
use super::script::Loaded;
use super::script_options::ScriptOptions;
use super::syscall_names::EXIT;
use super::{guest, guest_run};

/// A guest that is looked at by functions and lines, and how far it runs.
#[derive(Args)]
pub(crate) struct CountedOptions {
    /// The guest program; - is standard input
    #[arg(required_unless_present = "tx_file")]
    pub(crate) elf: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) script: ScriptOptions,
    #[command(flatten)]
    pub(crate) guest: GuestOptions,
    /// Stop the guest before it uses more cycles than this: 70000000, 70M or unlimited [default: 3500M, what a block of the chain may use]
    #[arg(long, value_name = "N", value_parser = cycles, default_value_t = BLOCK_CYCLES, hide_default_value = true)]
    pub(crate) max_cycles: u64,
    /// The whole argv of the guest: the first is `argv[0]`, because CKB passes no program name
    #[arg(last = true)]
    pub(crate) args: Vec<OsString>,
}

impl CountedOptions {
    /// The bytes of the ELF that names functions and lines, where it is another one.
    pub(crate) fn symbols(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.script.symbols.as_deref().map(guest::read).transpose()
    }

    /// The run of this ELF.
    pub(crate) fn run<'a>(&'a self, path: &'a Path, elf: &'a [u8]) -> Counted<'a> {
        Counted {
            path,
            elf,
            platform: self.guest.platform(),
            args: &self.args,
            max_cycles: self.max_cycles,
        }
    }

    /// The transaction, and the scripts of it that are meant.
    #[cfg(feature = "tx")]
    pub(crate) fn loaded(&self) -> Result<Loaded, Failure> {
        let Some(file) = &self.script.tx_file else {
            return Err(Failure::usage(
                "there is nothing to run: name an ELF, or a transaction with --tx-file",
            ));
        };
        if self.guest.are_of_a_program() {
            return Err(Failure::usage(
                "the chain decides what a script of a transaction runs on; leave out --isa, --cost, --memory and --xlen",
            ));
        }
        (self.script).load(file, self.guest.vm_version, &self.args)
    }

    /// What is looked at, as people call it.
    pub(crate) fn title(&self) -> String {
        let file = self.elf.as_deref().or(self.script.tx_file.as_deref());
        file.map_or_else(String::new, |file| guest::shown(file).to_string())
    }
}

/// A run that is counted.
pub(crate) struct Counted<'a> {
    /// The name of the ELF, for messages.
    pub(crate) path: &'a Path,
    pub(crate) elf: &'a [u8],
    pub(crate) platform: Platform,
    /// The whole argv.
    pub(crate) args: &'a [OsString],
    pub(crate) max_cycles: u64,
}

/// How a counted run came to its end.
pub(crate) struct Ended {
    /// In words.
    pub(crate) end: String,
    pub(crate) cycles: u64,
    /// The time that the guest ran.
    pub(crate) time: Duration,
}

impl Counted<'_> {
    /// Runs the guest, and tells the recorder of it: all of it in the interpreter, or also what native code that counts did.
    /// A program by itself is charged nothing for calls of the host.
    pub(crate) fn run<R: Counter>(
        &self,
        recorder: R,
        code: Option<&CountingCode>,
    ) -> Result<(R, Ended), Failure> {
        let mut program = guest::load(self.path, self.elf, &self.platform)?;
        guest_run::push_arguments(program.core_mut(), self.args)?;
        let mut core = program.into_core();
        core.set_max_cycles(self.max_cycles);
        let calls = CallCounter::default();
        let mut machine = Machine::new(core)
            .with(calls.clone())
            .with(DebugPrint::new(|_| {}));
        let cost = CostTable::from(self.platform.cost);
        let tally = RefCell::new(Tally::new(Beside::new(recorder)));
        let mut environment = Environment::new(&cost).with_tally(&tally);
        if let Some(code) = code {
            environment = environment.with_code(code);
        }
        let running = Running::new(self.max_cycles);
        let (started, before) = (Instant::now(), translation(code));
        let result = machine.run(&environment);
        let time = started.elapsed().saturating_sub(translation(code) - before);
        drop(running);
        let mut host_calls = calls.take();
        let end = match result {
            Ok(Outcome::Exit(code)) => {
                *host_calls.entry(EXIT).or_default() += 1;
                format!("exit {code}")
            }
            Ok(Outcome::Paused) => "paused".to_owned(),
            Err(Trap::CyclesExceeded) => "the cycles are used up".to_owned(),
            Err(trap) => format!("{}: {trap}", trap.name()),
        };
        let ended = Ended {
            end,
            cycles: machine.core().cycles(),
            time,
        };
        let mut recorder = tally.into_inner().finish().finish()?;
        for (number, calls) in host_calls {
            recorder.host_call(number, calls, 0);
        }
        Ok((recorder, ended))
    }
}

fn translation(code: Option<&CountingCode>) -> Duration {
    code.map_or(Duration::ZERO, CountingCode::translation)
}

/// Counts system calls and answers none. `exit` does not come here.
#[derive(Clone, Default)]
struct CallCounter(Arc<Mutex<BTreeMap<u64, u64>>>);

impl CallCounter {
    fn take(&self) -> BTreeMap<u64, u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Syscall for CallCounter {
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
        let number = core.register(Reg::A7);
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(number).or_default() += 1;
        Ok(false)
    }
}
