//! The error for bytes that are not a module: what is wrong, where, what was found and what was expected.

use core::fmt;

/// The reasons, as a cache counts them.
///
/// ```
/// use lockstep_contract::module::Kind;
/// assert_eq!(Kind::Digest.to_string(), "a damaged module");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The file is of another sort.
    Foreign,
    /// A module file of another format: an older or a newer build wrote it.
    Format,
    /// Fewer or more bytes than the file says it has.
    Length,
    /// Some byte is not what was written.
    Digest,
    /// Whole, but not what a translator of ours writes.
    Content,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Foreign => "not a module",
            Kind::Format => "a module of another format",
            Kind::Length => "a module cut off or with bytes added",
            Kind::Digest => "a damaged module",
            Kind::Content => "a malformed module",
        })
    }
}

/// Why bytes are not a module.
///
/// ```
/// use lockstep_contract::module::Module;
/// let error = Module::read(b"\x7fELF").unwrap_err();
/// assert!(error.to_string().starts_with("not a module"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{kind}: {what} at offset {at:#x}: found {found}, expected {expected}")]
#[non_exhaustive]
pub struct ModuleError {
    /// The reason.
    pub kind: Kind,
    /// The field.
    pub what: &'static str,
    /// Where it stands in the file.
    pub at: u64,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
}

impl ModuleError {
    pub(crate) fn new(
        kind: Kind,
        what: &'static str,
        at: usize,
        found: impl fmt::Display,
        expected: impl fmt::Display,
    ) -> ModuleError {
        ModuleError {
            kind,
            what,
            at: at as u64,
            found: found.to_string(),
            expected: expected.to_string(),
        }
    }

    /// A number that should be another one.
    pub(crate) fn number(
        what: &'static str,
        at: usize,
        found: impl Into<u64>,
        expected: impl fmt::Display,
    ) -> ModuleError {
        let found = format!("{:#x}", found.into());
        ModuleError::new(Kind::Content, what, at, found, expected)
    }
}
