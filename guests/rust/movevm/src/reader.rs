//! Reads the binary format, versions 5 to 7.
//!
//! A file has a header, a list of tables (kind, offset, size), their contents without gaps, and the index of the module's
//! own handle. Version 7 exists in two flavours that differ: Sui's has tables of branches behind each code, and Aptos's
//! has access specifiers in each function handle. Both are read where they are empty. Enums and all that later formats
//! added are refused with a code of their own.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::format::*;
use crate::instruction::{Instruction, Operands, TABLE};
use crate::wrong::{Code as Exit, Wrong};

/// The first bytes of each module.
pub const MAGIC: [u8; 4] = [0xA1, 0x1C, 0xEB, 0x0B];
/// The flavour of Sui.
pub const SUI: u8 = 5;
/// The flavour of Aptos.
pub const APTOS: u8 = 10;
/// How deep a type may nest in a module.
pub const TYPE_DEPTH: usize = 32;
/// Entries of a table at most, so that an index fits in 16 bits.
const TABLE_ENTRIES: usize = 65_535;
/// Bytes of a name at most.
const NAME_BYTES: u64 = 255;

type Read<T> = Result<T, Wrong>;

fn malformed(name: &'static str) -> Wrong {
    Wrong::new(Exit::Malformed, name)
}

