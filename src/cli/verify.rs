//! `translate verify`: makes a module again from its ELF and compares byte for byte.
//!
//! Everything that went into a module but the code is recorded in it: its key says for what it was
//! made, its hints say what steered the translation. So the same translator must give the same bytes.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use lockstep::Engine;
use lockstep::engine::{Confirm, Mode, Share, Translate};
use lockstep_cache::{Authority, FileAccess, Locations, Miss, seal_name};
use lockstep_contract::module::TrustedModule;
use lockstep_contract::seal::{NOTES, Note, Record, Seal};
use lockstep_runtime::{DebugPrint, Machine, NativeModule};
use lockstep_translator::Output;
use serde::Serialize;

use super::answer::Answer;
use super::args::number;
use super::failure::Failure;
use super::result_name::ResultName;
use super::translation::Difference;
use super::{code, compare, guest, guest_run, named_module, translation};

/// Translates again and compares with a module
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate verify fib.lkm guests/elf/fib.elf\n  \
                        translate verify --record --run fib.lkm guests/elf/fib.elf -- 20"
)]
pub(crate) struct Verify {
    /// The module; - is standard input
    module: PathBuf,
    /// The guest program that it was made from; - is standard input
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
    result: ResultName,
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

impl Verify {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let from_input = [&self.module, &self.elf].map(|path| guest::is_standard_input(path));
        match (from_input, self.record) {
            ([true, true], _) => {
                return Err(Failure::usage(
                    "- stands for standard input, which can be only one of the two files; name the other",
                ));
            }
            ([true, _], true) => {
                return Err(Failure::usage(
                    "--record writes a seal beside the module, so the module cannot be - (standard input); name its file",
                ));
            }
            _ => {}
        }
        let bytes = guest::read_input(&self.module)?;
        let named = named_module::open(&self.module, &bytes)?;
        let module = named.module();
        let elf = guest::read_elf(&self.elf)?;
        let program = guest::load(&self.elf, &elf, &translation::platform(&module.key))?;
        let regions = program.code_regions();
        let region = translation::find(
            &self.module,
            &module.key,
            &regions,
            &translation::options(module),
        )?;
        let key = module.key.id().to_string();
        let module = match translation::make_again(module, &bytes, region, Output::Module)? {
            Ok(again) => again.module,
            Err(first) => {
                let text = format!("Different: {first}\n");
                let object = Object {
                    result: ResultName::Diverged,
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
            result: ResultName::Equal,
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
        let platform = translation::platform(&module.key);
        let engine = |mode| {
            let builder = Engine::builder().no_cache().no_warm().mode(mode);
            let builder = builder.translate(Translate::Never).shadow(Share::NONE);
            builder.confirm(Confirm::Nothing).build()
        };
        let run = |engine: &Engine| {
            let mut program = guest::load(&self.elf, elf, &platform)?;
            guest_run::push_arguments(program.core_mut(), &self.args)?;
            if engine.mode() == Mode::Native {
                let regions = program.code_regions();
                let region = translation::find(
                    &self.module,
                    &module.key,
                    &regions,
                    &translation::options(module),
                )?;
                let native = NativeModule::map(module.clone()).map_err(|error| {
                    let message = format!("{} cannot run here: {error}", self.module.display());
                    Failure::new(code::DATA, "ModuleForeign", message)
                })?;
                (engine.adopt(region, Arc::new(native))).map_err(Failure::defect)?;
            }
            let mut core = program.into_core();
            core.set_max_cycles(self.max_cycles.unwrap_or(u64::MAX));
            let mut machine = Machine::new(core).with(DebugPrint::new(|_| {}));
            let result = guest_run::run(&mut machine, platform.cost, engine);
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
        let authority = authority.map_err(|error| Failure::no_key(&error))?;
        if !authority.can_seal() {
            return Err(Failure::no_key(
                &"there is no key of this machine, so nothing can be sealed; name a file for it with LOCKSTEP_KEY_FILE",
            ));
        }
        // Notes that nothing authenticates are left out.
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
                "the seal of {} has {NOTES} notes and has no room for another; translate build makes the module \
                 with a new seal",
                path.display()
            );
            return Err(Failure::new(code::DATA, "SealFull", message));
        }
        authority.seal(&mut seal, module);
        Authority::write(path, &seal, FileAccess::ByUmask)
            .map_err(|error| Failure::unwritable(seal_name(path).display(), &error))?;
        Ok(recorded)
    }
}
