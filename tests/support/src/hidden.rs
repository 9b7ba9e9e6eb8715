//! A program with code that only a run finds.
//!
//! It jumps to an address that it computes from data in a way that no translator foresees. So tests of heat have code that
//! is translated where it is hot, and not otherwise.

use crate::asm::assemble;

/// An ELF that counts down from `rounds` in a loop that nobody finds without running it, and exits with 0.
#[must_use]
pub fn hidden_loop(rounds: u64) -> Vec<u8> {
    let jumping_to = |place: u64| {
        let source = format!(
            "li a0, 0x20000
            ld a0, 0(a0)
            li a1, 0x55aa55aa
            xor a0, a0, a1
            li s0, {rounds}
            jr a0
            again: addi s0, s0, -1
            bnez s0, again
            li a0, 0
            exit
            .data 0x20000
            .dword {:#x}",
            place ^ 0x55aa_55aa
        );
        assemble(&source).unwrap_or_else(|error| panic!("{error}"))
    };
    let place = jumping_to(0).labels["again"];
    jumping_to(place).elf()
}
