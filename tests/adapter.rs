//! The machine for nodes by itself: `NativeMachine` against the oracle's machines, driven as a node
//! drives them, through the oracle's traits alone.
//!
//! What the guest's instructions do is tested elsewhere, engine by engine; here it is the host's
//! side: loading, limits, pauses, system calls that change everything, snapshots, and memory as the
//! traits show it. A whole verification is in `ckb_script.rs`.

mod common;

#[path = "adapter/corners.rs"]
mod corners;
#[path = "adapter/driver.rs"]
mod driver;
#[path = "adapter/exec.rs"]
mod exec;
#[path = "adapter/host.rs"]
mod host;
#[path = "adapter/memory.rs"]
mod memory;
#[path = "adapter/own_machine.rs"]
mod own_machine;
#[path = "adapter/own_pauses.rs"]
mod own_pauses;
#[path = "adapter/own_snapshots.rs"]
mod own_snapshots;
#[path = "adapter/rules.rs"]
mod rules;
#[path = "adapter/runs.rs"]
mod runs;
#[path = "adapter/sizes.rs"]
mod sizes;
#[path = "adapter/snapshot_calls.rs"]
mod snapshot_calls;
#[path = "adapter/snapshots.rs"]
mod snapshots;
