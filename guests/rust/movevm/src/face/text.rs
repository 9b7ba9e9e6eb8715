//! Addresses, types and values in words.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::format::{get, Abilities, Address, Token};
use crate::machine::value::{wide, Value};
use crate::reader::TYPE_DEPTH;
use crate::world::World;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            let digit = DIGITS.get(usize::from(half)).copied().unwrap_or(b'0');
            text.push(char::from(digit));
        }
    }
    text
}

/// The bytes of a hexadecimal text, with or without `0x`.
#[must_use]
pub fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    let digit = |digit: u8| char::from(digit).to_digit(16).map(|digit| digit as u8);
    pairs
        .iter()
        .map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?))
        .collect()
}

/// An address: `0x` and all digits.
#[must_use]
pub fn address_text(address: &Address) -> String {
    format!("0x{}", hex(address))
}

/// An address of `0x` and up to 64 digits.
#[must_use]
pub fn address(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x")?;
    if digits.is_empty() || digits.len() > 64 || !digits.is_ascii() {
        return None;
    }
    bytes(&format!("{digits:0>64}"))?.try_into().ok()
}

/// `ADDRESS::MODULE::NAME`, as the module's number and the name.
#[must_use]
pub fn member<'t>(text: &'t str, world: &World) -> Option<(usize, &'t str)> {
    let mut parts = text.split("::");
    let (owner, module, name) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    Some((world.module(&address(owner)?, module)?, name))
}

/// A type of the world: `u64`, `vector<u8>`, `0x1::m::S<bool>`.
#[must_use]
pub fn type_of(text: &str, world: &World) -> Option<Token> {
    let mut rest = text;
    let token = parse(&mut rest, world, TYPE_DEPTH)?;
    rest.trim().is_empty().then_some(token)
}

fn parse(rest: &mut &str, world: &World, depth: usize) -> Option<Token> {
    let below = depth.checked_sub(1)?;
    *rest = rest.trim_start();
    let end = rest.find(['<', '>', ',']).unwrap_or(rest.len());
    let (name, left) = rest.split_at_checked(end)?;
    *rest = left;
    let mut arguments = Vec::new();
    if let Some(left) = rest.strip_prefix('<') {
        *rest = left;
        loop {
            arguments.push(parse(rest, world, below)?);
            *rest = rest.trim_start();
            if let Some(left) = rest.strip_prefix(',') {
                *rest = left;
                continue;
            }
            *rest = rest.strip_prefix('>')?;
            break;
        }
    }
    let name = name.trim();
    let simple = |token: Token| arguments.is_empty().then_some(token);
    match name {
        "bool" => simple(Token::Bool),
        "u8" => simple(Token::U8),
        "u16" => simple(Token::U16),
        "u32" => simple(Token::U32),
        "u64" => simple(Token::U64),
        "u128" => simple(Token::U128),
        "u256" => simple(Token::U256),
        "address" => simple(Token::Address),
        "signer" => simple(Token::Signer),
        "vector" => match <[Token; 1]>::try_from(arguments) {
            Ok([element]) => Some(Token::Vector(element.into())),
            Err(_) => None,
        },
        _ => {
            let (module, name) = member(name, world)?;
            let id = world.structure(module, name)?;
            let structure = get(&world.structs, id)?;
            let fits = structure.parameters.len() == arguments.len()
                && (arguments.iter().zip(&structure.parameters)).all(|(argument, parameter)| {
                    world.abilities(argument, &[]).has(parameter.constraints)
                });
            match (fits, arguments.is_empty()) {
                (false, _) => None,
                (true, true) => Some(Token::Struct(id)),
                (true, false) => Some(Token::Generic(id, arguments)),
            }
        }
    }
}

/// Whether a type argument may be used where a function wants these abilities.
#[must_use]
pub fn is_allowed(token: &Token, wanted: Abilities, world: &World) -> bool {
    world.abilities(token, &[]).has(wanted)
}

/// A value in words, for traces: without its type, and cut where it is long.
#[must_use]
pub fn value_text(value: &Value) -> String {
    const SHOWN: usize = 8;
    match value {
        Value::Absent => "-".to_string(),
        Value::Bool(value) => value.to_string(),
        Value::U8(value) => format!("{value}u8"),
        Value::U16(value) => format!("{value}u16"),
        Value::U32(value) => format!("{value}u32"),
        Value::U64(value) => format!("{value}u64"),
        Value::U128(value) => format!("{}u128", wide(*value)),
        Value::U256(value) => format!("{value}u256"),
        Value::Address(value) => format!("@{}", address_text(value)),
        Value::Items(items) => {
            let items = items.borrow();
            let mut text = String::from("[");
            for (index, item) in items.iter().take(SHOWN).enumerate() {
                if index > 0 {
                    text.push_str(", ");
                }
                text.push_str(&value_text(item));
            }
            text.push_str(if items.len() > SHOWN { ", …]" } else { "]" });
            text
        }
        Value::Bytes(bytes) => {
            let bytes = bytes.borrow();
            let shown = bytes.get(..SHOWN.min(bytes.len())).unwrap_or(&[]);
            let more = if bytes.len() > SHOWN { "…" } else { "" };
            format!("0x{}{more}", hex(shown))
        }
        Value::ToItems(items) => match items.try_borrow() {
            Ok(items) => format!("&[{} items]", items.len()),
            Err(_) => "&".to_string(),
        },
        Value::ToBytes(bytes) => format!("&[{} bytes]", bytes.borrow().len()),
        Value::ToItem(_, index) | Value::ToByte(_, index) => format!("&item {index}"),
        Value::ToLocal(index) => format!("&local {index}"),
    }
}
