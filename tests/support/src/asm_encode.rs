//! From a mnemonic and its operands to an instruction word, by the product's table and encoder.
//!
//! A wrong encoding in the table cannot hide behind this: CKB-VM decodes the same words.

use lockstep_isa::encode::encode as encode_inst;
use lockstep_isa::table::Format;
use lockstep_isa::{Inst, Op, Reg};

use super::asm_compressed::Operand;

/// `fence iorw, iorw`: predecessor and successor sets full.
const FULL_FENCE: i32 = 0x0ff;

/// The operation with this mnemonic that an encoding exists for.
pub fn find(mnemonic: &str) -> Option<Op> {
    let mut rows = Op::ALL.iter().map(|op| op.row());
    rows.find(|row| row.mnemonic == mnemonic && !row.is_fused())
        .map(|row| row.op)
}

/// Whether a branch's or jump's operand is a target address, to be made a distance.
pub fn is_jump(mnemonic: &str) -> bool {
    find(mnemonic).is_some_and(|op| matches!(op.row().format, Format::Branch | Format::Jal))
}

/// The word, or what is wrong.
pub fn encode(mnemonic: &str, operands: &[Operand]) -> Result<u32, String> {
    let op = find(mnemonic).ok_or_else(|| format!("unknown instruction {mnemonic}"))?;
    let wrong = || format!("{mnemonic}: bad operands {operands:?}");
    let inst = fill(op, operands).ok_or_else(wrong)?;
    encode_inst(&inst).ok_or_else(wrong)
}

fn fill(op: Op, operands: &[Operand]) -> Option<Inst> {
    use Operand::{Imm, Mem, Reg as R};
    let format = op.row().format;
    let blank = Inst {
        op,
        len: 4,
        rd: Reg::ZERO,
        rs1: Reg::ZERO,
        rs2: Reg::ZERO,
        r3: Reg::ZERO,
        r4: Reg::ZERO,
        imm: 0,
    };
    let set = |rd: Reg, rs1: Reg, rs2: Reg, imm: i64| -> Option<Inst> {
        let imm = i32::try_from(imm).ok()?;
        Some(Inst {
            rd,
            rs1,
            rs2,
            imm,
            ..blank
        })
    };
    let zero = Reg::ZERO;
    match (format, operands) {
        (Format::R, [R(rd), R(rs1), R(rs2)]) => set(*rd, *rs1, *rs2, 0),
        (Format::Unary, [R(rd), R(rs1)]) => set(*rd, *rs1, zero, 0),
        (Format::I | Format::Shift5 | Format::Shift6, [R(rd), R(rs1), Imm(imm)]) => {
            set(*rd, *rs1, zero, *imm)
        }
        (Format::Load | Format::Jalr, [R(rd), Mem(imm, rs1)]) => set(*rd, *rs1, zero, *imm),
        (Format::Store, [R(rs2), Mem(imm, rs1)]) => set(zero, *rs1, *rs2, *imm),
        (Format::Branch, [R(rs1), R(rs2), Imm(imm)]) => set(zero, *rs1, *rs2, *imm),
        (Format::Upper, [R(rd), Imm(imm)]) => {
            let fits = (-0x8_0000..0x10_0000).contains(imm);
            set(
                *rd,
                zero,
                zero,
                i64::from(fits.then_some(*imm as i32)? << 12),
            )
        }
        (Format::Jal, [R(rd), Imm(imm)]) => set(*rd, zero, zero, *imm),
        (Format::Atomic, [R(rd), R(rs2), Mem(0, rs1)]) => set(*rd, *rs1, *rs2, 0),
        (Format::LoadReserved, [R(rd), Mem(0, rs1)]) => set(*rd, *rs1, zero, 0),
        (Format::Fence, []) => set(zero, zero, zero, i64::from(FULL_FENCE)),
        (Format::Fence, [Imm(imm)]) => set(zero, zero, zero, *imm),
        (Format::Bare, []) => Some(blank),
        _ => None,
    }
}
