//! The interpreter's arithmetic as a machine of its own, without a guest around it.
//!
//! Only glue: every result comes from the functions that the interpreter uses.

use std::convert::Infallible;

use lockstep_isa::{Amo, Cond, Extend, Primitives, Reg, Size, Width};
use lockstep_runtime::value;

/// A machine for arithmetic alone.
pub(crate) struct Reference;

/// What the others are.
fn without_a_guest() -> ! {
    unreachable!("the grid has no registers, memory or control")
}

macro_rules! by_width {
    ($($name:ident)*) => {
        $(fn $name(&mut self, width: Width, a: u64, b: u64) -> u64 {
            value::$name(width, a, b)
        })*
    };
}

macro_rules! by_operands {
    ($($name:ident)*) => {
        $(fn $name(&mut self, a: u64, b: u64) -> u64 {
            value::$name(a, b)
        })*
    };
}

macro_rules! counted {
    ($($name:ident)*) => {
        $(fn $name(&mut self, width: Width, a: u64) -> u64 {
            value::$name(width, a)
        })*
    };
}

impl Primitives for Reference {
    type Word = u64;
    type Stop = Infallible;

    by_width! { add sub mul sll srl sra rol ror div divu rem remu }
    by_operands! { mulh mulhu mulhsu clmul clmulh clmulr }
    counted! { clz ctz cpop }

    fn constant(&mut self, value: u64) -> u64 {
        value
    }
    fn and(&mut self, a: u64, b: u64) -> u64 {
        a & b
    }
    fn or(&mut self, a: u64, b: u64) -> u64 {
        a | b
    }
    fn xor(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }
    fn not(&mut self, a: u64) -> u64 {
        !a
    }
    fn rev8(&mut self, a: u64) -> u64 {
        a.swap_bytes()
    }
    fn orc_b(&mut self, a: u64) -> u64 {
        value::orc_b(a)
    }
    fn compare(&mut self, cond: Cond, a: u64, b: u64) -> u64 {
        u64::from(value::holds(cond, a, b))
    }
    fn select(&mut self, cond: Cond, a: u64, b: u64, then: u64, otherwise: u64) -> u64 {
        if value::holds(cond, a, b) {
            then
        } else {
            otherwise
        }
    }
    fn extend(&mut self, how: Extend, size: Size, a: u64) -> u64 {
        value::extend(how, size, a)
    }

    fn pc(&mut self) -> u64 {
        without_a_guest()
    }
    fn next_pc(&mut self) -> u64 {
        without_a_guest()
    }
    fn get(&mut self, _: Reg) -> u64 {
        without_a_guest()
    }
    fn set(&mut self, _: Reg, _: u64) {
        without_a_guest()
    }
    fn load(&mut self, _: u64, _: i32, _: Size, _: Extend) -> Result<u64, Infallible> {
        without_a_guest()
    }
    fn store(&mut self, _: u64, _: i32, _: Size, _: u64) -> Result<(), Infallible> {
        without_a_guest()
    }
    fn load_reserved(&mut self, _: u64, _: Size) -> Result<u64, Infallible> {
        without_a_guest()
    }
    fn store_conditional(&mut self, _: u64, _: Size, _: u64) -> Result<u64, Infallible> {
        without_a_guest()
    }
    fn amo(&mut self, _: Amo, _: u64, _: Size, _: u64) -> Result<u64, Infallible> {
        without_a_guest()
    }
    fn branch(&mut self, _: Cond, _: u64, _: u64, _: i32) {
        without_a_guest()
    }
    fn jump(&mut self, _: i32) {
        without_a_guest()
    }
    fn jump_to(&mut self, _: u64) {
        without_a_guest()
    }
    fn ecall(&mut self) -> Result<(), Infallible> {
        without_a_guest()
    }
    fn ebreak(&mut self) -> Result<(), Infallible> {
        without_a_guest()
    }
}
