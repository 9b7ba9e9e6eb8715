//! From bytes to instructions.

use crate::inst::Inst;
use crate::rules::Profile;

/// Where the decoder gets code from.
///
/// An implementation checks what a fetch checks (range, page permission) and may note the addresses
/// that it was asked for: those are all that decoding depends on, fusion's look-ahead included.
pub trait Fetch {
    /// Why code could not be fetched.
    type Error;

    /// Two bytes of code, little-endian; any address may be asked for.
    ///
    /// # Errors
    /// Where these bytes are not to be executed.
    fn fetch16(&mut self, addr: u64) -> Result<u16, Self::Error>;

    /// Four bytes of code, little-endian; any address may be asked for.
    ///
    /// # Errors
    /// Where these bytes are not to be executed.
    fn fetch32(&mut self, addr: u64) -> Result<u32, Self::Error>;
}

/// Why there is no instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError<E> {
    /// Its bytes could not be fetched.
    Fetch(E),
    /// Its bytes are no instruction of this profile.
    Illegal {
        /// Where it stands.
        pc: u64,
        /// Its two or four bytes.
        bits: u32,
    },
}

/// Decodes the instruction at `pc`, fused with those behind it where the profile has fusion.
///
/// # Errors
/// Where the first instruction cannot be fetched or is illegal. What comes behind it never fails it.
pub fn decode<F: Fetch>(
    fetch: &mut F,
    pc: u64,
    profile: Profile,
) -> Result<Inst, DecodeError<F::Error>> {
    decode_raw(fetch, pc, profile)
}

/// Decodes one instruction at `pc`, never fused.
///
/// # Errors
/// Where it cannot be fetched or is illegal.
pub fn decode_raw<F: Fetch>(
    fetch: &mut F,
    pc: u64,
    profile: Profile,
) -> Result<Inst, DecodeError<F::Error>> {
    let bits = fetch.fetch32(pc).map_err(DecodeError::Fetch)?;
    decode_bits(bits, profile).ok_or(DecodeError::Illegal { pc, bits })
}

/// The instruction that these bits are, if the profile has it. Where the two lowest bits are not
/// both set it is a compressed one, and the upper half does not count.
#[must_use]
pub fn decode_bits(_bits: u32, _profile: Profile) -> Option<Inst> {
    None
}
