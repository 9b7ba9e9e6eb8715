//! Records what a run costs: how often each block ran, and a tree of calls with the cycles of each.
//!
//! CKB-VM charges cycles by traces, which are the blocks here, so the sums are exact. The interpreter tells of each trace.
//! Native code that counts tells how often each block ran, and where control moved from function to function; see
//! `lockstep_runtime::Recorder`.
//!
//! Who called whom follows from how blocks end. An instruction that writes the address behind it to a register is a call; a
//! jump to such an address is the return. A jump behind a call that has returned already, in a function that is among the
//! callers, is a `longjmp`: it ends all calls in between. What else leaves a function is taken for a tail call. On another
//! stack the guest may return to addresses that nobody is expected to; then the calls go on from where they are.

use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;
use lockstep_contract::counting::Move;
use lockstep_contract::exit::Exit;
use lockstep_runtime::NativeStay;
use lockstep_translator::GuestBlock;

use super::known_code::{Ended, KnownCode, Way};
use super::names::Names;

/// Maps that are asked at each call: their hash is a quick one.
type FastMap<K, V> = HashMap<K, V, FixedState>;
type FastSet<K> = HashSet<K, FixedState>;

/// Calls inside each other that the tree tells apart. Cycles of deeper ones are in the node at this depth.
const TREE_DEPTH: usize = 512;
/// Nodes of the tree at most; a call that would need another is counted for its caller's node.
const TREE_NODES: usize = 1 << 20;
/// Return addresses that are remembered at most. A guest of 4 MiB cannot have more frames with one on its stack.
const REMEMBERED_CALLS: usize = 1 << 19;
/// Callers that are looked through for a return address.
const LOOKED_THROUGH: usize = 1 << 12;

/// A function in the tree, by the calls that led to it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    pub(super) function: usize,
    /// Guest address of the instruction that called it.
    pub(super) call_site: u64,
    pub(super) depth: usize,
    pub(super) calls: u64,
    /// Cycles in the function itself.
    pub(super) cycles: u64,
}

/// A block: what is known of it, and how often it ran.
pub(super) struct Trace {
    /// None where the code is not known.
    pub(super) block: Option<GuestBlock>,
    pub(super) function: usize,
    pub(super) runs: u64,
    pub(super) cycles: u64,
}

/// Calls of the host with one number.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct HostCalls {
    pub(super) calls: u64,
    /// What the host charged for them.
    pub(super) cycles: u64,
}

/// A call that has not returned.
#[derive(Clone, Copy)]
struct Call {
    /// The caller's node.
    caller: usize,
    returns_to: u64,
    /// How many calls around it have no node.
    hidden: usize,
}

/// Records one run.
pub(super) struct Recorder {
    code: KnownCode,
    names: Names,
    pub(super) traces: HashMap<u64, Trace>,
    pub(super) nodes: Vec<Node>,
    /// From a node, a call site and a function to the node for that.
    children: FastMap<(usize, u64, usize), usize>,
    calls: Vec<Call>,
    /// Some of these, to be found quickly.
    known: KnownNodes,
    /// Addresses behind calls that were made, in code that is not known.
    return_points: FastSet<u64>,
    /// How often each function was called or jumped to where that has no node, by number.
    hidden_entries: FastMap<usize, u64>,
    /// Calls of the host, by number.
    pub(super) host_calls: BTreeMap<u64, HostCalls>,
    /// The node that runs.
    current: usize,
    /// How many calls inside the current node have none of their own.
    hidden: usize,
    /// How the block ended that ran last, where it is not yet known what came behind it.
    last: Option<Ended>,
}

impl lockstep_runtime::Recorder for Recorder {
    fn trace(&mut self, head: u64, cycles: u64) {
        self.arrive(head);
        let trace = self.trace_at(head);
        trace.runs += 1;
        trace.cycles += cycles;
        let last = trace.block.as_ref().and_then(|block| block.places().last());
        let site = last.map_or(head, |(site, _)| site);
        self.last = Some(self.code.end(site, &self.names).0);
        self.nodes[self.current].cycles += cycles;
    }

    fn region(&mut self, base: u64, code: &[u8]) {
        self.code.add(base, code);
    }

