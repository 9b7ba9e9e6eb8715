//! Which native code of a module belongs to which guest instruction.
//!
//! A module says which block each piece of its native code belongs to, because the runtime has to know. The
//! instruction is for people who look at the code, so it is no part of the module: it is found out by translating
//! again ([`Output::ModuleAndPlaces`](crate::Output)).

use crate::location::Location;

/// A piece of native code that belongs to one guest instruction of one block. It reaches to the next one's start.
///
/// ```
/// use lockstep_translator::{Hints, Options, Output, translate};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0x0015_0513_u32.to_le_bytes()); // addi a0, a0, 1
/// # code[4..8].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let options = Options::default().with_output(Output::ModuleAndPlaces);
/// let hints = Hints::new(&region, region.base);
/// let made = translate(&region, &hints, &options, &mut |_, _| {}).unwrap();
/// let places = made.places.unwrap();
/// // The ecall at 0x10004 is the second instruction of the block at 0x10000.
/// assert!(places.iter().any(|place| place.guest() == Some((0x10000, 0x10004))));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct NativePlace {
    /// Offset in the module's code, in bytes.
    pub start: u32,
    /// Guest address of the block's head; none for native code that belongs to no block.
    pub block: Option<u64>,
    /// Guest address of the instruction; none for native code that belongs to no block.
    pub pc: Option<u64>,
}

impl NativePlace {
    pub(crate) fn new(start: u32, base: u64, location: Option<Location>) -> NativePlace {
        NativePlace {
            start,
            block: location.map(|location| base + u64::from(location.block)),
            pc: location.map(|location| base + u64::from(location.instruction)),
        }
    }

    /// The block's head and the instruction's address.
    #[must_use]
    pub fn guest(&self) -> Option<(u64, u64)> {
        self.block.zip(self.pc)
    }
}
