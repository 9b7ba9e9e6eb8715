//! `translate profile`: where the cycles of a run go, exactly.
//!
//! Native code runs the guest and counts its blocks; where there is none, the interpreter tells of every trace. Cycles are
//! charged by those, so the sums are those of the run to the cycle; a test holds that, and that both engines tell the same.
//! A script of a transaction (`--tx-file`) is profiled with all its processes, and with what the chain charges for loading
//! and for system calls.

use std::path::PathBuf;

use clap::{Args, ValueEnum as _};
use lockstep_cache::replace;

use super::answer::Answer;
use super::code;
use super::counted::CountedOptions;
use super::failure::Failure;

mod figures;
mod flame;
mod formats;
mod instructions;
mod known_code;
mod names;
mod part;
mod pprof;
mod recorder;
mod run;
#[cfg(feature = "tx")]
mod script;
mod table;

use figures::Row;
use part::Part;
use run::{Engine, Profiled};
use table::{By, Object, Process};

/// Runs an ELF, or a script of a transaction, and shows where its cycles go
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate profile guests/elf/sha256.elf --svg sha256.svg -- 100\n  \
                  translate profile guests/elf/sha256.elf --by instruction --top 10 -- 100\n  \
                  translate profile --tx-file examples/transactions/spawn.json --script input.0.lock --by syscall"
)]
pub(crate) struct Profile {
    #[command(flatten)]
    guest: CountedOptions,
    /// What runs the guest: auto (native code that counts), or interp (the interpreter); both give the same profile
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    engine: Engine,
    /// What the rows of the table are
    #[arg(long, value_name = "WHAT", default_value = "function")]
    by: By,
    /// Rows of the table at most; the object of --json has all
    #[arg(long, value_name = "N", default_value_t = 30)]
    top: usize,
    /// Write the stacks of calls, one a line, as flame graph tools read them
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,
    /// Write the profile for pprof
    #[arg(long, value_name = "FILE")]
    pprof: Option<PathBuf>,
    /// Write the profile for callgrind_annotate and KCachegrind
    #[arg(long, value_name = "FILE")]
    callgrind: Option<PathBuf>,
    /// Write a flame graph
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

impl Profile {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let profiled = match &self.guest.elf {
            Some(elf) => run::program(&self.guest, elf, self.engine)?,
            None => self.script()?,
        };
        self.check(&profiled)?;
        let parts = self.chosen(&profiled)?;
        let title = self.guest.title();
        let object = Object {
            result: "profile",
            script: profiled.script.clone(),
            cycles: profiled.cycles,
            end: profiled.end.clone(),
            run_seconds: profiled.seconds,
            by: (self.by.to_possible_value())
                .map_or_else(String::new, |by| by.get_name().to_owned()),
            rows: figures::together(&parts, |part| self.rows(part)),
            processes: self.processes(&parts),
            written: self.write(&parts, &title)?,
        };
        Answer::new(
            json,
            &object,
            || object.table(self.by, self.top),
            code::SUCCESS,
        )
    }

    /// A script of a transaction.
    #[cfg(feature = "tx")]
    fn script(&self) -> Result<Profiled, Failure> {
        script::run(&self.guest, self.engine)
    }

    /// Without the parts that know transactions.
    #[cfg(not(feature = "tx"))]
    fn script(&self) -> Result<Profiled, Failure> {
        Err(Failure::usage(
            "--tx-file needs a command that was built with the feature tx; build it with --features tx",
        ))
    }

    /// A profile whose sum is not the run's is wrong somewhere, and must not be believed.
    fn check(&self, profiled: &Profiled) -> Result<(), Failure> {
        let counted: u64 = profiled.parts.iter().map(Part::cycles).sum();
        if counted == profiled.cycles {
            return Ok(());
        }
        Err(Failure::defect(format!(
            "the run has {} cycles and its profile {counted}; run with --engine interp, and please report it with the ELF",
            profiled.cycles
        )))
    }

    /// The parts that are asked for: those of all processes, or of one.
    fn chosen<'p>(&self, profiled: &'p Profiled) -> Result<Vec<&'p Part>, Failure> {
        let wanted = self.guest.script.vm_id;
        if wanted == 0 {
            return Ok(profiled.parts.iter().collect());
        }
        let parts = profiled.parts.iter();
        let parts: Vec<&Part> = parts.filter(|part| part.process == Some(wanted)).collect();
        match parts.is_empty() {
            true => Err(Failure::usage(format!(
                "--vm-id {wanted}: the script has no such process; without the option the profile is of all processes"
            ))),
            false => Ok(parts),
        }
    }

    fn rows(&self, part: &Part) -> Vec<Row> {
        match self.by {
            By::Function => figures::functions(part),
            By::Block => figures::blocks(part),
            By::Instruction => figures::by_instruction(part),
            By::Line => figures::by_line(part),
            By::Syscall => figures::system_calls(part),
        }
    }

    /// The parts one by one, where there are several.
    fn processes(&self, parts: &[&Part]) -> Vec<Process> {
        let several = parts.iter().filter(|part| part.process.is_some());
        several
            .map(|part| Process {
                process: part.process.unwrap_or_default(),
                program: part.program.clone().unwrap_or_default(),
                cycles: part.cycles(),
                rows: figures::together(&[part], |part| self.rows(part)),
            })
            .collect()
    }

    /// Writes the files that were asked for.
    fn write(&self, parts: &[&Part], title: &str) -> Result<Vec<String>, Failure> {
        let mut written = Vec::new();
        let mut put = |path: &Option<PathBuf>, bytes: &dyn Fn() -> Result<Vec<u8>, Failure>| {
            let Some(path) = path else { return Ok(()) };
            replace(path, &bytes()?)
                .map_err(|error| Failure::unwritable(path.display(), &error))?;
            written.push(path.display().to_string());
            Ok(())
        };
        put(&self.folded, &|| Ok(formats::folded(parts).into_bytes()))?;
        put(&self.pprof, &|| {
            pprof::encode(parts, title).map_err(Failure::defect)
        })?;
        put(&self.callgrind, &|| {
            Ok(formats::callgrind(parts, title).into_bytes())
        })?;
        put(&self.svg, &|| Ok(flame::draw(parts, title).into_bytes()))?;
        Ok(written)
    }
}