    fn stay(&mut self, stay: &NativeStay<'_>) {
        self.arrive(stay.pc);
        let mut budget = stay.given;
        let mut moves = stay.moves;
        while !moves.is_empty() {
            let usual = self.record_usual(moves, &mut budget);
            moves = &moves[usual..];
            if let Some((one, others)) = moves.split_first() {
                self.nodes[self.current].cycles += budget - one.budget;
                budget = one.budget;
                let (ended, from) = self.code.end(one.site, &self.names);
                let to = self.code.function(one.target, &self.names);
                self.follow(ended, from, one.target, to);
                moves = others;
            }
        }
        self.nodes[self.current].cycles += budget - stay.left;
        self.last = match stay.exit {
            Some(Exit::Side { entries }) => Some(self.code.rest(stay.end, entries, &self.names)),
            _ => None,
        };
    }

    fn counted(&mut self, head: u64, runs: u64) {
        let trace = self.trace_at(head);
        let cycles = trace.block.as_ref().map_or(0, |block| block.cycles);
        trace.runs += runs;
        trace.cycles += runs * cycles;
    }
}

impl Recorder {
    pub(super) fn new(code: KnownCode, names: Names) -> Recorder {
        Recorder {
            code,
            names,
            traces: HashMap::new(),
            nodes: Vec::new(),
            children: FastMap::default(),
            calls: Vec::new(),
            known: KnownNodes::default(),
            return_points: FastSet::default(),
            hidden_entries: FastMap::default(),
            host_calls: BTreeMap::new(),
            current: 0,
            hidden: 0,
            last: None,
        }
    }

    /// The host was called, and charged this for it. The cycles are in a node of their own, below the function that called.
    pub(super) fn host_call(&mut self, number: u64, calls: u64, cycles: u64) {
        let sums = self.host_calls.entry(number).or_default();
        sums.calls += calls;
        sums.cycles += cycles;
        let function = self.names.host_call(number);
        let parent = (!self.nodes.is_empty()).then_some(self.current);
        let node = self.child(parent, 0, function);
        self.nodes[node].calls += calls;
        self.nodes[node].cycles += cycles;
    }

    /// How often each function was called or jumped to, by number.
    pub(super) fn entered(&self) -> Vec<u64> {
        let mut entered = vec![0; self.names.len()];
        for node in &self.nodes {
            entered[node.function] += node.calls;
        }
        for (&function, &calls) in &self.hidden_entries {
            entered[function] += calls;
        }
        entered
    }

    /// Records moves as long as each has a node already, or is the return of the call that was made last. The answer says how
    /// many. Nearly all moves are of these kinds, and [`Recorder::follow`] takes several times as long. So this is written
    /// for speed: all of a profile's time is here.
    fn record_usual(&mut self, moves: &[Move], budget: &mut u64) -> usize {
        let Recorder {
            code,
            nodes,
            calls,
            known,
            hidden,
            ..
        } = self;
        let Some(sites) = code.sites() else { return 0 };
        let mut current = self.current;
        let mut left = *budget;
        let mut done = 0;
        for one in moves {
            let (Some(site), Some(target)) = (sites.at(one.site), sites.at(one.target)) else {
                break;
            };
            let function = target.function as usize;
            let next = if site.way == Way::Call {
                let next = known.find(current, one.site);
                let is_known = nodes
                    .get(next)
                    .is_some_and(|node| node.function == function);
                if !is_known || *hidden > 0 || calls.len() >= REMEMBERED_CALLS {
                    break;
                }
                calls.push(Call {
                    caller: current,
                    returns_to: one.site + u64::from(site.len),
                    hidden: 0,
                });
                next
            } else if let Some(call) = calls.last()
                && call.returns_to == one.target
                && site.way != Way::Direct
                && nodes[call.caller].function == function
            {
                (nodes[current].cycles, left) =
                    (nodes[current].cycles + left - one.budget, one.budget);
                (current, *hidden) = (call.caller, call.hidden);
                calls.pop();
                done += 1;
                continue;
            } else {
                // A jump out of a function.
                let Some(parent) = nodes[current].parent else {
                    break;
                };
                let next = known.find(parent, one.site);
                let is_known = nodes
                    .get(next)
                    .is_some_and(|node| node.function == function);
                if !is_known || next == current || target.is_return_point || *hidden > 0 {
                    break;
                }
                next
            };
            (nodes[current].cycles, left) = (nodes[current].cycles + left - one.budget, one.budget);
            nodes[next].calls += 1;
            current = next;
            done += 1;
        }
        self.current = current;
        *budget = left;
        done
    }

