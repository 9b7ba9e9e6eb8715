//! The instruction set against CKB-VM: decoding, lengths, operands, costs, fusion, meanings.
//!
//! CKB-VM's decoder, its plain handlers and its assembly machine are asked for every case; nothing
//! here knows an encoding or a cost of its own. Engines are compared elsewhere.

mod assembly;
mod cases;
mod common;
mod fusion;
mod machine;
mod meaning;
mod narrow;
mod plain;
