//! Structs: their fields have the abilities that they declare, and none contains itself.

use alloc::vec::Vec;

use super::{entry, Check, Work};
use crate::format::*;
use crate::wrong::{Code as Exit, Wrong};

fn wrong(name: &'static str, module: &Module, handle: &StructHandle) -> Wrong {
    Wrong::new(Exit::Struct, name).at(module.identifier(handle.name))
}

pub fn check(module: &Module, work: &mut Work) -> Check {
    for definition in &module.struct_definitions {
        let handle = entry(&module.structs, definition.handle)?;
        let Some(fields) = &definition.fields else {
            return Err(
                Wrong::new(Exit::Unsupported, "NATIVE_STRUCT").at(module.identifier(handle.name))
            );
        };
        if fields.is_empty() {
            return Err(wrong("ZERO_SIZED_STRUCT", module, handle));
        }
        // What a field lacks because of a type argument, the struct lacks with that argument too.
        let all: Vec<Abilities> = handle.parameters.iter().map(|_| Abilities::ALL).collect();
        let required = handle.abilities.required();
        for field in fields {
            work.spend(1)?;
            if !module.abilities(&field.token, &all).has(required) {
                return Err(wrong("FIELD_MISSING_TYPE_ABILITY", module, handle));
            }
        }
    }
    circles(module, work)
}

/// A struct that contains no struct of this module is done, and so is one whose contents are done. What is left contains
/// itself. Other modules' structs cannot contain those of this one, because modules may not need each other in a circle.
fn circles(module: &Module, work: &mut Work) -> Check {
    let count = module.struct_definitions.len();
    let mut by_handle = alloc::vec![None; module.structs.len()];
    for (index, definition) in module.struct_definitions.iter().enumerate() {
        if let Some(slot) = by_handle.get_mut(usize::from(definition.handle)) {
            *slot = Some(index);
        }
    }
    let mut contained_in: Vec<Vec<usize>> = alloc::vec![Vec::new(); count];
    let mut left = alloc::vec![0usize; count];
    for (index, definition) in module.struct_definitions.iter().enumerate() {
        let mut inner = Vec::new();
        for field in definition.fields.iter().flatten() {
            collect(&field.token, &mut inner);
        }
        work.spend(inner.len())?;
        for handle in inner {
            let Some(contained) = by_handle.get(usize::from(handle)).copied().flatten() else {
                continue;
            };
            if let Some(list) = contained_in.get_mut(contained) {
                list.push(index);
            }
            if let Some(left) = left.get_mut(index) {
                *left += 1;
            }
        }
    }
    let mut ready: Vec<usize> = (0..count).filter(|at| left.get(*at) == Some(&0)).collect();
    let mut done = 0;
    while let Some(at) = ready.pop() {
        done += 1;
        for owner in contained_in.get(at).into_iter().flatten() {
            if let Some(left) = left.get_mut(*owner) {
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.push(*owner);
                }
            }
        }
    }
    match done == count {
        true => Ok(()),
        false => Err(Wrong::new(Exit::Struct, "RECURSIVE_STRUCT_DEFINITION")),
    }
}

fn collect(token: &Token, out: &mut Vec<Index>) {
    match token {
        Token::Struct(handle) => out.push(*handle),
        Token::Generic(handle, arguments) => {
            out.push(*handle);
            arguments.iter().for_each(|argument| collect(argument, out));
        }
        Token::Vector(inner) | Token::Reference(inner) | Token::Mutable(inner) => {
            collect(inner, out);
        }
        _ => {}
    }
}
