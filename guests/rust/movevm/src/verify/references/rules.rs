//! What each kind of instruction asks of the borrows, and what it does to them.

use alloc::vec::Vec;

use super::super::graph::{At, Label};
use super::super::{entry, Check};
use super::{wrong, Value, Walk};
use crate::format::{Index, Token};

impl Walk<'_, '_> {
    pub(super) fn copy_local(&mut self, local: u8) -> Check {
        let value = *self.local(local)?;
        let copy = match value {
            Some(id) => {
                let is_mutable = self.state.graph.is_mutable(id);
                let copy = self.new_reference(is_mutable);
                self.state.graph.borrow_exactly(id, None, copy, self.work)?;
                Some(copy)
            }
            None if self.is_local_borrowed(local, true)? => {
                return Err(wrong("COPYLOC_EXISTS_BORROW_ERROR"));
            }
            None => None,
        };
        self.stack.push(copy);
        Ok(())
    }

    pub(super) fn move_local(&mut self, local: u8) -> Check {
        let value = self.local(local)?.take();
        if value.is_none() && self.is_local_borrowed(local, false)? {
            return Err(wrong("MOVELOC_EXISTS_BORROW_ERROR"));
        }
        self.stack.push(value);
        Ok(())
    }

    pub(super) fn store_local(&mut self, local: u8) -> Check {
        let value = self.pop()?;
        let old = core::mem::replace(self.local(local)?, value);
        if old.is_none() && self.is_local_borrowed(local, false)? {
            return Err(wrong("STLOC_UNSAFE_TO_DESTROY_ERROR"));
        }
        self.release(old)
    }

    pub(super) fn borrow_local(&mut self, local: u8, is_mutable: bool) -> Check {
        let frame = self.frame();
        // Where it may write, what borrowed from the local before borrows from it now.
        let is_wrong = match is_mutable {
            true => self.is_borrowed(frame, At::Whole, false)?,
            false => self.is_local_borrowed(local, true)?,
        };
        if is_wrong {
            return Err(wrong("BORROWLOC_EXISTS_BORROW_ERROR"));
        }
        let id = self.new_reference(is_mutable);
        let label = Some(Label::Local(local));
        self.state
            .graph
            .borrow_exactly(frame, label, id, self.work)?;
        self.stack.push(Some(id));
        Ok(())
    }

    pub(super) fn borrow_field(&mut self, field: Index, is_mutable: bool) -> Check {
        let id = self.pop_reference()?;
        let label = Label::Field(field);
        let is_wrong = match is_mutable {
            true => self.is_borrowed(id, At::Whole, false)?,
            false => !self.is_readable(id, At::Below(label))?,
        };
        if is_wrong {
            return Err(wrong("FIELD_EXISTS_MUTABLE_BORROW_ERROR"));
        }
        let child = self.new_reference(is_mutable);
        self.state
            .graph
            .borrow_exactly(id, Some(label), child, self.work)?;
        self.replace(id, child)
    }

    pub(super) fn borrow_global(&mut self, of: Index, is_mutable: bool) -> Check {
        self.pop()?;
        if self.is_global_borrowed(of, !is_mutable)? {
            return Err(wrong("GLOBAL_REFERENCE_ERROR"));
        }
        let frame = self.frame();
        let id = self.new_reference(is_mutable);
        let label = Some(Label::Global(of));
        self.state.graph.borrow_below(frame, label, id, self.work)?;
        self.stack.push(Some(id));
        Ok(())
    }

    pub(super) fn move_from(&mut self, of: Index) -> Check {
        self.pop()?;
        if self.is_global_borrowed(of, false)? {
            return Err(wrong("GLOBAL_REFERENCE_ERROR"));
        }
        self.push_values(1);
        Ok(())
    }

    pub(super) fn borrow_element(&mut self, is_mutable: bool) -> Check {
        self.pop()?;
        let vector = self.pop_reference()?;
        let is_allowed = match is_mutable {
            true => self.is_writable(vector)?,
            false => self.is_readable(vector, At::Anywhere)?,
        };
        if !is_allowed {
            return Err(wrong("VEC_BORROW_ELEMENT_EXISTS_MUTABLE_BORROW_ERROR"));
        }
        let element = self.new_reference(is_mutable);
        self.state
            .graph
            .borrow_below(vector, None, element, self.work)?;
        self.replace(vector, element)
    }

    pub(super) fn change_vector(&mut self) -> Check {
        let vector = self.pop_reference()?;
        if !self.is_writable(vector)? {
            return Err(wrong("VEC_UPDATE_EXISTS_MUTABLE_BORROW_ERROR"));
        }
        self.release(Some(vector))
    }

    pub(super) fn fields(&self, of: Index) -> Check<usize> {
        let definition = entry(&self.function.module.struct_definitions, of)?;
        Ok(definition.fields.as_ref().map_or(0, Vec::len))
    }

    pub(super) fn pack(&mut self, of: Index) -> Check {
        self.drop_many(self.fields(of)?)?;
        self.push_values(1);
        Ok(())
    }

    pub(super) fn unpack(&mut self, of: Index) -> Check {
        self.pop()?;
        self.push_values(self.fields(of)?);
        Ok(())
    }

    /// References that a call returns come from those that it was given.
    pub(super) fn call(&mut self, handle: Index) -> Check {
        let module = self.function.module;
        for acquired in self.function.acquired_by(handle) {
            if self.is_global_borrowed(*acquired, false)? {
                return Err(wrong("GLOBAL_REFERENCE_ERROR"));
            }
        }
        let handle = entry(&module.functions, handle)?;
        let mut given = Vec::new();
        for _ in module.signature(handle.parameters) {
            given.extend(self.pop()?);
        }
        for id in &given {
            if self.state.graph.is_mutable(*id) && !self.is_writable(*id)? {
                return Err(wrong("CALL_BORROWED_MUTABLE_REFERENCE_ERROR"));
            }
        }
        for token in module.signature(handle.results) {
            let is_mutable = matches!(token, Token::Mutable(_));
            if !token.is_reference() {
                self.push_values(1);
                continue;
            }
            let id = self.new_reference(is_mutable);
            for parent in &given {
                if !is_mutable || self.state.graph.is_mutable(*parent) {
                    self.state
                        .graph
                        .borrow_below(*parent, None, id, self.work)?;
                }
            }
            self.stack.push(Some(id));
        }
        given
            .into_iter()
            .try_for_each(|id| self.state.graph.release(id, self.work))
    }

    pub(super) fn leave(&mut self) -> Check {
        let locals: Vec<Value> = self.state.locals.iter_mut().map(Option::take).collect();
        locals
            .into_iter()
            .try_for_each(|local| self.release(local))?;
        let frame = self.frame();
        if self.is_borrowed(frame, At::Anywhere, false)? {
            return Err(wrong("UNSAFE_RET_LOCAL_OR_RESOURCE_STILL_BORROWED"));
        }
        for id in core::mem::take(&mut self.stack).into_iter().flatten() {
            if self.state.graph.is_mutable(id) && !self.is_writable(id)? {
                return Err(wrong("RET_BORROWED_MUTABLE_REFERENCE_ERROR"));
            }
        }
        Ok(())
    }
}
