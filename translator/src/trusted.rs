//! ⚠ Where a module that was just compiled becomes one that may run.
//!
//! The only `unsafe` of this package.
#![allow(unsafe_code)]

use lockstep_contract::module::{Module, TrustedModule};

/// The module that an assembler finished: only [`Assembler::finish`](crate::assemble) calls this.
pub(crate) fn made_here(module: Module) -> TrustedModule {
    // SAFETY: the function is private to this package and called in one place, with the field
    // `module` of an `Assembler`, which is private too: code, table and entry function are what the
    // compiler gave for the key that the module was begun with, and nothing else writes to them.
    unsafe { TrustedModule::assume_trusted(module) }
}
