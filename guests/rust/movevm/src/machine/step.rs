//! What each instruction does.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::gas::CALL;
use super::value::Value;
use super::{integer, Flow, Frame, Machine, Stop};
use crate::bcs::{self, Input};
use crate::format::{get, Index};
use crate::instruction::Instruction;
use crate::types::ListId;
use crate::world::Linked;

impl<'w> Machine<'w> {
    /// Executes an instruction. `frame.next` is the index of the one behind it.
    #[inline]
    pub(super) fn execute(
        &mut self,
        frame: &mut Frame<'w>,
        instruction: Instruction,
    ) -> Result<Flow, Stop> {
        use Instruction::*;
        match instruction {
            Pop => drop(self.stack.pop()?),
            Ret => return Ok(Flow::Return),
            BrTrue(target) => {
                if self.stack.pop()?.truth()? {
                    frame.next = usize::from(target);
                }
            }
            BrFalse(target) => {
                if !self.stack.pop()?.truth()? {
                    frame.next = usize::from(target);
                }
            }
            Branch(target) => frame.next = usize::from(target),
            Nop => {}
            Abort => return Err(Stop::Abort(self.stack.pop()?.number()?)),

            LdU8(value) => self.stack.push(Value::U8(value))?,
            LdU16(value) => self.stack.push(Value::U16(value))?,
            LdU32(value) => self.stack.push(Value::U32(value))?,
            LdU64(value) => self.stack.push(Value::U64(value))?,
            LdU128(at) => {
                let value = self.wide_integer(frame, at)?;
                let [low, high, ..] = *value.as_limbs();
                self.stack.push(Value::U128([low, high]))?;
            }
            LdU256(at) => {
                let value = self.wide_integer(frame, at)?;
                self.stack.push(Value::u256(value))?;
            }
            LdTrue => self.stack.push(Value::Bool(true))?,
            LdFalse => self.stack.push(Value::Bool(false))?,
            LdConst(at) => self.load_constant(frame, at)?,

            CastU8 => self.cast(8)?,
            CastU16 => self.cast(16)?,
            CastU32 => self.cast(32)?,
            CastU64 => self.cast(64)?,
            CastU128 => self.cast(128)?,
            CastU256 => self.cast(256)?,

            CopyLoc(local) => self.copy_local(frame, local)?,
            MoveLoc(local) => self.move_local(frame, local)?,
            StLoc(local) => self.store_local(frame, local)?,
            MutBorrowLoc(local) | ImmBorrowLoc(local) => self.borrow_local(frame, local)?,

            Call(handle) => {
                self.gas.charge(CALL)?;
                let function = get(&self.linked(frame)?.functions, handle);
                return Ok(Flow::Call(*function.ok_or(Stop::INVARIANT)?, ListId::EMPTY));
            }
            CallGeneric(instance) => {
                self.gas.charge(CALL)?;
                let linked = self.linked(frame)?;
                let of = get(&linked.module.function_instances, instance);
                let of = of.ok_or(Stop::INVARIANT)?;
                let function = get(&linked.functions, of.generic).ok_or(Stop::INVARIANT)?;
                let types = self.instantiate(frame, of.arguments)?;
                return Ok(Flow::Call(*function, types));
            }

            Pack(definition) => {
                let _ = self.own_struct(frame, definition)?;
                self.pack(frame, definition)?;
            }
            PackGeneric(instance) => {
                let (_, definition) = self.own_instance(frame, instance)?;
                self.pack(frame, definition)?;
            }
            Unpack(_) | UnpackGeneric(_) => {
                let fields = self.stack.pop()?.into_items()?;
                self.gas.charge(fields.len() as u64)?;
                for field in fields {
                    self.stack.push(field)?;
                }
            }

            ReadRef => {
                let reference = self.stack.pop()?;
                let value = self.read(&reference)?;
                self.stack.push(value)?;
            }
            WriteRef => {
                let reference = self.stack.pop()?;
                let value = self.stack.pop()?;
                self.write(&reference, value)?;
            }
            // A reference that may write and one that may not are the same here: the verifier tells them apart.
            FreezeRef => {}
            MutBorrowField(field) | ImmBorrowField(field) => {
                let field = get(&self.linked(frame)?.module.fields, field);
                self.borrow_field(usize::from(field.ok_or(Stop::INVARIANT)?.field))?;
            }
            MutBorrowFieldGeneric(instance) | ImmBorrowFieldGeneric(instance) => {
                let module = &self.linked(frame)?.module;
                let of = get(&module.field_instances, instance);
                let field = get(&module.fields, of.ok_or(Stop::INVARIANT)?.generic);
                self.borrow_field(usize::from(field.ok_or(Stop::INVARIANT)?.field))?;
            }

            Exists(definition) => {
                let of = self.own_struct(frame, definition)?;
                self.exists(of)?;
            }
            ExistsGeneric(instance) => {
                let (of, _) = self.own_instance(frame, instance)?;
                self.exists(of)?;
            }
            MutBorrowGlobal(definition) | ImmBorrowGlobal(definition) => {
                let of = self.own_struct(frame, definition)?;
                self.borrow_global(of)?;
            }
            MutBorrowGlobalGeneric(instance) | ImmBorrowGlobalGeneric(instance) => {
                let (of, _) = self.own_instance(frame, instance)?;
                self.borrow_global(of)?;
            }
            MoveFrom(definition) => {
                let of = self.own_struct(frame, definition)?;
                self.move_from(of)?;
            }
            MoveFromGeneric(instance) => {
                let (of, _) = self.own_instance(frame, instance)?;
                self.move_from(of)?;
            }
            MoveTo(definition) => {
                let of = self.own_struct(frame, definition)?;
                self.move_to(of)?;
            }
            MoveToGeneric(instance) => {
                let (of, _) = self.own_instance(frame, instance)?;
                self.move_to(of)?;
            }

            Add => self.stack.binary(integer::add)?,
            Sub => self.stack.binary(integer::sub)?,
            Mul => self.stack.binary(integer::mul)?,
            Mod => self.stack.binary(integer::rem)?,
            Div => self.stack.binary(integer::div)?,
            BitOr => self.stack.binary(integer::or)?,
            BitAnd => self.stack.binary(integer::and)?,
            Xor => self.stack.binary(integer::xor)?,
            Shl => self.stack.binary(|a, bits| integer::shift(a, bits, true))?,
            Shr => self
                .stack
                .binary(|a, bits| integer::shift(a, bits, false))?,
            Or => self
                .stack
                .binary(|a, b| Ok(Value::Bool(a.truth()? | b.truth()?)))?,
            And => self
                .stack
                .binary(|a, b| Ok(Value::Bool(a.truth()? & b.truth()?)))?,
            Not => {
                let value = self.stack.pop()?.truth()?;
                self.stack.push(Value::Bool(!value))?;
            }
            Eq => self.equal(true)?,
            Neq => self.equal(false)?,
            Lt => self.compare(Ordering::is_lt)?,
            Gt => self.compare(Ordering::is_gt)?,
            Le => self.compare(Ordering::is_le)?,
            Ge => self.compare(Ordering::is_ge)?,

            VecPack(signature, count) => self.pack_vector(frame, signature, count)?,
            VecLen(_) => self.vector_length()?,
            VecImmBorrow(_) | VecMutBorrow(_) => self.borrow_element()?,
            VecPushBack(_) => self.push_back()?,
            VecPopBack(_) => self.pop_back()?,
            VecUnpack(_, count) => self.unpack_vector(count)?,
            VecSwap(_) => self.swap()?,
        }
        Ok(Flow::Next)
    }

