//! The machine for nodes by itself: `NativeMachine` against CKB-VM's machines, driven as a node
//! drives them, through CKB-VM's traits alone.
//!
//! What the guest's instructions do is tested elsewhere, engine by engine; here it is the host's
//! side: loading, limits, pauses, system calls that change everything, snapshots, and memory as the
//! traits show it. A whole verification is in `ckb_script.rs`.

mod corners;
mod driver;
mod exec;
mod host;
mod memory;
mod own_machine;
mod own_pauses;
mod own_snapshots;
mod rules;
mod runs;
mod sizes;
mod snapshot_calls;
mod snapshots;
