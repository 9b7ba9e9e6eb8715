//! The host functions that native code may call, by their index in the context's table.
//!
//! They are pure functions of two words, `extern "C" fn(u64, u64) -> u64` in the host's default calling
//! convention. They have no access to the guest's state.

/// A host function.
///
/// The set is a contract: the host puts the address of each into the context.
///
/// ```
/// use lockstep_contract::helpers::{HELPER_COUNT, Helper};
/// let last = Helper::ALL[HELPER_COUNT - 1];
/// assert_eq!(last.offset(), Helper::Clmul.offset() + 8 * (HELPER_COUNT - 1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Helper {
    /// Low half of the carry-less product.
    Clmul,
    /// High half of the carry-less product.
    Clmulh,
    /// Reversed carry-less product.
    Clmulr,
}

/// How many there are.
pub const HELPER_COUNT: usize = 3;

impl Helper {
    /// All of them, in the order of the table.
    pub const ALL: [Helper; HELPER_COUNT] = [Helper::Clmul, Helper::Clmulh, Helper::Clmulr];

    /// Distance from the context to this helper's address.
    #[must_use]
    pub const fn offset(self) -> usize {
        crate::context::offset::HELPERS + 8 * self as usize
    }
}
