//! A Move machine: it reads compiled modules, verifies them, and executes their functions.
//!
//! * `format` and `reader`: the binary format, versions 5 to 7, as tables.
//! * `verify`: what must hold of a module before anything of it runs.
//! * `world`: modules that are linked with each other. `types`: their types while they run.
//! * `machine`: the operand stack, the call stack with its frames, their locals, gas, and global storage.
//! * `face`: the command line, JSON, and the CKB type script.
//!
//! It is no copy of a published machine. `docs/guests.md` says what of their verifiers is left out, and why.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod bcs;
pub mod build;
pub mod face;
pub mod format;
pub mod instruction;
pub mod machine;
pub mod reader;
pub mod types;
pub mod verify;
pub mod workloads;
pub mod world;
pub mod write;
pub mod wrong;

pub use face::run;
