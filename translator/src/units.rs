//! Units: divides the blocks of a code region into the functions that are compiled.
//!
//! A unit is a guest function, or a piece of one if it is large, because register allocation takes
//! erratic time on large functions. Inside a unit, blocks that only their predecessor can enter are
//! merged with it to a chain. A chain has one scope for memory checks and one subtraction of cycles.
//!
//! Budget checks are at the targets of retreating edges (edges that lead back in the order of chains).
//! So every path between two checks is free of cycles, and the worst cost along it is known.
//!
//! All indirect jumps inside a unit go through one dispatch, which is a chain without blocks. If each
//! jump had its own switch, the number of edges would be jumps times targets, and so would be the moves
//! that register allocation puts on them; a bytecode interpreter has hundreds of both.
//!
//! Calls of short functions are inlined: the chain of the call goes on with a copy of the function's
//! blocks (`inline`).
//!
//! Some code of a loop is translated once more, in a unit that is entered where the interpreter comes back from a
//! store (`landings`).
//!
//! A call of the unit by itself is an edge inside the unit. The unit's returns then first compare their
//! target with the return points of these calls.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::Xlen;

use crate::abstract_interpreter::AbstractInterpreter;
use crate::block::Block;
use crate::discover::Discovered;
use crate::injection::{Fault, Injection};
use crate::{Entries, Options};

mod chain;
mod dataflow;
mod graph;
mod inline;
mod landings;
mod loops;
mod residency;
mod unit;

pub(crate) use chain::Chain;
use dataflow::{choose_write_backs, dataflow, worst_costs};
use graph::{Graph, is_return};
pub use inline::COPIES_WEIGHT_LIMIT;
use inline::Inlined;
use landings::landing;
use residency::{INTERPRETER_LOOP_TARGETS, memory_resident};
pub(crate) use unit::Unit;

/// How large a unit may be.
#[derive(Clone, Copy)]
struct UnitLimit {
    /// Instructions. Beyond this the time of register allocation varies too much.
    instructions: usize,
    /// Bytes of code region from the first block to the last. Code that is further apart is hardly one
    /// function.
    span_bytes: u64,
}

/// The limit of a unit that is no interpreter loop.
const UNIT_LIMIT: UnitLimit = UnitLimit {
    instructions: 1000,
    span_bytes: 1 << 14,
};
/// The limit of a unit that is an interpreter loop (see [`INTERPRETER_LOOP_TARGETS`]). Divided into units of
/// the usual size, such a loop would leave its unit for most operations: Lua runs a quarter faster in one
/// unit. The loop of QuickJS has 24 KiB; in two units it takes 1.4 times the host's instructions.
const LOOP_UNIT_LIMIT: UnitLimit = UnitLimit {
    instructions: 8000,
    span_bytes: 1 << 16,
};
/// The most instructions of all units of a module that are larger because they are interpreter loops. A program has one or
/// two such loops. What an instruction costs grows with its unit, so a module of nothing but loops would cost several
/// times as much as any other of its weight.
const MODULE_LOOP_INSTRUCTIONS: usize = 16_000;
/// The most instructions of a chain.
const CHAIN_INSTRUCTIONS: usize = 256;

