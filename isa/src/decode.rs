//! From bytes to instructions.
//!
//! The words are told apart by the table's index, compressed ones by [`crate::compressed`]. How many
//! bytes are fetched at a time is part of the contract (a fetch can fail); so is that nothing is
//! fetched beyond what fusion has to look at.

use core::ops::Range;

use crate::compressed;
use crate::fuse;
use crate::inst::Inst;
use crate::reg::Reg;
use crate::rules::{Profile, Xlen};
use crate::table::{Ext, Format, INDEX, Op};

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
/// ```
/// use lockstep_isa::decode::{Code, decode};
/// use lockstep_isa::{Op, Profile, Version};
/// // mulhu a2, a0, a1; mul a3, a0, a1
/// let bytes = [0x33, 0x36, 0xb5, 0x02, 0xb3, 0x06, 0xb5, 0x02];
/// let mut code = Code::new(0x10000, &bytes);
/// let fused = decode(&mut code, 0x10000, Profile::of(Version::V2)).unwrap();
/// assert_eq!((fused.op, fused.len), (Op::WideMulu, 8));
/// assert_eq!(code.asked(), 0x10000..0x10008);
/// ```
///
/// # Errors
/// Where the first instruction cannot be fetched or is illegal. What comes behind it never fails it.
#[inline]
pub fn decode<F: Fetch>(
    fetch: &mut F,
    pc: u64,
    profile: Profile,
) -> Result<Inst, DecodeError<F::Error>> {
    let head = decode_raw(fetch, pc, profile)?;
    if profile.fuses() {
        Ok(fuse::fuse(head, pc, profile, |addr| {
            decode_raw(fetch, addr, profile).ok()
        }))
    } else {
        Ok(head)
    }
}

/// Decodes one instruction at `pc`, never fused.
///
/// # Errors
/// Where it cannot be fetched or is illegal.
#[inline]
pub fn decode_raw<F: Fetch>(
    fetch: &mut F,
    pc: u64,
    profile: Profile,
) -> Result<Inst, DecodeError<F::Error>> {
    let bits = fetch_bits(fetch, pc).map_err(DecodeError::Fetch)?;
    decode_bits(bits, profile).ok_or(DecodeError::Illegal { pc, bits })
}

/// The two or four bytes of the instruction at `pc`. One fetch of four bytes where that stays in the
/// page (or crosses for an odd pc only), else of two and, if need be, two more: so a compressed
/// instruction at a page's end does not touch the next page.
fn fetch_bits<F: Fetch>(fetch: &mut F, pc: u64) -> Result<u32, F::Error> {
    if pc & 0xfff < 0xffe {
        let bits = fetch.fetch32(pc)?;
        return Ok(if is_compressed(bits) {
            bits & 0xffff
        } else {
            bits
        });
    }
    let low = u32::from(fetch.fetch16(pc)?);
    if is_compressed(low) {
        return Ok(low);
    }
    let high = u32::from(fetch.fetch16(pc.wrapping_add(2))?);
    Ok(high << 16 | low)
}

/// The two lowest bits tell the length.
const fn is_compressed(bits: u32) -> bool {
    bits & 3 != 3
}

/// The instruction that these bits are, if the profile has it. Where the two lowest bits are not
/// both set it is a compressed one, and the upper half does not count.
///
/// ```
/// use lockstep_isa::decode::decode_bits;
/// use lockstep_isa::{Profile, Version};
/// let profile = Profile::of(Version::V2);
/// assert_eq!(decode_bits(0x00c5_8533, profile).unwrap().to_string(), "add a0, a1, a2");
/// assert_eq!(decode_bits(0x0000_0000, profile), None);
/// ```
#[must_use]
pub fn decode_bits(bits: u32, profile: Profile) -> Option<Inst> {
    if is_compressed(bits) {
        return compressed::expand(bits as u16, profile);
    }
    let row = INDEX.find(bits, profile.xlen)?;
    if !has(profile, row.ext) {
        return None;
    }
    let op = if row.op == Op::Jalr {
        jalr(profile)
    } else {
        row.op
    };
    Some(operands(
        Inst::bare(op, 4),
        row.format,
        Word(bits),
        profile.xlen,
    ))
}

/// The operation that `jalr` is in this version.
pub(crate) const fn jalr(profile: Profile) -> Op {
    if profile.version.jalr_reads_before_link() {
        Op::Jalr
    } else {
        Op::JalrLinkFirst
    }
}

/// Whether the profile has this part of the instruction set.
const fn has(profile: Profile, ext: Ext) -> bool {
    match ext {
        Ext::I | Ext::M => true,
        Ext::A => profile.extensions.a,
        Ext::Zba | Ext::Zbb | Ext::Zbc | Ext::Zbs => profile.extensions.b,
        Ext::Mop => false,
    }
}

/// What a shift by an immediate shifts by: RV32 does not look at the sixth bit, which the
/// specification reserves there.
pub(crate) const fn amount(bits: i32, xlen: Xlen) -> i32 {
    match xlen {
        Xlen::X32 => bits & 31,
        Xlen::X64 => bits & 63,
    }
}

