//! Units: the blocks that become one compiled function, and all that lifting needs to know of them.
//!
//! A unit is a guest function, or a piece of one where it is large: register allocation turns erratic
//! beyond about a thousand instructions. Inside a unit, blocks that nothing else can enter are glued
//! to their predecessor (a chain: one scope for memory checks, one subtraction of cycles); budget
//! checks stand at the targets of retreating edges, so that every way between two checks is acyclic
//! and its worst cost is known. All indirect jumps inside a unit meet in one dispatch, a chain without
//! blocks: with a switch of their own each, the edges and what register allocation puts on them would
//! be jumps times targets, and a switch-based interpreter has hundreds of both. A function that calls
//! itself stays inside its unit for that, and its returns look first whether they come back there.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::{Reg, Xlen};

use crate::Options;
use crate::block::Block;
use crate::discover::Program;
use crate::injection::{Fault, Injection};
use crate::record::{Access, Flow, Recorder};

mod dataflow;
mod graph;
mod loops;

use dataflow::{dataflow, settle, worst_costs};
use graph::{Graph, returns};

/// Translated instructions of one unit at most.
const UNIT: usize = 1000;
/// The same for a function whose jumps have at least [`OPERATIONS`] targets: an interpreter's loop. Cut
/// in pieces it leaves its unit at most operations; Lua runs a quarter faster in one.
const LOOP_UNIT: usize = 8000;
/// Targets of indirect jumps that make a function an interpreter's loop.
const OPERATIONS: usize = 64;
/// Targets up to which it is one: with thousands, hostile code, each register kept costs a move at each.
const MOST_OPERATIONS: usize = 1024;
/// Bytes of code region from a unit's first block to its last at most: what is further apart is hardly one
/// function.
const REACH: u64 = 1 << 14;
/// Entries of one chain at most.
const CHAIN: usize = 256;
/// Exits times registers to store, above which a unit keeps its registers in memory.
const STORES: usize = 30_000;
/// Registers of the host for those of the guest, the meter and the context. An interpreter's loop keeps, of
/// the guest's that most chains get from others, as many as a chain leaves of them. With ten Lua, whose
/// chains touch four, runs a tenth faster than with two; a loop whose chains touch 23 runs a tenth slower.
const HOST: usize = 14;
/// Registers that such a loop keeps even if its chains need all: it is faster than with none.
const KEPT: usize = 2;

/// Blocks glued together: entered at the first only, left at the end of the last or by an exit.
pub(crate) struct Chain<'a> {
    /// The blocks in order; none in a unit's dispatch.
    pub blocks: Vec<&'a Block>,
    /// Control may come here from outside the unit by a way of its own.
    pub entry: bool,
    /// The budget is compared here, whoever comes.
    pub check: bool,
    /// Chains that it may go on to inside the unit, by index.
    pub successors: Vec<usize>,
    /// Chains that may go on to it.
    pub predecessors: Vec<usize>,
    /// The unit's dispatch, if it ends with an indirect jump that may stay inside the unit.
    pub dispatch: Option<usize>,
    /// It ends with a return that may stay inside the unit.
    pub returns: bool,
    /// Cycles of all its blocks.
    pub cycles: u64,
    /// The most that can be charged from here to the next check, its own charge included.
    pub worst: u64,
    /// Registers whose values it needs, one bit each.
    pub live: u32,
    /// Registers that may differ from the context's on arrival, one bit each.
    pub dirty: u32,
    /// Registers it writes.
    pub defs: u32,
    /// Registers that may differ from the context's are written there at its end, so that no exit
    /// behind it has to.
    pub settles: bool,
    /// Memory accesses in order.
    pub accesses: Vec<Access>,
    uses: u32,
}

impl Chain<'_> {
    /// Address of the first instruction; none for a dispatch.
    pub(crate) fn head(&self) -> Option<u64> {
        self.blocks.first().map(|block| block.head)
    }

    /// The block that decides where it goes; none for a dispatch.
    pub(crate) fn last(&self) -> Option<&Block> {
        self.blocks.last().copied()
    }
}

