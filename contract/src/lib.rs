//! What translated code and its host agree on: the state in memory, the ways out,
//! the module file and its key.
//!
//! No behaviour beyond reading and writing its own formats.

#![deny(unsafe_code)]

pub mod context;
pub mod exit;
pub mod helpers;
pub mod key;
pub mod module;
pub mod pages;
pub mod seal;
