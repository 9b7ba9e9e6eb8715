//! The instructions, with their operation codes and operands, in one table.
//!
//! Integers of 128 and 256 bits stand in a pool beside the code, so that an instruction has 16 bytes.

use crate::format::Index;

/// What follows the operation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operands {
    /// Nothing.
    None,
    /// An index of an instruction, in LEB128.
    Target,
    /// The number of a local, in LEB128.
    Local,
    /// An index into a table, in LEB128.
    Table,
    /// A signature in LEB128, and a number of elements in 8 bytes.
    Count,
    /// So many bytes of an integer.
    Bytes(u8),
}

macro_rules! instructions {
    ($($name:ident $(($($operand:ty),*))? = $code:literal $operands:ident $(($bytes:literal))?;)*) => {
        /// An instruction.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Instruction { $($name $(($($operand),*))?,)* }

        /// All of them: operation code, name, operands.
        pub const TABLE: &[(u8, &str, Operands)] = &[
            $(($code, stringify!($name), Operands::$operands $(($bytes))?),)*
        ];

        impl Instruction {
            /// The operation code.
            #[must_use]
            pub fn code(&self) -> u8 {
                match self { $(Instruction::$name { .. } => $code,)* }
            }
            /// The name.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Instruction::$name { .. } => stringify!($name),)* }
            }
        }
    };
}

instructions! {
    Pop = 0x01 None;
    Ret = 0x02 None;
    BrTrue(Index) = 0x03 Target;
    BrFalse(Index) = 0x04 Target;
    Branch(Index) = 0x05 Target;
    LdU64(u64) = 0x06 Bytes(8);
    LdConst(Index) = 0x07 Table;
    LdTrue = 0x08 None;
    LdFalse = 0x09 None;
    CopyLoc(u8) = 0x0A Local;
    MoveLoc(u8) = 0x0B Local;
    StLoc(u8) = 0x0C Local;
    MutBorrowLoc(u8) = 0x0D Local;
    ImmBorrowLoc(u8) = 0x0E Local;
    MutBorrowField(Index) = 0x0F Table;
    ImmBorrowField(Index) = 0x10 Table;
    Call(Index) = 0x11 Table;
    Pack(Index) = 0x12 Table;
    Unpack(Index) = 0x13 Table;
    ReadRef = 0x14 None;
    WriteRef = 0x15 None;
    Add = 0x16 None;
    Sub = 0x17 None;
    Mul = 0x18 None;
    Mod = 0x19 None;
    Div = 0x1A None;
    BitOr = 0x1B None;
    BitAnd = 0x1C None;
    Xor = 0x1D None;
    Or = 0x1E None;
    And = 0x1F None;
    Not = 0x20 None;
    Eq = 0x21 None;
    Neq = 0x22 None;
    Lt = 0x23 None;
    Gt = 0x24 None;
    Le = 0x25 None;
    Ge = 0x26 None;
    Abort = 0x27 None;
    Nop = 0x28 None;
    Exists(Index) = 0x29 Table;
    MutBorrowGlobal(Index) = 0x2A Table;
    ImmBorrowGlobal(Index) = 0x2B Table;
    MoveFrom(Index) = 0x2C Table;
    MoveTo(Index) = 0x2D Table;
    FreezeRef = 0x2E None;
    Shl = 0x2F None;
    Shr = 0x30 None;
    LdU8(u8) = 0x31 Bytes(1);
    LdU128(Index) = 0x32 Bytes(16);
    CastU8 = 0x33 None;
    CastU64 = 0x34 None;
    CastU128 = 0x35 None;
    MutBorrowFieldGeneric(Index) = 0x36 Table;
    ImmBorrowFieldGeneric(Index) = 0x37 Table;
    CallGeneric(Index) = 0x38 Table;
    PackGeneric(Index) = 0x39 Table;
    UnpackGeneric(Index) = 0x3A Table;
    ExistsGeneric(Index) = 0x3B Table;
    MutBorrowGlobalGeneric(Index) = 0x3C Table;
    ImmBorrowGlobalGeneric(Index) = 0x3D Table;
    MoveFromGeneric(Index) = 0x3E Table;
    MoveToGeneric(Index) = 0x3F Table;
    VecPack(Index, u16) = 0x40 Count;
    VecLen(Index) = 0x41 Table;
    VecImmBorrow(Index) = 0x42 Table;
    VecMutBorrow(Index) = 0x43 Table;
    VecPushBack(Index) = 0x44 Table;
    VecPopBack(Index) = 0x45 Table;
    VecUnpack(Index, u16) = 0x46 Count;
    VecSwap(Index) = 0x47 Table;
    LdU16(u16) = 0x48 Bytes(2);
    LdU32(u32) = 0x49 Bytes(4);
    LdU256(Index) = 0x4A Bytes(32);
    CastU16 = 0x4B None;
    CastU32 = 0x4C None;
    CastU256 = 0x4D None;
}

impl Instruction {
    /// Where it may branch to.
    #[must_use]
    pub fn target(&self) -> Option<Index> {
        match *self {
            Instruction::BrTrue(to) | Instruction::BrFalse(to) | Instruction::Branch(to) => {
                Some(to)
            }
            _ => None,
        }
    }

    /// Whether control never goes on behind it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(
            self,
            Instruction::Ret | Instruction::Abort | Instruction::Branch(_)
        )
    }
}
