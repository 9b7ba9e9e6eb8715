//! Arithmetic, comparisons, shifts and casts of integers of all widths.

use ruint::aliases::U256;

use super::value::{wide, Value};
use super::Stop;

macro_rules! checked {
    ($name:ident, $method:ident) => {
        /// Two integers of one width; an error where the result is none.
        pub fn $name(a: &Value, b: &Value) -> Result<Value, Stop> {
            let result = match (a, b) {
                (Value::U64(a), Value::U64(b)) => a.$method(*b).map(Value::U64),
                (Value::U8(a), Value::U8(b)) => a.$method(*b).map(Value::U8),
                (Value::U16(a), Value::U16(b)) => a.$method(*b).map(Value::U16),
                (Value::U32(a), Value::U32(b)) => a.$method(*b).map(Value::U32),
                (Value::U128(a), Value::U128(b)) => wide(*a).$method(wide(*b)).map(Value::u128),
                (Value::U256(a), Value::U256(b)) => a.$method(**b).map(Value::u256),
                _ => return Err(Stop::INVARIANT),
            };
            result.ok_or(Stop::ARITHMETIC)
        }
    };
}

checked!(add, checked_add);
checked!(sub, checked_sub);
checked!(mul, checked_mul);
checked!(div, checked_div);
checked!(rem, checked_rem);

macro_rules! bitwise {
    ($name:ident, $operator:tt) => {
        /// Two integers of one width, bit by bit.
        pub fn $name(a: &Value, b: &Value) -> Result<Value, Stop> {
            Ok(match (a, b) {
                (Value::U64(a), Value::U64(b)) => Value::U64(a $operator b),
                (Value::U8(a), Value::U8(b)) => Value::U8(a $operator b),
                (Value::U16(a), Value::U16(b)) => Value::U16(a $operator b),
                (Value::U32(a), Value::U32(b)) => Value::U32(a $operator b),
                (Value::U128(a), Value::U128(b)) => Value::u128(wide(*a) $operator wide(*b)),
                (Value::U256(a), Value::U256(b)) => Value::u256(**a $operator **b),
                _ => return Err(Stop::INVARIANT),
            })
        }
    };
}

bitwise!(or, |);
bitwise!(and, &);
bitwise!(xor, ^);

/// How two integers of one width compare.
pub fn compare(a: &Value, b: &Value) -> Result<core::cmp::Ordering, Stop> {
    Ok(match (a, b) {
        (Value::U64(a), Value::U64(b)) => a.cmp(b),
        (Value::U8(a), Value::U8(b)) => a.cmp(b),
        (Value::U16(a), Value::U16(b)) => a.cmp(b),
        (Value::U32(a), Value::U32(b)) => a.cmp(b),
        (Value::U128(a), Value::U128(b)) => wide(*a).cmp(&wide(*b)),
        (Value::U256(a), Value::U256(b)) => a.cmp(b),
        _ => return Err(Stop::INVARIANT),
    })
}

/// Shifts to the left or to the right. Bits that leave are lost; as many as there are, or more, are an error.
pub fn shift(a: &Value, bits: &Value, left: bool) -> Result<Value, Stop> {
    let Value::U8(bits) = *bits else {
        return Err(Stop::INVARIANT);
    };
    macro_rules! shifted {
        ($value:expr) => {
            match left {
                true => $value.checked_shl(u32::from(bits)),
                false => $value.checked_shr(u32::from(bits)),
            }
            .ok_or(Stop::ARITHMETIC)?
        };
    }
    Ok(match a {
        Value::U64(value) => Value::U64(shifted!(value)),
        Value::U8(value) => Value::U8(shifted!(value)),
        Value::U16(value) => Value::U16(shifted!(value)),
        Value::U32(value) => Value::U32(shifted!(value)),
        Value::U128(value) => Value::u128(shifted!(wide(*value))),
        // No count of 8 bits is as large as the width.
        Value::U256(value) => Value::u256(match left {
            true => **value << usize::from(bits),
            false => **value >> usize::from(bits),
        }),
        _ => return Err(Stop::INVARIANT),
    })
}

/// An integer in the widest form.
pub fn widest(value: &Value) -> Result<U256, Stop> {
    Ok(match value {
        Value::U8(value) => U256::from(*value),
        Value::U16(value) => U256::from(*value),
        Value::U32(value) => U256::from(*value),
        Value::U64(value) => U256::from(*value),
        Value::U128([low, high]) => U256::from_limbs([*low, *high, 0, 0]),
        Value::U256(value) => **value,
        _ => return Err(Stop::INVARIANT),
    })
}

/// The same integer with at most 128 bits.
fn narrow(value: &Value) -> Result<u128, Stop> {
    Ok(match value {
        Value::U8(value) => u128::from(*value),
        Value::U16(value) => u128::from(*value),
        Value::U32(value) => u128::from(*value),
        Value::U64(value) => u128::from(*value),
        Value::U128(value) => wide(*value),
        Value::U256(value) => u128::try_from(**value).map_err(|_| Stop::ARITHMETIC)?,
        _ => return Err(Stop::INVARIANT),
    })
}

/// To a width in bits; an error where the value does not fit.
pub fn cast(value: &Value, bits: u16) -> Result<Value, Stop> {
    if bits == 256 {
        return Ok(Value::u256(widest(value)?));
    }
    let value = narrow(value)?;
    let fits = |result: Option<Value>| result.ok_or(Stop::ARITHMETIC);
    match bits {
        8 => fits(u8::try_from(value).ok().map(Value::U8)),
        16 => fits(u16::try_from(value).ok().map(Value::U16)),
        32 => fits(u32::try_from(value).ok().map(Value::U32)),
        64 => fits(u64::try_from(value).ok().map(Value::U64)),
        _ => Ok(Value::u128(value)),
    }
}
