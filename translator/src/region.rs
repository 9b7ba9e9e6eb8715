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

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::{Reg, Xlen};

use crate::Options;
use crate::block::Block;
use crate::discover::Program;
use crate::lift;
use crate::plant::{Fault, Plant};
use crate::record::{Access, Flow, Recorder};

mod loops;

/// Translated instructions of one unit at most.
const UNIT: usize = 1000;
/// The same for a function whose jumps have at least [`OPERATIONS`] targets: an interpreter's loop. Cut
/// in pieces it leaves its unit at most operations; Lua runs a quarter faster in one.
const LOOP_UNIT: usize = 8000;
/// Targets of indirect jumps that make a function an interpreter's loop.
const OPERATIONS: usize = 64;
/// Bytes of text from a unit's first block to its last at most: the table of its entries has a row a
/// halfword, and code with wide gaps would make it large.
const REACH: u64 = 1 << 14;
/// Entries of one chain at most.
const CHAIN: usize = 256;
/// Calls of a unit to itself that are edges inside it, at most: each of its returns is compared with
/// all of them.
const RECURSIONS: usize = 4;
/// Exits times registers to store, above which a unit keeps its registers in memory.
const STORES: usize = 30_000;

/// Blocks glued together: entered at the first only, left at the end of the last or by an exit.
pub(crate) struct Chain<'a> {
    /// The blocks in order; none in a unit's dispatch.
    pub blocks: Vec<&'a Block>,
    /// Control may come here from outside the unit.
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
    /// Where the unit's calls of itself return to.
    pub returns: BTreeMap<u64, usize>,
    /// Registers live in the context between chains, not in host registers.
    pub homed: bool,
    /// A fault on purpose.
    pub plant: Option<Plant>,
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

/// The control flow among the blocks of one unit, by position in order of address.
struct Graph<'g, 'a> {
    blocks: &'g [&'a Block],
    /// Blocks by head.
    position: BTreeMap<u64, usize>,
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    entries: Vec<bool>,
    checks: Vec<bool>,
    /// Reachable blocks, predecessors first.
    order: Vec<usize>,
    /// Where the dispatch goes. If there is one, it is the node behind the last block.
    switch: BTreeMap<u64, usize>,
    /// Where calls of the unit to itself return to.
    returns: BTreeMap<u64, usize>,
}

/// An indirect jump that is not a call.
fn jumps(block: &Block) -> bool {
    block.flow == Flow::Dynamic && !block.links
}

/// A jump to the link register.
fn returns(block: &Block) -> bool {
    jumps(block) && block.entries.last().is_some_and(|inst| inst.rs1 == Reg::RA)
}

/// An indirect jump that is not a return.
fn switches(block: &Block) -> bool {
    jumps(block) && !returns(block)
}

impl<'g, 'a> Graph<'g, 'a> {
    fn new(blocks: &'g [&'a Block], entries: &BTreeSet<u64>, switched: &BTreeSet<u64>) -> Self {
        let position: BTreeMap<u64, usize> = (blocks.iter().enumerate())
            .map(|(number, block)| (block.head, number))
            .collect();
        let switch = switch_targets(blocks, &position, switched);
        let return_points = recursions(blocks, &position);
        let dispatch = blocks.len();
        let mut successors = Vec::with_capacity(dispatch + 1);
        for block in blocks {
            let mut next: Vec<usize> = (block.successors())
                .filter_map(|head| position.get(&head).copied())
                .collect();
            if switches(block) && !switch.is_empty() {
                next.push(dispatch);
            }
            if returns(block) {
                next.extend(return_points.values());
            }
            let callee = block.callee().filter(|_| !return_points.is_empty());
            next.extend(callee.and_then(|callee| position.get(&callee)));
            next.sort_unstable();
            next.dedup();
            successors.push(next);
        }
        successors.push(switch.values().copied().collect());
        let mut predecessors = vec![Vec::new(); successors.len()];
        for (number, next) in successors.iter().enumerate() {
            for &target in next {
                predecessors[target].push(number);
            }
        }
        let mut graph = Graph {
            blocks,
            position,
            successors,
            predecessors,
            entries: blocks.iter().map(|b| entries.contains(&b.head)).collect(),
            checks: vec![false; dispatch + 1],
            order: Vec::new(),
            switch,
            returns: return_points,
        };
        graph.sort();
        graph
    }

    /// Makes every block one that is entered and that looks at the budget.
    fn check_all(&mut self) {
        self.entries.fill(true);
        self.sort();
        self.checks.fill(true);
    }

    /// Orders the blocks and marks the targets of retreating edges.
    fn sort(&mut self) {
        let mut rank = vec![usize::MAX; self.successors.len()];
        let mut post = Vec::with_capacity(self.successors.len());
        let mut seen = vec![false; self.successors.len()];
        // The lowest entry is finished last and so comes first: a function's start, usually.
        let roots: Vec<usize> = (0..self.blocks.len())
            .filter(|&b| self.entries[b])
            .collect();
        for root in roots.into_iter().rev() {
            let mut path = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((block, tried)) = path.last_mut() {
                if let Some(&next) = self.successors[*block].get(*tried) {
                    *tried += 1;
                    if !std::mem::replace(&mut seen[next], true) {
                        path.push((next, 0));
                    }
                } else {
                    post.push(*block);
                    path.pop();
                }
            }
        }
        post.reverse();
        for (place, &block) in post.iter().enumerate() {
            rank[block] = place;
        }
        for &block in &post {
            for &next in &self.successors[block] {
                self.checks[next] |= rank[next] <= rank[block];
            }
        }
        self.order = post;
        // Not so the dispatch, which has no address: its targets are entries anyway.
        for (entry, check) in self.entries.iter_mut().zip(&self.checks) {
            *entry |= *check;
        }
    }

    /// Whether a block continues its only predecessor.
    fn glued(&self, block: usize) -> bool {
        let &[before] = self.predecessors[block].as_slice() else {
            return false;
        };
        let flow = self.blocks.get(before).map(|block| block.flow);
        self.entries.get(block) == Some(&false) && flow == Some(Flow::Next)
    }
}

