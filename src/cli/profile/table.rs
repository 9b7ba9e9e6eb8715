//! The answer of a profile: the object of `--json`, and a table.

use std::fmt::Write as _;

use clap::ValueEnum;
use serde::Serialize;

use super::figures::Row;

/// What cycles are summed by.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// Functions, with what they called
    Function,
    /// Lines of the source
    Line,
    /// Blocks, which cycles are charged by
    Block,
    /// Instructions
    Instruction,
    /// System calls, with what the host charges for them
    Syscall,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
pub(super) struct Object {
    pub(super) result: &'static str,
    /// Which script of the transaction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) script: Option<String>,
    /// Cycles of the run; the rows have as many.
    pub(super) cycles: u64,
    /// How the run ended.
    pub(super) end: String,
    /// Seconds that the guest ran, without translation.
    pub(super) run_seconds: f64,
    pub(super) by: String,
    /// Of all processes together.
    pub(super) rows: Vec<Row>,
    /// Those of each program of each process, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) processes: Vec<Process>,
    /// Files that were written.
    pub(super) written: Vec<String>,
}

/// A program of a process.
#[derive(Serialize)]
pub(super) struct Process {
    pub(super) process: u64,
    pub(super) program: String,
    pub(super) cycles: u64,
    pub(super) rows: Vec<Row>,
}

impl Object {
    /// The text of a profile, with so many rows.
    pub(super) fn table(&self, by: By, top: usize) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        if let Some(script) = &self.script {
            let _ = writeln!(text, "Script: {script}");
        }
        let _ = writeln!(text, "Run: {} cycles, {}", self.cycles, self.end);
        for process in &self.processes {
            let _ = writeln!(
                text,
                "Process {}: {} cycles, {:.2}%, {}",
                process.process,
                process.cycles,
                share(process.cycles, self.cycles),
                process.program
            );
        }
        let with_totals = by == By::Function;
        let runs = match by {
            By::Function | By::Syscall => "calls",
            By::Line | By::Block | By::Instruction => "runs",
        };
        let _ = match with_totals {
            true => writeln!(
                text,
                "{:>14} {:>7} {:>14} {:>7} {runs:>10}  {}",
                "cycles", "", "with callees", "", self.by
            ),
            false => writeln!(text, "{:>14} {:>7} {runs:>10}  {}", "cycles", "", self.by),
        };
        for row in self.rows.iter().take(top) {
            let own = format!(
                "{:>14} {:>6.2}%",
                row.cycles,
                share(row.cycles, self.cycles)
            );
            let total = row
                .total
                .map(|total| format!(" {total:>14} {:>6.2}%", share(total, self.cycles)));
            let total = total.unwrap_or_default();
            let _ = writeln!(text, "{own}{total} {:>10}  {}", row.runs, row.name);
        }
        if self.rows.len() > top {
            let _ = writeln!(text, "{} more; --top N shows more", self.rows.len() - top);
        }
        for path in &self.written {
            let _ = writeln!(text, "Written: {path}");
        }
        text
    }
}

fn share(cycles: u64, all: u64) -> f64 {
    100.0 * cycles as f64 / all.max(1) as f64
}
