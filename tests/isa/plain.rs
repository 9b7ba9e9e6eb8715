//! Single instructions: all halfwords, and words of every row with their neighbours.

use lockstep_isa::{Extensions, Op, Profile, Version};

use super::common::{Pair, WIDTHS, profile};
use lockstep_test_support::random::Random;

/// All combinations of B and A without fusion: CKB-VM's bits 1 and 4.
const ISA: [u8; 4] = [0, 1, 4, 5];

/// In the middle of a page, where one fetch reads four bytes.
const PC: u64 = 0x1_0000;

fn pairs() -> impl Iterator<Item = Pair> {
    let combinations = |version| ISA.into_iter().map(move |isa| profile(version, isa));
    let profiles = Version::ALL.into_iter().flat_map(combinations);
    profiles
        .flat_map(|profile| WIDTHS.map(|xlen| Profile { xlen, ..profile }))
        .map(Pair::new)
}

#[test]
fn every_halfword() {
    for mut pair in pairs() {
        let mut legal = 0;
        for bits in 0..=u16::MAX {
            // What follows belongs to it when it is the first half of a word.
            let [a, b] = bits.to_le_bytes();
            legal += u32::from(pair.check(PC, &[a, b, 0x05, 0x00]).is_some());
        }
        assert!(legal > 10_000);
    }
}

#[test]
fn every_row_and_its_neighbours() {
    let rows = || {
        Op::ALL
            .iter()
            .map(|op| op.row())
            .filter(|row| !row.is_fused())
    };
    for (seed, mut pair) in pairs().enumerate() {
        let mut random = Random::new(seed as u64);
        for row in rows() {
            for n in 0..24 {
                let free = match n {
                    0 => 0,
                    1 => u32::MAX,
                    _ => random.next() as u32,
                };
                let word = row.bits | free & !row.mask;
                pair.check(PC, &word.to_le_bytes());
                for bit in 0..32 {
                    pair.check(PC, &(word ^ 1 << bit).to_le_bytes());
                }
            }
        }
    }
}

/// All values of the fields that tell instructions apart, and of whether the others are zero.
#[test]
fn every_opcode_and_function() {
    let everything = Extensions::from_bits(5).bits();
    let others = [1 << 7, 1 << 15, 1 << 7 | 1 << 15];
    for xlen in WIDTHS {
        let profile = profile(Version::V2, everything);
        let mut pair = Pair::new(Profile { xlen, ..profile });
        for high in 0..1u32 << 12 {
            for low in 0..1u32 << 8 {
                let (funct3, opcode) = (low & 7, (low >> 3) << 2 | 3);
                let word = high << 20 | funct3 << 12 | opcode;
                // With its operands zero, and with one of the other choices.
                let other = others[(high ^ high >> 5 ^ low) as usize % 3];
                pair.check(PC, &word.to_le_bytes());
                pair.check(PC, &(word | other).to_le_bytes());
            }
        }
    }
}

/// At a page's end, the second half of a word is fetched alone, and only when there is one.
#[test]
fn instructions_across_a_page_end() {
    let mut pair = Pair::new(profile(Version::V2, 7));
    let words = [
        0x00b5_0533u32,
        0x0000_852e,
        0xffff_852e,
        0,
        u32::MAX,
        0x0000_9002,
    ];
    for pc in 0x1_0ff0..0x1_1004 {
        for word in words {
            for len in 0..=4 {
                pair.check(pc, &word.to_le_bytes()[..len]);
            }
        }
    }
}
