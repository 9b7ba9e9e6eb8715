//! Runs in the interpreter that tell of each trace, from which heat, profiles and coverage are made.
//!
//! Cycles are charged by traces, so what is counted here is exact. It takes several times as long as a run that nobody
//! looks at. What is made of the counts is for the verbs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use lockstep::Platform;
use lockstep_runtime::{CostTable, DebugPrint, Environment, Machine, Outcome, Trap};

use super::args::{BLOCK_CYCLES, GuestOptions, cycles};
use super::failure::Failure;
use super::{guest, guest_run};

/// A guest that is looked at by functions and lines, and how far it runs.
#[derive(Args)]
pub(crate) struct CountedOptions {
    /// The guest program; - is standard input
    pub(crate) elf: PathBuf,
    /// Take names and lines from this ELF, where the script has been stripped
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    #[command(flatten)]
    guest: GuestOptions,
    /// Stop the guest before it uses more cycles than this: 70000000, 70M or unlimited [default: 3500M, what a block of the chain may use]
    #[arg(long, value_name = "N", value_parser = cycles, default_value_t = BLOCK_CYCLES, hide_default_value = true)]
    max_cycles: u64,
    /// The whole argv of the guest: the first is `argv[0]`, because CKB passes no program name
    #[arg(last = true)]
    args: Vec<OsString>,
}

impl CountedOptions {
    /// The bytes of the ELF, and those of the one that names functions and lines, where it is another one.
    pub(crate) fn read(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
        let elf = guest::read_elf(&self.elf)?;
        let symbols = self.symbols.as_deref().map(guest::read).transpose()?;
        Ok((elf, symbols))
    }

    /// The run of this ELF.
    pub(crate) fn run<'a>(&'a self, elf: &'a [u8]) -> Counted<'a> {
        Counted {
            path: &self.elf,
            elf,
            platform: self.guest.platform(),
            args: &self.args,
            max_cycles: self.max_cycles,
        }
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

impl Counted<'_> {
    /// Runs the guest, and tells `count` the head and the cycles of each trace. How it ended, in words, and its cycles.
    pub(crate) fn count(&self, count: &dyn Fn(u64, u64)) -> Result<(String, u64), Failure> {
        let mut program = guest::load(self.path, self.elf, &self.platform)?;
        guest_run::push_arguments(program.core_mut(), self.args)?;
        let mut core = program.into_core();
        core.set_max_cycles(self.max_cycles);
        let mut machine = Machine::new(core).with(DebugPrint::new(|_| {}));
        let cost = CostTable::from(self.platform.cost);
        let environment = Environment::new(&cost).with_trace_counter(count);
        let end = match machine.run(&environment) {
            Ok(Outcome::Exit(code)) => format!("exit {code}"),
            Ok(Outcome::Paused) => "paused".to_owned(),
            Err(Trap::CyclesExceeded) => "the cycles are used up".to_owned(),
            Err(trap) => format!("{}: {trap}", trap.name()),
        };
        Ok((end, machine.core().cycles()))
    }
}
