//! `translate profile`: where the cycles of a run go, exactly.
//!
//! The interpreter runs the guest and tells of every trace, which is what cycles are charged by. So the sums are those
//! of the run to the cycle; a test holds that. The price is time: such a run takes several times as long as one in the
//! interpreter, and native code is not used.

use std::cell::{LazyCell, RefCell};
use std::fmt::Write as _;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lockstep_cache::replace;
use lockstep_translator::Options;
use serde::Serialize;

use super::answer::Answer;
use super::counted::CountedOptions;
use super::debug_info::DebugInfo;
use super::failure::Failure;
use super::guest_code::GuestCode;
use super::{code, guest};

mod figures;
mod flame;
mod formats;
mod names;
mod recorder;

use figures::{Instruction, Row};
use names::Names;
use recorder::Recorder;

/// Runs an ELF in the interpreter and shows where its cycles go
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate profile guests/elf/sha256.elf --svg sha256.svg -- 100\n  \
                  translate profile guests/elf/sha256.elf --by instruction --top 10 -- 100"
)]
pub(crate) struct Profile {
    #[command(flatten)]
    guest: CountedOptions,
    /// What the rows of the table are
    #[arg(long, value_name = "WHAT", default_value = "function")]
    by: By,
    /// Rows of the table at most; the object of --json has all
    #[arg(long, value_name = "N", default_value_t = 30)]
    top: usize,
    /// Write the stacks of calls, one a line, as flame graph tools read them
    #[arg(long, value_name = "FILE")]
    folded: Option<PathBuf>,
    /// Write the profile for callgrind_annotate and KCachegrind
    #[arg(long, value_name = "FILE")]
    callgrind: Option<PathBuf>,
    /// Write a flame graph
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

/// What cycles are summed by.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// Functions, with what they called
    Function,
    /// Lines of the source
    Line,
    /// Blocks, which cycles are charged by
    Block,
    /// Instructions
    Instruction,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    /// Cycles of the run; the rows have as many.
    cycles: u64,
    /// How the run ended.
    end: String,
    by: String,
    rows: Vec<Row>,
    /// Files that were written.
    written: Vec<String>,
}

impl Profile {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let (bytes, symbols) = self.guest.read()?;
        let info = DebugInfo::read(symbols.as_deref().unwrap_or(&bytes));
        let run = self.guest.run(&bytes);
        // This one is looked at; another one runs.
        let program = guest::load(run.path, &bytes, &run.platform)?;
        let regions = program.code_regions();
        let codes: Vec<GuestCode> = (regions.iter())
            .map(|region| GuestCode::new(&program, region, &Options::default(), &info))
            .collect();
        let recorder = RefCell::new(Recorder::new(regions, Names::new(codes.iter())));
        let (end, cycles) = run.count(&|head, cycles| {
            recorder.borrow_mut().record(head, cycles);
        })?;
        let recorder = recorder.into_inner();
        // Lines are looked up for them, which not every table needs.
        let all = LazyCell::new(|| figures::instructions(&recorder, run.platform.cost, &info));
        let written = self.write(&recorder, &all)?;
        let rows = match self.by {
            By::Function => figures::functions(&recorder),
            By::Block => figures::blocks(&recorder),
            By::Instruction => figures::by_instruction(&recorder, &all),
            By::Line => figures::by_line(&recorder, &all),
        };
        let by = self.by.to_possible_value();
        let object = Object {
            result: "profile",
            cycles,
            end,
            by: by.map_or_else(String::new, |by| by.get_name().to_owned()),
            rows,
            written,
        };
        Answer::new(json, &object, || self.table(&object), code::SUCCESS)
    }

    /// Writes the files that were asked for.
    fn write(
        &self,
        recorder: &Recorder<'_>,
        all: &dyn Deref<Target = Vec<Instruction>>,
    ) -> Result<Vec<String>, Failure> {
        let title = format!("{}", guest::shown(&self.guest.elf));
        let mut written = Vec::new();
        let mut put = |path: &Option<PathBuf>, text: &dyn Fn() -> String| {
            let Some(path) = path else { return Ok(()) };
            write_file(path, &text())?;
            written.push(path.display().to_string());
            Ok(())
        };
        put(&self.folded, &|| formats::folded(recorder))?;
        put(&self.callgrind, &|| {
            formats::callgrind(recorder, all, &title)
        })?;
        put(&self.svg, &|| flame::draw(recorder, &title))?;
        Ok(written)
    }

    fn table(&self, object: &Object) -> String {
        let mut text = format!("Run: {} cycles, {}\n", object.cycles, object.end);
        let share = |cycles: u64| 100.0 * cycles as f64 / object.cycles.max(1) as f64;
        let with_totals = self.by == By::Function;
        let runs = if with_totals { "calls" } else { "runs" };
        // Writing to a string does not fail.
        let _ = match with_totals {
            true => writeln!(
                text,
                "{:>14} {:>7} {:>14} {:>7} {runs:>10}  {}",
                "cycles", "", "with callees", "", object.by
            ),
            false => writeln!(text, "{:>14} {:>7} {runs:>10}  {}", "cycles", "", object.by),
        };
        for row in object.rows.iter().take(self.top) {
            let own = format!("{:>14} {:>6.2}%", row.cycles, share(row.cycles));
            let total = row
                .total
                .map(|total| format!(" {total:>14} {:>6.2}%", share(total)));
            let total = total.unwrap_or_default();
            let _ = writeln!(text, "{own}{total} {:>10}  {}", row.runs, row.name);
        }
        if object.rows.len() > self.top {
            let _ = writeln!(
                text,
                "{} more; --top N shows more",
                object.rows.len() - self.top
            );
        }
        for path in &object.written {
            let _ = writeln!(text, "Written: {path}");
        }
        text
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    replace(path, text.as_bytes()).map_err(|error| Failure::unwritable(path.display(), &error))
}
