//! Finds the blocks of a code region: from hints and by following control flow.
//!
//! Discovery starts at the addresses where code certainly begins, goes on with those where it probably
//! does, and follows the successors of each block. The least certain addresses come last, so that the
//! weight limit cuts off the least useful code. Code that cannot be formed into blocks is left to the
//! interpreter and reported; it is no error.

use std::collections::{BTreeMap, BTreeSet};

use crate::block::{Block, Reason};
use crate::code_region::CodeRegion;
use crate::hints::{Hints, Kind};
use crate::injection::{Fault, Injection};

/// The largest weight of a module: the sum over its blocks of what each costs to translate, in plain
/// instructions. Time and memory of a translation grow about linearly with the weight. Lua's interpreter
/// has a quarter of this weight and the JavaScript machine of the CKB chain nine tenths; hostile code reaches it
/// within seconds.
pub const MODULE_WEIGHT_LIMIT: usize = 1_000_000;
/// A jump of so many bytes or more is taken for a tail call into another function.
const LOCAL_JUMP_BYTES: u64 = 1 << 15;

/// The blocks of a code region, and the roles of their heads. (A head is a block's first address.)
pub(crate) struct Discovered {
    /// Blocks by address.
    pub blocks: BTreeMap<u64, Block>,
    /// Heads that control may reach by a way that direct jumps do not show: function starts, return
    /// points. Targets of indirect jumps inside a function are in `indirect_targets` instead.
    pub entries: BTreeSet<u64>,
    /// Where functions start.
    pub starts: BTreeSet<u64>,
    /// Heads that an indirect jump inside a function may go to.
    pub indirect_targets: BTreeSet<u64>,
    /// Heads that are left to the interpreter, and why.
    pub left: BTreeMap<u64, Reason>,
    /// Distances in bytes behind a return point at which functions of this code return, other than 0.
    return_skips: BTreeSet<u64>,
    /// What the blocks cost to translate, in plain instructions.
    pub weight: usize,
}

/// Finds the blocks of a code region.
pub(crate) fn discover(region: &CodeRegion<'_>, hints: &Hints) -> Discovered {
    let mut found = Discovered {
        blocks: BTreeMap::new(),
        entries: BTreeSet::new(),
        starts: BTreeSet::new(),
        indirect_targets: BTreeSet::new(),
        left: BTreeMap::new(),
        return_skips: BTreeSet::new(),
        weight: 0,
    };
    let sweep = &hints.sweep;
    found.return_skips.clone_from(&sweep.return_skips);
    let of = |wanted: Kind| {
        let all = hints.iter();
        all.filter(move |&(_, kind)| kind == wanted)
            .map(|(address, _)| address)
    };
    let functions: Vec<u64> = of(Kind::Function).collect();
    let mut pointers: BTreeSet<u64> = of(Kind::Pointer).collect();
    let addresses = sweep.addresses.iter().copied();
    pointers.extend(addresses.filter(|&address| region.may_start(address)));
    let mut inside: BTreeSet<u64> = of(Kind::Inside).collect();
    inside.extend(&sweep.unrolled);

    for &root in functions.iter().chain(&pointers).chain(&inside) {
        found.follow(region, root);
    }
    found.starts.extend(functions);
    found.indirect_targets.extend(inside);
    let spans = found.spans();
    for pointer in pointers {
        // The target of a pointer is a label if it lies between a jump and the jump's target, as a case
        // of a switch does. Otherwise it is a function.
        let span = spans.range(..pointer).next_back();
        if span.is_some_and(|(_, &end)| pointer <= end) && !found.starts.contains(&pointer) {
            found.indirect_targets.insert(pointer);
        } else {
            found.starts.insert(pointer);
        }
    }
    let Discovered {
        blocks,
        entries,
        starts,
        ..
    } = &mut found;
    entries.extend(starts.iter());
    entries.retain(|entry| blocks.contains_key(entry));
    found
}

impl Discovered {
    /// Forms the block at `root` and every block that can be reached from it.
    fn follow(&mut self, region: &CodeRegion<'_>, root: u64) {
        let mut heads = vec![root];
        while let Some(head) = heads.pop() {
            if !region.may_start(head)
                || self.blocks.contains_key(&head)
                || self.left.contains_key(&head)
            {
                continue;
            }
            if self.weight >= MODULE_WEIGHT_LIMIT {
                self.left.insert(head, Reason::Budget);
                continue;
            }
            match Block::form(region, head) {
                Ok(block) => {
                    self.weight += block.weight();
                    heads.extend(block.successors());
                    if let Some(point) = block.return_point() {
                        let skipped = self.return_skips.iter().map(|skip| point + (skip & !1));
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

    /// Applies an injected fault that changes what a block costs.
    pub(crate) fn inject(&mut self, injection: Injection) {
        if let (Fault::Cycles { more }, Some(block)) =
            (injection.fault, self.blocks.get_mut(&injection.block))
        {
            block.cycles = block.cycles.wrapping_add(more);
        }
    }

    /// The address ranges between jumps inside functions and their targets, as start and end. The start
    /// itself is not part of a range, the end is. Ranges that overlap are merged.
    fn spans(&self) -> BTreeMap<u64, u64> {
        let mut spans: Vec<(u64, u64)> = Vec::new();
        for block in self.blocks.values() {
            for target in block.successors() {
                let span = (block.head.min(target), block.end().max(target));
                if !self.starts.contains(&target) && span.1 - span.0 < LOCAL_JUMP_BYTES {
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
