//! Where control goes: entries, edges inside the unit, and ways out.
//!
//! How it goes to other units is in [`super::transfer`]. Ways out share one block that writes pc and
//! budget back and returns the exit word.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, BlockCall, InstBuilder, JumpTableData, Value,
    types::{I32, I64},
};
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::exit::{self, Exit};
use lockstep_isa::Reg;

use super::{Flow, Lifter, Word, mapped, register_offset, registers_in};
use crate::units::{Chain, Unit};

/// Entries that are compared one after the other; with more, a table is used.
const COMPARED: usize = 4;
/// Rows of a jump table for each of its targets, at most.
const ROWS: usize = 4;
/// Addresses that fit a word together with the exit.
const PACKED: u64 = 1 << (32 - exit::BITS);

impl Lifter<'_, '_> {
    /// The function's start: finds the entry that was asked for, loads what it needs.
    pub(super) fn enter(
        &mut self,
        unit: &Unit<'_>,
        blocks: &[ir::Block],
        pc: Value,
        budget: Value,
        entry: Value,
    ) {
        let ways_in = unit.ways_in();
        let stubs: Vec<ir::Block> = (ways_in.iter())
            .map(|_| self.builder.create_block())
            .collect();
        self.budget = budget;
        self.find_entry(&stubs, entry, pc);
        for (chain, stub) in ways_in.into_iter().zip(stubs) {
            self.builder.switch_to_block(stub);
            self.builder.seal_block(stub);
            self.enter_chain(&unit.chains[chain], pc, budget);
            self.builder.ins().jump(blocks[chain], &[]);
        }
    }

    /// Goes to the stub of an entry by its number.
    fn find_entry(&mut self, stubs: &[ir::Block], entry: Value, pc: Value) {
        let compared = match stubs.len() {
            0..=COMPARED => stubs.len(),
            // The first is where the unit is called.
            _ => 1,
        };
        for (number, &stub) in stubs[..compared].iter().enumerate() {
            self.go_if_at(entry, number as u64, stub);
        }
        let unknown = self.builder.create_block();
        if compared < stubs.len() {
            let number = self.builder.ins().ireduce(I32, entry);
            self.jump_by_table(number, stubs, unknown);
        } else {
            self.builder.ins().jump(unknown, &[]);
        }
        // Rows of the table have no other numbers.
        self.switch_to_cold(unknown);
        self.leave(Word::Value(pc), Exit::Lookup);
    }

    fn go_if_at(&mut self, pc: Value, head: u64, target: ir::Block) {
        let next = self.builder.create_block();
        self.fork_at(pc, head, target, next);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    fn fork_at(&mut self, pc: Value, head: u64, target: ir::Block, otherwise: ir::Block) {
        let head = self.number(head);
        let here = self.builder.ins().icmp(IntCC::Equal, pc, head);
        (self.builder.ins()).brif(here, target, &[], otherwise, &[]);
    }

    /// Loads the registers a chain needs and checks the budget if the chain does not.
    fn enter_chain(&mut self, chain: &Chain<'_>, pc: Value, budget: Value) {
        self.budget = budget;
        (self.written, self.dirty) = (0, 0);
        if !chain.check {
            let pc = chain.head().map_or(Word::Value(pc), Word::Known);
            self.check_budget(pc, chain.worst);
        }
        self.builder.def_var(self.budget_variable, budget);
        if chain.head().is_none() {
            self.builder.def_var(self.target_variable, pc);
        }
        for reg in registers_in(chain.live & !self.memory_resident) {
            let offset = register_offset(reg);
            let value = (self.builder.ins()).load(I64, mapped(), self.context, offset);
            self.builder.def_var(self.registers[reg.index()], value);
        }
    }

    /// Ends a chain whose last instruction is before `end` as that one asked.
    pub(super) fn terminate(
        &mut self,
        unit: &Unit<'_>,
        blocks: &[ir::Block],
        chain: &Chain<'_>,
        end: u64,
    ) {
        let inside = |target: u64| {
            let number = unit.heads.get(&target)?;
            chain.successors.contains(number).then(|| blocks[*number])
        };
        match self.flow {
            Flow::Next => self.go(end, inside(end)),
            Flow::Static(target) => self.go(target, inside(target)),
            Flow::Branch { holds, taken } => {
                self.fork(holds, (taken, inside(taken)), (end, inside(end)))
            }
            Flow::Dynamic(target) => match chain.dispatch {
                Some(dispatch) => {
                    self.commit();
                    self.builder.def_var(self.target_variable, target);
                    self.builder.ins().jump(blocks[dispatch], &[]);
                }
                None => {
                    if chain.returns {
                        self.return_inside(unit, blocks, target);
                    }
                    self.flush();
                    self.transfer(target);
                }
            },
            Flow::Ecall => self.call_host(end, Exit::Ecall),
            Flow::Ebreak => self.call_host(end, Exit::Ebreak),
        }
    }

    fn call_host(&mut self, pc: u64, exit: Exit) {
        self.flush();
        self.leave(Word::Known(pc), exit);
    }

    /// Goes to a known address: inside the unit where there is a block for it.
    fn go(&mut self, target: u64, inside: Option<ir::Block>) {
        match inside {
            Some(block) => {
                self.commit();
                self.builder.ins().jump(block, &[]);
            }
            None => {
                self.flush();
                self.transfer_to(target);
            }
        }
    }

    /// Goes to one of two known addresses.
    fn fork(
        &mut self,
        holds: Value,
        taken: (u64, Option<ir::Block>),
        otherwise: (u64, Option<ir::Block>),
    ) {
        if taken.1.is_some() || otherwise.1.is_some() {
            self.commit();
        }
        let mut outside = Vec::new();
        let mut block_of = |lifter: &mut Self, (target, inside): (u64, Option<ir::Block>)| {
            inside.unwrap_or_else(|| {
                let block = lifter.builder.create_block();
                outside.push((target, block));
                block
            })
        };
        let then = block_of(self, taken);
        let next = block_of(self, otherwise);
        self.builder.ins().brif(holds, then, &[], next, &[]);
        for (target, block) in outside {
            self.builder.switch_to_block(block);
            self.builder.seal_block(block);
            self.flush();
            self.transfer_to(target);
        }
    }

    /// Goes on inside the unit where a return comes back to one of its calls of itself.
    fn return_inside(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], target: Value) {
        if unit.returns.is_empty() {
            return;
        }
        self.commit();
        for (&head, &number) in &unit.returns {
            self.go_if_at(target, head, blocks[number]);
        }
    }

