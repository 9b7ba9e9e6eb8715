//! Compressed instructions: from 16 bits to the instruction that they stand for.
//!
//! A compressed instruction has no row in the table and no operation of its own. `c.add` expands to an
//! `add` of length 2, has the cost and the meaning of `add`, and takes part in fusion as `add`. This
//! file has RV64C (RV32C for a profile of 32 bits) without floating point. The comment beside each
//! instruction gives the layout of its immediate as the specification prints it: `imm[5|4:0]` lists the
//! immediate's bits in the order in which they stand in the instruction.

use crate::inst::Inst;
use crate::reg::Reg;
use crate::rules::{Profile, Xlen};
use crate::table::Op;

/// The instruction that these sixteen bits expand to, with length 2, if the profile has it.
///
/// ```
/// use lockstep_isa::{Op, Profile, Reg, Version, compressed::expand};
/// let inst = expand(0x852e, Profile::of(Version::V2)).unwrap(); // c.mv a0, a1
/// assert_eq!((inst.op, inst.rd, inst.rs2, inst.len), (Op::Add, Reg::A0, Reg::new(11), 2));
/// ```
#[must_use]
pub fn expand(bits: u16, profile: Profile) -> Option<Inst> {
    let c = Halfword(u32::from(bits));
    match bits & 3 {
        0 => c.quadrant0(profile),
        1 => c.quadrant1(profile),
        2 => c.quadrant2(profile),
        _ => None,
    }
}

/// The instruction that a HINT expands to: a no-op in versions that allow hints, none in others.
fn hint(profile: Profile) -> Option<Inst> {
    profile.version.hints_are_nops().then(nop)
}

fn nop() -> Inst {
    immediate(Op::Addi, Reg::ZERO, Reg::ZERO, 0)
}

fn immediate(op: Op, rd: Reg, rs1: Reg, imm: i32) -> Inst {
    Inst {
        rd,
        rs1,
        imm,
        ..Inst::bare(op, 2)
    }
}

fn registers(op: Op, rd: Reg, rs1: Reg, rs2: Reg) -> Inst {
    Inst {
        rd,
        rs1,
        rs2,
        ..Inst::bare(op, 2)
    }
}

fn store(op: Op, rs2: Reg, rs1: Reg, imm: i32) -> Inst {
    Inst {
        rs1,
        rs2,
        imm,
        ..Inst::bare(op, 2)
    }
}

fn jalr(profile: Profile, rd: Reg, rs1: Reg) -> Inst {
    immediate(Op::jalr(profile.version), rd, rs1, 0)
}

/// How far a shift by this amount shifts. On RV32 an amount of 32 becomes 0.
fn shift(amount: i32, profile: Profile) -> i32 {
    profile.xlen.shift_amount(amount)
}

/// A run of bits of an instruction and its place in the immediate: `(at, count, to)` moves `count` bits
/// from bit `at` of the instruction to bit `to` of the immediate.
type Run = (u32, u32, u32);

#[derive(Clone, Copy)]
struct Halfword(u32);

impl Halfword {
    fn funct3(self) -> u32 {
        self.0 >> 13
    }

    fn bit(self, at: u32) -> bool {
        self.0 >> at & 1 != 0
    }

    /// The register in bits 11 to 7.
    fn rd(self) -> Reg {
        Reg::new(self.0 >> 7)
    }

    /// The register in bits 6 to 2.
    fn rs2(self) -> Reg {
        Reg::new(self.0 >> 2)
    }

    /// `x8` to `x15`, in bits 9 to 7.
    fn high_short(self) -> Reg {
        Reg::new(8 + (self.0 >> 7 & 7))
    }

    /// `x8` to `x15`, in bits 4 to 2.
    fn low_short(self) -> Reg {
        Reg::new(8 + (self.0 >> 2 & 7))
    }

