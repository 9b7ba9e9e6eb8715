//! `translate run --engine check`: what such a run leaves behind, and what it says of a difference.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lockstep::Engine;
use lockstep::bundle::Evidence;
use lockstep::engine::{BUNDLES_FOLDER, EngineBuilder, Found, WhenDiverged};
use lockstep_cache::Cache;
use serde::Serialize;

use super::args::CacheOptions;
use super::code;
use super::failure::Failure;

/// A difference, for `--json`.
#[derive(Serialize)]
pub(super) struct Object {
    blocks: Vec<String>,
    difference: String,
    bundle: Option<PathBuf>,
}

impl Object {
    pub(super) fn new(found: &Found) -> Object {
        Object {
            blocks: found
                .blocks
                .iter()
                .map(|head| format!("{head:#x}"))
                .collect(),
            difference: found.difference.clone(),
            bundle: found.bundle.clone(),
        }
    }
}

/// A difference, for people: where, what, and the folder with everything else.
pub(super) fn describe(found: &Found) -> String {
    let mut text = match found.blocks.as_slice() {
        [block] => format!("diverged at the block at {block:#x}"),
        [first, .., last] => format!(
            "diverged within {} blocks, from {first:#x} to {last:#x}",
            found.blocks.len()
        ),
        [] => "diverged".to_owned(),
    };
    // Writing to a string does not fail.
    let _ = write!(text, ": {}", found.difference);
    text
}

/// What a bundle holds of a guest that was given by itself.
pub(super) fn guest_files(elf: &[u8], arguments: &[OsString]) -> Vec<(String, Vec<u8>)> {
    vec![
        ("guest.elf".to_owned(), elf.to_vec()),
        ("arguments.txt".to_owned(), lines(arguments).into_bytes()),
    ]
}

/// The engine that writes down what it finds, with these files, and stops there.
pub(super) fn engine(
    builder: EngineBuilder,
    bundles: Option<&Path>,
    cache: &CacheOptions,
    files: Vec<(String, Vec<u8>)>,
) -> EngineBuilder {
    let nowhere = cache.no_cache || (cache.cache.is_none() && Cache::default_folder().is_err());
    let folder = bundles.or_else(|| nowhere.then_some(Path::new(BUNDLES_FOLDER)));
    let mut evidence = Evidence::default();
    evidence.command = Some(command());
    evidence.files = files;
    let builder = builder.when_diverged(WhenDiverged::Stop).evidence(evidence);
    match folder {
        Some(folder) => builder.bundles(folder),
        None => builder,
    }
}

/// Waits for shadow checking, where that was asked for, and says what it found: the run had its result
/// from native code by then.
pub(super) fn shadow(engine: &Engine) -> Result<(), Failure> {
    while !engine.shadow_is_idle() {
        std::thread::sleep(Duration::from_millis(1));
    }
    if !engine.stats().shadowed.contains_key("different") {
        return Ok(());
    }
    let found = engine.divergences().pop();
    let what = found.as_ref().map_or("diverged".to_owned(), describe);
    let bundle = found.and_then(|found| found.bundle);
    let bundle = bundle.map_or_else(String::new, |path| format!("; bundle: {}", path.display()));
    let message = format!(
        "shadow checking found a difference: {what}{bundle}; the module is quarantined, so the interpreter runs \
         this code from now on"
    );
    Err(Failure::new(code::DIVERGED, "Diverged", message))
}

/// Arguments, one a line, as a shell takes them.
fn lines(arguments: &[OsString]) -> String {
    arguments
        .iter()
        .map(|argument| quoted(argument) + "\n")
        .collect()
}

/// What the user typed, and where.
fn command() -> String {
    let words: Vec<String> = std::env::args_os().map(|word| quoted(&word)).collect();
    match std::env::current_dir() {
        Ok(folder) => format!("cd {} && {}", quoted(folder.as_os_str()), words.join(" ")),
        Err(_) => words.join(" "),
    }
}

/// A word as a shell takes it: in quotes unless it is plain.
fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}
