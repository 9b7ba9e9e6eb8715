//! ⚠ Where a module that was just compiled becomes one that may run.
//!
//! The only `unsafe` of this package, and its only use is at the end of [`translate`](crate::translate).
#![allow(unsafe_code)]

use lockstep_contract::module::TrustedModule;

use crate::assemble::Assembled;

/// The module of an assembler that is done.
pub(crate) fn made_here(assembled: Assembled) -> TrustedModule {
    // SAFETY: `Assembled` has no constructor but `Assembler::finish`, and no way to be changed: the
    // module in it is what this translator compiled, for the key that it computed itself.
    unsafe { TrustedModule::assume_trusted(assembled.into_module()) }
}
