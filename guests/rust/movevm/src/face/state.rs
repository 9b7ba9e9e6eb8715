//! What is in the cell of a world of modules and resources, and what its witness says.
//!
//! A state is a list of the hashes of its modules, and a list of its resources: address, type, and value in BCS. Lists
//! and texts begin with their length in LEB128. Resources are in the order of address and type, each once, and types are
//! written as `Types::text` writes them, so a state has one encoding.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::bcs::{self, Input};
use crate::format::{Abilities, Address};
use crate::machine::{Stop, Storage};
use crate::types::{ListId, Types};
use crate::world::World;
use crate::write::number;

use super::text;

/// The hash of a module.
pub type Hash = [u8; 32];

/// A state, its resources not yet read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The hashes of its modules.
    pub modules: Vec<Hash>,
    /// Its resources: address, type, value.
    pub resources: Vec<(Address, String, Vec<u8>)>,
}

/// A call: what the witness says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// How much gas there is.
    pub gas: u64,
    /// `ADDRESS::MODULE::NAME`.
    pub function: String,
    /// Type arguments.
    pub types: Vec<String>,
    /// Arguments in BCS; for a signer its address.
    pub arguments: Vec<Vec<u8>>,
}

fn list<'a, T>(
    input: &mut Input<'a>,
    mut one: impl FnMut(&mut Input<'a>) -> Option<T>,
) -> Option<Vec<T>> {
    let count = input.length()?;
    let mut all = Vec::new();
    for _ in 0..count {
        all.push(one(input)?);
    }
    Some(all)
}

fn words(input: &mut Input<'_>) -> Option<String> {
    Some(core::str::from_utf8(input.bytes()?).ok()?.to_string())
}

fn put(bytes: &[u8], out: &mut Vec<u8>) {
    number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

impl State {
    /// Reads a state. Nothing if it is none, or not in its one encoding.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<State> {
        let mut input = Input(bytes);
        let modules = list(&mut input, Input::take)?;
        let resources: Vec<(Address, String, Vec<u8>)> = list(&mut input, |input| {
            Some((input.take()?, words(input)?, input.bytes()?.to_vec()))
        })?;
        let keys = resources.iter().map(|(address, of, _)| (address, of));
        let is_sorted = keys.clone().zip(keys.skip(1)).all(|(a, b)| a < b);
        (input.0.is_empty() && is_sorted).then_some(State { modules, resources })
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = Vec::new();
        number(self.modules.len() as u64, &mut out);
        for hash in &self.modules {
            out.extend_from_slice(hash);
        }
        number(self.resources.len() as u64, &mut out);
        for (address, of, value) in &self.resources {
            out.extend_from_slice(address);
            put(of.as_bytes(), &mut out);
            put(value, &mut out);
        }
        out
    }

    /// The resources as global storage. Nothing if one is no resource of the world.
    #[must_use]
    pub fn storage(&self, types: &mut Types<'_>, world: &World) -> Option<Storage> {
        let mut storage = Storage::default();
        for (address, name, value) in &self.resources {
            let token = text::type_of(name, world)?;
            if !world.abilities(&token, &[]).has(Abilities::KEY) {
                return None;
            }
            let of = types.instantiate(&token, ListId::EMPTY).ok()?;
            if types.text(of) != *name {
                return None;
            }
            let mut input = Input(value);
            let value = bcs::read(of, types, &mut input)?;
            if !input.0.is_empty() || storage.0.insert((*address, of), value).is_some() {
                return None;
            }
        }
        Some(storage)
    }

    /// The same modules with other resources.
    ///
    /// # Errors
    /// A value is none of its type.
    pub fn with(&self, storage: &Storage, types: &mut Types<'_>) -> Result<State, Stop> {
        let mut resources = Vec::with_capacity(storage.0.len());
        for ((address, of), value) in &storage.0 {
            let mut bytes = Vec::new();
            bcs::write(value, *of, types, &mut bytes)?;
            resources.push((*address, types.text(*of), bytes));
        }
        resources.sort();
        Ok(State {
            modules: self.modules.clone(),
            resources,
        })
    }
}

impl Call {
    /// Reads a call.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Call> {
        let mut input = Input(bytes);
        let call = Call {
            gas: u64::from_le_bytes(input.take()?),
            function: words(&mut input)?,
            types: list(&mut input, words)?,
            arguments: list(&mut input, |input| Some(input.bytes()?.to_vec()))?,
        };
        input.0.is_empty().then_some(call)
    }

    /// Writes it.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let mut out = self.gas.to_le_bytes().to_vec();
        put(self.function.as_bytes(), &mut out);
        number(self.types.len() as u64, &mut out);
        for text in &self.types {
            put(text.as_bytes(), &mut out);
        }
        number(self.arguments.len() as u64, &mut out);
        for argument in &self.arguments {
            put(argument, &mut out);
        }
        out
    }
}
