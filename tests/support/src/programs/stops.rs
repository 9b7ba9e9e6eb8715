//! One program, stopped wherever it can be: at every limit, and at every place where a host is asked for a pause.
//!
//! The contest between all engines stops a program at a few limits, one after the other, so native code begins anew
//! at each of them. Here each stop has a run of its own from the start. It is for short programs.

use std::cell::Cell;
use std::sync::Arc;

use crate::ours::Modules;
use crate::outcome::Verdict;
use crate::programs::contest::{Contest, Opinion, PLENTY, ours, same};
use crate::programs::source::Source;
use crate::programs::start::{Entry, Start};
use crate::programs::tally::Summary;

/// Limits and pauses of a program at most.
const STOPS: u64 = 400;

impl Contest {
    /// Runs a program, whole and to each stop; an error tells the difference between two engines.
    pub fn run_to_every_stop(
        &mut self,
        source: &Source,
        modules: &Arc<Modules>,
    ) -> Result<Summary, String> {
        let setup = &source.setup;
        let assembly = source.assembly()?;
        let start = match source.entry {
            Entry::Pages => Start::pages(&assembly, &source.registers, setup),
            Entry::File | Entry::Resumed => Start::file(&assembly, &source.registers),
        };
        let summary = self.race(&start, setup, &[PLENTY], modules, Opinion::OnExit)?;
        for limit in 0..=summary.cycles.min(STOPS) {
            self.race(&start, setup, &[limit, PLENTY], modules, Opinion::Never)
                .map_err(|difference| format!("to {limit} and on: {difference}"))?;
        }
        let fresh = |modules| ours(&start, setup, modules).map_err(|verdict| verdict.to_string());
        for number in 1..=STOPS {
            let (mut native, mut interp) = (fresh(Some(modules))?, fresh(None)?);
            let asked = Cell::new(0);
            let paused = native.run_with_pause(PLENTY, &|| {
                asked.set(asked.get() + 1);
                asked.get() == number
            });
            if asked.get() < number {
                break;
            }
            assert_eq!(paused, Verdict::Fault("Pause".to_string()));
            let at = native.cycles();
            interp.run_quietly(at);
            if !same(interp.core(), native.core(), true) {
                return Err(format!("at pause {number}, {at} cycles: the states differ"));
            }
            let (end, expected) = (native.run_quietly(PLENTY), interp.run_quietly(PLENTY));
            if end != expected || !same(interp.core(), native.core(), true) {
                return Err(format!("after pause {number}: {end} / {expected}"));
            }
        }
        Ok(summary)
    }
}
