//! Values: integers, addresses, structs, vectors, and references to them.
//!
//! A struct or a vector is shared between the place that owns it and the references to it. The verifier proves that no
//! reference is used when its value is gone. It may still be in a local that is never read again; so an owner that takes
//! a value apart leaves nothing in what is shared. There is no `unsafe` code here: were a reference used in spite of the
//! verifier, it would find nothing, and the machine would end with an error.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;

use ruint::aliases::U256;

use super::Stop;
use crate::format::Address;

/// What structs and vectors hold.
pub type Shared<T> = Rc<RefCell<T>>;

/// A value on the operand stack or in a local. References come last.
///
/// Its kind takes eight bytes, so that all that it holds is aligned: then a value is copied as three words. With a smaller
/// kind the compiler copies the 23 bytes behind it one by one.
#[derive(Debug)]
#[repr(u64)]
pub enum Value {
    /// Nothing: a local without a value.
    Absent,
    /// `bool`.
    Bool(bool),
    /// `u8`.
    U8(u8),
    /// `u16`.
    U16(u16),
    /// `u32`.
    U32(u32),
    /// `u64`.
    U64(u64),
    /// `u128`, its low half first, so that a value has 24 bytes.
    U128([u64; 2]),
    /// `u256`.
    U256(Box<U256>),
    /// `address`.
    Address(Rc<Address>),
    /// A struct's fields, or a vector's elements. A signer is a struct with its address.
    Items(Shared<Vec<Value>>),
    /// The elements of a `vector<u8>`.
    Bytes(Shared<Vec<u8>>),
    /// A reference to fields or elements.
    ToItems(Shared<Vec<Value>>),
    /// A reference to a `vector<u8>`.
    ToBytes(Shared<Vec<u8>>),
    /// A reference to a field or an element that is an integer, a truth value or an address.
    ToItem(Shared<Vec<Value>>, u32),
    /// A reference to an element of a `vector<u8>`.
    ToByte(Shared<Vec<u8>>, u32),
    /// A reference to a local, by its place among all locals.
    ToLocal(u32),
}

/// What its owner takes out of something shared. A reference that is left is in a local that is never read again.
pub fn own<T: Default>(shared: Shared<T>) -> T {
    match Rc::try_unwrap(shared) {
        Ok(inner) => inner.into_inner(),
        Err(shared) => shared.take(),
    }
}

/// A wide integer of its two halves.
pub fn wide(halves: [u64; 2]) -> u128 {
    let [low, high] = halves;
    u128::from(low) | u128::from(high) << 64
}

/// The halves of a wide integer, the low one first.
pub fn halves(value: u128) -> [u64; 2] {
    [value as u64, (value >> 64) as u64]
}

impl Value {
    /// `u128`.
    pub fn u128(value: u128) -> Value {
        Value::U128(halves(value))
    }

    /// `u256`.
    pub fn u256(value: U256) -> Value {
        Value::U256(Box::new(value))
    }

    /// `address`.
    pub fn address(value: Address) -> Value {
        Value::Address(Rc::new(value))
    }

    /// `signer`.
    pub fn signer(value: Address) -> Value {
        Value::items(Vec::from([Value::address(value)]))
    }

    /// A struct of its fields, or a vector of its elements.
    pub fn items(values: Vec<Value>) -> Value {
        Value::Items(Rc::new(RefCell::new(values)))
    }

    /// A `vector<u8>`.
    pub fn bytes(bytes: Vec<u8>) -> Value {
        Value::Bytes(Rc::new(RefCell::new(bytes)))
    }

    /// What it costs to copy, compare or make it: 1 for each value in it, 1 for each 8 bytes of a `vector<u8>`.
    pub fn size(&self) -> u64 {
        match self {
            Value::Items(items) | Value::ToItems(items) => items
                .borrow()
                .iter()
                .fold(1, |sum, value| u64::saturating_add(sum, value.size())),
            Value::Bytes(bytes) | Value::ToBytes(bytes) => 1 + bytes.borrow().len() as u64 / 8,
            _ => 1,
        }
    }

