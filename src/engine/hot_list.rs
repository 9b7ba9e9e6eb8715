//! The hot list: what this process ran, most cycles first, in the form of a warm list.
//!
//! A node that writes it now and then, and reads it as its warm list at the next start, has the code
//! that matters ready before the first block. The cycles of native code and interpreter both count.

use std::fmt::Write;
use std::io;
use std::path::Path;

use lockstep_cache as cache;
use lockstep_contract::key::KeyId;
use lockstep_translator::Options;

use super::registry::{Ran, Registry};

/// Lines at most: what comes behind hardly ran.
const MAX_LINES: usize = 1000;

/// Writes the list to a file, whole or not at all. How many lines it has. `options` are the engine's.
///
/// # Errors
/// When the file cannot be written.
pub(super) fn write(registry: &Registry, options: &Options, path: &Path) -> io::Result<usize> {
    let list = ranked(registry, options);
    let mut text = String::from(
        "# What ran, by cycles: module, BLAKE3 of its code, cycles in all, cycles of native code.\n\
         # It can be used as the warm list of the next start.\n",
    );
    for (id, ran) in &list {
        let (code, cycles, native) = (KeyId(ran.digest), ran.cycles(), ran.native);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{id} code={code} cycles={cycles} native={native}");
    }
    cache::replace(path, text.as_bytes())?;
    Ok(list.len())
}

/// What ran, most cycles first.
fn ranked(registry: &Registry, options: &Options) -> Vec<(KeyId, Ran)> {
    let ran = registry.ran(options).into_iter();
    let mut list: Vec<(KeyId, Ran)> = ran.filter(|(_, ran)| ran.cycles() > 0).collect();
    list.sort_by_key(|(id, ran)| (u64::MAX - ran.cycles(), *id));
    list.truncate(MAX_LINES);
    list
}