    fn trace_at(&mut self, head: u64) -> &mut Trace {
        let (code, names) = (&mut self.code, &self.names);
        self.traces.entry(head).or_insert_with(|| Trace {
            block: code.block(head),
            function: names.function_at(head),
            runs: 0,
            cycles: 0,
        })
    }

    /// Control is at an address, whatever came before.
    fn arrive(&mut self, pc: u64) {
        let to = self.code.function(pc, &self.names);
        match self.last.take() {
            _ if self.nodes.is_empty() => self.enter(None, 0, to),
            Some(last) => {
                let from = self.code.function(last.site, &self.names);
                self.follow(last, from, pc, to);
            }
            None => self.move_to(pc, to),
        }
    }

    /// From the end of a block to the next one. `from` and `to` are the functions of both.
    fn follow(&mut self, ended: Ended, from: usize, target: u64, to: usize) {
        let Ended { site, way, behind } = ended;
        match way {
            Way::Call => self.call(site, behind, to),
            Way::Host if target == behind => self.move_to(site, to),
            Way::Jump if from == to => {}
            Way::Return | Way::Jump | Way::Host => {
                if !self.return_to(target) {
                    self.unwind_to(target, to);
                }
                // Where a call ends a function, it returns to the one behind.
                self.move_to(site, to);
            }
            Way::Direct => self.move_to(site, to),
        }
    }

    fn call(&mut self, site: u64, returns_to: u64, function: usize) {
        let (caller, hidden) = (self.current, self.hidden);
        match self.code.site(returns_to, &self.names) {
            Some(site) => site.is_return_point = true,
            None => {
                self.return_points.insert(returns_to);
            }
        }
        if self.calls.len() < REMEMBERED_CALLS {
            self.calls.push(Call {
                caller,
                returns_to,
                hidden,
            });
        }
        self.enter(Some(caller), site, function);
    }

    /// Ends the calls up to the innermost one that returns to this address, if there is one.
    fn return_to(&mut self, target: u64) -> bool {
        if self
            .calls
            .last()
            .is_some_and(|call| call.returns_to == target)
        {
            self.end_calls(self.calls.len() - 1);
            return true;
        }
        if !self.is_return_point(target) {
            return false;
        }
        let calls = self.calls.iter().rev().take(LOOKED_THROUGH);
        let Some(inner) = calls
            .map(|call| call.returns_to)
            .position(|to| to == target)
        else {
            return false;
        };
        self.end_calls(self.calls.len() - 1 - inner);
        true
    }

    fn is_return_point(&mut self, address: u64) -> bool {
        match self.code.site(address, &self.names) {
            Some(site) => site.is_return_point,
            None => self.return_points.contains(&address),
        }
    }

    /// Ends the calls up to the innermost one that this function made, if the address is behind a call: `longjmp`
    /// comes back behind the call of `setjmp`, which has returned before.
    fn unwind_to(&mut self, head: u64, function: usize) {
        let is_here = self.hidden == 0 && self.nodes[self.current].function == function;
        if is_here || !self.is_return_point(head) {
            return;
        }
        let calls = self.calls.iter().rev().take(LOOKED_THROUGH);
        let mut callers = calls.map(|call| self.nodes[call.caller].function);
        if let Some(inner) = callers.position(|caller| caller == function) {
            self.end_calls(self.calls.len() - 1 - inner);
        }
    }

    /// Goes on in the caller of the call with this number.
    fn end_calls(&mut self, number: usize) {
        let Call { caller, hidden, .. } = self.calls[number];
        (self.current, self.hidden) = (caller, hidden);
        self.calls.truncate(number);
    }

    /// Goes on in a function without a call: where it is another one, that is a tail call.
    fn move_to(&mut self, site: u64, function: usize) {
        let node = &self.nodes[self.current];
        // A call without a node is in another function than the node.
        if node.function != function && self.hidden == 0 {
            self.enter(node.parent, site, function);
        }
    }

