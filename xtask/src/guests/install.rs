//! Puts what was built to its place: complete or not at all.

use std::fs;
use std::path::Path;

use super::error::{GuestError, at};

/// Puts a copy of `from` at `to`: complete or not at all.
pub(super) fn install(from: &Path, to: &Path) -> Result<(), GuestError> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    let partial = to.with_extension("partial");
    fs::copy(from, &partial).map_err(at(&partial))?;
    fs::rename(&partial, to).map_err(at(to))
}
