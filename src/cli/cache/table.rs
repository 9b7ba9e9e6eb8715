//! The table of `translate cache ls`: it fits into 80 columns, and says more where there is more room.
//!
//! What it says of a module comes from names, times and the seal; no module is read for it, so that it is quick in a
//! large cache. A seal that nothing authenticates is shown like any other: `cache verify` says what would be used.

use std::time::SystemTime;

use lockstep_cache::Entry;
use lockstep_contract::key::KeyId;
use lockstep_contract::seal::{Note, Seal};

/// Digits of an id in the narrow table, unless more are needed to tell two apart.
const SHORT_ID_DIGITS: usize = 12;
/// Columns from which on the ids are whole, and so are the names of translator and target.
const WIDE_COLUMNS: usize = 160;

/// A module of the table, with its seal as far as it can be read.
pub(super) struct Row {
    pub(super) entry: Entry,
    pub(super) seal: Option<Seal>,
    pub(super) quarantined: bool,
    /// The deny-list names what made it.
    pub(super) denied: bool,
}

/// The cells of a row, and how wide the narrow table lets them be. The marks have what is left of the line.
const COLUMNS: [(&str, usize, Align); 7] = [
    ("ID", SHORT_ID_DIGITS, Align::Left),
    ("SCRIPT", 12, Align::Left),
    ("TARGET", 7, Align::Left),
    ("TRANSLATOR", 11, Align::Left),
    ("SIZE", 7, Align::Right),
    ("USED", 5, Align::Right),
    ("MARKS", usize::MAX, Align::Left),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

/// The lines of the table; nothing for no rows.
pub(super) fn lines(rows: &[Row], columns: usize, now: SystemTime) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let wide = columns >= WIDE_COLUMNS;
    let digits = match wide {
        true => 64,
        false => id_digits(rows),
    };
    let header = COLUMNS.map(|(name, ..)| name.to_owned());
    let cells: Vec<[String; 7]> = std::iter::once(header)
        .chain(rows.iter().map(|row| row.cells(digits, wide, now)))
        .collect();
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|column| {
            let widest = cells.iter().map(|row| row[column].chars().count()).max();
            widest.unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &cells {
        let mut line = String::new();
        for ((cell, width), (.., align)) in row.iter().zip(&widths).zip(COLUMNS) {
            line += &match align {
                Align::Left => format!("{cell:<width$}  "),
                Align::Right => format!("{cell:>width$}  "),
            };
        }
        let line = line.trim_end();
        text += &if wide {
            line.to_owned()
        } else {
            cut(line, columns)
        };
        text.push('\n');
    }
    text
}

/// So many digits tell all ids apart.
fn id_digits(rows: &[Row]) -> usize {
    let mut ids: Vec<String> = rows.iter().map(|row| row.entry.id.to_string()).collect();
    ids.sort_unstable();
    let shared = |pair: &[String]| {
        let (one, two) = (pair[0].bytes(), pair[1].bytes());
        one.zip(two).take_while(|(one, two)| one == two).count()
    };
    let longest = ids.windows(2).map(shared).max().unwrap_or(0);
    (longest + 1).max(SHORT_ID_DIGITS)
}

/// The first digits of an id, for messages.
pub(super) fn short(id: &KeyId) -> String {
    id.to_string()[..SHORT_ID_DIGITS].to_owned()
}

impl Row {
    fn cells(&self, digits: usize, wide: bool, now: SystemTime) -> [String; 7] {
        let unknown = || "?".to_owned();
        let seal = self.seal.as_ref();
        let target = seal.map_or_else(unknown, |seal| match wide {
            true => seal.target.clone(),
            false => architecture(&seal.target).to_owned(),
        });
        let translator = seal.map_or_else(unknown, |seal| seal.translator.clone());
        let age = now.duration_since(self.entry.used).unwrap_or_default();
        let cells = [
            self.entry.id.to_string()[..digits].to_owned(),
            self.script().unwrap_or_else(|| "-".to_owned()),
            target,
            translator,
            size(self.entry.size),
            duration(age.as_secs()),
            self.marks().join(","),
        ];
        let mut columns = COLUMNS.iter();
        cells.map(|cell| match columns.next() {
            // The id is not cut: so many digits tell it from the others.
            Some(("ID", ..)) | None => cell,
            Some(_) if wide => cell,
            Some((_, width, _)) => cut(&cell, *width),
        })
    }

    /// The name of the program that a comparison ran, by the last record in the seal that has one.
    fn script(&self) -> Option<String> {
        let notes = self.seal.as_ref()?.notes.iter().rev();
        let mut records = notes.filter_map(|note| match note {
            Note::Record(record) => record.what.split_once(" (BLAKE3 ").map(|(name, _)| name),
            Note::Signature { .. } => None,
        });
        records.next().map(str::to_owned)
    }

    pub(super) fn marks(&self) -> Vec<&'static str> {
        let signed = self.seal.as_ref().is_some_and(|seal| {
            let mut notes = seal.notes.iter();
            notes.any(|note| matches!(note, Note::Signature { .. }))
        });
        // What matters most comes first: the end may be cut off.
        let marks = [
            (self.quarantined, "quarantined"),
            (self.denied, "denied"),
            (!self.entry.sealed, "no seal"),
            (self.entry.sealed && self.seal.is_none(), "bad seal"),
            (self.entry.pinned, "pinned"),
            (signed, "signed"),
        ];
        let marks = marks.into_iter().filter(|(there, _)| *there);
        marks.map(|(_, mark)| mark).collect()
    }
}

/// The first part of a target triple.
fn architecture(target: &str) -> &str {
    target.split('-').next().unwrap_or(target)
}

/// A text of at most so many characters.
fn cut(text: &str, width: usize) -> String {
    match text.chars().count() > width {
        true => text
            .chars()
            .take(width.saturating_sub(1))
            .chain(['…'])
            .collect(),
        false => text.to_owned(),
    }
}

/// Bytes, to three digits or so.
pub(crate) fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1000.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    match unit {
        "B" => format!("{bytes} B"),
        _ if value < 10.0 => format!("{value:.1} {unit}"),
        _ => format!("{value:.0} {unit}"),
    }
}

/// A time span in its largest unit.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} m", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 KiB"),
            (10_300, "10 KiB"),
            (64 << 20, "64 MiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        for (seconds, text) in [
            (59, "59 s"),
            (60, "1 m"),
            (7200, "2 h"),
            (86_400 * 99, "99 d"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(cut("0.1.0+3f9a04c27be15d68", 11), "0.1.0+3f9a…");
    }
}
