//! What native code and its host agree on: the layout of the context, the reasons for exits, the format
//! of module files, and their keys and seals.
//!
//! The package reads and writes its own formats and does nothing else.

#![deny(unsafe_code)]

pub mod context;
pub mod exit;
pub mod helpers;
pub mod key;
pub mod module;
pub mod pages;
pub mod seal;
