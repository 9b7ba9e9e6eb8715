//! How a program is cut into units.

use lockstep_isa::{Cost, Inst, Op, Profile, Reg, Version, encode::encode};

use crate::discover::discover;
use crate::hints::Hints;
use crate::text::Text;

use super::{REACH, Unit, partition};
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

/// Where the first blocks of the units of a text stand that is entered at `entry`.
fn heads(pages: usize, entry: u64, code: &[(u64, Inst)]) -> Vec<Vec<u64>> {
    let mut bytes = vec![0; pages << 12];
    for (address, inst) in code {
        let word = encode(inst).unwrap();
        let at = (address - BASE) as usize;
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
    }
    let text = Text {
        profile: Profile::of(Version::V2),
        cost: Cost::Estimate,
        memory_size: 4 << 20,
        base: BASE,
        bytes: &bytes,
    };
    let program = discover(&text, &Hints::new(&text, entry));
    let heads = |unit: &Unit<'_>| unit.heads.keys().copied().collect();
    partition(&program, text.profile.xlen, &Options::default())
        .iter()
        .map(heads)
        .collect()
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
    for at in (BASE..BASE + 8 * REACH - STEP).step_by(STEP as usize) {
        code.extend([(at, ecall()), (at + 4, jump(STEP as i32 - 4))]);
    }
    code.push((BASE + 8 * REACH - STEP, ecall()));
    let units = heads((8 * REACH / STEP) as usize, BASE, &code);
    assert!(units.len() > 1);
    for unit in units {
        assert!(unit[unit.len() - 1] - unit[0] <= REACH, "{unit:x?}");
    }
}
