//! Global storage: at most one resource of each type at each address.

use alloc::collections::BTreeMap;

use super::gas::GLOBAL;
use super::value::Value;
use super::{Frame, Machine, Seen, Stop};
use crate::format::{get, Address, Index};
use crate::types::{ListId, TypeId};

/// Resources by address and type.
#[derive(Debug, Default)]
pub struct Storage(pub BTreeMap<(Address, TypeId), Value>);

impl<'w> Machine<'w> {
    /// The type of a struct of the frame's module, by its definition.
    pub(super) fn own_struct(
        &mut self,
        frame: &Frame<'w>,
        definition: Index,
    ) -> Result<TypeId, Stop> {
        let module = self.world.modules.get(frame.function.module);
        let id = module.and_then(|module| get(&module.definitions, definition));
        let id = self
            .types
            .structure(*id.ok_or(Stop::INVARIANT)?, ListId::EMPTY)?;
        self.charge_types()?;
        Ok(id)
    }

    /// The type of a generic struct of the frame's module, by the instance, and its definition.
    pub(super) fn own_instance(
        &mut self,
        frame: &Frame<'w>,
        instance: Index,
    ) -> Result<(TypeId, Index), Stop> {
        let world = self.world;
        let linked = world.modules.get(frame.function.module);
        let linked = linked.ok_or(Stop::INVARIANT)?;
        let of = get(&linked.module.struct_instances, instance).ok_or(Stop::INVARIANT)?;
        let key = (frame.function.module, instance);
        if let Some(seen) = self.structs_seen.get(&key) {
            if seen.arguments == frame.types {
                return Ok((seen.result, of.generic));
            }
        }
        let arguments = self.instantiate(frame, of.arguments)?;
        let id = get(&linked.definitions, of.generic).ok_or(Stop::INVARIANT)?;
        let result = self.types.structure(*id, arguments)?;
        self.charge_types()?;
        let seen = Seen {
            arguments: frame.types,
            result,
        };
        self.structs_seen.insert(key, seen);
        Ok((result, of.generic))
    }

    /// Whether a resource is there.
    pub(super) fn exists(&mut self, of: TypeId) -> Result<(), Stop> {
        self.gas.charge(GLOBAL)?;
        let address = self.stack.pop()?.owner()?;
        let exists = self.storage.0.contains_key(&(address, of));
        self.stack.push(Value::Bool(exists))
    }

    /// A reference to a resource.
    pub(super) fn borrow_global(&mut self, of: TypeId) -> Result<(), Stop> {
        self.gas.charge(GLOBAL)?;
        let address = self.stack.pop()?.owner()?;
        let resource = self.storage.0.get(&(address, of));
        let resource = resource.ok_or(Stop::Error("MISSING_DATA"))?;
        let reference = resource.reference().ok_or(Stop::INVARIANT)?;
        self.stack.push(reference)
    }

    /// Takes a resource out of the storage.
    pub(super) fn move_from(&mut self, of: TypeId) -> Result<(), Stop> {
        self.gas.charge(GLOBAL)?;
        let address = self.stack.pop()?.owner()?;
        let resource = self.storage.0.remove(&(address, of));
        let resource = resource.ok_or(Stop::Error("MISSING_DATA"))?;
        self.stack.push(resource)
    }

    /// Puts a resource into the storage of whoever signed.
    pub(super) fn move_to(&mut self, of: TypeId) -> Result<(), Stop> {
        self.gas.charge(GLOBAL)?;
        let resource = self.stack.pop()?;
        let address = self.stack.pop()?.signer_address()?;
        let key = (address, of);
        if self.storage.0.contains_key(&key) {
            return Err(Stop::Error("RESOURCE_ALREADY_EXISTS"));
        }
        self.storage.0.insert(key, resource);
        Ok(())
    }
}
