//! The seal: a file beside a module file that says who authenticates it.
//!
//! A module file has the translator's bytes and nothing else, and is the same on every machine. What is
//! local to a machine, or was added later, is in the seal: `NAME.lkm.seal` beside `NAME.lkm`. A seal is
//! short text, so that people can read it. It has one form only: a seal that is read and written again
//! gives the same bytes.
//!
//! ```text
//! lockstep-seal 1
//! module <64 hex>              BLAKE3 of the module file
//! bytes <decimal>              its length
//! id <64 hex>                  the id of its key
//! translator <text>            from its key, and so the next two
//! compiler <text>
//! target <text>
//! record <engine> <cycles> <text>         what was compared, and agreed; any number
//! signature <64 hex> <128 hex>            an Ed25519 public key and its signature; any number
//! mac <64 hex>                 keyed BLAKE3, by the key of one machine; none or one, at the end
//! ```
//!
//! Records and signatures stand in the order in which they were added. A signature covers every line
//! before its own ([`Seal::covered`]). So it covers the records that the signer saw, and a record that is
//! added later makes no signature invalid. The MAC covers the BLAKE3 of the module file and every line
//! before its own. Lines end with a line feed, also the last; `<text>` is at most 256 printable ASCII characters
//! or spaces; numbers are decimal without leading zeros, hexadecimal digits are lower case.
//!
//! This file is the format only. The secret keys, and the decision whether a seal is valid, are in the
//! package `cache`.

use core::fmt::{self, Write as _};

use crate::key::{Key, KeyId, Mismatch, hex};
use crate::module::Module;

mod read;

pub use read::{SealError, bytes_from_hex};

/// Ending of a seal's file name, behind the module's.
pub const EXTENSION: &str = "seal";
/// Bytes of a seal, at most.
pub const LARGEST_SEAL_BYTES: usize = 64 << 10;
/// Records and signatures, at most.
pub const NOTES: usize = 128;
/// Characters of a text, at most.
const TEXT: usize = 256;

const FIRST: &str = "lockstep-seal 1";
/// What comes before the covered lines when they are signed: a signature of something else never fits.
const DOMAIN: &[u8] = b"lockstep seal, signed lines\n";

/// What a seal says.
///
/// ```
/// use lockstep_contract::key::Key;
/// use lockstep_contract::seal::{Note, Record, Seal};
/// /// A seal that says of a module's file that translating again gave the same bytes.
/// fn sealed(key: &Key, file: &[u8]) -> Seal {
///     let mut seal = Seal::new(key, file);
///     seal.notes.push(Note::Record(Record::new("translator", 0, "again")));
///     seal
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Seal {
    /// BLAKE3 of the module file.
    pub module: [u8; 32],
    /// Its bytes.
    pub bytes: u64,
    /// The id of its key.
    pub id: KeyId,
    /// The version of the translator.
    pub translator: String,
    /// The version of Cranelift.
    pub compiler: String,
    /// The target triple.
    pub target: String,
    /// What was added, in order.
    pub notes: Vec<Note>,
    /// The MAC of one machine.
    pub mac: Option<[u8; 32]>,
}

/// What is added to a seal.
///
/// The set is a contract: a seal with another note has another form, so whoever matches has to know it.
///
/// ```
/// use lockstep_contract::seal::{Note, Record};
/// let note = Note::Record(Record::new("translator", 0, "the same bytes"));
/// assert_eq!(note.to_string(), "record translator 0 the same bytes");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// A comparison in which everything agreed.
    Record(Record),
    /// A signature over all lines before it.
    Signature {
        /// The Ed25519 public key.
        key: [u8; 32],
        /// The signature.
        signature: [u8; 64],
    },
}

/// A comparison in which everything agreed.
///
/// ```
/// use lockstep_contract::seal::Record;
/// let record = Record::new("check run", 12_000, "fib 30");
/// assert_eq!((record.engine.as_str(), record.what.as_str()), ("check-run", "fib 30"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Record {
    /// Who agreed: `translator` (the same bytes again), or the engines of a run. One word.
    pub engine: String,
    /// Cycles of the compared run; 0 where nothing was run.
    pub cycles: u64,
    /// What was compared: a corpus, a program with its arguments.
    pub what: String,
}

