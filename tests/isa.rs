//! The instruction set against the oracle: decoding, lengths, operands, costs, fusion, meanings.
//!
//! The oracle's decoder, its plain handlers and its assembly machine are asked for every case; nothing
//! here knows an encoding or a cost of its own. Engines are compared elsewhere.

mod isa {
    mod assembly;
    mod cases;
    mod common;
    mod fusion;
    mod machine;
    mod meaning;
    mod narrow;
    mod plain;
}

#[path = "common/random.rs"]
#[allow(dead_code)]
mod random;
