//! What must hold of a module before anything of it runs.
//!
//! In this order: `tables` (each index points into its table, nothing is there twice, names and constants are well formed),
//! `signatures` (types and their abilities), `structs` (fields, and no struct within itself), and for each function `blocks`
//! (control stays in the code), `stack` (each instruction finds the types that it needs), `locals` (each local has a value
//! when it is used), `references` (no reference outlives its value), `acquires` (what of global storage it uses).
//!
//! Modules are checked one by one, and with each other by `world`.

mod acquires;
mod blocks;
mod graph;
mod locals;
mod references;
mod signatures;
mod stack;
mod structs;
mod tables;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use crate::format::*;
use crate::wrong::{Code as Exit, Wrong};

/// Units of work that the verifier spends on a module at most. A unit is an instruction, an edge of a graph or the like.
pub const WORK: u64 = 4_000_000;

/// A refusal inside a function, or before its place is known.
type Check<T = ()> = Result<T, Wrong>;

/// What is left of the work.
struct Work(u64);

impl Work {
    fn spend(&mut self, units: usize) -> Check {
        self.0 = self
            .0
            .checked_sub(units as u64)
            .ok_or_else(|| Wrong::new(Exit::Limit, "PROGRAM_TOO_COMPLEX"))?;
        Ok(())
    }
}

/// A function that is checked.
struct Function<'m> {
    module: &'m Module,
    handle: &'m FunctionHandle,
    definition: &'m FunctionDefinition,
    code: &'m Code,
    /// The types of parameters and locals.
    locals: Vec<&'m Token>,
    /// Which of them may be dropped.
    droppable: Vec<bool>,
    /// The module's functions by their handles.
    definitions: &'m Definitions<'m>,
}

/// A module's functions by their handles.
type Definitions<'m> = BTreeMap<Index, &'m FunctionDefinition>;

impl<'m> Function<'m> {
    /// The type of a local.
    fn local(&self, index: u8) -> Check<&'m Token> {
        self.locals
            .get(usize::from(index))
            .copied()
            .ok_or_else(|| Wrong::new(Exit::Bounds, "INDEX_OUT_OF_BOUNDS"))
    }

    /// What a function of this module says that it acquires; nothing for functions of other modules, which cannot reach
    /// this module's storage while this one runs.
    fn acquired_by(&self, handle: Index) -> &'m [Index] {
        self.definitions
            .get(&handle)
            .map_or(&[], |definition| &definition.acquires)
    }

    fn abilities(&self, token: &Token) -> Abilities {
        self.module.abilities(token, &self.handle.type_parameters)
    }
}

/// An entry that must be there.
fn entry<T>(table: &[T], index: Index) -> Check<&T> {
    get(table, index).ok_or_else(|| {
        Wrong::new(Exit::Bounds, "INDEX_OUT_OF_BOUNDS")
            .at(format!("index {index} of a table of {}", table.len()))
    })
}

/// Verifies a module.
///
/// # Errors
/// What is wrong, and where.
pub fn module(module: &Module) -> Result<(), Wrong> {
    let mut work = Work(WORK);
    tables::check(module, &mut work)?;
    signatures::check(module)?;
    structs::check(module, &mut work)?;
    let definitions: Definitions<'_> = (module.function_definitions.iter())
        .map(|definition| (definition.handle, definition))
        .collect();
    for definition in &module.function_definitions {
        let handle = entry(&module.functions, definition.handle)?;
        function(module, handle, definition, &definitions, &mut work)
            .map_err(|wrong| wrong.at(module.identifier(handle.name)))?;
    }
    Ok(())
}

fn function(
    module: &Module,
    handle: &FunctionHandle,
    definition: &FunctionDefinition,
    definitions: &Definitions<'_>,
    work: &mut Work,
) -> Check {
    let Some(code) = &definition.code else {
        return acquires::check_native(definition);
    };
    let parameters = module.signature(handle.parameters).iter();
    let locals: Vec<&Token> = parameters.chain(module.signature(code.locals)).collect();
    let droppable = (locals.iter())
        .map(|token| {
            let abilities = module.abilities(token, &handle.type_parameters);
            abilities.has(Abilities::DROP)
        })
        .collect();
    let function = Function {
        module,
        handle,
        definition,
        code,
        locals,
        droppable,
        definitions,
    };
    signatures::check_code(&function, work)?;
    let blocks = blocks::find(code)?;
    work.spend(code.instructions.len())?;
    stack::check(&function, &blocks, work)?;
    locals::check(&function, &blocks, work)?;
    references::check(&function, &blocks, work)?;
    acquires::check(&function)
}
