//! Exits: how a unit returns to the host.
//!
//! An exit writes the dirty registers back to the context and returns an exit word that gives the reason.
//! All exits of a unit share the blocks that store pc and budget and return. A side exit is one in the middle
//! of a block: it also says how many instructions of the block are left, and the interpreter runs those.
//! Going on in another unit is not an exit: that is in `transfer`.

use cranelift_codegen::ir::{self, BlockArg, InstBuilder, Value, types::I64};
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::exit::{self, Exit};
use lockstep_isa::Reg;

use super::lifter::{Lifter, mapped, register_offset, registers_in};
use super::word::Word;

/// A pc below this fits into 32 bits together with an exit word.
const PACKED_PC_END: u64 = 1 << (32 - exit::BITS);

impl Lifter<'_, '_> {
    /// Writes all dirty registers back to the context.
    pub(super) fn write_back(&mut self) {
        self.store_registers(self.dirty | self.written);
    }

    /// Stores the registers in a mask to the context.
    pub(super) fn store_registers(&mut self, registers: u32) {
        for reg in registers_in(registers) {
            // A register that the chain did not touch is read here, and here may be a cold block. The value
            // must not be remembered for blocks that this one does not dominate.
            let known = self.local[reg.index()];
            let word = self.read(reg);
            let value = self.value(word);
            self.local[reg.index()] = known;
            let offset = register_offset(reg);
            (self.builder.ins()).store(mapped(), value, self.context, offset);
        }
    }

    /// The budget after giving back the charge for blocks that have not begun.
    pub(super) fn refunded(&mut self, cycles: u64) -> Value {
        if cycles == 0 {
            return self.budget;
        }
        let cycles = self.number(cycles);
        self.builder.ins().iadd(self.budget, cycles)
    }

    /// Branches to the block `exit` if the condition holds. The block may have several predecessors; it is
    /// filled and sealed later.
    pub(super) fn exit_if(&mut self, condition: Value, exit: ir::Block) {
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, exit, &[], next, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// Fills a cold block to which all branches are emitted, then goes on where it was.
    pub(super) fn emit_cold(&mut self, block: ir::Block, body: impl FnOnce(&mut Self)) {
        let Some(here) = self.builder.current_block() else {
            return;
        };
        self.switch_to_cold(block);
        body(self);
        self.builder.switch_to_block(here);
    }

    /// Goes on in a cold block to which all branches are emitted.
    pub(super) fn switch_to_cold(&mut self, block: ir::Block) {
        self.builder.seal_block(block);
        self.builder.set_cold_block(block);
        self.builder.switch_to_block(block);
    }

    /// Fills the block of the side exit at this instruction: the interpreter goes on from here.
    pub(super) fn emit_side_exit(&mut self, exit: ir::Block) {
        let position = self.position;
        self.emit_cold(exit, |lifter| {
            let entries = position.instructions_left;
            lifter.exit_uncharged(
                Word::Known(position.pc),
                position.refund,
                Exit::Side { entries },
            );
        });
    }

    /// Writes the registers back and exits with this pc, with so many cycles given back.
    pub(super) fn exit_uncharged(&mut self, pc: Word, cycles: u64, exit: Exit) {
        self.write_back();
        let budget = self.refunded(cycles);
        let charged = std::mem::replace(&mut self.budget, budget);
        self.exit(pc, exit);
        self.budget = charged;
    }

    /// Exits with this pc. The registers were written back before.
    pub(super) fn exit(&mut self, pc: Word, exit: Exit) {
        let word = exit.encode();
        match pc {
            // Units have very many exits; this takes one constant at each of them instead of two.
            Word::Known(pc) if pc < PACKED_PC_END => {
                let packed = self.number(pc << exit::BITS | word);
                let args = [packed, self.budget].map(BlockArg::Value);
                self.builder.ins().jump(self.packed_exit_block, &args);
            }
            pc => {
                let pc = self.value(pc);
                let word = self.number(word);
                let args = [pc, self.budget, word].map(BlockArg::Value);
                self.builder.ins().jump(self.exit_block, &args);
            }
        }
    }

    /// Fills the blocks that all exits share.
    pub(super) fn emit_exit_blocks(&mut self) {
        let [packed, budget] = self.start_shared_block(self.packed_exit_block);
        self.builder.set_cold_block(self.packed_exit_block);
        let bits = self.number(u64::from(exit::BITS));
        let pc = self.builder.ins().ushr(packed, bits);
        let mask = self.number((1 << exit::BITS) - 1);
        let word = self.builder.ins().band(packed, mask);
        let args = [pc, budget, word].map(BlockArg::Value);
        self.builder.ins().jump(self.exit_block, &args);

        let [pc, budget, word] = self.start_shared_block(self.exit_block);
        self.builder.set_cold_block(self.exit_block);
        let (context, flags) = (self.context, mapped());
        (self.builder.ins()).store(flags, pc, context, displacement(offset::PC));
        (self.builder.ins()).store(flags, budget, context, displacement(offset::BUDGET));
        self.builder.ins().return_(&[word]);
    }

    /// Starts a block that several others jump to, with `N` parameters.
    pub(super) fn start_shared_block<const N: usize>(&mut self, block: ir::Block) -> [Value; N] {
        let params = [(); N].map(|()| self.builder.append_block_param(block, I64));
        self.builder.switch_to_block(block);
        params
    }
}

/// Writing back stores register 0 never, because no register mask has its bit.
const _: () = assert!(Reg::ZERO.index() == 0);
