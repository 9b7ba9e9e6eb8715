//! Where control goes: entries, edges inside the unit, transfers to other units, and ways out.
//!
//! A transfer is a tail call through the module's table from guest address to code, whoever is
//! called and wherever it returns to: no host stack grows with guest calls, and no relocation is
//! left. Dirty registers are in the context by then. Ways out share one block that writes pc and
//! budget back and returns the exit word.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, BlockCall, InstBuilder, JumpTableData, Value,
    types::{I32, I64},
};
use lockstep_contract::context::offset;
use lockstep_contract::exit::Exit;
use lockstep_isa::Reg;

use super::{Flow, Lifter, Word, mapped, register_offset, registers_in, unit_signature};
use crate::region::{Chain, Unit};

/// Entries that are compared one after the other; with more, a table is used.
const COMPARED: usize = 4;

impl Lifter<'_, '_> {
    /// The function's start: finds the entry that was asked for, loads what it needs.
    pub(super) fn enter(
        &mut self,
        unit: &Unit<'_>,
        blocks: &[ir::Block],
        pc: Value,
        budget: Value,
    ) {
        let entries: Vec<(u64, usize, ir::Block)> = (unit.heads.iter())
            .filter(|&(_, &number)| unit.chains[number].entry)
            .map(|(&head, &number)| (head, number, self.builder.create_block()))
            .collect();
        self.budget = budget;
        self.dispatch(&entries, pc);
        for &(_, number, stub) in &entries {
            self.builder.switch_to_block(stub);
            self.builder.seal_block(stub);
            self.enter_chain(&unit.chains[number], budget);
            self.builder.ins().jump(blocks[number], &[]);
        }
    }

    /// Goes to the stub of the entry at `pc`.
    fn dispatch(&mut self, entries: &[(u64, usize, ir::Block)], pc: Value) {
        let Some((&(first, _, main), others)) = entries.split_first() else {
            self.leave(pc, Exit::Lookup);
            return;
        };
        if others.is_empty() {
            self.builder.ins().jump(main, &[]);
            return;
        }
        self.go_if_at(pc, first, main);
        if others.len() < COMPARED {
            for &(head, _, stub) in others {
                self.go_if_at(pc, head, stub);
            }
        } else {
            let targets: Vec<(u64, ir::Block)> =
                others.iter().map(|&(head, _, stub)| (head, stub)).collect();
            let unknown = self.builder.create_block();
            self.switch(pc, &targets, unknown);
            self.builder.switch_to_block(unknown);
            self.builder.set_cold_block(unknown);
            self.builder.seal_block(unknown);
        }
        // The table names entries only; whoever comes from elsewhere is sent back.
        self.leave(pc, Exit::Lookup);
    }

    fn go_if_at(&mut self, pc: Value, head: u64, target: ir::Block) {
        let head = self.number(head);
        let here = self.builder.ins().icmp(IntCC::Equal, pc, head);
        let next = self.builder.create_block();
        self.builder.ins().brif(here, target, &[], next, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// Loads the registers a chain needs and checks the budget if the chain does not.
    fn enter_chain(&mut self, chain: &Chain<'_>, budget: Value) {
        self.budget = budget;
        (self.written, self.dirty) = (0, 0);
        if !chain.check {
            self.check_budget(chain.head(), chain.worst);
        }
        self.builder.def_var(self.budget_variable, budget);
        if self.homed {
            return;
        }
        for reg in registers_in(chain.live) {
            let offset = register_offset(reg);
            let value = (self.builder.ins()).load(I64, mapped(), self.context, offset);
            self.builder.def_var(self.registers[reg.index()], value);
        }
    }

    /// Ends a chain as its last instruction asked.
    pub(super) fn terminate(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], number: usize) {
        let chain = &unit.chains[number];
        let end = chain.last().end();
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
            Flow::Dynamic(target) if chain.switches => {
                self.jump_inside(unit, blocks, target);
            }
            Flow::Dynamic(target) => {
                self.flush();
                self.transfer(target);
            }
            Flow::Ecall => self.call_host(end, Exit::Ecall),
            Flow::Ebreak => self.call_host(end, Exit::Ebreak),
        }
    }

