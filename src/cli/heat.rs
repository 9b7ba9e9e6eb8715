//! `translate heat`: runs an ELF on the interpreter and writes which of its heads ran most.
//!
//! The file steers `translate build --heat`: where the budget of a module does not suffice for all code, the
//! hottest is translated. The interpreter runs the guest trace by trace, and each trace's cycles are added to its
//! head. So the same run gives the same file on every machine. How the run ends is of no importance; what
//! ran before counts.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use lockstep_cache::replace;
use lockstep_contract::heat::Heat as Heads;
use lockstep_runtime::Recorder;
use serde::Serialize;

use super::answer::Answer;
use super::args::{GuestOptions, number};
use super::beside::Counter;
use super::counted::{Counted, Ended};
use super::failure::Failure;
use super::{code, guest};

/// Runs an ELF on the interpreter and writes which code ran most, for `translate build --heat`
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate heat guests/elf/sha256.elf -o sha256.heat -- 100\n  \
                        translate build guests/elf/sha256.elf --heat sha256.heat"
)]
pub(crate) struct Heat {
    /// The guest program; - is standard input
    elf: PathBuf,
    #[command(flatten)]
    guest: GuestOptions,
    /// Write the heat here
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Stop the guest before it uses more cycles than this [default: unlimited]
    #[arg(long, value_name = "N", value_parser = number)]
    max_cycles: Option<u64>,
    /// The whole argv of the guest: the first is `argv[0]`, because CKB passes no program name
    #[arg(last = true)]
    args: Vec<OsString>,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    path: String,
    /// Heads in the file.
    heads: usize,
    /// Cycles that were run.
    cycles: u64,
    /// How the run ended.
    end: String,
}

/// The cycles of each head.
#[derive(Default)]
struct Counts(HashMap<u64, u64>);

impl Recorder for Counts {
    fn trace(&mut self, head: u64, cycles: u64) {
        let sum = self.0.entry(head).or_default();
        *sum = sum.saturating_add(cycles);
    }
}

impl Counter for Counts {}

impl Heat {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let run = Counted {
            path: &self.elf,
            elf: &guest::read_elf(&self.elf)?,
            platform: self.guest.platform(),
            args: &self.args,
            max_cycles: self.max_cycles.unwrap_or(u64::MAX),
        };
        let (counts, Ended { end, cycles, .. }) = run.run(Counts::default(), None)?;
        let heat = Heads::new(counts.0);
        if heat.is_empty() {
            let message = format!(
                "{} ran no code ({end}), so there is nothing to write; check the arguments and --max-cycles",
                guest::shown(&self.elf)
            );
            return Err(Failure::new(code::DATA, "NoHeat", message));
        }
        replace(&self.output, heat.to_text().as_bytes())
            .map_err(|error| Failure::unwritable(self.output.display(), &error))?;
        let object = Object {
            result: "heat",
            path: self.output.display().to_string(),
            heads: heat.len(),
            cycles,
            end,
        };
        let text = || {
            format!(
                "Run: {} cycles, {}\nWritten: {} ({} heads)\n",
                object.cycles, object.end, object.path, object.heads
            )
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }
}

/// Reads a file that [`Heat`] or somebody else wrote.
pub(crate) fn read(path: &std::path::Path) -> Result<Heads, Failure> {
    let bytes = guest::read_input(path)?;
    Heads::read(&bytes).map_err(|error| {
        let message = format!(
            "{} is not a heat: {error}; make one with translate heat",
            guest::shown(path)
        );
        Failure::new(code::DATA, "HeatMalformed", message)
    })
}
