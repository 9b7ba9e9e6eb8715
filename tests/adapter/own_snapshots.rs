//! Our own snapshots beside CKB-VM's: for the same state the same content, and either side goes
//! on from what the other took.

use std::sync::Arc;

use ckb_vm::elf::parse_elf;
use ckb_vm::{Bytes, snapshot, snapshot2};
use ckb_vm::{DefaultMachineRunner, Error, SupportMachine};
use lockstep_isa::Version;
use lockstep_runtime::image::Image;
use lockstep_runtime::{Snapshot, Trap};

use crate::driver::{Asm, Native, Runner, UNLIMITED, load, machine, run};
use lockstep_test_support::Subject;
use lockstep_test_support::guests::guests;
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::{Outcome, Rule, compare};
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::random::Random;
use lockstep_test_support::reference::DebugPrint;
use lockstep_test_support::snapshots::{
    CkbVmContext, Files, OurContext, ckb_vm_first, ckb_vm_second, first_of, second_of,
};

/// The program on CKB-VM's machine, its pages known to come from file 0.
fn of_ckb_vm<M: Runner>(program: &Program, setup: &Setup) -> (M, CkbVmContext) {
    let mut machine: M = machine(setup, vec![Box::new(DebugPrint)]);
    let file = Bytes::copy_from_slice(&program.elf);
    let metadata = parse_elf::<u64>(&file, setup.profile.version.number()).unwrap();
    let args: [Result<Bytes, Error>; 0] = [];
    machine
        .load_program_with_metadata(&file, &metadata, args.into_iter())
        .unwrap();
    let mut context = CkbVmContext::new(Files(vec![file]));
    context
        .mark_program(machine.inner_mut(), &metadata, &0, 0)
        .unwrap();
    (machine, context)
}

/// The same on ours.
fn ours(program: &Program, setup: &Setup, modules: Option<&Arc<Modules>>) -> (Ours, OurContext) {
    let image = Image::parse(&program.elf, setup.profile.version).unwrap();
    let mut machine = match modules {
        Some(modules) => Ours::native(program, setup, modules).unwrap(),
        None => Ours::interpreter(program, setup).unwrap(),
    };
    let mut context = OurContext::new(Files(vec![Bytes::copy_from_slice(&program.elf)]));
    context
        .mark_program(machine.core_mut(), &image, &0, 0)
        .unwrap();
    (machine, context)
}

/// Where two machines stand must not differ; after a resume nobody knows what loading reported.
fn assert_alike(name: &str, asm: &Outcome, ours: &Outcome) {
    let asm = Outcome {
        loaded: ours.loaded,
        ..asm.clone()
    };
    if let Err(difference) = compare(("asm", &asm), ("ours", ours), Rule::Contract) {
        panic!("{name}: {difference}");
    }
}

/// Stops a guest at `limit` on all machines, takes both kinds of snapshot of each, and lets each go on
/// from what another took.
fn exchange(program: &Program, setup: &Setup, limit: u64, modules: &Arc<Modules>) {
    let name = &format!("{} in {:?} at {limit}", program.name, setup.profile.version);
    let (mut asm, asm_context) = of_ckb_vm::<Asm>(program, setup);
    let (mut interp, interp_context) = ours(program, setup, None);
    let (mut native, native_context) = ours(program, setup, Some(modules));
    let stop = run(&mut asm, limit);
    assert_alike(name, &stop, &interp.run(limit));
    assert_alike(name, &stop, &native.run(limit));

    let first = snapshot::make_snapshot(asm.inner_mut()).unwrap();
    let second = asm_context.make_snapshot(asm.inner_mut()).unwrap();
    for (machine, context) in [
        (&mut interp, &interp_context),
        (&mut native, &native_context),
    ] {
        assert!(
            Snapshot::of(machine.core_mut()) == first_of(&first),
            "{name}"
        );
        let taken = context.make_snapshot(machine.core_mut()).unwrap();
        assert!(taken == second_of(second.clone()), "{name}");
    }

    // CKB-VM's on ours, and ours on CKB-VM's two kinds of machine.
    let end = resumed::<Asm>(program, setup, &second);
    let ours_on_ckb_vm = ckb_vm_second(&interp_context.make_snapshot(interp.core_mut()).unwrap());
    assert_alike(name, &end, &resumed::<Asm>(program, setup, &ours_on_ckb_vm));
    assert_alike(
        name,
        &end,
        &resumed::<Native>(program, setup, &ours_on_ckb_vm),
    );
    for modules in [None, Some(Arc::clone(modules))] {
        let mut machine = Ours::fresh("resumed", setup, modules);
        let mut context = OurContext::new(Files(vec![Bytes::copy_from_slice(&program.elf)]));
        let taken = second_of(second.clone());
        context.resume(machine.core_mut(), &taken).unwrap();
        // Taken again before anything ran, it is the same.
        assert!(
            context.make_snapshot(machine.core_mut()).unwrap() == taken,
            "{name}"
        );
        assert_alike(name, &end, &machine.run(UNLIMITED));
    }
}

