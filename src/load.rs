//! ⚠ Native code from bytes, on the caller's word.
//!
//! For programs that keep module files in a place of their own and know who wrote them. Everything
//! else goes through the module cache, which authenticates.
#![allow(unsafe_code)]

use lockstep_contract::module::{Module, TrustedModule};
use lockstep_runtime::NativeModule;

use crate::Error;

/// Reads a module and maps its code, ready to run.
///
/// # Safety
/// A module is code that will run with all rights of this process, and the digest in it detects damage,
/// no more. The caller promises that a translator of this project made these bytes and that nobody
/// changed them since; [`TrustedModule::assume_trusted`] says in full what follows from that.
/// [`Authority`](crate::cache::Authority) is the safe way: it asks the keys of this machine.
///
/// # Errors
/// When the bytes are not those of a whole module, or it is for another processor.
///
/// Safe code cannot call it:
///
/// ```compile_fail,E0133
/// let module = lockstep::load(b"LOCKSTEP");
/// ```
pub unsafe fn load(bytes: &[u8]) -> Result<NativeModule, Error> {
    let module = Module::read(bytes)?;
    // SAFETY: the caller promises it.
    let module = unsafe { TrustedModule::assume_trusted(module) };
    Ok(NativeModule::map(module)?)
}
