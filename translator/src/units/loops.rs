//! Finds the chains of a unit that are in a loop.
//!
//! A loop here is a strongly connected component of the graph, so irreducible loops count too. Tarjan's
//! algorithm finds them. It is written without recursion, because the guest's code decides how deep the
//! graph is. The nesting of loops is not computed: writing registers back in front of inner loops was
//! measured to cost more than it gains.

use super::chain::Chain;
use super::unit::Unit;

/// The index of a chain that was not visited yet.
const UNVISITED: usize = usize::MAX;

/// For each chain, whether control may come back to it without leaving the unit.
pub(super) fn repeated(chains: &[Chain<'_>]) -> Vec<bool> {
    let successors: Vec<&[usize]> = (chains.iter())
        .map(|chain| chain.successors.as_slice())
        .collect();
    repeated_by(&successors)
}

/// The same of a unit whose calls come back: a loop may leave the unit for a function that it calls.
pub(super) fn repeated_with_calls(unit: &Unit<'_>) -> Vec<bool> {
    let chains = unit.chains.iter().map(|chain| {
        let call = chain.blocks.last();
        let back = call.and_then(|call| call.return_point());
        let back = back.and_then(|head| unit.heads.get(&head));
        let next = chain.successors.iter().chain(back);
        next.copied().collect::<Vec<usize>>()
    });
    repeated_by(&chains.collect::<Vec<_>>())
}

/// For each node of a graph, whether a way leads from it to itself.
fn repeated_by<N: AsRef<[usize]>>(successors: &[N]) -> Vec<bool> {
    let mut walk = Walk {
        successors,
        index: vec![UNVISITED; successors.len()],
        low: vec![0; successors.len()],
        open: vec![false; successors.len()],
        stack: Vec::new(),
        next: 0,
        repeated: vec![false; successors.len()],
    };
    for root in 0..successors.len() {
        if walk.index[root] == UNVISITED {
            walk.visit(root);
        }
    }
    walk.repeated
}

/// The state of Tarjan's algorithm, under its usual names.
struct Walk<'a, N> {
    /// For each chain, those that may follow it.
    successors: &'a [N],
    index: Vec<usize>,
    low: Vec<usize>,
    /// Whether a chain is on the stack.
    open: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    repeated: Vec<bool>,
}

impl<N: AsRef<[usize]>> Walk<'_, N> {
    /// Numbers a chain and puts it on the stack.
    fn begin(&mut self, chain: usize) -> (usize, usize) {
        (self.index[chain], self.low[chain]) = (self.next, self.next);
        self.next += 1;
        self.open[chain] = true;
        self.stack.push(chain);
        (chain, 0)
    }

    /// Visits all chains that can be reached from `root`.
    fn visit(&mut self, root: usize) {
        let mut path = vec![self.begin(root)];
        while let Some((chain, tried)) = path.last_mut() {
            let chain = *chain;
            if let Some(&next) = self.successors[chain].as_ref().get(*tried) {
                *tried += 1;
                if self.index[next] == UNVISITED {
                    path.push(self.begin(next));
                } else if self.open[next] {
                    self.low[chain] = self.low[chain].min(self.index[next]);
                }
                continue;
            }
            path.pop();
            if let Some(&(before, _)) = path.last() {
                self.low[before] = self.low[before].min(self.low[chain]);
            }
            if self.low[chain] == self.index[chain] {
                self.close(chain);
            }
        }
    }

    /// Takes a finished component off the stack. `chain` is its first member.
    fn close(&mut self, chain: usize) {
        let first = (self.stack.iter()).rposition(|&member| member == chain);
        let several = first.is_some_and(|first| self.stack.len() - first > 1);
        let itself = self.successors[chain].as_ref().contains(&chain);
        for member in self.stack.drain(first.unwrap_or(0)..) {
            self.open[member] = false;
            self.repeated[member] = several || itself;
        }
    }
}
