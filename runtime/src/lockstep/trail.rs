//! The way from the last place where all of memory was compared: the state there, and the blocks that ran since.
//!
//! From it, the state in front of any of these blocks can be had again, by running the interpreter from the start.

use crate::environment::Environment;
use crate::interp::interpret_one;
use crate::memory::SetupError;
use crate::state::Core;

/// A state, and the blocks that the interpreter ran from there.
#[derive(Debug)]
pub(super) struct Trail {
    start: Core,
    /// The blocks, by the address of their heads.
    heads: Vec<u64>,
}

impl Trail {
    /// Starts where this guest is.
    pub(super) fn new(core: &Core) -> Result<Trail, SetupError> {
        Ok(Trail {
            start: core.fork()?,
            heads: Vec::new(),
        })
    }

    /// Starts anew where this guest is.
    pub(super) fn restart(&mut self, core: &Core) {
        self.start.copy_from(core);
        self.heads.clear();
    }

    /// Another block ran.
    pub(super) fn push(&mut self, head: u64) {
        self.heads.push(head);
    }

    /// The heads of the blocks, in order.
    pub(super) fn heads(&self) -> &[u64] {
        &self.heads
    }

    /// The state at the start.
    pub(super) fn start(&self) -> &Core {
        &self.start
    }

    /// The state in front of the block with this number.
    pub(super) fn before(&self, number: usize, env: &Environment<'_>) -> Result<Core, SetupError> {
        let mut core = self.start.fork()?;
        for _ in 0..number {
            // What it comes to is known: it ran before.
            let _ = interpret_one(&mut core, env);
        }
        Ok(core)
    }
}
