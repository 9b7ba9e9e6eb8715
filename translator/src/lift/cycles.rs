//! The meter: one subtraction a chain, one comparison where a way could repeat.
//!
//! The budget is an SSA value that every exit writes back. A comparison covers the worst way to the
//! next one, so a check that fails may leave early; it never leaves late, and the interpreter, which
//! compares trace by trace, decides what the limit means.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value};
use lockstep_contract::exit::Exit;

use super::{Lifter, Word};

impl Lifter<'_, '_> {
    /// Leaves at a head, nothing charged for it, where the budget does not cover `worst`.
    pub(super) fn check_budget(&mut self, head: Word, worst: u64) {
        let worst = self.number(worst);
        let short = (self.builder.ins()).icmp(IntCC::UnsignedLessThan, self.budget, worst);
        let exit = self.builder.create_block();
        self.exit_if(short, exit);
        self.emit_cold(exit, |lifter| {
            lifter.flush();
            lifter.leave(head, Exit::Limit);
        });
    }

    /// Charges a whole chain at its head.
    pub(super) fn charge(&mut self, cycles: u64) {
        let cycles = self.number(cycles);
        self.budget = self.builder.ins().isub(self.budget, cycles);
    }

    /// The budget with the charge for blocks that have not begun given back.
    pub(super) fn refunded(&mut self, cycles: u64) -> Value {
        if cycles == 0 {
            return self.budget;
        }
        let cycles = self.number(cycles);
        self.builder.ins().iadd(self.budget, cycles)
    }
}
