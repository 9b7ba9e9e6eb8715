//! The table of operations: one row for each.
//!
//! A row gives the operation's name, its mnemonic, the extension it belongs to, the register widths it
//! exists for, its operand format, its encoding as the specification prints it, its cost in the
//! `Estimate` model, its effect on a trace, and the function that is its meaning. The operations
//! ([`Op`]), the decoder's index, the encoder, the disassembler, the costs and
//! [`crate::semantics::execute`] are all made from these rows. Nothing else in the project states an
//! encoding or a cost.
//!
//! The register widths are those that CKB-VM decodes. For RV32 they differ from the specification:
//! CKB-VM decodes the word forms of Zba and Zbb and RV64's encoding of `rev8`, and does not decode
//! RV32's own `zext.h` and `rev8`.
//!
//! Compressed instructions have no rows: [`crate::compressed`] expands them to instructions that do.
//! Fused operations have rows without an encoding: [`crate::fuse`] finds them.

use crate::rules::{Version, Xlen};

/// The part of the instruction set that an operation belongs to.
///
/// ```
/// use lockstep_isa::{Op, table::Ext};
/// assert_eq!(Op::Mul.row().ext, Ext::M);
/// let fused = Op::ALL.iter().filter(|op| op.row().ext == Ext::Mop);
/// assert!(fused.into_iter().all(|op| op.row().is_fused()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Ext {
    /// Base integer instructions, with `fence.i`.
    I,
    /// Multiplication and division.
    M,
    /// Atomics.
    A,
    /// Address generation.
    Zba,
    /// Basic bit manipulation.
    Zbb,
    /// Carry-less multiplication.
    Zbc,
    /// Single bits.
    Zbs,
    /// Made by fusion only.
    Mop,
}

/// The register widths that an operation exists for.
///
/// ```
/// use lockstep_isa::{Op, Xlen, table::Base};
/// assert_eq!(Op::Addw.row().base, Base::Rv64);
/// assert!(Base::Rv64.has(Xlen::X64) && !Base::Rv64.has(Xlen::X32));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Base {
    /// RV32 and RV64.
    Any,
    /// RV32 only.
    Rv32,
    /// RV64 only.
    Rv64,
}

impl Base {
    /// Whether a machine of this width has it.
    #[must_use]
    pub const fn has(self, xlen: Xlen) -> bool {
        match self {
            Base::Any => true,
            Base::Rv32 => matches!(xlen, Xlen::X32),
            Base::Rv64 => matches!(xlen, Xlen::X64),
        }
    }
}

/// Which operands an operation has, where their bits are, and how an assembler writes them.
///
/// ```
/// use lockstep_isa::{Op, table::Format};
/// assert_eq!(Op::Ld.row().format, Format::Load);
/// assert_eq!(Op::Adc.row().format, Format::Fused3);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Format {
    /// `rd, rs1, rs2`
    R,
    /// `rd, rs1`
    Unary,
    /// `rd, rs1, imm`
    I,
    /// `rd, rs1, amount`, five bits
    Shift5,
    /// `rd, rs1, amount`, six bits, of which RV32 looks at five
    Shift6,
    /// `rd, imm(rs1)`
    Load,
    /// `rs2, imm(rs1)`
    Store,
    /// `rs1, rs2, offset`
    Branch,
    /// `rd, imm`, the upper twenty bits
    Upper,
    /// `rd, offset`
    Jal,
    /// `rd, imm(rs1)`
    Jalr,
    /// `rd, rs2, (rs1)`; the ordering bits are ignored
    Atomic,
    /// `rd, (rs1)`; the ordering bits are ignored
    LoadReserved,
    /// `pred, succ`; `imm` keeps the upper twelve bits
    Fence,
    /// No operands.
    Bare,
    /// A fused sequence over three registers.
    Fused3,
    /// A fused sequence over four registers.
    Fused4,
    /// A fused sequence over five registers.
    Fused5,
    /// A fused `rd, imm`
    FusedImm,
    /// A fused jump; `rd` is `ra`
    FusedJump,
}

