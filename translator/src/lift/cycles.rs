//! The budget of cycles: one subtraction for each chain, and a comparison at entries and in loops.
//!
//! The budget is an SSA value; every exit writes it back to the context. A check compares it with the worst
//! cost on any path to the next check. So a check that fails may exit early, but native code never runs
//! beyond the limit. After such an exit the interpreter, which compares trace by trace, decides where the
//! limit is reached.

use cranelift_codegen::ir::InstBuilder;
use cranelift_codegen::ir::condcodes::IntCC;
use lockstep_contract::exit::Exit;

use super::lifter::Lifter;
use super::word::Word;

impl Lifter<'_, '_> {
    /// Exits at a head if the budget is less than `worst`. Nothing is charged for the head then.
    pub(super) fn check_budget(&mut self, head: Word, worst: u64) {
        let worst = self.number(worst);
        let short = (self.builder.ins()).icmp(IntCC::UnsignedLessThan, self.budget, worst);
        let exit = self.builder.create_block();
        self.exit_if(short, exit);
        self.emit_cold(exit, |lifter| {
            lifter.write_back();
            lifter.exit(head, Exit::Limit);
        });
    }

    /// Charges a whole chain.
    pub(super) fn charge(&mut self, cycles: u64) {
        let cycles = self.number(cycles);
        self.budget = self.builder.ins().isub(self.budget, cycles);
    }
}
