//! Runs guests: their memory, the trace interpreter, and the loop that moves between native code and
//! interpreter.
//!
//! [`Core`] is one guest; [`Core::advance`] runs it until its host has something to do. Native code
//! comes from a [`Library`]; where there is none, the interpreter does the same, slower: both work on
//! one register file, one memory and one cycle counter, so nothing is converted between them.
//! [`Machine`] adds system calls and runs a guest to its end.
//!
//! This crate never links a compiler.

#![deny(unsafe_code)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("guest addresses are used as host sizes: the host must be a 64-bit machine");

mod attach;
mod check;
pub mod elf;
mod enter;
mod environment;
mod exits;
mod guest_ptr;
mod helpers;
pub mod image;
mod interp;
mod known;
mod mapping;
mod memory;
mod pause;
mod run;
mod snapshot;
mod snapshot2;
pub mod stack;
mod state;
mod syscall;
mod trap;
mod watch;

/// The interpreter's arithmetic, for tests of it against compiled code.
#[doc(hidden)]
pub use interp::value;

pub use check::{Divergence, End, Step};
pub use environment::{CostTable, Environment, Library, Request};
pub use exits::Exits;
pub use guest_ptr::{FlattenedArgs, c_string};
pub use known::SharedRegion;
pub use mapping::{MapError, NativeModule};
pub use memory::{Memory, SetupError, retire_spare_mappings};
pub use pause::Pause;
pub use run::Event;
pub use snapshot::Snapshot;
pub use snapshot2::{DataSource, DirtyPages, Snapshot2, Snapshot2Context, SourcePages};
pub use state::Core;
pub use syscall::{DebugPrint, Debugger, Machine, Outcome, Syscall};
pub use trap::{Defect, Trap};
pub use watch::{Interval, Mismatch, Repeat, Watch};
