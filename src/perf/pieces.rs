//! Divides the native code of a module by the functions of the guest.
//!
//! A unit is usually one function of the guest, but not always: the blocks of an inlined function lie among those of
//! its caller. So the code is divided by the instructions that it was made from, and a function may have several pieces.
//! Code that belongs to no instruction goes with what lies before it in its unit, or behind it at the unit's start.

use std::collections::BTreeSet;

use lockstep_contract::module::{Entry, Module};

use crate::guest_functions::Function;

/// From here up to the next place, native code belongs to the guest's instruction at `pc`, or to none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) start: u32,
    pub(super) pc: Option<u64>,
}

/// A line of the source that native code belongs to, from `start` on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Line {
    /// Offset in the module's code.
    pub(super) start: u32,
    pub(super) file: String,
    pub(super) line: u32,
}

/// Native code of one function without a gap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// Offsets in the module's code.
    pub(super) start: u32,
    pub(super) end: u32,
    /// `guest:` and the function's name, or `lockstep:` and what it is.
    pub(super) name: String,
    pub(super) lines: Vec<Line>,
}

/// Tells the file and the line of an instruction.
type LineOf<'a> = &'a dyn Fn(u64) -> Option<(String, u32)>;

/// The pieces of a module, in their order, without a gap; with lines where somebody knows them.
pub(super) fn pieces(
    module: &Module,
    functions: &[Function],
    places: &[Place],
    line_of: Option<LineOf<'_>>,
) -> Vec<Piece> {
    let units = unit_starts(module);
    let end = module.code.len() as u32;
    let mut pieces: Vec<Piece> = Vec::new();
    for (number, &start) in units.iter().enumerate() {
        let end = units.get(number + 1).copied().unwrap_or(end);
        let from = places.partition_point(|place| place.start < start);
        let to = places.partition_point(|place| place.start < end);
        divide(start..end, &places[from..to], functions, &mut pieces);
    }
    for piece in pieces.iter_mut().filter(|piece| piece.name.is_empty()) {
        piece.name = match piece.start == module.enter {
            true => "lockstep:enter".to_owned(),
            false => "lockstep:exit".to_owned(),
        };
    }
    if let Some(line_of) = line_of {
        add_lines(&mut pieces, places, line_of);
    }
    pieces
}

/// Where the native functions of a module begin.
fn unit_starts(module: &Module) -> Vec<u32> {
    let rows = module.table.iter().filter(|row| **row != 0);
    let mut starts: BTreeSet<u32> = rows.map(|row| Entry(*row).start()).collect();
    starts.extend([0, module.enter]);
    starts.retain(|start| (*start as usize) < module.code.len());
    starts.into_iter().collect()
}

/// Adds the pieces of one native function. One without a name is added for code that was made from no guest code.
fn divide(
    unit: std::ops::Range<u32>,
    places: &[Place],
    functions: &[Function],
    pieces: &mut Vec<Piece>,
) {
    let first = pieces.len();
    let mut last = None;
    for place in places {
        let Some(function) = place.pc.and_then(|pc| function_at(functions, pc)) else {
            continue;
        };
        if last.replace(function) == Some(function) {
            continue;
        }
        let start = match pieces.len() == first {
            true => unit.start,
            false => place.start,
        };
        pieces.push(Piece {
            start,
            end: unit.end,
            name: format!("guest:{}", functions[function].name),
            lines: Vec::new(),
        });
    }
    if pieces.len() == first {
        pieces.push(Piece {
            start: unit.start,
            end: unit.end,
            name: String::new(),
            lines: Vec::new(),
        });
    }
    for number in first + 1..pieces.len() {
        pieces[number - 1].end = pieces[number].start;
    }
}

fn function_at(functions: &[Function], pc: u64) -> Option<usize> {
    let behind = functions.partition_point(|function| function.range.start <= pc);
    let number = behind.checked_sub(1)?;
    functions[number].range.contains(&pc).then_some(number)
}

fn add_lines(pieces: &mut [Piece], places: &[Place], line_of: LineOf<'_>) {
    for piece in pieces {
        let from = places.partition_point(|place| place.start < piece.start);
        let to = places.partition_point(|place| place.start < piece.end);
        for place in &places[from..to] {
            let Some((file, line)) = place.pc.and_then(line_of) else {
                continue;
            };
            let same = |last: &Line| last.line == line && last.file == file;
            if !piece.lines.last().is_some_and(same) {
                let start = place.start;
                piece.lines.push(Line { start, file, line });
            }
        }
    }
}
