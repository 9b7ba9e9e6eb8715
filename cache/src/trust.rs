//! Signatures, for modules that are made on one machine and run on another.
//!
//! A key pair is two files: the secret key, which only its owner can read, and the public key, which is
//! given to others. A list that only this user may write says which public keys are trusted.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ed25519_dalek::{Signature, Signer, VerifyingKey};
use lockstep_contract::key::hex;
use lockstep_contract::seal::{Note, Seal, bytes_from_hex};

use super::files::{
    create_private, only_for_owner, open_no_follow, owner, put, put_new, user, writable_by_others,
};

/// What stands before the digits in a file of a secret key.
const SECRET: &str = "lockstep-secret-key ";
/// The same for a public key.
const PUBLIC: &str = "lockstep-public-key ";
/// Bytes of a list, or of a file with a key, at most.
const LARGEST_FILE_BYTES: u64 = 1 << 20;

/// An Ed25519 public key. Printed and read as 64 lower-case hexadecimal digits.
///
/// ```
/// use lockstep_cache::PublicKey;
/// let digits = format!("58{}", "66".repeat(31));
/// assert_eq!(PublicKey::parse(&digits).unwrap().to_string(), digits);
/// // A key of small order would take signatures that nobody made.
/// assert_eq!(PublicKey::parse(&"00".repeat(32)), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PublicKey(pub [u8; 32]);

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Why a file of keys cannot be used.
///
/// ```
/// use lockstep_cache::{PublicKey, TrustErrorKind};
/// let error = PublicKey::parse_or_read("no/such/file").unwrap_err();
/// assert_eq!(error.kind, TrustErrorKind::Io);
/// ```
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", .path.display())]
#[non_exhaustive]
pub struct TrustError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub reason: String,
    /// What it is wrong with.
    pub kind: TrustErrorKind,
}

/// What a [`TrustError`] is about.
///
/// ```
/// use lockstep_cache::{TrustError, TrustErrorKind};
/// /// Whether a person has to change the file.
/// fn is_for_a_person(error: &TrustError) -> bool {
///     error.kind == TrustErrorKind::Content
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum TrustErrorKind {
    /// The operating system refused something.
    Io,
    /// What the file holds, or who may read or change it.
    Content,
}

impl TrustError {
    fn io(path: &Path) -> impl Fn(io::Error) -> TrustError {
        move |error| TrustError {
            path: path.to_owned(),
            reason: format!("the file cannot be used: {error}"),
            kind: TrustErrorKind::Io,
        }
    }

    fn content(path: &Path, reason: impl Into<String>) -> TrustError {
        TrustError {
            path: path.to_owned(),
            reason: reason.into(),
            kind: TrustErrorKind::Content,
        }
    }
}

impl PublicKey {
    /// A key from its digits, if it is one: a point of the curve, of no small order.
    #[must_use]
    pub fn parse(text: &str) -> Option<PublicKey> {
        let text = text.trim();
        let bytes = bytes_from_hex(text.strip_prefix(PUBLIC).unwrap_or(text))?;
        let key = VerifyingKey::from_bytes(&bytes).ok()?;
        (!key.is_weak()).then_some(PublicKey(bytes))
    }

    /// A key from its digits or from a file with them.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse_or_read(text: &str) -> Result<PublicKey, TrustError> {
        if let Some(key) = PublicKey::parse(text) {
            return Ok(key);
        }
        let path = Path::new(text);
        let content = read(path).map_err(|error| TrustError {
            path: path.to_owned(),
            reason: format!(
                "it is not a valid public key (64 hexadecimal digits), and no file of that name can be read: {error}"
            ),
            kind: TrustErrorKind::Io,
        })?;
        PublicKey::parse(&content).ok_or_else(|| {
            let reason = "it does not hold a public key (64 hexadecimal digits); name the .pub file of cache keygen";
            TrustError::content(path, reason)
        })
    }

    /// Whether a note of a seal is a signature by this key, over the lines before it. Weak keys and
    /// signatures of more than one form are refused.
    fn signed(&self, seal: &Seal, number: usize) -> bool {
        let Some(Note::Signature { key, signature }) = seal.notes.get(number) else {
            return false;
        };
        let Ok(verifier) = VerifyingKey::from_bytes(key) else {
            return false;
        };
        let signature = Signature::from_bytes(signature);
        *key == self.0
            && verifier
                .verify_strict(&seal.covered(number), &signature)
                .is_ok()
    }
}

/// An Ed25519 secret key.
///
/// ```
/// use lockstep_cache::{SigningKey, public_name};
/// # let folder = std::env::temp_dir().join(format!("lockstep-doc-signing-key-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let path = folder.join("key");
/// let made = SigningKey::generate(&path).unwrap();
/// assert_eq!(SigningKey::read(&path).unwrap().public(), made.public());
/// assert!(public_name(&path).exists());
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
pub struct SigningKey(ed25519_dalek::SigningKey);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public())
    }
}

