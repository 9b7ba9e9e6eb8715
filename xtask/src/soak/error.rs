//! What can go wrong while random programs run.

use std::io;
use std::path::PathBuf;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoakError {
    #[error("{0}; `cargo xtask --help` shows what there is")]
    Usage(String),
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path}, line {line}: {reason}")]
    Ledger {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    #[error("cannot run {program}: {error}")]
    Start { program: String, error: io::Error },
    #[error("the tests do not build; the lines above say why")]
    Build,
    #[error("{tier} {profile}, seeds from {first}: the engines differ\n{output}")]
    Difference {
        tier: String,
        profile: String,
        first: u64,
        output: String,
    },
}
