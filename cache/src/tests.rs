//! A key for the tests of this package.

use lockstep_contract::key::{FORMAT, Key, digest};
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
        translator: String::new(),
        compiler: String::new(),
        target: format!("{}-test", std::env::consts::ARCH),
        cpu: String::new(),
    }
}
