//! Reads the binary format, versions 5 to 7.
//!
//! A file has a header, a list of tables (kind, offset, size), their contents without gaps, and the index of the module's
//! own handle. Version 7 exists in two flavours that differ: Sui's has tables of branches behind each code, and Aptos's
//! has access specifiers in each function handle. Both are read where they are empty. Enums and all that later formats
//! added are refused with a code of their own.

mod instructions;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::format::*;
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

    fn fixed<const N: usize>(&mut self) -> Read<[u8; N]> {
        let taken = self.take(N)?;
        taken.try_into().map_err(|_| malformed("UNEXPECTED_END"))
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
