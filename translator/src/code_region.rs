//! The code to translate: bytes at an address, and what decides their meaning and cost.
//!
//! A code region is one maximal run of executable, frozen pages. What lies outside of it is unknown here:
//! a neighbouring page may gain code later, so a decoder that had to look there has seen nothing
//! that may be relied on.

use lockstep_isa::decode::Code;
use lockstep_isa::{Cost, Profile};

use crate::TranslateError;

/// Code bytes with their address, profile and cost model.
#[derive(Clone, Copy, Debug)]
pub struct CodeRegion<'a> {
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model that the native code charges.
    pub cost: Cost,
    /// Bytes of guest memory: a multiple of the page size.
    pub memory_size: u64,
    /// Guest address of the first byte: page aligned.
    pub base: u64,
    /// The code: whole pages.
    pub bytes: &'a [u8],
}

impl<'a> CodeRegion<'a> {
    /// The address after the last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.base + self.bytes.len() as u64
    }

    /// Whether an instruction could start here: inside, and even.
    #[must_use]
    pub fn may_start(&self, address: u64) -> bool {
        self.contains(address) && address & 1 == 0
    }

    pub(crate) fn contains(&self, address: u64) -> bool {
        (self.base..self.end()).contains(&address)
    }

    /// What decoding reads.
    pub(crate) fn code(&self) -> Code<'a> {
        Code::new(self.base, self.bytes)
    }

    /// Refuses what no executable region can be.
    pub(crate) fn check(&self) -> Result<(), TranslateError> {
        let page = lockstep_contract::pages::PAGE_SIZE as u64;
        let len = self.bytes.len() as u64;
        let end = self.base.checked_add(len);
        let fits = end.is_some_and(|end| end <= self.memory_size);
        if len == 0
            || !self.base.is_multiple_of(page)
            || !len.is_multiple_of(page)
            || !self.memory_size.is_multiple_of(page)
            || self.memory_size > lockstep_contract::pages::MAX_MEMORY as u64
            || !fits
        {
            return Err(TranslateError::CodeRegion {
                base: self.base,
                len,
                memory_size: self.memory_size,
            });
        }
        Ok(())
    }
}
