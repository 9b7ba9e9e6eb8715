//! `translate verify`: makes a module again from its ELF and compares byte for byte.
//!
//! Everything that went into a module but the code is recorded in it: its key says for what it was
//! made, its hints say what steered the translation. So the same translator must give the same bytes.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lockstep::engine::{Confirm, Mode, Share, Translate};
use lockstep::{Engine, Platform};
use lockstep_cache::{Authority, Locations, Miss, seal_name};
use lockstep_contract::key::{Key, Mismatch};
use lockstep_contract::module::{Module, Span, TrustedModule};
use lockstep_contract::seal::{NOTES, Note, Record, Seal};
use lockstep_runtime::{DebugPrint, Machine, NativeModule};
use lockstep_translator::{self as translator, CodeRegion, Cpu, Hints, Options};
use serde::Serialize;

use super::args::number;
use super::failure::Failure;
use super::progress::Progress;
use super::{Answer, build, cache, code, compare, guest, named_module, run};

/// Translates again and compares with a module
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate verify fib.lkm guests/elf/fib.elf\n  \
                        translate verify --record --run fib.lkm guests/elf/fib.elf -- 20"
)]
pub(crate) struct Verify {
    /// The module
    module: PathBuf,
    /// The guest program that it was made from
    elf: PathBuf,
    /// Add what was found to the module's seal (FILE.seal), and seal it with the key of this machine
    #[arg(long)]
    record: bool,
    /// Also run the program with the module and in the interpreter, and compare the ends
    #[arg(long)]
    run: bool,
    /// With --run: stop when so many cycles are used up [default: unlimited]
    #[arg(long, value_name = "N", value_parser = number, requires = "run")]
    max_cycles: Option<u64>,
    /// With --run: the whole argv of the guest
    #[arg(last = true, requires = "run")]
    args: Vec<OsString>,
}

#[derive(Serialize)]
struct Object {
    result: &'static str,
    key: String,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Difference>,
    /// Cycles of the run that was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    cycles: Option<u64>,
    /// The lines that were added to the seal.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    recorded: Vec<String>,
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
            "at offset {} ({}) the module has {}, translating again gives {}",
            self.offset, self.place, self.found, self.expected
        )
    }
}

impl Verify {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let bytes = guest::read(&self.module)?;
        let named = named_module::open(&self.module, &bytes)?;
        let module = named.module();
        let elf = guest::read(&self.elf)?;
        let program = guest::load(&self.elf, &elf, &platform(&module.key))?;
        let regions = program.code_regions();
        let region = find(&self.module, &module.key, &regions, &options(&module.key))?;
        let key = module.key.id().to_string();
        let module = match make_again(module, &bytes, region)? {
            Ok(again) => again,
            Err(first) => {
                let text = format!("Different: {first}\n");
                let object = Object {
                    result: "diverged",
                    key,
                    bytes: bytes.len(),
                    difference: Some(first),
                    cycles: None,
                    recorded: Vec::new(),
                };
                return Answer::new(json, &object, || text, code::DIVERGED);
            }
        };
        let mut records = vec![Record::new("translator", 0, "the same bytes again")];
        let mut cycles = None;
        if self.run {
            let run = self.compare_run(&elf, &module)?;
            cycles = Some(run.cycles);
            records.push(run);
        }
        let recorded = match self.record {
            true => self.record(&module, &bytes, records)?,
            false => Vec::new(),
        };
        let text = || {
            let mut text = format!("Equal: {} bytes, key {key}\n", bytes.len());
            if let Some(cycles) = cycles {
                text += &format!("Equal: native code and interpreter, {cycles} cycles\n");
            }
            for line in &recorded {
                text += &format!("Recorded: {line}\n");
            }
            text
        };
        let object = Object {
            result: "equal",
            key: key.clone(),
            bytes: bytes.len(),
            difference: None,
            cycles,
            recorded: recorded.clone(),
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }

