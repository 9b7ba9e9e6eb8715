//! The 16-bit instructions, encoded from the specification's own tables (RISC-V unprivileged ISA,
//! chapter "C", instruction listings).
//!
//! Written apart from the product on purpose: the decoder's opposite number, so that a slip in one
//! of them shows. Only the formats that CKB-VM knows; reserved encodings are written as `.half`.

use lockstep_isa::Reg;

/// An operand as the assembler read it.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// A register.
    Reg(Reg),
    /// A number, an address, or a branch's distance.
    Imm(i64),
    /// `imm(reg)`.
    Mem(i64, Reg),
}

/// The encoding, or what is wrong with the operands. `None` for another mnemonic.
pub fn encode(mnemonic: &str, operands: &[Operand]) -> Option<Result<u16, String>> {
    let format = format(mnemonic)?;
    Some(fill(format, operands).ok_or_else(|| format!("{mnemonic}: bad operands {operands:?}")))
}

/// Whether a branch's or jump's operand is a target address, to be made a distance.
pub fn is_jump(mnemonic: &str) -> bool {
    matches!(mnemonic, "c.j" | "c.beqz" | "c.bnez")
}

enum Format {
    /// No operand.
    None(u16),
    /// rd, with an immediate scattered over bits 12 and 6..2.
    Imm(u16, [u32; 6], Signed),
    /// The same for the eight popular registers.
    ImmPopular(u16, [u32; 6], Signed),
    /// rd, rs2.
    Two(u16),
    /// rs1.
    One(u16),
    /// rd', rs2'.
    TwoPopular(u16),
    /// rd', offset(rs1').
    Memory(u16, [u32; 5]),
    /// rd, offset(sp).
    LoadStack(u16, [u32; 6]),
    /// rs2, offset(sp).
    StoreStack(u16, [u32; 6]),
    /// rd', sp, imm.
    AddStack,
    /// sp, imm.
    MoveStack,
    /// target.
    Jump,
    /// rs1', target.
    Branch(u16),
}

#[derive(Clone, Copy, PartialEq)]
enum Signed {
    Yes,
    No,
}

fn format(mnemonic: &str) -> Option<Format> {
    const PLAIN: [u32; 6] = [5, 4, 3, 2, 1, 0];
    const WORD: [u32; 5] = [5, 4, 3, 2, 6];
    const DOUBLE: [u32; 5] = [5, 4, 3, 7, 6];
    Some(match mnemonic {
        "c.nop" => Format::None(0x0001),
        "c.ebreak" => Format::None(0x9002),
        "c.addi" => Format::Imm(0x0001, PLAIN, Signed::Yes),
        "c.addiw" => Format::Imm(0x2001, PLAIN, Signed::Yes),
        "c.li" => Format::Imm(0x4001, PLAIN, Signed::Yes),
        "c.lui" => Format::Imm(0x6001, PLAIN, Signed::Yes),
        "c.slli" => Format::Imm(0x0002, PLAIN, Signed::No),
        "c.srli" => Format::ImmPopular(0x8001, PLAIN, Signed::No),
        "c.srai" => Format::ImmPopular(0x8401, PLAIN, Signed::No),
        "c.andi" => Format::ImmPopular(0x8801, PLAIN, Signed::Yes),
        "c.mv" => Format::Two(0x8002),
        "c.add" => Format::Two(0x9002),
        "c.jr" => Format::One(0x8002),
        "c.jalr" => Format::One(0x9002),
        "c.sub" => Format::TwoPopular(0x8c01),
        "c.xor" => Format::TwoPopular(0x8c21),
        "c.or" => Format::TwoPopular(0x8c41),
        "c.and" => Format::TwoPopular(0x8c61),
        "c.subw" => Format::TwoPopular(0x9c01),
        "c.addw" => Format::TwoPopular(0x9c21),
        "c.lw" => Format::Memory(0x4000, WORD),
        "c.ld" => Format::Memory(0x6000, DOUBLE),
        "c.sw" => Format::Memory(0xc000, WORD),
        "c.sd" => Format::Memory(0xe000, DOUBLE),
        "c.lwsp" => Format::LoadStack(0x4002, [5, 4, 3, 2, 7, 6]),
        "c.ldsp" => Format::LoadStack(0x6002, [5, 4, 3, 8, 7, 6]),
        "c.swsp" => Format::StoreStack(0xc002, [5, 4, 3, 2, 7, 6]),
        "c.sdsp" => Format::StoreStack(0xe002, [5, 4, 3, 8, 7, 6]),
        "c.addi4spn" => Format::AddStack,
        "c.addi16sp" => Format::MoveStack,
        "c.j" => Format::Jump,
        "c.beqz" => Format::Branch(0xc001),
        "c.bnez" => Format::Branch(0xe001),
        _ => return None,
    })
}

