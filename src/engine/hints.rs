//! What is known about a text when only a machine's memory is: where the guest stands, and the
//! pointers in its data.
//!
//! A translation in the background works on a copy, because the guest runs on. The copy is made by the
//! thread that runs the guest, once for each text that is queued, so it is bounded; and because two
//! ways to a module should give the same one, so is what is looked at on the spot.

use core::ops::Range;

use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
use lockstep_runtime::Memory;
use lockstep_translator::{Hints, Text};

/// Bytes of data that are looked at, from the lowest address on: constants and initialised data come
/// first in memory, what a program computes comes behind. To copy as much takes some 40 microseconds.
const MOST: usize = 256 << 10;

/// A copy of the data of a guest.
#[derive(Debug)]
pub(super) struct Copied {
    pc: u64,
    data: Vec<(u64, Box<[u8]>)>,
}

impl Copied {
    pub(super) fn from_memory(memory: &Memory, pc: u64) -> Copied {
        let copy = |(address, bytes): (u64, &[u8])| (address, Box::from(bytes));
        Copied {
            pc,
            data: data(memory).into_iter().map(copy).collect(),
        }
    }

    pub(super) fn hints(&self, text: &Text<'_>) -> Hints {
        let mut hints = Hints::new(text, self.pc);
        for (address, bytes) in &self.data {
            hints.scan(*address, bytes);
        }
        hints
    }
}

/// The same without a copy.
pub(super) fn hints_in_memory(text: &Text<'_>, memory: &Memory, pc: u64) -> Hints {
    let mut hints = Hints::new(text, pc);
    for (address, bytes) in data(memory) {
        hints.scan(address, bytes);
    }
    hints
}

/// The pages that were written, code and stack left out, by address.
fn data(memory: &Memory) -> Vec<(u64, &[u8])> {
    let bytes = memory.as_bytes();
    // The top quarter is the stack: what lies there differs from run to run.
    let pages = memory.pages() - memory.pages() / 4;
    let mut left = MOST;
    let mut data = Vec::new();
    // Pages without a flag were never written and are zero.
    for run in runs(&memory.flags()[..pages], |flag| {
        flag != 0 && flag & EXECUTABLE == 0
    }) {
        let start = run.start * PAGE_SIZE;
        let end = (run.end * PAGE_SIZE).min(start + left);
        if let Some(bytes) = bytes.get(start..end) {
            left -= bytes.len();
            data.push((start as u64, bytes));
        }
    }
    data
}

/// The regions of a memory that native code can be made for: maximal runs of pages that are both
/// executable and frozen, as ranges of addresses.
#[must_use]
pub fn regions(memory: &Memory) -> Vec<Range<usize>> {
    let fixed = EXECUTABLE | FREEZED;
    runs(memory.flags(), |flag| flag & fixed == fixed)
        .into_iter()
        .map(|run| run.start * PAGE_SIZE..run.end * PAGE_SIZE)
        .collect()
}

/// Maximal runs of pages with a property.
fn runs(flags: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (page, _) in flags.iter().enumerate().filter(|(_, flag)| wanted(**flag)) {
        match runs.last_mut() {
            Some(run) if run.end == page => run.end = page + 1,
            _ => runs.push(page..page + 1),
        }
    }
    runs
}