    /// Runs the program with the module, which was just proven, and without, and compares the ends.
    fn compare_run(&self, elf: &[u8], module: &TrustedModule) -> Result<Record, Failure> {
        let platform = platform(&module.key);
        let engine = |mode| {
            let builder = Engine::builder().no_cache().no_warm().mode(mode);
            let builder = builder.translate(Translate::Never).shadow(Share::NONE);
            builder.confirm(Confirm::Nothing).build()
        };
        let run = |engine: &Engine| {
            let mut program = guest::load(&self.elf, elf, &platform)?;
            run::push_arguments(program.core_mut(), &self.args)?;
            if engine.mode() == Mode::Native {
                let regions = program.code_regions();
                let region = find(&self.module, &module.key, &regions, &options(&module.key))?;
                let native = NativeModule::map(module.clone()).map_err(|error| {
                    let message = format!("{} cannot run here: {error}", self.module.display());
                    Failure::new(code::DATA, "ModuleForeign", message)
                })?;
                (engine.adopt(region, Arc::new(native))).map_err(Failure::defect)?;
            }
            let mut core = program.into_core();
            core.set_max_cycles(self.max_cycles.unwrap_or(u64::MAX));
            let mut machine = Machine::new(core).with(DebugPrint::new(|_| {}));
            let result = run::run(&mut machine, platform.cost, engine);
            Ok((machine, result))
        };
        let (native, native_end) = run(&engine(Mode::Native))?;
        let (interpreter, interpreter_end) = run(&engine(Mode::Interp))?;
        let ends = (native.core(), &native_end);
        compare::ends(ends, (interpreter.core(), &interpreter_end))?;
        let mut what = self
            .elf
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let digest = blake3::hash(elf).to_hex();
        what += &format!(" (BLAKE3 {})", &digest[..16]);
        for argument in &self.args {
            what += &format!(" {}", argument.to_string_lossy());
        }
        Ok(Record::new("native+interp", native.core().cycles(), &what))
    }

    /// Adds to the seal what was found, and seals it again.
    fn record(
        &self,
        module: &TrustedModule,
        bytes: &[u8],
        records: Vec<Record>,
    ) -> Result<Vec<String>, Failure> {
        let path = &self.module;
        let authority = Authority::obtain(&Locations::from_environment());
        let authority = authority.map_err(|error| cache::no_key(&error))?;
        if !authority.can_seal() {
            return Err(cache::no_key(&"there is no key of this machine"));
        }
        // What nobody vouches for is not taken along.
        let mut seal = match authority.load_named(path, bytes.to_vec()) {
            Ok(found) => named_module::authenticated_part(&found),
            Err(Miss::Unsealed) => Seal::new(&module.key, bytes),
            Err(Miss::Denied(reason)) => return Err(named_module::refused(path, &reason)),
            Err(why) => {
                tracing::warn!("the seal of {} is made anew: {why}", path.display());
                Seal::new(&module.key, bytes)
            }
        };
        let mut recorded = Vec::new();
        for record in records.into_iter().map(Note::Record) {
            // Once is enough.
            if !seal.notes.contains(&record) {
                recorded.push(record.to_string());
                seal.notes.push(record);
            }
        }
        if seal.notes.len() > NOTES {
            let message = format!(
                "the seal of {} has {NOTES} notes and is full",
                path.display()
            );
            return Err(Failure::new(code::DATA, "SealFull", message));
        }
        authority.seal(&mut seal, module);
        Authority::write(path, &seal, false)
            .map_err(|error| Failure::unwritable(seal_name(path).display(), &error))?;
        Ok(recorded)
    }
}

/// Makes a module again as it says that it was made, and compares with the bytes of its file: what was
/// made, if they are the same, else the first difference.
pub(crate) fn make_again(
    module: &Module,
    bytes: &[u8],
    region: &CodeRegion<'_>,
) -> Result<Result<TrustedModule, Difference>, Failure> {
    let hints = Hints::from_recorded(region, &module.hints);
    let mut progress = Progress::new();
    let again = translator::translate(region, &hints, &options(&module.key), &mut |done, all| {
        progress.show(done, all);
    })
    .map_err(|error| build::failure(&error))?;
    drop(progress);
    Ok(match difference(module, &again.module.to_bytes(), bytes) {
        None => Ok(again.module),
        Some(first) => Err(first),
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
        threads: lockstep::engine::processors(),
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
    regions: &'t [CodeRegion<'a>],
    options: &Options,
) -> Result<&'t CodeRegion<'a>, Failure> {
    let mut first = None;
    for region in regions {
        let expected = translator::key(region, options).map_err(|error| build::failure(&error))?;
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
