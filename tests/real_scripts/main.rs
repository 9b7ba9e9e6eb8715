//! Real scripts: the check engine finds nothing in them, they end as on CKB-VM's assembly machine, and every trace
//! that they run is translated or listed as left.
//!
//! `cargo xtask prove real` runs the tests that are ignored otherwise: they have packages fetched from the
//! registries (`tests/support/src/real`), which a test of every day must not need.

mod alike;
mod discovered;
mod heads;