impl Record {
    /// A record; what a seal cannot hold is replaced by `?` or cut off.
    #[must_use]
    pub fn new(engine: &str, cycles: u64, what: &str) -> Record {
        Record {
            engine: plain(engine).replace(' ', "-"),
            cycles,
            what: plain(what),
        }
    }
}

impl Seal {
    /// The seal of a module, given with the bytes of its file, before anything authenticates it.
    #[must_use]
    pub fn new(key: &Key, file: &[u8]) -> Seal {
        Seal::of_hash(key, *blake3::hash(file).as_bytes(), file.len() as u64)
    }

    /// The same for who has the BLAKE3 of the file and the number of its bytes.
    fn of_hash(key: &Key, hash: [u8; 32], bytes: u64) -> Seal {
        Seal {
            module: hash,
            bytes,
            id: key.id(),
            translator: plain(&key.translator),
            compiler: plain(&key.compiler),
            target: plain(&key.target),
            notes: Vec::new(),
            mac: None,
        }
    }

    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = self.lines(self.notes.len());
        if let Some(mac) = &self.mac {
            text += &format!("mac {}\n", hex(mac));
        }
        text.into_bytes()
    }

    /// What the MAC covers beside the module: every line but its own.
    #[must_use]
    pub fn body(&self) -> Vec<u8> {
        self.lines(self.notes.len()).into_bytes()
    }

    /// What a signature that is, or would be, the note of this number signs: every line before it,
    /// behind a line that says what they are.
    #[must_use]
    pub fn covered(&self, number: usize) -> Vec<u8> {
        let lines = self.lines(number.min(self.notes.len()));
        [DOMAIN, lines.as_bytes()].concat()
    }

    /// The first field in which the seal is not of this module, whose file has these bytes.
    #[must_use]
    pub fn difference(&self, module: &Module, file: &[u8]) -> Option<Mismatch> {
        let hash = *blake3::hash(file).as_bytes();
        self.difference_of_hash(&module.key, hash, file.len() as u64)
    }

    /// The same for who has the BLAKE3 of the file and the number of its bytes.
    #[must_use]
    pub fn difference_of_hash(&self, key: &Key, hash: [u8; 32], bytes: u64) -> Option<Mismatch> {
        let of_module = Seal::of_hash(key, hash, bytes);
        let fields = |seal: &Seal| {
            [
                ("module", hex(&seal.module)),
                ("bytes", seal.bytes.to_string()),
                ("id", seal.id.to_string()),
                ("translator", seal.translator.clone()),
                ("compiler", seal.compiler.clone()),
                ("target", seal.target.clone()),
            ]
        };
        let (expected, found) = (fields(&of_module), fields(self));
        (expected.into_iter().zip(found))
            .find(|(expected, found)| expected != found)
            .map(|((field, expected), (_, found))| Mismatch {
                field,
                expected,
                found,
            })
    }

    /// The lines without the MAC, with the first notes only.
    fn lines(&self, notes: usize) -> String {
        let mut text = format!(
            "{FIRST}\nmodule {}\nbytes {}\nid {}\ntranslator {}\ncompiler {}\ntarget {}\n",
            hex(&self.module),
            self.bytes,
            self.id,
            self.translator,
            self.compiler,
            self.target,
        );
        for note in &self.notes[..notes] {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{note}");
        }
        text
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Record(Record {
                engine,
                cycles,
                what,
            }) => write!(f, "record {engine} {cycles} {what}"),
            Note::Signature { key, signature } => {
                write!(f, "signature {} {}", hex(key), hex(signature))
            }
        }
    }
}

/// Text as a seal holds it: printable ASCII, not empty, not too long, no space at either end.
fn plain(text: &str) -> String {
    let printable = |letter: char| match letter {
        ' '..='~' => letter,
        _ => '?',
    };
    let text: String = text.chars().map(printable).take(TEXT).collect();
    match text.trim() {
        "" => "?".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}
