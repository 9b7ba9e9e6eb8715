//! What native code and its host agree on: the layout of the context, the reasons for exits, the format
//! of module files, and their keys and seals.
//!
//! The package reads and writes its own formats and does nothing else.

#![deny(unsafe_code)]

pub mod context;
pub mod counting;
pub mod exit;
pub mod heat;
pub mod helpers;
pub mod identity;
pub mod key;
pub mod layout;
pub mod module;
pub mod pages;
pub mod seal;

/// BLAKE3 of this package's sources, as 64 hexadecimal digits. The translator's name in a key depends on it.
pub const SOURCE_DIGEST: &str = env!("SOURCE_DIGEST");
