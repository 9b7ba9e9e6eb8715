//! Writes the binary format: what `reader` reads, back to the same bytes where compilers wrote them in the usual order.
//!
//! Tests make modules with it that no compiler makes, and the workloads are kept as they are written here.

use alloc::vec::Vec;

use crate::format::*;
use crate::instruction::{Instruction, Operands, TABLE};
use crate::reader::{MAGIC, SUI};

/// Writes a number in LEB128.
pub fn number(mut value: u64, out: &mut Vec<u8>) {
    loop {
        let bits = (value & 0x7F) as u8;
        value >>= 7;
        if value == 0 {
            out.push(bits);
            return;
        }
        out.push(bits | 0x80);
    }
}

fn index(value: Index, out: &mut Vec<u8>) {
    number(u64::from(value), out);
}

fn bytes(value: &[u8], out: &mut Vec<u8>) {
    number(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn list<T>(values: &[T], out: &mut Vec<u8>, mut one: impl FnMut(&T, &mut Vec<u8>)) {
    number(values.len() as u64, out);
    for value in values {
        one(value, out);
    }
}

fn token(value: &Token, out: &mut Vec<u8>) {
    let mut inner = |code: u8, value: &Token| {
        out.push(code);
        token(value, out);
    };
    match value {
        Token::Reference(value) => inner(0x6, value),
        Token::Mutable(value) => inner(0x7, value),
        Token::Vector(value) => inner(0xA, value),
        Token::Struct(handle) => {
            out.push(0x8);
            index(*handle, out);
        }
        Token::Parameter(parameter) => {
            out.push(0x9);
            index(*parameter, out);
        }
        Token::Generic(handle, arguments) => {
            out.push(0xB);
            index(*handle, out);
            list(arguments, out, token);
        }
        Token::Bool => out.push(0x1),
        Token::U8 => out.push(0x2),
        Token::U64 => out.push(0x3),
        Token::U128 => out.push(0x4),
        Token::Address => out.push(0x5),
        Token::Signer => out.push(0xC),
        Token::U16 => out.push(0xD),
        Token::U32 => out.push(0xE),
        Token::U256 => out.push(0xF),
    }
}

fn instruction(code: &Code, value: &Instruction, out: &mut Vec<u8>) {
    use Instruction::*;
    out.push(value.code());
    let pooled = |at: Index| {
        get(&code.integers, at)
            .copied()
            .unwrap_or_default()
            .to_le_bytes::<32>()
    };
    match *value {
        LdU8(value) => out.push(value),
        LdU16(value) => out.extend_from_slice(&value.to_le_bytes()),
        LdU32(value) => out.extend_from_slice(&value.to_le_bytes()),
        LdU64(value) => out.extend_from_slice(&value.to_le_bytes()),
        LdU128(at) => out.extend_from_slice(pooled(at).first_chunk::<16>().unwrap_or(&[0; 16])),
        LdU256(at) => out.extend_from_slice(&pooled(at)),
        CopyLoc(at) | MoveLoc(at) | StLoc(at) | MutBorrowLoc(at) | ImmBorrowLoc(at) => {
            out.push(at & 0x7F | if at > 0x7F { 0x80 } else { 0 });
            if at > 0x7F {
                out.push(1);
            }
        }
        VecPack(at, count) | VecUnpack(at, count) => {
            index(at, out);
            out.extend_from_slice(&u64::from(count).to_le_bytes());
        }
        BrTrue(at)
        | BrFalse(at)
        | Branch(at)
        | LdConst(at)
        | MutBorrowField(at)
        | ImmBorrowField(at)
        | Call(at)
        | Pack(at)
        | Unpack(at)
        | Exists(at)
        | MutBorrowGlobal(at)
        | ImmBorrowGlobal(at)
        | MoveFrom(at)
        | MoveTo(at)
        | MutBorrowFieldGeneric(at)
        | ImmBorrowFieldGeneric(at)
        | CallGeneric(at)
        | PackGeneric(at)
        | UnpackGeneric(at)
        | ExistsGeneric(at)
        | MutBorrowGlobalGeneric(at)
        | ImmBorrowGlobalGeneric(at)
        | MoveFromGeneric(at)
        | MoveToGeneric(at)
        | VecLen(at)
        | VecImmBorrow(at)
        | VecMutBorrow(at)
        | VecPushBack(at)
        | VecPopBack(at)
        | VecSwap(at) => index(at, out),
        _ => debug_assert!(TABLE
            .iter()
            .any(|(code, _, operands)| *code == value.code() && *operands == Operands::None)),
    }
}

fn function(module: &Module, value: &FunctionDefinition, out: &mut Vec<u8>) {
    index(value.handle, out);
    out.push(match value.visibility {
        Visibility::Private => 0,
        Visibility::Public => 1,
        Visibility::Friend => 3,
    });
    let entry = if value.is_entry { 4 } else { 0 };
    let native = if value.code.is_none() { 2 } else { 0 };
    out.push(entry | native);
    list(&value.acquires, out, |at, out| index(*at, out));
    if let Some(code) = &value.code {
        index(code.locals, out);
        list(&code.instructions, out, |one, out| {
            instruction(code, one, out);
        });
        if module.version >= 7 && module.flavour == SUI {
            out.push(0);
        }
    }
}

/// Writes a module.
#[must_use]
pub fn write(module: &Module) -> Vec<u8> {
    let instance = |value: &Instance, out: &mut Vec<u8>| {
        index(value.generic, out);
        index(value.arguments, out);
    };
    let handle = |value: &ModuleHandle, out: &mut Vec<u8>| {
        index(value.address, out);
        index(value.name, out);
    };
    let mut tables: Vec<(u8, Vec<u8>)> = Vec::new();
    macro_rules! table {
        ($kind:literal, $values:expr, $one:expr) => {{
            let mut out = Vec::new();
            for value in &$values {
                $one(value, &mut out);
            }
            tables.push(($kind, out));
        }};
    }
    table!(0x1, module.modules, handle);
    table!(
        0x2,
        module.structs,
        |value: &StructHandle, out: &mut Vec<u8>| {
            index(value.module, out);
            index(value.name, out);
            out.push(value.abilities.0);
            list(&value.parameters, out, |one, out| {
                out.push(one.constraints.0);
                out.push(u8::from(one.is_phantom));
            });
        }
    );
    table!(
        0x3,
        module.functions,
        |value: &FunctionHandle, out: &mut Vec<u8>| {
            index(value.module, out);
            index(value.name, out);
            index(value.parameters, out);
            index(value.results, out);
            list(&value.type_parameters, out, |one, out| out.push(one.0));
            if module.version >= 7 && module.flavour != SUI {
                out.push(1);
            }
        }
    );
    table!(0x4, module.function_instances, instance);
    table!(
        0x5,
        module.signatures,
        |value: &Vec<Token>, out: &mut Vec<u8>| list(value, out, token)
    );
    table!(
        0x6,
        module.constants,
        |value: &Constant, out: &mut Vec<u8>| {
            token(&value.token, out);
            bytes(&value.data, out);
        }
    );
    table!(
        0x10,
        module.metadata,
        |(key, value): &(Vec<u8>, Vec<u8>), out: &mut Vec<u8>| {
            bytes(key, out);
            bytes(value, out);
        }
    );
    table!(
        0x7,
        module.identifiers,
        |value: &alloc::string::String, out: &mut Vec<u8>| bytes(value.as_bytes(), out)
    );
    table!(
        0x8,
        module.addresses,
        |value: &Address, out: &mut Vec<u8>| out.extend_from_slice(value)
    );
    table!(
        0xA,
        module.struct_definitions,
        |value: &StructDefinition, out: &mut Vec<u8>| {
            index(value.handle, out);
            match &value.fields {
                None => out.push(1),
                Some(fields) => {
                    out.push(2);
                    list(fields, out, |field, out| {
                        index(field.name, out);
                        token(&field.token, out);
                    });
                }
            }
        }
    );
    table!(0xB, module.struct_instances, instance);
    table!(
        0xC,
        module.function_definitions,
        |value: &FunctionDefinition, out: &mut Vec<u8>| function(module, value, out)
    );
    table!(
        0xD,
        module.fields,
        |value: &FieldHandle, out: &mut Vec<u8>| {
            index(value.owner, out);
            index(value.field, out);
        }
    );
    table!(0xE, module.field_instances, instance);
    table!(0xF, module.friends, handle);
    tables.retain(|(_, contents)| !contents.is_empty());
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&(module.version | u32::from(module.flavour) << 24).to_le_bytes());
    number(tables.len() as u64, &mut out);
    let mut offset = 0u64;
    for (kind, contents) in &tables {
        out.push(*kind);
        number(offset, &mut out);
        number(contents.len() as u64, &mut out);
        offset = offset.saturating_add(contents.len() as u64);
    }
    for (_, contents) in &tables {
        out.extend_from_slice(contents);
    }
    index(module.own_handle, &mut out);
    out
}