/// What an operation does to its trace. A trace is a run of up to sixteen instructions that CKB-VM's
/// assembly machine decodes and charges together.
///
/// ```
/// use lockstep_isa::{Effect, Op};
/// assert_eq!(Op::Jal.effect(), Effect::Jump);
/// assert!(Op::Jal.effect().ends_trace() && !Op::Add.effect().ends_trace());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Effect {
    /// Goes on.
    Next,
    /// Ends the trace and goes on with the next instruction: `auipc`, `fence`, `fence.i`.
    Fence,
    /// Ends it: to one of two known places.
    Branch,
    /// Ends it: to a known place (`jal`).
    Jump,
    /// Ends it: to a computed place (`jalr`, far jumps).
    JumpTo,
    /// Ends it: calls the host.
    Ecall,
    /// Ends it: calls the debugger.
    Ebreak,
}

impl Effect {
    /// Whether a trace ends with such an instruction.
    #[must_use]
    pub const fn ends_trace(self) -> bool {
        !matches!(self, Effect::Next)
    }
}

/// What the table says about one operation.
///
/// Only the table has rows: [`Op::row`] gives one.
///
/// ```
/// use lockstep_isa::Op;
/// let row = Op::Ecall.row();
/// assert_eq!((row.mnemonic, row.cycles), ("ecall", 500));
/// assert!(row.matches(0x0000_0073) && !row.matches(0x0010_0073));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The operation.
    pub op: Op,
    /// The assembler's mnemonic. This project made up those of fused operations.
    pub mnemonic: &'static str,
    /// The part of the instruction set that it belongs to.
    pub ext: Ext,
    /// The register widths that it exists for in the reference.
    pub base: Base,
    /// Its operands.
    pub format: Format,
    /// A bit is set where the encoding fixes that bit of the word; 0 for a fused operation.
    pub mask: u32,
    /// The values of the fixed bits. For a fused operation no word matches them.
    pub bits: u32,
    /// Cycles in [`crate::Cost::Estimate`].
    pub cycles: u16,
    /// Its effect on a trace.
    pub effect: Effect,
}

impl Row {
    /// Whether a 32-bit word is this operation.
    #[must_use]
    pub const fn matches(&self, word: u32) -> bool {
        word & self.mask == self.bits
    }

    /// Whether only fusion makes this operation.
    #[must_use]
    pub const fn is_fused(&self) -> bool {
        matches!(self.ext, Ext::Mop)
    }
}

