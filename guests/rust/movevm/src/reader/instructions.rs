//! Reads instructions: an operation code, then its operands.

use alloc::vec::Vec;

use ruint::aliases::U256;

use super::{malformed, Cursor, Read};
use crate::format::Index;
use crate::instruction::{Instruction, Operands, TABLE};
use crate::wrong::{Code as Exit, Wrong};

impl Cursor<'_> {
    /// A little-endian integer, put into the pool.
    fn pooled(&mut self, count: usize, integers: &mut Vec<U256>) -> Read<Index> {
        let value = U256::try_from_le_slice(self.take(count)?)
            .ok_or_else(|| malformed("UNEXPECTED_END"))?;
        let index = Index::try_from(integers.len()).map_err(|_| malformed("CODE_TOO_LONG"))?;
        integers.push(value);
        Ok(index)
    }

    pub(super) fn instruction(&mut self, integers: &mut Vec<U256>) -> Read<Instruction> {
        use Instruction::*;
        let code = self.byte()?;
        // The table has all codes from 1 on, in their order.
        let operands = match TABLE.get(usize::from(code).wrapping_sub(1)) {
            Some((known, _, operands)) if *known == code => *operands,
            _ if (0x4E..=0x80).contains(&code) => {
                return Err(Wrong::new(Exit::Unsupported, "UNKNOWN_OPCODE"))
            }
            _ => return Err(malformed("UNKNOWN_OPCODE")),
        };
        if code >= 0x48 && self.version < 6 {
            return Err(malformed("UNKNOWN_OPCODE"));
        }
        let mut index = 0;
        let mut count = 0;
        match operands {
            Operands::None | Operands::Bytes(_) => {}
            Operands::Local => index = self.number(255)? as Index,
            Operands::Target | Operands::Table => index = self.index()?,
            Operands::Count => {
                index = self.index()?;
                // No stack holds more, so what is more is refused by the verifier either way.
                count = u64::from_le_bytes(self.fixed()?).min(u64::from(u16::MAX)) as u16;
            }
        }
        let local = index as u8;
        Ok(match code {
            0x01 => Pop,
            0x02 => Ret,
            0x03 => BrTrue(index),
            0x04 => BrFalse(index),
            0x05 => Branch(index),
            0x06 => LdU64(u64::from_le_bytes(self.fixed()?)),
            0x07 => LdConst(index),
            0x08 => LdTrue,
            0x09 => LdFalse,
            0x0A => CopyLoc(local),
            0x0B => MoveLoc(local),
            0x0C => StLoc(local),
            0x0D => MutBorrowLoc(local),
            0x0E => ImmBorrowLoc(local),
            0x0F => MutBorrowField(index),
            0x10 => ImmBorrowField(index),
            0x11 => Call(index),
            0x12 => Pack(index),
            0x13 => Unpack(index),
            0x14 => ReadRef,
            0x15 => WriteRef,
            0x16 => Add,
            0x17 => Sub,
            0x18 => Mul,
            0x19 => Mod,
            0x1A => Div,
            0x1B => BitOr,
            0x1C => BitAnd,
            0x1D => Xor,
            0x1E => Or,
            0x1F => And,
            0x20 => Not,
            0x21 => Eq,
            0x22 => Neq,
            0x23 => Lt,
            0x24 => Gt,
            0x25 => Le,
            0x26 => Ge,
            0x27 => Abort,
            0x28 => Nop,
            0x29 => Exists(index),
            0x2A => MutBorrowGlobal(index),
            0x2B => ImmBorrowGlobal(index),
            0x2C => MoveFrom(index),
            0x2D => MoveTo(index),
            0x2E => FreezeRef,
            0x2F => Shl,
            0x30 => Shr,
            0x31 => LdU8(self.byte()?),
            0x32 => LdU128(self.pooled(16, integers)?),
            0x33 => CastU8,
            0x34 => CastU64,
            0x35 => CastU128,
            0x36 => MutBorrowFieldGeneric(index),
            0x37 => ImmBorrowFieldGeneric(index),
            0x38 => CallGeneric(index),
            0x39 => PackGeneric(index),
            0x3A => UnpackGeneric(index),
            0x3B => ExistsGeneric(index),
            0x3C => MutBorrowGlobalGeneric(index),
            0x3D => ImmBorrowGlobalGeneric(index),
            0x3E => MoveFromGeneric(index),
            0x3F => MoveToGeneric(index),
            0x40 => VecPack(index, count),
            0x41 => VecLen(index),
            0x42 => VecImmBorrow(index),
            0x43 => VecMutBorrow(index),
            0x44 => VecPushBack(index),
            0x45 => VecPopBack(index),
            0x46 => VecUnpack(index, count),
            0x47 => VecSwap(index),
            0x48 => LdU16(u16::from_le_bytes(self.fixed()?)),
            0x49 => LdU32(u32::from_le_bytes(self.fixed()?)),
            0x4A => LdU256(self.pooled(32, integers)?),
            0x4B => CastU16,
            0x4C => CastU32,
            0x4D => CastU256,
            _ => return Err(malformed("UNKNOWN_OPCODE")),
        })
    }
}
