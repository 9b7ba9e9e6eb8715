//! What running costs.
//!
//! Each instruction costs 1. On top of that come the sizes of what it makes, copies or compares (`Value::size`), and the
//! constants below. No published network charges exactly this; it bounds time and memory.

use super::Stop;

/// What a call costs more.
pub const CALL: u64 = 5;
/// What each access of global storage costs more.
pub const GLOBAL: u64 = 20;
/// What a native function costs more, besides its bytes.
pub const NATIVE: u64 = 10;
/// Bytes that a native function handles for 1.
pub const NATIVE_BYTES: u64 = 4;
/// What a type costs that was not needed before, and so does each of its fields.
pub const NEW_TYPE: u64 = 10;

/// How much is left.
#[derive(Clone, Copy, Debug)]
pub struct Gas {
    limit: u64,
    left: u64,
}

impl Gas {
    /// So much.
    #[must_use]
    pub fn new(limit: u64) -> Gas {
        Gas { limit, left: limit }
    }

    /// What was used.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.limit - self.left
    }

    /// What is left.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes an amount. If there is not enough, everything is used.
    #[inline]
    pub fn charge(&mut self, amount: u64) -> Result<(), Stop> {
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Stop::OUT_OF_GAS)
            }
        }
    }
}
