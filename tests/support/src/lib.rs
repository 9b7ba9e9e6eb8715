//! What tests, benches and fuzz targets share: the engines behind one door, the comparison of their
//! states, a small assembler, generators of random programs, and transactions.
//!
//! What only one test uses is with that test. Nothing of this is published, and nothing that is
//! published depends on it. The feature `machines` brings the translator and CKB-VM, the feature
//! `transactions` brings ckb-script; without them there are
//! [`callgrind`], [`elf`], [`failures`] and [`record`], which need nothing.

pub mod callgrind;
pub mod elf;
pub mod failures;
pub mod record;

#[cfg(feature = "machines")]
pub mod adversarial;
#[cfg(feature = "machines")]
pub mod agreement;
#[cfg(feature = "machines")]
pub mod asm;
#[cfg(feature = "machines")]
pub mod asm_compressed;
#[cfg(feature = "machines")]
pub mod asm_encode;
#[cfg(feature = "machines")]
pub mod asm_operand;
#[cfg(feature = "machines")]
pub mod case;
#[cfg(feature = "machines")]
pub mod clock;
#[cfg(feature = "machines")]
pub mod comparison;
#[cfg(feature = "machines")]
pub mod driver;
#[cfg(feature = "machines")]
pub mod guests;
#[cfg(feature = "machines")]
pub mod hidden;
#[cfg(feature = "machines")]
pub mod locate;
#[cfg(feature = "machines")]
pub mod ours;
#[cfg(feature = "machines")]
pub mod outcome;
#[cfg(feature = "machines")]
pub mod program;
#[cfg(feature = "machines")]
pub mod programs;
#[cfg(feature = "machines")]
pub mod random;
#[cfg(feature = "machines")]
pub mod real;
#[cfg(feature = "machines")]
pub mod recorder;
#[cfg(feature = "machines")]
pub mod reference;
#[cfg(feature = "machines")]
pub mod snapshots;
#[cfg(feature = "machines")]
pub mod trace32;
#[cfg(feature = "transactions")]
pub mod transaction;
#[cfg(feature = "machines")]
pub mod trusted;

#[cfg(feature = "machines")]
pub use agreement::{Agreement, Subject};
#[cfg(feature = "machines")]
pub use comparison::{check, check_trace};

use std::path::Path;

/// The root of the repository.
pub fn root() -> &'static Path {
    let support = Path::new(env!("CARGO_MANIFEST_DIR"));
    support.ancestors().nth(2).expect("it is tests/support")
}
