//! `translate build`: an ELF into native modules, in the cache or in a file.
//!
//! It always translates, also when the cache has the module: the answer tells what was translated
//! and what was not, which no module records.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::{Args, ValueEnum};
use lockstep::Program;
use lockstep_cache::{Cache, replace};
use lockstep_contract::module::{Module, Span, TrustedModule};
use lockstep_translator::{
    self as translator, CodeRegion, Cpu, Options, Report, TranslateError, Translation,
};
use serde::Serialize;

use super::args::{CacheOptions, GuestOptions};
use super::failure::Failure;
use super::progress::Progress;
use super::{Answer, cache, code, guest, named_module};

/// Lines of what is left to the interpreter that are printed for people.
const LEFT_LINES: usize = 20;

/// Translates an ELF into a native module
#[derive(Args)]
#[command(after_help = "Example:\n  translate build guests/elf/fib.elf -o fib.lkm --emit map")]
pub(crate) struct Build {
    /// The guest program
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
    /// CPU features to use: those that every CPU of the target has, or this machine's
    #[arg(long, value_name = "CPU", default_value = "baseline")]
    cpu: CpuName,
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

/// One module, for `--json`.
#[derive(Serialize)]
struct Built {
    key: String,
    path: Option<String>,
    base: String,
    guest_bytes: u64,
    target: String,
    cpu: String,
    units: usize,
    blocks: usize,
    instructions: usize,
    code_bytes: usize,
    /// Of what one module may weigh: above 1 the rest stays interpreted.
    budget: f64,
    module_bytes: usize,
    translate_seconds: f64,
    left: Vec<Left>,
    emitted: Vec<String>,
}

/// The share that a translation took of what one module may cost.
pub(super) fn budget(report: &Report) -> f64 {
    report.weight as f64 / translator::MODULE_WEIGHT_LIMIT as f64
}

/// A place that is left to the interpreter.
#[derive(Serialize)]
struct Left {
    pc: String,
    reason: String,
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
        let bytes = guest::read(&self.elf)?;
        let program = guest::load(&self.elf, &bytes, &platform)?;
        let regions = self.choose(&program)?;
        let mut modules = Vec::new();
        for region in &regions {
            modules.push(self.build(&program, region, &destination)?);
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
                    "--emit writes beside the module: with --no-cache, name a file with -o",
                ));
            }
            return Ok(Destination::None);
        }
        let folder = match &self.cache.cache {
            Some(folder) => folder.clone(),
            None => Cache::default_folder().map_err(|error| cache::failure(&error))?,
        };
        let opened = Cache::open(&folder).map_err(|error| cache::failure(&error))?;
        Ok(Destination::Cache(opened))
    }

    /// Refuses to write anything over the ELF.
    fn spare_input(&self, file: &Path) -> Result<(), Failure> {
        let emitted = self.emit.iter().map(|emit| emit.path(file));
        for output in emitted.chain([file.to_owned()]) {
            let same = match (output.canonicalize(), self.elf.canonicalize()) {
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
                "{} has no executable segment: there is nothing to translate",
                self.elf.display()
            );
            return Err(Failure::new(code::DATA, "NoCode", message));
        }
        if self.output.is_some() && regions.len() > 1 {
            let entry = program.image().entry;
            let chosen = regions
                .iter()
                .position(|region| guest::contains(region, entry));
            let chosen = regions.swap_remove(chosen.unwrap_or(0));
            eprintln!(
                "warning: {} has {} executable regions and FILE holds one: that at {:#x}, where the \
                 program starts; without -o all of them are translated into the cache",
                self.elf.display(),
                regions.len() + 1,
                chosen.base
            );
            regions = vec![chosen];
        }
        Ok(regions)
    }

    fn build(
        &self,
        program: &Program,
        region: &CodeRegion<'_>,
        destination: &Destination,
    ) -> Result<Built, Failure> {
        let options = Options {
            target: self.target.clone(),
            cpu: match self.cpu {
                CpuName::Baseline => Cpu::Baseline,
                CpuName::Native => Cpu::Native,
            },
            verify: cfg!(debug_assertions),
            emit: self.emit.contains(&Emit::Clif) || self.emit.contains(&Emit::Asm),
            threads: (self.threads).map_or_else(lockstep::engine::processors, usize::from),
            ..Options::default()
        };
        let started = Instant::now();
        let mut progress = Progress::new();
        let translation = translator::translate(
            region,
            &program.hints(region),
            &options,
            &mut |done, all| {
                progress.show(done, all);
            },
        )
        .map_err(|error| failure(&error))?;
        drop(progress);
        let seconds = started.elapsed().as_secs_f64();
        let bytes = translation.module.to_bytes();
        // What nobody could read is not written.
        translation.module.check().map_err(|error| {
            Failure::defect(format!(
                "the translator made {error}; please report it with the ELF"
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
            let content = content
                .ok_or_else(|| Failure::defect(format!("nothing for {}", path.display())))?;
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
                match cache.find(&module.key) {
                    // Already there: a file of the cache is never written again without need.
                    Ok(found) if found == *module => return Ok(Some(path)),
                    Err(miss) if miss.is_suspicious() => {
                        tracing::warn!("cache entry {}: {miss}; it is replaced", path.display());
                    }
                    _ => {}
                }
                cache
                    .store(module)
                    .map(Some)
                    .map_err(|error| self::cache::failure(&error))
            }
        }
    }
}

impl From<&Report> for Built {
    fn from(report: &Report) -> Built {
        let left = report.left.iter().map(|(pc, reason)| Left {
            pc: format!("{pc:#x}"),
            reason: reason.to_string(),
        });
        Built {
            units: report.units,
            blocks: report.blocks,
            instructions: report.instructions,
            code_bytes: report.code_bytes,
            budget: budget(report),
            left: left.collect(),
            key: String::new(),
            path: None,
            base: String::new(),
            guest_bytes: 0,
            target: String::new(),
            cpu: String::new(),
            module_bytes: 0,
            translate_seconds: 0.0,
            emitted: Vec::new(),
        }
    }
}

fn describe(module: &Built) -> String {
    let instructions = module.instructions.max(1);
    let mut text = format!(
        "Translated: {} bytes of code at {}: {} instructions, {} blocks, {} units\n\
         Native code: {} bytes ({:.1} an instruction) for {}{}\n\
         Budget: {:.1}% of what a module may cost to translate\n\
         Time: {:.3} s\n\
         Key: {}\n",
        module.guest_bytes,
        module.base,
        module.instructions,
        module.blocks,
        module.units,
        module.code_bytes,
        module.code_bytes as f64 / instructions as f64,
        module.target,
        if module.cpu.is_empty() {
            String::new()
        } else {
            format!(" with {}", module.cpu)
        },
        100.0 * module.budget,
        module.translate_seconds,
        module.key,
    );
    text += &format!("Left to the interpreter: {}\n", module.left.len());
    for left in module.left.iter().take(LEFT_LINES) {
        text += &format!("  {}: {}\n", left.pc, left.reason);
    }
    if module.left.len() > LEFT_LINES {
        text += &format!(
            "  and {} more; --json has all\n",
            module.left.len() - LEFT_LINES
        );
    }
    match &module.path {
        Some(path) => text += &format!("Written: {path} ({} bytes)\n", module.module_bytes),
        None => text += "Written: nothing (--no-cache without -o)\n",
    }
    for path in &module.emitted {
        text += &format!("Written: {path}\n");
    }
    text
}

/// The guest-to-native map: a line for each piece of native code, in its order.
fn map(module: &Module) -> String {
    let mut text = String::from("# native range, guest range, instructions, cycles\n");
    let ends = module.map.iter().skip(1).map(|span| span.start);
    let ends = ends.chain([module.code.len() as u32]);
    for (span, end) in module.map.iter().zip(ends) {
        text += &format!("{:#010x}..{end:#010x} ", span.start);
        let block = module
            .blocks
            .binary_search_by_key(&span.head, |block| block.head)
            .ok()
            .filter(|_| span.head != Span::NO_BLOCK)
            .map(|index| module.blocks[index]);
        match block {
            Some(block) => {
                let head = module.key.base + u64::from(block.head);
                let range = guest::range(head, u64::from(block.len));
                text += &format!("{range} {} {}\n", block.entries, block.cycles);
            }
            None => text += "-\n",
        }
    }
    text
}

/// A translation that was refused as a whole.
pub(crate) fn failure(error: &TranslateError) -> Failure {
    match error {
        TranslateError::Target { .. } => Failure::new(
            code::USAGE,
            "Target",
            format!(
                "{error}; try another --target (x86_64 and aarch64 triples are known) or --cpu baseline"
            ),
        ),
        TranslateError::CodeRegion { .. } => Failure::new(code::DATA, "CodeRegion", error),
        TranslateError::Compiler(_) | TranslateError::Stopped { .. } => {
            Failure::defect(format!("{error}; please report it with the ELF"))
        }
    }
}
