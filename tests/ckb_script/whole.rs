//! Each transaction in one go: verdict, cycles, error, and what is left of every machine.

use std::sync::Arc;

use ckb_script::{ROOT_VM_ID, RunMode};
use ckb_types::core::ScriptHashType;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::Mode;
use lockstep_isa::Version;

use super::{PLENTY, cases, compare, verifier, verify};
use lockstep_test_support::transaction::system::{Signature, sighash};
use lockstep_test_support::transaction::{Case, scripts};

#[test]
fn verdicts_and_cycles_are_the_same() {
    for case in cases() {
        let expected = verify::<AsmMachine>(&case, PLENTY);
        assert_eq!(expected.is_ok(), case.valid, "{}: {expected:?}", case.name);
        assert_eq!(
            verify::<NativeMachine>(&case, PLENTY),
            expected,
            "{}",
            case.name
        );
    }
}

#[test]
fn machines_end_in_the_same_state() {
    for case in cases() {
        compare(&case, || Box::new(|| PLENTY));
    }
}

#[test]
fn earlier_chains_run_earlier_versions() {
    for mut case in cases() {
        for latest in [Version::V0, Version::V1] {
            case.latest = latest;
            let expected = verify::<AsmMachine>(&case, PLENTY);
            let ours = verify::<NativeMachine>(&case, PLENTY);
            assert_eq!(ours, expected, "{} up to {latest:?}", case.name);
        }
    }
}

#[test]
fn nearly_all_cycles_run_natively() {
    let sighash = |hash_type| Case::new("sighash", sighash(hash_type, Signature::Good), true);
    for case in [
        sighash(ScriptHashType::Data1),
        sighash(ScriptHashType::Data2),
    ] {
        let verifier = verifier::<NativeMachine>(&case);
        let (_, group) = verifier.groups().next().expect("one lock script");
        let mut scheduler = verifier.create_scheduler(group).expect("its code");
        scheduler
            .run(RunMode::LimitCycles(PLENTY))
            .expect("the signature is good");
        let (charged, native) = scheduler
            .peek(
                &ROOT_VM_ID,
                |machine| {
                    let core = machine.inner_mut();
                    Ok((core.charged_cycles(), core.native_cycles()))
                },
                |_, _| unreachable!("the machine is not suspended"),
            )
            .expect("the machine is there");
        assert!(charged > 1_000_000);
        assert!(
            native * 100 >= charged * 99,
            "{native} of {charged} cycles ran natively"
        );
    }
}

/// Native code is there for what comes late too: a library loaded as code, a program after exec, a
/// child, a machine that was suspended.
#[test]
fn code_that_comes_late_runs_natively() {
    let tree = Case::new("tree", scripts::spawn_tree(3, 32_768), true);
    for case in [scripts::library_cases(), scripts::exec_cases(), vec![tree]].concat() {
        if !case.valid {
            continue;
        }
        let engine = Engine::builder()
            .mode(Mode::Native)
            .translate(lockstep::engine::Translate::Now)
            .no_cache()
            .build();
        let engine = Arc::new(engine);
        let share = with_engine(Arc::clone(&engine), || native_share(&case));
        assert!(share > 0.9, "{}: {share}", case.name);
    }
}

/// The native share of the cycles of the root's last machine.
fn native_share(case: &Case) -> f64 {
    let verifier = verifier::<NativeMachine>(case);
    let (_, group) = verifier.groups().next().expect("one lock script");
    let mut scheduler = verifier.create_scheduler(group).expect("its code");
    let end = scheduler.run(RunMode::LimitCycles(PLENTY));
    assert_eq!(end.expect("no fault").exit_code, 0, "{}", case.name);
    let share = |machine: &mut NativeMachine| {
        let core = machine.inner_mut();
        Ok(core.native_cycles() as f64 / core.charged_cycles() as f64)
    };
    let share = scheduler.peek(&ROOT_VM_ID, share, |_, _| unreachable!("it has ended"));
    share.expect("the machine is there")
}

#[test]
fn the_interpreter_alone_agrees() {
    let engine = Arc::new(Engine::builder().mode(Mode::Interp).no_cache().build());
    for case in cases() {
        let expected = verify::<AsmMachine>(&case, PLENTY);
        let ours = with_engine(Arc::clone(&engine), || {
            verify::<NativeMachine>(&case, PLENTY)
        });
        assert_eq!(ours, expected, "{}", case.name);
    }
    assert_eq!(engine.stats().translations, 0);
}
