//! `translate build`: an ELF into native modules, in the cache or in a file.
//!
//! It always translates, also when the cache has the module: the answer tells what was translated
//! and what was not, which no module records.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use lockstep::Program;
use lockstep_cache::{Budget, Cache, Locations, replace};
use lockstep_contract::heat::Heat;
use lockstep_contract::module::TrustedModule;
use lockstep_translator::{CodeRegion, Cpu, Options, Output, Translation, Verify};
use serde::Serialize;

use super::answer::Answer;
use super::args::{CacheOptions, GuestOptions};
use super::failure::Failure;
use super::{code, guest, heat, named_module, stderr, translation};

mod report;

use report::{Built, describe, map};

/// Translates an ELF into a native module
#[derive(Args)]
#[command(after_help = "Example:\n  translate build guests/elf/fib.elf -o fib.lkm --emit map")]
pub(crate) struct Build {
    /// The guest program; - is standard input
    elf: PathBuf,
    #[command(flatten)]
    guest: GuestOptions,
    #[command(flatten)]
    cache: CacheOptions,
    /// Write the module here instead of the cache
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write these beside the module: the Cranelift IR, the native disassembly, the guest-to-native map
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    emit: Vec<Emit>,
    /// Target triple of the native code [default: this machine]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// CPU features to use: those that every CPU of the target has, or all of this machine's CPU. Runs take a
    /// native module from the cache before a baseline one, on CPUs with the same features only
    #[arg(long, value_name = "CPU", default_value = "baseline")]
    cpu: CpuName,
    /// Translate the code first that is hot by this file (translate heat makes one), where the budget of a module does not
    /// suffice for all. Such a module has a key of its own; in the cache it is looked for before the one without
    #[arg(long, value_name = "FILE")]
    heat: Option<PathBuf>,
    /// Threads that compile [default: the processors, at most 8]; the module does not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Emit {
    Clif,
    Asm,
    Map,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum CpuName {
    Baseline,
    Native,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    modules: Vec<Built>,
}

impl Build {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let platform = self.guest.platform();
        let destination = self.destination()?;
        let heat = self.heat.as_deref().map(heat::read).transpose()?;
        let heat = heat.unwrap_or_default();
        let bytes = guest::read_elf(&self.elf)?;
        let program = guest::load(&self.elf, &bytes, &platform)?;
        let regions = self.choose(&program)?;
        translation::refuse_denied()?;
        let mut modules = Vec::new();
        for region in &regions {
            modules.push(self.build(&program, region, &heat, &destination)?);
        }
        let mut lines = String::new();
        for module in &modules {
            lines += &describe(module);
        }
        let object = Object {
            result: "built",
            modules,
        };
        Answer::new(json, &object, || lines, code::SUCCESS)
    }

    /// Where modules go. The cache is opened before the work is done, so that a folder that cannot
    /// be used is told at once.
    fn destination(&self) -> Result<Destination, Failure> {
        if let Some(file) = &self.output {
            self.spare_input(file)?;
            return Ok(Destination::File(file.clone()));
        }
        if self.cache.no_cache {
            if !self.emit.is_empty() {
                return Err(Failure::usage(
                    "--emit writes files beside the module, and --no-cache writes no module; name one with -o FILE",
                ));
            }
            return Ok(Destination::None);
        }
        let folder = match &self.cache.cache {
            Some(folder) => folder.clone(),
            None => Cache::default_folder().map_err(|error| Failure::cache(&error))?,
        };
        let budget = Budget::try_from_environment().map_err(Failure::usage)?;
        let opened = Cache::open_with(&folder, &Locations::from_environment(), budget)
            .map_err(|error| Failure::cache(&error))?;
        Ok(Destination::Cache(opened))
    }

    /// Refuses to write anything over the ELF.
    fn spare_input(&self, file: &Path) -> Result<(), Failure> {
        let emitted = self.emit.iter().map(|emit| emit.path(file));
        for output in emitted.chain([file.to_owned()]) {
            let same = !guest::is_standard_input(&self.elf)
                && match (output.canonicalize(), self.elf.canonicalize()) {
                    (Ok(output), Ok(elf)) => output == elf,
                    // One of them is not there: nothing can be lost.
                    _ => false,
                };
            if same {
                return Err(Failure::usage(format!(
                    "{} is the ELF itself and would be overwritten; give -o another name",
                    output.display()
                )));
            }
        }
        Ok(())
    }

