//! A key and a module for the tests of this package.

use lockstep_contract::key::{FORMAT, Key, digest};
use lockstep_contract::module::{Module, TrustedModule};
use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

/// The key of one page of code.
pub(crate) fn key() -> Key {
    Key {
        format: FORMAT,
        profile: Profile {
            version: Version::V2,
            extensions: Extensions {
                b: true,
                mop: true,
                a: true,
            },
            xlen: Xlen::X64,
        },
        cost: Cost::Constant,
        memory_size: 0x8000,
        base: 0x1000,
        len: 0x1000,
        digest: digest(&[]),
        layout: lockstep_contract::layout::fingerprint(),
        heat: None,
        translator: String::new(),
        compiler: String::new(),
        target: format!("{}-test", std::env::consts::ARCH),
        cpu: String::new(),
    }
}

/// A module without code, under a key.
pub(crate) fn module(key: Key) -> TrustedModule {
    let module = Module {
        key,
        hints: Vec::new(),
        heat: Vec::new(),
        enter: 0,
        table: Vec::new(),
        code: Vec::new(),
        blocks: Vec::new(),
        map: Vec::new(),
    };
    // SAFETY: it is stored and counted by tests, and never mapped: there is nothing to map.
    #[allow(unsafe_code)]
    unsafe {
        TrustedModule::assume_trusted(module)
    }
}
