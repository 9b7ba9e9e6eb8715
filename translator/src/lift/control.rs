//! Control flow inside a unit: its entries, the edges between its chains, and its dispatch.
//!
//! The code that goes on in another unit is in [`super::transfer`], the code that returns to the host in
//! [`super::exits`].

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, BlockCall, InstBuilder, JumpTableData, Value,
    types::{I32, I64},
};
use lockstep_contract::exit::Exit;

use super::lifter::{Lifter, Terminator, mapped, register_offset, registers_in};
use super::word::Word;
use crate::units::{Chain, Unit};

/// A unit with at most so many entries compares their numbers one after the other. With more it uses a jump
/// table.
const COMPARED_ENTRIES: usize = 4;
/// The most rows of a dispatch's jump table for each of its targets.
const ROWS_PER_TARGET: usize = 4;
impl Lifter<'_, '_> {
    /// Emits the start of the function: it goes to the entry with the number `entry` and loads the registers
    /// that are live there.
    pub(super) fn emit_entries(
        &mut self,
        unit: &Unit<'_>,
        blocks: &[ir::Block],
        pc: Value,
        budget: Value,
        entry: Value,
    ) {
        let entries = unit.entry_chains();
        let stubs: Vec<ir::Block> = (entries.iter())
            .map(|_| self.builder.create_block())
            .collect();
        self.budget = budget;
        self.branch_to_entry(&stubs, entry, pc);
        for (chain, stub) in entries.into_iter().zip(stubs) {
            self.builder.switch_to_block(stub);
            self.builder.seal_block(stub);
            self.emit_entry(&unit.chains[chain], pc, budget);
            self.builder.ins().jump(blocks[chain], &[]);
        }
    }

    /// Jumps to the stub of an entry by its number.
    fn branch_to_entry(&mut self, stubs: &[ir::Block], entry: Value, pc: Value) {
        let compared = match stubs.len() {
            0..=COMPARED_ENTRIES => stubs.len(),
            // The first entry is usually the function's start, where most calls go.
            _ => 1,
        };
        for (number, &stub) in stubs[..compared].iter().enumerate() {
            self.jump_if_equal(entry, number as u64, stub);
        }
        let unknown = self.builder.create_block();
        if compared < stubs.len() {
            let number = self.builder.ins().ireduce(I32, entry);
            self.jump_by_table(number, stubs, unknown);
        } else {
            self.builder.ins().jump(unknown, &[]);
        }
        // No row of the module's table has another number, so this code never runs.
        self.switch_to_cold(unknown);
        self.exit(Word::Value(pc), Exit::Lookup);
    }

    /// Jumps to the block `target` if `pc` is `head`.
    fn jump_if_equal(&mut self, pc: Value, head: u64, target: ir::Block) {
        let next = self.builder.create_block();
        self.branch_if_equal(pc, head, target, next);
        self.builder.seal_block(next);
        self.builder.switch_to_block(next);
    }

    /// Branches to the block `target` if `pc` is `head`, else to `otherwise`.
    fn branch_if_equal(&mut self, pc: Value, head: u64, target: ir::Block, otherwise: ir::Block) {
        let head = self.number(head);
        let here = self.builder.ins().icmp(IntCC::Equal, pc, head);
        (self.builder.ins()).brif(here, target, &[], otherwise, &[]);
    }

    /// Loads the registers that are live at a chain's start, and checks the budget if the chain does not.
    fn emit_entry(&mut self, chain: &Chain<'_>, pc: Value, budget: Value) {
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

    /// Emits the terminator of a chain. `end` is the address behind its last instruction.
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
        self.count_move_at_end(chain, end);
        // The way back from an inlined function is known, though the lifter may not know the link register.
        if let Some(target) = chain.goes_on {
            return self.jump_or_transfer(target, inside(target));
        }
        match self.terminator {
            Terminator::Next => self.jump_or_transfer(end, inside(end)),
            Terminator::Static(target) => self.jump_or_transfer(target, inside(target)),
            Terminator::Branch { holds, taken } => {
                self.count_branch_moves(chain, holds, [taken, end]);
                self.branch_or_transfer(holds, (taken, inside(taken)), (end, inside(end)))
            }
            Terminator::Dynamic(target) => match chain.dispatch {
                Some(dispatch) => {
                    self.commit();
                    self.builder.def_var(self.target_variable, target);
                    self.builder.ins().jump(blocks[dispatch], &[]);
                }
                None => {
                    if chain.returns_inside {
                        self.return_inside(unit, blocks, target);
                    }
                    self.write_back();
                    self.transfer(target);
                }
            },
            Terminator::Ecall => self.call_host(end, Exit::Ecall),
            Terminator::Ebreak => self.call_host(end, Exit::Ebreak),
        }
    }

