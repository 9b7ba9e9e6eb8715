//! Each local has a value when it is used, and no value is lost that may not be.

use alloc::format;
use alloc::vec::Vec;

use super::blocks::{flow, Block};
use super::{Check, Function, Work};
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Local {
    /// It has a value.
    There,
    /// It has none.
    Absent,
    /// That depends on the way.
    Maybe,
}

fn wrong(name: &'static str) -> Wrong {
    Wrong::new(Exit::Locals, name)
}

pub fn check(function: &Function<'_>, blocks: &[Block], work: &mut Work) -> Check {
    let parameters = function.module.signature(function.handle.parameters).len();
    let first: Vec<Local> = (0..function.locals.len())
        .map(|index| match index < parameters {
            true => Local::There,
            false => Local::Absent,
        })
        .collect();
    flow(
        blocks,
        first,
        work,
        Vec::len,
        |state, block, _| {
            let instructions = function.code.instructions.get(block.range.clone());
            for (offset, instruction) in block.range.clone().zip(instructions.unwrap_or(&[])) {
                step(function, state, instruction)
                    .map_err(|wrong| wrong.at(format!("{} {offset}", instruction.name())))?;
            }
            Ok(())
        },
        |known, other, work| {
            work.spend(known.len())?;
            let mut changed = false;
            for (known, other) in known.iter_mut().zip(other) {
                if *known != *other && *known != Local::Maybe {
                    *known = Local::Maybe;
                    changed = true;
                }
            }
            Ok(changed)
        },
    )
}

fn local(state: &mut [Local], index: u8) -> Check<&mut Local> {
    let local = state.get_mut(usize::from(index));
    local.ok_or_else(|| wrong("INDEX_OUT_OF_BOUNDS"))
}

fn step(function: &Function<'_>, state: &mut [Local], instruction: &Instruction) -> Check {
    let has_drop = |index: u8| {
        function
            .droppable
            .get(usize::from(index))
            .copied()
            .unwrap_or(false)
    };
    match *instruction {
        Instruction::CopyLoc(index) => match *local(state, index)? {
            Local::There => Ok(()),
            _ => Err(wrong("COPYLOC_UNAVAILABLE_ERROR")),
        },
        Instruction::MoveLoc(index) => {
            match core::mem::replace(local(state, index)?, Local::Absent) {
                Local::There => Ok(()),
                _ => Err(wrong("MOVELOC_UNAVAILABLE_ERROR")),
            }
        }
        Instruction::MutBorrowLoc(index) | Instruction::ImmBorrowLoc(index) => {
            match *local(state, index)? {
                Local::There => Ok(()),
                _ => Err(wrong("BORROWLOC_UNAVAILABLE_ERROR")),
            }
        }
        Instruction::StLoc(index) => match core::mem::replace(local(state, index)?, Local::There) {
            Local::Absent => Ok(()),
            _ if has_drop(index) => Ok(()),
            _ => Err(wrong("STLOC_UNSAFE_TO_DESTROY_ERROR")),
        },
        Instruction::Ret => {
            for (index, local) in (0..=u8::MAX).zip(state.iter()) {
                if *local != Local::Absent && !has_drop(index) {
                    return Err(wrong("UNSAFE_RET_UNUSED_VALUES_WITHOUT_DROP"));
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
