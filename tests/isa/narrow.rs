//! Meanings of RV32: every operation, plain and fused, on edges and random values, against CKB-VM's
//! handlers over `u32`.

use std::collections::BTreeMap;

use ckb_vm::instructions::execute as ckb_vm_execute;
use ckb_vm::memory::flat::FlatMemory;
use ckb_vm::{
    CoreMachine, DefaultCoreMachine, DefaultMachine, DefaultMachineBuilder, Memory, SupportMachine,
};
use lockstep_isa::encode::encode;
use lockstep_isa::table::Base;
use lockstep_isa::{Inst, Narrow, Op, Profile, Version, Xlen, execute};

use super::common::{Pair, Theirs, profile};
use super::machine::Plain;
use super::meaning::{BASE, aim, fusible, operands, state};
use lockstep_test_support::random::Random;

/// Where the code of a case is said to stand.
const PC: u64 = 0x1_0000;

type CkbVm = DefaultMachine<DefaultCoreMachine<u32, FlatMemory<u32>>>;

fn narrow(version: Version, isa: u8) -> Profile {
    Profile {
        xlen: Xlen::X32,
        ..profile(version, isa)
    }
}

fn reference(version: Version) -> CkbVm {
    let core = DefaultCoreMachine::new(7, version.number(), u64::MAX);
    DefaultMachineBuilder::new(core).build()
}

/// As a register of 32 bits holds it.
fn held(value: u64) -> u64 {
    value as i32 as u64
}

/// A state whose registers hold 32 bits.
fn narrow_state(random: &mut Random) -> Plain {
    let mut state = state(random);
    state.registers = state.registers.map(held);
    state
}

/// Executes the instruction with both, from this state, and compares what came of it.
fn compare(reference: &mut CkbVm, mut state: Plain, theirs: &Theirs) {
    let inst = &theirs.inst;
    let before = state.clone();
    for (index, value) in state.registers.iter().enumerate() {
        reference.set_register(index, *value as u32);
    }
    reference.update_pc(PC as u32);
    reference.commit_pc();
    let memory = reference.memory_mut();
    (memory.store_bytes(BASE, &state.memory)).expect("in memory");
    memory.set_lr(&(state.reservation as u32));
    ckb_vm_execute(theirs.encoded, reference).expect("no failure");

    state.next = PC + u64::from(inst.len);
    let Ok(()) = execute(inst, &mut Narrow(&mut state));
    let version = reference.version();
    let report = |what| format!("{what} after {inst}, version {version}, {before:x?}");
    let registers = state.registers.map(|value| value as u32);
    assert_eq!(registers, reference.registers(), "{}", report("registers"));
    assert_eq!(
        state.registers,
        state.registers.map(held),
        "{}",
        report("what is held")
    );
    // Targets of branches wrap in the machine.
    assert_eq!(state.next as u32, *reference.pc(), "{}", report("pc"));
    let reservation = *reference.memory().lr();
    assert_eq!(held(state.reservation), state.reservation);
    assert_eq!(
        state.reservation as u32,
        reservation,
        "{}",
        report("reservation")
    );
    let size = state.memory.len() as u64;
    let memory = reference.memory_mut().load_bytes(BASE, size);
    assert_eq!(
        state.memory,
        memory.expect("in memory"),
        "{}",
        report("memory")
    );
}

#[test]
fn every_plain_operation_of_32_bits() {
    for version in Version::ALL {
        let mut pair = Pair::new(narrow(version, 5));
        let mut reference = reference(version);
        let mut random = Random::new(9);
        let mut met: BTreeMap<Op, u32> = BTreeMap::new();
        let plain = |op: &&Op| !op.row().is_fused() && **op != Op::Ecall;
        for &op in Op::ALL.iter().filter(plain) {
            for _ in 0..1500 {
                let inst = operands(op, &mut random);
                let word = encode(&inst).expect("a plain instruction can be encoded");
                let found = pair.check(PC, &word.to_le_bytes());
                let Some(theirs) = found else {
                    assert_eq!(op.row().base, Base::Rv64, "{inst}");
                    continue;
                };
                let mut state = narrow_state(&mut random);
                if aim(&theirs.inst, &mut state, &mut random) {
                    compare(&mut reference, state, &theirs);
                    *met.entry(theirs.inst.op).or_default() += 1;
                }
            }
        }
        let possible = |op: &&Op| op.row().base.has(Xlen::X32) && plain(op);
        for op in Op::ALL.iter().filter(possible) {
            let jalr = matches!(op, Op::Jalr | Op::JalrLinkFirst);
            let met = met.get(op).copied().unwrap_or(0);
            assert!(met > 500 || jalr, "{op:?}: {met}");
        }
    }
}

#[test]
fn every_fused_operation_of_32_bits() {
    for version in [Version::V1, Version::V2] {
        let mut pair = Pair::new(narrow(version, 2));
        let mut reference = reference(version);
        let mut random = Random::new(10);
        let mut met: BTreeMap<Op, u32> = BTreeMap::new();
        for _ in 0..300_000 {
            let Some(code) = fusible(&mut random) else {
                continue;
            };
            let theirs = pair.check(PC, &code).expect("legal");
            if theirs.inst.op.row().is_fused() {
                compare(&mut reference, narrow_state(&mut random), &theirs);
                *met.entry(theirs.inst.op).or_default() += 1;
            }
        }
        let expected = if version == Version::V1 { 9 } else { 15 };
        let enough = met.values().filter(|count| **count > 200).count();
        assert_eq!(enough, expected, "{met:?}");
    }
}

/// Where the reference and the specification differ, the reference is followed: RV64's word forms are
/// there, RV32's own `zext.h` and `rev8` are not, a shift's sixth bit does not count.
#[test]
fn what_only_the_reference_has() {
    let check = |word: u32| Pair::new(narrow(Version::V2, 1)).check(PC, &word.to_le_bytes());
    for (word, text) in [
        (0x0800_4033 | 10 << 7, None),
        (0x6980_5013 | 10 << 7, None),
        (0x6b80_5013 | 10 << 7, Some("rev8 a0, zero")),
        (0x0800_003b | 10 << 7, Some("add.uw a0, zero, zero")),
        (0x6000_101b | 10 << 7, Some("clzw a0, zero")),
        (0x0250_1013 | 10 << 7, Some("slli a0, zero, 5")),
        (0x4255_5013 | 10 << 7, Some("srai a0, a0, 5")),
        (0x0800_403b | 10 << 7, None),
        (0x0000_001b | 10 << 7, None),
    ] {
        let found = check(word).map(|theirs| theirs.inst.to_string());
        assert_eq!(found.as_deref(), text, "{word:#010x}");
    }
    let inst = Inst {
        rd: lockstep_isa::Reg::A0,
        ..Inst::bare(Op::ClzwShort, 4)
    };
    let mut state = narrow_state(&mut Random::new(1));
    let Ok(()) = execute(&inst, &mut Narrow(&mut state));
    assert_eq!(state.registers[10], 0, "32 zeros less 32");
}
