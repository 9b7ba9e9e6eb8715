//! Records which code of a guest runs, trace by trace: how often each trace ran, and a tree of calls.
//!
//! CKB-VM charges cycles by traces, and the interpreter tells of each one. So the sums here are exact. Who called whom
//! follows from how traces end. An instruction that writes the address behind it to a register is a call; a jump to
//! such an address is the return, whichever register it uses. A jump behind a call that has returned already, in a
//! function that is among the callers, is a `longjmp`: it ends all calls in between. What else leaves a function is
//! taken for a tail call. On another stack the guest may return to addresses that nobody is expected to; then the calls
//! go on from where they are.

use std::collections::{HashMap, HashSet};

use lockstep_translator::{CodeRegion, End, GuestBlock, guest_block};

use super::names::Names;

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
    /// Guest address of the block that called it.
    pub(super) call_site: u64,
    pub(super) depth: usize,
    pub(super) calls: u64,
    /// Cycles in the function itself.
    pub(super) cycles: u64,
}

/// A trace: what is known of it, and how often it ran.
pub(super) struct Trace {
    /// None where the code is not that of the ELF.
    pub(super) block: Option<GuestBlock>,
    pub(super) function: usize,
    pub(super) runs: u64,
    pub(super) cycles: u64,
}

/// How a trace ended.
#[derive(Clone, Copy)]
struct Ended {
    head: u64,
    end: End,
    /// The address behind it.
    behind: u64,
}

impl Ended {
    /// Where nobody knows the code, it may have gone anywhere.
    fn new(head: u64, block: Option<&GuestBlock>) -> Ended {
        let (end, behind) = match block {
            Some(block) => (block.end, block.behind()),
            None => (End::IndirectJump, 0),
        };
        Ended { head, end, behind }
    }
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
pub(super) struct Recorder<'a> {
    regions: Vec<CodeRegion<'a>>,
    names: Names,
    pub(super) traces: HashMap<u64, Trace>,
    pub(super) nodes: Vec<Node>,
    /// From a node, a call site and a function to the node for that.
    children: HashMap<(usize, u64, usize), usize>,
    calls: Vec<Call>,
    /// Addresses behind calls that were made.
    return_points: HashSet<u64>,
    /// How often each function was called or jumped to, by number.
    pub(super) entered: HashMap<usize, u64>,
    /// The node that runs.
    current: usize,
    /// How many calls inside the current node have none of their own.
    hidden: usize,
    /// How the trace ended that ran last.
    last: Option<Ended>,
}

impl<'a> Recorder<'a> {
    pub(super) fn new(regions: Vec<CodeRegion<'a>>, names: Names) -> Recorder<'a> {
        Recorder {
            regions,
            names,
            traces: HashMap::new(),
            nodes: Vec::new(),
            children: HashMap::new(),
            calls: Vec::new(),
            return_points: HashSet::new(),
            entered: HashMap::new(),
            current: 0,
            hidden: 0,
            last: None,
        }
    }

    /// A trace runs, and this is charged for it.
    pub(super) fn record(&mut self, head: u64, cycles: u64) {
        if !self.traces.contains_key(&head) {
            let trace = self.discover(head);
            self.traces.insert(head, trace);
        }
        let Some(trace) = self.traces.get_mut(&head) else {
            return;
        };
        trace.runs += 1;
        trace.cycles += cycles;
        let function = trace.function;
        let ended = Ended::new(head, trace.block.as_ref());
        match self.last.replace(ended) {
            None => self.enter(None, 0, function),
            Some(last) => self.follow(last, head, function),
        }
        self.nodes[self.current].cycles += cycles;
    }

    fn discover(&mut self, head: u64) -> Trace {
        let region = self.regions.iter().find(|region| region.may_start(head));
        Trace {
            block: region.and_then(|region| guest_block(region, head)),
            function: self.names.function_at(head),
            runs: 0,
            cycles: 0,
        }
    }

    /// From the end of one trace to the next one.
    fn follow(&mut self, last: Ended, head: u64, function: usize) {
        let Ended {
            head: site,
            end,
            behind,
        } = last;
        match end {
            End::Call(_) | End::IndirectCall => self.call(site, behind, function),
            End::HostCall | End::Breakpoint | End::Next if head == behind => {
                self.move_to(site, function);
            }
            End::IndirectJump | End::HostCall | End::Breakpoint => {
                if !self.return_to(head) && !self.unwind_to(head, function) {
                    self.move_to(site, function);
                }
            }
            _ => self.move_to(site, function),
        }
    }

    fn call(&mut self, site: u64, returns_to: u64, function: usize) {
        let (caller, hidden) = (self.current, self.hidden);
        self.return_points.insert(returns_to);
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
    fn return_to(&mut self, head: u64) -> bool {
        let calls = self.calls.iter().rev().take(LOOKED_THROUGH);
        let Some(inner) = calls.map(|call| call.returns_to).position(|to| to == head) else {
            return false;
        };
        self.end_calls(self.calls.len() - 1 - inner);
        true
    }

    /// Ends the calls up to the innermost one that this function made, if the address is behind a call: `longjmp`
    /// comes back behind the call of `setjmp`, which has returned before.
    fn unwind_to(&mut self, head: u64, function: usize) -> bool {
        let is_here = self.hidden == 0 && self.nodes[self.current].function == function;
        if is_here || !self.return_points.contains(&head) {
            return false;
        }
        let calls = self.calls.iter().rev().take(LOOKED_THROUGH);
        let mut callers = calls.map(|call| self.nodes[call.caller].function);
        let Some(inner) = callers.position(|caller| caller == function) else {
            return false;
        };
        self.end_calls(self.calls.len() - 1 - inner);
        true
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
        *self.entered.entry(function).or_default() += 1;
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let key = (parent.unwrap_or(usize::MAX), call_site, function);
        let known = self.children.get(&key).copied();
        let full = self.nodes.len() >= TREE_NODES || depth >= TREE_DEPTH || self.hidden > 0;
        let number = match (known, parent) {
            (Some(number), _) if self.hidden == 0 => number,
            (_, Some(_)) if full => {
                self.hidden += 1;
                return;
            }
            _ => {
                let number = self.nodes.len();
                self.children.insert(key, number);
                self.nodes.push(Node {
                    parent,
                    function,
                    call_site,
                    depth,
                    calls: 0,
                    cycles: 0,
                });
                number
            }
        };
        self.nodes[number].calls += 1;
        self.current = number;
    }

    /// The address of the instruction that ends the block with this head.
    pub(super) fn call_instruction(&self, head: u64) -> u64 {
        let trace = self.traces.get(&head);
        let last = trace.and_then(|trace| trace.block.as_ref()?.places().last());
        last.map_or(head, |(pc, _)| pc)
    }

    /// The names, when the run is over.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_isa::{Profile, Version};

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
        let mut recorder = Recorder::new(vec![region], names);
        for &trace in traces {
            recorder.record(BASE + trace, 10);
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
