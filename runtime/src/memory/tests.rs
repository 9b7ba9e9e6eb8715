//! What the memory promises, on the memory alone.

use super::*;

#[test]
fn fresh() {
    Memory::new(4096).unwrap();
}
