//! The fingerprint of everything that native code and its host assume of each other's memory.
//!
//! Native code has the distances of the context, the encoding of exits, the packing of entries and the
//! order of helpers compiled in. The fingerprint is computed from the definitions of all these, so two
//! builds in which one of them differs have different fingerprints, whatever their versions say. It is
//! part of every key, and the runtime compares it before it maps a module.
//!
//! What it is not: the format of the module file, which has its own number.

use core::mem::{align_of, size_of};
use std::fmt::Write as _;
use std::sync::LazyLock;

use crate::context::{self, Context, offset};
use crate::counting;
use crate::exit::Exit;
use crate::helpers::Helper;
use crate::module::{CODE_LIMIT, Entry, START_ALIGN};
use crate::pages;

/// The fingerprint of this build: the first eight bytes of the BLAKE3 of [`description`].
#[must_use]
pub fn fingerprint() -> u64 {
    static FINGERPRINT: LazyLock<u64> = LazyLock::new(|| of(&description()));
    *FINGERPRINT
}

fn of(description: &str) -> u64 {
    let hash = blake3::hash(description.as_bytes());
    let word = hash.as_bytes().first_chunk().copied();
    u64::from_le_bytes(word.unwrap_or_default())
}

/// All facts that the fingerprint covers, a line each, with their values in this build.
#[must_use]
pub fn description() -> String {
    let mut text = String::from("enter: extern C fn(context, entry) -> exit\n");
    let mut line = |name: &str, value: u64| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{name}: {value:#x}");
    };
    for (name, value) in [
        ("context: bytes", size_of::<Context>()),
        ("context: alignment", align_of::<Context>()),
        ("context: registers", offset::REGISTERS),
        ("context: pc", offset::PC),
        ("context: budget", offset::BUDGET),
        ("context: reservation", offset::RESERVATION),
        ("context: code", offset::CODE),
        ("context: table", offset::TABLE),
        ("context: range of stores", offset::STORE_RANGE),
        ("context: counters", offset::COUNTERS),
        ("context: moves", offset::MOVES),
        ("context: end of moves", offset::MOVES_END),
        ("counter: second", counting::counter(2)),
        ("move: bytes", counting::MOVE_BYTES),
        ("move: site", counting::offset::SITE),
        ("move: target", counting::offset::TARGET),
        ("move: budget", counting::offset::BUDGET),
        ("context: helpers", offset::HELPERS),
        ("pairs", context::PAIRS),
        ("writable", context::WRITABLE),
        ("heads", context::HEADS),
        ("memory", context::MEMORY),
        ("slots", context::SLOTS),
        ("page", pages::PAGE_SIZE),
        ("largest memory", pages::MAX_MEMORY),
        ("code limit", CODE_LIMIT),
        ("start alignment", START_ALIGN as usize),
        ("entry: shift", Entry::START_SHIFT as usize),
        ("entry: start mask", Entry::START_MASK as usize),
        ("entry: number mask", Entry::NUMBER_MASK as usize),
    ] {
        line(name, value as u64);
    }
    // The distance is negative where the pointer lies behind.
    line("pointer", i64::from(context::displacement(0)) as u64);
    for head in [0, 4, 0x8000, 0xffff_fffe] {
        line("slot", context::slot(head) as u64);
    }
    for (name, exit) in [
        ("exit: limit", Exit::Limit),
        ("exit: lookup", Exit::Lookup),
        ("exit: ecall", Exit::Ecall),
        ("exit: ebreak", Exit::Ebreak),
        ("exit: first store, one page", Exit::FirstStore { pages: 1 }),
        (
            "exit: first store, two pages",
            Exit::FirstStore { pages: 2 },
        ),
    ] {
        line(name, exit.encode());
    }
    for entries in 1..=16 {
        line("exit: side", Exit::Side { entries }.encode());
    }
    for helper in Helper::ALL {
        line(&format!("helper: {helper:?}"), helper.offset() as u64);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_other_fact_gives_another_fingerprint() {
        let text = description();
        let mut seen = vec![fingerprint()];
        for (index, line) in text.lines().enumerate() {
            let changed = format!("{line}1");
            let lines = (text.lines().enumerate())
                .map(|(at, line)| if at == index { &changed } else { line })
                .fold(String::new(), |text, line| text + line + "\n");
            seen.push(of(&lines));
        }
        assert!(seen.len() > 40, "{}", seen.len());
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
