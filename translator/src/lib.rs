//! Guest code to native modules, with Cranelift.
//!
//! The pipeline: a code region and hints → blocks formed as the assembly machine forms traces → units, one
//! compiled function each → code bytes → one module. Pure: no guest code is run, no file is touched,
//! the same input and options give the same bytes. What cannot be translated is left to the
//! interpreter and reported; it is never an error.

#![deny(unsafe_code)]

mod abstract_interpreter;
mod assemble;
mod block;
mod code_region;
mod codegen;
mod discover;
mod fold;
mod hints;
mod injection;
pub mod lift;
mod link;
mod memory_checks;
mod parallel;
mod sweep;
mod trusted;
mod units;

use lockstep_contract::key::{self, Key};
use lockstep_contract::module::TrustedModule;

pub use block::Reason;
pub use code_region::CodeRegion;
pub use discover::MODULE_WEIGHT_LIMIT;
pub use hints::Hints;
#[doc(hidden)]
pub use injection::{Fault, Injection};

use assemble::Assembler;
use codegen::Compiler;

/// Which CPU the code is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cpu {
    /// Every CPU of the architecture.
    #[default]
    Baseline,
    /// This machine's.
    Native,
}

/// How to translate.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Target triple; the host's where there is none.
    pub target: Option<String>,
    /// Which CPU's instructions may be used.
    pub cpu: Cpu,
    /// Lets the compiler verify its intermediate form: slower, for tests and fuzzing.
    pub verify: bool,
    /// Keeps the intermediate form and the assembly.
    pub emit: bool,
    /// Threads that compile, the caller's for 0 and 1. The bytes do not depend on it.
    pub threads: usize,
    /// Native code can be entered, and looks at its budget, at every block: given what a block costs,
    /// it leaves after that block. Slower, for comparing block by block; such modules have keys of
    /// their own.
    pub every_block: bool,
    /// A fault on purpose, for tests; such modules have keys of their own.
    #[doc(hidden)]
    pub inject: Option<Injection>,
}

impl Options {
    /// The translator as a key names it: its version, and what else makes its code another.
    #[must_use]
    pub fn translator(&self) -> String {
        let mut name = String::from(key::TRANSLATOR_VERSION);
        if self.every_block {
            name.push_str(" every-block");
        }
        if let Some(injection) = self.inject {
            name.push_str(&format!(" {injection}"));
        }
        name
    }
}

/// Why nothing was translated.
#[derive(Debug, thiserror::Error)]
pub enum TranslateError {
    /// Not a code region: pages of code inside memory.
    #[error(
        "no region: {len:#x} bytes at {base:#x} in a memory of {memory_size:#x} bytes \
         (whole pages inside a memory of at most 4 MiB are needed)"
    )]
    CodeRegion {
        /// Address.
        base: u64,
        /// Bytes.
        len: u64,
        /// Bytes of guest memory.
        memory_size: u64,
    },
    /// The target is not supported.
    #[error("cannot translate for {target}: {reason}")]
    Target {
        /// The triple.
        target: String,
        /// Why not.
        reason: String,
    },
    /// A defect, here or in the compiler.
    #[error("the compiler failed: {0}")]
    Compiler(String),
}

/// What a translation gives.
///
/// Who replaces the translator of an engine can change how one is asked for, and what is said of it,
/// but not put other bytes in:
///
/// ```compile_fail,E0308
/// use lockstep_contract::module::Module;
/// use lockstep_translator::Translation;
/// fn smuggle(made: Translation, bytes: Module) -> Translation {
///     Translation { module: bytes, ..made }
/// }
/// ```
#[derive(Debug)]
pub struct Translation {
    /// The module. Nobody else can make one that may run, and nobody can change this one.
    pub module: TrustedModule,
    /// What was done.
    pub report: Report,
    /// Cranelift's intermediate form, where it was asked for.
    pub clif: Option<String>,
    /// The native assembly, where it was asked for.
    pub asm: Option<String>,
}

/// What was translated, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Compiled functions.
    pub units: usize,
    /// Blocks.
    pub blocks: usize,
    /// Guest instructions translated, those in several blocks counted several times, fused ones once.
    pub instructions: usize,
    /// Bytes of native code.
    pub code_bytes: usize,
    /// What the blocks weigh, of [`MODULE_WEIGHT_LIMIT`] that one module may: what translation costs, in instructions,
    /// blocks, accesses and edges, whatever the machine.
    pub weight: usize,
    /// Heads of code that is left to the interpreter, and why.
    pub left: Vec<(u64, Reason)>,
    /// What the compiler said where it gave up: defects, worth a report.
    pub failures: Vec<String>,
}

/// The key of the module that [`translate`] would make.
///
/// # Errors
/// As [`translate`], but for the compiler's.
pub fn key(region: &CodeRegion<'_>, options: &Options) -> Result<Key, TranslateError> {
    region.check()?;
    let (isa, cpu) = codegen::target(options)?;
    Ok(Key {
        format: key::FORMAT,
        profile: region.profile,
        cost: region.cost,
        memory_size: region.memory_size,
        base: region.base,
        len: region.bytes.len() as u64,
        digest: key::digest(region.bytes),
        translator: options.translator(),
        compiler: cranelift_codegen::VERSION.into(),
        target: isa.triple().to_string(),
        cpu,
    })
}

/// Translates a code region into a module.
///
/// `progress` is told how many of how many units are done.
///
/// # Errors
/// When the input is no code region, the target is not supported, or the compiler fails.
pub fn translate(
    region: &CodeRegion<'_>,
    hints: &Hints,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Translation, TranslateError> {
    let key = key(region, options)?;
    let mut program = discover::discover(region, hints);
    if let Some(injection) = options.inject {
        program.inject(injection);
    }
    let units = units::partition(&program, region.profile.xlen, options);
    let mut report = Report {
        left: program.left.iter().map(|(&pc, &why)| (pc, why)).collect(),
        weight: program.weight,
        ..Report::default()
    };
    let mut compiler = Compiler::new(options)?;
    let mut assembler = Assembler::new(key, hints.recorded(), region, &mut compiler)?;
    let mut number = 0;
    progress(number, units.len());
    parallel::compile(region, &units, options, compiler, &mut |unit, compiled| {
        let fits = !assembler.full();
        let compiled = match fits {
            true => compiled.map_err(|error| {
                report.failures.push(error.to_string());
                Reason::Compiler
            }),
            false => Err(Reason::Budget),
        };
        match compiled {
            Ok(compiled) => {
                assembler.add(region, unit, compiled)?;
                report.units += 1;
                report.instructions += unit.instructions();
            }
            Err(reason) => leave(&mut report, unit, reason),
        }
        number += 1;
        progress(number, units.len());
        Ok(fits)
    })?;
    for unit in &units[number..] {
        leave(&mut report, unit, Reason::Budget);
    }
    let (module, clif, asm) = assembler.finish(&mut report)?;
    Ok(Translation {
        module,
        report,
        clif: options.emit.then_some(clif),
        asm: options.emit.then_some(asm),
    })
}

/// Notes that a unit is left to the interpreter.
fn leave(report: &mut Report, unit: &units::Unit<'_>, reason: Reason) {
    let heads = unit.heads.keys();
    report.left.extend(heads.map(|&head| (head, reason)));
}
