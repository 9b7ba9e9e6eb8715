//! The functions of a guest: named by its symbols where there are some, else found where calls go and named by their
//! addresses (`fn_11000`).
//!
//! For people alone: nothing that runs depends on it. How a function's name and lines are read from a file is in
//! `debug_info`.

use std::collections::BTreeMap;
use std::ops::Range;

use lockstep_translator::{CodeRegion, GuestBlock};

/// A function of a guest.
#[derive(Clone, Debug)]
pub struct Function {
    /// As the symbols have it, or made from the address.
    pub name: String,
    /// From its first address to behind its last one, as far as that is known.
    pub range: Range<u64>,
    /// Its blocks, by their numbers in the list that they were made from, ascending by address.
    pub blocks: Range<usize>,
}

/// The functions of a region, so that every block belongs to one. `named` is what the symbols say: start, end, name, by
/// start.
pub fn functions(
    region: &CodeRegion<'_>,
    blocks: &[GuestBlock],
    named: impl IntoIterator<Item = (u64, u64, String)>,
) -> Vec<Function> {
    let mut starts: BTreeMap<u64, (Option<u64>, String)> = BTreeMap::new();
    for (start, end, name) in named {
        if (region.base..region.end()).contains(&start) {
            starts.insert(start, (Some(end), name));
        }
    }
    let covered = |starts: &BTreeMap<u64, (Option<u64>, String)>, address: u64| {
        let before = starts.range(..=address).next_back();
        before.is_some_and(|(_, (end, _))| end.is_none_or(|end| address < end))
    };
    let by_symbols = starts.clone();
    for block in blocks {
        // Inside a function that has a name, a start is a label.
        let is_start = block.starts_function && !covered(&by_symbols, block.head);
        if is_start || !covered(&starts, block.head) {
            let name = format!("fn_{:x}", block.head);
            starts.entry(block.head).or_insert((None, name));
        }
    }
    let mut functions = Vec::new();
    let mut iter = starts.into_iter().peekable();
    let mut first = 0;
    while let Some((start, (_, name))) = iter.next() {
        let next = iter.peek().map_or(region.end(), |(next, _)| *next);
        let behind = blocks.partition_point(|block| block.head < next);
        let end = blocks[first..behind].iter().map(GuestBlock::behind).max();
        functions.push(Function {
            name,
            // The last block of a function may run on into the next one.
            range: start..end.map_or(next, |end| end.min(next)).max(start),
            blocks: first..behind,
        });
        first = behind;
    }
    functions.retain(|function| !function.blocks.is_empty());
    functions
}
