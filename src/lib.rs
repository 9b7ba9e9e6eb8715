//! Lockstep translates CKB lock scripts, ahead of time, to native code that runs exactly as CKB-VM
//! does: the same results, the same cycles, the same failures.
//!
//! This is the front door. [`Program`] loads an ELF, [`translate`] makes native modules of it,
//! [`Engine`] decides what runs natively and keeps modules, [`run`] runs a guest to its end, and
//! `ckb` is the socket for nodes. What stands behind it is in packages of their own, which are
//! re-exported: [`isa`], [`contract`], [`translator`], [`runtime`].

#![forbid(unsafe_code)]

pub mod engine;
mod program;

pub use lockstep_contract as contract;
pub use lockstep_isa as isa;
pub use lockstep_runtime as runtime;
pub use lockstep_translator as translator;

pub use engine::Engine;
pub use program::{LoadError, Platform, Program};
