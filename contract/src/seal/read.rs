//! Reads a seal from the bytes of its file.
//!
//! Whoever can write to the folder chooses these bytes. So the reader accepts one form only, limits every
//! length and count, and no input makes it panic.

use core::str::FromStr;

use super::{FIRST, LARGEST_SEAL_BYTES, NOTES, Note, Record, Seal, TEXT, plain};
use crate::key::KeyId;

/// Why bytes are not a seal.
///
/// ```
/// use lockstep_contract::seal::Seal;
/// let error = Seal::read(b"something else\n").unwrap_err();
/// assert_eq!(error.line, 1);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("line {line} of the seal: {what}")]
#[non_exhaustive]
pub struct SealError {
    /// Number of the line, from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

impl Seal {
    /// Reads the bytes of a seal's file.
    ///
    /// # Errors
    /// When they are not exactly what [`Seal::to_bytes`] writes.
    pub fn read(file: &[u8]) -> Result<Seal, SealError> {
        let whole = |what: String| SealError { line: 0, what };
        if file.len() > LARGEST_SEAL_BYTES {
            let what = format!(
                "it has {:#x} bytes, and a seal has at most {LARGEST_SEAL_BYTES:#x}",
                file.len()
            );
            return Err(whole(what));
        }
        let text = str::from_utf8(file).map_err(|error| whole(error.to_string()))?;
        let Some(text) = text.strip_suffix('\n') else {
            return Err(whole("it does not end with a line feed".to_owned()));
        };
        let mut lines = Lines {
            lines: text.split('\n'),
            number: 0,
        };
        let first = lines.next();
        if first != Some(FIRST) {
            return Err(lines.refuse(first.unwrap_or(""), FIRST));
        }
        let mut seal = Seal {
            module: lines.field("module", bytes_from_hex)?,
            bytes: lines.field("bytes", decimal)?,
            id: lines.field("id", |text| KeyId::from_str(text).ok())?,
            translator: lines.field("translator", free_text)?,
            compiler: lines.field("compiler", free_text)?,
            target: lines.field("target", free_text)?,
            notes: Vec::new(),
            mac: None,
        };
        while let Some(line) = lines.next() {
            if seal.mac.is_some() {
                return Err(lines.refuse(line, "nothing behind the mac"));
            }
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let known = match name {
                "record" => record(rest).map(|record| seal.notes.push(Note::Record(record))),
                "signature" => signature(rest).map(|signature| seal.notes.push(signature)),
                "mac" => bytes_from_hex(rest).map(|mac| seal.mac = Some(mac)),
                _ => None,
            };
            if known.is_none() {
                return Err(lines.refuse(line, "a record, a signature or the mac"));
            }
            if seal.notes.len() > NOTES {
                return Err(lines.refuse(line, &format!("at most {NOTES} notes")));
            }
        }
        Ok(seal)
    }
}

/// The lines that are left.
struct Lines<'a> {
    lines: core::str::Split<'a, char>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        self.lines.next()
    }

    /// The value of the next line, which has this name.
    fn field<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, SealError> {
        let line = self.next().unwrap_or("");
        let value = line.strip_prefix(name);
        let value = value.and_then(|rest| parse(rest.strip_prefix(' ')?));
        value.ok_or_else(|| self.refuse(line, &format!("{name} and its value")))
    }

    fn refuse(&self, found: &str, expected: &str) -> SealError {
        let mut shown: String = found.chars().take(80).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        SealError {
            line: self.number,
            what: format!("found {shown:?}, expected {expected}"),
        }
    }
}

/// Bytes from lower-case hexadecimal digits, exactly so many.
#[must_use]
pub fn bytes_from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

/// A decimal number in its one form.
fn decimal(text: &str) -> Option<u64> {
    let one_form = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| one_form)
}

fn free_text(text: &str) -> Option<String> {
    (text.len() <= TEXT && plain(text) == text).then(|| text.to_owned())
}

fn record(rest: &str) -> Option<Record> {
    let (engine, rest) = rest.split_once(' ')?;
    let (cycles, what) = rest.split_once(' ')?;
    Some(Record {
        engine: free_text(engine)?,
        cycles: decimal(cycles)?,
        what: free_text(what)?,
    })
}

fn signature(rest: &str) -> Option<Note> {
    let (key, signature) = rest.split_once(' ')?;
    Some(Note::Signature {
        key: bytes_from_hex(key)?,
        signature: bytes_from_hex(signature)?,
    })
}
