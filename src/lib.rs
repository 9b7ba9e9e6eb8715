//! Lockstep translates CKB lock scripts, ahead of time, to native code that runs exactly as CKB-VM
//! does: the same results, the same cycles, the same failures.
//!
//! [`Program`] loads an ELF, [`Engine`] decides what runs natively and keeps native modules, and
//! [`Engine::run`] runs a program:
//!
//! ```
//! use lockstep::{Engine, Limits, Platform, Program};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let elf = std::fs::read("guests/elf/fib.elf")?;
//! let program = Program::load(&elf, &Platform::default())?.with_arguments(["10"]);
//! let engine = Engine::builder().no_cache().build();
//! let run = engine.run(&program, Limits::default())?;
//! println!("{:?} after {} cycles", run.outcome(), run.cycles());
//! assert_eq!(run.exit_code(), Some(0));
//! # Ok(())
//! # }
//! ```
//!
//! A CKB node uses `ckb`, the adapter (feature `ckb`), which the page [`node`] describes. Tools
//! find what they need in the other modules; each one's first sentence says what it is for.
//!
//! What this crate exports is what these modules list, by name. The packages behind it (`lockstep-isa`,
//! `lockstep-contract`, `lockstep-translator`, `lockstep-runtime`, `lockstep-cache`) export more, for
//! each other; a program that needs only one of them may depend on it directly.

#![deny(unsafe_code)]

pub mod bundle;
#[cfg(feature = "ckb")]
pub mod ckb;
#[cfg(feature = "symbols")]
#[doc(hidden)]
pub mod debug_info;
pub mod disasm;
pub mod engine;
mod execution;
#[doc(hidden)]
pub mod guest_functions;
#[doc(hidden)]
pub mod helper;
mod load;
mod perf;
mod program;
#[cfg(feature = "tx")]
pub mod transaction;

/// The page for node developers. Its code is compiled with the tests of the documentation.
#[cfg(any(doc, all(doctest, feature = "ckb")))]
#[doc = include_str!("../docs/node.md")]
pub mod node {}

/// The code in README is compiled with the tests of the documentation.
#[cfg(all(doctest, feature = "ckb"))]
#[doc = include_str!("../README.md")]
mod readme {}

/// The instruction set as CKB has it: versions, extensions, costs and registers.
pub mod isa {
    pub use lockstep_isa::{Cost, Extensions, Op, Profile, Reg, Size, Version, Xlen};
}

/// Modules: native code of one code region, with the key that says what it was made from and by what.
pub mod module {
    pub use lockstep_contract::key::{Key, KeyId, KeyIdError, Mismatch as KeyMismatch};
    pub use lockstep_contract::module::{
        Block, Entry, Kind as ModuleErrorKind, Module, ModuleError, Span, TrustedModule,
    };
    pub use lockstep_contract::seal::{Note, Record, Seal, SealError};
    pub use lockstep_runtime::{MapError, NativeModule};
}

/// The translator: from a code region to a module.
pub mod translator {
    pub use lockstep_translator::{
        CodeRegion, Cpu, Fault, Hints, Injection, Options, Reason, Report, TranslateError,
        Translation, key, translate,
    };
}

/// The folder of modules, and who is trusted to have made one.
pub mod cache {
    pub use lockstep_cache::{
        Authenticated, Authority, Budget, Cache, CacheError, Collected, Entry, Gone, InvalidBudget,
        KeyError, Locations, Miss, NamedModule, PublicKey, SigningKey, TrustError, Trusted,
        TrustedBy, clear, collect, examine, list, pin, unpin,
    };
}

/// Guests: their state, the machine with system calls around it, and what a host that drives them gives
/// and gets.
pub mod runtime {
    pub use lockstep_runtime::elf::ElfError;
    pub use lockstep_runtime::image::{Image, Segment};
    pub use lockstep_runtime::{
        CodeSource, Core, CostTable, DataSource, DebugPrint, Debugger, Defect, DirtyPages,
        Divergence, End, Environment, Event, Exits, Interval, Machine, Memory, Mismatch, Observer,
        OnFailure, Outcome, Pause, Repeat, Request, Runner, SetupError, ShadowPlan, SharedRegion,
        Snapshot, Snapshot2, Snapshot2Context, SourcePages, Step, Syscall, Trap,
    };
}

pub use engine::Engine;
pub use execution::{Execution, Limits};
pub use load::load;
pub use lockstep_runtime::{Machine, Outcome, SetupError, Trap};
pub use program::{LoadError, Platform, Program};

use lockstep_contract::module::ModuleError;
use lockstep_runtime::MapError;
use lockstep_translator::{Options, TranslateError, Translation};

/// Why an ELF was not translated, or a module not loaded.
///
/// ```
/// use lockstep::{Error, Platform, translate};
///
/// let error = translate(b"no ELF", &Platform::default(), &Default::default()).unwrap_err();
/// assert!(matches!(error, Error::Elf(_)));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The ELF is refused.
    #[error(transparent)]
    Elf(#[from] LoadError),
    /// Its code cannot be translated as a whole.
    #[error(transparent)]
    Translate(#[from] TranslateError),
    /// The bytes are no module.
    #[error(transparent)]
    Module(#[from] ModuleError),
    /// The module cannot run here.
    #[error(transparent)]
    Map(#[from] MapError),
}

/// Translates an ELF: a module for each of its pieces of code, by address. Single blocks that cannot
/// be translated are named in the reports and left to the interpreter.
///
/// # Errors
/// When the ELF is refused, or the target is not supported.
///
/// ```
/// use lockstep::{Platform, load, translate};
///
/// let elf = include_bytes!("../guests/elf/fib.elf");
/// let translations = translate(elf, &Platform::default(), &Default::default())?;
/// let file: Vec<u8> = translations[0].module.to_bytes();
/// // SAFETY: the translator made these bytes just now, and nobody changed them.
/// let native = unsafe { load(&file) }?;
/// assert_eq!(native.key(), &translations[0].module.key);
/// # Ok::<(), lockstep::Error>(())
/// ```
pub fn translate(
    elf: &[u8],
    platform: &Platform,
    options: &Options,
) -> Result<Vec<Translation>, Error> {
    let program = Program::load(elf, platform)?;
    let mut translations = Vec::new();
    for region in program.code_regions() {
        let hints = program.hints(&region);
        let translation = lockstep_translator::translate(&region, &hints, options, &mut |_, _| {})?;
        translations.push(translation);
    }
    Ok(translations)
}
