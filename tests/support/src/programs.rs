//! Random programs: kinds of generators, ways onto a machine, the comparison of all engines, and what
//! makes a program that fails smaller.
//!
//! The tests `random_programs`, `chaos`, `suspension`, `xlen32` and `spike` use them, and the fuzz target
//! `programs` feeds them with the bytes of a fuzzer.

pub mod bytes;
pub mod campaign;
pub mod contest;
pub mod first_stores;
pub mod operands;
pub mod outlined;
pub mod patterns;
pub mod profiles;
pub mod shrink;
pub mod source;
pub mod start;
pub mod stops;
pub mod structured;
pub mod tally;
pub mod wild;