    /// Goes to the node of a function that this node called; where there can be none, stays in the caller's.
    fn enter(&mut self, parent: Option<usize>, call_site: u64, function: usize) {
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let full = self.nodes.len() >= TREE_NODES || depth >= TREE_DEPTH || self.hidden > 0;
        let known = || {
            self.children
                .contains_key(&key(parent, call_site, function))
        };
        if parent.is_some() && full && (self.hidden > 0 || !known()) {
            self.hidden += 1;
            *self.hidden_entries.entry(function).or_default() += 1;
            return;
        }
        let number = self.child(parent, call_site, function);
        self.known.put(number, &self.nodes);
        self.nodes[number].calls += 1;
        self.current = number;
    }

    /// The node of a function below another node, or at the top.
    fn child(&mut self, parent: Option<usize>, call_site: u64, function: usize) -> usize {
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let number = self.nodes.len();
        let known = (self.children.entry(key(parent, call_site, function))).or_insert(number);
        if *known == number {
            self.nodes.push(Node {
                parent,
                function,
                call_site,
                depth,
                calls: 0,
                cycles: 0,
            });
        }
        *known
    }

    /// The names, when the run is over.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

/// Nodes by the node above them and the place of the call: one that is put in may push out another. It answers in a few
/// instructions, which a map does not.
#[derive(Default)]
struct KnownNodes(Vec<KnownNode>);

/// The address of the call, the node above, the node.
type KnownNode = (u64, u32, u32);

/// Room for nodes at the start.
const KNOWN_NODES: usize = 1 << 10;

impl KnownNodes {
    /// The number of a node; one that no node has where it is not kept. The caller compares its function.
    #[inline]
    fn find(&self, parent: usize, call_site: u64) -> usize {
        match self.0.get(self.slot(parent, call_site)) {
            Some(&(site, above, node)) if above as usize == parent && site == call_site => {
                node as usize
            }
            _ => usize::MAX,
        }
    }

    /// Keeps the node that was made last, or that is in the place of another. There is room for four times as many as there
    /// are.
    fn put(&mut self, number: usize, nodes: &[Node]) {
        let room = (nodes.len() * 4).next_power_of_two().max(KNOWN_NODES);
        if self.0.len() < room {
            self.0 = vec![(0, u32::MAX, u32::MAX); room * 4];
            for (number, node) in nodes.iter().enumerate() {
                self.keep(number, node);
            }
        }
        self.keep(number, &nodes[number]);
    }

    fn keep(&mut self, number: usize, node: &Node) {
        if let Some(parent) = node.parent {
            let slot = self.slot(parent, node.call_site);
            // The tree has fewer nodes than that.
            self.0[slot] = (node.call_site, parent as u32, number as u32);
        }
    }

