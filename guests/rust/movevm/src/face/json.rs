//! Values of a type as JSON, and back.
//!
//! Integers are decimal texts (numbers are read too), addresses and signers `0x` and 64 digits, vectors arrays, a
//! `vector<u8>` a text `0x…` (an array is read too), structs objects with all their fields.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use ruint::aliases::U256;
use serde_json::{Map, Value as Json};

use super::text;
use crate::format::get;
use crate::machine::value::{wide, Value};
use crate::machine::{Stop, Storage};
use crate::types::{ListId, Type, TypeId, Types};
use crate::world::World;

/// A value as JSON.
///
/// # Errors
/// The value is none of the type.
pub fn write(value: &Value, of: TypeId, types: &Types<'_>, world: &World) -> Result<Json, Stop> {
    Ok(match (value, types.of(of)?) {
        (Value::Bool(value), _) => Json::Bool(*value),
        (Value::U8(value), _) => Json::String(value.to_string()),
        (Value::U16(value), _) => Json::String(value.to_string()),
        (Value::U32(value), _) => Json::String(value.to_string()),
        (Value::U64(value), _) => Json::String(value.to_string()),
        (Value::U128(value), _) => Json::String(wide(*value).to_string()),
        (Value::U256(value), _) => Json::String(value.to_string()),
        (Value::Address(value), _) => Json::String(text::address_text(value)),
        (Value::Items(_), Type::Signer) => {
            Json::String(text::address_text(&value.signer_address()?))
        }
        (Value::Bytes(bytes), _) => Json::String(format!("0x{}", text::hex(&bytes.borrow()))),
        (Value::Items(items), Type::Vector(element)) => {
            let items = items.borrow();
            let mut all = Vec::with_capacity(items.len());
            for item in items.iter() {
                all.push(write(item, element, types, world)?);
            }
            Json::Array(all)
        }
        (Value::Items(items), Type::Struct(handle, _)) => {
            let structure = get(&world.structs, handle).ok_or(Stop::INVARIANT)?;
            let fields = types.fields(of)?;
            let mut all = Map::new();
            let items = items.borrow();
            for ((item, field), of) in items.iter().zip(&structure.fields).zip(fields.iter()) {
                all.insert(field.name.clone(), write(item, *of, types, world)?);
            }
            Json::Object(all)
        }
        _ => return Err(Stop::INVARIANT),
    })
}

fn integer(json: &Json) -> Option<U256> {
    match json {
        Json::Number(number) => number.as_u64().map(U256::from),
        Json::String(digits) => {
            let is_number = !digits.is_empty()
                && digits.len() <= 78
                && digits.bytes().all(|digit| digit.is_ascii_digit());
            is_number
                .then(|| U256::from_str_radix(digits, 10).ok())
                .flatten()
        }
        _ => None,
    }
}

/// A value of JSON.
#[must_use]
pub fn read(json: &Json, of: TypeId, types: &Types<'_>, world: &World) -> Option<Value> {
    let small = |bits: usize| {
        let value = integer(json)?;
        (value.bit_len() <= bits).then(|| value.as_limbs().first().copied().unwrap_or(0))
    };
    Some(match types.of(of).ok()? {
        Type::Bool => Value::Bool(json.as_bool()?),
        Type::U8 => Value::U8(small(8)? as u8),
        Type::U16 => Value::U16(small(16)? as u16),
        Type::U32 => Value::U32(small(32)? as u32),
        Type::U64 => Value::U64(small(64)?),
        Type::U128 => Value::u128(u128::try_from(integer(json)?).ok()?),
        Type::U256 => Value::u256(integer(json)?),
        Type::Address => Value::address(text::address(json.as_str()?)?),
        Type::Signer => Value::signer(text::address(json.as_str()?)?),
        Type::Vector(element) => {
            let of_bytes = types.of(element).ok()? == Type::U8;
            match json {
                Json::String(digits) if of_bytes && digits.starts_with("0x") => {
                    Value::bytes(text::bytes(digits)?)
                }
                Json::Array(items) if of_bytes => {
                    let bytes = items
                        .iter()
                        .map(|item| integer(item).and_then(|item| u8::try_from(item).ok()));
                    Value::bytes(bytes.collect::<Option<_>>()?)
                }
                Json::Array(items) => {
                    let values = items.iter().map(|item| read(item, element, types, world));
                    Value::items(values.collect::<Option<_>>()?)
                }
                _ => return None,
            }
        }
        Type::Struct(handle, _) => {
            let structure = get(&world.structs, handle)?;
            let given = json.as_object()?;
            if given.len() != structure.fields.len() {
                return None;
            }
            let fields = types.fields(of).ok()?;
            let mut values = Vec::with_capacity(fields.len());
            for (field, of) in structure.fields.iter().zip(fields.iter()) {
                values.push(read(given.get(&field.name)?, *of, types, world)?);
            }
            Value::items(values)
        }
    })
}

/// Global storage of JSON; otherwise what is wrong with it.
///
/// # Errors
/// It has another shape, an address or a type twice, a type without `key`, or a value that is none of its type.
pub fn read_storage(text: &str, types: &mut Types<'_>, world: &World) -> Result<Storage, String> {
    use crate::format::Abilities;
    let json: Json = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let accounts = json.as_object().ok_or("it is no object")?;
    let mut storage = Storage::default();
    for (owner, resources) in accounts {
        let address = text::address(owner).ok_or_else(|| format!("{owner} is no address"))?;
        let resources = resources
            .as_object()
            .ok_or_else(|| format!("{owner} has no object"))?;
        for (name, value) in resources {
            let of = text::type_of(name, world).ok_or_else(|| format!("{name} is no type"))?;
            if !world.abilities(&of, &[]).has(Abilities::KEY) {
                return Err(format!("{name} has not the ability key"));
            }
            let of = types
                .instantiate(&of, ListId::EMPTY)
                .map_err(|_| format!("{name} is too large"))?;
            let value = read(value, of, types, world)
                .ok_or_else(|| format!("{owner} has no value of type {name}"))?;
            if storage.0.insert((address, of), value).is_some() {
                return Err(format!("{owner} has {name} twice"));
            }
        }
    }
    Ok(storage)
}

/// Global storage as JSON.
///
/// # Errors
/// A value is none of its type.
pub fn write_storage(storage: &Storage, types: &Types<'_>, world: &World) -> Result<Json, Stop> {
    let mut accounts = Map::new();
    for ((address, of), value) in &storage.0 {
        let resources = accounts
            .entry(text::address_text(address))
            .or_insert_with(|| Json::Object(Map::new()));
        if let Json::Object(resources) = resources {
            resources.insert(types.text(*of), write(value, *of, types, world)?);
        }
    }
    Ok(Json::Object(accounts))
}
