//! Names of files in the cache's folder that more than one part of this package has to know.

/// Ending of a module's file name.
pub const EXTENSION: &str = "lkm";
/// Ending of the name of a preference.
pub(super) const PREFERENCE: &str = "heat";
/// The note of how much there is.
pub(super) const TALLY: &str = "tally";
