//! The faces of the machine: the command line with JSON, and the CKB type script.

pub mod json;
pub mod molecule;
pub mod run;
pub mod state;
pub mod text;
pub mod verify;
