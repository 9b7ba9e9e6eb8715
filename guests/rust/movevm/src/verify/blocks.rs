//! The blocks of a function: control enters each only at its beginning, and leaves it only at its end.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Range;

use super::{Check, Work};
use crate::format::Code;
use crate::instruction::Instruction;
use crate::wrong::{Code as Exit, Wrong};

/// Bytes of the states that are kept for one function, at most.
const STATE_BYTES: usize = 1 << 20;

/// A block.
#[derive(Debug)]
pub struct Block {
    /// Its instructions.
    pub range: Range<usize>,
    /// The blocks that control may go on with.
    pub next: Vec<usize>,
}

/// Finds the blocks of a code, whose targets are in it.
pub fn find(code: &Code) -> Check<Vec<Block>> {
    let instructions = &code.instructions;
    match instructions.last() {
        None => return Err(Wrong::new(Exit::ControlFlow, "EMPTY_CODE_UNIT")),
        Some(last) if !last.is_last() => {
            return Err(Wrong::new(Exit::ControlFlow, "INVALID_FALL_THROUGH"))
        }
        Some(_) => {}
    }
    let mut starts = BTreeSet::from([0]);
    for (offset, instruction) in instructions.iter().enumerate() {
        if let Some(target) = instruction.target() {
            starts.insert(usize::from(target));
        }
        let ends = instruction.is_last() || instruction.target().is_some();
        if ends && offset + 1 < instructions.len() {
            starts.insert(offset + 1);
        }
    }
    let starts: Vec<usize> = starts.into_iter().collect();
    let number = |offset: usize| starts.binary_search(&offset).ok();
    let ends = starts.iter().skip(1).copied().chain([instructions.len()]);
    Ok((starts.iter().copied().zip(ends))
        .map(|(start, end)| {
            let last = instructions.get(end.wrapping_sub(1));
            let target = last.and_then(Instruction::target).map(usize::from);
            let falls = last.is_some_and(|last| !last.is_last());
            let mut next: Vec<usize> = target.and_then(number).into_iter().collect();
            if falls {
                next.extend(number(end));
            }
            Block {
                range: start..end,
                next,
            }
        })
        .collect())
}

/// Goes through the blocks with a state until nothing changes: `step` changes a state by a block, and `join` adds a state
/// to that at the beginning of a block and says whether it changed. A state has about `size` bytes.
pub fn flow<S: Clone>(
    blocks: &[Block],
    first: S,
    work: &mut Work,
    size: impl Fn(&S) -> usize,
    mut step: impl FnMut(&mut S, &Block, &mut Work) -> Check,
    mut join: impl FnMut(&mut S, &S, &mut Work) -> Check<bool>,
) -> Check {
    let mut states: Vec<Option<S>> = blocks.iter().map(|_| None).collect();
    let mut waiting = BTreeSet::from([0]);
    let mut left = STATE_BYTES;
    if let Some(state) = states.first_mut() {
        *state = Some(first);
    }
    while let Some(number) = waiting.pop_first() {
        let (Some(block), Some(Some(state))) = (blocks.get(number), states.get(number)) else {
            continue;
        };
        work.spend(size(state) / 8 + block.range.len() + 1)?;
        let mut state = state.clone();
        step(&mut state, block, work)?;
        for next in &block.next {
            let Some(known) = states.get_mut(*next) else {
                continue;
            };
            let changed = match known {
                Some(known) => join(known, &state, work)?,
                None => {
                    left = left
                        .checked_sub(size(&state))
                        .ok_or_else(|| Wrong::new(Exit::Limit, "PROGRAM_TOO_COMPLEX"))?;
                    *known = Some(state.clone());
                    true
                }
            };
            if changed {
                waiting.insert(*next);
            }
        }
    }
    Ok(())
}
