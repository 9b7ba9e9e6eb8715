//! What several verbs have to do with the translator: how a module was made, by its key; making it again
//! to compare; and what is said when the translator refuses.

use std::fmt;
use std::path::Path;

use lockstep::Platform;
use lockstep_cache::{Locations, denied_maker};
use lockstep_contract::heat::Heat;
use lockstep_contract::key::{Key, Mismatch};
use lockstep_contract::module::{Module, Span};
use lockstep_translator::{
    self as translator, CodeRegion, Cpu, Hints, Options, Output, Report, TranslateError,
    Translation, Verify,
};
use serde::Serialize;

use super::failure::Failure;
use super::progress::Progress;
use super::{code, guest};

/// The share that a translation took of what one module may cost.
pub(crate) fn budget(report: &Report) -> f64 {
    report.weight as f64 / translator::MODULE_WEIGHT_LIMIT as f64
}

/// The first byte that differs.
#[derive(Serialize)]
pub(crate) struct Difference {
    offset: String,
    expected: String,
    found: String,
    place: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "at offset {} ({}) the module has {}, and translating again gives {}",
            self.offset, self.place, self.found, self.expected
        )
    }
}

/// Translates a code region, with a progress bar where it takes long.
pub(crate) fn translate(
    region: &CodeRegion<'_>,
    hints: &Hints,
    options: &Options,
) -> Result<Translation, Failure> {
    let mut progress = Progress::new();
    translator::translate(region, hints, options, &mut |done, all| {
        progress.show(done, all);
    })
    .map_err(|error| refused(&error))
}

/// Makes a module again as it says that it was made, with this beside it, and compares with the bytes of its file: what
/// was made, if they are the same, else the first difference.
pub(crate) fn make_again(
    module: &Module,
    bytes: &[u8],
    region: &CodeRegion<'_>,
    output: Output,
) -> Result<Result<Translation, Difference>, Failure> {
    let hints = Hints::from_recorded(region, &module.hints);
    let again = translate(region, &hints, &options(module).with_output(output))?;
    Ok(match difference(module, &again.module.to_bytes(), bytes) {
        None => Ok(again),
        Some(first) => Err(first),
    })
}

/// The machine that a module with this key is for.
pub(crate) fn platform(key: &Key) -> Platform {
    Platform::default()
        .with_profile(key.profile)
        .with_cost(key.cost)
        .with_memory_size(usize::try_from(key.memory_size).unwrap_or(usize::MAX))
}

/// How a module is made: what its key says, and its heat.
pub(crate) fn options(module: &Module) -> Options {
    let key = &module.key;
    Options::default()
        .with_heat(Heat::from_recorded(&module.heat))
        .with_target(Some(key.target.clone()))
        .with_cpu(if key.cpu.is_empty() {
            Cpu::Baseline
        } else {
            Cpu::Native
        })
        .with_verify(Verify::IN_DEBUG_BUILDS)
        .with_threads(lockstep::engine::processors())
}

/// The code region that a module with this key was made from.
///
/// # Errors
/// When there is none: the module is for other code, or from another translator.
pub(crate) fn find<'t, 'a>(
    path: &Path,
    key: &Key,
    regions: &'t [CodeRegion<'a>],
    options: &Options,
) -> Result<&'t CodeRegion<'a>, Failure> {
    let mut first = None;
    for region in regions {
        let expected = translator::key(region, options).map_err(|error| refused(&error))?;
        match expected.difference(key) {
            None => return Ok(region),
            // The nearest code region is the one at the same address.
            Some(mismatch) if first.is_none() || region.base == key.base => first = Some(mismatch),
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
            ..
        }) => format!(
            "{} is not a module for this ELF and these options: {field} is {found}, {expected} is \
             needed; make one with translate build",
            guest::shown(path)
        ),
        None => format!(
            "{} is not a module for this ELF, because the ELF has no executable segment; name the ELF that it was made from",
            guest::shown(path)
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

/// Refuses to make a module that the deny-list would refuse on this machine.
pub(crate) fn refuse_denied() -> Result<(), Failure> {
    let deny = Locations::from_environment().deny;
    let (translator, compiler) = (
        translator::translator_version(),
        translator::COMPILER_VERSION,
    );
    match denied_maker(translator, compiler, deny.as_deref()) {
        None => Ok(()),
        Some(reason) => {
            let message = format!(
                "nothing is translated: {reason}; use a release that the deny-list does not name, or change the list \
                 (translate cache path --deny prints where it is)"
            );
            Err(Failure::new(code::DEFECT, "Denied", message))
        }
    }
}

/// A translation that was refused as a whole.
pub(crate) fn refused(error: &TranslateError) -> Failure {
    match error {
        TranslateError::Target { .. } => Failure::new(
            code::USAGE,
            "Target",
            format!(
                "{error}; try another --target (a triple for x86_64 or aarch64), or --cpu baseline"
            ),
        ),
        TranslateError::CodeRegion { .. } => Failure::new(code::DATA, "CodeRegion", error),
        // A defect, or a reason that is newer than this.
        _ => Failure::defect(format!("{error}; please report it with the ELF")),
    }
}