/// Calls the macro `$then` with all rows. The rows are a macro's argument because an enum, a static and
/// a `match` are made from them.
macro_rules! instructions {
    ($then:ident) => {
        $then! {
//  operation      mnemonic        ext  base format   encoding                                cost effect  meaning
    Lui            "lui"           I    Any  Upper    ".................... ..... 0110111"      1  Next    integer::lui;
    Auipc          "auipc"         I    Any  Upper    ".................... ..... 0010111"      1  Fence   integer::auipc;
    Jal            "jal"           I    Any  Jal      ".................... ..... 1101111"      3  Jump    control::jal;
    Jalr           "jalr"          I    Any  Jalr     "............ ..... 000 ..... 1100111"    3  JumpTo  control::jalr;
    JalrLinkFirst  "jalr"          I    Any  Jalr     "............ ..... 000 ..... 1100111"    3  JumpTo  control::jalr_link_first;

    Beq            "beq"           I    Any  Branch   "....... ..... ..... 000 ..... 1100011"   3  Branch  control::beq;
    Bne            "bne"           I    Any  Branch   "....... ..... ..... 001 ..... 1100011"   3  Branch  control::bne;
    Blt            "blt"           I    Any  Branch   "....... ..... ..... 100 ..... 1100011"   3  Branch  control::blt;
    Bge            "bge"           I    Any  Branch   "....... ..... ..... 101 ..... 1100011"   3  Branch  control::bge;
    Bltu           "bltu"          I    Any  Branch   "....... ..... ..... 110 ..... 1100011"   3  Branch  control::bltu;
    Bgeu           "bgeu"          I    Any  Branch   "....... ..... ..... 111 ..... 1100011"   3  Branch  control::bgeu;

    Lb             "lb"            I    Any  Load     "............ ..... 000 ..... 0000011"    3  Next    integer::lb;
    Lh             "lh"            I    Any  Load     "............ ..... 001 ..... 0000011"    3  Next    integer::lh;
    Lw             "lw"            I    Any  Load     "............ ..... 010 ..... 0000011"    3  Next    integer::lw;
    Ld             "ld"            I    Rv64 Load     "............ ..... 011 ..... 0000011"    2  Next    integer::ld;
    Lbu            "lbu"           I    Any  Load     "............ ..... 100 ..... 0000011"    3  Next    integer::lbu;
    Lhu            "lhu"           I    Any  Load     "............ ..... 101 ..... 0000011"    3  Next    integer::lhu;
    Lwu            "lwu"           I    Rv64 Load     "............ ..... 110 ..... 0000011"    3  Next    integer::lwu;
    Sb             "sb"            I    Any  Store    "....... ..... ..... 000 ..... 0100011"   3  Next    integer::sb;
    Sh             "sh"            I    Any  Store    "....... ..... ..... 001 ..... 0100011"   3  Next    integer::sh;
    Sw             "sw"            I    Any  Store    "....... ..... ..... 010 ..... 0100011"   3  Next    integer::sw;
    Sd             "sd"            I    Rv64 Store    "....... ..... ..... 011 ..... 0100011"   2  Next    integer::sd;

    Addi           "addi"          I    Any  I        "............ ..... 000 ..... 0010011"    1  Next    integer::addi;
    Slti           "slti"          I    Any  I        "............ ..... 010 ..... 0010011"    1  Next    integer::slti;
    Sltiu          "sltiu"         I    Any  I        "............ ..... 011 ..... 0010011"    1  Next    integer::sltiu;
    Xori           "xori"          I    Any  I        "............ ..... 100 ..... 0010011"    1  Next    integer::xori;
    Ori            "ori"           I    Any  I        "............ ..... 110 ..... 0010011"    1  Next    integer::ori;
    Andi           "andi"          I    Any  I        "............ ..... 111 ..... 0010011"    1  Next    integer::andi;
    Slli           "slli"          I    Any  Shift6   "000000 ...... ..... 001 ..... 0010011"   1  Next    integer::slli;
    Srli           "srli"          I    Any  Shift6   "000000 ...... ..... 101 ..... 0010011"   1  Next    integer::srli;
    Srai           "srai"          I    Any  Shift6   "010000 ...... ..... 101 ..... 0010011"   1  Next    integer::srai;
    Add            "add"           I    Any  R        "0000000 ..... ..... 000 ..... 0110011"   1  Next    integer::add;
    Sub            "sub"           I    Any  R        "0100000 ..... ..... 000 ..... 0110011"   1  Next    integer::sub;
    Sll            "sll"           I    Any  R        "0000000 ..... ..... 001 ..... 0110011"   1  Next    integer::sll;
    Slt            "slt"           I    Any  R        "0000000 ..... ..... 010 ..... 0110011"   1  Next    integer::slt;
    Sltu           "sltu"          I    Any  R        "0000000 ..... ..... 011 ..... 0110011"   1  Next    integer::sltu;
    Xor            "xor"           I    Any  R        "0000000 ..... ..... 100 ..... 0110011"   1  Next    integer::xor;
    Srl            "srl"           I    Any  R        "0000000 ..... ..... 101 ..... 0110011"   1  Next    integer::srl;
    Sra            "sra"           I    Any  R        "0100000 ..... ..... 101 ..... 0110011"   1  Next    integer::sra;
    Or             "or"            I    Any  R        "0000000 ..... ..... 110 ..... 0110011"   1  Next    integer::or;
    And            "and"           I    Any  R        "0000000 ..... ..... 111 ..... 0110011"   1  Next    integer::and;
    Addiw          "addiw"         I    Rv64 I        "............ ..... 000 ..... 0011011"    1  Next    integer::addiw;
    Slliw          "slliw"         I    Rv64 Shift5   "0000000 ..... ..... 001 ..... 0011011"   1  Next    integer::slliw;
    Srliw          "srliw"         I    Rv64 Shift5   "0000000 ..... ..... 101 ..... 0011011"   1  Next    integer::srliw;
    Sraiw          "sraiw"         I    Rv64 Shift5   "0100000 ..... ..... 101 ..... 0011011"   1  Next    integer::sraiw;
    Addw           "addw"          I    Rv64 R        "0000000 ..... ..... 000 ..... 0111011"   1  Next    integer::addw;
    Subw           "subw"          I    Rv64 R        "0100000 ..... ..... 000 ..... 0111011"   1  Next    integer::subw;
    Sllw           "sllw"          I    Rv64 R        "0000000 ..... ..... 001 ..... 0111011"   1  Next    integer::sllw;
    Srlw           "srlw"          I    Rv64 R        "0000000 ..... ..... 101 ..... 0111011"   1  Next    integer::srlw;
    Sraw           "sraw"          I    Rv64 R        "0100000 ..... ..... 101 ..... 0111011"   1  Next    integer::sraw;

    Fence          "fence"         I    Any  Fence    ".... .... .... 00000 000 00000 0001111"  1  Fence   control::fence;
    FenceI         "fence.i"       I    Any  Bare     "000000000000 00000 001 00000 0001111"    1  Fence   control::fence;
    Ecall          "ecall"         I    Any  Bare     "000000000000 00000 000 00000 1110011"  500  Ecall   control::ecall;
    Ebreak         "ebreak"        I    Any  Bare     "000000000001 00000 000 00000 1110011"  500  Ebreak  control::ebreak;

    Mul            "mul"           M    Any  R        "0000001 ..... ..... 000 ..... 0110011"   5  Next    muldiv::mul;
    Mulh           "mulh"          M    Any  R        "0000001 ..... ..... 001 ..... 0110011"   5  Next    muldiv::mulh;
    Mulhsu         "mulhsu"        M    Any  R        "0000001 ..... ..... 010 ..... 0110011"   5  Next    muldiv::mulhsu;
    Mulhu          "mulhu"         M    Any  R        "0000001 ..... ..... 011 ..... 0110011"   5  Next    muldiv::mulhu;
    Div            "div"           M    Any  R        "0000001 ..... ..... 100 ..... 0110011"  32  Next    muldiv::div;
    Divu           "divu"          M    Any  R        "0000001 ..... ..... 101 ..... 0110011"  32  Next    muldiv::divu;
    Rem            "rem"           M    Any  R        "0000001 ..... ..... 110 ..... 0110011"  32  Next    muldiv::rem;
    Remu           "remu"          M    Any  R        "0000001 ..... ..... 111 ..... 0110011"  32  Next    muldiv::remu;
    Mulw           "mulw"          M    Rv64 R        "0000001 ..... ..... 000 ..... 0111011"   5  Next    muldiv::mulw;
    Divw           "divw"          M    Rv64 R        "0000001 ..... ..... 100 ..... 0111011"  32  Next    muldiv::divw;
    Divuw          "divuw"         M    Rv64 R        "0000001 ..... ..... 101 ..... 0111011"  32  Next    muldiv::divuw;
    Remw           "remw"          M    Rv64 R        "0000001 ..... ..... 110 ..... 0111011"  32  Next    muldiv::remw;
    Remuw          "remuw"         M    Rv64 R        "0000001 ..... ..... 111 ..... 0111011"  32  Next    muldiv::remuw;

    LrW            "lr.w"          A    Any  LoadReserved "00010 .. 00000 ..... 010 ..... 0101111" 4 Next   atomic::lr_w;
    ScW            "sc.w"          A    Any  Atomic   "00011 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::sc_w;
    AmoswapW       "amoswap.w"     A    Any  Atomic   "00001 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amoswap_w;
    AmoaddW        "amoadd.w"      A    Any  Atomic   "00000 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amoadd_w;
    AmoxorW        "amoxor.w"      A    Any  Atomic   "00100 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amoxor_w;
    AmoandW        "amoand.w"      A    Any  Atomic   "01100 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amoand_w;
    AmoorW         "amoor.w"       A    Any  Atomic   "01000 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amoor_w;
    AmominW        "amomin.w"      A    Any  Atomic   "10000 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amomin_w;
    AmomaxW        "amomax.w"      A    Any  Atomic   "10100 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amomax_w;
    AmominuW       "amominu.w"     A    Any  Atomic   "11000 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amominu_w;
    AmomaxuW       "amomaxu.w"     A    Any  Atomic   "11100 .. ..... ..... 010 ..... 0101111"  4  Next    atomic::amomaxu_w;
    LrD            "lr.d"          A    Rv64 LoadReserved "00010 .. 00000 ..... 011 ..... 0101111" 3 Next   atomic::lr_d;
    ScD            "sc.d"          A    Rv64 Atomic   "00011 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::sc_d;
    AmoswapD       "amoswap.d"     A    Rv64 Atomic   "00001 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amoswap_d;
    AmoaddD        "amoadd.d"      A    Rv64 Atomic   "00000 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amoadd_d;
    AmoxorD        "amoxor.d"      A    Rv64 Atomic   "00100 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amoxor_d;
    AmoandD        "amoand.d"      A    Rv64 Atomic   "01100 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amoand_d;
    AmoorD         "amoor.d"       A    Rv64 Atomic   "01000 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amoor_d;
    AmominD        "amomin.d"      A    Rv64 Atomic   "10000 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amomin_d;
    AmomaxD        "amomax.d"      A    Rv64 Atomic   "10100 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amomax_d;
    AmominuD       "amominu.d"     A    Rv64 Atomic   "11000 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amominu_d;
    AmomaxuD       "amomaxu.d"     A    Rv64 Atomic   "11100 .. ..... ..... 011 ..... 0101111"  3  Next    atomic::amomaxu_d;

    AddUw          "add.uw"        Zba  Any  R        "0000100 ..... ..... 000 ..... 0111011"   1  Next    bitmanip::add_uw;
    Sh1add         "sh1add"        Zba  Any  R        "0010000 ..... ..... 010 ..... 0110011"   1  Next    bitmanip::sh1add;
    Sh2add         "sh2add"        Zba  Any  R        "0010000 ..... ..... 100 ..... 0110011"   1  Next    bitmanip::sh2add;
    Sh3add         "sh3add"        Zba  Any  R        "0010000 ..... ..... 110 ..... 0110011"   1  Next    bitmanip::sh3add;
    Sh1addUw       "sh1add.uw"     Zba  Any  R        "0010000 ..... ..... 010 ..... 0111011"   1  Next    bitmanip::sh1add_uw;
    Sh2addUw       "sh2add.uw"     Zba  Any  R        "0010000 ..... ..... 100 ..... 0111011"   1  Next    bitmanip::sh2add_uw;
    Sh3addUw       "sh3add.uw"     Zba  Any  R        "0010000 ..... ..... 110 ..... 0111011"   1  Next    bitmanip::sh3add_uw;
    SlliUw         "slli.uw"       Zba  Any  Shift6   "000010 ...... ..... 001 ..... 0011011"   1  Next    bitmanip::slli_uw;

    Andn           "andn"          Zbb  Any  R        "0100000 ..... ..... 111 ..... 0110011"   1  Next    bitmanip::andn;
    Orn            "orn"           Zbb  Any  R        "0100000 ..... ..... 110 ..... 0110011"   1  Next    bitmanip::orn;
    Xnor           "xnor"          Zbb  Any  R        "0100000 ..... ..... 100 ..... 0110011"   1  Next    bitmanip::xnor;
    Clz            "clz"           Zbb  Any  Unary    "0110000 00000 ..... 001 ..... 0010011"   1  Next    bitmanip::clz;
    Ctz            "ctz"           Zbb  Any  Unary    "0110000 00001 ..... 001 ..... 0010011"   1  Next    bitmanip::ctz;
    Cpop           "cpop"          Zbb  Any  Unary    "0110000 00010 ..... 001 ..... 0010011"   1  Next    bitmanip::cpop;
    SextB          "sext.b"        Zbb  Any  Unary    "0110000 00100 ..... 001 ..... 0010011"   1  Next    bitmanip::sext_b;
    SextH          "sext.h"        Zbb  Any  Unary    "0110000 00101 ..... 001 ..... 0010011"   1  Next    bitmanip::sext_h;
    ZextH          "zext.h"        Zbb  Rv64 Unary    "0000100 00000 ..... 100 ..... 0111011"   1  Next    bitmanip::zext_h;
    Clzw           "clzw"          Zbb  Rv64 Unary    "0110000 00000 ..... 001 ..... 0011011"   1  Next    bitmanip::clzw;
    ClzwShort      "clzw"          Zbb  Rv32 Unary    "0110000 00000 ..... 001 ..... 0011011"   1  Next    bitmanip::clzw_short;
    Ctzw           "ctzw"          Zbb  Any  Unary    "0110000 00001 ..... 001 ..... 0011011"   1  Next    bitmanip::ctzw;
    Cpopw          "cpopw"         Zbb  Any  Unary    "0110000 00010 ..... 001 ..... 0011011"   1  Next    bitmanip::cpopw;
    Min            "min"           Zbb  Any  R        "0000101 ..... ..... 100 ..... 0110011"   1  Next    bitmanip::min;
    Minu           "minu"          Zbb  Any  R        "0000101 ..... ..... 101 ..... 0110011"   1  Next    bitmanip::minu;
    Max            "max"           Zbb  Any  R        "0000101 ..... ..... 110 ..... 0110011"   1  Next    bitmanip::max;
    Maxu           "maxu"          Zbb  Any  R        "0000101 ..... ..... 111 ..... 0110011"   1  Next    bitmanip::maxu;
    Rol            "rol"           Zbb  Any  R        "0110000 ..... ..... 001 ..... 0110011"   1  Next    bitmanip::rol;
    Ror            "ror"           Zbb  Any  R        "0110000 ..... ..... 101 ..... 0110011"   1  Next    bitmanip::ror;
    Rori           "rori"          Zbb  Any  Shift6   "011000 ...... ..... 101 ..... 0010011"   1  Next    bitmanip::rori;
    Rolw           "rolw"          Zbb  Any  R        "0110000 ..... ..... 001 ..... 0111011"   1  Next    bitmanip::rolw;
    Rorw           "rorw"          Zbb  Any  R        "0110000 ..... ..... 101 ..... 0111011"   1  Next    bitmanip::rorw;
    Roriw          "roriw"         Zbb  Any  Shift5   "0110000 ..... ..... 101 ..... 0011011"   1  Next    bitmanip::roriw;
    OrcB           "orc.b"         Zbb  Any  Unary    "0010100 00111 ..... 101 ..... 0010011"   1  Next    bitmanip::orc_b;
    Rev8           "rev8"          Zbb  Any  Unary    "0110101 11000 ..... 101 ..... 0010011"   1  Next    bitmanip::rev8;

    Clmul          "clmul"         Zbc  Any  R        "0000101 ..... ..... 001 ..... 0110011"   1  Next    bitmanip::clmul;
    Clmulr         "clmulr"        Zbc  Any  R        "0000101 ..... ..... 010 ..... 0110011"   1  Next    bitmanip::clmulr;
    Clmulh         "clmulh"        Zbc  Any  R        "0000101 ..... ..... 011 ..... 0110011"   1  Next    bitmanip::clmulh;

    Bclr           "bclr"          Zbs  Any  R        "0100100 ..... ..... 001 ..... 0110011"   1  Next    bitmanip::bclr;
    Bext           "bext"          Zbs  Any  R        "0100100 ..... ..... 101 ..... 0110011"   1  Next    bitmanip::bext;
    Binv           "binv"          Zbs  Any  R        "0110100 ..... ..... 001 ..... 0110011"   1  Next    bitmanip::binv;
    Bset           "bset"          Zbs  Any  R        "0010100 ..... ..... 001 ..... 0110011"   1  Next    bitmanip::bset;
    Bclri          "bclri"         Zbs  Any  Shift6   "010010 ...... ..... 001 ..... 0010011"   1  Next    bitmanip::bclri;
    Bexti          "bexti"         Zbs  Any  Shift6   "010010 ...... ..... 101 ..... 0010011"   1  Next    bitmanip::bexti;
    Binvi          "binvi"         Zbs  Any  Shift6   "011010 ...... ..... 001 ..... 0010011"   1  Next    bitmanip::binvi;
    Bseti          "bseti"         Zbs  Any  Shift6   "001010 ...... ..... 001 ..... 0010011"   1  Next    bitmanip::bseti;

    Adc            "adc"           Mop  Any  Fused3   "" 1  Next   fused;
    Sbb            "sbb"           Mop  Any  Fused4   "" 1  Next   fused;
    Adcs           "adcs"          Mop  Any  Fused4   "" 1  Next   fused;
    Sbbs           "sbbs"          Mop  Any  Fused4   "" 1  Next   fused;
    Add3a          "add3a"         Mop  Any  Fused5   "" 1  Next   fused;
    Add3b          "add3b"         Mop  Any  Fused5   "" 1  Next   fused;
    Add3c          "add3c"         Mop  Any  Fused5   "" 1  Next   fused;
    WideMul        "wide.mul"      Mop  Any  Fused4   "" 5  Next   fused;
    WideMulu       "wide.mulu"     Mop  Any  Fused4   "" 5  Next   fused;
    WideMulsu      "wide.mulsu"    Mop  Any  Fused4   "" 5  Next   fused;
    WideDiv        "wide.div"      Mop  Any  Fused4   "" 32 Next   fused;
    WideDivu       "wide.divu"     Mop  Any  Fused4   "" 32 Next   fused;
    LoadImm        "load.imm"      Mop  Any  FusedImm "" 1  Next   integer::load_imm;
    FarJumpAbs     "far.jump.abs"  Mop  Any  FusedJump "" 3 JumpTo control::far_jump_abs;
    FarJumpRel     "far.jump.rel"  Mop  Any  FusedJump "" 3 JumpTo control::far_jump_rel;
        }
    };
}
pub(crate) use instructions;

