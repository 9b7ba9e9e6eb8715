//! What of global storage a function borrows or removes, itself or by calls within its module, is what it says.
//!
//! `references` relies on it: a call may not acquire what the caller has borrowed.

use alloc::collections::BTreeSet;
use alloc::format;

use super::{entry, Check, Function};
use crate::format::*;
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::Acquires, name)
}

/// A native function acquires nothing.
pub fn check_native(definition: &FunctionDefinition) -> Check {
    match definition.acquires.is_empty() {
        true => Ok(()),
        false => Err(wrong("EXTRANEOUS_ACQUIRES_ANNOTATION")),
    }
}

/// The definition of the struct that an instruction takes out of global storage or borrows there.
fn of_instruction(module: &Module, instruction: &Instruction) -> Check<Option<Index>> {
    use Instruction::*;
    Ok(match *instruction {
        MutBorrowGlobal(at) | ImmBorrowGlobal(at) | MoveFrom(at) => Some(at),
        MutBorrowGlobalGeneric(at) | ImmBorrowGlobalGeneric(at) | MoveFromGeneric(at) => {
            Some(entry(&module.struct_instances, at)?.generic)
        }
        _ => None,
    })
}

pub fn check(function: &Function<'_>) -> Check {
    let module = function.module;
    let said: BTreeSet<Index> = function.definition.acquires.iter().copied().collect();
    let mut found = BTreeSet::new();
    for (offset, instruction) in function.code.instructions.iter().enumerate() {
        let of = match *instruction {
            Instruction::Call(handle) => function.acquired_by(handle),
            Instruction::CallGeneric(at) => {
                function.acquired_by(entry(&module.function_instances, at)?.generic)
            }
            _ => &[],
        };
        let own = of_instruction(module, instruction)?;
        for definition in of.iter().copied().chain(own) {
            if !said.contains(&definition) {
                return Err(wrong("MISSING_ACQUIRES_ANNOTATION")
                    .at(format!("{} {offset}", instruction.name())));
            }
            found.insert(definition);
        }
    }
    for definition in &said {
        let definition = entry(&module.struct_definitions, *definition)?;
        let handle = entry(&module.structs, definition.handle)?;
        if !handle.abilities.has(Abilities::KEY) {
            return Err(wrong("INVALID_ACQUIRES_ANNOTATION").at(module.identifier(handle.name)));
        }
    }
    match found == said {
        true => Ok(()),
        false => Err(wrong("EXTRANEOUS_ACQUIRES_ANNOTATION")),
    }
}
