//! `translate verify`: makes a module again from its ELF and compares byte for byte.
//!
//! Everything that went into a module but the code is recorded in it: its key says for what it was
//! made, its hints say what steered the translation. So the same translator must give the same bytes.

use std::path::{Path, PathBuf};

use clap::Args;
use lockstep::Platform;
use lockstep::contract::key::{Key, Mismatch};
use lockstep::contract::module::{Module, Span};
use lockstep::translator::{self, Cpu, Hints, Options, Text};
use serde::Serialize;

use super::failure::Failure;
use super::progress::Progress;
use super::{Answer, build, code, guest};

/// Translates again and compares with a module
#[derive(Args)]
#[command(after_help = "Example:\n  translate verify fib.lkm guests/elf/fib.elf")]
pub(crate) struct Verify {
    /// The module
    module: PathBuf,
    /// The guest program that it was made from
    elf: PathBuf,
}

#[derive(Serialize)]
struct Object {
    result: &'static str,
    key: String,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
}

/// The first byte that differs.
#[derive(Serialize)]
struct Difference {
    offset: String,
    expected: String,
    found: String,
    place: String,
}

impl Verify {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let bytes = guest::read(&self.module)?;
        let module = read_module(&self.module, &bytes)?;
        let elf = guest::read(&self.elf)?;
        let program = guest::load(&self.elf, &elf, &platform(&module.key))?;
        let texts = program.texts();
        let options = options(&module.key);
        let text = find(&self.module, &module.key, &texts, &options)?;
        let hints = Hints::from_recorded(text, &module.hints);
        let mut progress = Progress::new();
        let again = translator::translate(text, &hints, &options, &mut |done, all| {
            progress.show(done, all);
        })
        .map_err(|error| build::failure(&error))?;
        drop(progress);
        let expected = again.module.to_bytes();
        let difference = difference(&module, &expected, &bytes);
        let key = module.key.id().to_string();
        let (result, code) = match difference {
            None => ("equal", code::SUCCESS),
            Some(_) => ("diverged", code::DIVERGED),
        };
        let text = match &difference {
            None => format!("Equal: {} bytes, key {key}\n", bytes.len()),
            Some(first) => format!(
                "Different: at offset {} ({}) the module has {}, translating again gives {}\n",
                first.offset, first.place, first.found, first.expected
            ),
        };
        let object = Object {
            result,
            key,
            bytes: bytes.len(),
            difference,
        };
        Answer::new(json, &object, || text, code)
    }
}

/// A module that was named on the command line.
pub(crate) fn read_module(path: &Path, bytes: &[u8]) -> Result<Module, Failure> {
    Module::read(bytes).map_err(|error| {
        let message = format!(
            "{} is no whole module: {error}; make it again with translate build",
            path.display()
        );
        Failure::new(code::DATA, "ModuleDamaged", message)
    })
}

/// The machine that a module with this key is for.
pub(crate) fn platform(key: &Key) -> Platform {
    Platform {
        profile: key.profile,
        cost: key.cost,
        memory_size: usize::try_from(key.memory_size).unwrap_or(usize::MAX),
    }
}

/// How a module with this key is made.
pub(crate) fn options(key: &Key) -> Options {
    Options {
        target: Some(key.target.clone()),
        cpu: if key.cpu.is_empty() {
            Cpu::Baseline
        } else {
            Cpu::Native
        },
        verify: cfg!(debug_assertions),
        emit: false,
        ..Options::default()
    }
}

/// The text that a module with this key was made from.
///
/// # Errors
/// When there is none: the module is for other code, or from another translator.
pub(crate) fn find<'t, 'a>(
    path: &Path,
    key: &Key,
    texts: &'t [Text<'a>],
    options: &Options,
) -> Result<&'t Text<'a>, Failure> {
    let mut first = None;
    for text in texts {
        let expected = translator::key(text, options).map_err(|error| build::failure(&error))?;
        match expected.difference(key) {
            None => return Ok(text),
            // The nearest text is the one at the same address.
            Some(mismatch) if first.is_none() || text.base == key.base => first = Some(mismatch),
            Some(_) => {}
        }
    }
    Err(foreign(path, first.as_ref()))
}

/// A module that does not belong to the ELF.
fn foreign(path: &Path, mismatch: Option<&Mismatch>) -> Failure {
    let message = match mismatch {
        Some(Mismatch {
            field,
            expected,
            found,
        }) => format!(
            "{} is not a module for this ELF and these options: {field} is {found}, {expected} is \
             needed; make one with translate build",
            path.display()
        ),
        None => format!(
            "{} is not a module for this ELF, which has no executable segment",
            path.display()
        ),
    };
    Failure::new(code::DATA, "ModuleForeign", message)
}

/// The first byte in which a module differs from what it should be.
fn difference(module: &Module, expected: &[u8], found: &[u8]) -> Option<Difference> {
    let length = expected.len().max(found.len());
    let offset = (0..length).find(|&at| expected.get(at) != found.get(at))?;
    let byte = |bytes: &[u8]| match bytes.get(offset) {
        Some(byte) => format!("{byte:#04x}"),
        None => "nothing".to_owned(),
    };
    Some(Difference {
        offset: format!("{offset:#x}"),
        expected: byte(expected),
        found: byte(found),
        place: place(module, found, offset),
    })
}

/// What lies at an offset of a module's file, as far as it is worth telling.
fn place(module: &Module, file: &[u8], offset: usize) -> String {
    // The code is the last section, the digest with its padding comes after it.
    let code = file
        .windows(module.code.len().max(1))
        .rposition(|bytes| bytes == module.code)
        .unwrap_or(file.len());
    let Some(native) = offset
        .checked_sub(code)
        .filter(|at| *at < module.code.len())
    else {
        return "before or after the native code".to_owned();
    };
    let span = module
        .map
        .partition_point(|span| span.start as usize <= native);
    match module.map.get(span.wrapping_sub(1)) {
        Some(span) if span.head != Span::NO_BLOCK => format!(
            "native code at {native:#x}, of the guest block at {:#x}",
            module.key.base + u64::from(span.head)
        ),
        _ => format!("native code at {native:#x}, of no guest block"),
    }
}