macro_rules! define_operations {
    ($($op:ident $mnemonic:literal $ext:ident $base:ident $format:ident $encoding:literal
       $cycles:literal $effect:ident $meaning:path;)*) => {
        /// Every operation, plain and fused.
        ///
        /// The set is a contract: it is the instruction set of CKB-VM. Whatever matches over operations has to say what
        /// it does with a new one, so the enum is exhaustive on purpose, as are [`Ext`], [`Base`], [`Format`] and
        /// [`Effect`].
        ///
        /// ```
        /// use lockstep_isa::Op;
        /// assert_eq!(Op::Sh1add.mnemonic(), "sh1add");
        /// assert_eq!(Op::ALL.len(), Op::COUNT);
        /// assert!(Op::ALL.iter().enumerate().all(|(at, op)| op.index() == at));
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
        #[repr(u8)]
        pub enum Op {
            $(
                #[doc = concat!("`", $mnemonic, "`")]
                $op,
            )*
        }

        impl Op {
            /// All operations, in the table's order.
            pub const ALL: &'static [Op] = &[$(Op::$op),*];
        }

        /// A row for each operation, at its index.
        pub(crate) static TABLE: [Row; Op::COUNT] = [$({
            let (mask, bits) = fixed_bits($encoding);
            Row {
                op: Op::$op,
                mnemonic: $mnemonic,
                ext: Ext::$ext,
                base: Base::$base,
                format: Format::$format,
                mask,
                bits,
                cycles: $cycles,
                effect: Effect::$effect,
            }
        }),*];
    };
}

