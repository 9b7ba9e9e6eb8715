//! Snapshots of RV32 guests: ours and CKB-VM's of the second kind are one, and either side goes on
//! from what the other took. Those of the first kind go from us to CKB-VM; its own lacks every second
//! word of a page, because it reads pages in doublewords through registers of 32 bits.

use std::sync::Arc;

use ckb_vm::{snapshot, snapshot2};
use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};
use lockstep_runtime::Snapshot;

use lockstep_test_support::Subject;
use lockstep_test_support::guests::narrow_guests;
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::{Outcome, Rule, compare};
use lockstep_test_support::program::{FULL_MEMORY, Program, Setup};
use lockstep_test_support::random::Random;
use lockstep_test_support::snapshots::{
    CkbVmContext, Files, OurContext, ckb_vm_first, ckb_vm_second, second_of,
};
use lockstep_test_support::trace32::Trace32;

/// Stops of each guest.
const STOPPING_POINTS: usize = 4;
/// The latest trace behind which a guest is stopped.
const LATEST: u64 = 60_000;

fn assert_alike(name: &str, reference: &Outcome, ours: &Outcome) {
    // After a resume nobody knows what loading reported.
    let reference = Outcome {
        loaded: ours.loaded,
        ..reference.clone()
    };
    if let Err(difference) = compare(("trace32", &reference), ("ours", ours), Rule::Contract) {
        panic!("{name}: {difference}");
    }
}

/// Whether the program came so far.
fn exchange(program: &Program, setup: &Setup, traces: usize, modules: &Arc<Modules>) -> bool {
    let name = &format!("{} behind trace {traces}", program.name);
    let mut reference = Trace32::new(program, setup).expect("it can be loaded");
    let Some(cycles) = reference.run_traces(traces) else {
        return false;
    };
    let no_files = || Files(Vec::new());
    let context = CkbVmContext::new(no_files());
    let taken = context
        .make_snapshot(reference.inner_mut())
        .expect("a snapshot");
    let end = reference.finish(u64::MAX);

    let interp = Ours::interpreter(program, setup).expect("it can be loaded");
    let native = Ours::native(program, setup, modules).expect("it can be loaded");
    for mut machine in [interp, native] {
        // There is a trace behind every stop, so the limit is that.
        machine.run(cycles);
        let context = OurContext::new(no_files());
        let mut ours = context
            .make_snapshot(machine.core_mut())
            .expect("a snapshot");
        ours.max_cycles = taken.max_cycles;
        assert!(ours == second_of(taken.clone()), "{name}: the second kind");
        let mut resumed = Trace32::fresh(setup);
        CkbVmContext::new(no_files())
            .resume(resumed.inner_mut(), &ckb_vm_second(&ours))
            .expect("CKB-VM takes it");
        assert_alike(name, &end, &resumed.finish(u64::MAX));
        let first = Snapshot::of(machine.core_mut());
        let mut resumed = Trace32::fresh(setup);
        snapshot::resume(resumed.inner_mut(), &ckb_vm_first(&first)).expect("and the first");
        let charged = Outcome {
            cycles: end.cycles - cycles,
            ..end.clone()
        };
        assert_alike(name, &charged, &resumed.finish(u64::MAX));
    }
    resume_ours(name, setup, &taken, &end, modules);
    true
}

/// CKB-VM's snapshot on our engines.
fn resume_ours(
    name: &str,
    setup: &Setup,
    taken: &snapshot2::Snapshot2<u8>,
    end: &Outcome,
    modules: &Arc<Modules>,
) {
    for modules in [None, Some(Arc::clone(modules))] {
        let native = modules.is_some();
        let mut machine = Ours::fresh("resumed", setup, modules);
        OurContext::new(Files(Vec::new()))
            .resume(machine.core_mut(), &second_of(taken.clone()))
            .expect("we take it");
        let outcome = machine.run(u64::MAX);
        assert_alike(name, end, &outcome);
        assert!(
            !native || machine.native_cycles() > 0,
            "{name}: nothing native"
        );
    }
}

#[test]
fn ours_and_those_of_ckb_vm_are_one() {
    let mut exchanged = 0;
    for (seed, guest) in narrow_guests().iter().enumerate() {
        let program = guest.program(&["1"]);
        let mut random = Random::new(seed as u64);
        for version in [Version::V1, Version::V2] {
            let setup = Setup {
                profile: Profile {
                    version,
                    extensions: Extensions::from_bits(3),
                    xlen: Xlen::X32,
                },
                cost: Cost::Estimate,
                memory_size: FULL_MEMORY,
            };
            let modules = Modules::new();
            for _ in 0..STOPPING_POINTS {
                let traces = random.below(LATEST) as usize;
                exchanged += usize::from(exchange(&program, &setup, traces, &modules));
            }
        }
    }
    assert!(exchanged > 0, "no program came as far as its stop");
}