    #[inline]
    fn slot(&self, parent: usize, call_site: u64) -> usize {
        // Neighbours in code and in the tree get different slots.
        let mixed = (parent as u64).wrapping_mul(0x9e37_79b9) ^ (call_site >> 1);
        mixed as usize & self.0.len().wrapping_sub(1)
    }
}

/// What tells nodes apart.
fn key(parent: Option<usize>, call_site: u64, function: usize) -> (usize, u64, usize) {
    (parent.unwrap_or(usize::MAX), call_site, function)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_isa::{Profile, Version};
    use lockstep_runtime::Recorder as _;
    use lockstep_translator::CodeRegion;

    /// `main` at 0 calls `a` at 0x100, which calls `b` at 0x200. How `b` ends is for the test to say.
    fn code(last_of_b: u32) -> Vec<u8> {
        let mut code = vec![0; 4096];
        for (at, word) in [
            (0, 0x1000_00ef_u32), // jal ra, .+0x100
            (0x4, 0x0000_0073),   // ecall
            (0x100, 0x1000_00ef), // jal ra, .+0x100
            (0x104, 0x0000_8067), // ret
            (0x200, last_of_b),
            (0x300, 0x0000_8067), // ret
        ] {
            code[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        code
    }

    /// A function's name, its calls, its cycles, the name of its caller.
    type Recorded = (String, u64, u64, Option<String>);

    /// What each function has after these traces.
    fn recorded(code: &[u8], traces: &[u64]) -> Vec<Recorded> {
        const BASE: u64 = 0x10000;
        let region = CodeRegion {
            profile: Profile::of(Version::V2),
            cost: lockstep_isa::Cost::Estimate,
            memory_size: 4 << 20,
            base: BASE,
            bytes: code,
        };
        let names = Names::of(&[
            (BASE, BASE + 0x100, "main"),
            (BASE + 0x100, BASE + 0x200, "a"),
            (BASE + 0x200, BASE + 0x300, "b"),
            (BASE + 0x300, BASE + 0x400, "c"),
        ]);
        let known = KnownCode::new(region.profile, region.cost, region.memory_size, &[region]);
        let mut recorder = Recorder::new(known, names);
        for &trace in traces {
            recorder.trace(BASE + trace, 10);
        }
        assert!(recorder.calls.is_empty(), "every call has ended");
        let name = |function| recorder.names().name(function).to_owned();
        let caller = |node: &Node| {
            node.parent
                .map(|parent| name(recorder.nodes[parent].function))
        };
        (recorder.nodes.iter())
            .map(|node| (name(node.function), node.calls, node.cycles, caller(node)))
            .collect()
    }

    fn node(name: &str, cycles: u64, caller: Option<&str>) -> Recorded {
        (name.to_owned(), 1, cycles, caller.map(str::to_owned))
    }

    #[test]
    fn a_tail_call_returns_to_the_caller_of_its_caller() {
        let jump_to_c = 0x1000_006f; // j .+0x100
        let nodes = recorded(&code(jump_to_c), &[0, 0x100, 0x200, 0x300, 0x104, 0x4]);
        let expected = [
            node("main", 20, None),
            node("a", 20, Some("main")),
            node("b", 10, Some("a")),
            node("c", 10, Some("a")),
        ];
        assert_eq!(nodes, expected);
    }

    #[test]
    fn a_jump_to_an_outer_caller_ends_the_calls_between() {
        let jump_to_s0 = 0x0004_0067; // jr s0
        let nodes = recorded(&code(jump_to_s0), &[0, 0x100, 0x200, 0x4]);
        let expected = [
            node("main", 20, None),
            node("a", 10, Some("main")),
            node("b", 10, Some("a")),
        ];
        assert_eq!(nodes, expected);
    }

    /// `main` calls `setjmp` (here `c`), which returns. Then it calls `a`, and `b` jumps behind the call of `setjmp`.
    #[test]
    fn longjmp_ends_the_calls_that_it_leaves() {
        let mut code = code(0x0004_0067); // jr s0
        for (at, word) in [
            (0, 0x3000_00ef_u32), // jal ra, .+0x300
            (0x4, 0x0005_1663),   // bnez a0, .+12
            (0x8, 0x0f80_00ef),   // jal ra, .+0xf8
            (0x10, 0x0000_0073),  // ecall
        ] {
            code[at..at + 4].copy_from_slice(&word.to_le_bytes());
        }
        let nodes = recorded(&code, &[0, 0x300, 0x4, 0x8, 0x100, 0x200, 0x4, 0x10]);
        let expected = [
            node("main", 50, None),
            node("c", 10, Some("main")),
            node("a", 10, Some("main")),
            node("b", 10, Some("a")),
        ];
        assert_eq!(nodes, expected);
    }

    /// Calls that are too deep for the tree are counted, and their cycles are in the deepest node.
    #[test]
    fn deep_calls_return_to_where_they_came_from() {
        let call_a = 0xf01f_f0ef; // jal ra, .-0x100
        let mut code = code(call_a);
        code[0x204..0x208].copy_from_slice(&0x0000_8067_u32.to_le_bytes()); // ret
        // `main` calls `a`, which calls `b`, which calls `a`, and so on; then all of them return.
        let mut traces = vec![0];
        for _ in 0..TREE_DEPTH {
            traces.extend([0x100, 0x200]);
        }
        traces.push(0x104);
        for _ in 1..TREE_DEPTH {
            traces.extend([0x204, 0x104]);
        }
        traces.push(0x4);
        let nodes = recorded(&code, &traces);
        assert_eq!(nodes.len(), TREE_DEPTH);
        let cycles: u64 = nodes.iter().map(|(_, _, cycles, _)| cycles).sum();
        assert_eq!(cycles, 10 * traces.len() as u64);
        assert_eq!(nodes[0].2, 20, "main ran before and behind all of them");
    }
}