    /// A copy: of the value itself, or of the reference.
    pub fn copy(&self) -> Value {
        match self {
            Value::Absent => Value::Absent,
            Value::Bool(value) => Value::Bool(*value),
            Value::U8(value) => Value::U8(*value),
            Value::U16(value) => Value::U16(*value),
            Value::U32(value) => Value::U32(*value),
            Value::U64(value) => Value::U64(*value),
            Value::U128(value) => Value::U128(*value),
            Value::U256(value) => Value::U256(value.clone()),
            Value::Address(value) => Value::Address(Rc::clone(value)),
            Value::Items(items) => Value::items(items.borrow().iter().map(Value::copy).collect()),
            Value::Bytes(bytes) => Value::bytes(bytes.borrow().clone()),
            Value::ToItems(items) => Value::ToItems(Rc::clone(items)),
            Value::ToBytes(bytes) => Value::ToBytes(Rc::clone(bytes)),
            Value::ToItem(items, index) => Value::ToItem(Rc::clone(items), *index),
            Value::ToByte(bytes, index) => Value::ToByte(Rc::clone(bytes), *index),
            Value::ToLocal(index) => Value::ToLocal(*index),
        }
    }

    /// Whether two values of one type are equal. References are followed before.
    pub fn equals(&self, other: &Value) -> Result<bool, Stop> {
        Ok(match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::U8(a), Value::U8(b)) => a == b,
            (Value::U16(a), Value::U16(b)) => a == b,
            (Value::U32(a), Value::U32(b)) => a == b,
            (Value::U64(a), Value::U64(b)) => a == b,
            (Value::U128(a), Value::U128(b)) => a == b,
            (Value::U256(a), Value::U256(b)) => a == b,
            (Value::Address(a), Value::Address(b)) => a == b,
            (Value::Items(a) | Value::ToItems(a), Value::Items(b) | Value::ToItems(b)) => {
                let (a, b) = (a.borrow(), b.borrow());
                if a.len() != b.len() {
                    return Ok(false);
                }
                for (a, b) in a.iter().zip(b.iter()) {
                    if !a.equals(b)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Value::Bytes(a) | Value::ToBytes(a), Value::Bytes(b) | Value::ToBytes(b)) => {
                *a.borrow() == *b.borrow()
            }
            _ => return Err(Stop::INVARIANT),
        })
    }

    /// The fields or elements of a value whose owner takes it apart.
    pub fn into_items(self) -> Result<Vec<Value>, Stop> {
        match self {
            Value::Items(items) => Ok(own(items)),
            Value::Bytes(bytes) => Ok(own(bytes).into_iter().map(Value::U8).collect()),
            _ => Err(Stop::INVARIANT),
        }
    }

    /// A reference to it, where the value is a struct or a vector.
    pub fn reference(&self) -> Option<Value> {
        match self {
            Value::Items(items) => Some(Value::ToItems(Rc::clone(items))),
            Value::Bytes(bytes) => Some(Value::ToBytes(Rc::clone(bytes))),
            _ => None,
        }
    }

    /// The fields or elements behind a reference.
    pub fn referred_items(&self) -> Result<&Shared<Vec<Value>>, Stop> {
        match self {
            Value::ToItems(items) => Ok(items),
            _ => Err(Stop::INVARIANT),
        }
    }

    /// A truth value.
    pub fn truth(&self) -> Result<bool, Stop> {
        match self {
            Value::Bool(value) => Ok(*value),
            _ => Err(Stop::INVARIANT),
        }
    }

    /// An integer of 64 bits.
    pub fn number(&self) -> Result<u64, Stop> {
        match self {
            Value::U64(value) => Ok(*value),
            _ => Err(Stop::INVARIANT),
        }
    }

    /// An address.
    pub fn owner(&self) -> Result<Address, Stop> {
        match self {
            Value::Address(value) => Ok(**value),
            _ => Err(Stop::INVARIANT),
        }
    }

    /// The address of a signer, or of a reference to one.
    pub fn signer_address(&self) -> Result<Address, Stop> {
        match self {
            Value::Items(items) | Value::ToItems(items) => {
                items.borrow().first().ok_or(Stop::INVARIANT)?.owner()
            }
            _ => Err(Stop::INVARIANT),
        }
    }
}

/// A reference to one of several fields or elements.
pub fn item_reference(items: &Shared<Vec<Value>>, index: usize) -> Option<Value> {
    let borrowed = items.borrow();
    let item = borrowed.get(index)?;
    match item.reference() {
        Some(reference) => Some(reference),
        None => Some(Value::ToItem(Rc::clone(items), u32::try_from(index).ok()?)),
    }
}

/// The same for a `vector<u8>`.
pub fn byte_reference(bytes: &Shared<Vec<u8>>, index: usize) -> Option<Value> {
    bytes.borrow().get(index)?;
    Some(Value::ToByte(Rc::clone(bytes), u32::try_from(index).ok()?))
}
