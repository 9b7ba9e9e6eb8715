//! The key of a module: what must be equal for the module to be used.
//!
//! The key holds every fact that native code depends on, and the digest of the heat that decided which code was
//! translated. It does not hold the file that the code came from, nor the hints that steered its discovery. Two keys are compared field by field, so that a
//! module that does not fit can be refused with the reason. The bytes of [`Key::encode`] are the key
//! section of the module file ([`crate::module`]); their BLAKE3 digest names the module in a cache.
//! This is not authentication: a digest says that bytes are whole, not who made them.

mod decode;

use core::fmt;
use core::str::FromStr;

use lockstep_isa::{Cost, Profile};

pub use crate::identity::digest;
use crate::identity::{CodeIdentity, CodePlace};
use crate::seal::bytes_from_hex;

/// Format of the module file that this build writes and reads.
pub const FORMAT: u32 = 4;

/// Every fact that native code depends on. Compared field by field.
///
/// Its fields are public and stay these: whoever makes a key says every fact, and none has a default that could
/// be forgotten.
///
/// ```
/// use lockstep_contract::key::{Key, KeyId};
/// /// The name of a module that runs on every CPU of its architecture; none for another.
/// fn portable(key: &Key) -> Option<KeyId> {
///     key.features().next().is_none().then(|| key.id())
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Format of the module file.
    pub format: u32,
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: Cost,
    /// Bytes of guest memory.
    pub memory_size: u64,
    /// Address of the first byte of text: page aligned.
    pub base: u64,
    /// Bytes of text: whole pages.
    pub len: u64,
    /// BLAKE3 of the text.
    pub digest: [u8; 32],
    /// The layout that the code relies on: its [fingerprint](crate::layout::fingerprint).
    pub layout: u64,
    /// The digest of the heat that the translation was given ([`crate::heat`]); `None` for one without heat.
    pub heat: Option<[u8; 32]>,
    /// The translator: its version, and behind a plus sign a digest of its sources.
    pub translator: String,
    /// Version of Cranelift.
    pub compiler: String,
    /// Target triple.
    pub target: String,
    /// CPU features beyond the target's baseline, sorted, comma separated; empty for baseline.
    pub cpu: String,
}

