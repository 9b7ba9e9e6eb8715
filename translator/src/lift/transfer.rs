//! Transfers: how control goes to other units.
//!
//! A transfer is a tail call, whoever is called and wherever it returns to: no host stack grows with
//! guest calls. It goes straight to an entry whose address is known, and through the module's table from
//! guest address to code otherwise. Dirty registers are in the context by then.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    self, BlockArg, ExtFuncData, ExternalName, InstBuilder, Value, types::I64,
};
use cranelift_frontend::FunctionBuilder;
use lockstep_contract::context::{displacement, offset};
use lockstep_contract::exit::Exit;
use lockstep_contract::module::Entry;

use super::{Lifter, Word, mapped, unit_signature};
use crate::link;

impl Lifter<'_, '_> {
    /// Tail call to the native code for a known address, or out if it has none.
    pub(super) fn transfer_to(&mut self, target: u64) {
        let Some(number) = self.links.number(target) else {
            self.leave(Word::Known(target), Exit::Lookup);
            return;
        };
        // An entry is in the code region.
        let row = (target - self.base) / 2;
        let function = self.function(row as u32);
        let (pc, number) = (self.number(target), self.number(u64::from(number)));
        let args = [self.context, pc, self.budget, number];
        self.builder.ins().return_call(function, &args);
    }

    /// The function with the entry at this halfword of the code region.
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

    /// Tail call to the native code for an address, or out if it has none. One place a unit does it
    /// for all: code for it at each was a tenth of all code, and no faster.
    pub(super) fn transfer(&mut self, target: Value) {
        let builder = &mut *self.builder;
        let block = *(self.onward).get_or_insert_with(|| builder.create_block());
        let args = [target, self.budget].map(BlockArg::Value);
        self.builder.ins().jump(block, &args);
    }

    pub(super) fn emit_onward(&mut self) {
        let Some(block) = self.onward else {
            return;
        };
        let [target, budget] = self.begin_shared(block);
        self.budget = budget;
        let base = self.number(self.base);
        let distance = self.builder.ins().isub(target, base);
        let len = self.number(self.len);
        let beyond = (self.builder.ins()).icmp(IntCC::UnsignedGreaterThanOrEqual, distance, len);
        let exit = self.builder.create_block();
        self.exit_if(beyond, exit);
        self.emit_cold(exit, |lifter| {
            lifter.leave(Word::Value(target), Exit::Lookup)
        });
        let table = self.context_word(offset::TABLE);
        let one = self.number(1);
        let scaled = self.builder.ins().ishl(distance, one);
        let row = self.builder.ins().iadd(table, scaled);
        // Rows without an entry hold 0, where code stands that leaves.
        let entry = (self.builder.ins()).uload32(mapped(), row, 0);
        let (function, number) = unpack(self.builder, self.context, entry);
        let signature = self.signature();
        let args = [self.context, target, budget, number];
        (self.builder.ins()).return_call_indirect(signature, function, &args);
    }

    fn context_word(&mut self, offset: usize) -> Value {
        let context = self.context;
        (self.builder.ins()).load(I64, mapped(), context, displacement(offset))
    }
}

/// What a row of the table says: the address of the function, and the number of its entry.
pub(crate) fn unpack(
    builder: &mut FunctionBuilder<'_>,
    pointer: Value,
    entry: Value,
) -> (Value, Value) {
    let shift = (builder.ins()).iconst(I64, i64::from(Entry::START_SHIFT));
    let shifted = builder.ins().ushr(entry, shift);
    // Nothing is above the start, so the mask may have ones there: a small number.
    let mask = i64::from(Entry::START_MASK.cast_signed());
    let mask = builder.ins().iconst(I64, mask);
    let start = builder.ins().band(shifted, mask);
    let code = (builder.ins()).load(I64, mapped(), pointer, displacement(offset::CODE));
    let function = builder.ins().iadd(code, start);
    let mask = (builder.ins()).iconst(I64, i64::from(Entry::NUMBER_MASK));
    let number = builder.ins().band(entry, mask);
    (function, number)
}
