//! From a code region and its hints to the blocks that are worth translating.
//!
//! Blocks are followed from the places where code is known to start, then from the places where it
//! probably does; what is least certain comes last, so that a budget cuts off the least useful. Code
//! that cannot be formed into blocks is left to the interpreter and reported, never refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::{Block, Reason};
use crate::code_region::CodeRegion;
use crate::hints::{Hints, Kind};
use crate::injection::{Fault, Injection};

/// What the blocks of one module may weigh together, duplicates counted. The cost of translation is
/// about linear in this: Lua weighs half of it, and dense hostile code reaches it within seconds.
pub const WEIGHT: usize = 600_000;
/// A jump further than this is a tail call into another function, not a jump inside one.
const NEAR: u64 = 1 << 15;

/// What was found in a code region.
pub(crate) struct Program {
    /// Blocks by address.
    pub blocks: BTreeMap<u64, Block>,
    /// Heads that control may come to from where the code does not show it, but for those that only
    /// an indirect jump inside their function goes to: where their unit has none, it adds them.
    pub entries: BTreeSet<u64>,
    /// Where functions start.
    pub starts: BTreeSet<u64>,
    /// Heads that an indirect jump inside a function may go to.
    pub switched: BTreeSet<u64>,
    /// What is left to the interpreter, by address.
    pub left: BTreeMap<u64, Reason>,
    /// How far behind a return point control may come back, beside 0.
    skips: BTreeSet<u64>,
    pub weight: usize,
}

/// Follows the code of a code region.
pub(crate) fn discover(region: &CodeRegion<'_>, hints: &Hints) -> Program {
    let mut program = Program {
        blocks: BTreeMap::new(),
        entries: BTreeSet::new(),
        starts: BTreeSet::new(),
        switched: BTreeSet::new(),
        left: BTreeMap::new(),
        skips: BTreeSet::new(),
        weight: 0,
    };
    let swept = &hints.swept;
    program.skips.clone_from(&swept.skips);
    let of = |wanted: Kind| {
        let all = hints.iter();
        all.filter(move |&(_, kind)| kind == wanted)
            .map(|(address, _)| address)
    };
    let functions: Vec<u64> = of(Kind::Function).collect();
    let mut pointers: BTreeSet<u64> = of(Kind::Pointer).collect();
    let addresses = swept.addresses.iter().copied();
    pointers.extend(addresses.filter(|&address| region.may_start(address)));
    let mut inside: BTreeSet<u64> = of(Kind::Inside).collect();
    inside.extend(&swept.unrolled);

    for &root in functions.iter().chain(&pointers).chain(&inside) {
        program.follow(region, root);
    }
    program.starts.extend(functions);
    program.switched.extend(inside);
    let spans = program.spans();
    for pointer in pointers {
        // A label whose address is taken lies between a jump and its target; a function does not.
        let span = spans.range(..pointer).next_back();
        if span.is_some_and(|(_, &end)| pointer <= end) && !program.starts.contains(&pointer) {
            program.switched.insert(pointer);
        } else {
            program.starts.insert(pointer);
        }
    }
    let Program {
        blocks,
        entries,
        starts,
        ..
    } = &mut program;
    entries.extend(starts.iter());
    entries.retain(|entry| blocks.contains_key(entry));
    program
}

impl Program {
    /// Forms the block at `root` and all that can be reached from it.
    fn follow(&mut self, region: &CodeRegion<'_>, root: u64) {
        let mut heads = vec![root];
        while let Some(head) = heads.pop() {
            if !region.may_start(head)
                || self.blocks.contains_key(&head)
                || self.left.contains_key(&head)
            {
                continue;
            }
            if self.weight >= WEIGHT {
                self.left.insert(head, Reason::Budget);
                continue;
            }
            match Block::form(region, head) {
                Ok(block) => {
                    self.weight += block.weight();
                    heads.extend(block.successors());
                    if let Some(point) = block.return_point() {
                        let skipped = self.skips.iter().map(|skip| point + (skip & !1));
                        let points = skipped.chain([point]).collect::<Vec<u64>>();
                        heads.extend(&points);
                        self.entries.extend(&points);
                    }
                    if let Some(callee) = block.callee() {
                        heads.push(callee);
                        self.entries.insert(callee);
                        self.starts.insert(callee);
                    }
                    self.blocks.insert(head, block);
                }
                Err(reason) => {
                    self.left.insert(head, reason);
                }
            }
        }
    }

    /// Makes a block cost what it does not.
    pub(crate) fn inject(&mut self, injection: Injection) {
        if let (Fault::Cycles { more }, Some(block)) =
            (injection.fault, self.blocks.get_mut(&injection.block))
        {
            block.cycles = block.cycles.wrapping_add(more);
        }
    }

    /// Ranges that jumps inside functions span: from the first address, which is outside, to the
    /// last, which is inside. Overlapping ones are merged.
    fn spans(&self) -> BTreeMap<u64, u64> {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for block in self.blocks.values() {
            for target in block.successors() {
                let span = (block.head.min(target), block.end().max(target));
                if !self.starts.contains(&target) && span.1 - span.0 < NEAR {
                    spans.push(span);
                }
            }
        }
        spans.sort_unstable();
        let mut merged: BTreeMap<u64, u64> = BTreeMap::new();
        for (from, to) in spans {
            match merged.last_entry() {
                Some(mut last) if from < *last.get() => {
                    let end = (*last.get()).max(to);
                    last.insert(end);
                }
                _ => {
                    merged.insert(from, to);
                }
            }
        }
        merged
    }
}
