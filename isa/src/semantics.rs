//! What every instruction means, written once over the trait [`Primitives`].
//!
//! [`execute`] gives the meaning of an instruction as calls of primitives. The table names the function
//! for each operation; the functions stand in the modules below, by extension. What does not belong
//! here: cost (a whole trace is charged before it starts), decoding, and any question of who runs the
//! instruction.

use crate::fuse;
use crate::inst::Inst;
use crate::table::{Op, instructions};

mod atomic;
mod bitmanip;
mod control;
mod integer;
mod muldiv;
mod narrow;
mod operands;
mod primitives;

pub use narrow::Narrow;
pub use primitives::{Amo, Cond, Extend, Primitives, Size, Width};

macro_rules! define_execute {
    ($($op:ident $mnemonic:literal $ext:ident $base:ident $format:ident $encoding:literal
       $cycles:literal $effect:ident $meaning:path;)*) => {
        /// Runs one instruction through the primitives of `m`.
        ///
        /// `m` knows the address of the instruction ([`Primitives::pc`]) and of the next one
        /// ([`Primitives::next_pc`]). Charging cycles is up to the caller.
        ///
        /// # Errors
        /// Whatever a primitive stopped with. The destination register is then not written.
        #[inline]
        pub fn execute<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
            match inst.op {
                $(Op::$op => $meaning(inst, m),)*
            }
        }
    };
}

instructions!(define_execute);

/// The meaning of a fused sequence: the meanings of its instructions, one after the other.
fn fused<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    for part in fuse::parts(inst).iter() {
        execute(part, m)?;
    }
    Ok(())
}