/// Divides the blocks of a code region into units. The second result is the weight of the copies of inlined
/// functions and of landings, in plain instructions.
pub(crate) fn partition<'a>(
    found: &'a Discovered,
    xlen: Xlen,
    options: &Options,
) -> (Vec<Unit<'a>>, usize) {
    let groups = groups(found);
    // Where every block is an entry, each is left before the next.
    let mut inlined = match options.entries {
        Entries::WhereNeeded => Inlined::choose(found, &groups, xlen, options.inject),
        Entries::EveryBlock => Inlined::default(),
    };
    let inside = inlined.return_points(found);
    let others = |head: &u64| found.starts.contains(head) || !inside.contains(head);
    let mut entries: BTreeSet<u64> = found.entries.iter().copied().filter(others).collect();
    entries.extend(crossing(&groups));
    let build = |blocks: &[&'a Block], entries: &BTreeSet<u64>, inlined: &Inlined<'a>| {
        let targets = &found.indirect_targets;
        Unit::build(blocks, inlined, entries, targets, xlen, options)
    };
    let mut units: Vec<Unit<'a>> = (groups.iter())
        .map(|group| build(group, &entries, &inlined))
        .collect();
    // Behind all others, so that their code stays together, and so that they are the ones for which the size of the code
    // does not suffice.
    let heads = |unit: &Unit<'_>| unit.entries().map(|(head, _)| head).collect::<Vec<_>>();
    let mut entered: BTreeSet<u64> = units.iter().flat_map(heads).collect();
    for number in 0..units.len() {
        if let Some(landing) = landing(found, &units[number], &entered, &mut inlined) {
            let mut unit = build(&landing.blocks, &landing.heads, &inlined);
            unit.is_landing = true;
            entered.extend(heads(&unit));
            units.push(unit);
        }
    }
    (units, inlined.weight)
}

/// Divides the blocks of a code region into groups, one for each unit.
fn groups(found: &Discovered) -> Vec<Vec<&Block>> {
    let mut groups: Vec<Vec<&Block>> = Vec::new();
    let mut size = 0;
    let mut limit = UNIT_LIMIT;
    let mut in_loops = 0;
    for block in found.blocks.values() {
        size += block.instructions.len();
        let start = found.starts.contains(&block.head);
        if start {
            limit = unit_limit(found, block.head);
        }
        if limit.instructions > UNIT_LIMIT.instructions {
            in_loops += block.instructions.len();
            if in_loops > MODULE_LOOP_INSTRUCTIONS {
                limit = UNIT_LIMIT;
            }
        }
        let fits = |group: &&mut Vec<&Block>| {
            let span = group.first().map_or(0, |first| block.head - first.head);
            !start && span <= limit.span_bytes && size <= limit.instructions
        };
        match groups.last_mut().filter(fits) {
            Some(group) => group.push(block),
            None => {
                groups.push(vec![block]);
                size = block.instructions.len();
            }
        }
    }
    groups
}

/// How large a unit of the function at this address may be.
fn unit_limit(found: &Discovered, start: u64) -> UnitLimit {
    let next = found.starts.range(start + 1..).next();
    let function = start..next.copied().unwrap_or(u64::MAX);
    let targets = found.indirect_targets.range(function).count();
    if targets < *INTERPRETER_LOOP_TARGETS.start() {
        UNIT_LIMIT
    } else {
        LOOP_UNIT_LIMIT
    }
}

/// The heads that a block of another group has as a successor.
fn crossing(groups: &[Vec<&Block>]) -> BTreeSet<u64> {
    let mut group_of = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        group_of.extend(group.iter().map(|block| (block.head, number)));
    }
    let mut found = BTreeSet::new();
    for (number, group) in groups.iter().enumerate() {
        for block in group {
            let outside = |head: &u64| group_of.get(head).is_some_and(|&other| other != number);
            found.extend(block.successors().filter(outside));
        }
    }
    found
}

impl<'a> Unit<'a> {
    fn build(
        blocks: &[&'a Block],
        inlined: &Inlined<'a>,
        entries: &BTreeSet<u64>,
        indirect_targets: &BTreeSet<u64>,
        xlen: Xlen,
        options: &Options,
    ) -> Unit<'a> {
        let mut graph = Graph::new(blocks, inlined, entries, indirect_targets);
        if options.entries == Entries::EveryBlock {
            graph.check_all();
        }
        let Merged {
            mut chains,
            chain_of,
            ends,
        } = merge(&graph, xlen, options.inject);
        connect(&graph, &mut chains, &chain_of, &ends);
        worst_costs(&mut chains);
        choose_write_backs(&mut chains);
        dataflow(&mut chains);
        let memory_resident = memory_resident(&chains, graph.dispatch_targets.len());
        let chains_at = |heads: &BTreeMap<u64, usize>| {
            let chain = |(&head, block): (&u64, &usize)| Some((head, *chain_of.get(block)?));
            heads.iter().filter_map(chain).collect()
        };
        Unit {
            heads: (chains.iter().enumerate())
                .filter_map(|(number, chain)| Some((chain.head()?, number)))
                .collect(),
            chains,
            dispatch_targets: chains_at(&graph.dispatch_targets),
            dispatch: chain_of.get(&blocks.len()).copied(),
            return_points: chains_at(&graph.return_points),
            memory_resident,
            inject: options.inject,
            is_landing: false,
        }
    }
}

