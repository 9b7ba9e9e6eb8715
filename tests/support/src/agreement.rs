//! An engine as the comparison sees it, and what a comparison of engines came to.
//!
//! The comparison itself is in `comparison.rs`, and in `trace32.rs` for RV32.

use lockstep_runtime::Exits;

use crate::outcome::{Outcome, Verdict};

/// An engine with a loaded guest.
pub trait Subject {
    /// For reports.
    fn name(&self) -> &'static str;
    /// Runs on under this limit on the total of cycles, and shows the state.
    fn run(&mut self, limit: u64) -> Outcome;
}

/// What a comparison of the engines came to.
pub struct Agreement {
    /// The assembly machine's last outcome, or why it did not load.
    pub asm: Result<Outcome, Verdict>,
    /// Our native code's last outcome.
    pub native: Option<Outcome>,
    /// How native code was left.
    pub exits: Exits,
}

impl Agreement {
    /// How it ended.
    pub fn verdict(&self) -> &Verdict {
        match &self.asm {
            Ok(outcome) => &outcome.verdict,
            Err(verdict) => verdict,
        }
    }

    /// Cycles that native code charged.
    pub fn native_cycles(&self) -> u64 {
        self.native
            .as_ref()
            .and_then(|outcome| outcome.native_cycles)
            .unwrap_or(0)
    }
}

pub(crate) fn same_refusal(errors: [Option<Verdict>; 3]) -> Result<Agreement, String> {
    let [asm, interp, native] = errors;
    match asm {
        Some(verdict) if interp.as_ref() == Some(&verdict) && interp == native => Ok(Agreement {
            asm: Err(verdict),
            native: None,
            exits: Exits::default(),
        }),
        asm => Err(format!(
            "loading: asm {asm:?}, interpreter {interp:?}, native {native:?}"
        )),
    }
}
