//! Faults on purpose, for tests of what finds faults.
//!
//! A module with a planted fault has a key of its own ([`Injection`] is part of it), so that it is never
//! taken for a sound one. Nothing outside tests asks for one.

use std::fmt;

use lockstep_isa::Reg;

/// A fault in the native code of one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Injection {
    /// Address of the block's first instruction.
    pub block: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What can be wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A register other than `x0` is wrong at the block's end.
    Register {
        /// Its number.
        register: u8,
        /// The bits that are wrong.
        xor: u64,
    },
    /// The block charges more than it costs.
    Cycles {
        /// By so many cycles.
        more: u64,
    },
    /// Stores write something else.
    Value {
        /// The bits that are wrong.
        xor: u64,
    },
    /// Stores go elsewhere, behind the checks.
    Address {
        /// Wrapping distance.
        distance: i32,
    },
    /// At the block's end a byte of guest memory is written that no instruction writes.
    Stray {
        /// Where: a few pages from 0 at most.
        addr: u16,
        /// What.
        byte: u8,
    },
}

impl Injection {
    /// The fault, if it is in the block at this address.
    pub(crate) fn at(self, head: u64) -> Option<Fault> {
        (self.block == head).then_some(self.fault)
    }
}

impl Fault {
    /// The register that is wrong, one bit.
    pub(crate) fn register(self) -> u32 {
        match self {
            Fault::Register { register, .. } => (1 << Reg::new(u32::from(register)).index()) & !1,
            _ => 0,
        }
    }
}

impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fault {:#x} ", self.block)?;
        match self.fault {
            Fault::Register { register, xor } => write!(f, "x{register}^{xor:#x}"),
            Fault::Cycles { more } => write!(f, "cycles+{more}"),
            Fault::Value { xor } => write!(f, "value^{xor:#x}"),
            Fault::Address { distance } => write!(f, "address{distance:+}"),
            Fault::Stray { addr, byte } => write!(f, "stray {addr:#x}={byte:#x}"),
        }
    }
}
