//! The file: JSON in the format of `ckb-debugger --tx-file`, with its placeholders.
//!
//! The format is `ckb_mock_tx_types`' and so are its types; here is what a person needs when a file is
//! not of it: which field, and what stands there.

use std::path::{Path, PathBuf};

use ckb_mock_tx_types::{MockTransaction, ReprMockTransaction};
use ckb_types::core::error::OutPointError;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::placeholder::{self, PlaceholderError};

/// Bytes of a file at most; a transaction with its cells is some megabytes of hex.
const LIMIT: u64 = 1 << 30;
/// Characters of a value that are worth showing.
const SHOWN: usize = 60;

/// Why a file is no transaction.
///
/// ```
/// use std::path::Path;
/// use lockstep::transaction::{FileError, Transaction};
///
/// let error = Transaction::parse("no JSON", Path::new(".")).unwrap_err();
/// assert!(matches!(error, FileError::Json(_)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Its name.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than any transaction.
    #[error("{} has more than {LIMIT:#x} bytes; no transaction is that large", path.display())]
    TooLarge {
        /// Its name.
        path: PathBuf,
    },
    /// A placeholder in it cannot be replaced.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
    /// It is no JSON.
    #[error("it is not JSON: {0}")]
    Json(#[source] serde_json::Error),
    /// A field is missing, or holds something else than it should.
    #[error("{field}: {reason}; it is {value}")]
    Field {
        /// The way to it: `mock_info.inputs[0].output.capacity`.
        field: String,
        /// What is wrong.
        reason: String,
        /// What stands there, shortened.
        value: String,
    },
    /// A cell or header that the transaction names is not in `mock_info`.
    #[error("the transaction needs a cell or header that is not in mock_info: {0}")]
    Incomplete(String),
    /// The cells that the transaction names are not those of a transaction.
    #[error("the transaction's cells do not fit together: {0}")]
    Cells(#[from] OutPointError),
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Result<MockTransaction, FileError> {
    use std::io::Read;
    let unreadable = |source| FileError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > LIMIT {
        let path = path.to_owned();
        return Err(FileError::TooLarge { path });
    }
    parse(&text, path.parent().unwrap_or(Path::new("")))
}

/// Reads the text of a file that stands in `folder`.
pub(super) fn parse(text: &str, folder: &Path) -> Result<MockTransaction, FileError> {
    let text = placeholder::replace(text, folder)?;
    let value: Value = serde_json::from_str(&text).map_err(FileError::Json)?;
    let described: ReprMockTransaction =
        serde_path_to_error::deserialize(&value).map_err(|error| {
            let path = error.path();
            FileError::Field {
                field: match path.iter().len() {
                    0 => "the whole file".to_owned(),
                    _ => path.to_string(),
                },
                reason: without_types(&error.inner().to_string()),
                value: shown(follow(&value, path)),
            }
        })?;
    Ok(described.into())
}

/// What stands at the end of a path, or the last thing on the way there.
fn follow<'a>(value: &'a Value, path: &serde_path_to_error::Path) -> &'a Value {
    let mut at = value;
    for segment in path {
        let next = match segment {
            Segment::Map { key } => at.get(key),
            Segment::Seq { index } => at.get(index),
            Segment::Enum { .. } | Segment::Unknown => None,
        };
        match next {
            Some(next) => at = next,
            None => break,
        }
    }
    at
}

/// What the reader says, with "an object" where it names a type of its own.
fn without_types(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once("struct ") else {
        return reason.to_owned();
    };
    let name = rest.find(|c: char| !c.is_ascii_alphanumeric());
    format!("{before}an object{}", &rest[name.unwrap_or(rest.len())..])
}

/// A value as far as it is worth showing.
fn shown(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "an empty object".to_owned(),
        Value::Array(items) if items.is_empty() => "an empty list".to_owned(),
        Value::Object(fields) => {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("an object with {}", names.join(", "))
        }
        Value::Array(items) => format!("a list of {}", items.len()),
        other => {
            let text = other.to_string();
            match text.char_indices().nth(SHOWN) {
                Some((end, _)) => format!("{}… ({} characters)", &text[..end], text.len()),
                None => text,
            }
        }
    }
}
