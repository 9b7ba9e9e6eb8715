//! The code to translate: bytes at a guest address, with everything that decides their meaning and cost.
//!
//! A code region is a maximal run of pages that are executable and frozen (no store may change them).
//! The translator knows nothing of the pages around it. They may become code later, so a block whose
//! decoding needs bytes from there is not translated.

use lockstep_contract::identity::CodePlace;
use lockstep_isa::decode::Code;
use lockstep_isa::{Cost, Profile};

use crate::TranslateError;

/// The bytes of a code region with their address, profile and cost model.
///
/// The fields are public and stay these: whoever makes a code region says all that decides what the code
/// means and costs, and nothing of it has a default that could be forgotten. Whether it is a code region at all
/// is checked by [`crate::key()`] and [`crate::translate`].
///
/// ```
/// use lockstep_isa::{Cost, Profile, Version};
/// use lockstep_translator::CodeRegion;
/// let region = CodeRegion {
///     profile: Profile::of(Version::V2),
///     cost: Cost::Estimate,
///     memory_size: 4 << 20,
///     base: 0x10000,
///     bytes: &[0; 4096],
/// };
/// assert_eq!(region.end(), 0x11000);
/// assert!(region.may_start(0x10ffe) && !region.may_start(0x11000));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CodeRegion<'a> {
    /// Version, extensions and register width.
    pub profile: Profile,
    /// The cost model that the native code charges.
    pub cost: Cost,
    /// Bytes of guest memory; a multiple of the page size.
    pub memory_size: u64,
    /// Guest address of the first byte; a multiple of the page size.
    pub base: u64,
    /// The code; whole pages.
    pub bytes: &'a [u8],
}

impl<'a> CodeRegion<'a> {
    /// The code region of these bytes: as many as the place says.
    #[must_use]
    pub const fn new(place: CodePlace, bytes: &'a [u8]) -> CodeRegion<'a> {
        CodeRegion {
            profile: place.profile,
            cost: place.cost,
            memory_size: place.memory_size,
            base: place.base,
            bytes,
        }
    }

    /// The code region at this place in all of a guest's memory; `None` where the place does not lie in there.
    #[must_use]
    pub fn in_memory(place: CodePlace, memory: &'a [u8]) -> Option<CodeRegion<'a>> {
        place
            .bytes_in(memory)
            .map(|bytes| CodeRegion::new(place, bytes))
    }

    /// Which code it is, but for the content.
    #[must_use]
    pub const fn place(&self) -> CodePlace {
        CodePlace {
            base: self.base,
            len: self.bytes.len() as u64,
            memory_size: self.memory_size,
            profile: self.profile,
            cost: self.cost,
        }
    }

    /// The address after the last byte.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.base.saturating_add(self.bytes.len() as u64)
    }

    /// Whether an instruction could start here: inside, and even.
    #[must_use]
    pub fn may_start(&self, address: u64) -> bool {
        self.contains(address) && address & 1 == 0
    }

    pub(crate) fn contains(&self, address: u64) -> bool {
        (self.base..self.end()).contains(&address)
    }

    /// The region as the decoder reads it.
    pub(crate) fn code(&self) -> Code<'a> {
        Code::new(self.base, self.bytes)
    }

    /// Checks that this can be a code region: whole pages, inside a memory of an allowed size.
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
