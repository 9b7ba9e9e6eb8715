//! RISC-V as CKB-VM runs it: encodings, costs, fusion and meanings, each written once.
//!
//! The decoder, the interpreter, the translator, the disassembler and the tests all read the same
//! table ([`table`]) and the same meanings ([`semantics`]), so that they cannot disagree. This crate
//! knows nothing of guest memory, hosts, compilers, time or files.

#![forbid(unsafe_code)]

pub mod compressed;
pub mod cost;
pub mod decode;
mod display;
pub mod encode;
pub mod fuse;
mod index;
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
pub use semantics::{Amo, Cond, Extend, Narrow, Primitives, Size, Width, execute};
pub use table::{Effect, Op};

/// BLAKE3 of this package's sources, as 64 hexadecimal digits. The translator's name in a key depends on it.
pub const SOURCE_DIGEST: &str = env!("SOURCE_DIGEST");
