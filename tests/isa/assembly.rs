//! Meanings once more, against the assembly machine, which is what counts: every operation that
//! stays in its trace, plain and fused. Jumps are for the tests that run programs.

use ckb_vm::machine::asm::{AsmCoreMachine, AsmMachine};
use ckb_vm::memory::{FLAG_EXECUTABLE, FLAG_FREEZED};
use ckb_vm::{
    Bytes, CoreMachine, DefaultMachineBuilder, DefaultMachineRunner, Memory, SupportMachine,
};
use lockstep_isa::encode::encode;
use lockstep_isa::{Effect, Inst, Op, Version, execute};

use super::common::{Pair, profile};
use super::machine::Plain;
use super::meaning::{BASE, aim, fusible, operands, state};
use lockstep_test_support::random::Random;

/// Where the code of all cases begins, and the room for each.
const CODE: u64 = 0x4_0000;
const ROOM: usize = 32;
const ECALL: [u8; 4] = [0x73, 0, 0, 0];

/// One operation with an `ecall` behind it, and the state to start it from.
struct Case {
    inst: Inst,
    state: Plain,
}

/// Many cases, each with its own piece of one memory.
struct Cases {
    pair: Pair,
    code: Vec<u8>,
    cases: Vec<Case>,
}

impl Cases {
    fn new(version: Version, isa: u8) -> Cases {
        Cases {
            pair: Pair::new(profile(version, isa)),
            code: Vec::new(),
            cases: Vec::new(),
        }
    }

    /// Takes the case, if its first instruction stays in the trace and memory can be aimed at.
    fn add(&mut self, code: &[u8], random: &mut Random) {
        let pc = CODE + self.code.len() as u64;
        let mut room = [code, &ECALL].concat();
        let inst = self.pair.check(pc, &room).expect("legal").inst;
        let mut state = state(random);
        (state.pc, state.next) = (pc, pc + u64::from(inst.len));
        if inst.op.effect() == Effect::Next && aim(&inst, &mut state, random) {
            room.truncate(usize::from(inst.len));
            room.extend(ECALL);
            room.resize(ROOM, 0);
            self.code.extend(room);
            self.cases.push(Case { inst, state });
        }
    }

    fn run(mut self) {
        let (isa, version) = (
            self.pair.profile.extensions.bits(),
            self.pair.profile.version,
        );
        let core = <Box<AsmCoreMachine> as SupportMachine>::new(isa, version.number(), u64::MAX);
        let mut machine = AsmMachine::new(DefaultMachineBuilder::new(core).build());
        self.code.resize(self.code.len().next_multiple_of(4096), 0);
        let (size, code) = (self.code.len() as u64, Bytes::from(self.code));
        let memory = machine.inner_mut().memory_mut();
        let flags = FLAG_EXECUTABLE | FLAG_FREEZED;
        memory
            .init_pages(CODE, size, flags, Some(code), 0)
            .expect("the code fits");
        for case in self.cases {
            compare(&mut machine, case);
        }
    }
}

fn compare(machine: &mut AsmMachine, Case { inst, mut state }: Case) {
    let before = state.clone();
    let core = machine.inner_mut();
    for (index, value) in state.registers.iter().enumerate() {
        core.set_register(index, *value);
    }
    core.update_pc(state.pc);
    core.commit_pc();
    core.memory_mut()
        .store_bytes(BASE, &state.memory)
        .expect("in memory");
    core.memory_mut().set_lr(&state.reservation);
    // No number that a register gets here is a call that the machine knows.
    machine.run().expect_err("the call is unknown");

    let Ok(()) = execute(&inst, &mut state);
    let core = machine.inner_mut();
    let report = || format!("after {inst}, from {before:x?}");
    assert_eq!(*core.pc(), state.next + 4, "{}", report());
    assert_eq!(core.registers(), state.registers, "{}", report());
    assert_eq!(*core.memory().lr(), state.reservation, "{}", report());
    let memory = core
        .memory_mut()
        .load_bytes(BASE, state.memory.len() as u64);
    assert_eq!(memory.expect("in memory"), state.memory, "{}", report());
}

#[test]
fn every_plain_operation_in_assembly() {
    for version in Version::ALL {
        let mut random = Random::new(9);
        // Version 0 runs no machine with fusion.
        let mut cases = Cases::new(version, 5);
        for &op in Op::ALL.iter().filter(|op| !op.row().is_fused()) {
            for _ in 0..400 {
                let inst = operands(op, &mut random);
                let word = encode(&inst).expect("a plain instruction");
                cases.add(&word.to_le_bytes(), &mut random);
            }
        }
        cases.run();
    }
}

#[test]
fn every_fused_operation_in_assembly() {
    for version in [Version::V1, Version::V2] {
        let mut random = Random::new(10);
        let mut cases = Cases::new(version, 7);
        while cases.cases.len() < 60_000 {
            if let Some(code) = fusible(&mut random) {
                cases.add(&code, &mut random);
            }
        }
        let fused = cases
            .cases
            .iter()
            .filter(|case| case.inst.op.row().is_fused())
            .count();
        assert!(fused > 20_000, "{fused}");
        cases.run();
    }
}