impl Key {
    /// The canonical bytes. Equal keys have equal bytes and unequal keys unequal ones. Little endian:
    ///
    /// ```text
    /// u32 format        u8 version (0, 1, 2)   u8 extensions (B 1, MOP 2, A 4)
    /// u8 width (32, 64) u8 cost (0 estimate, 1 constant)
    /// u64 memory_size   u64 base               u64 len           32 bytes digest
    /// u64 layout        u8 heat (0 none, 1: 32 bytes digest follow)
    /// translator, compiler, target, cpu: each a u32 count of bytes and that many bytes of UTF-8
    /// ```
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(self.format.to_le_bytes());
        bytes.push(self.profile.version.number() as u8);
        bytes.push(self.profile.extensions.bits());
        bytes.push(self.profile.xlen.bits());
        bytes.push(cost_number(self.cost));
        for number in [self.memory_size, self.base, self.len] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.digest);
        bytes.extend(self.layout.to_le_bytes());
        bytes.push(u8::from(self.heat.is_some()));
        bytes.extend(self.heat.iter().flatten());
        for text in [&self.translator, &self.compiler, &self.target, &self.cpu] {
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    /// The key of the module that is made of the same with this heat, or without any.
    #[must_use]
    pub fn with_heat(&self, heat: Option<[u8; 32]>) -> Key {
        Key {
            heat,
            ..self.clone()
        }
    }

    /// Which code the module is for, but for the content.
    #[must_use]
    pub const fn place(&self) -> CodePlace {
        CodePlace {
            base: self.base,
            len: self.len,
            memory_size: self.memory_size,
            profile: self.profile,
            cost: self.cost,
        }
    }

    /// Which code the module is for.
    #[must_use]
    pub const fn identity(&self) -> CodeIdentity {
        CodeIdentity {
            place: self.place(),
            digest: self.digest,
        }
    }

    /// The name of the module that this key asks for.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId(*blake3::hash(&self.encode()).as_bytes())
    }

    /// The first field in which `found` is not what this key expects.
    #[must_use]
    pub fn difference(&self, found: &Key) -> Option<Mismatch> {
        let (expected, found) = (self.fields(), found.fields());
        expected
            .into_iter()
            .zip(found)
            .find(|((_, expected), (_, found))| expected != found)
            .map(|((field, expected), (_, found))| Mismatch {
                field,
                expected,
                found,
            })
    }

    /// The CPU features beyond the baseline that the code uses, in order.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.cpu.split(',').filter(|name| !name.is_empty())
    }

    /// The first feature that a CPU lacks, asked by name: `None` when the code runs on it.
    ///
    /// The question is the host's to answer, this crate knows no hosts.
    #[must_use]
    pub fn missing_feature(&self, has: impl Fn(&str) -> bool) -> Option<&str> {
        self.features().find(|name| !has(name))
    }

    /// Every field with its value in words, in the order of comparison.
    #[must_use]
    pub fn fields(&self) -> [(&'static str, String); 15] {
        let extensions = self.profile.extensions;
        let mut isa = String::from("imc");
        for (there, name) in [
            (extensions.b, ",b"),
            (extensions.mop, ",mop"),
            (extensions.a, ",a"),
        ] {
            if there {
                isa.push_str(name);
            }
        }
        let cost = match self.cost {
            Cost::Estimate => "estimate",
            Cost::Constant => "constant",
        };
        [
            ("format", self.format.to_string()),
            ("layout", format!("{:016x}", self.layout)),
            ("translator", self.translator.clone()),
            ("compiler", self.compiler.clone()),
            ("target", self.target.clone()),
            ("cpu", self.cpu.clone()),
            ("version", self.profile.version.number().to_string()),
            ("isa", isa),
            ("xlen", self.profile.xlen.bits().to_string()),
            ("cost", cost.to_string()),
            ("memory_size", format!("{:#x}", self.memory_size)),
            ("base", format!("{:#x}", self.base)),
            ("len", format!("{:#x}", self.len)),
            ("digest", hex(&self.digest)),
            (
                "heat",
                self.heat
                    .map_or_else(|| "none".to_owned(), |heat| hex(&heat)),
            ),
        ]
    }
}

/// The number of a cost model in the key's bytes.
pub(crate) const fn cost_number(cost: Cost) -> u8 {
    match cost {
        Cost::Estimate => 0,
        Cost::Constant => 1,
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A field that is not what it should be.
///
/// ```
/// use lockstep_contract::key::Mismatch;
/// let mismatch = Mismatch::new("target", "x86_64", "aarch64");
/// let text = "the module is for another target: \"aarch64\" where \"x86_64\" is needed";
/// assert_eq!(mismatch.to_string(), text);
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the module is for another {field}: {found:?} where {expected:?} is needed")]
#[non_exhaustive]
pub struct Mismatch {
    /// Name of the field.
    pub field: &'static str,
    /// What is needed.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl Mismatch {
    /// In this field something is needed and something else was found.
    #[must_use]
    pub fn new(
        field: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Mismatch {
        Mismatch {
            field,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// The name of a key: the BLAKE3 digest of its canonical bytes. Printed, and parsed, as 64
/// lower-case hexadecimal digits.
///
/// ```
/// use lockstep_contract::key::KeyId;
/// let digits = "0123456789abcdef".repeat(4);
/// let id: KeyId = digits.parse().unwrap();
/// assert_eq!(id.to_string(), digits);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 32]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A text that is no [`KeyId`].
///
/// ```
/// use lockstep_contract::key::{KeyId, KeyIdError};
/// let error = "ABC".parse::<KeyId>().unwrap_err();
/// assert_eq!(error, KeyIdError("ABC".to_owned()));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0:?} is not the id of a module, which has 64 lower-case hexadecimal digits")]
pub struct KeyIdError(pub String);

impl FromStr for KeyId {
    type Err = KeyIdError;

    /// Upper-case digits are refused, so that an id has one spelling and a cache one file for it.
    fn from_str(text: &str) -> Result<KeyId, KeyIdError> {
        let id = bytes_from_hex(text);
        id.map(KeyId).ok_or_else(|| KeyIdError(text.to_string()))
    }
}
