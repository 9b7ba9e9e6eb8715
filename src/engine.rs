//! Which engine runs a piece of code, and where its native module comes from.
//!
//! An [`Engine`] is what the run loop asks when pages become executable (it is the runtime's
//! [`CodeSource`](lockstep_runtime::CodeSource)): from the registry of this process, else from the module cache, else by translating.
//! One translation a code region is in flight at a time. In a node it is in flight in the background: code
//! without a module is interpreted and counted, and past a threshold of cycles it is queued for threads
//! of low priority; nothing is compiled on a thread that verifies. Whatever goes wrong here means that
//! the interpreter runs the code: never an error, always a reason in the log.
//!
//! One engine, [`Engine::global`], serves all machines of a process that are not given another. It
//! takes its settings from the environment; no other engine does unless
//! [`EngineBuilder::from_env`] is called.
//!
//! The parts, each of which knows those before it and none behind it:
//!
//! | part | what it is |
//! |---|---|
//! | `queue` | bounded queues of jobs and their threads; knows nothing of engines |
//! | `heat_names` | which ids are about modules that differ in heat alone |
//! | `entry`, `registry`, `switches` | the code regions of the process, their modules, and what may run |
//! | `store` | these, the modules that wait for their code region, and the module cache |
//! | `budgets` | what an engine may spend on native code |
//! | `module_builder` | the translator, the helper process and the negative list, within the budgets |
//! | `provider` | store and builder joined: how a code region gets its module |
//! | `background`, `warm` | the threads that load and translate, and the warm list |
//! | `findings`, `shadow` | differences between native code and interpreter, and the search for them |
//! | `front` | the engine |
//! | `settings`, `environment` | its builder, and the one that has read the environment |
//!
//! This file has no code of its own, so that no part needs it.

mod background;
mod bucket;
mod budgets;
mod entry;
mod environment;
mod findings;
mod front;
mod heat_names;
#[cfg(unix)]
mod helper;
mod hints;
mod host;
mod hot_list;
pub mod meter;
mod mode;
mod module_builder;
mod negative;
mod outcome;
mod preloaded;
mod prepared;
mod provider;
mod queue;
mod registry;
mod settings;
mod shadow;
mod share;
mod store;
mod switches;
mod sync;
#[cfg(test)]
mod tests;
mod warm;
mod warm_list;

pub use background::Backlog;
pub use environment::{SETTINGS, Setting};
pub use findings::{BUNDLES_FOLDER, Found};
pub use front::Engine;
pub use hints::{code_regions, hints_in_memory, regions};
pub use host::{key_id, processors};
pub use meter::Stats;
pub use mode::{InvalidSetting, Mode, Translate, WhenDiverged};
pub use prepared::{Origin, Prepared, Unavailable};
pub use settings::EngineBuilder;
pub use share::{Confirm, Share};
pub use warm::Warming;

pub use crate::perf::Profiling;
