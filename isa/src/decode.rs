//! The decoder: from bytes to instructions.
//!
//! The table's index finds the operation of a 32-bit word; [`crate::compressed`] expands a 16-bit one.
//! A fetch can fail, and a guest can observe that. So two things here must be as in CKB-VM: how many
//! bytes one fetch reads, and that nothing is fetched beyond what fusion has to look at.

use core::ops::Range;

use crate::compressed;
use crate::fuse;
use crate::index::INDEX;
use crate::inst::Inst;
use crate::reg::Reg;
use crate::rules::{Profile, Xlen};
use crate::table::{Ext, Format, Op};

/// Where the decoder gets code from.
///
/// An implementation makes the checks of a fetch (range, page permission). It may also record the
/// addresses that it was asked for: the result of decoding depends on no others, even where fusion
/// looks ahead.
///
/// ```
/// use lockstep_isa::{Fetch, Op, Profile, Version, decode};
/// /// Code at address 0. All of it may be executed.
/// struct Flat<'a>(&'a [u8]);
/// impl Flat<'_> {
///     /// The error is the address.
///     fn read<const N: usize>(&self, addr: u64) -> Result<[u8; N], u64> {
///         let start = usize::try_from(addr).map_err(|_| addr)?;
///         let bytes = self.0.get(start..).and_then(|bytes| bytes.first_chunk());
///         bytes.copied().ok_or(addr)
///     }
/// }
/// impl Fetch for Flat<'_> {
///     type Error = u64;
///     fn fetch16(&mut self, addr: u64) -> Result<u16, u64> {
///         self.read(addr).map(u16::from_le_bytes)
///     }
///     fn fetch32(&mut self, addr: u64) -> Result<u32, u64> {
///         self.read(addr).map(u32::from_le_bytes)
///     }
/// }
/// let inst = decode(&mut Flat(&[0x73, 0, 0, 0]), 0, Profile::of(Version::V2));
/// assert_eq!(inst.unwrap().op, Op::Ecall);
/// ```
pub trait Fetch {
    /// Why code could not be fetched.
    type Error;

    /// Two bytes of code, little-endian; any address may be asked for.
    ///
    /// # Errors
    /// When these bytes may not be executed.
    fn fetch16(&mut self, addr: u64) -> Result<u16, Self::Error>;

    /// Four bytes of code, little-endian; any address may be asked for.
    ///
    /// # Errors
    /// When these bytes may not be executed.
    fn fetch32(&mut self, addr: u64) -> Result<u32, Self::Error>;
}

/// Why there is no instruction.
///
/// There are these two reasons and no others: CKB-VM faults differently for each.
///
/// ```
/// use lockstep_isa::decode::{Code, DecodeError, OutsideCode, decode};
/// use lockstep_isa::{Profile, Version};
/// let profile = Profile::of(Version::V2);
/// let mut code = Code::new(0x10000, &[0xff; 4]);
/// let illegal = DecodeError::Illegal { pc: 0x10000, bits: 0xffff_ffff };
/// assert_eq!(decode(&mut code, 0x10000, profile), Err(illegal));
/// let outside = DecodeError::Fetch(OutsideCode(0x20000));
/// assert_eq!(decode(&mut code, 0x20000, profile), Err(outside));
/// ```
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

/// Decodes the instruction at `pc`. Where the profile has fusion and a pattern matches, the result is
/// the fused instruction.
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
/// When the first instruction cannot be fetched or is illegal. The instructions behind it never cause an
/// error: where they cannot be decoded, nothing is fused.
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

/// The two or four bytes of the instruction at `pc`. In the last two bytes of a page it fetches two
/// bytes, and two more only if the instruction is longer: so a compressed instruction at the end of a
/// page does not touch the next page. Elsewhere it fetches four bytes at once.
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

/// Whether the instruction has 16 bits. Its two lowest bits say so.
const fn is_compressed(bits: u32) -> bool {
    bits & 3 != 3
}

/// Decodes an instruction from its bits, if the profile has it. Where the two lowest bits are not both
/// set, the instruction is compressed, and the upper half is ignored.
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
        Op::jalr(profile.version)
    } else {
        row.op
    };
    Some(operands(
        Inst::bare(op, 4),
        row.format,
        InstructionWord(bits),
        profile.xlen,
    ))
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

/// Fills in the operands of a 32-bit instruction.
fn operands(bare: Inst, format: Format, word: InstructionWord, xlen: Xlen) -> Inst {
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
            imm: xlen.shift_amount(word.imm_i()),
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

/// A 32-bit instruction, with its fields named as in the specification.
#[derive(Clone, Copy)]
struct InstructionWord(u32);

impl InstructionWord {
    fn rd(self) -> Reg {
        Reg::new(self.0 >> 7)
    }

    fn rs1(self) -> Reg {
        Reg::new(self.0 >> 15)
    }

    fn rs2(self) -> Reg {
        Reg::new(self.0 >> 20)
    }

    /// Bits `high` to `low` of the word.
    fn bits(self, high: u32, low: u32) -> i32 {
        (self.0 >> low & ((1 << (high - low + 1)) - 1)) as i32
    }

    /// Bits 31 to `low` of the word, sign-extended.
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

/// Code in a slice, which begins at some guest address: for translation, disassembly and tests.
///
/// All of the slice is executable, and nothing else is. `Code` records which addresses the decoder asked
/// for.
///
/// ```
/// use lockstep_isa::decode::{Code, decode_raw};
/// use lockstep_isa::{Profile, Version};
/// let mut code = Code::new(0x10000, &[0x73, 0, 0, 0]); // ecall
/// let ecall = decode_raw(&mut code, 0x10000, Profile::of(Version::V2)).unwrap();
/// assert_eq!(ecall.to_string(), "ecall");
/// assert_eq!(code.asked(), 0x10000..0x10004);
/// code.forget();
/// assert!(code.asked().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Code<'a> {
    base: u64,
    bytes: &'a [u8],
    lowest: u64,
    end: u64,
}

/// The error of a fetch from this address, which is not in the slice of a [`Code`].
///
/// ```
/// use lockstep_isa::Fetch;
/// use lockstep_isa::decode::{Code, OutsideCode};
/// let mut code = Code::new(0x10000, &[0x73, 0]);
/// assert_eq!(code.fetch16(0x10000), Ok(0x73));
/// assert_eq!(code.fetch32(0x10000), Err(OutsideCode(0x10000)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutsideCode(pub u64);

impl<'a> Code<'a> {
    /// The code `bytes`, whose first byte has the guest address `base`.
    #[must_use]
    pub const fn new(base: u64, bytes: &'a [u8]) -> Code<'a> {
        Code {
            base,
            bytes,
            lowest: u64::MAX,
            end: 0,
        }
    }

    /// The addresses that were asked for since the last [`Code::forget`], from the lowest to one past
    /// the highest, whether they were in the slice or not. The range is empty if nothing was asked for.
    /// What the decoder returned depends on no byte outside this range.
    #[must_use]
    pub fn asked(&self) -> Range<u64> {
        self.lowest.min(self.end)..self.end
    }

    /// Forgets the addresses that were asked for.
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
