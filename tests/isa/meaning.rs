//! Meanings: every operation, plain and fused, on edges and random values, against CKB-VM's
//! handlers. Registers are few, so that destinations and sources coincide in every way.

use std::collections::BTreeMap;

use ckb_vm::instructions::execute as ckb_vm_execute;
use ckb_vm::memory::flat::FlatMemory;
use ckb_vm::{
    CoreMachine, DefaultCoreMachine, DefaultMachine, DefaultMachineBuilder, Memory, SupportMachine,
};
use lockstep_isa::encode::encode;
use lockstep_isa::fuse::SEQUENCES;
use lockstep_isa::table::Format;
use lockstep_isa::{Inst, Op, Reg, Version, execute};

use super::common::{Pair, Theirs, profile};
use super::machine::Plain;
use lockstep_test_support::random::{EDGES, Random};

/// Where the code of a case is said to stand.
const PC: u64 = 0x1_0000;
/// A little memory; CKB-VM has more around it.
pub(super) const BASE: u64 = 0x2_0000;
const SIZE: usize = 64;

type CkbVm = DefaultMachine<DefaultCoreMachine<u64, FlatMemory<u64>>>;

fn reference(version: Version) -> CkbVm {
    let core = DefaultCoreMachine::new(7, version.number(), u64::MAX);
    DefaultMachineBuilder::new(core).build()
}

/// A state with edges and random numbers in all registers.
pub(super) fn state(random: &mut Random) -> Plain {
    let mut value = || match random.below(3) {
        0 => random.next(),
        1 => random.pick(&EDGES),
        _ => (random.pick(&EDGES)).wrapping_neg(),
    };
    let mut registers: [u64; 32] = std::array::from_fn(|_| value());
    registers[0] = 0;
    let memory = (0..SIZE).map(|_| value() as u8).collect();
    Plain {
        registers,
        pc: PC,
        next: PC,
        base: BASE,
        memory,
        reservation: u64::MAX,
    }
}

/// Executes the instruction with both, from this state, and compares what came of it.
fn compare(reference: &mut CkbVm, mut state: Plain, theirs: &Theirs) {
    let inst = &theirs.inst;
    let before = state.clone();
    for (index, value) in state.registers.iter().enumerate() {
        reference.set_register(index, *value);
    }
    reference.update_pc(PC);
    reference.commit_pc();
    reference
        .memory_mut()
        .store_bytes(BASE, &state.memory)
        .expect("in memory");
    reference.memory_mut().set_lr(&state.reservation);
    ckb_vm_execute(theirs.encoded, reference).expect("no failure");

    state.next = PC + u64::from(inst.len);
    let Ok(()) = execute(inst, &mut state);
    let report = |what| {
        format!(
            "{what} after {inst}, version {}, {before:x?}",
            reference.version()
        )
    };
    assert_eq!(
        &state.registers[..],
        reference.registers(),
        "{}",
        report("registers")
    );
    assert_eq!(state.next, *reference.pc(), "{}", report("pc"));
    assert_eq!(
        state.reservation,
        *reference.memory().lr(),
        "{}",
        report("reservation")
    );
    let memory = reference
        .memory_mut()
        .load_bytes(BASE, SIZE as u64)
        .expect("in memory");
    assert_eq!(state.memory, memory, "memory after {inst}, {before:x?}");
}

/// Operands for the operation, drawn from few registers.
pub(super) fn operands(op: Op, random: &mut Random) -> Inst {
    let mut reg = || Reg::new(random.pick(&[0, 1, 8, 9]));
    let inst = Inst {
        rd: reg(),
        rs1: reg(),
        rs2: reg(),
        ..Inst::bare(op, 4)
    };
    let edge = random.pick(&[-2048i64, -1, 0, 1, 2047]);
    let small = if random.one_in(3) {
        edge
    } else {
        random.between(-2048, 2047)
    };
    let imm = match op.row().format {
        Format::Shift5 => small & 31,
        Format::Shift6 => small & 63,
        Format::Upper => small << 20,
        Format::Branch | Format::Jal => small & !1,
        Format::I | Format::Load | Format::Store | Format::Jalr => small,
        _ => 0,
    };
    Inst {
        imm: imm as i32,
        ..inst
    }
}

