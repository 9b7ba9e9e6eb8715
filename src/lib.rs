//! Lockstep translates CKB lock scripts, ahead of time, to native code that runs exactly as CKB-VM
//! does: the same results, the same cycles, the same failures.
//!
//! This is the front door. [`Program`] loads an ELF, [`translate`] makes native modules of one and
//! [`load`] reads them back, [`Engine`] decides what runs natively and keeps modules, [`Machine`]
//! runs a guest to its end, `ckb` is the socket for nodes, and `transaction` runs the scripts of a
//! transaction in a file. What stands behind it is in packages
//! of their own, which are re-exported: [`isa`], [`contract`], [`translator`], [`runtime`].
//!
//! ```
//! use lockstep_runtime::{CostTable, Outcome};
//! use lockstep::{Engine, Machine, Platform, Program};
//!
//! let elf = include_bytes!("../guests/elf/fib.elf");
//! let platform = Platform::default();
//! let mut program = Program::load(elf, &platform)?;
//! program.core_mut().initialize_stack(&[b"10"])?;
//!
//! // Without a cache: what is translated lives as long as the engine.
//! let engine = Engine::builder().no_cache().build();
//! let mut machine = Machine::new(program.into_core());
//! let outcome = machine.run(&engine.environment(&CostTable::from(platform.cost)))?;
//!
//! assert_eq!(outcome, Outcome::Exit(0));
//! assert!(machine.core().cycles() > 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

pub mod bundle;
/// The page for node developers: its code is compiled with the documentation's tests.
#[cfg(all(doctest, feature = "ckb"))]
#[doc = include_str!("../docs/node.md")]
mod node_page {}

#[cfg(feature = "ckb")]
pub mod ckb;
pub mod disasm;
pub mod engine;
#[doc(hidden)]
pub mod helper;
mod load;
mod program;
#[cfg(feature = "tx")]
pub mod transaction;

pub use lockstep_cache as cache;
pub use lockstep_contract as contract;
pub use lockstep_isa as isa;
pub use lockstep_runtime as runtime;
pub use lockstep_translator as translator;

pub use engine::Engine;
pub use load::load;
pub use lockstep_runtime::Machine;
pub use program::{LoadError, Platform, Program};

use lockstep_contract::module::ModuleError;
use lockstep_runtime::MapError;
use lockstep_translator::{Options, TranslateError, Translation};

/// Why an ELF was not translated, or a module not loaded.
#[derive(Debug, thiserror::Error)]
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
