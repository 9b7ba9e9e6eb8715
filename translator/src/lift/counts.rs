//! Code that counts, for a profile: a counter for each block, and a record of each move from function to function.
//!
//! Calls and returns are moves wherever they go, and so is any other way out of a function. A jump through a register
//! stays unrecorded where it stays inside its function, unless the register is one that calls write: then it may be the
//! return of a recursive call.
//!
//! Nothing here changes what the guest does. Only modules for a profile have such code.

use std::ops::Range;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self, InstBuilder, Value, types::I64};
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::counting::{self, MOVE_BYTES};
use lockstep_contract::exit::Exit;
use lockstep_isa::Reg;

use super::lifter::{Lifter, Terminator, mapped};
use super::word::Word;
use crate::abstract_interpreter::{AbstractInterpreter, Flow};
use crate::block::Block;
use crate::units::Chain;

/// The registers that calls write by the calling convention, and that returns jump to.
const LINKS: [Reg; 2] = [Reg::RA, Reg::new(5)];

/// The end of a block from which control may move.
#[derive(Clone, Debug)]
struct Site {
    /// Address of its last instruction.
    pc: u64,
    /// Its function.
    function: Range<u64>,
    /// It is a call, or it may be a return: wherever it goes, control moves.
    always: bool,
    /// Cycles that were charged for later blocks of the chain.
    refund: u64,
}

impl Site {
    fn moves_to(&self, target: u64) -> bool {
        self.always || !self.function.contains(&target)
    }
}

impl Lifter<'_, '_> {
    /// Adds one to the counter of a block that begins.
    pub(super) fn count_block(&mut self, head: u64) {
        if self.counting.is_none() {
            return;
        }
        let counters = self.counting_word(offset::COUNTERS);
        // A region has at most 4 MiB of code.
        let at = (counting::counter(head - self.base) * size_of::<u64>()) as i32;
        let count = (self.builder.ins()).load(I64, mapped(), counters, at);
        let one = self.number(1);
        let count = self.builder.ins().iadd(count, one);
        self.builder.ins().store(mapped(), count, counters, at);
    }

    /// Records the move at the end of a block that is not the last one of its chain. `next` is the head of the block behind
    /// it.
    pub(super) fn count_move_inside(&mut self, block: &Block, next: u64, refund: u64) {
        if let Some(site) = self.site(block, refund)
            && site.moves_to(next)
        {
            self.record_move(&site, Word::Known(next));
        }
    }

    /// Records the move at the end of a chain. `end` is the address behind its last instruction.
    pub(super) fn count_move_at_end(&mut self, chain: &Chain<'_>, end: u64) {
        let Some(site) = (chain.blocks.last()).and_then(|block| self.site(block, 0)) else {
            return;
        };
        let target = match (chain.goes_on, self.terminator) {
            (Some(target), _) | (None, Terminator::Static(target)) => target,
            (None, Terminator::Next) => end,
            (None, Terminator::Dynamic(target)) => return self.count_dynamic_move(&site, target),
            // A branch records on each of its ways.
            (None, Terminator::Branch { .. } | Terminator::Ecall | Terminator::Ebreak) => return,
        };
        if site.moves_to(target) {
            self.record_move(&site, Word::Known(target));
        }
    }

    /// Records the move of a branch on each of its ways that leaves the function. Few branches have one, so comparing twice
    /// costs nothing.
    pub(super) fn count_branch_moves(&mut self, chain: &Chain<'_>, holds: Value, ways: [u64; 2]) {
        let Some(site) = (chain.blocks.last()).and_then(|block| self.site(block, 0)) else {
            return;
        };
        let [taken, otherwise] = ways;
        for (target, is_taken) in [(taken, true), (otherwise, false)] {
            if site.moves_to(target) {
                let (moves, on) = (self.builder.create_block(), self.builder.create_block());
                let (then, next) = if is_taken { (moves, on) } else { (on, moves) };
                self.builder.ins().brif(holds, then, &[], next, &[]);
                self.record_aside(&site, Word::Known(target), moves, on);
            }
        }
    }

    /// The end of a block, if code is to count.
    fn site(&self, block: &Block, refund: u64) -> Option<Site> {
        let counting = self.counting?;
        let last = block.instructions.last()?;
        let pc = block.head + block.len - u64::from(last.len);
        // By itself, because what happened before it in the block is not known to whoever reads the record.
        let mut analysis = AbstractInterpreter::new(self.xlen);
        analysis.step(last, pc);
        let returns = analysis.flow == Flow::Dynamic && LINKS.contains(&last.rs1);
        Some(Site {
            pc,
            function: counting.function(pc),
            always: analysis.links || returns,
            refund,
        })
    }

    /// Records a move to an address that is known at run time, if it is one.
    fn count_dynamic_move(&mut self, site: &Site, target: Value) {
        if site.always {
            return self.record_move(site, Word::Value(target));
        }
        let (moves, stays) = (self.builder.create_block(), self.builder.create_block());
        let start = self.number(site.function.start);
        let distance = self.builder.ins().isub(target, start);
        let len = self.number(site.function.end - site.function.start);
        let inside = (self.builder.ins()).icmp(IntCC::UnsignedLessThan, distance, len);
        self.builder.ins().brif(inside, stays, &[], moves, &[]);
        self.record_aside(site, Word::Value(target), moves, stays);
    }

    /// Records a move in the block `moves`, and goes on in the block `on`.
    fn record_aside(&mut self, site: &Site, target: Word, moves: ir::Block, on: ir::Block) {
        self.builder.switch_to_block(moves);
        self.builder.seal_block(moves);
        self.record_move(site, target);
        self.builder.ins().jump(on, &[]);
        self.builder.switch_to_block(on);
        self.builder.seal_block(on);
    }

    /// Records a move. If there is no room for another one behind it, the host gets control.
    fn record_move(&mut self, site: &Site, target: Word) {
        let at = self.counting_word(offset::MOVES);
        let (pc, to) = (self.number(site.pc), self.value(target));
        let budget = self.refunded(site.refund);
        for (value, offset) in [
            (pc, counting::offset::SITE),
            (to, counting::offset::TARGET),
            (budget, counting::offset::BUDGET),
        ] {
            (self.builder.ins()).store(mapped(), value, at, offset as i32);
        }
        let bytes = self.number(MOVE_BYTES as u64);
        let next = self.builder.ins().iadd(at, bytes);
        let (context, moves) = (self.context, displacement(offset::MOVES));
        (self.builder.ins()).store(mapped(), next, context, moves);
        let end = self.counting_word(offset::MOVES_END);
        let full = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThanOrEqual, next, end);
        let exit = self.builder.create_block();
        self.exit_if(full, exit);
        let refund = site.refund;
        self.emit_cold(exit, |lifter| {
            lifter.exit_uncharged(target, refund, Exit::Lookup);
        });
    }

    fn counting_word(&mut self, offset: usize) -> Value {
        let context = self.context;
        (self.builder.ins()).load(I64, mapped(), context, displacement(offset))
    }
}
