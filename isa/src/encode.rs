//! The encoder: from instructions to 32-bit words, by the same table as the decoder.
//!
//! It has no compressed forms: an instruction of length 2 is encoded as the 32-bit instruction that it
//! expands to. It is not an assembler: it takes decoded instructions, not text.

use crate::inst::Inst;
use crate::reg::Reg;
use crate::table::Format;

/// The 32-bit encoding of an instruction, whatever its length. `None` for a fused operation, and for an
/// immediate that the encoding cannot hold.
///
/// ```
/// use lockstep_isa::{Inst, Op, Reg, encode::encode};
/// let addi = Inst { rd: Reg::A0, rs1: Reg::A0, imm: -1, ..Inst::bare(Op::Addi, 4) };
/// assert_eq!(encode(&addi), Some(0xfff5_0513));
/// assert_eq!(encode(&Inst { imm: 2048, ..addi }), None);
/// ```
#[must_use]
pub fn encode(inst: &Inst) -> Option<u32> {
    let row = inst.op.row();
    let (rd, rs1, rs2) = (field(inst.rd, 7), field(inst.rs1, 15), field(inst.rs2, 20));
    let imm = Immediate(inst.imm);
    let operands = match row.format {
        Format::R | Format::Atomic => rd | rs1 | rs2,
        Format::Unary | Format::LoadReserved => rd | rs1,
        Format::I | Format::Load | Format::Jalr => rd | rs1 | imm.signed(12)?.bits(11, 0, 20),
        Format::Shift5 => rd | rs1 | imm.unsigned(5)?.bits(4, 0, 20),
        Format::Shift6 => rd | rs1 | imm.unsigned(6)?.bits(5, 0, 20),
        Format::Store => {
            let imm = imm.signed(12)?;
            rs1 | rs2 | imm.bits(11, 5, 25) | imm.bits(4, 0, 7)
        }
        Format::Branch => {
            let imm = imm.even()?.signed(13)?;
            let low = imm.bits(4, 1, 8) | imm.bits(11, 11, 7);
            rs1 | rs2 | imm.bits(12, 12, 31) | imm.bits(10, 5, 25) | low
        }
        Format::Upper if inst.imm & 0xfff == 0 => rd | inst.imm as u32,
        Format::Upper => return None,
        Format::Jal => {
            let imm = imm.even()?.signed(21)?;
            let low = imm.bits(11, 11, 20) | imm.bits(19, 12, 12);
            rd | imm.bits(20, 20, 31) | imm.bits(10, 1, 21) | low
        }
        Format::Fence => imm.unsigned(12)?.bits(11, 0, 20),
        Format::Bare => 0,
        Format::Fused3 | Format::Fused4 | Format::Fused5 | Format::FusedImm | Format::FusedJump => {
            return None;
        }
    };
    Some(row.bits | operands)
}

fn field(reg: Reg, at: u32) -> u32 {
    (reg.index() as u32) << at
}

#[derive(Clone, Copy)]
struct Immediate(i32);

impl Immediate {
    /// The immediate, if it fits `width` bits as a signed number.
    fn signed(self, width: u32) -> Option<Immediate> {
        let limit = 1 << (width - 1);
        (-limit..limit).contains(&self.0).then_some(self)
    }

    /// The immediate, if it fits `width` bits as an unsigned number.
    fn unsigned(self, width: u32) -> Option<Immediate> {
        (0..1 << width).contains(&self.0).then_some(self)
    }

    /// The immediate, if it is even.
    fn even(self) -> Option<Immediate> {
        (self.0 & 1 == 0).then_some(self)
    }

    /// Bits `high` to `low` of the immediate, moved to bit `to` of a word.
    fn bits(self, high: u32, low: u32, to: u32) -> u32 {
        (self.0 as u32 >> low & ((1 << (high - low + 1)) - 1)) << to
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::decode_bits;
    use crate::rules::{Extensions, Profile, Version, Xlen};
    use crate::table::Op;

    const EVERYTHING: Profile = Profile {
        version: Version::V2,
        extensions: Extensions::from_bits(7),
        xlen: Xlen::X64,
    };

    /// Words of a row with every free bit alone set, alone clear, and some mixtures.
    fn words(op: Op) -> impl Iterator<Item = u32> {
        let row = op.row();
        let singles = (0..32).map(|bit| 1u32 << bit);
        let mixtures = (1..2000u32).map(|n| n.wrapping_mul(0x9e37_79b9).rotate_left(n));
        let free = singles.chain(mixtures).flat_map(|free| [free, !free]);
        free.map(|free| row.bits | free & !row.mask)
    }

    #[test]
    fn every_row_goes_there_and_back() {
        for op in Op::ALL.iter().copied().filter(|op| !op.row().is_fused()) {
            for word in words(op) {
                let inst = decode_bits(word, EVERYTHING).expect("a word of the table");
                let ordering = match op.row().format {
                    Format::Atomic | Format::LoadReserved => 3 << 25,
                    _ => 0,
                };
                assert_eq!(encode(&inst), Some(word & !ordering), "{inst:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let inst = |op, imm| Inst {
            imm,
            ..Inst::bare(op, 4)
        };
        for (op, fits, misfit) in [
            (Op::Addi, -2048, -2049),
            (Op::Sd, 2047, 2048),
            (Op::Beq, -4096, -4098),
            (Op::Beq, 4094, 4095),
            (Op::Jal, 0xf_fffe, 0x10_0000),
            (Op::Lui, -4096, 1),
            (Op::Slli, 63, 64),
            (Op::Slliw, 31, 32),
            (Op::Fence, 0xfff, -1),
        ] {
            assert!(encode(&inst(op, fits)).is_some(), "{op:?} {fits}");
            assert_eq!(encode(&inst(op, misfit)), None, "{op:?} {misfit}");
        }
        assert_eq!(encode(&Inst::bare(Op::Adc, 20)), None);
    }
}
