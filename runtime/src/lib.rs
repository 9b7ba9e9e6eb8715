//! Runs guests: their memory, the trace interpreter, and the loop that moves between native code and interpreter.
//!
//! [`Core`] is the state of one guest. [`Runner`] owns one and runs it until its host has something to do. Native
//! code comes from a [`CodeSource`]; where there is none, the interpreter does the same, slower. Both work on one
//! register file, one memory and one cycle counter, so nothing is converted between them. [`Machine`] adds system
//! calls and runs a guest to its end.
//!
//! No module of this crate uses a module that uses it. From the bottom up: `memory`, `traces`, `state`; what the
//! host answers (`code_source`, `observer`, `environment`); `attach`, `interp`, `run`; then the two ways of
//! comparing native code with the interpreter, `lockstep` and `shadow`; then `runner` and `syscall`.
//!
//! This crate never links a compiler.

#![deny(unsafe_code)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("guest addresses are used as host sizes: the host must be a 64-bit machine");

mod attach;
mod code_source;
mod compare;
mod cost_table;
mod cpu;
pub mod elf;
mod enter;
mod environment;
mod exits;
mod fault;
mod guest_ptr;
mod helpers;
pub mod image;
mod interp;
mod lockstep;
mod mapping;
mod memory;
mod observer;
mod pause;
mod run;
mod runner;
mod shadow;
mod shared_region;
mod snapshot;
mod snapshot2;
pub mod stack;
mod state;
mod syscall;
mod tally;
#[cfg(test)]
mod testing;
mod traces;
mod trap;
/// The interpreter's arithmetic, for tests of it against compiled code.
#[doc(hidden)]
pub mod value;

pub use code_source::{CodeSource, Request};
pub use cost_table::CostTable;
pub use environment::Environment;
pub use exits::Exits;
pub use fault::{Access, AccessKind, Fault};
pub use guest_ptr::{FlattenedArgs, c_string};
pub use interp::{Stepped, Steps};
pub use mapping::{MapError, Marker, NativeModule, try_sealed_memory};
pub use memory::{Memory, SetupError, host_written_bytes, remember_data, retire_spare_mappings};
pub use observer::{
    Divergence, End, Interval, Mismatch, Observer, OnFailure, Repeat, ShadowPlan, Step,
};
pub use pause::Pause;
pub use run::Event;
pub use runner::Runner;
pub use shared_region::SharedRegion;
pub use snapshot::Snapshot;
pub use snapshot2::{DataSource, DirtyPages, Snapshot2, Snapshot2Context, SourcePages};
pub use state::Core;
pub use syscall::{DebugPrint, Debugger, Machine, Outcome, Syscall};
pub use tally::{NativeStay, Recorder, Tally};
pub use trap::{Defect, Trap};