fn fill(format: Format, operands: &[Operand]) -> Option<u16> {
    use Operand::{Imm, Mem, Reg};
    Some(match (format, operands) {
        (Format::None(bits), []) => bits,
        (Format::Imm(bits, order, signed), [Reg(rd), Imm(imm)]) => {
            bits | split(six(*imm, signed)?, &order) | full(*rd) << 7
        }
        (Format::ImmPopular(bits, order, signed), [Reg(rd), Imm(imm)]) => {
            bits | split(six(*imm, signed)?, &order) | popular(*rd)? << 7
        }
        (Format::Two(bits), [Reg(rd), Reg(rs2)]) => bits | full(*rd) << 7 | full(*rs2) << 2,
        (Format::One(bits), [Reg(rs1)]) => bits | full(*rs1) << 7,
        (Format::TwoPopular(bits), [Reg(rd), Reg(rs2)]) => {
            bits | popular(*rd)? << 7 | popular(*rs2)? << 2
        }
        (Format::Memory(bits, order), [Reg(rd), Mem(offset, base)]) => {
            let field = scatter(reach(*offset, &order)?, &order);
            bits | (field >> 2) << 10 | (field & 3) << 5 | popular(*base)? << 7 | popular(*rd)? << 2
        }
        (Format::LoadStack(bits, order), [Reg(rd), Mem(offset, base)]) if full(*base) == 2 => {
            bits | split(reach(*offset, &order)?, &order) | full(*rd) << 7
        }
        (Format::StoreStack(bits, order), [Reg(rs2), Mem(offset, base)]) if full(*base) == 2 => {
            bits | scatter(reach(*offset, &order)?, &order) << 7 | full(*rs2) << 2
        }
        (Format::AddStack, [Reg(rd), Reg(sp), Imm(imm)]) if full(*sp) == 2 => {
            let order = [5, 4, 9, 8, 7, 6, 2, 3];
            scatter(reach(*imm, &order)?, &order) << 5 | popular(*rd)? << 2
        }
        (Format::MoveStack, [Reg(sp), Imm(imm)]) if full(*sp) == 2 => {
            let fits = imm % 16 == 0 && (-512..512).contains(imm);
            fits.then(|| 0x6101 | split(*imm as u16, &[9, 4, 6, 8, 7, 5]))?
        }
        (Format::Jump, [Imm(offset)]) => {
            let fits = offset % 2 == 0 && (-2048..2048).contains(offset);
            let order = [11, 4, 9, 8, 10, 6, 7, 3, 2, 1, 5];
            fits.then(|| 0xa001 | scatter(*offset as u16, &order) << 2)?
        }
        (Format::Branch(bits), [Reg(rs1), Imm(offset)]) => {
            let fits = offset % 2 == 0 && (-256..256).contains(offset);
            let field = scatter(*offset as u16, &[8, 4, 3, 7, 6, 2, 1, 5]);
            fits.then_some(())?;
            bits | (field >> 5) << 10 | (field & 31) << 2 | popular(*rs1)? << 7
        }
        _ => return None,
    })
}

/// The bits of `value` with these numbers, the first the most significant of the result.
fn scatter(value: u16, order: &[u32]) -> u16 {
    order
        .iter()
        .fold(0, |field, bit| field << 1 | (value >> bit & 1))
}

/// Six bits of a value, the first in bit 12 and the others in bits 6 to 2 of an instruction.
fn split(value: u16, order: &[u32; 6]) -> u16 {
    let field = scatter(value, order);
    (field >> 5) << 12 | (field & 31) << 2
}

fn six(imm: i64, signed: Signed) -> Option<u16> {
    let range = match signed {
        Signed::Yes => -32..32,
        Signed::No => 0..64,
    };
    range.contains(&imm).then_some(imm as u16)
}

/// An unsigned offset that has no bit besides these.
fn reach(offset: i64, order: &[u32]) -> Option<u16> {
    let mask: i64 = order.iter().map(|bit| 1i64 << bit).sum();
    (offset & !mask == 0).then_some(offset as u16)
}

fn full(reg: Reg) -> u16 {
    reg.index() as u16
}

fn popular(reg: Reg) -> Option<u16> {
    (8..16)
        .contains(&reg.index())
        .then(|| reg.index() as u16 - 8)
}
