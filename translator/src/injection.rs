//! Fault injection: wrong native code on purpose, to test the machinery that finds wrong native code.
//!
//! The [`Injection`] is part of the module's key, so that nobody takes such a module for a correct one.
//! Only tests ask for it.

use std::fmt;

use lockstep_isa::Reg;

/// An injected fault: what is wrong with the native code of which block.
///
/// ```
/// use lockstep_translator::{Fault, Injection, Options};
///
/// let inject = Injection {
///     block: 0x10078,
///     fault: Fault::Cycles { more: 1 },
/// };
/// let options = Options::default().with_injection(Some(inject));
/// // The name of such a translator, and with it the key of its modules, says what is wrong.
/// assert!(options.translator().contains("fault 0x10078 cycles+1"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Injection {
    /// Address of the block's first instruction.
    pub block: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// The kinds of injected faults.
///
/// ```
/// use lockstep_translator::{Fault, Injection};
///
/// let fault = Fault::Register { register: 10, xor: 1 };
/// let inject = Injection { block: 0x10078, fault };
/// assert_eq!(inject.to_string(), "fault 0x10078 x10^0x1");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A register other than `x0` has a wrong value at the block's end.
    Register {
        /// Its number.
        register: u8,
        /// The bits that are flipped.
        xor: u64,
    },
    /// The block charges more than it costs.
    Cycles {
        /// How many cycles too much.
        more: u64,
    },
    /// The block's stores write a wrong value.
    Value {
        /// The bits that are flipped.
        xor: u64,
    },
    /// The block's stores go to a wrong address, after the right one was checked.
    Address {
        /// The distance from the right address; the sum wraps.
        distance: i32,
    },
    /// The block's end writes a byte of guest memory that no instruction writes.
    Stray {
        /// The guest address, in the first few pages.
        addr: u16,
        /// The byte.
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
    /// The register that has a wrong value, as a mask.
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
