//! Tests of how the blocks of a code region are divided into units, and of the units' entries.

use lockstep_contract::heat::Heat;
use lockstep_isa::{Cost, Inst, Op, Profile, Reg, Version, encode::encode};

use crate::code_region::CodeRegion;
use crate::discover::{MODULE_WEIGHT_LIMIT, discover};
use crate::hints::Hints;

use super::{LOOP_UNIT_LIMIT, UNIT_LIMIT, Unit, partition};
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
    let program = discover(&region, &hints, &Heat::default(), MODULE_WEIGHT_LIMIT);
    partition(&program, region.profile.xlen, &Options::default())
        .0
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
    for at in (BASE..BASE + 8 * UNIT_LIMIT.span_bytes - STEP).step_by(STEP as usize) {
        code.extend([(at, ecall()), (at + 4, jump(STEP as i32 - 4))]);
    }
    code.push((BASE + 8 * UNIT_LIMIT.span_bytes - STEP, ecall()));
    let units = heads((8 * UNIT_LIMIT.span_bytes / STEP) as usize, BASE, &code);
    assert!(units.len() > 1);
    for unit in units {
        assert!(
            unit[unit.len() - 1] - unit[0] <= UNIT_LIMIT.span_bytes,
            "{unit:x?}"
        );
    }
}

const T0: Reg = Reg::new(5);

/// A call by `t0`.
fn outlined(offset: i32) -> Inst {
    Inst {
        rd: T0,
        ..jump(offset)
    }
}

/// A return from it.
fn back(rs1: Reg, imm: i32) -> Inst {
    Inst {
        rs1,
        imm,
        ..Inst::bare(Op::Jalr, 4)
    }
}

/// The blocks of each chain of the first unit, and the heads at which it can be entered, for a caller at
/// [`BASE`] and a piece behind it at `BASE + 0x100`.
fn inlined(caller: &[Inst], piece: &[Inst]) -> (Vec<Vec<u64>>, Vec<u64>) {
    let place = |from: u64, code: &[Inst]| -> Vec<(u64, Inst)> {
        let addresses = (from..).step_by(4);
        addresses.zip(code.iter().copied()).collect()
    };
    let mut code = place(BASE, caller);
    code.extend(place(BASE + 0x100, piece));
    let of = |unit: &Unit<'_>| {
        let blocks = |chain: &super::Chain<'_>| chain.blocks.iter().map(|b| b.head).collect();
        (
            unit.chains.iter().map(blocks).collect(),
            unit.entries().map(|(head, _)| head).collect(),
        )
    };
    units(1, BASE, &code, &[], of).remove(0)
}

#[test]
fn a_call_of_an_outlined_piece_is_part_of_the_chain() {
    let caller = [addi(), outlined(0xfc), addi(), outlined(0xf4), ecall()];
    let (chains, entries) = inlined(&caller, &[addi(), back(T0, 0)]);
    let piece = BASE + 0x100;
    assert_eq!(
        chains,
        [[BASE, piece, BASE + 8, piece, BASE + 16]],
        "{chains:x?}"
    );
    // The return points are none; the host call's is not translated, because nothing is there.
    assert_eq!(entries, [BASE]);
}

#[test]
fn a_piece_that_may_not_come_back_is_called() {
    let caller = [addi(), outlined(0xfc), addi(), ecall()];
    let pieces: [&[Inst]; 6] = [
        // By another register, to another place, with another link register.
        &[addi(), back(Reg::A0, 0)],
        &[addi(), back(T0, 64)],
        &[Inst { rd: T0, ..addi() }, back(T0, 0)],
        // A host call, a loop, too many instructions.
        &[ecall(), back(T0, 0)],
        &[addi(), jump(-4)],
        &[addi(); 60],
    ];
    for piece in pieces {
        let (chains, entries) = inlined(&caller, piece);
        assert_eq!(chains[0], [BASE], "{piece:?}: {chains:x?}");
        assert_eq!(entries, [BASE, BASE + 8], "{piece:?}");
    }
}

