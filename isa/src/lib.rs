//! RISC-V as CKB-VM runs it: encodings, costs, fusion and meanings, each written once.
//!
//! The decoder, the interpreter, the translator, the disassembler and the tests all read the same
//! table ([`table`]) and the same meanings ([`semantics`]). This crate knows nothing of memory,
//! hosts, compilers, time or files.

#![forbid(unsafe_code)]

pub mod compressed;
pub mod cost;
pub mod decode;
mod display;
pub mod encode;
pub mod fuse;
pub mod inst;
pub mod reg;
pub mod rules;
pub mod semantics;
pub mod table;

pub use cost::Cost;
pub use decode::{DecodeError, Fetch, decode};
pub use inst::Inst;
pub use reg::Reg;
pub use rules::{Extensions, Profile, Version, Xlen};
pub use semantics::{Amo, Cond, Extend, Machine, Narrow, Size, Width, execute};
pub use table::{Effect, Op};