    /// Exits to the host for a call; `pc` is the next instruction's.
    fn call_host(&mut self, pc: u64, exit: Exit) {
        self.write_back();
        self.exit(Word::Known(pc), exit);
    }

    /// Goes to a known address: to the block `inside` if the unit has one for it, else to another unit.
    fn jump_or_transfer(&mut self, target: u64, inside: Option<ir::Block>) {
        match inside {
            Some(block) => {
                self.commit();
                self.builder.ins().jump(block, &[]);
            }
            None => {
                self.write_back();
                self.transfer_to(target);
            }
        }
    }

    /// Goes to one of two known addresses, each with its block if it is inside the unit.
    fn branch_or_transfer(
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
            self.write_back();
            self.transfer_to(target);
        }
    }

    /// Emits the part of a return that stays inside the unit: if the target is the return point of one of the
    /// unit's calls of itself, control goes there.
    fn return_inside(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], target: Value) {
        if unit.return_points.is_empty() {
            return;
        }
        self.commit();
        for (&head, &number) in &unit.return_points {
            self.jump_if_equal(target, head, blocks[number]);
        }
    }

    /// Emits the unit's dispatch: it goes to the target of an indirect jump, inside the unit if the unit has
    /// a chain for that address. The check of the dispatch covers its targets.
    pub(super) fn dispatch(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], chain: &Chain<'_>) {
        let target = self.builder.use_var(self.target_variable);
        if chain.check {
            self.check_budget(Word::Value(target), chain.worst);
        }
        let targets: Vec<(u64, ir::Block)> = (unit.dispatch_targets.iter())
            .map(|(&head, &number)| (head, blocks[number]))
            .collect();
        let elsewhere = self.builder.create_block();
        self.emit_switch(target, &targets, elsewhere);
        self.builder.switch_to_block(elsewhere);
        self.builder.seal_block(elsewhere);
        self.write_back();
        self.transfer(target);
    }

    /// Emits a jump table over targets in ascending order of address. A row covers a power of two of
    /// addresses, such that there are not many more rows than targets: each row costs the compiler time.
    /// The targets of one row are compared one after the other. The block `otherwise` is not sealed.
    fn emit_switch(&mut self, pc: Value, targets: &[(u64, ir::Block)], otherwise: ir::Block) {
        let (Some(&(first, _)), Some(&(last, _))) = (targets.first(), targets.last()) else {
            self.builder.ins().jump(otherwise, &[]);
            return;
        };
        let rows_end = (targets.len() * ROWS_PER_TARGET) as u64;
        let shift = (1..u64::BITS).find(|shift| (last - first) >> shift < rows_end);
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
        // If the row number has more than 32 bits, the jump goes to some row, whose comparisons then fail.
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
                self.jump_if_equal(pc, head, target);
            }
            self.branch_if_equal(pc, *last, *target, otherwise);
        }
    }

    /// Jumps to the block of a row, or to `otherwise` if there is no such row.
    fn jump_by_table(&mut self, row: Value, rows: &[ir::Block], otherwise: ir::Block) {
        let pool = &mut self.builder.func.dfg.value_lists;
        let mut call =
            |block: &ir::Block| BlockCall::new(*block, std::iter::empty::<BlockArg>(), pool);
        let rows: Vec<BlockCall> = rows.iter().map(&mut call).collect();
        let data = JumpTableData::new(call(&otherwise), &rows);
        let table = self.builder.create_jump_table(data);
        self.builder.ins().br_table(row, table);
    }

    /// Makes the registers that the chain wrote visible to its successors inside the unit.
    fn commit(&mut self) {
        self.builder.def_var(self.budget_variable, self.budget);
        self.store_registers(self.written & self.memory_resident);
        self.written &= !self.memory_resident;
        for reg in registers_in(self.written) {
            let word = self.read(reg);
            let value = self.value(word);
            self.local[reg.index()] = Some(Word::Value(value));
            self.builder.def_var(self.registers[reg.index()], value);
        }
        if self.writes_back {
            self.write_back();
            (self.dirty, self.written) = (0, 0);
        }
    }
}
