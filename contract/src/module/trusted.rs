//! ⚠ A module whose bytes may run: the only thing that the runtime maps.
//!
//! A module is native code, and whoever maps one gives it all rights of the process. So there is no
//! safe way from a [`Module`], which anybody can write down or read from bytes, to a
//! [`TrustedModule`]. Three places make one, each with the reason beside it: the translator, of what it
//! just compiled; the cache's authority, of a file that it authenticated as a whole; and the engine, of
//! the answer of a helper process that it started itself. The list is in ARCHITECTURE.md.
//!
//! What it is not: a proof that the code does what the guest does. That is what checking is for.
#![allow(unsafe_code)]

use core::ops::Deref;

use super::Module;

/// A module that was made by a translator of this project and not changed since.
///
/// It can be read like a [`Module`] and cannot be changed.
///
/// ```
/// use lockstep_contract::module::{Module, TrustedModule};
/// fn bytes(module: &TrustedModule) -> Vec<u8> {
///     module.to_bytes()
/// }
/// fn copy(module: TrustedModule) -> Module {
///     module.into_module()
/// }
/// ```
///
/// Its field is private:
///
/// ```compile_fail,E0423
/// use lockstep_contract::module::{Module, TrustedModule};
/// fn trust(module: Module) -> TrustedModule {
///     TrustedModule(module)
/// }
/// ```
///
/// The constructor is unsafe:
///
/// ```compile_fail,E0133
/// use lockstep_contract::module::{Module, TrustedModule};
/// fn trust(module: Module) -> TrustedModule {
///     TrustedModule::assume_trusted(module)
/// }
/// ```
///
/// No conversion makes one:
///
/// ```compile_fail,E0277
/// use lockstep_contract::module::{Module, TrustedModule};
/// fn trust(module: Module) -> TrustedModule {
///     module.into()
/// }
/// ```
///
/// And what it holds cannot be exchanged:
///
/// ```compile_fail,E0594
/// use lockstep_contract::module::TrustedModule;
/// fn exchange(module: &mut TrustedModule) {
///     module.code = vec![0xc3];
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedModule(Module);

impl TrustedModule {
    /// Takes a module as trusted, on the caller's word.
    ///
    /// # Safety
    /// The caller promises that a translator of this project made the module, with all of its fields as
    /// they are now. Then its code is for the target and the CPU features that its key names, keeps to
    /// the layout whose fingerprint its key holds, touches no memory outside the context and
    /// the guest memory of the key's size, and calls nothing but the helpers in the context.
    #[must_use]
    pub unsafe fn assume_trusted(module: Module) -> TrustedModule {
        TrustedModule(module)
    }

    /// The module, which may then be changed and is trusted no longer.
    #[must_use]
    pub fn into_module(self) -> Module {
        self.0
    }
}

impl Deref for TrustedModule {
    type Target = Module;

    fn deref(&self) -> &Module {
        &self.0
    }
}