/// One function to compile.
pub(crate) struct Unit<'a> {
    /// Chains in an order in which predecessors come first, but for retreating edges.
    pub chains: Vec<Chain<'a>>,
    /// Chains by head.
    pub heads: BTreeMap<u64, usize>,
    /// What the dispatch may go to inside the unit.
    pub switch: BTreeMap<u64, usize>,
    /// The dispatch, if there is one.
    pub dispatch: Option<usize>,
    /// Where the unit's calls of itself return to.
    pub returns: BTreeMap<u64, usize>,
    /// Registers that live in the context between chains, not in host registers, one bit each.
    pub memory_resident: u32,
    /// A fault on purpose.
    pub inject: Option<Injection>,
}

/// Cuts a program into units.
pub(crate) fn partition<'a>(program: &'a Program, xlen: Xlen, options: &Options) -> Vec<Unit<'a>> {
    let mut groups: Vec<Vec<&Block>> = Vec::new();
    let mut size = 0;
    let mut limit = UNIT;
    for block in program.blocks.values() {
        size += block.entries.len();
        let start = program.starts.contains(&block.head);
        if start {
            limit = unit_limit(program, block.head);
        }
        let fits = |group: &&mut Vec<&Block>| {
            let far = (group.first()).is_some_and(|first| block.head - first.head > REACH);
            !start && !far && size <= limit
        };
        match groups.last_mut().filter(fits) {
            Some(group) => group.push(block),
            None => {
                groups.push(vec![block]);
                size = block.entries.len();
            }
        }
    }
    let mut entries = program.entries.clone();
    entries.extend(crossing(&groups));
    groups
        .iter()
        .map(|group| Unit::build(group, &entries, &program.switched, xlen, options))
        .collect()
}

/// Instructions that a unit of the function that starts here may have.
fn unit_limit(program: &Program, start: u64) -> usize {
    let next = program.starts.range(start + 1..).next();
    let function = start..next.copied().unwrap_or(u64::MAX);
    match program.switched.range(function).count() {
        OPERATIONS.. => LOOP_UNIT,
        _ => UNIT,
    }
}

/// Heads that a block of another group goes on to.
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
        entries: &BTreeSet<u64>,
        switched: &BTreeSet<u64>,
        xlen: Xlen,
        options: &Options,
    ) -> Unit<'a> {
        let mut graph = Graph::new(blocks, entries, switched);
        if options.every_block {
            graph.check_all();
        }
        let (mut chains, chain_of) = chains(&graph, xlen, options.inject);
        connect(&graph, &mut chains, &chain_of);
        worst_costs(&mut chains);
        settle(&mut chains);
        dataflow(&mut chains);
        let memory_resident = memory_resident(&chains, graph.switch.len());
        let chains_at = |heads: &BTreeMap<u64, usize>| {
            let chain = |(&head, block): (&u64, &usize)| Some((head, *chain_of.get(block)?));
            heads.iter().filter_map(chain).collect()
        };
        Unit {
            heads: (chains.iter().enumerate())
                .filter_map(|(number, chain)| Some((chain.head()?, number)))
                .collect(),
            chains,
            switch: chains_at(&graph.switch),
            dispatch: chain_of.get(&blocks.len()).copied(),
            returns: chains_at(&graph.returns),
            memory_resident,
            inject: options.inject,
        }
    }
}