/// Points `rs1` into the memory where the operation accesses it; not where `rs1` is `x0`.
pub(super) fn aim(inst: &Inst, state: &mut Plain, random: &mut Random) -> bool {
    let address = BASE + random.below(SIZE as u64 - 7);
    match inst.op.row().format {
        Format::Load | Format::Store | Format::Atomic | Format::LoadReserved => {
            state.registers[inst.rs1.index()] = address.wrapping_sub(inst.imm as u64);
            state.reservation = random.pick(&[u64::MAX, address, address + 1]);
            inst.rs1 != Reg::ZERO
        }
        _ => true,
    }
}

#[test]
fn every_plain_operation() {
    for version in Version::ALL {
        let mut pair = Pair::new(profile(version, 5));
        let mut reference = reference(version);
        let mut random = Random::new(7);
        let mut met: BTreeMap<Op, u32> = BTreeMap::new();
        for &op in Op::ALL
            .iter()
            .filter(|op| !op.row().is_fused() && **op != Op::Ecall)
        {
            for _ in 0..1500 {
                let inst = operands(op, &mut random);
                let Some(word) = encode(&inst) else {
                    panic!("{inst} cannot be encoded")
                };
                let theirs = pair.check(PC, &word.to_le_bytes()).expect("legal");
                let mut state = state(&mut random);
                if aim(&theirs.inst, &mut state, &mut random) {
                    compare(&mut reference, state, &theirs);
                    *met.entry(theirs.inst.op).or_default() += 1;
                }
            }
        }
        assert!(met.values().all(|count| *count > 500));
    }
}

#[test]
fn every_fused_operation() {
    for version in [Version::V1, Version::V2] {
        let mut pair = Pair::new(profile(version, 2));
        let mut reference = reference(version);
        let mut random = Random::new(8);
        let mut met: BTreeMap<Op, u32> = BTreeMap::new();
        for _ in 0..300_000 {
            let Some(code) = fusible(&mut random) else {
                continue;
            };
            let theirs = pair.check(PC, &code).expect("legal");
            if theirs.inst.op.row().is_fused() {
                compare(&mut reference, state(&mut random), &theirs);
                *met.entry(theirs.inst.op).or_default() += 1;
            }
        }
        let possible = |op: &&Op| op.row().is_fused() && has(version, **op);
        for op in Op::ALL.iter().filter(possible) {
            assert!(
                met.get(op).is_some_and(|count| *count > 200),
                "{op:?}: {met:?}"
            );
        }
    }
}

fn has(version: Version, op: Op) -> bool {
    let mut sequences = SEQUENCES
        .iter()
        .filter(|sequence| sequence.op == op)
        .peekable();
    sequences.peek().is_none() || sequences.any(|sequence| (sequence.rule)(version))
}

/// Code of a sequence with random registers, its unchecked operands anything; or of a pair.
pub(super) fn fusible(random: &mut Random) -> Option<Vec<u8>> {
    let values: [Reg; 5] = std::array::from_fn(|_| Reg::new(random.below(12) as u32));
    if random.one_in(4) {
        return Some(pair_of_immediates(random).concat());
    }
    let sequence = &SEQUENCES[random.below(SEQUENCES.len() as u64) as usize];
    let mut code = Vec::new();
    for template in sequence.templates {
        let reg = |var| values[var as usize];
        let checked = matches!(template.3, lockstep_isa::fuse::Operand::Is(_));
        let rs2 = if checked {
            reg(template.3.var())
        } else {
            Reg::new(random.below(12) as u32)
        };
        let (rd, rs1) = (reg(template.1), reg(template.2));
        code.extend(
            encode(&Inst {
                rd,
                rs1,
                rs2,
                ..Inst::bare(template.0, 4)
            })?
            .to_le_bytes(),
        );
    }
    Some(code)
}

fn pair_of_immediates(random: &mut Random) -> [[u8; 4]; 2] {
    let first = random.pick(&[Op::Lui, Op::Auipc]);
    let second = random.pick(&[Op::Jalr, Op::Addi, Op::Addiw]);
    let rd = Reg::new(random.below(3) as u32);
    let link = if second == Op::Jalr { Reg::RA } else { rd };
    let head = Inst {
        rd,
        imm: (random.next() as i32) << 12,
        ..Inst::bare(first, 4)
    };
    let imm = random.between(-2048, 2047) as i32;
    let tail = Inst {
        rd: link,
        rs1: rd,
        imm,
        ..Inst::bare(second, 4)
    };
    [head, tail].map(|inst| encode(&inst).expect("a plain instruction").to_le_bytes())
}