    fn call_host(&mut self, pc: u64, exit: Exit) {
        self.flush();
        let pc = self.number(pc);
        self.leave(pc, exit);
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

    /// Goes where a register says: to a block of the unit if one is known there.
    fn jump_inside(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], target: Value) {
        self.commit();
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

    /// A jump table over even addresses in ascending order; `otherwise` is left unsealed.
    fn switch(&mut self, pc: Value, targets: &[(u64, ir::Block)], otherwise: ir::Block) {
        let (Some(&(first, _)), Some(&(last, _))) = (targets.first(), targets.last()) else {
            self.builder.ins().jump(otherwise, &[]);
            return;
        };
        let width = (last - first) / 2 + 1;
        let first_value = self.number(first);
        let distance = self.builder.ins().isub(pc, first_value);
        let span = self.number(width * 2);
        let near = (self.builder.ins()).icmp(IntCC::UnsignedLessThan, distance, span);
        let table = self.builder.create_block();
        self.builder.ins().brif(near, table, &[], otherwise, &[]);
        self.builder.switch_to_block(table);
        self.builder.seal_block(table);

        let pool = &mut self.builder.func.dfg.value_lists;
        let mut call = |block| BlockCall::new(block, std::iter::empty::<BlockArg>(), pool);
        let default = call(otherwise);
        let mut rows = vec![default; width as usize];
        for &(head, block) in targets {
            rows[((head - first) / 2) as usize] = call(block);
        }
        let data = JumpTableData::new(default, &rows);
        let rows = self.builder.create_jump_table(data);
        let distance = self.builder.ins().ireduce(I32, distance);
        let one = self.builder.ins().iconst(I32, 1);
        let row = self.builder.ins().ushr(distance, one);
        self.builder.ins().br_table(row, rows);
    }

    /// Makes the chain's writes visible to its successors inside the unit.
    fn commit(&mut self) {
        self.builder.def_var(self.budget_variable, self.budget);
        if self.homed {
            self.flush();
            return;
        }
        for reg in registers_in(self.written) {
            let word = self.read(reg);
            let value = self.value(word);
            self.local[reg.index()] = Some(Word::Value(value));
            self.builder.def_var(self.registers[reg.index()], value);
        }
    }

    /// Writes all registers that may differ from the context's.
    pub(super) fn flush(&mut self) {
        for reg in registers_in(self.dirty | self.written) {
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

    /// Tail call to the native code for a known address, or out if it cannot have any.
    fn transfer_to(&mut self, target: u64) {
        let distance = target.wrapping_sub(self.base);
        let pc = self.number(target);
        if distance >= self.len || distance & 1 != 0 {
            self.leave(pc, Exit::Lookup);
            return;
        }
        let table = self.context_word(offset::TABLE);
        // Two bytes of text are one row of four bytes.
        self.call_row(pc, table, (distance * 2) as i32);
    }

    /// Tail call to the native code for an address in a register, or out if it lies elsewhere.
    fn transfer(&mut self, target: Value) {
        let base = self.number(self.base);
        let distance = self.builder.ins().isub(target, base);
        let len = self.number(self.len);
        let beyond = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThanOrEqual, distance, len);
        let exit = self.builder.create_block();
        self.exit_if(beyond, exit);
        self.emit_cold(exit, |lifter| lifter.leave(target, Exit::Lookup));
        let table = self.context_word(offset::TABLE);
        let one = self.number(1);
        let scaled = self.builder.ins().ishl(distance, one);
        let row = self.builder.ins().iadd(table, scaled);
        self.call_row(target, row, 0);
    }

    /// Tail call through a row of the table. Rows without an entry hold 0, where code stands that
    /// leaves.
    fn call_row(&mut self, pc: Value, row: Value, displacement: i32) {
        let distance = (self.builder.ins()).uload32(mapped(), row, displacement);
        let code = self.context_word(offset::CODE);
        let function = self.builder.ins().iadd(code, distance);
        let signature = self.builder.import_signature(unit_signature());
        let args = [self.context, pc, self.budget];
        (self.builder.ins()).return_call_indirect(signature, function, &args);
    }

    fn context_word(&mut self, offset: usize) -> Value {
        let context = self.context;
        (self.builder.ins()).load(I64, mapped(), context, offset as i32)
    }

    /// Branches to a cold block of several predecessors, which is emitted and sealed later.
    pub(super) fn exit_if(&mut self, condition: Value, exit: ir::Block) {
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, exit, &[], next, &[]);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// Fills a cold block to which all branches are there, and comes back.
    pub(super) fn emit_cold(&mut self, block: ir::Block, body: impl FnOnce(&mut Self)) {
        let Some(here) = self.builder.current_block() else {
            return;
        };
        self.builder.seal_block(block);
        self.builder.set_cold_block(block);
        self.builder.switch_to_block(block);
        body(self);
        self.builder.switch_to_block(here);
    }

    /// The way out to the interpreter at this instruction.
    pub(super) fn emit_side_exit(&mut self, exit: ir::Block) {
        let place = self.place;
        self.emit_cold(exit, |lifter| {
            lifter.flush();
            let budget = lifter.refunded(place.refund);
            let charged = std::mem::replace(&mut lifter.budget, budget);
            let pc = lifter.number(place.pc);
            let entries = place.entries;
            lifter.leave(pc, Exit::Side { entries });
            lifter.budget = charged;
        });
    }

    /// Leaves with this pc; registers are in the context already.
    pub(super) fn leave(&mut self, pc: Value, exit: Exit) {
        let word = self.number(exit.encode());
        let args = [pc, self.budget, word].map(BlockArg::Value);
        self.builder.ins().jump(self.leave, &args);
    }

    /// The block behind all ways out.
    pub(super) fn emit_leave(&mut self) {
        let leave = self.leave;
        let [pc, budget, word] = [(); 3].map(|()| self.builder.append_block_param(leave, I64));
        self.builder.switch_to_block(leave);
        self.builder.set_cold_block(leave);
        let (context, flags) = (self.context, mapped());
        (self.builder.ins()).store(flags, pc, context, offset::PC as i32);
        (self.builder.ins()).store(flags, budget, context, offset::BUDGET as i32);
        self.builder.ins().return_(&[word]);
    }
}

/// `x0` is never written, so it is never stored.
const _: () = assert!(Reg::ZERO.index() == 0);
