//! No reference outlives its value, and nothing is written, moved or dropped while something else borrows it.
//!
//! The rules are those of Move's own verifier. Between blocks no reference is on the operand stack, so a state is a list of
//! locals and a graph of borrows. There each reference has the number of its local.

mod rules;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use super::blocks::{flow, Block};
use super::graph::{At, Graph, Id, Label};
use super::{entry, Check, Function, Work};
use crate::format::*;
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::References, name)
}

/// A value: the number of a reference, or nothing for what is none.
type Value = Option<Id>;

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    locals: Vec<Value>,
    graph: Graph,
    next: Id,
}

/// A state with the operand stack of a block.
struct Walk<'f, 'm> {
    function: &'f Function<'m>,
    state: State,
    stack: Vec<Value>,
    work: &'f mut Work,
}

pub fn check(function: &Function<'_>, blocks: &[Block], work: &mut Work) -> Check {
    let frame = function.locals.len() as Id;
    let mut first = State {
        locals: function.locals.iter().map(|_| None).collect(),
        graph: Graph::new(),
        next: frame + 1,
    };
    first.graph.add(frame, true);
    let parameters = function.module.signature(function.handle.parameters);
    for ((local, token), id) in first.locals.iter_mut().zip(parameters).zip(0..) {
        if token.is_reference() {
            first.graph.add(id, matches!(token, Token::Mutable(_)));
            *local = Some(id);
        }
    }
    flow(
        blocks,
        first,
        work,
        |state| 8 * state.locals.len() + 64 * state.graph.size(),
        |state, block, work| {
            let mut walk = Walk {
                function,
                state: state.clone(),
                stack: Vec::new(),
                work,
            };
            let instructions = function.code.instructions.get(block.range.clone());
            for (offset, instruction) in block.range.clone().zip(instructions.unwrap_or(&[])) {
                walk.step(instruction)
                    .map_err(|wrong| wrong.at(format!("{} {offset}", instruction.name())))?;
            }
            *state = walk.state;
            state.number(frame);
            Ok(())
        },
        join,
    )
}

impl State {
    /// Gives each reference the number of its local.
    fn number(&mut self, frame: Id) {
        let mut names = BTreeMap::from([(frame, frame)]);
        for (local, id) in self.locals.iter_mut().zip(0..) {
            if let Some(old) = local.replace(id) {
                names.insert(old, id);
            } else {
                *local = None;
            }
        }
        self.graph.rename(&names);
        self.next = frame + 1;
    }
}

/// A local that is a reference on one way only is none any more.
fn join(known: &mut State, other: &State, work: &mut Work) -> Check<bool> {
    let mut other_graph = other.graph.clone();
    let mut changed = false;
    for (known_local, other_local) in known.locals.iter_mut().zip(&other.locals) {
        match (*known_local, other_local) {
            (Some(id), None) => {
                known.graph.release(id, work)?;
                *known_local = None;
                changed = true;
            }
            (None, Some(id)) => other_graph.release(*id, work)?,
            _ => {}
        }
    }
    Ok(known.graph.join(&other_graph, work)? || changed)
}

impl Walk<'_, '_> {
    fn frame(&self) -> Id {
        self.state.locals.len() as Id
    }

    fn pop(&mut self) -> Check<Value> {
        self.stack
            .pop()
            .ok_or_else(|| wrong("NEGATIVE_STACK_SIZE_WITHIN_BLOCK"))
    }

    /// Takes a reference. The types are checked before, so it is one.
    fn pop_reference(&mut self) -> Check<Id> {
        self.pop()?
            .ok_or_else(|| wrong("UNKNOWN_VERIFICATION_ERROR"))
    }

    fn drop_many(&mut self, count: usize) -> Check {
        (0..count).try_for_each(|_| self.pop().map(drop))
    }

    fn push_values(&mut self, count: usize) {
        self.stack.extend((0..count).map(|_| None));
    }

    fn new_reference(&mut self, is_mutable: bool) -> Id {
        let id = self.state.next;
        self.state.next += 1;
        self.state.graph.add(id, is_mutable);
        id
    }

    fn release(&mut self, value: Value) -> Check {
        match value {
            Some(id) => self.state.graph.release(id, self.work),
            None => Ok(()),
        }
    }

    fn local(&mut self, index: u8) -> Check<&mut Value> {
        self.state
            .locals
            .get_mut(usize::from(index))
            .ok_or_else(|| wrong("INDEX_OUT_OF_BOUNDS"))
    }

    fn is_borrowed(&mut self, id: Id, at: At, mutable: bool) -> Check<bool> {
        self.work.spend(self.state.graph.size())?;
        Ok(self.state.graph.is_borrowed(id, at, mutable))
    }

    /// Whether one may write through it: nothing borrows from it.
    fn is_writable(&mut self, id: Id) -> Check<bool> {
        Ok(!self.is_borrowed(id, At::Anywhere, false)?)
    }

    /// Whether one may read through it: nothing that may write borrows from it, at that place.
    fn is_readable(&mut self, id: Id, at: At) -> Check<bool> {
        Ok(!self.state.graph.is_mutable(id) || !self.is_borrowed(id, at, true)?)
    }

    fn is_local_borrowed(&mut self, index: u8, mutable: bool) -> Check<bool> {
        let frame = self.frame();
        // A reference to something unknown in this frame may be one to this local.
        Ok(
            self.is_borrowed(frame, At::Below(Label::Local(index)), mutable)?
                || self.is_borrowed(frame, At::Whole, false)?,
        )
    }