    /// The immediate that these runs of bits make up, zero-extended.
    fn gather(self, runs: &[Run]) -> i32 {
        let pick = |&(at, count, to): &Run| (self.0 >> at & ((1 << count) - 1)) << to;
        runs.iter().map(pick).sum::<u32>() as i32
    }

    /// As `gather`; bit 12 of the instruction is the sign, at bit `sign` of the immediate.
    fn gather_signed(self, sign: u32, runs: &[Run]) -> i32 {
        self.gather(runs) - (i32::from(self.bit(12)) << sign)
    }

    /// imm[5] in bit 12, imm[4:0] in bits 6 to 2; signed.
    fn imm6(self) -> i32 {
        self.gather_signed(5, &[(2, 5, 0)])
    }

    /// The same bits, not signed.
    fn amount(self) -> i32 {
        self.gather(&[(12, 1, 5), (2, 5, 0)])
    }

    fn quadrant0(self, profile: Profile) -> Option<Inst> {
        let (short, base) = (self.low_short(), self.high_short());
        let word = || self.gather(&[(10, 3, 3), (6, 1, 2), (5, 1, 6)]); // uimm[5:3], [2|6]
        let double = || self.gather(&[(10, 3, 3), (5, 2, 6)]); // uimm[5:3], [7:6]
        let wide = profile.xlen == Xlen::X64;
        match self.funct3() {
            // c.addi4spn: uimm[5:4|9:6|2|3]; zero is reserved (and so is the halfword 0)
            0 => {
                let imm = self.gather(&[(11, 2, 4), (7, 4, 6), (6, 1, 2), (5, 1, 3)]);
                (imm != 0).then(|| immediate(Op::Addi, short, Reg::SP, imm))
            }
            2 => Some(immediate(Op::Lw, short, base, word())),
            3 if wide => Some(immediate(Op::Ld, short, base, double())),
            6 => Some(store(Op::Sw, short, base, word())),
            7 if wide => Some(store(Op::Sd, short, base, double())),
            _ => None,
        }
    }

    fn quadrant1(self, profile: Profile) -> Option<Inst> {
        let (rd, imm) = (self.rd(), self.imm6());
        // imm[8|4:3], [7:6|2:1|5]
        let branch = || self.gather_signed(8, &[(10, 2, 3), (5, 2, 6), (3, 2, 1), (2, 1, 5)]);
        match self.funct3() {
            // c.nop, c.addi
            0 if rd == Reg::ZERO && imm == 0 => Some(nop()),
            0 if rd == Reg::ZERO || imm == 0 => hint(profile),
            0 => Some(immediate(Op::Addi, rd, rd, imm)),
            // c.jal, c.addiw
            1 if profile.xlen == Xlen::X32 => Some(self.jump(Reg::RA)),
            1 if rd == Reg::ZERO => None,
            1 => Some(immediate(Op::Addiw, rd, rd, imm)),
            // c.li
            2 if rd == Reg::ZERO => hint(profile),
            2 => Some(immediate(Op::Addi, rd, Reg::ZERO, imm)),
            // c.addi16sp: imm[9], [4|6|8:7|5]; c.lui: imm[17], [16:12]
            3 if imm == 0 => None,
            3 if rd == Reg::SP => {
                let imm = self.gather_signed(9, &[(6, 1, 4), (5, 1, 6), (3, 2, 7), (2, 1, 5)]);
                Some(immediate(Op::Addi, rd, rd, imm))
            }
            3 if rd == Reg::ZERO => hint(profile),
            3 => Some(immediate(Op::Lui, rd, Reg::ZERO, imm << 12)),
            4 => self.arithmetic(profile),
            // c.j
            5 => Some(self.jump(Reg::ZERO)),
            // c.beqz, c.bnez
            6 => Some(store(Op::Beq, Reg::ZERO, self.high_short(), branch())),
            _ => Some(store(Op::Bne, Reg::ZERO, self.high_short(), branch())),
        }
    }

