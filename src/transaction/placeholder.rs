//! Placeholders in a transaction's file, as `ckb-debugger` has them: `{{ data FILE }}` stands for the
//! hex digits of a file's content and `{{ hash FILE }}` for those of its hash; `{{ def_type NAME }}` is
//! a type id script made from a name, and `{{ ref_type NAME }}` the hash of that script.
//!
//! They are replaced in the text, before it is JSON, for `def_type` may stand with or without quotes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use ckb_chain_spec::consensus::TYPE_ID_CODE_HASH;
use ckb_types::core::ScriptHashType;
use ckb_types::packed::Script;
use ckb_types::prelude::{Builder, Entity};

const OPEN: &str = "{{";
const CLOSE: &str = "}}";

/// Why a placeholder cannot be replaced.
///
/// ```
/// use std::path::Path;
/// use lockstep::transaction::{FileError, PlaceholderError, Transaction};
///
/// let error = Transaction::parse("{{ ref_type t }}", Path::new(".")).unwrap_err();
/// assert!(matches!(error, FileError::Placeholder(PlaceholderError::Undefined(_))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlaceholderError {
    /// It is not one of the four.
    #[error(
        "{{{{{0}}}}} is not a placeholder; those are {{{{ data FILE }}}}, {{{{ hash FILE }}}}, \
         {{{{ def_type NAME }}}} and {{{{ ref_type NAME }}}}"
    )]
    Unknown(String),
    /// The file that it names cannot be read.
    #[error("{{{{{placeholder}}}}}: cannot read {}: {source}", path.display())]
    File {
        /// What stands between the braces.
        placeholder: String,
        /// The file, with the folder that its name is relative to.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A type that no `def_type` defines.
    #[error("{{{{ ref_type {0} }}}}: the file has no {{{{ def_type {0} }}}}; add it")]
    Undefined(String),
    /// A type that is defined twice.
    #[error(
        "{{{{ def_type {0} }}}} stands in the file twice; leave one and refer to it with {{{{ ref_type {0} }}}}"
    )]
    Twice(String),
}

/// What stands between braces.
enum Placeholder<'a> {
    Data(&'a str),
    Hash(&'a str),
    Define(&'a str),
    Refer(&'a str),
}

impl<'a> Placeholder<'a> {
    fn parse(inner: &'a str) -> Result<Placeholder<'a>, PlaceholderError> {
        let words = inner.trim();
        let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
        let rest = rest.trim();
        match verb {
            _ if rest.is_empty() => Err(PlaceholderError::Unknown(inner.to_owned())),
            "data" => Ok(Placeholder::Data(rest)),
            "hash" => Ok(Placeholder::Hash(rest)),
            "def_type" => Ok(Placeholder::Define(rest)),
            "ref_type" => Ok(Placeholder::Refer(rest)),
            _ => Err(PlaceholderError::Unknown(inner.to_owned())),
        }
    }
}

/// Text, or what stands between braces in it.
enum Piece<'a> {
    Text(&'a str),
    Inner(&'a str),
}

/// Cuts the text at its placeholders. Braces of JSON never stand in pairs without anything between
/// that closes; where they do, no placeholder's word follows.
fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    while let Some((before, rest)) = text.split_once(OPEN) {
        // An object in an object, in JSON without blanks, is no placeholder: a word comes first there.
        let word = rest.trim_start().chars().next();
        match rest.split_once(CLOSE) {
            Some((inner, after)) if word.is_some_and(|c| c.is_ascii_alphabetic()) => {
                pieces.push(Piece::Text(before));
                pieces.push(Piece::Inner(inner));
                text = after;
            }
            _ => {
                pieces.push(Piece::Text(&text[..before.len() + OPEN.len()]));
                text = rest;
            }
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The text with all placeholders replaced; files are relative to `folder`.
pub(super) fn replace(text: &str, folder: &Path) -> Result<String, PlaceholderError> {
    let pieces = pieces(text);
    let mut types: BTreeMap<&str, Script> = BTreeMap::new();
    for piece in &pieces {
        if let Piece::Inner(inner) = piece
            && let Placeholder::Define(name) = Placeholder::parse(inner)?
            && types.insert(name, type_id(name)).is_some()
        {
            return Err(PlaceholderError::Twice(name.to_owned()));
        }
    }
    let mut replaced = String::with_capacity(text.len());
    let mut unquote = false;
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                let rest = if unquote {
                    text.strip_prefix('"').unwrap_or(text)
                } else {
                    text
                };
                replaced.push_str(rest);
                unquote = false;
            }
            Piece::Inner(inner) => match Placeholder::parse(inner)? {
                Placeholder::Data(file) => push_hex(&mut replaced, &load(inner, file, folder)?),
                Placeholder::Hash(file) => {
                    let hash = ckb_hash::blake2b_256(load(inner, file, folder)?);
                    push_hex(&mut replaced, &hash);
                }
                Placeholder::Define(name) => {
                    unquote = replaced.ends_with('"');
                    if unquote {
                        replaced.pop();
                    }
                    push_type(&mut replaced, name);
                }
                Placeholder::Refer(name) => {
                    let script = types.get(name);
                    let script =
                        script.ok_or_else(|| PlaceholderError::Undefined(name.to_owned()))?;
                    push_hex(&mut replaced, script.calc_script_hash().as_slice());
                }
            },
        }
    }
    Ok(replaced)
}

fn load(placeholder: &str, file: &str, folder: &Path) -> Result<Vec<u8>, PlaceholderError> {
    let path = folder.join(file);
    std::fs::read(&path).map_err(|source| PlaceholderError::File {
        placeholder: placeholder.to_owned(),
        path,
        source,
    })
}

/// The type id script that stands for a name.
fn type_id(name: &str) -> Script {
    Script::new_builder()
        .code_hash(TYPE_ID_CODE_HASH)
        .hash_type(ScriptHashType::Type)
        .args(ckb_types::bytes::Bytes::copy_from_slice(name.as_bytes()))
        .build()
}

fn push_type(text: &mut String, name: &str) {
    text.push_str("{\"code_hash\":\"0x");
    push_hex(text, TYPE_ID_CODE_HASH.as_bytes());
    text.push_str("\",\"hash_type\":\"type\",\"args\":\"0x");
    push_hex(text, name.as_bytes());
    text.push_str("\"}");
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    text.reserve(2 * bytes.len());
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
}