    fn is_global_borrowed(&mut self, of: Index, mutable: bool) -> Check<bool> {
        let frame = self.frame();
        self.is_borrowed(frame, At::Below(Label::Global(of)), mutable)
    }

    fn step(&mut self, instruction: &Instruction) -> Check {
        use Instruction::*;
        let module = self.function.module;
        match *instruction {
            Pop => {
                let value = self.pop()?;
                self.release(value)
            }
            Ret => self.leave(),
            CopyLoc(local) => self.copy_local(local),
            MoveLoc(local) => self.move_local(local),
            StLoc(local) => self.store_local(local),
            MutBorrowLoc(local) => self.borrow_local(local, true),
            ImmBorrowLoc(local) => self.borrow_local(local, false),
            FreezeRef => {
                let id = self.pop_reference()?;
                if self.is_borrowed(id, At::Anywhere, true)? {
                    return Err(wrong("FREEZEREF_EXISTS_MUTABLE_BORROW_ERROR"));
                }
                let frozen = self.new_reference(false);
                self.state
                    .graph
                    .borrow_exactly(id, None, frozen, self.work)?;
                self.replace(id, frozen)
            }
            ReadRef => {
                let id = self.pop_reference()?;
                if !self.is_readable(id, At::Anywhere)? {
                    return Err(wrong("READREF_EXISTS_MUTABLE_BORROW_ERROR"));
                }
                self.release(Some(id))?;
                self.push_values(1);
                Ok(())
            }
            WriteRef => {
                let id = self.pop_reference()?;
                self.pop()?;
                if !self.is_writable(id)? {
                    return Err(wrong("WRITEREF_EXISTS_BORROW_ERROR"));
                }
                self.release(Some(id))
            }
            Eq | Neq => {
                for value in [self.pop()?, self.pop()?] {
                    if let Some(id) = value {
                        if !self.is_readable(id, At::Anywhere)? {
                            return Err(wrong("READREF_EXISTS_MUTABLE_BORROW_ERROR"));
                        }
                        self.stack.push(value);
                    } else {
                        self.stack.push(None);
                    }
                }
                for _ in 0..2 {
                    let value = self.pop()?;
                    self.release(value)?;
                }
                self.push_values(1);
                Ok(())
            }
            MutBorrowField(field) => self.borrow_field(field, true),
            ImmBorrowField(field) => self.borrow_field(field, false),
            MutBorrowFieldGeneric(at) => {
                self.borrow_field(entry(&module.field_instances, at)?.generic, true)
            }
            ImmBorrowFieldGeneric(at) => {
                self.borrow_field(entry(&module.field_instances, at)?.generic, false)
            }
            MutBorrowGlobal(of) => self.borrow_global(of, true),
            ImmBorrowGlobal(of) => self.borrow_global(of, false),
            MutBorrowGlobalGeneric(at) => {
                self.borrow_global(entry(&module.struct_instances, at)?.generic, true)
            }
            ImmBorrowGlobalGeneric(at) => {
                self.borrow_global(entry(&module.struct_instances, at)?.generic, false)
            }
            MoveFrom(of) => self.move_from(of),
            MoveFromGeneric(at) => self.move_from(entry(&module.struct_instances, at)?.generic),
            MoveTo(_) | MoveToGeneric(_) => {
                self.pop()?;
                let signer = self.pop()?;
                self.release(signer)
            }
            Call(handle) => self.call(handle),
            CallGeneric(at) => self.call(entry(&module.function_instances, at)?.generic),
            Pack(of) => self.pack(of),
            PackGeneric(at) => self.pack(entry(&module.struct_instances, at)?.generic),
            Unpack(of) => self.unpack(of),
            UnpackGeneric(at) => self.unpack(entry(&module.struct_instances, at)?.generic),
            VecPack(_, count) => {
                self.drop_many(usize::from(count))?;
                self.push_values(1);
                Ok(())
            }
            VecUnpack(_, count) => {
                self.pop()?;
                self.push_values(usize::from(count));
                Ok(())
            }
            VecLen(_) => {
                let vector = self.pop()?;
                self.release(vector)?;
                self.push_values(1);
                Ok(())
            }
            VecImmBorrow(_) => self.borrow_element(false),
            VecMutBorrow(_) => self.borrow_element(true),
            VecPushBack(_) => {
                self.pop()?;
                self.change_vector()
            }
            VecPopBack(_) => {
                self.change_vector()?;
                self.push_values(1);
                Ok(())
            }
            VecSwap(_) => {
                self.drop_many(2)?;
                self.change_vector()
            }
            Branch(_) | Nop => Ok(()),
            BrTrue(_) | BrFalse(_) | Abort => self.drop_many(1),
            LdU8(_) | LdU16(_) | LdU32(_) | LdU64(_) | LdU128(_) | LdU256(_) | LdTrue | LdFalse
            | LdConst(_) => {
                self.push_values(1);
                Ok(())
            }
            CastU8 | CastU16 | CastU32 | CastU64 | CastU128 | CastU256 | Not | Exists(_)
            | ExistsGeneric(_) => Ok(()),
            Add | Sub | Mul | Mod | Div | BitOr | BitAnd | Xor | Shl | Shr | Or | And | Lt | Gt
            | Le | Ge => {
                self.drop_many(2)?;
                self.push_values(1);
                Ok(())
            }
        }
    }

    /// Puts one reference on the stack in place of another.
    fn replace(&mut self, old: Id, new: Id) -> Check {
        self.state.graph.release(old, self.work)?;
        self.stack.push(Some(new));
        Ok(())
    }
}
