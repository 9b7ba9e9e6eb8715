//! Locals, fields, and what references do.

use alloc::rc::Rc;

use super::value::{item_reference, own, Value};
use super::{Frame, Machine, Stop};
use crate::face::json;
use crate::types::TypeId;

impl<'w> Machine<'w> {
    fn local(&mut self, frame: &Frame<'w>, index: u8) -> Result<&mut Value, Stop> {
        let at = frame.locals + usize::from(index);
        self.locals.get_mut(at).ok_or(Stop::INVARIANT)
    }

    /// Pushes a copy of a local.
    #[inline]
    pub(super) fn copy_local(&mut self, frame: &Frame<'w>, index: u8) -> Result<(), Stop> {
        let value = self.local(frame, index)?;
        let copy = match value {
            Value::U64(value) => Value::U64(*value),
            Value::Absent => return Err(Stop::INVARIANT),
            Value::Items(_) | Value::Bytes(_) => {
                let size = value.size();
                self.gas.charge(size)?;
                self.local(frame, index)?.copy()
            }
            other => other.copy(),
        };
        self.stack.push(copy)
    }

    /// Moves a local to the operand stack.
    #[inline]
    pub(super) fn move_local(&mut self, frame: &Frame<'w>, index: u8) -> Result<(), Stop> {
        match core::mem::replace(self.local(frame, index)?, Value::Absent) {
            Value::Absent => Err(Stop::INVARIANT),
            value => self.stack.push(value),
        }
    }

    /// Moves the top of the operand stack to a local.
    #[inline]
    pub(super) fn store_local(&mut self, frame: &Frame<'w>, index: u8) -> Result<(), Stop> {
        let value = self.stack.pop()?;
        *self.local(frame, index)? = value;
        Ok(())
    }

    /// Pushes a reference to a local.
    pub(super) fn borrow_local(&mut self, frame: &Frame<'w>, index: u8) -> Result<(), Stop> {
        let at = frame.locals + usize::from(index);
        let reference = match self.local(frame, index)? {
            Value::Absent => return Err(Stop::INVARIANT),
            value => match value.reference() {
                Some(reference) => reference,
                None => Value::ToLocal(at as u32),
            },
        };
        self.stack.push(reference)
    }

    /// Replaces a reference to a struct by one to its field.
    pub(super) fn borrow_field(&mut self, field: usize) -> Result<(), Stop> {
        let reference = self.stack.pop()?;
        let items = reference.referred_items()?;
        self.stack
            .push(item_reference(items, field).ok_or(Stop::INVARIANT)?)
    }

    /// A copy of what a reference refers to. Costs its size.
    pub(super) fn read(&mut self, reference: &Value) -> Result<Value, Stop> {
        Ok(match reference {
            Value::ToItem(items, index) => {
                let items = items.borrow();
                items.get(*index as usize).ok_or(Stop::INVARIANT)?.copy()
            }
            Value::ToByte(bytes, index) => {
                let bytes = bytes.borrow();
                Value::U8(*bytes.get(*index as usize).ok_or(Stop::INVARIANT)?)
            }
            Value::ToLocal(index) => {
                match self.locals.get(*index as usize).ok_or(Stop::INVARIANT)? {
                    Value::Absent => return Err(Stop::INVARIANT),
                    value => value.copy(),
                }
            }
            Value::ToItems(items) => {
                self.gas.charge(reference.size())?;
                Value::items(items.borrow().iter().map(Value::copy).collect())
            }
            Value::ToBytes(bytes) => {
                self.gas.charge(reference.size())?;
                Value::bytes(bytes.borrow().clone())
            }
            _ => return Err(Stop::INVARIANT),
        })
    }

    /// A value as JSON, or what a reference refers to. Costs nothing.
    ///
    /// # Errors
    /// The value is none of the type.
    pub fn show(&self, value: &Value, of: TypeId) -> Result<serde_json::Value, Stop> {
        let write = |value: &Value| json::write(value, of, &self.types, self.world);
        match value {
            Value::ToItems(items) => write(&Value::Items(Rc::clone(items))),
            Value::ToBytes(bytes) => write(&Value::Bytes(Rc::clone(bytes))),
            Value::ToItem(items, index) => {
                write(items.borrow().get(*index as usize).ok_or(Stop::INVARIANT)?)
            }
            Value::ToByte(bytes, index) => {
                let bytes = bytes.borrow();
                write(&Value::U8(
                    *bytes.get(*index as usize).ok_or(Stop::INVARIANT)?,
                ))
            }
            Value::ToLocal(index) => {
                write(self.locals.get(*index as usize).ok_or(Stop::INVARIANT)?)
            }
            value => write(value),
        }
    }

    /// Writes through a reference.
    pub(super) fn write(&mut self, reference: &Value, value: Value) -> Result<(), Stop> {
        match (reference, value) {
            (Value::ToItem(items, index), value) => {
                let mut items = items.borrow_mut();
                let item = items.get_mut(*index as usize).ok_or(Stop::INVARIANT)?;
                *item = value;
            }
            (Value::ToByte(bytes, index), Value::U8(value)) => {
                let mut bytes = bytes.borrow_mut();
                *bytes.get_mut(*index as usize).ok_or(Stop::INVARIANT)? = value;
            }
            (Value::ToLocal(index), value) => {
                *self
                    .locals
                    .get_mut(*index as usize)
                    .ok_or(Stop::INVARIANT)? = value;
            }
            // The old contents are taken out first, so that they are dropped when nothing is borrowed.
            (Value::ToItems(to), Value::Items(from)) => {
                drop(to.replace(own(from)));
            }
            (Value::ToBytes(to), Value::Bytes(from)) => {
                drop(to.replace(own(from)));
            }
            _ => return Err(Stop::INVARIANT),
        }
        Ok(())
    }

    /// Pushes whether the two values on top are equal. References are followed.
    pub(super) fn equal(&mut self, wanted: bool) -> Result<(), Stop> {
        let right = self.stack.pop()?;
        if let (Value::U64(right), Some(left)) = (&right, self.stack.top()) {
            let equal = left.number()? == *right;
            *left = Value::Bool(equal == wanted);
            return Ok(());
        }
        let left = self.stack.pop()?;
        let equal = match (&left, &right) {
            (
                Value::ToItem(..) | Value::ToByte(..) | Value::ToLocal(_),
                Value::ToItem(..) | Value::ToByte(..) | Value::ToLocal(_),
            ) => {
                let (left, right) = (self.read(&left)?, self.read(&right)?);
                left.equals(&right)?
            }
            _ => {
                self.gas.charge(left.size())?;
                left.equals(&right)?
            }
        };
        self.stack.push(Value::Bool(equal == wanted))
    }
}