#[test]
fn a_return_point_that_others_come_back_to_is_an_entry() {
    let caller = [addi(), outlined(0xfc), addi(), ecall()];
    let hinted = |pointers: &[u64]| {
        let piece = [(BASE + 0x100, addi()), (BASE + 0x104, back(T0, 0))];
        let code: Vec<(u64, Inst)> = ((BASE..).step_by(4).zip(caller)).chain(piece).collect();
        units(1, BASE, &code, pointers, |unit| {
            unit.entries().map(|(head, _)| head).collect::<Vec<_>>()
        })
    };
    assert_eq!(hinted(&[])[0], [BASE]);
    // A pointer in data names it.
    assert!(hinted(&[BASE + 8]).concat().contains(&(BASE + 8)));
}

#[test]
fn an_interpreter_loop_with_wide_gaps_is_one_unit() {
    // An indirect jump to one of many places, each of which leads back to it.
    const STEP: i32 = 0x1c0;
    let mut code = vec![(BASE, addi()), (BASE + 4, indirect())];
    let targets: Vec<u64> = (1..=70).map(|number| BASE + number * STEP as u64).collect();
    for (&target, number) in targets.iter().zip(1..) {
        code.extend([(target, addi()), (target + 4, jump(-number * STEP))]);
    }
    assert!(targets[69] - BASE > UNIT_LIMIT.span_bytes);
    assert!(targets[69] - BASE <= LOOP_UNIT_LIMIT.span_bytes);
    let sizes = units(8, BASE, &code, &targets, |unit| unit.heads.len());
    assert_eq!(sizes, [72]);
}

/// A store by `s0`.
fn store() -> Inst {
    Inst {
        rs1: Reg::new(8),
        rs2: Reg::A0,
        ..Inst::bare(Op::Sd, 4)
    }
}

fn branch(offset: i32) -> Inst {
    Inst {
        rs1: Reg::A0,
        imm: offset,
        ..Inst::bare(Op::Beq, 4)
    }
}

/// Of each unit: whether it is a landing, its entries, and the heads of its blocks.
fn landings(code: &[(u64, Inst)]) -> Vec<(bool, Vec<u64>, Vec<u64>)> {
    units(1, BASE, code, &[], |unit| {
        let blocks = unit.chains.iter().flat_map(|chain| &chain.blocks);
        let mut heads: Vec<u64> = blocks.map(|block| block.head).collect();
        heads.sort_unstable();
        let entries = unit.entries().map(|(head, _)| head).collect();
        (unit.is_landing, entries, heads)
    })
}

#[test]
fn behind_a_store_in_a_loop_is_a_landing() {
    let code = [
        addi(),
        jump(4),
        // The loop's head, and a store that is no entry.
        branch(24),
        store(),
        branch(16),
        // Behind it, on the way back.
        addi(),
        branch(-16),
        jump(-20),
        // Out of the loop.
        jump(-32),
    ];
    let code: Vec<(u64, Inst)> = (BASE..).step_by(4).zip(code).collect();
    let [at, behind, last, out] = [8, 20, 28, 32].map(|offset| BASE + offset);
    let own = vec![BASE, at, at + 4, behind, last, out];
    let found = landings(&code);
    assert_eq!(found.len(), 2, "{found:x?}");
    assert_eq!(found[0], (false, vec![BASE, at], own), "{found:x?}");
    // It ends where it comes to the loop's head, or to an entry of another unit.
    let copied = vec![behind, last, out];
    assert_eq!(found[1], (true, vec![behind, out], copied), "{found:x?}");
    // Outside of a loop there is none.
    let straight: Vec<(u64, Inst)> = (code.iter())
        .map(|&(address, inst)| match inst.op {
            Op::Jal if inst.imm < 0 => (address, ecall()),
            Op::Beq if inst.imm < 0 => (address, branch(8)),
            _ => (address, inst),
        })
        .collect();
    assert!(landings(&straight).iter().all(|unit| !unit.0));
}