/// Fills in the operands of a 32-bit instruction.
fn operands(bare: Inst, format: Format, word: Word, xlen: Xlen) -> Inst {
    let (rd, rs1, rs2) = (word.rd(), word.rs1(), word.rs2());
    match format {
        Format::R | Format::Atomic => Inst {
            rd,
            rs1,
            rs2,
            ..bare
        },
        Format::Unary | Format::LoadReserved => Inst { rd, rs1, ..bare },
        Format::I | Format::Load | Format::Jalr => Inst {
            rd,
            rs1,
            imm: word.imm_i(),
            ..bare
        },
        Format::Shift5 => Inst {
            rd,
            rs1,
            imm: word.imm_i() & 31,
            ..bare
        },
        Format::Shift6 => Inst {
            rd,
            rs1,
            imm: amount(word.imm_i(), xlen),
            ..bare
        },
        Format::Store => Inst {
            rs1,
            rs2,
            imm: word.imm_s(),
            ..bare
        },
        Format::Branch => Inst {
            rs1,
            rs2,
            imm: word.imm_b(),
            ..bare
        },
        Format::Upper => Inst {
            rd,
            imm: word.imm_u(),
            ..bare
        },
        Format::Jal => Inst {
            rd,
            imm: word.imm_j(),
            ..bare
        },
        Format::Fence => Inst {
            imm: word.imm_i() & 0xfff,
            ..bare
        },
        Format::Bare
        | Format::Fused3
        | Format::Fused4
        | Format::Fused5
        | Format::FusedImm
        | Format::FusedJump => bare,
    }
}

/// A 32-bit instruction's fields, named as in the specification.
#[derive(Clone, Copy)]
struct Word(u32);

impl Word {
    fn rd(self) -> Reg {
        Reg::new(self.0 >> 7)
    }

    fn rs1(self) -> Reg {
        Reg::new(self.0 >> 15)
    }

    fn rs2(self) -> Reg {
        Reg::new(self.0 >> 20)
    }

    /// The bits at places `high` to `low` of the word.
    fn bits(self, high: u32, low: u32) -> i32 {
        (self.0 >> low & ((1 << (high - low + 1)) - 1)) as i32
    }

    /// All places from `low` up, with the sign of bit 31.
    fn signed_from(self, low: u32) -> i32 {
        self.0 as i32 >> low
    }

    fn imm_i(self) -> i32 {
        self.signed_from(20)
    }

    fn imm_s(self) -> i32 {
        self.signed_from(25) << 5 | self.bits(11, 7)
    }

    fn imm_b(self) -> i32 {
        let low = self.bits(30, 25) << 5 | self.bits(11, 8) << 1;
        self.signed_from(31) << 12 | self.bits(7, 7) << 11 | low
    }

    fn imm_u(self) -> i32 {
        self.signed_from(12) << 12
    }

    fn imm_j(self) -> i32 {
        let low = self.bits(20, 20) << 11 | self.bits(30, 21) << 1;
        self.signed_from(31) << 20 | self.bits(19, 12) << 12 | low
    }
}

/// Code in a slice that begins at an address, and a note of what was read of it: for translation,
/// disassembly and tests. It is executable as far as it goes.
#[derive(Clone, Debug)]
pub struct Code<'a> {
    base: u64,
    bytes: &'a [u8],
    lowest: u64,
    end: u64,
}

/// An address that a piece of code does not reach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutsideCode(pub u64);

impl<'a> Code<'a> {
    /// `bytes` stand at `base` and following.
    #[must_use]
    pub const fn new(base: u64, bytes: &'a [u8]) -> Code<'a> {
        Code {
            base,
            bytes,
            lowest: u64::MAX,
            end: 0,
        }
    }

    /// The addresses asked for since the last [`Code::forget`], from the lowest to one past the
    /// highest; whether there was code or not. Empty where nothing was asked for. A result of
    /// decoding depends on nothing outside.
    #[must_use]
    pub fn asked(&self) -> Range<u64> {
        self.lowest.min(self.end)..self.end
    }

    /// Starts noting anew.
    pub fn forget(&mut self) {
        (self.lowest, self.end) = (u64::MAX, 0);
    }

    fn read<const N: usize>(&mut self, addr: u64) -> Result<[u8; N], OutsideCode> {
        self.lowest = self.lowest.min(addr);
        self.end = self.end.max(addr.saturating_add(N as u64));
        let offset = addr
            .checked_sub(self.base)
            .and_then(|o| usize::try_from(o).ok());
        offset
            .and_then(|offset| self.bytes.get(offset..)?.first_chunk::<N>())
            .copied()
            .ok_or(OutsideCode(addr))
    }
}

impl Fetch for Code<'_> {
    type Error = OutsideCode;

    fn fetch16(&mut self, addr: u64) -> Result<u16, OutsideCode> {
        self.read(addr).map(u16::from_le_bytes)
    }

    fn fetch32(&mut self, addr: u64) -> Result<u32, OutsideCode> {
        self.read(addr).map(u32::from_le_bytes)
    }
}
