//! A small module with something of everything.

#![allow(dead_code, unreachable_pub)]

use lockstep_contract::heat::Heat;
use lockstep_contract::key::{FORMAT, Key};
use lockstep_contract::module::{Block, Entry, Module, Span};
use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

pub fn key() -> Key {
    Key {
        format: FORMAT,
        profile: Profile {
            version: Version::V2,
            extensions: Extensions {
                b: true,
                mop: true,
                a: false,
            },
            xlen: Xlen::X64,
        },
        cost: Cost::Estimate,
        memory_size: 4 << 20,
        base: 0x10000,
        len: 0x1000,
        digest: *blake3::hash(&[0x13; 0x1000]).as_bytes(),
        layout: 0x0123_4567_89ab_cdef,
        heat: heat().digest(),
        translator: "0.1.0+1".into(),
        compiler: "0.135.8".into(),
        target: "x86_64-unknown-linux-gnu".into(),
        cpu: "has_bmi1,has_bmi2".into(),
    }
}

pub fn heat() -> Heat {
    Heat::new([(0x10004, 3), (0x10ffe, u64::MAX)])
}

pub fn entry(start: u32, number: usize) -> u32 {
    Entry::new(start, number).unwrap().0
}

pub fn module() -> Module {
    let mut table = vec![0; 0x800];
    table[0] = entry(0x10, 0);
    table[0x7ff] = entry(0x20, 1);
    let block = |head, len, entries, cycles| Block {
        head,
        len,
        entries,
        cycles,
    };
    let span = |start, head| Span { start, head };
    Module {
        key: key(),
        hints: vec![0x10000, 0x10ffe, u64::MAX],
        heat: heat().recorded(),
        enter: 0x8,
        table,
        code: (0..43).collect(),
        blocks: vec![
            block(0, 8, 2, 3),
            block(4, 64, 16, 16),
            block(0xffe, 2, 1, 500),
        ],
        map: vec![
            span(0, Span::NO_BLOCK),
            span(0x10, 0),
            span(0x20, 4),
            span(0x2a, 0xffe),
        ],
    }
}
