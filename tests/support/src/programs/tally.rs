//! What came of random programs: of one, and of many as a line of the ledger.

use std::fmt;

use lockstep_runtime::Exits;

use crate::programs::start::Entry;

/// What came of a program.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// Whether the guest exited by itself.
    pub is_exit: bool,
    /// Whether the trace machine had a say.
    pub is_traced: bool,
    /// Cycles of the run without stops.
    pub cycles: u64,
    /// Those of them that native code charged.
    pub native_cycles: u64,
    /// How native code was left in that run.
    pub exits: Exits,
}

/// What came of many programs.
#[derive(Default)]
pub struct Tally {
    programs: u64,
    clean_exits: u64,
    traced: u64,
    cycles: u64,
    native_cycles: u64,
    exits: Vec<(&'static str, u64)>,
    entries: [u64; 3],
}

impl Tally {
    /// The part of all cycles that ran natively.
    pub fn native_share(&self) -> f64 {
        self.native_cycles as f64 / self.cycles.max(1) as f64
    }

    /// Adds a program, which got onto its machines in this way.
    pub fn add(&mut self, summary: &Summary, entry: Entry) {
        self.programs += 1;
        self.clean_exits += u64::from(summary.is_exit);
        self.traced += u64::from(summary.is_traced);
        self.cycles += summary.cycles;
        self.native_cycles += summary.native_cycles;
        self.entries[entry as usize] += 1;
        let counts = summary.exits.by_name();
        if self.exits.is_empty() {
            self.exits = counts.to_vec();
        } else {
            for ((_, sum), (_, count)) in self.exits.iter_mut().zip(counts) {
                *sum += count;
            }
        }
    }
}

/// The fields of a ledger's line, by name: `cargo xtask soak` reads them.
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "programs={} trace={}", self.programs, self.traced)?;
        write!(f, " clean={}", self.clean_exits)?;
        let [files, pages, resumed] = self.entries;
        write!(f, " files={files} pages={pages} resumed={resumed}")?;
        write!(f, " cycles={} native={}", self.cycles, self.native_cycles)?;
        for (name, count) in &self.exits {
            write!(f, " {name}={count}")?;
        }
        Ok(())
    }
}
