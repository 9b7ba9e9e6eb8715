//! Which chains of a unit are in a loop.
//!
//! A loop here is what control can come back to: a strongly connected part of the graph, found by
//! Tarjan's algorithm, so that irreducible loops count too. No recursion: the graphs are the guest's.
//! How deep loops are nested is not told: settling in front of inner loops was measured to cost more
//! than it gives.

use super::Chain;

/// A chain that was not seen yet.
const NEW: usize = usize::MAX;

/// For each chain, whether control may come back to it without leaving the unit.
pub(super) fn repeated(chains: &[Chain<'_>]) -> Vec<bool> {
    let mut walk = Walk {
        chains,
        index: vec![NEW; chains.len()],
        low: vec![0; chains.len()],
        open: vec![false; chains.len()],
        stack: Vec::new(),
        next: 0,
        repeated: vec![false; chains.len()],
    };
    for root in 0..chains.len() {
        if walk.index[root] == NEW {
            walk.visit(root);
        }
    }
    walk.repeated
}

/// Tarjan's algorithm in progress.
struct Walk<'a, 'b> {
    chains: &'a [Chain<'b>],
    index: Vec<usize>,
    low: Vec<usize>,
    open: Vec<bool>,
    stack: Vec<usize>,
    next: usize,
    repeated: Vec<bool>,
}

impl Walk<'_, '_> {
    fn begin(&mut self, chain: usize) -> (usize, usize) {
        (self.index[chain], self.low[chain]) = (self.next, self.next);
        self.next += 1;
        self.open[chain] = true;
        self.stack.push(chain);
        (chain, 0)
    }

    fn visit(&mut self, root: usize) {
        let mut path = vec![self.begin(root)];
        while let Some((chain, tried)) = path.last_mut() {
            let chain = *chain;
            if let Some(&next) = self.chains[chain].successors.get(*tried) {
                *tried += 1;
                if self.index[next] == NEW {
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

    /// Takes the component of a chain that reaches none before it off the stack.
    fn close(&mut self, chain: usize) {
        let first = (self.stack.iter()).rposition(|&member| member == chain);
        let several = first.is_some_and(|first| self.stack.len() - first > 1);
        let itself = self.chains[chain].successors.contains(&chain);
        for member in self.stack.drain(first.unwrap_or(0)..) {
            self.open[member] = false;
            self.repeated[member] = several || itself;
        }
    }
}
