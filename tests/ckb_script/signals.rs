//! Pauses from other threads: the pause signal, and `resumable_verify_with_signal` as nodes use it.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use ckb_script::{ChunkCommand, RunMode};
use ckb_types::core::ScriptHashType;
use ckb_vm::machine::Pause;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{DefaultMachineRunner, Error};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::Mode;

use super::{PLENTY, cases, verifier, verify};
use lockstep_test_support::transaction::Case;
use lockstep_test_support::transaction::scripts::{self, Exec, HashLock};
use lockstep_test_support::transaction::system::{Signature, sighash};

/// One of each kind.
fn some_cases() -> Vec<Case> {
    let exec = Exec {
        hash_type: ScriptHashType::Data2,
        from: scripts::From::InTurn,
        times: 9,
        in_the_middle: true,
        last: Some("sha256"),
    };
    let lock = HashLock {
        hash_type: ScriptHashType::Data2,
        function: "sha256d",
        copies: 2,
        good: true,
    };
    vec![
        Case::new(
            "good",
            sighash(ScriptHashType::Data2, Signature::Good),
            true,
        ),
        Case::new("tree", scripts::spawn_tree(3, 20_000), true),
        Case::new("exec", scripts::exec(exec), true),
        Case::new("library", scripts::hash_lock(lock), true),
    ]
}

/// Verifies while another thread asks for pauses; the total, and how many there were.
fn verify_with_pauses(case: &Case) -> (u64, u64) {
    let verifier = verifier::<NativeMachine>(case);
    let (_, group) = verifier.groups().next().expect("one lock script");
    let mut scheduler = verifier.create_scheduler(group).expect("its code");
    let (pause, mut pauses) = (Pause::new(), 0);
    // One before it starts: all may be over before the other thread wakes up.
    pause.interrupt();
    std::thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        let signal = pause.clone();
        scope.spawn(move || {
            // Longer each time: where a run does not get far before the next pause, it ends all the
            // same.
            let mut step = Duration::from_micros(70);
            while stopped.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
                signal.interrupt();
                step = step.mul_f64(1.02);
            }
        });
        let total = loop {
            match scheduler.run(RunMode::Pause(pause.clone(), PLENTY)) {
                Ok(end) => break end.consumed_cycles,
                Err(Error::Pause) => pauses += 1,
                Err(error) => panic!("{}: {error}", case.name),
            }
        };
        drop(stop);
        (total, pauses)
    })
}

#[test]
fn pauses_from_another_thread_change_nothing() {
    let interpreter = Engine::builder().mode(Mode::Interp).no_cache().build();
    let interpreter = Arc::new(interpreter);
    for case in some_cases() {
        let expected = verify::<AsmMachine>(&case, PLENTY);
        for _ in 0..10 {
            let (total, pauses) = verify_with_pauses(&case);
            assert_eq!(Ok(total), expected, "{}", case.name);
            assert!(pauses > 0);
        }
        let (total, pauses) = with_engine(Arc::clone(&interpreter), || verify_with_pauses(&case));
        assert_eq!(Ok(total), expected, "{}", case.name);
        assert!(pauses > 0);
    }
}

/// As a node verifies what comes from others, while a second thread sends these commands.
fn verify_with_commands<M: DefaultMachineRunner + Send + 'static>(
    case: &Case,
    limit: u64,
    mut turns: impl Iterator<Item = ChunkCommand> + Send + 'static,
) -> Result<u64, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let (commands, mut receiver) = tokio::sync::watch::channel(ChunkCommand::Resume);
    let teaser = std::thread::spawn(move || {
        // Ends when nobody listens any more. Longer each time, as above.
        let mut step = Duration::from_micros(100);
        let mut send = |command| {
            std::thread::sleep(step);
            step = step.mul_f64(1.02);
            commands.send(command).is_ok()
        };
        while turns.next().is_some_and(&mut send) {}
    });
    let verifier = verifier::<M>(case);
    let total = runtime
        .block_on(verifier.resumable_verify_with_signal(limit, &mut receiver))
        .map_err(|error| error.to_string());
    drop(receiver);
    teaser.join().expect("the teaser does not panic");
    total
}

/// Stops and goes on, for ever.
fn in_turn() -> impl Iterator<Item = ChunkCommand> + Send {
    [ChunkCommand::Suspend, ChunkCommand::Resume]
        .into_iter()
        .cycle()
}

#[test]
fn suspending_and_resuming_changes_nothing() {
    for case in cases() {
        let expected = verify::<AsmMachine>(&case, PLENTY);
        let ours = verify_with_commands::<NativeMachine>(&case, PLENTY, in_turn());
        assert_eq!(ours, expected, "{}", case.name);
    }
}

/// Without a pause: after one, ckb-script grants the whole limit again.
#[test]
fn a_limit_holds_for_a_verification_that_could_be_suspended() {
    for case in some_cases() {
        let whole = verify::<AsmMachine>(&case, PLENTY).expect("it is valid");
        for limit in [whole / 2, whole - 1, whole] {
            let ours = verify_with_commands::<NativeMachine>(&case, limit, std::iter::empty());
            let expected = verify::<AsmMachine>(&case, limit);
            assert_eq!(ours, expected, "{}: {limit}", case.name);
        }
    }
}

#[test]
fn a_verification_can_be_stopped() {
    let endless = Case::new("endless", scripts::processes('l'), false);
    // Nothing is resumed: ckb-script holds a lock while it runs that a second `Resume` waits for, and
    // with it all that comes later.
    let suspend = std::iter::repeat_n(ChunkCommand::Suspend, 20);
    let turns = suspend.chain(std::iter::repeat(ChunkCommand::Stop));
    let stopped = verify_with_commands::<NativeMachine>(&endless, u64::MAX, turns);
    let message = stopped.expect_err("it never ends by itself");
    assert!(message.contains("Interrupts"), "{message}");
}