/// The registers that a unit with so many targets of its dispatch keeps in memory.
fn memory_resident(chains: &[Chain<'_>], switched: usize) -> u32 {
    let places = |chain: &Chain<'_>| chain.accesses.len() + 1;
    let registers = |chain: &Chain<'_>| (chain.dirty | chain.defs).count_ones() as usize;
    let stores: usize = (chains.iter())
        .map(|chain| places(chain) * registers(chain))
        .sum();
    if stores <= STORES {
        return 0;
    }
    if !(OPERATIONS..=MOST_OPERATIONS).contains(&switched) {
        return u32::MAX;
    }
    let touched = |chain: &Chain<'_>| (chain.uses | chain.defs).count_ones() as usize;
    let mean = chains
        .iter()
        .map(touched)
        .sum::<usize>()
        .div_ceil(chains.len());
    let affordable = STORES / chains.iter().map(places).sum::<usize>();
    let kept = HOST.saturating_sub(mean).max(KEPT).min(affordable);
    let users = |register: usize| {
        let users = chains
            .iter()
            .filter(|chain| chain.uses & 1 << register != 0);
        users.count()
    };
    let mut all: Vec<usize> = (1..Reg::COUNT).collect();
    all.sort_by_key(|&register| Reverse(users(register)));
    all[kept..].iter().fold(0, |memory_resident, register| {
        memory_resident | 1 << register
    })
}

/// Glues blocks; the second result says which chain starts with which block.
fn chains<'a>(
    graph: &Graph<'_, 'a>,
    xlen: Xlen,
    inject: Option<Injection>,
) -> (Vec<Chain<'a>>, BTreeMap<usize, usize>) {
    let mut chains = Vec::new();
    let mut chain_of = BTreeMap::new();
    let mut cut = vec![false; graph.blocks.len()];
    for &first in &graph.order {
        if graph.glued(first) && !cut[first] {
            continue;
        }
        let mut recorder = Recorder::new(xlen);
        let mut members = Vec::new();
        let (mut block, mut size, mut wrong) = (first, 0, 0);
        while let Some(&member) = graph.blocks.get(block) {
            let fault = inject.and_then(|injection| injection.at(member.head));
            wrong |= fault.map_or(0, Fault::register);
            let mut pc = member.head;
            for inst in &member.entries {
                recorder.step(inst, pc);
                pc += u64::from(inst.len);
            }
            members.push(member);
            size += member.entries.len();
            match graph.successors[block].as_slice() {
                &[next] if graph.glued(next) && member.flow == Flow::Next => {
                    // Behind a planted fault registers are not what the recorder thinks.
                    if size >= CHAIN || fault.is_some() {
                        cut[next] = true;
                        break;
                    }
                    block = next;
                }
                _ => break,
            }
        }
        chain_of.insert(first, chains.len());
        chains.push(Chain {
            dispatch: None,
            returns: graph.blocks.get(block).is_some_and(|block| returns(block)),
            cycles: members.iter().map(|block| block.cycles).sum(),
            blocks: members,
            entry: graph.entries.get(first) == Some(&true),
            check: graph.checks[first],
            successors: Vec::new(),
            predecessors: Vec::new(),
            worst: 0,
            live: 0,
            dirty: 0,
            uses: (recorder.uses | wrong) & !1,
            defs: recorder.defs | wrong,
            settles: false,
            accesses: recorder.accesses,
        });
    }
    (chains, chain_of)
}

fn connect(graph: &Graph<'_, '_>, chains: &mut [Chain<'_>], chain_of: &BTreeMap<usize, usize>) {
    for number in 0..chains.len() {
        let dispatch = graph.blocks.len();
        let last = (chains[number].last()).map_or(dispatch, |block| graph.position[&block.head]);
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

impl Unit<'_> {
    /// The chains that lead in from outside, by the numbers of these ways: by address, and behind them
    /// the dispatch.
    pub(crate) fn ways_in(&self) -> Vec<usize> {
        let direct = self.direct().map(|(_, chain)| chain);
        direct.chain(self.dispatch).collect()
    }

    /// Heads where control may come from outside, with the numbers of their ways in. Those that only
    /// indirect jumps go to share the dispatch's: with a way in of its own, the registers that such a
    /// one needs would come from two places, and each jump from the dispatch would have to move them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, usize)> {
        let dispatch = self.direct().count();
        let direct = self.direct().map(|(head, _)| head).zip(0..);
        let shared = (self.switch.iter()).filter(|&(_, &chain)| !self.chains[chain].entry);
        direct.chain(shared.map(move |(&head, _)| (head, dispatch)))
    }

    /// Heads that are entered without the dispatch, with their chains.
    fn direct(&self) -> impl Iterator<Item = (u64, usize)> {
        let heads = self.heads.iter().map(|(&head, &chain)| (head, chain));
        heads.filter(|&(_, chain)| self.chains[chain].entry)
    }

    /// Instructions of all chains, fused ones counted once.
    pub(crate) fn instructions(&self) -> usize {
        let blocks = self.chains.iter().flat_map(|chain| &chain.blocks);
        blocks.map(|block| block.entries.len()).sum()
    }
}

#[cfg(test)]
mod tests;