instructions!(define_operations);

impl Op {
    /// The operation that the encoding of `jalr` stands for in this version.
    pub(crate) const fn jalr(version: Version) -> Op {
        if version.jalr_reads_before_link() {
            Op::Jalr
        } else {
            Op::JalrLinkFirst
        }
    }

    /// How many operations there are.
    pub const COUNT: usize = Op::ALL.len();

    /// The index of its row: 0 to [`Op::COUNT`] - 1.
    #[must_use]
    #[inline]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its row of the table.
    #[must_use]
    #[inline]
    pub fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The assembler's mnemonic.
    #[must_use]
    pub fn mnemonic(self) -> &'static str {
        self.row().mnemonic
    }

    /// Its effect on a trace.
    #[must_use]
    #[inline]
    pub fn effect(self) -> Effect {
        self.row().effect
    }
}

/// Parses an encoding as the specification prints it, most significant bit first. `0` and `1` are
/// fixed bits, `.` is a free bit, spaces are ignored. Returns the mask of the fixed bits and their
/// values. The empty encoding matches no word.
const fn fixed_bits(encoding: &str) -> (u32, u32) {
    let text = encoding.as_bytes();
    if text.is_empty() {
        return (0, u32::MAX);
    }
    let (mut mask, mut bits, mut seen, mut i) = (0u32, 0u32, 0, 0);
    while i < text.len() {
        let (fixed, value) = match text[i] {
            b'0' => (1, 0),
            b'1' => (1, 1),
            b'.' => (0, 0),
            b' ' => {
                i += 1;
                continue;
            }
            _ => panic!("an encoding has only 0, 1, dots and spaces"),
        };
        mask = mask << 1 | fixed;
        bits = bits << 1 | value;
        seen += 1;
        i += 1;
    }
    assert!(seen == 32, "an encoding has 32 bits");
    (mask, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_at_their_index() {
        for (index, op) in Op::ALL.iter().enumerate() {
            assert_eq!(op.index(), index);
            assert_eq!(op.row().op, *op);
        }
    }

    #[test]
    fn no_word_matches_two_rows() {
        for a in Op::ALL.iter().map(|op| op.row()) {
            for b in Op::ALL.iter().map(|op| op.row()) {
                let shared = a.mask & b.mask;
                let overlap = !a.is_fused() && !b.is_fused() && (a.bits ^ b.bits) & shared == 0;
                let together = |xlen| a.base.has(xlen) && b.base.has(xlen);
                let apart = !together(Xlen::X32) && !together(Xlen::X64);
                let variant = a.mnemonic == b.mnemonic && (a.mnemonic == "jalr" || apart);
                assert_eq!(
                    overlap,
                    a.op == b.op && !a.is_fused() || variant,
                    "{a:?} {b:?}"
                );
            }
        }
    }
}
