//! Tier 1: bytes. Mostly decoding and its failures, which must come at the same place and with the
//! same state as in a trace that is decoded ahead.

use crate::programs::source::{Source, pick_word};
use crate::programs::start::Entry;
use crate::random::Random;
use lockstep_isa::{Op, Profile};

/// A program of random words.
pub fn generate(random: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut source = Source::new(random, profile, entry);
    // What is odd here may be anything, aliases of the pc included.
    for register in 1..32 {
        let value = if random.one_in(3) {
            let safe = !random.one_in(3);
            source.pick_address(random, safe)
        } else {
            pick_word(random)
        };
        source.registers.push((register, value));
    }
    let text = source.pick_text(random);
    source.push(format!(".text {text:#x}"));
    for _ in 0..random.between(1, 200) {
        let line = match random.below(20) {
            0 => format!(".half {:#06x}", random.below(1 << 16)),
            1 => format!(".word {:#010x}", random.below(1 << 32)),
            2..=9 => format!(".half {:#06x}", compressed(random)),
            _ => format!(".word {:#010x}", valid(random)),
        };
        source.push(line);
    }
    source.push("exit");
    source
}

/// Sixteen bits that are no 32-bit instruction's.
fn compressed(random: &mut Random) -> u64 {
    random.below(1 << 14) << 2 | random.below(3)
}

/// A row of the table with random operands.
fn valid(random: &mut Random) -> u64 {
    loop {
        let row = random.pick(Op::ALL).row();
        if !row.is_fused() {
            let operands = random.next() as u32 & !row.mask;
            return u64::from(row.bits | operands);
        }
    }
}
