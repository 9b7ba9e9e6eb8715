//! Which code something is: what must be equal for native code to be for a code region of a guest.
//!
//! Everybody who looks for native code, or asks whether some fits, compares these values: machines, the engine's
//! store, keys, helpers, bundles. [`CodePlace`] costs nothing to make and says all but the content, so it is
//! what look-ups compare first; [`CodeIdentity`] has the digest of the content too.
//!
//! What it is not: the whole [key](crate::key) of a module, which also says what made the code and for which
//! target.

use core::ops::Range;

use lockstep_isa::{Cost, Profile};

/// Where a code region lies and what its bytes mean and cost there: its identity but for the content.
///
/// ```
/// use lockstep_contract::identity::CodePlace;
/// use lockstep_isa::{Cost, Profile, Version};
///
/// let place = CodePlace {
///     base: 0x1000,
///     len: 0x1000,
///     memory_size: 0x4000,
///     profile: Profile::of(Version::V2),
///     cost: Cost::Estimate,
/// };
/// assert!(place.contains(0x1fff) && !place.contains(0x2000));
/// assert_eq!(place.bytes_in(&[7; 0x4000]).map(<[u8]>::len), Some(0x1000));
/// ```
// The fields that differ most often come first, because they are compared in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CodePlace {
    /// Address of the first byte of the code region.
    pub base: u64,
    /// Bytes of the code region.
    pub len: u64,
    /// Bytes of guest memory.
    pub memory_size: u64,
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: Cost,
}

impl CodePlace {
    /// The addresses of the code region. One that would not end below 2^64 ends there.
    #[must_use]
    pub const fn addresses(&self) -> Range<u64> {
        self.base..self.base.saturating_add(self.len)
    }

    /// Whether an address lies in the code region.
    #[must_use]
    pub const fn contains(&self, address: u64) -> bool {
        address.wrapping_sub(self.base) < self.len
    }

    /// The bytes of the code region in all of a guest's memory; `None` where it does not lie in there.
    #[must_use]
    pub fn bytes_in<'m>(&self, memory: &'m [u8]) -> Option<&'m [u8]> {
        let start = usize::try_from(self.base).ok()?;
        let len = usize::try_from(self.len).ok()?;
        memory.get(start..start.checked_add(len)?)
    }
}

/// The digest of a code region: BLAKE3 of its bytes.
#[must_use]
pub fn digest(code: &[u8]) -> [u8; 32] {
    *blake3::hash(code).as_bytes()
}

/// Which code something is, its content included.
///
/// ```
/// use lockstep_contract::identity::{CodeIdentity, CodePlace, digest};
/// /// Whether the code at a place is still what it was.
/// fn is_unchanged(was: &CodeIdentity, place: CodePlace, bytes: &[u8]) -> bool {
///     was.place == place && was.digest == digest(bytes)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CodeIdentity {
    /// All but the content.
    pub place: CodePlace,
    /// BLAKE3 of the code region.
    pub digest: [u8; 32],
}

impl CodeIdentity {
    /// The identity of these bytes at this place. It takes a digest of all bytes.
    #[must_use]
    pub fn of(place: CodePlace, bytes: &[u8]) -> CodeIdentity {
        CodeIdentity {
            place,
            digest: digest(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_isa::Version;

    const PLACE: CodePlace = CodePlace {
        base: 0x1000,
        len: 0x2000,
        memory_size: 0x4000,
        profile: Profile::of(Version::V2),
        cost: Cost::Estimate,
    };

    #[test]
    fn a_place_has_its_addresses_and_no_other() {
        for (address, inside) in [(0, false), (0xfff, false), (0x1000, true), (0x2fff, true)] {
            assert_eq!(PLACE.contains(address), inside, "{address:#x}");
        }
        for address in [0x3000, u64::MAX] {
            assert!(!PLACE.contains(address), "{address:#x}");
        }
        assert_eq!(PLACE.addresses(), 0x1000..0x3000);
    }

    #[test]
    fn a_place_outside_memory_has_no_bytes() {
        let memory = [0; 0x3000];
        assert_eq!(PLACE.bytes_in(&memory).map(<[u8]>::len), Some(0x2000));
        assert_eq!(PLACE.bytes_in(&memory[1..]), None);
        for base in [u64::MAX, u64::MAX - 0x1fff] {
            let place = CodePlace { base, ..PLACE };
            assert_eq!(place.bytes_in(&memory), None, "{base:#x}");
        }
    }

    #[test]
    fn content_tells_two_at_one_place_apart() {
        let [one, two] = [1, 2].map(|byte| CodeIdentity::of(PLACE, &[byte; 0x2000]));
        assert_ne!(one, two);
        assert_eq!(one, CodeIdentity::of(PLACE, &[1; 0x2000]));
    }
}
