//! The context: the state that native code shares with its host, at fixed distances from one pointer.
//!
//! Native code gets the address of a [`Context`]. It reaches the registers, the tables of pages and guest
//! memory from there by constant displacements, because all of them are in one mapping. With one base
//! register instead of three it is several percent faster on x86-64. This file only defines the layout;
//! the host allocates the mapping.
//!
//! ```text
//! +0              Context (registers, pc, budget, reservation, code, table, range of stores, helpers, room to count in)
//! +PAIRS          one byte a page: 1 when the words at WRITABLE are 1 for it and for the next, else 0
//! +WRITABLE       one u32 a page: 1 when a store to the page needs nothing but the store, else 0: the page may be
//!                 written, is already dirty, and the host knows already that its bytes may change
//! +HEADS          one u32 a slot: one more than the address of the trace that ran there last, or 0 for
//!                 none; used in versions that find a trace by the low half of its address
//! +MEMORY         guest memory, at most MAX_MEMORY bytes
//! ```

use core::mem::{offset_of, size_of};

use crate::helpers::HELPER_COUNT;
use crate::pages::{MAX_PAGES, PAGE_SIZE};

/// Distance from the context to the table of pairs of writable pages. A store that may reach into the next
/// page reads this table first, which takes one load instead of two. The last page has no next one, and needs none.
pub const PAIRS: usize = 0x800;
/// Distance from the context to the table of writable pages.
pub const WRITABLE: usize = 0x1000;
/// Distance from the context to the heads of the traces that ran last.
pub const HEADS: usize = 0x2000;
/// Distance from the context to byte 0 of guest memory.
pub const MEMORY: usize = 0xa000;

/// Slots for traces: `TRACE_SIZE` of CKB-VM.
pub const SLOTS: usize = 8192;

/// The slot of the trace at this address, as in CKB-VM's assembly machine.
#[must_use]
pub const fn slot(head: u64) -> usize {
    (head >> 2) as usize % SLOTS
}

/// The head of the region. All fields are plain numbers: whoever dereferences one argues for it.
///
/// Its fields are public and in this order: native code knows their places. A change of them changes the
/// [fingerprint](crate::layout::fingerprint) of the layout, so that no older module is used.
///
/// ```
/// use lockstep_contract::context::{Context, offset};
/// assert_eq!(core::mem::offset_of!(Context, budget), offset::BUDGET);
/// ```
#[repr(C)]
#[derive(Debug, Clone)]
pub struct Context {
    /// `x0` to `x31`; `x0` is always 0. RV32 values are held sign-extended.
    pub registers: [u64; 32],
    /// Where the guest is.
    pub pc: u64,
    /// Cycles that native code may still charge. Lowered by it; the host takes the difference.
    pub budget: u64,
    /// Address of the load reservation; all ones when there is none.
    pub reservation: u64,
    /// Address of the first byte of the module's code.
    pub code: u64,
    /// Address of the module's entry table: an [`Entry`](crate::module::Entry) for each halfword of text.
    pub table: u64,
    /// Guest addresses of the first and of the last byte that native code was about to store when it left with
    /// [`Exit::FirstStore`](crate::exit::Exit::FirstStore). At other times it means nothing.
    pub store_range: [u64; 2],
    /// Host functions, in the order of [`crate::helpers::Helper`].
    pub helpers: [u64; HELPER_COUNT],
    /// Address of the first of the counters of a module that counts: one `u64` for each halfword of code. Other modules
    /// do not read it. The same is true of the two fields behind it.
    pub counters: u64,
    /// Address at which native code records the next [`Move`](crate::counting::Move).
    pub moves: u64,
    /// Address behind the last move that there is room for. Native code leaves when it has filled it.
    pub moves_end: u64,
}

/// What the pointer that translated code holds is ahead of the context's address: all 32 registers are
/// then within a signed byte of it, which saves three bytes for each access to half of them.
const BIAS: usize = 0x80;

/// The distance from the pointer that translated code holds to what stands at `offset` from the
/// context.
#[must_use]
pub const fn displacement(offset: usize) -> i32 {
    offset as i32 - BIAS as i32
}

/// Distances from the context's address.
pub mod offset {
    use super::{Context, offset_of};
    /// Of `x0`; `x1` follows eight bytes later.
    pub const REGISTERS: usize = offset_of!(Context, registers);
    /// Of the program counter.
    pub const PC: usize = offset_of!(Context, pc);
    /// Of the remaining budget.
    pub const BUDGET: usize = offset_of!(Context, budget);
    /// Of the load reservation.
    pub const RESERVATION: usize = offset_of!(Context, reservation);
    /// Of the code's address.
    pub const CODE: usize = offset_of!(Context, code);
    /// Of the entry table's address.
    pub const TABLE: usize = offset_of!(Context, table);
    /// Of the first address of the range of stores; the last one follows eight bytes later.
    pub const STORE_RANGE: usize = offset_of!(Context, store_range);
    /// Of the first helper's address.
    pub const HELPERS: usize = offset_of!(Context, helpers);
    /// Of the counters' address.
    pub const COUNTERS: usize = offset_of!(Context, counters);
    /// Of the address of the next move.
    pub const MOVES: usize = offset_of!(Context, moves);
    /// Of the address behind the room for moves.
    pub const MOVES_END: usize = offset_of!(Context, moves_end);
}

const _: () = {
    assert!(size_of::<Context>() <= PAIRS);
    assert!(PAIRS + MAX_PAGES <= WRITABLE);
    assert!(WRITABLE + MAX_PAGES * size_of::<u32>() <= HEADS);
    assert!(HEADS + SLOTS * size_of::<u32>() <= MEMORY);
    assert!(MEMORY.is_multiple_of(PAGE_SIZE));
    // All distances fit a displacement.
    assert!(MEMORY + MAX_PAGES * PAGE_SIZE < i32::MAX as usize);
    assert!(offset::REGISTERS == 0);
};