/// Blocks that were merged to chains, by [`merge`].
struct Merged<'a> {
    chains: Vec<Chain<'a>>,
    /// The chains by their first nodes in the graph.
    chain_of: BTreeMap<usize, usize>,
    /// The last node of each chain.
    ends: Vec<usize>,
}

/// Merges blocks to chains.
fn merge<'a>(graph: &Graph<'_, 'a>, xlen: Xlen, inject: Option<Injection>) -> Merged<'a> {
    let mut merged = Merged {
        chains: Vec::new(),
        chain_of: BTreeMap::new(),
        ends: Vec::new(),
    };
    let mut cut = vec![false; graph.blocks.len()];
    for &first in &graph.order {
        if graph.extends_predecessor(first) && !cut[first] {
            continue;
        }
        let mut analysis = AbstractInterpreter::new(xlen);
        let mut members = Vec::new();
        let (mut node, mut size, mut wrong) = (first, 0, 0);
        let mut accesses_until = Vec::new();
        while graph.blocks.get(node).is_some() {
            let mut injected = false;
            for block in graph.blocks_of(node) {
                let fault = inject.and_then(|injection| injection.at(block.head));
                injected |= fault.is_some();
                wrong |= fault.map_or(0, Fault::register);
                block.run(&mut analysis);
                members.push(block);
                accesses_until.push(analysis.accesses.len());
                size += block.instructions.len();
            }
            match graph.successors[node].as_slice() {
                &[next] if graph.extends_predecessor(next) => {
                    // Behind an injected fault registers do not have the values that the analysis finds.
                    if size >= CHAIN_INSTRUCTIONS || injected {
                        cut[next] = true;
                        break;
                    }
                    node = next;
                }
                _ => break,
            }
        }
        let last = graph.blocks.get(node);
        merged.chain_of.insert(first, merged.chains.len());
        merged.ends.push(node);
        merged.chains.push(Chain {
            dispatch: None,
            returns_inside: last.is_some_and(|block| is_return(block)),
            goes_on: graph.returns_to(node),
            cycles: members.iter().map(|block| block.cycles).sum(),
            blocks: members,
            entry: graph.entries.get(first) == Some(&true),
            check: graph.checks[first],
            successors: Vec::new(),
            predecessors: Vec::new(),
            worst: 0,
            live: 0,
            dirty: 0,
            uses: (analysis.uses | wrong) & !1,
            defs: analysis.defs | wrong,
            writes_back: false,
            accesses: analysis.accesses,
            accesses_until,
        });
    }
    merged
}

/// Sets the successors and predecessors of the chains, and which of them go on to the dispatch.
fn connect(
    graph: &Graph<'_, '_>,
    chains: &mut [Chain<'_>],
    chain_of: &BTreeMap<usize, usize>,
    ends: &[usize],
) {
    let dispatch = graph.blocks.len();
    for (number, &last) in ends.iter().enumerate() {
        let next: Vec<usize> = (graph.successors[last].iter())
            .filter_map(|block| chain_of.get(block).copied())
            .collect();
        if graph.successors[last].contains(&dispatch) {
            chains[number].dispatch = chain_of.get(&dispatch).copied();
        }
        for &target in &next {
            chains[target].predecessors.push(number);
        }
        chains[number].successors = next;
    }
}

#[cfg(test)]
mod tests;
