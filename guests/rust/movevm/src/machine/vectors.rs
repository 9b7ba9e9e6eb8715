//! The instructions on vectors. A `vector<u8>` holds bytes, every other vector holds values.

use alloc::vec::Vec;

use super::value::{byte_reference, item_reference, Value};
use super::{Frame, Machine, Stop};
use crate::format::Index;
use crate::types::Type;

impl<'w> Machine<'w> {
    /// A vector of the topmost values.
    pub(super) fn pack_vector(
        &mut self,
        frame: &Frame<'w>,
        signature: Index,
        count: u16,
    ) -> Result<(), Stop> {
        self.gas.charge(u64::from(count))?;
        let list = self.instantiate(frame, signature)?;
        let element = self.types.list(list)?.first().copied();
        let of_bytes = self.types.of(element.ok_or(Stop::INVARIANT)?)? == Type::U8;
        let values = self.stack.take(usize::from(count))?;
        let vector = match of_bytes {
            true => {
                let mut bytes = Vec::with_capacity(values.len());
                for value in values {
                    let Value::U8(byte) = value else {
                        return Err(Stop::INVARIANT);
                    };
                    bytes.push(byte);
                }
                Value::bytes(bytes)
            }
            false => Value::items(values),
        };
        self.stack.push(vector)
    }

    /// The elements of a vector that has so many.
    pub(super) fn unpack_vector(&mut self, count: u16) -> Result<(), Stop> {
        self.gas.charge(u64::from(count))?;
        let values = self.stack.pop()?.into_items()?;
        if values.len() != usize::from(count) {
            return Err(Stop::VECTOR);
        }
        for value in values {
            self.stack.push(value)?;
        }
        Ok(())
    }

    /// The number of elements.
    pub(super) fn vector_length(&mut self) -> Result<(), Stop> {
        let length = match self.stack.pop()? {
            Value::ToItems(items) => items.borrow().len(),
            Value::ToBytes(bytes) => bytes.borrow().len(),
            _ => return Err(Stop::INVARIANT),
        };
        self.stack.push(Value::U64(length as u64))
    }

    /// A reference to an element.
    pub(super) fn borrow_element(&mut self) -> Result<(), Stop> {
        let index = self.stack.pop()?.number()?;
        let index = usize::try_from(index).map_err(|_| Stop::VECTOR)?;
        let reference = match self.stack.pop()? {
            Value::ToItems(items) => item_reference(&items, index),
            Value::ToBytes(bytes) => byte_reference(&bytes, index),
            _ => return Err(Stop::INVARIANT),
        };
        self.stack.push(reference.ok_or(Stop::VECTOR)?)
    }

    /// Adds an element behind the others.
    pub(super) fn push_back(&mut self) -> Result<(), Stop> {
        let value = self.stack.pop()?;
        match (self.stack.pop()?, value) {
            (Value::ToItems(items), value) => items.borrow_mut().push(value),
            (Value::ToBytes(bytes), Value::U8(byte)) => bytes.borrow_mut().push(byte),
            _ => return Err(Stop::INVARIANT),
        }
        Ok(())
    }

    /// Takes the last element away.
    pub(super) fn pop_back(&mut self) -> Result<(), Stop> {
        let last = match self.stack.pop()? {
            Value::ToItems(items) => items.borrow_mut().pop(),
            Value::ToBytes(bytes) => bytes.borrow_mut().pop().map(Value::U8),
            _ => return Err(Stop::INVARIANT),
        };
        self.stack.push(last.ok_or(Stop::VECTOR)?)
    }

    /// Exchanges two elements.
    pub(super) fn swap(&mut self) -> Result<(), Stop> {
        let second = self.stack.pop()?.number()?;
        let first = self.stack.pop()?.number()?;
        let (first, second) = usize::try_from(first)
            .ok()
            .zip(usize::try_from(second).ok())
            .ok_or(Stop::VECTOR)?;
        let inside = |length: usize| match first < length && second < length {
            true => Ok(()),
            false => Err(Stop::VECTOR),
        };
        match self.stack.pop()? {
            Value::ToItems(items) => {
                inside(items.borrow().len())?;
                items.borrow_mut().swap(first, second);
            }
            Value::ToBytes(bytes) => {
                inside(bytes.borrow().len())?;
                bytes.borrow_mut().swap(first, second);
            }
            _ => return Err(Stop::INVARIANT),
        }
        Ok(())
    }
}
