//! An EVM that runs as a script of CKB: what both guests do, without system calls.
//!
//! The machine is `revm`, built without its parts in C. [`run`] executes code on accounts that are given whole;
//! [`verify`] decides whether a transaction leads from one state root to another, and is given only the parts of the
//! state that the transaction touches. The guests (`evm-run`, `evm-verify`) add an entry point, a heap and the system
//! calls. The same library builds for this machine, where tests compare it with others.

#![no_std]

extern crate alloc;

pub mod arguments;
pub mod json;
pub mod molecule;
pub mod run;
pub mod spec;
pub mod state;
pub mod trace;
pub mod trie;
pub mod verify;
pub mod witness;
pub mod workloads;
pub mod wrong;

pub use revm;