    /// The module of a frame.
    fn linked(&self, frame: &Frame<'w>) -> Result<&'w Linked, Stop> {
        let world = self.world;
        world
            .modules
            .get(frame.function.module)
            .ok_or(Stop::INVARIANT)
    }

    fn wide_integer(&self, frame: &Frame<'w>, at: Index) -> Result<ruint::aliases::U256, Stop> {
        let code = frame.function.code.as_ref().ok_or(Stop::INVARIANT)?;
        get(&code.integers, at).copied().ok_or(Stop::INVARIANT)
    }

    fn load_constant(&mut self, frame: &Frame<'w>, at: Index) -> Result<(), Stop> {
        let constant = get(&self.linked(frame)?.module.constants, at).ok_or(Stop::INVARIANT)?;
        let value = bcs::constant(&constant.token, &mut Input(&constant.data));
        let value = value.ok_or(Stop::INVARIANT)?;
        self.gas.charge(value.size())?;
        self.stack.push(value)
    }

    fn cast(&mut self, bits: u16) -> Result<(), Stop> {
        let value = self.stack.pop()?;
        self.stack.push(integer::cast(&value, bits)?)
    }

    fn compare(&mut self, is: fn(Ordering) -> bool) -> Result<(), Stop> {
        self.stack
            .binary(|a, b| Ok(Value::Bool(is(integer::compare(a, b)?))))
    }

    fn pack(&mut self, frame: &Frame<'w>, definition: Index) -> Result<(), Stop> {
        let count = get(&self.linked(frame)?.field_counts, definition);
        let count = *count.ok_or(Stop::INVARIANT)?;
        self.gas.charge(count as u64)?;
        let fields: Vec<Value> = self.stack.take(count)?;
        self.stack.push(Value::items(fields))
    }
}
