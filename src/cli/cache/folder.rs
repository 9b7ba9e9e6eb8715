//! Which folder a subcommand of `translate cache` is about.

use std::path::PathBuf;

use clap::Args;
use lockstep_cache::Cache;

use super::super::failure::Failure;

#[derive(Args)]
pub(super) struct Folder {
    /// Folder of the module cache [default: LOCKSTEP_CACHE_DIR, else lockstep/ in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

impl Folder {
    /// The folder that was named, or the default one.
    pub(super) fn path(&self) -> Result<PathBuf, Failure> {
        let default = || Cache::default_folder().map_err(|error| Failure::cache(&error));
        self.cache.clone().map_or_else(default, Ok)
    }
}