/// Heads that the unit's indirect jumps may go to, if it has any.
fn switch_targets(
    blocks: &[&Block],
    position: &BTreeMap<u64, usize>,
    switched: &BTreeSet<u64>,
) -> BTreeMap<u64, usize> {
    let jumps = blocks.iter().any(|block| switches(block));
    (position.iter())
        .filter(|(head, _)| jumps && switched.contains(head))
        .map(|(&head, &number)| (head, number))
        .collect()
}

/// Where the unit's calls of itself return to, if they are few.
fn recursions(blocks: &[&Block], position: &BTreeMap<u64, usize>) -> BTreeMap<u64, usize> {
    let calls_itself =
        |block: &&&Block| (block.callee()).is_some_and(|callee| position.contains_key(&callee));
    let points: BTreeMap<u64, usize> = (blocks.iter().filter(calls_itself))
        .filter_map(|block| {
            let point = block.return_point()?;
            Some((point, *position.get(&point)?))
        })
        .collect();
    match points.len() {
        0..=RECURSIONS => points,
        _ => BTreeMap::new(),
    }
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
        let (mut chains, chain_of) = chains(&graph, xlen, options.plant);
        connect(&graph, &mut chains, &chain_of);
        worst_costs(&mut chains);
        settle(&mut chains);
        dataflow(&mut chains);
        let exits: usize = (chains.iter())
            .map(|chain| {
                let registers = (chain.dirty | chain.defs).count_ones() as usize;
                (chain.accesses.len() + 1) * registers
            })
            .sum();
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
            returns: chains_at(&graph.returns),
            homed: exits > STORES,
            plant: options.plant,
        }
    }
}

/// Glues blocks; the second result says which chain starts with which block.
fn chains<'a>(
    graph: &Graph<'_, 'a>,
    xlen: Xlen,
    plant: Option<Plant>,
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
            let fault = plant.and_then(|plant| plant.at(member.head));
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

/// The worst cost from each chain to the next check. Edges to checks end a way; all others lead
/// forward in the order, so one pass from the back sees every successor before its predecessors.
fn worst_costs(chains: &mut [Chain<'_>]) {
    for number in (0..chains.len()).rev() {
        let onward = (chains[number].successors.iter())
            .filter(|&&next| !chains[next].check)
            .map(|&next| chains[next].worst)
            .max();
        chains[number].worst = chains[number].cycles + onward.unwrap_or(0);
    }
}

/// Exits behind a chain from which on it settles its registers.
const SETTLED_EXITS: usize = 2;

/// Decides which chains settle: none in a loop; those in front of a loop, so that its exits have only its
/// own registers to store, and those in front of several exits.
fn settle(chains: &mut [Chain<'_>]) {
    let repeated = loops::repeated(chains);
    let exits: Vec<usize> = (chains.iter())
        .map(|chain| lift::exits(&chain.accesses) + usize::from(chain.check))
        .collect();
    for number in 0..chains.len() {
        let next = &chains[number].successors;
        let pays = next.iter().any(|&next| repeated[next])
            || next.iter().map(|&next| exits[next]).sum::<usize>() >= SETTLED_EXITS;
        // A dispatch goes on before it could.
        let chain = &mut chains[number];
        chain.settles = !repeated[number] && pays && !chain.blocks.is_empty();
    }
}

/// Which registers may be dirty on arrival, and which values are needed. A register that may be
/// dirty is stored at every exit, so its value is needed there whichever way control came.
fn dataflow(chains: &mut [Chain<'_>]) {
    let mut changed = true;
    while changed {
        changed = false;
        for number in 0..chains.len() {
            let dirty = (chains[number].predecessors.iter())
                .filter(|&&p| !chains[p].settles)
                .fold(0, |dirty, &p| dirty | chains[p].dirty | chains[p].defs);
            changed |= dirty != chains[number].dirty;
            chains[number].dirty = dirty;
        }
    }
    changed = true;
    while changed {
        changed = false;
        for number in (0..chains.len()).rev() {
            let after =
                (chains[number].successors.iter()).fold(0, |live, &s| live | chains[s].live);
            let chain = &mut chains[number];
            let live = chain.uses | chain.dirty | (after & !chain.defs);
            changed |= live != chain.live;
            chain.live = live;
        }
    }
}

impl Unit<'_> {
    /// Heads where control may come from outside, with their chains. An entry's number is its place
    /// in this order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, usize)> {
        let heads = self.heads.iter().map(|(&head, &number)| (head, number));
        heads.filter(|&(_, number)| self.chains[number].entry)
    }

    /// Instructions of all chains, fused ones counted once.
    pub(crate) fn instructions(&self) -> usize {
        let blocks = self.chains.iter().flat_map(|chain| &chain.blocks);
        blocks.map(|block| block.entries.len()).sum()
    }
}

#[cfg(test)]
mod tests;