fn resumed<M: Runner>(
    program: &Program,
    setup: &Setup,
    taken: &snapshot2::Snapshot2<u8>,
) -> Outcome {
    let mut machine: M = machine(setup, vec![Box::new(DebugPrint)]);
    let mut context = CkbVmContext::new(Files(vec![Bytes::copy_from_slice(&program.elf)]));
    context.resume(machine.inner_mut(), taken).unwrap();
    run(&mut machine, UNLIMITED)
}

#[test]
fn ours_and_those_of_ckb_vm_are_one() {
    for (seed, guest) in guests().iter().enumerate() {
        if guest.default_cycles == 0 {
            continue;
        }
        let program = guest.program(&[]);
        let modules = Modules::new();
        let mut random = Random::new(seed as u64 ^ 0x5eed);
        // One version of a guest that takes long.
        let versions = match guest.default_cycles {
            ..10_000_000 => 0..3,
            _ => seed as u32 % 3..seed as u32 % 3 + 1,
        };
        for version in versions.filter_map(Version::from_number) {
            let limit = random.below(guest.default_cycles);
            exchange(&program, &Setup::ckb(version), limit, &modules);
        }
    }
}

/// A snapshot of the first kind is the whole state where everything loaded is still dirty.
#[test]
fn the_first_kind_goes_both_ways() {
    let guests = guests();
    let guest = guests.iter().find(|guest| guest.name == "sieve").unwrap();
    let program = guest.program(&[]);
    let modules = Modules::new();
    for version in [Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let mut asm: Asm = machine(&setup, Vec::new());
        load(&mut asm, &program).unwrap();
        run(&mut asm, guest.default_cycles / 3);
        let cycles = asm.inner_mut().cycles();
        let taken = snapshot::make_snapshot(asm.inner_mut()).unwrap();

        let mut again: Asm = machine(&setup, Vec::new());
        snapshot::resume(again.inner_mut(), &taken).unwrap();
        again.inner_mut().set_cycles(cycles);
        let end = run(&mut again, UNLIMITED);

        let mut native = Ours::fresh("native", &setup, Some(modules.clone()));
        first_of(&taken).resume(native.core_mut()).unwrap();
        let again = Snapshot::of(native.core_mut());
        let texts = (serde_json::to_string(&again), serde_json::to_string(&taken));
        assert!(
            texts.0.unwrap() == texts.1.unwrap(),
            "written out they are one, too"
        );
        let back = ckb_vm_first(&again);
        native.core_mut().set_cycles(cycles);
        assert_alike("ours from CKB-VM's", &end, &native.run(UNLIMITED));

        let mut again: Asm = machine(&setup, Vec::new());
        snapshot::resume(again.inner_mut(), &back).unwrap();
        again.inner_mut().set_cycles(cycles);
        assert_alike("CKB-VM from ours", &end, &run(&mut again, UNLIMITED));
    }
    let setup = Setup::ckb(Version::V2);
    let mut old = Ours::fresh("old", &Setup::ckb(Version::V1), None);
    let taken = Snapshot::of(Ours::interpreter(&program, &setup).unwrap().core_mut());
    assert_eq!(taken.resume(old.core_mut()), Err(Trap::InvalidVersion));
    assert_eq!(old.core_mut().pc(), 0, "nothing changed");
    let mut short = taken.clone();
    short.page_flags.pop();
    let mut fresh = Ours::fresh("fresh", &setup, None);
    assert!(matches!(
        short.resume(fresh.core_mut()),
        Err(Trap::Unexpected(_))
    ));
}