impl SigningKey {
    /// Makes a key pair: the secret key in a new file for its owner alone, the public one in a file of
    /// that name with `.pub`.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be written.
    pub fn generate(path: &Path) -> Result<SigningKey, TrustError> {
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|error| TrustError::io(path)(io::Error::other(error)))?;
        let key = SigningKey(ed25519_dalek::SigningKey::from_bytes(&secret));
        let text = format!("{SECRET}{}\n", hex(&secret));
        put_new(path, text.as_bytes()).map_err(TrustError::io(path))?;
        let public = public_name(path);
        let text = format!("{PUBLIC}{}\n", key.public());
        put(&public, text.as_bytes(), false).map_err(TrustError::io(&public))?;
        Ok(key)
    }

    /// The secret key in a file.
    ///
    /// # Errors
    /// When there is none, or others may read it.
    pub fn read(path: &Path) -> Result<SigningKey, TrustError> {
        let file = open_no_follow(path).map_err(TrustError::io(path))?;
        let found = file.metadata().map_err(TrustError::io(path))?;
        if !found.is_file() || owner(&found) != user() || only_for_owner(&found).is_some() {
            let reason = "a secret key must be a regular file of your own that no other user may read; chmod 600 makes it so";
            return Err(TrustError::content(path, reason));
        }
        let mut text = String::new();
        (file.take(LARGEST_FILE_BYTES).read_to_string(&mut text)).map_err(TrustError::io(path))?;
        let secret = text.trim().strip_prefix(SECRET).and_then(bytes_from_hex);
        secret
            .map(|secret| SigningKey(ed25519_dalek::SigningKey::from_bytes(&secret)))
            .ok_or_else(|| {
                TrustError::content(
                    path,
                    "it does not hold a secret key; name a file that translate cache keygen made",
                )
            })
    }

    /// Its public key.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Adds a signature over all that the seal says so far. The MAC, if there was one, is void then.
    pub fn sign(&self, seal: &mut Seal) {
        let lines = seal.covered(seal.notes.len());
        seal.notes.push(Note::Signature {
            key: self.public().0,
            signature: self.0.sign(&lines).to_bytes(),
        });
        seal.mac = None;
    }
}

/// The file of the public key that goes with a secret one.
#[must_use]
pub fn public_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

/// The public keys whose signatures count, each with a comment.
///
/// ```
/// use lockstep_cache::{PublicKey, Trusted};
/// # let folder = std::env::temp_dir().join(format!("lockstep-doc-trusted-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let key = PublicKey::parse(&format!("58{}", "66".repeat(31))).unwrap();
/// let mut list = Trusted::default();
/// list.0.insert(key, "the build machine".to_owned());
/// list.write(&folder.join("trusted")).unwrap();
/// assert_eq!(Trusted::read(&folder.join("trusted")).unwrap(), list);
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted(pub BTreeMap<PublicKey, String>);

impl Trusted {
    /// Reads a list: a line a key, a comment behind it; lines with `#` are skipped. No file is an
    /// empty list.
    ///
    /// # Errors
    /// When it cannot be read, others may write to it, or a line holds no key: then nobody is trusted.
    pub fn read(path: &Path) -> Result<Trusted, TrustError> {
        let file = match open_no_follow(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Trusted::default()),
            Err(error) => return Err(TrustError::io(path)(error)),
        };
        let found = file.metadata().map_err(TrustError::io(path))?;
        if !found.is_file() {
            return Err(TrustError::content(path, "it is not a regular file"));
        }
        if !super::files::ours(owner(&found)) || writable_by_others(&found).is_some() {
            let reason = "other users may write to the list of trusted keys; chmod 600 takes that right away";
            return Err(TrustError::content(path, reason));
        }
        let mut text = String::new();
        (file.take(LARGEST_FILE_BYTES).read_to_string(&mut text)).map_err(TrustError::io(path))?;
        let mut keys = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, comment) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let key = PublicKey::parse(key).ok_or_else(|| {
                TrustError::content(
                    path,
                    format!(
                        "line {} does not begin with a public key; mend or remove it",
                        number + 1
                    ),
                )
            })?;
            keys.insert(key, comment.trim().to_owned());
        }
        Ok(Trusted(keys))
    }

    /// Writes the list.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn write(&self, path: &Path) -> Result<(), TrustError> {
        let mut text =
            String::from("# public keys whose signatures of modules count on this machine\n");
        for (key, comment) in &self.0 {
            text += format!("{key} {comment}").trim_end();
            text.push('\n');
        }
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        folder
            .map_or(Ok(()), create_private)
            .and_then(|()| put(path, text.as_bytes(), true))
            .map_err(TrustError::io(path))
    }

    /// The last signature of a seal by a key of the list: its number among the notes.
    #[must_use]
    pub fn signature(&self, seal: &Seal) -> Option<(usize, PublicKey)> {
        let numbers = (0..seal.notes.len()).rev();
        let mut signers = numbers.filter_map(|number| match seal.notes.get(number) {
            Some(Note::Signature { key, .. }) => Some((number, PublicKey(*key))),
            _ => None,
        });
        signers.find(|(number, key)| self.0.contains_key(key) && key.signed(seal, *number))
    }
}

/// Whether the signature that is this note of a seal is one of the key that it names, trusted or not.
#[must_use]
pub fn is_sound(seal: &Seal, number: usize) -> bool {
    match seal.notes.get(number) {
        Some(Note::Signature { key, .. }) => PublicKey(*key).signed(seal, number),
        _ => false,
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?
        .take(LARGEST_FILE_BYTES)
        .read_to_string(&mut text)?;
    Ok(text)
}
