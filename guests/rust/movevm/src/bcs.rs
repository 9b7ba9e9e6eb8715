//! BCS, the encoding of constants and of `std::bcs`: integers little-endian, lengths in LEB128, fields one after the other.

use alloc::vec::Vec;

use ruint::aliases::U256;

use crate::format::{Address, Token};
use crate::machine::value::{wide, Value};
use crate::machine::Stop;
use crate::types::{Type, TypeId, Types};
use crate::write::number;

/// Writes a value of a type.
pub fn write(
    value: &Value,
    of: TypeId,
    types: &mut Types<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Stop> {
    match (value, types.of(of)?) {
        (Value::Bool(value), Type::Bool) => out.push(u8::from(*value)),
        (Value::U8(value), Type::U8) => out.push(*value),
        (Value::U16(value), Type::U16) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U32(value), Type::U32) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U64(value), Type::U64) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U128(value), Type::U128) => out.extend_from_slice(&wide(*value).to_le_bytes()),
        (Value::U256(value), Type::U256) => {
            out.extend_from_slice(&value.to_le_bytes::<32>());
        }
        (Value::Address(value), Type::Address) => out.extend_from_slice(&**value),
        (Value::Items(_), Type::Signer) => out.extend_from_slice(&value.signer_address()?),
        (Value::Bytes(bytes), Type::Vector(_)) => {
            let bytes = bytes.borrow();
            number(bytes.len() as u64, out);
            out.extend_from_slice(&bytes);
        }
        (Value::Items(items), Type::Vector(element)) => {
            let items = items.borrow();
            number(items.len() as u64, out);
            for item in items.iter() {
                write(item, element, types, out)?;
            }
        }
        (Value::Items(items), Type::Struct(..)) => {
            let fields = types.fields(of)?;
            for (item, field) in items.borrow().iter().zip(fields.iter()) {
                write(item, *field, types, out)?;
            }
        }
        _ => return Err(Stop::INVARIANT),
    }
    Ok(())
}

/// Bytes that are read from their beginning.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    /// So many bytes.
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, left) = self.0.split_first_chunk::<N>()?;
        self.0 = left;
        Some(*taken)
    }

    /// A length in LEB128, in its shortest form.
    pub fn length(&mut self) -> Option<usize> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            let bits = u32::from(byte & 0x7F);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return None;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return (shift == 0 || byte != 0).then_some(value as usize);
            }
        }
        None
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.length()?;
        let (taken, left) = self.0.split_at_checked(count)?;
        self.0 = left;
        Some(taken)
    }

    fn truth(&mut self) -> Option<bool> {
        match self.take()? {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }

    fn address(&mut self) -> Option<Address> {
        self.take()
    }
}

/// The value of a constant: integers, truth values, addresses, and vectors of these.
pub fn constant(token: &Token, input: &mut Input<'_>) -> Option<Value> {
    Some(match token {
        Token::Bool => Value::Bool(input.truth()?),
        Token::U8 => Value::U8(u8::from_le_bytes(input.take()?)),
        Token::U16 => Value::U16(u16::from_le_bytes(input.take()?)),
        Token::U32 => Value::U32(u32::from_le_bytes(input.take()?)),
        Token::U64 => Value::U64(u64::from_le_bytes(input.take()?)),
        Token::U128 => Value::u128(u128::from_le_bytes(input.take()?)),
        Token::U256 => Value::u256(U256::from_le_bytes::<32>(input.take()?)),
        Token::Address => Value::address(input.address()?),
        Token::Vector(element) if **element == Token::U8 => Value::bytes(input.bytes()?.to_vec()),
        Token::Vector(element) => {
            let count = input.length()?;
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(constant(element, input)?);
            }
            Value::items(items)
        }
        _ => return None,
    })
}

/// A value of a type.
pub fn read(of: TypeId, types: &Types<'_>, input: &mut Input<'_>) -> Option<Value> {
    Some(match types.of(of).ok()? {
        Type::Bool => Value::Bool(input.truth()?),
        Type::U8 => Value::U8(u8::from_le_bytes(input.take()?)),
        Type::U16 => Value::U16(u16::from_le_bytes(input.take()?)),
        Type::U32 => Value::U32(u32::from_le_bytes(input.take()?)),
        Type::U64 => Value::U64(u64::from_le_bytes(input.take()?)),
        Type::U128 => Value::u128(u128::from_le_bytes(input.take()?)),
        Type::U256 => Value::u256(U256::from_le_bytes::<32>(input.take()?)),
        Type::Address => Value::address(input.address()?),
        // Nobody signs by encoding an address.
        Type::Signer => return None,
        Type::Vector(element) => {
            if types.of(element).ok()? == Type::U8 {
                return Some(Value::bytes(input.bytes()?.to_vec()));
            }
            let count = input.length()?;
            let mut items = Vec::new();
            for _ in 0..count {
                items.push(read(element, types, input)?);
            }
            Value::items(items)
        }
        Type::Struct(..) => {
            let mut items = Vec::new();
            for field in types.fields(of).ok()?.iter() {
                items.push(read(*field, types, input)?);
            }
            Value::items(items)
        }
    })
}