/// Bytes, and where reading stands.
struct Cursor<'a> {
    bytes: &'a [u8],
    version: u32,
    flavour: u8,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Read<&'a [u8]> {
        let (taken, left) = self
            .bytes
            .split_at_checked(count)
            .ok_or_else(|| malformed("UNEXPECTED_END"))?;
        self.bytes = left;
        Ok(taken)
    }

    fn byte(&mut self) -> Read<u8> {
        let (first, left) = self
            .bytes
            .split_first()
            .ok_or_else(|| malformed("UNEXPECTED_END"))?;
        self.bytes = left;
        Ok(*first)
    }

    /// A number in LEB128, in its shortest form.
    fn number(&mut self, largest: u64) -> Read<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(malformed("MALFORMED_NUMBER"));
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                let is_shortest = shift == 0 || byte != 0;
                return match is_shortest && value <= largest {
                    true => Ok(value),
                    false => Err(malformed("MALFORMED_NUMBER")),
                };
            }
        }
        Err(malformed("MALFORMED_NUMBER"))
    }

    fn index(&mut self) -> Read<Index> {
        Ok(self.number(u64::from(Index::MAX))? as Index)
    }

    fn bytes(&mut self, largest: u64) -> Read<Vec<u8>> {
        let count = self.number(largest)? as usize;
        Ok(self.take(count)?.to_vec())
    }

    fn abilities(&mut self) -> Read<Abilities> {
        match self.byte()? {
            bits @ 0..=15 => Ok(Abilities(bits)),
            _ => Err(malformed("UNKNOWN_ABILITY")),
        }
    }

    /// So many things. The number is no reason to take memory before they are there.
    fn list<T>(&mut self, largest: u64, mut one: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let count = self.number(largest)?;
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(one(self)?);
        }
        Ok(all)
    }

    /// Things as long as there are bytes.
    fn table<T>(&mut self, mut one: impl FnMut(&mut Self) -> Read<T>) -> Read<Vec<T>> {
        let mut all = Vec::new();
        while !self.bytes.is_empty() {
            if all.len() == TABLE_ENTRIES {
                return Err(malformed("TABLE_TOO_LARGE"));
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn token(&mut self, depth: usize) -> Read<Token> {
        if depth == 0 {
            return Err(malformed("SIGNATURE_TOO_DEEP"));
        }
        let below = depth - 1;
        Ok(match self.byte()? {
            0x1 => Token::Bool,
            0x2 => Token::U8,
            0x3 => Token::U64,
            0x4 => Token::U128,
            0x5 => Token::Address,
            0x6 => Token::Reference(Box::new(self.token(below)?)),
            0x7 => Token::Mutable(Box::new(self.token(below)?)),
            0x8 => Token::Struct(self.index()?),
            0x9 => Token::Parameter(self.index()?),
            0xA => Token::Vector(Box::new(self.token(below)?)),
            0xB => {
                let handle = self.index()?;
                let arguments = self.list(255, |cursor| cursor.token(below))?;
                if arguments.is_empty() {
                    return Err(malformed("NO_TYPE_ARGUMENTS"));
                }
                Token::Generic(handle, arguments)
            }
            0xC => Token::Signer,
            0xD if self.version >= 6 => Token::U16,
            0xE if self.version >= 6 => Token::U32,
            0xF if self.version >= 6 => Token::U256,
            0x10..=0x20 => return Err(Wrong::new(Exit::Unsupported, "UNKNOWN_SIGNATURE_TYPE")),
            _ => return Err(malformed("UNKNOWN_SIGNATURE_TYPE")),
        })
    }

    fn module_handle(&mut self) -> Read<ModuleHandle> {
        Ok(ModuleHandle {
            address: self.index()?,
            name: self.index()?,
        })
    }

    fn struct_handle(&mut self) -> Read<StructHandle> {
        Ok(StructHandle {
            module: self.index()?,
            name: self.index()?,
            abilities: self.abilities()?,
            parameters: self.list(255, |cursor| {
                Ok(TypeParameter {
                    constraints: cursor.abilities()?,
                    is_phantom: match cursor.byte()? {
                        0 => false,
                        1 => true,
                        _ => return Err(malformed("MALFORMED_FLAG")),
                    },
                })
            })?,
        })
    }

    fn function_handle(&mut self) -> Read<FunctionHandle> {
        let handle = FunctionHandle {
            module: self.index()?,
            name: self.index()?,
            parameters: self.index()?,
            results: self.index()?,
            type_parameters: self.list(255, Cursor::abilities)?,
        };
        // 1 is an option that is empty.
        if self.version >= 7 && self.flavour != SUI && self.byte()? != 1 {
            return Err(Wrong::new(Exit::Unsupported, "ACCESS_SPECIFIERS"));
        }
        Ok(handle)
    }

    fn instance(&mut self) -> Read<Instance> {
        Ok(Instance {
            generic: self.index()?,
            arguments: self.index()?,
        })
    }

    fn struct_definition(&mut self) -> Read<StructDefinition> {
        let handle = self.index()?;
        let fields = match self.byte()? {
            1 => None,
            2 => Some(self.list(255, |cursor| {
                Ok(Field {
                    name: cursor.index()?,
                    token: cursor.token(TYPE_DEPTH)?,
                })
            })?),
            3 => return Err(Wrong::new(Exit::Unsupported, "VARIANTS")),
            _ => return Err(malformed("MALFORMED_FLAG")),
        };
        Ok(StructDefinition { handle, fields })
    }

    fn function_definition(&mut self) -> Read<FunctionDefinition> {
        const NATIVE: u8 = 2;
        const ENTRY: u8 = 4;
        let handle = self.index()?;
        let visibility = match self.byte()? {
            0 => Visibility::Private,
            1 => Visibility::Public,
            3 => Visibility::Friend,
            2 => return Err(Wrong::new(Exit::Unsupported, "SCRIPT_VISIBILITY")),
            _ => return Err(malformed("UNKNOWN_VISIBILITY")),
        };
        let flags = self.byte()?;
        if flags & !(NATIVE | ENTRY) != 0 {
            return Err(malformed("MALFORMED_FLAG"));
        }
        Ok(FunctionDefinition {
            handle,
            visibility,
            is_entry: flags & ENTRY != 0,
            acquires: self.list(255, Cursor::index)?,
            code: match flags & NATIVE {
                0 => Some(self.code()?),
                _ => None,
            },
        })
    }

    fn code(&mut self) -> Read<Code> {
        let locals = self.index()?;
        let mut integers = Vec::new();
        let instructions = self.list(65_535, |cursor| cursor.instruction(&mut integers))?;
        if self.version >= 7 && self.flavour == SUI && self.number(255)? != 0 {
            return Err(Wrong::new(Exit::Unsupported, "JUMP_TABLES"));
        }
        Ok(Code {
            locals,
            instructions,
            integers,
        })
    }

    /// A little-endian integer, put into the pool.
    fn pooled(&mut self, count: usize, integers: &mut Vec<U256>) -> Read<Index> {
        let value = U256::try_from_le_slice(self.take(count)?)
            .ok_or_else(|| malformed("UNEXPECTED_END"))?;
        let index = Index::try_from(integers.len()).map_err(|_| malformed("CODE_TOO_LONG"))?;
        integers.push(value);
        Ok(index)
    }

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| malformed("UNEXPECTED_END"))
    }

    fn instruction(&mut self, integers: &mut Vec<U256>) -> Read<Instruction> {
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

/// Reads a module.
///
/// # Errors
/// The bytes are no module of the versions 5 to 7, or use what is not supported.
pub fn read(bytes: &[u8]) -> Result<Module, Wrong> {
    let (magic, rest) = bytes
        .split_at_checked(8)
        .ok_or_else(|| Wrong::new(Exit::Header, "BAD_MAGIC"))?;
    let [m0, m1, m2, m3, v0, v1, v2, flavour] = *magic else {
        return Err(Wrong::new(Exit::Header, "BAD_MAGIC"));
    };
    if [m0, m1, m2, m3] != MAGIC {
        return Err(Wrong::new(Exit::Header, "BAD_MAGIC"));
    }
    let version = u32::from_le_bytes([v0, v1, v2, 0]);
    let known = match flavour {
        0 => (5..=7).contains(&version),
        SUI | APTOS => version == 7,
        _ => false,
    };
    if !known {
        return Err(Wrong::new(Exit::Header, "UNKNOWN_VERSION"));
    }
    let mut cursor = Cursor {
        bytes: rest,
        version,
        flavour,
    };
    let tables = cursor.list(255, |cursor| {
        let kind = cursor.byte()?;
        let offset = cursor.number(u64::from(u32::MAX))?;
        let size = cursor.number(u64::from(u32::MAX))?;
        Ok((offset, size, kind))
    })?;
    let mut tables = tables;
    tables.sort_unstable();
    let mut module = Module {
        version,
        flavour,
        ..Module::default()
    };
    let mut seen = [false; 256];
    let mut end = 0u64;
    for (offset, size, kind) in tables {
        if offset != end || size == 0 {
            return Err(malformed("BAD_HEADER_TABLE"));
        }
        end = end.saturating_add(size);
        if let Some(seen) = seen.get_mut(usize::from(kind)) {
            if core::mem::replace(seen, true) {
                return Err(malformed("DUPLICATE_TABLE"));
            }
        }
        let mut contents = Cursor {
            bytes: cursor.take(usize::try_from(size).map_err(|_| malformed("UNEXPECTED_END"))?)?,
            version,
            flavour,
        };
        read_table(kind, &mut contents, &mut module)?;
    }
    module.own_handle = cursor.index()?;
    match cursor.bytes.is_empty() {
        true => Ok(module),
        false => Err(malformed("TRAILING_BYTES")),
    }
}

fn read_table(kind: u8, cursor: &mut Cursor<'_>, module: &mut Module) -> Read<()> {
    match kind {
        0x1 => module.modules = cursor.table(Cursor::module_handle)?,
        0x2 => module.structs = cursor.table(Cursor::struct_handle)?,
        0x3 => module.functions = cursor.table(Cursor::function_handle)?,
        0x4 => module.function_instances = cursor.table(Cursor::instance)?,
        0x5 => {
            module.signatures =
                cursor.table(|cursor| cursor.list(255, |cursor| cursor.token(TYPE_DEPTH)))?;
        }
        0x6 => {
            module.constants = cursor.table(|cursor| {
                Ok(Constant {
                    token: cursor.token(TYPE_DEPTH)?,
                    data: cursor.bytes(65_535)?,
                })
            })?;
        }
        0x7 => {
            module.identifiers = cursor.table(|cursor| {
                String::from_utf8(cursor.bytes(NAME_BYTES)?)
                    .map_err(|_| malformed("INVALID_IDENTIFIER"))
            })?;
        }
        0x8 => module.addresses = cursor.table(Cursor::fixed)?,
        0xA => module.struct_definitions = cursor.table(Cursor::struct_definition)?,
        0xB => module.struct_instances = cursor.table(Cursor::instance)?,
        0xC => module.function_definitions = cursor.table(Cursor::function_definition)?,
        0xD => {
            module.fields = cursor.table(|cursor| {
                Ok(FieldHandle {
                    owner: cursor.index()?,
                    field: cursor.index()?,
                })
            })?;
        }
        0xE => module.field_instances = cursor.table(Cursor::instance)?,
        0xF => module.friends = cursor.table(Cursor::module_handle)?,
        0x10 => {
            module.metadata = cursor
                .table(|cursor| Ok((cursor.bytes(1023)?, cursor.bytes(u64::from(u32::MAX))?)))?;
        }
        0x11..=0x20 => return Err(Wrong::new(Exit::Unsupported, "UNKNOWN_TABLE_TYPE")),
        _ => return Err(malformed("UNKNOWN_TABLE_TYPE")),
    }
    Ok(())
}
