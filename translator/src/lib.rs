//! The translator: from guest code to a native module, with Cranelift.
//!
//! A translation *discovers* the blocks of a code region, *partitions* them into units, *lifts* each unit to
//! Cranelift's intermediate form, lets Cranelift *compile* it to native code, and *assembles* the results to
//! one module. The abstract interpreter, which several of these steps use, describes straight-line code.
//!
//! The translator runs no guest code and touches no file. The same input and options give the same bytes.
//! Code that it cannot translate is left to the interpreter and reported; that is not an error.

#![deny(unsafe_code)]

mod abstract_interpreter;
mod assemble;
mod block;
mod choice;
mod code_region;
mod codegen;
mod counting;
mod discover;
mod error;
mod fold;
mod guest_block;
mod hints;
mod injection;
// Public for the tests of the primitives alone.
#[doc(hidden)]
pub mod lift;
mod link;
mod location;
mod memory_checks;
mod native_place;
mod options;
mod parallel;
mod report;
mod sweep;
mod trusted;
mod units;
mod version;

use core::ops::ControlFlow;

use lockstep_contract::key::{self, Key};
use lockstep_contract::layout;
use lockstep_contract::module::TrustedModule;

pub use block::Reason;
pub use code_region::CodeRegion;
pub use counting::Counting;
pub use discover::MODULE_WEIGHT_LIMIT;
pub use error::TranslateError;
pub use guest_block::{End, GuestBlock, guest_block, guest_blocks};
pub use hints::Hints;
#[doc(hidden)]
pub use injection::{Fault, Injection};
pub use native_place::NativePlace;
pub use options::{Cpu, Entries, Options, Output, Verify};
pub use report::Report;
pub use units::COPIES_WEIGHT_LIMIT;
pub use version::{COMPILER_VERSION, SOURCE_DIGEST, source_digest, translator_version};

use assemble::Assembler;
use codegen::Compiler;

/// The result of a translation.
///
/// Whoever replaces the translator of an engine can change the options of a translation and its report, but
/// cannot put other bytes into the module:
///
/// ```compile_fail,E0308
/// use lockstep_contract::module::Module;
/// use lockstep_translator::Translation;
/// fn smuggle(mut made: Translation, bytes: Module) -> Translation {
///     made.module = bytes;
///     made
/// }
/// ```
///
/// ```
/// use lockstep_translator::{Hints, Options, Output, translate};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let options = Options::default().with_output(Output::ModuleAndListings);
/// let hints = Hints::new(&region, region.base);
/// let made = translate(&region, &hints, &options, &mut |_, _| {}).unwrap();
/// assert_eq!(made.module.key.base, region.base);
/// assert!(made.clif.is_some() && made.asm.is_some());
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Translation {
    /// The module. Nobody else can make one that may run, and nobody can change this one.
    pub module: TrustedModule,
    /// What the translation did.
    pub report: Report,
    /// Cranelift's intermediate form, if it was asked for.
    pub clif: Option<String>,
    /// The native assembly, if it was asked for.
    pub asm: Option<String>,
    /// Which native code belongs to which instruction, by offset, if it was asked for.
    pub places: Option<Vec<NativePlace>>,
}

/// The key of the module that [`translate`] would make.
///
/// ```
/// use lockstep_isa::{Cost, Profile, Version};
/// use lockstep_translator::{CodeRegion, Options, key, translator_version};
/// let region = CodeRegion {
///     profile: Profile::of(Version::V2),
///     cost: Cost::Estimate,
///     memory_size: 4 << 20,
///     base: 0x10000,
///     bytes: &[0; 4096],
/// };
/// let key = key(&region, &Options::default()).unwrap();
/// assert_eq!(key.translator, translator_version());
/// ```
///
/// # Errors
/// As [`translate`], but for the compiler's.
pub fn key(region: &CodeRegion<'_>, options: &Options) -> Result<Key, TranslateError> {
    region.check()?;
    let (target, cpu) = codegen::target_name(options)?;
    Ok(Key {
        format: key::FORMAT,
        profile: region.profile,
        cost: region.cost,
        memory_size: region.memory_size,
        base: region.base,
        len: region.bytes.len() as u64,
        digest: key::digest(region.bytes),
        layout: layout::fingerprint(),
        heat: options.heat_of(region).digest(),
        translator: options.translator(),
        compiler: COMPILER_VERSION.into(),
        target,
        cpu,
    })
}

/// Translates a code region into a module.
///
/// `progress` is called with the number of units that are done and the number of all units.
///
/// # Errors
/// When the input is no code region, the target is not supported, or the compiler fails.
pub fn translate(
    region: &CodeRegion<'_>,
    hints: &Hints,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Translation, TranslateError> {
    translate_while(region, hints, options, &mut |done, all| {
        progress(done, all);
        ControlFlow::Continue(())
    })
}

/// Translates a code region into a module, for as long as the caller wants.
///
/// `progress` is told how many of how many units are done, before the first one and after each, and
/// decides whether the translation goes on. A unit that is being compiled is not interrupted.
///
/// # Errors
/// Those of [`translate`], and [`TranslateError::Stopped`] when `progress` breaks.
pub fn translate_while(
    region: &CodeRegion<'_>,
    hints: &Hints,
    options: &Options,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Translation, TranslateError> {
    let key = key(region, options)?;
    let heat = options.heat_of(region);
    let mut program = discover::discover(region, hints, &heat, options.module_weight());
    if !heat.is_empty() {
        choice::choose(&mut program, &heat, options.module_weight());
    }
    if let Some(injection) = options.inject {
        program.inject(injection);
    }
    let (units, copies_weight) = units::partition(&program, region.profile.xlen, options);
    let mut report = Report {
        left: program.left.iter().map(|(&pc, &why)| (pc, why)).collect(),
        weight: program.weight,
        copies_weight,
        ..Report::default()
    };
    let mut compiler = Compiler::new(options)?;
    let mut assembler = Assembler::new(
        key,
        hints.recorded(),
        heat.recorded(),
        region,
        &mut compiler,
    )?;
    let mut number = 0;
    let mut go_on = |done: usize| match progress(done, units.len()) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(TranslateError::Stopped {
            done,
            all: units.len(),
        }),
    };
    go_on(number)?;
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
            }
            Err(reason) => leave(&mut report, unit, reason),
        }
        number += 1;
        go_on(number)?;
        Ok(fits)
    })?;
    for unit in &units[number..] {
        leave(&mut report, unit, Reason::Budget);
    }
    let (module, texts) = assembler.finish(&mut report)?;
    let listings = options.output == Output::ModuleAndListings;
    Ok(Translation {
        module,
        report,
        clif: listings.then_some(texts.clif),
        asm: listings.then_some(texts.asm),
        places: options.output.has_places().then_some(texts.places),
    })
}

/// Records that a unit is left to the interpreter.
fn leave(report: &mut Report, unit: &units::Unit<'_>, reason: Reason) {
    if unit.is_landing {
        // Its blocks are in another unit.
        return;
    }
    let heads = unit.heads.keys();
    report.left.extend(heads.map(|&head| (head, reason)));
}
