//! ⚠ Modules that a test changed, taken as trusted on the test's word: injected faults, and wrong code
//! under a right key, must be mapped and sealed to see what notices them.

use lockstep_contract::module::{Module, TrustedModule};

/// Takes a module as trusted. Its code must be the translator's for some guest with this memory.
#[allow(unsafe_code)]
pub fn trusted(module: Module) -> TrustedModule {
    // SAFETY: the tests that call this take the code from the translator and change the key's
    // content alone, so the code keeps to the layout and to memory of the key's size.
    unsafe { TrustedModule::assume_trusted(module) }
}
