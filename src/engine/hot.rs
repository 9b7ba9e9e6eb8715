//! The hot list: what this process ran, most cycles first, in the form of a warm list.
//!
//! A node that writes it now and then, and reads it as its warm list at the next start, has the code
//! that matters ready before the first block. Counted are the cycles of both engines.

use std::fmt::Write;
use std::io;
use std::path::Path;

use lockstep_cache as cache;
use lockstep_contract::key::KeyId;

use super::Engine;
use super::registry::Ran;

/// Lines at most: what comes behind hardly ran.
const LINES: usize = 1000;

impl Engine {
    /// Writes the hot list to a file, whole or not at all. How many lines it has.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_hot(&self, path: &Path) -> io::Result<usize> {
        let list = self.hot();
        let mut region = String::from(
            "# What ran, by cycles: module, BLAKE3 of its code, cycles in all, cycles of native code.\n\
             # It can be used as the warm list of the next start.\n",
        );
        for (id, ran) in &list {
            let (code, cycles, native) = (KeyId(ran.digest), ran.cycles(), ran.native);
            // Writing to a string does not fail.
            let _ = writeln!(region, "{id} code={code} cycles={cycles} native={native}");
        }
        cache::replace(path, region.as_bytes())?;
        Ok(list.len())
    }

    /// What ran, most cycles first.
    fn hot(&self) -> Vec<(KeyId, Ran)> {
        let mut list: Vec<(KeyId, Ran)> =
            (self.shared.registry.ran(&self.shared.options).into_iter())
                .filter(|(_, ran)| ran.cycles() > 0)
                .collect();
        list.sort_by_key(|(id, ran)| (u64::MAX - ran.cycles(), *id));
        list.truncate(LINES);
        list
    }
}
