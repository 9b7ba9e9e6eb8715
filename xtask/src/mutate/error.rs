//! Why faults could not be tried.

use std::path::{Path, PathBuf};

/// Why faults could not be tried.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MutateError {
    #[error("{path}: {error}")]
    File {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("tests/mutations/faults.txt, line {line}: {what}")]
    List { line: usize, what: String },
    #[error(
        "{fault}: what it replaces stands {count} times in {file}, not once; the list has to \
         follow the code"
    )]
    Place {
        fault: String,
        file: String,
        count: usize,
    },
    #[error("no fault is called {0}; `cargo xtask mutate --list` shows them")]
    Unknown(String),
    #[error("{what} does not build; see {log}")]
    Build { what: String, log: PathBuf },
    #[error("{tests} fails without any fault; see {log}")]
    Baseline { tests: String, log: PathBuf },
    #[error("nothing noticed these faults, so tests are missing: {0}")]
    Survivors(String),
}

impl MutateError {
    pub(super) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> MutateError {
        let path = path.to_path_buf();
        |error| MutateError::File { path, error }
    }
}