    /// c.j and c.jal: imm[11|4|9:8|10|6|7|3:1|5]
    fn jump(self, rd: Reg) -> Inst {
        let runs = [
            (11, 1, 4),
            (9, 2, 8),
            (8, 1, 10),
            (7, 1, 6),
            (6, 1, 7),
            (3, 3, 1),
            (2, 1, 5),
        ];
        immediate(Op::Jal, rd, Reg::ZERO, self.gather_signed(11, &runs))
    }

    /// The arithmetic of quadrant 1, funct3 100: bits 11 and 10, then 12, 6 and 5.
    fn arithmetic(self, profile: Profile) -> Option<Inst> {
        let (rd, amount) = (self.high_short(), self.amount());
        let wide = profile.xlen == Xlen::X64;
        let op = match (self.0 >> 10 & 3, self.bit(12), self.0 >> 5 & 3) {
            // c.srli, c.srai: with amount 0 they are hints that are no-ops in every version
            (0 | 1, ..) if amount == 0 => return Some(nop()),
            (0, ..) => return Some(immediate(Op::Srli, rd, rd, shift(amount, profile))),
            (1, ..) => return Some(immediate(Op::Srai, rd, rd, shift(amount, profile))),
            // c.andi
            (2, ..) => return Some(immediate(Op::Andi, rd, rd, self.imm6())),
            (_, false, 0) => Op::Sub,
            (_, false, 1) => Op::Xor,
            (_, false, 2) => Op::Or,
            (_, false, _) => Op::And,
            (_, true, 0) if wide => Op::Subw,
            (_, true, 1) if wide => Op::Addw,
            (_, true, _) => return None,
        };
        Some(registers(op, rd, rd, self.low_short()))
    }

    fn quadrant2(self, profile: Profile) -> Option<Inst> {
        let (rd, rs2, sp) = (self.rd(), self.rs2(), Reg::SP);
        let wide = profile.xlen == Xlen::X64;
        match self.funct3() {
            // c.slli
            0 if rd == Reg::ZERO || self.amount() == 0 => hint(profile),
            0 => Some(immediate(Op::Slli, rd, rd, shift(self.amount(), profile))),
            // c.lwsp: uimm[5], [4:2|7:6]; c.ldsp: uimm[5], [4:3|8:6]
            2 | 3 if rd == Reg::ZERO => None,
            2 => {
                let imm = self.gather(&[(12, 1, 5), (4, 3, 2), (2, 2, 6)]);
                Some(immediate(Op::Lw, rd, sp, imm))
            }
            3 if wide => {
                let imm = self.gather(&[(12, 1, 5), (5, 2, 3), (2, 3, 6)]);
                Some(immediate(Op::Ld, rd, sp, imm))
            }
            4 => self.move_or_jump(profile),
            // c.swsp: uimm[5:2|7:6]; c.sdsp: uimm[5:3|8:6]
            6 => Some(store(Op::Sw, rs2, sp, self.gather(&[(9, 4, 2), (7, 2, 6)]))),
            7 if wide => Some(store(
                Op::Sd,
                rs2,
                sp,
                self.gather(&[(10, 3, 3), (7, 3, 6)]),
            )),
            _ => None,
        }
    }

    /// c.jr, c.mv, c.ebreak, c.jalr, c.add
    fn move_or_jump(self, profile: Profile) -> Option<Inst> {
        let (rd, rs2) = (self.rd(), self.rs2());
        match (self.bit(12), rd == Reg::ZERO, rs2 == Reg::ZERO) {
            (false, true, true) => None,
            (true, true, true) => Some(Inst::bare(Op::Ebreak, 2)),
            (link, false, true) => Some(jalr(profile, Reg::new(u32::from(link)), rd)),
            (_, true, false) => hint(profile),
            (false, false, false) => Some(registers(Op::Add, rd, Reg::ZERO, rs2)),
            (true, false, false) => Some(registers(Op::Add, rd, rd, rs2)),
        }
    }
}