    /// The regions to translate: all, or for a single file the one that the program starts in.
    fn choose<'p>(&self, program: &'p Program) -> Result<Vec<CodeRegion<'p>>, Failure> {
        let mut regions = program.code_regions();
        if regions.is_empty() {
            let message = format!(
                "{} has no executable segment, so there is nothing to translate; link it with its code in a segment of its own",
                guest::shown(&self.elf)
            );
            return Err(Failure::new(code::DATA, "NoCode", message));
        }
        if self.output.is_some() && regions.len() > 1 {
            let entry = program.image().entry;
            let chosen = regions
                .iter()
                .position(|region| guest::contains(region, entry));
            let chosen = regions.swap_remove(chosen.unwrap_or(0));
            stderr::warn(format_args!(
                "{} has {} code regions, and a file holds the module of one: it gets that of the region at {:#x}, where \
                 the program starts; without -o all of them are translated into the cache",
                guest::shown(&self.elf),
                regions.len() + 1,
                chosen.base
            ));
            regions = vec![chosen];
        }
        Ok(regions)
    }

    fn build(
        &self,
        program: &Program,
        region: &CodeRegion<'_>,
        heat: &Heat,
        destination: &Destination,
    ) -> Result<Built, Failure> {
        let listings = self.emit.contains(&Emit::Clif) || self.emit.contains(&Emit::Asm);
        let options = Options::default()
            .with_target(self.target.clone())
            .with_cpu(match self.cpu {
                CpuName::Baseline => Cpu::Baseline,
                CpuName::Native => Cpu::Native,
            })
            .with_heat(heat.clone())
            .with_verify(Verify::IN_DEBUG_BUILDS)
            .with_output(match listings {
                true => Output::ModuleAndListings,
                false => Output::Module,
            })
            .with_threads((self.threads).map_or_else(lockstep::engine::processors, usize::from));
        let started = Instant::now();
        let translation = translation::translate(region, &program.hints(region), &options)?;
        let seconds = started.elapsed().as_secs_f64();
        let bytes = translation.module.to_bytes();
        // What nobody could read is not written.
        translation.module.check().map_err(|error| {
            Failure::defect(format!(
                "the translator made a module that cannot be read back: {error}; please report it with the ELF"
            ))
        })?;
        let path = destination.write(&translation.module, &bytes)?;
        let emitted = match &path {
            Some(path) => self.emit(path, &translation)?,
            None => Vec::new(),
        };
        let key = &translation.module.key;
        Ok(Built {
            key: key.id().to_string(),
            path: path.map(|path| path.display().to_string()),
            base: format!("{:#x}", key.base),
            guest_bytes: key.len,
            target: key.target.clone(),
            cpu: key.cpu.clone(),
            heat: translation.module.heat.len(),
            module_bytes: bytes.len(),
            translate_seconds: seconds,
            emitted,
            ..Built::from(&translation.report)
        })
    }

    /// Writes what `--emit` names beside the module.
    fn emit(&self, module: &Path, translation: &Translation) -> Result<Vec<String>, Failure> {
        let mut written = Vec::new();
        for (emit, content) in [
            (Emit::Clif, translation.clif.clone()),
            (Emit::Asm, translation.asm.clone()),
            (Emit::Map, Some(map(&translation.module))),
        ] {
            if !self.emit.contains(&emit) {
                continue;
            }
            let path = emit.path(module);
            let content = content.ok_or_else(|| {
                Failure::defect(format!(
                    "the translator gave nothing to write to {}; please report it with the ELF",
                    path.display()
                ))
            })?;
            replace(&path, content.as_bytes())
                .map_err(|error| Failure::unwritable(path.display(), &error))?;
            written.push(path.display().to_string());
        }
        Ok(written)
    }
}

impl Emit {
    /// The file beside a module that it is written to.
    fn path(self, module: &Path) -> PathBuf {
        let ending = match self {
            Emit::Clif => "clif",
            Emit::Asm => "asm",
            Emit::Map => "map",
        };
        let path = module.with_extension(ending);
        if path == module {
            return module.with_extension(format!("{ending}.{ending}"));
        }
        path
    }
}

/// Where modules go.
enum Destination {
    File(PathBuf),
    Cache(Cache),
    None,
}

impl Destination {
    fn write(&self, module: &TrustedModule, bytes: &[u8]) -> Result<Option<PathBuf>, Failure> {
        match self {
            Destination::None => Ok(None),
            Destination::File(path) => named_module::write(path, module, bytes).map(Some),
            Destination::Cache(cache) => {
                let path = cache.path(&module.key.id());
                let found = cache.find(&module.key);
                if found.as_ref().is_ok_and(|found| found == module) {
                    // Already there: a file of the cache is never written again without need.
                    return Ok(Some(path));
                }
                let stored = cache.store(module).map_err(|error| Failure::cache(&error));
                if let Err(miss) = &found
                    && miss.is_suspicious()
                {
                    let effect = match stored {
                        Ok(_) => "the entry was replaced",
                        Err(_) => "the entry could not be replaced",
                    };
                    tracing::warn!("{}: {miss}; {effect}", path.display());
                }
                stored.map(Some)
            }
        }
    }
}
