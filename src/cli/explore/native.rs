//! The native code of a module line by line, and the intermediate form, each with the guest instruction that it
//! belongs to.

use lockstep::disasm;
use lockstep_translator::Translation;
use serde::Serialize;

/// A line of native code or of the intermediate form.
#[derive(Serialize, Clone)]
pub(super) struct Line {
    /// Offset in the native code; none for the intermediate form.
    #[serde(rename = "o", skip_serializing_if = "Option::is_none")]
    pub(super) offset: Option<u32>,
    /// The guest instruction that it belongs to.
    #[serde(rename = "p", skip_serializing_if = "Option::is_none")]
    pub(super) pc: Option<u64>,
    #[serde(rename = "t")]
    pub(super) text: String,
}

/// What belongs together: lines, and a guest address that tells to which function they belong.
pub(super) struct Piece {
    pub(super) address: u64,
    pub(super) lines: Vec<Line>,
}

/// The native code, in its order. Code that belongs to no instruction goes with what is before it, or, at the start of
/// a unit, with what is behind it.
pub(super) fn native(made: &Translation) -> Vec<Piece> {
    let places = made.places.as_deref().unwrap_or(&[]);
    // All at once, because a jump in one place may read its table in another.
    let mut all = disasm::native_lines(&made.module.key, 0, &made.module.code)
        .into_iter()
        .peekable();
    let mut pieces: Vec<Piece> = Vec::new();
    let mut waiting: Vec<Line> = Vec::new();
    for (number, place) in places.iter().enumerate() {
        let end = places.get(number + 1).map_or(u32::MAX, |next| next.start);
        let mut lines = Vec::new();
        while let Some((offset, text)) = all.next_if(|(offset, _)| *offset < end) {
            lines.push(Line {
                offset: Some(offset),
                pc: place.pc,
                text,
            });
        }
        match (place.block, pieces.last_mut()) {
            (Some(block), _) => {
                let mut piece = Piece {
                    address: block,
                    lines: std::mem::take(&mut waiting),
                };
                piece.lines.append(&mut lines);
                pieces.push(piece);
            }
            // Between two instructions of one unit, or behind the last one.
            (None, Some(last)) if !starts_unit(place.start) => last.lines.append(&mut lines),
            (None, _) => waiting.append(&mut lines),
        }
    }
    pieces
}

/// Whether a unit can start at an offset of the code: they are aligned.
fn starts_unit(offset: u32) -> bool {
    offset.is_multiple_of(lockstep_contract::module::START_ALIGN)
}

/// The intermediate form, in its order, block by block of Cranelift's.
pub(super) fn intermediate_form(made: &Translation) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut lines: Vec<Line> = Vec::new();
    let mut address = None;
    let mut flush = |lines: &mut Vec<Line>, address: &mut Option<u64>| {
        let lines = std::mem::take(lines);
        match (address.take(), pieces.last_mut()) {
            (Some(address), _) => pieces.push(Piece { address, lines }),
            (None, Some(last)) => last.lines.extend(lines),
            // In front of the first unit stands what every module has.
            (None, None) => {}
        }
    };
    for text in made.clif.as_deref().unwrap_or("").lines() {
        let trimmed = text.trim();
        if let Some(unit) = trimmed.strip_prefix("; unit at ") {
            flush(&mut lines, &mut address);
            address = unit.split(',').next().and_then(parse);
        } else if is_label(trimmed) && address.is_some() {
            flush(&mut lines, &mut address);
        }
        let (pc, shown) = match trimmed
            .strip_prefix('@')
            .and_then(|rest| rest.split_once(' '))
        {
            Some((pc, rest)) => (u64::from_str_radix(pc, 16).ok(), rest.trim_start()),
            None => (None, trimmed),
        };
        if address.is_none() {
            address = pc;
        }
        if !shown.is_empty() {
            lines.push(Line {
                offset: None,
                pc,
                text: shown.to_owned(),
            });
        }
    }
    flush(&mut lines, &mut address);
    pieces
}

/// `block7:` or `block9(v1: i64) cold:`.
fn is_label(text: &str) -> bool {
    text.starts_with("block") && text.ends_with(':')
}

fn parse(text: &str) -> Option<u64> {
    u64::from_str_radix(text.trim().strip_prefix("0x")?, 16).ok()
}
