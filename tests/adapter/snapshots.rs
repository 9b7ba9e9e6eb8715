//! Snapshots: taken from one machine at any stop, resumed on another, ours or CKB-VM's.

use ckb_vm::elf::parse_elf;
use ckb_vm::snapshot2::{DataSource, Snapshot2, Snapshot2Context};
use ckb_vm::{Bytes, CoreMachine, DefaultMachineRunner, Error};
use ckb_vm::{SupportMachine, snapshot};
use lockstep_isa::Version;

use crate::driver::{Asm, Native, Runner, UNLIMITED, assert_same, load, machine, run};
use lockstep_test_support::guests::guests;
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::random::Random;

/// The program's file, and nothing else.
#[derive(Clone)]
struct File(Bytes);

const FILE: u8 = 1;

impl DataSource<u8> for File {
    fn load_data(&self, id: &u8, offset: u64, length: u64) -> Option<(Bytes, u64)> {
        let rest = self.0.len() as u64 - offset.min(self.0.len() as u64);
        let end = offset + rest.min(length);
        let piece = self.0.slice(offset as usize..end as usize);
        (*id == FILE).then_some((piece, rest))
    }
}

type Context = Snapshot2Context<u8, File>;

/// A machine with the program in it, whose pages are known to come from the file.
fn start<M: Runner>(program: &Program, setup: &Setup) -> (M, Context) {
    let mut machine: M = machine(setup, Vec::new());
    let file = Bytes::copy_from_slice(&program.elf);
    let metadata = parse_elf::<u64>(&file, setup.profile.version.number()).unwrap();
    let args: [Result<Bytes, Error>; 0] = [];
    machine
        .load_program_with_metadata(&file, &metadata, args.into_iter())
        .unwrap();
    let mut context = Context::new(File(file));
    context
        .mark_program(machine.inner_mut(), &metadata, &FILE, 0)
        .unwrap();
    (machine, context)
}

/// A new machine in the snapshot's state.
fn resume<M: Runner>(program: &Program, setup: &Setup, snapshot: &Snapshot2<u8>) -> (M, Context) {
    let mut machine: M = machine(setup, Vec::new());
    let mut context = Context::new(File(Bytes::copy_from_slice(&program.elf)));
    context.resume(machine.inner_mut(), snapshot).unwrap();
    (machine, context)
}

/// Runs with a change of machines at each of these limits, `A` and `B` taking turns.
fn relay<A: Runner, B: Runner>(program: &Program, setup: &Setup, limits: &[u64]) -> Vec<Outcome> {
    let (mut machine, mut context) = start::<A>(program, setup);
    let mut outcomes = Vec::new();
    for pair in limits.chunks(2) {
        outcomes.push(run(&mut machine, pair[0]));
        let snapshot = context.make_snapshot(machine.inner_mut()).unwrap();
        let (mut other, other_context) = resume::<B>(program, setup, &snapshot);
        if let [_, second] = pair {
            outcomes.push(run(&mut other, *second));
        }
        let snapshot = other_context.make_snapshot(other.inner_mut()).unwrap();
        (machine, context) = resume::<A>(program, setup, &snapshot);
    }
    outcomes.push(run(&mut machine, UNLIMITED));
    outcomes
}

#[test]
fn machines_take_over_from_each_other_anywhere() {
    for (seed, guest) in guests().iter().enumerate() {
        if guest.default_cycles == 0 {
            continue;
        }
        let program = guest.program(&[]);
        let mut random = Random::new(seed as u64);
        for version in [Version::V1, Version::V2] {
            let setup = Setup::ckb(version);
            let mut limits: Vec<u64> = (0..5).map(|_| random.below(guest.default_cycles)).collect();
            limits.sort_unstable();
            let name = format!("{} in {version:?} at {limits:?}", guest.name);
            let (mut whole, _) = start::<Asm>(&program, &setup);
            let whole = run(&mut whole, UNLIMITED);
            let asm = relay::<Asm, Asm>(&program, &setup, &limits);
            assert_same(&name, &[whole], &asm[asm.len() - 1..], None);
            let ours = relay::<Native, Native>(&program, &setup, &limits);
            assert_same(&name, &asm, &ours, None);
            let mixed = relay::<Asm, Native>(&program, &setup, &limits);
            assert_same(&name, &asm, &mixed, None);
        }
    }
}

#[test]
fn native_code_is_found_again_after_a_resume() {
    let setup = Setup::ckb(Version::V2);
    for guest in guests()
        .iter()
        .filter(|guest| guest.default_cycles > 1_000_000)
        .take(3)
    {
        let program = guest.program(&[]);
        let (mut machine, context) = start::<Native>(&program, &setup);
        run(&mut machine, guest.default_cycles / 2);
        let snapshot = context.make_snapshot(machine.inner_mut()).unwrap();
        let (mut resumed, _) = resume::<Native>(&program, &setup, &snapshot);
        assert!(matches!(
            run(&mut resumed, UNLIMITED).verdict,
            Verdict::Exit(_)
        ));
        let core = resumed.inner_mut();
        assert!(
            core.native_cycles() * 100 >= core.charged_cycles() * 95,
            "{}: {} of {} cycles",
            guest.name,
            core.native_cycles(),
            core.charged_cycles()
        );
    }
}

#[test]
fn snapshots_of_the_first_kind_work_too() {
    let setup = Setup::ckb(Version::V2);
    let guests = guests();
    let guest = guests.iter().find(|guest| guest.name == "sieve").unwrap();
    let program = guest.program(&[]);
    let mut asm: Asm = machine(&setup, Vec::new());
    load(&mut asm, &program).unwrap();
    let whole = run(&mut asm, UNLIMITED);

    let mut first: Native = machine(&setup, Vec::new());
    load(&mut first, &program).unwrap();
    run(&mut first, guest.default_cycles / 3);
    let cycles = first.inner_mut().cycles();
    let taken = snapshot::make_snapshot(first.machine_mut()).unwrap();
    let mut second: Native = machine(&setup, Vec::new());
    snapshot::resume(second.machine_mut(), &taken).unwrap();
    second.inner_mut().set_cycles(cycles);
    assert_same("snapshot", &[whole], &[run(&mut second, UNLIMITED)], None);

    let mut old: Native = machine(&Setup::ckb(Version::V1), Vec::new());
    let refused = snapshot::resume(old.machine_mut(), &taken);
    assert_eq!(refused, Err(Error::InvalidVersion));
    assert_eq!(*old.machine().pc(), 0);
}
