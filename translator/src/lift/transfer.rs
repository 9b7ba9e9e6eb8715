//! Transfers: how control goes from one unit to another.
//!
//! A transfer is a tail call, also for calls and returns of the guest. So the host's stack does not grow with
//! the guest's calls. If the target is known, the transfer jumps to the other unit directly. Otherwise it
//! finds the unit in the module's table from guest addresses to entries. The dirty registers were written
//! back to the context before.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, ExtFuncData, ExternalName, InstBuilder, Value, types::I64,
};
use cranelift_frontend::FunctionBuilder;
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::exit::Exit;
use lockstep_contract::module::Entry;

use super::lifter::{Lifter, mapped, unit_signature};
use super::word::Word;
use crate::link;

impl Lifter<'_, '_> {
    /// Transfers to a known address, or exits if it has no entry.
    pub(super) fn transfer_to(&mut self, target: u64) {
        let Some(number) = self.links.number(target) else {
            self.exit(Word::Known(target), Exit::Lookup);
            return;
        };
        // An entry is in the code region.
        let row = (target - self.base) / 2;
        let function = self.function(row as u32);
        let (pc, number) = (self.number(target), self.number(u64::from(number)));
        let args = [self.context, pc, self.budget, number];
        self.builder.ins().return_call(function, &args);
    }

    /// The function with the entry for this row of the module's table.
    fn function(&mut self, row: u32) -> ir::FuncRef {
        if let Some(&function) = self.functions.get(&row) {
            return function;
        }
        let signature = self.signature();
        let function = &mut self.builder.func;
        let name = function.declare_imported_user_function(link::name(row));
        let function = function.import_function(ExtFuncData {
            name: ExternalName::user(name),
            signature,
            colocated: true,
            patchable: false,
        });
        self.functions.insert(row, function);
        function
    }

    /// The signature of units.
    fn signature(&mut self) -> ir::SigRef {
        let builder = &mut *self.builder;
        *(self.signature).get_or_insert_with(|| builder.import_signature(unit_signature()))
    }

    /// Transfers to an address that is known at run time, or exits if it has no entry. All such transfers of
    /// a unit share one block. Separate code for each of them was a tenth of all code, and no faster.
    pub(super) fn transfer(&mut self, target: Value) {
        let builder = &mut *self.builder;
        let block = *(self.shared_transfer).get_or_insert_with(|| builder.create_block());
        let args = [target, self.budget].map(BlockArg::Value);
        self.builder.ins().jump(block, &args);
    }

    /// Fills the block that the unit's transfers share, if there is one.
    pub(super) fn emit_shared_transfer(&mut self) {
        let Some(block) = self.shared_transfer else {
            return;
        };
        let [target, budget] = self.start_shared_block(block);
        self.budget = budget;
        let base = self.number(self.base);
        let distance = self.builder.ins().isub(target, base);
        let len = self.number(self.len);
        let outside = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThanOrEqual, distance, len);
        let exit = self.builder.create_block();
        self.exit_if(outside, exit);
        self.emit_cold(exit, |lifter| {
            lifter.exit(Word::Value(target), Exit::Lookup)
        });
        let table = self.context_word(offset::TABLE);
        let one = self.number(1);
        let scaled = self.builder.ins().ishl(distance, one);
        let row = self.builder.ins().iadd(table, scaled);
        // A row without an entry holds 0. The function at offset 0 exits.
        let entry = (self.builder.ins()).uload32(mapped(), row, 0);
        let (function, number) = unpack(self.builder, self.context, entry);
        let signature = self.signature();
        let args = [self.context, target, budget, number];
        (self.builder.ins()).return_call_indirect(signature, function, &args);
    }

    /// A word of the context.
    fn context_word(&mut self, offset: usize) -> Value {
        let context = self.context;
        (self.builder.ins()).load(I64, mapped(), context, displacement(offset))
    }
}

/// Emits the decoding of a row of the module's table: the address of the function and the number of the
/// entry in it.
pub(crate) fn unpack(
    builder: &mut FunctionBuilder<'_>,
    pointer: Value,
    entry: Value,
) -> (Value, Value) {
    let shift = (builder.ins()).iconst(I64, i64::from(Entry::START_SHIFT));
    let shifted = builder.ins().ushr(entry, shift);
    // The bits above the start are zero, so the mask may have ones there. That makes it a small number.
    let mask = i64::from(Entry::START_MASK.cast_signed());
    let mask = builder.ins().iconst(I64, mask);
    let start = builder.ins().band(shifted, mask);
    let code = (builder.ins()).load(I64, mapped(), pointer, displacement(offset::CODE));
    let function = builder.ins().iadd(code, start);
    let mask = (builder.ins()).iconst(I64, i64::from(Entry::NUMBER_MASK));
    let number = builder.ins().band(entry, mask);
    (function, number)
}
