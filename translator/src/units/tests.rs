//! Tests of how the blocks of a code region are divided into units, and of the units' entries.

use lockstep_isa::{Cost, Inst, Op, Profile, Reg, Version, encode::encode};

use crate::code_region::CodeRegion;
use crate::discover::discover;
use crate::hints::Hints;

use super::{UNIT_SPAN_BYTES, Unit, partition};
use crate::Options;

const BASE: u64 = 0x1_0000;

fn jump(offset: i32) -> Inst {
    Inst {
        imm: offset,
        ..Inst::bare(Op::Jal, 4)
    }
}

fn ecall() -> Inst {
    Inst::bare(Op::Ecall, 4)
}

fn addi() -> Inst {
    Inst {
        rd: Reg::A0,
        imm: 1,
        ..Inst::bare(Op::Addi, 4)
    }
}

/// An indirect jump that is no return.
fn indirect() -> Inst {
    Inst {
        rs1: Reg::SP,
        ..Inst::bare(Op::Jalr, 4)
    }
}

/// The heads of each unit of a code region that is entered at `entry`.
fn heads(pages: usize, entry: u64, code: &[(u64, Inst)]) -> Vec<Vec<u64>> {
    let heads = |unit: &Unit<'_>| unit.heads.keys().copied().collect();
    units(pages, entry, code, &[], heads)
}

/// What `of` returns for each unit of a code region that is entered at `entry`. `pointers` are words of
/// data that point into the region.
fn units<T>(
    pages: usize,
    entry: u64,
    code: &[(u64, Inst)],
    pointers: &[u64],
    of: impl Fn(&Unit<'_>) -> T,
) -> Vec<T> {
    let mut bytes = vec![0; pages << 12];
    for (address, inst) in code {
        let word = encode(inst).unwrap();
        let at = (address - BASE) as usize;
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let region = CodeRegion {
        profile: Profile::of(Version::V2),
        cost: Cost::Estimate,
        memory_size: 4 << 20,
        base: BASE,
        bytes: &bytes,
    };
    let mut hints = Hints::new(&region, entry);
    let data: Vec<u8> = pointers.iter().flat_map(|p| p.to_le_bytes()).collect();
    hints.scan(0, &data);
    let program = discover(&region, &hints);
    partition(&program, region.profile.xlen, &Options::default())
        .iter()
        .map(of)
        .collect()
}

#[test]
fn targets_of_the_dispatch_share_its_way_in() {
    // A loop with a jump to one of three places, of which the last is a loop of its own.
    let code = [
        (BASE, addi()),
        (BASE + 4, addi()),
        (BASE + 8, indirect()),
        (BASE + 12, addi()),
        (BASE + 16, jump(-12)),
        (BASE + 20, addi()),
        (BASE + 24, jump(-20)),
        (BASE + 28, addi()),
        (BASE + 32, jump(-4)),
    ];
    let pointers = [BASE + 12, BASE + 20, BASE + 28];
    let entries = units(1, BASE, &code, &pointers, |unit| {
        (
            unit.entries().collect::<Vec<_>>(),
            unit.entry_chains().len(),
        )
    });
    let expected = vec![(BASE, 0), (BASE + 28, 1), (BASE + 12, 2), (BASE + 20, 2)];
    assert_eq!(entries, [(expected, 3)]);
}

#[test]
fn code_below_the_first_function_is_in_a_unit() {
    let code = [
        (BASE, addi()),
        (BASE + 4, ecall()),
        (BASE + 8, jump(-8)),
        (BASE + 0x100, jump(-0x100)),
    ];
    let below = vec![BASE, BASE + 8];
    assert_eq!(heads(1, BASE + 0x100, &code), [below, vec![BASE + 0x100]]);
}

#[test]
fn code_with_wide_gaps_is_in_several_units() {
    const STEP: u64 = 0x1000;
    let mut code = Vec::new();
    for at in (BASE..BASE + 8 * UNIT_SPAN_BYTES - STEP).step_by(STEP as usize) {
        code.extend([(at, ecall()), (at + 4, jump(STEP as i32 - 4))]);
    }
    code.push((BASE + 8 * UNIT_SPAN_BYTES - STEP, ecall()));
    let units = heads((8 * UNIT_SPAN_BYTES / STEP) as usize, BASE, &code);
    assert!(units.len() > 1);
    for unit in units {
        assert!(
            unit[unit.len() - 1] - unit[0] <= UNIT_SPAN_BYTES,
            "{unit:x?}"
        );
    }
}
