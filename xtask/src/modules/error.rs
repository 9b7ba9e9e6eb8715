//! Why the graph of modules could not be made.

use std::path::PathBuf;

/// Why the graph could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ModulesError {
    #[error("cannot read {path}: {error}")]
    Read {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("cannot parse {path}: {error}")]
    Parse { path: PathBuf, error: syn::Error },
    #[error("cargo {command} in {root}: {reason}")]
    Cargo {
        command: String,
        root: PathBuf,
        reason: String,
    },
    #[error("circles.txt: neither a file nor `crate: reason`: {0}")]
    List(String),
    #[error("the circles are not those of xtask/src/modules/circles.txt\n{0}")]
    Circles(String),
}
