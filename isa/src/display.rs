//! The disassembler: instructions as text.
//!
//! It writes no aliases (`addi a0, zero, 1`, never `li`), so that a reader sees the operation that is
//! executed. It writes a branch target as a distance from the instruction, `.+8`, as an assembler
//! accepts it; [`At`] writes the address instead. The mnemonics of fused operations are this project's.

use core::fmt;

use crate::inst::Inst;
use crate::table::{Format, Op};

/// An instruction at an address. It displays as the instruction does, but branch targets are addresses.
///
/// ```
/// use lockstep_isa::{Inst, Op, Reg};
/// let jump = Inst { rd: Reg::RA, imm: 8, ..Inst::bare(Op::Jal, 4) };
/// assert_eq!(jump.to_string(), "jal ra, .+8");
/// assert_eq!(jump.at(0x10000).to_string(), "jal ra, 0x10008");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    inst: &'a Inst,
    pc: u64,
}

impl Inst {
    /// The instruction as it reads at this address, for display.
    ///
    /// ```
    /// use lockstep_isa::{Inst, Op};
    /// let jump = Inst { imm: -8, ..Inst::bare(Op::Jal, 4) };
    /// assert_eq!(jump.to_string(), "jal zero, .-8");
    /// assert_eq!(jump.at(0x10010).to_string(), "jal zero, 0x10008");
    /// ```
    #[must_use]
    pub fn at(&self, pc: u64) -> At<'_> {
        At { inst: self, pc }
    }
}

impl fmt::Display for Inst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, None, f)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self.inst, Some(self.pc), f)
    }
}

fn write(inst: &Inst, pc: Option<u64>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Inst {
        rd,
        rs1,
        rs2,
        r3,
        r4,
        imm,
        ..
    } = *inst;
    let target = Target { offset: imm, pc };
    let row = inst.op.row();
    f.write_str(row.mnemonic)?;
    match row.format {
        Format::R | Format::Fused3 => write!(f, " {rd}, {rs1}, {rs2}"),
        Format::Unary => write!(f, " {rd}, {rs1}"),
        Format::I | Format::Shift5 | Format::Shift6 => write!(f, " {rd}, {rs1}, {imm}"),
        Format::Load | Format::Jalr => write!(f, " {rd}, {imm}({rs1})"),
        Format::Store => write!(f, " {rs2}, {imm}({rs1})"),
        Format::Branch => write!(f, " {rs1}, {rs2}, {target}"),
        Format::Upper => write!(f, " {rd}, {:#x}", imm as u32 >> 12),
        Format::Jal => write!(f, " {rd}, {target}"),
        Format::Atomic => write!(f, " {rd}, {rs2}, ({rs1})"),
        Format::LoadReserved => write!(f, " {rd}, ({rs1})"),
        Format::Fence => write!(f, " {}, {}", Accesses(imm >> 4), Accesses(imm)),
        Format::Bare => Ok(()),
        Format::Fused4 => write!(f, " {rd}, {rs1}, {rs2}, {r3}"),
        Format::Fused5 => write!(f, " {rd}, {rs1}, {rs2}, {r3}, {r4}"),
        Format::FusedImm => write!(f, " {rd}, {imm}"),
        Format::FusedJump if inst.op == Op::FarJumpRel => write!(f, " {rd}, {target}"),
        Format::FusedJump => write!(f, " {rd}, {:#x}", i64::from(imm)),
    }
}

/// Where a branch goes.
struct Target {
    offset: i32,
    pc: Option<u64>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pc {
            Some(pc) => write!(f, "{:#x}", pc.wrapping_add(i64::from(self.offset) as u64)),
            None => write!(f, ".{:+}", self.offset),
        }
    }
}

/// One side of a fence: input, output, reads and writes, from the low four bits.
struct Accesses(i32);

impl fmt::Display for Accesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 & 15 == 0 {
            return f.write_str("0");
        }
        let named = [(8, "i"), (4, "o"), (2, "r"), (1, "w")];
        named
            .iter()
            .filter(|(bit, _)| self.0 & bit != 0)
            .try_for_each(|(_, name)| f.write_str(name))
    }
}

#[cfg(test)]
mod tests {
    use crate::decode::decode_bits;
    use crate::inst::Inst;
    use crate::reg::Reg;
    use crate::rules::{Extensions, Profile, Version, Xlen};
    use crate::table::Op;

    const EVERYTHING: Profile = Profile {
        version: Version::V2,
        extensions: Extensions::from_bits(7),
        xlen: Xlen::X64,
    };

    /// Words and text as LLVM's assembler has them (without aliases).
    #[test]
    fn words_of_every_format() {
        for (word, text) in [
            (0x00c5_8533, "add a0, a1, a2"),
            (0x6005_9513, "clz a0, a1"),
            (0xfff5_8513, "addi a0, a1, -1"),
            (0x03f5_9513, "slli a0, a1, 63"),
            (0x01f5_951b, "slliw a0, a1, 31"),
            (0xff81_3503, "ld a0, -8(sp)"),
            (0xfea1_3c23, "sd a0, -8(sp)"),
            (0xfeb5_0ee3, "beq a0, a1, .-4"),
            (0x8000_0537, "lui a0, 0x80000"),
            (0x0080_00ef, "jal ra, .+8"),
            (0x0005_00e7, "jalr ra, 0(a0)"),
            (0x00b6_252f, "amoadd.w a0, a1, (a2)"),
            (0x1005_b52f, "lr.d a0, (a1)"),
            (0x0ff0_000f, "fence iorw, iorw"),
            (0x0310_000f, "fence rw, w"),
            (0x0000_100f, "fence.i"),
            (0x0000_0073, "ecall"),
            (0x0000_852e, "add a0, zero, a1"),
        ] {
            let inst = decode_bits(word, EVERYTHING).expect("an instruction");
            assert_eq!(inst.to_string(), text);
        }
    }

    #[test]
    fn fused_operations_have_words_of_ours() {
        let [a, b, c, d, e] = [10, 11, 12, 13, 14].map(Reg::new);
        let fused = |op| Inst {
            rd: a,
            rs1: b,
            rs2: c,
            r3: d,
            r4: e,
            imm: -2,
            ..Inst::bare(op, 8)
        };
        for (op, text) in [
            (Op::Adc, "adc a0, a1, a2"),
            (Op::WideMulu, "wide.mulu a0, a1, a2, a3"),
            (Op::Add3b, "add3b a0, a1, a2, a3, a4"),
            (Op::LoadImm, "load.imm a0, -2"),
            (Op::FarJumpRel, "far.jump.rel a0, .-2"),
            (Op::FarJumpAbs, "far.jump.abs a0, 0xfffffffffffffffe"),
        ] {
            assert_eq!(fused(op).to_string(), text);
        }
        let jump = fused(Op::FarJumpRel);
        assert_eq!(jump.at(0x1000).to_string(), "far.jump.rel a0, 0xffe");
    }
}
