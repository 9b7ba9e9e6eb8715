//! Finds the blocks of a code region: from hints and by following control flow.
//!
//! Discovery starts at the addresses where code certainly begins, goes on with those where it probably
//! does, and follows the successors of each block. The least certain addresses come last, so that the
//! weight limit cuts off the least useful code. Code that cannot be formed into blocks is left to the
//! interpreter and reported; it is no error.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_contract::heat::Heat;

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

/// Where heat is given, which then chooses among the blocks, blocks are found until they have so many times the
/// weight of a module. Without heat no more is found than is translated.
const FOUND_MODULES: usize = 2;

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
    /// The heads in the order in which their blocks were found.
    pub order: Vec<u64>,
    /// The weight at which no more is looked for.
    limit: usize,
}

/// Finds the blocks of a code region. With heat, more are found than fit a module, those of the hot heads among
/// them, for `choice` to choose from. `module_weight` is the largest weight of a module.
pub(crate) fn discover(
    region: &CodeRegion<'_>,
    hints: &Hints,
    heat: &Heat,
    module_weight: usize,
) -> Discovered {
    let mut found = Discovered {
        blocks: BTreeMap::new(),
        entries: BTreeSet::new(),
        starts: BTreeSet::new(),
        indirect_targets: BTreeSet::new(),
        left: BTreeMap::new(),
        return_skips: BTreeSet::new(),
        weight: 0,
        order: Vec::new(),
        limit: match heat.is_empty() {
            true => module_weight,
            false => module_weight.saturating_mul(FOUND_MODULES),
        },
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
    found.add_hot(region, heat, module_weight);
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
            if self.weight >= self.limit {
                self.left.insert(head, Reason::Budget);
                continue;
            }
            self.form(region, head, &mut heads);
        }
    }

    /// Forms the blocks at hot heads that nothing else led to, the hottest first, as long as their weight is
    /// within the budget of one module. Each is an entry, because control comes there by a way that is not
    /// known. They are not followed: where they lead to, it is hot as well.
    fn add_hot(&mut self, region: &CodeRegion<'_>, heat: &Heat, module_weight: usize) {
        let mut hot: Vec<(u64, u64)> = heat.iter().collect();
        hot.sort_by_key(|&(head, weight)| (u64::MAX - weight, head));
        let limit = self.weight.saturating_add(module_weight);
        for (head, _) in hot {
            if self.blocks.contains_key(&head) || self.weight >= limit {
                continue;
            }
            self.left.remove(&head);
            self.entries.insert(head);
            self.form(region, head, &mut Vec::new());
        }
    }

    /// Forms the block at a head, or notes why it is left. Adds to `heads` where control may go from there.
    fn form(&mut self, region: &CodeRegion<'_>, head: u64, heads: &mut Vec<u64>) {
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
                self.order.push(head);
                self.blocks.insert(head, block);
            }
            Err(reason) => {
                self.left.insert(head, reason);
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
