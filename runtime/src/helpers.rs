//! Host functions that native code calls, in the order of the contract's table.
//!
//! They are functions of two numbers. No pointer goes in or comes out, so nothing here needs `unsafe`.

use lockstep_contract::helpers::{HELPER_COUNT, Helper};

use crate::value;

/// The table, as it stands in a context.
pub(crate) fn addresses() -> [u64; HELPER_COUNT] {
    Helper::ALL.map(|helper| function(helper) as usize as u64)
}

fn function(helper: Helper) -> extern "C" fn(u64, u64) -> u64 {
    match helper {
        Helper::Clmul => clmul,
        Helper::Clmulh => clmulh,
        Helper::Clmulr => clmulr,
    }
}

extern "C" fn clmul(a: u64, b: u64) -> u64 {
    value::clmul(a, b)
}

extern "C" fn clmulh(a: u64, b: u64) -> u64 {
    value::clmulh(a, b)
}

extern "C" fn clmulr(a: u64, b: u64) -> u64 {
    value::clmulr(a, b)
}
