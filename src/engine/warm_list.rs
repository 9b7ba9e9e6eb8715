//! The warm list: code that is to be native before anybody runs it.
//!
//! A text file. Each line names a program or a module; `#` begins a comment; empty lines are skipped.
//!
//! ```text
//! # programs, by the path of their ELF; relative paths are relative to the list
//! scripts/lock.elf
//! "with spaces/lock.elf" version=1 isa=imc,b,mop cost=estimate memory=4194304
//! # modules of the cache, by id; what stands behind is for people, but for `code`
//! 3b0c…64 digits…9f code=77aa…64 digits…01 cycles=123456
//! # any code region with this BLAKE3 digest: translated as soon as it is first seen
//! 77aa…64 digits…01
//! ```
//!
//! Programs are translated, or taken from the cache, by the threads that translate, at their low
//! priority. Modules are mapped by the thread that loads, and wait for the first machine that has their
//! code region. A module that the cache does not have, because it was emptied or the translator is a
//! new one, is looked for by its `code`, if the line says so. What is wrong with a line is a warning.
//!
//! This file reads the list; `warm.rs` loads and translates what it names.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_contract::key::KeyId;
use lockstep_contract::pages::MAX_MEMORY;
use lockstep_isa::{Cost, Extensions, Profile, Version};

use crate::program::Platform;

/// Bytes that a list may have, and a program that it names.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Where something stands, for messages.
#[derive(Clone, Debug)]
pub(super) struct Line {
    list: Arc<Path>,
    number: usize,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.list.display(), self.number)
    }
}

/// A program of the list.
#[derive(Debug)]
pub(super) struct WarmProgram {
    pub(super) line: Line,
    pub(super) path: PathBuf,
    pub(super) platform: Platform,
}

/// A module of the list.
#[derive(Debug)]
pub(super) struct WarmModule {
    pub(super) line: Line,
    pub(super) id: KeyId,
    /// The digest of its code region.
    pub(super) code: Option<KeyId>,
}

/// What a line names.
#[derive(Debug)]
pub(super) enum Wanted {
    Program(WarmProgram),
    Module(WarmModule),
}

/// What the lines of a list name, or what is wrong with a line; lines that name nothing are left out.
///
/// # Errors
/// When the list cannot be read.
pub(super) fn read_list(list: &Path) -> io::Result<Vec<Result<Wanted, String>>> {
    let text = String::from_utf8_lossy(&read(list)?).into_owned();
    let list: Arc<Path> = list.into();
    let lines = (text.lines().enumerate()).filter_map(|(index, text)| {
        let line = Line {
            list: Arc::clone(&list),
            number: index + 1,
        };
        let wanted = parse(&line, text).transpose()?;
        Some(wanted.map_err(|error| format!("{line}: {error}")))
    });
    Ok(lines.collect())
}

/// The bytes of a list or of a program in it.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other(format!(
            "more than {MAX_FILE_BYTES:#x} bytes"
        )));
    }
    Ok(bytes)
}

/// What a line asks for, if anything.
fn parse(line: &Line, text: &str) -> Result<Option<Wanted>, String> {
    let text = text.trim();
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => (quoted.split_once('"')).ok_or("the quotation mark is not closed")?,
        None if text.is_empty() || text.starts_with('#') => return Ok(None),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    let options = rest
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .map(|word| {
            word.split_once('=')
                .ok_or(format!("{word:?} is no NAME=VALUE"))
        });
    let options: Vec<(&str, &str)> = options.collect::<Result<_, _>>()?;
    let line = line.clone();
    if !text.starts_with('"')
        && let Ok(id) = name.parse()
    {
        let code = options.iter().find(|(name, _)| *name == "code");
        let code = code.map(|(_, code)| code.parse::<KeyId>());
        let code = code.transpose().map_err(|error| error.to_string())?;
        return Ok(Some(Wanted::Module(WarmModule { line, id, code })));
    }
    let folder = line.list.parent().unwrap_or(Path::new(""));
    let path = folder.join(name);
    let platform = platform(&options)?;
    Ok(Some(Wanted::Program(WarmProgram {
        line,
        path,
        platform,
    })))
}

/// What a program runs on: CKB's latest, changed by the options.
fn platform(options: &[(&str, &str)]) -> Result<Platform, String> {
    let value = |wanted: &str| {
        options
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|o| o.1)
    };
    if let Some((name, _)) =
        (options.iter()).find(|(name, _)| !["version", "isa", "cost", "memory"].contains(name))
    {
        return Err(format!(
            "{name:?} is no option of a program: version, isa, cost, memory are"
        ));
    }
    let version = match value("version") {
        None => Version::V2,
        Some(number) => (number.parse().ok())
            .and_then(Version::from_number)
            .ok_or(format!("version={number}: it is 0, 1 or 2"))?,
    };
    let mut profile = Profile::of(version);
    if let Some(list) = value("isa") {
        profile.extensions =
            (list.parse::<Extensions>()).map_err(|error| format!("isa={list}: {error}"))?;
    }
    let cost = match value("cost") {
        None | Some("estimate") => Cost::Estimate,
        Some("constant") => Cost::Constant,
        Some(other) => return Err(format!("cost={other}: it is estimate or constant")),
    };
    let memory_size = match value("memory") {
        None => MAX_MEMORY,
        Some(bytes) => bytes
            .parse()
            .map_err(|error| format!("memory={bytes}: {error}"))?,
    };
    Ok(Platform {
        profile,
        cost,
        memory_size,
    })
}