    /// The unit's dispatch: goes where an indirect jump wanted to, to a block of the unit if one is
    /// known there. Its check stands for those of its targets.
    pub(super) fn dispatch(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], chain: &Chain<'_>) {
        let target = self.builder.use_var(self.target_variable);
        if chain.check {
            self.check_budget(Word::Value(target), chain.worst);
        }
        let targets: Vec<(u64, ir::Block)> = (unit.switch.iter())
            .map(|(&head, &number)| (head, blocks[number]))
            .collect();
        let elsewhere = self.builder.create_block();
        self.switch(target, &targets, elsewhere);
        self.builder.switch_to_block(elsewhere);
        self.builder.seal_block(elsewhere);
        self.flush();
        self.transfer(target);
    }

    /// A jump table over addresses in ascending order, with a row for so many of them that rows are not
    /// many more than targets: what the compiler does for a row is work. What stands in one row is
    /// compared. `otherwise` is left unsealed.
    fn switch(&mut self, pc: Value, targets: &[(u64, ir::Block)], otherwise: ir::Block) {
        let (Some(&(first, _)), Some(&(last, _))) = (targets.first(), targets.last()) else {
            self.builder.ins().jump(otherwise, &[]);
            return;
        };
        let most = (targets.len() * ROWS) as u64;
        let shift = (1..u64::BITS).find(|shift| (last - first) >> shift < most);
        let shift = u64::from(shift.unwrap_or_default());
        let row_of = |head: u64| (head - first) >> shift;
        let mut rows = vec![otherwise; row_of(last) as usize + 1];
        for &(head, _) in targets {
            let row = &mut rows[row_of(head) as usize];
            if *row == otherwise {
                *row = self.builder.create_block();
            }
        }
        let lowest = self.number(first);
        let distance = self.builder.ins().isub(pc, lowest);
        let shift = self.number(shift);
        let row = self.builder.ins().ushr(distance, shift);
        // A place beyond 32 bits falls on some row, and is not what is looked for there.
        let row = self.builder.ins().ireduce(I32, row);
        self.jump_by_table(row, &rows, otherwise);
        for targets in targets.chunk_by(|&(a, _), &(b, _)| row_of(a) == row_of(b)) {
            let [before @ .., (last, target)] = targets else {
                continue;
            };
            let block = rows[row_of(*last) as usize];
            self.builder.switch_to_block(block);
            self.builder.seal_block(block);
            for &(head, target) in before {
                self.go_if_at(pc, head, target);
            }
            self.fork_at(pc, *last, *target, otherwise);
        }
    }

    /// Jumps to the block of a row, or elsewhere if there are not so many.
    fn jump_by_table(&mut self, row: Value, rows: &[ir::Block], otherwise: ir::Block) {
        let pool = &mut self.builder.func.dfg.value_lists;
        let mut call =
            |block: &ir::Block| BlockCall::new(*block, std::iter::empty::<BlockArg>(), pool);
        let rows: Vec<BlockCall> = rows.iter().map(&mut call).collect();
        let data = JumpTableData::new(call(&otherwise), &rows);
        let table = self.builder.create_jump_table(data);
        self.builder.ins().br_table(row, table);
    }

    /// Makes the chain's writes visible to its successors inside the unit.
    fn commit(&mut self) {
        self.builder.def_var(self.budget_variable, self.budget);
        self.store(self.written & self.memory_resident);
        self.written &= !self.memory_resident;
        for reg in registers_in(self.written) {
            let word = self.read(reg);
            let value = self.value(word);
            self.local[reg.index()] = Some(Word::Value(value));
            self.builder.def_var(self.registers[reg.index()], value);
        }
        if self.settles {
            self.flush();
            (self.dirty, self.written) = (0, 0);
        }
    }

    /// Writes all registers that may differ from the context's.
    pub(super) fn flush(&mut self) {
        self.store(self.dirty | self.written);
    }

    /// Writes some registers to the context.
    fn store(&mut self, registers: u32) {
        for reg in registers_in(registers) {
            // What the chain did not touch is read where it is needed, which may be a cold block:
            // it must not be remembered for blocks that this one does not dominate.
            let known = self.local[reg.index()];
            let word = self.read(reg);
            let value = self.value(word);
            self.local[reg.index()] = known;
            let offset = register_offset(reg);
            (self.builder.ins()).store(mapped(), value, self.context, offset);
        }
    }

    /// Branches to a cold block of several predecessors, which is emitted and sealed later.
    pub(super) fn exit_if(&mut self, condition: Value, exit: ir::Block) {
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, exit, &[], next, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// Fills a cold block to which all branches are there, and comes back. Nothing stands yet where
    /// it comes back to.
    pub(super) fn emit_cold(&mut self, block: ir::Block, body: impl FnOnce(&mut Self)) {
        let Some(here) = self.builder.current_block() else {
            return;
        };
        self.switch_to_cold(block);
        body(self);
        self.builder.switch_to_block(here);
    }

    /// Goes on in a cold block to which all branches are there.
    fn switch_to_cold(&mut self, block: ir::Block) {
        self.builder.seal_block(block);
        self.builder.set_cold_block(block);
        self.builder.switch_to_block(block);
    }

    /// The way out to the interpreter at this instruction.
    pub(super) fn emit_side_exit(&mut self, exit: ir::Block) {
        let place = self.place;
        self.emit_cold(exit, |lifter| {
            lifter.flush();
            let budget = lifter.refunded(place.refund);
            let charged = std::mem::replace(&mut lifter.budget, budget);
            let entries = place.entries;
            lifter.leave(Word::Known(place.pc), Exit::Side { entries });
            lifter.budget = charged;
        });
    }

    /// Leaves with this pc; registers are in the context already.
    pub(super) fn leave(&mut self, pc: Word, exit: Exit) {
        let word = exit.encode();
        match pc {
            // One constant instead of two, at each of very many places.
            Word::Known(pc) if pc < PACKED => {
                let packed = self.number(pc << exit::BITS | word);
                let args = [packed, self.budget].map(BlockArg::Value);
                self.builder.ins().jump(self.leave_packed, &args);
            }
            pc => {
                let pc = self.value(pc);
                let word = self.number(word);
                let args = [pc, self.budget, word].map(BlockArg::Value);
                self.builder.ins().jump(self.leave, &args);
            }
        }
    }

    /// The blocks behind all ways out.
    pub(super) fn emit_ways_out(&mut self) {
        self.emit_onward();
        let [packed, budget] = self.begin_shared(self.leave_packed);
        self.builder.set_cold_block(self.leave_packed);
        let bits = self.number(u64::from(exit::BITS));
        let pc = self.builder.ins().ushr(packed, bits);
        let mask = self.number((1 << exit::BITS) - 1);
        let word = self.builder.ins().band(packed, mask);
        let args = [pc, budget, word].map(BlockArg::Value);
        self.builder.ins().jump(self.leave, &args);

        let [pc, budget, word] = self.begin_shared(self.leave);
        self.builder.set_cold_block(self.leave);
        let (context, flags) = (self.context, mapped());
        (self.builder.ins()).store(flags, pc, context, displacement(offset::PC));
        (self.builder.ins()).store(flags, budget, context, displacement(offset::BUDGET));
        self.builder.ins().return_(&[word]);
    }

    /// Starts a block that many others lead to, with so many parameters.
    pub(super) fn begin_shared<const N: usize>(&mut self, block: ir::Block) -> [Value; N] {
        let params = [(); N].map(|()| self.builder.append_block_param(block, I64));
        self.builder.switch_to_block(block);
        params
    }
}

/// `x0` is never written, so it is never stored.
const _: () = assert!(Reg::ZERO.index() == 0);
