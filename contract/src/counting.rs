//! What a module that counts shares with its host: counters of blocks, and moves from function to function.
//!
//! Such a module is made for a profile. It does what every other module does, and besides it adds one to a counter at
//! each block, and records where control moves from one function to another. Its key names a translator of its own
//! ([`is_counting`]), because its code may only be entered with room for both in the context.
//!
//! This file only defines the layout; the host allocates the room.

use core::mem::offset_of;

/// What the name of a translator has in it whose modules count.
pub const MARK: &str = " counts-";

/// Whether the modules of a translator with this name count.
///
/// ```
/// use lockstep_contract::counting::is_counting;
/// assert!(is_counting("0.1.0+0123456789abcdef counts-0123456789abcdef"));
/// assert!(!is_counting("0.1.0+0123456789abcdef"));
/// ```
#[must_use]
pub fn is_counting(translator: &str) -> bool {
    translator.contains(MARK)
}

/// The counter of the block at this distance in bytes from the code region's start: blocks begin at even addresses.
#[must_use]
pub const fn counter(offset: u64) -> usize {
    (offset / 2) as usize
}

/// How many counters a code region of so many bytes has.
#[must_use]
pub const fn counters(bytes: u64) -> usize {
    bytes.div_ceil(2) as usize
}

/// Control moved: by a call, a return, or a jump from one function to another.
///
/// ```
/// use lockstep_contract::counting::{MOVE_BYTES, Move};
/// let call = Move { site: 0x10000, target: 0x10100, budget: 700 };
/// assert_eq!(size_of_val(&call), MOVE_BYTES);
/// ```
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Move {
    /// Guest address of the instruction that moved control. A fused one has the address of its first.
    pub site: u64,
    /// Guest address at which control went on.
    pub target: u64,
    /// Cycles of the budget that were left then.
    pub budget: u64,
}

/// Bytes of a move.
pub const MOVE_BYTES: usize = size_of::<Move>();

/// Distances from a move's address.
pub mod offset {
    use super::{Move, offset_of};
    /// Of the address of the instruction.
    pub const SITE: usize = offset_of!(Move, site);
    /// Of the address at which control went on.
    pub const TARGET: usize = offset_of!(Move, target);
    /// Of the budget.
    pub const BUDGET: usize = offset_of!(Move, budget);
}
