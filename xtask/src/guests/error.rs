//! Why a guest could not be built.

use std::path::{Path, PathBuf};

use crate::step::StepError;

/// Why a guest could not be built. Every message says what to do next.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GuestError {
    /// A tool is not there at all.
    #[error(
        "{tool} was not found: run `apt-get install clang-19 lld-19`, for npm `apt-get install npm`, and try again"
    )]
    Missing {
        /// The command that could not be started.
        tool: &'static str,
    },
    /// A tool, or a native build, ran and failed; its own words stand above.
    #[error("{command}\nfailed with {status}")]
    Failed {
        /// The command line.
        command: String,
        /// How it ended.
        status: String,
    },
    /// An operation on a file failed.
    #[error("{}: {source}", path.display())]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system answered.
        source: std::io::Error,
    },
    /// A line of the manifest that cannot be read.
    #[error("guests/elf/MANIFEST, line {line}: {what}; see guests/README.md for the format")]
    Manifest {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// A step of the build in Rust failed.
    #[error(transparent)]
    Step(#[from] StepError),
    /// `cargo metadata` answered something unexpected.
    #[error("cargo metadata for guests/third_party: {0}")]
    Metadata(String),
    /// `--check` found differences.
    #[error(
        "{names} differ from what is committed. The manifest was made with: {recorded}; here is: {here}. \
         With the same compiler: the sources changed, run `cargo xtask guests` and commit"
    )]
    Differs {
        /// The guests that differ, with commas.
        names: String,
        /// The compiler that the manifest names.
        recorded: String,
        /// The compiler that ran now.
        here: String,
    },
}

/// An error of the file system, with the path it is about.
pub(super) fn at(path: &Path) -> impl FnOnce(std::io::Error) -> GuestError + '_ {
    move |source| GuestError::File {
        path: path.to_owned(),
        source,
    }
}
