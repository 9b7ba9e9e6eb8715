//! A real lock script verified by `ckb-script`, on the oracle's assembly machine and on ours.
//!
//! The transaction is signed, the script is the one deployed on CKB's main net, and `ckb-script` is
//! not told what it drives: verdicts, cycles and errors must be the same, whole and in pieces. The
//! machine by itself is tested in `adapter.rs`.

mod transaction;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Once};
use std::time::Duration;

use ckb_script::types::DebugPrinter;
use ckb_script::{ChunkCommand, ROOT_VM_ID, RunMode, Scheduler};
use ckb_types::core::ScriptHashType;
use ckb_types::core::cell::ResolvedTransaction;
use ckb_vm::machine::Pause;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{DefaultMachineRunner, Error};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::{Mode, Translate};
use transaction::{Chain, Signature, consensus, old_consensus, resolved, verifier};

/// Far more than the script needs, far less than `u64` holds.
const PLENTY: u64 = 70_000_000;

const HASH_TYPES: [ScriptHashType; 4] = [
    ScriptHashType::Data,
    ScriptHashType::Data1,
    ScriptHashType::Data2,
    ScriptHashType::Type,
];

/// The engine of this process: translates at once and leaves the user's cache alone.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let engine = Engine::builder()
            .mode(Mode::Auto)
            .translate(Translate::Now)
            .no_cache()
            .build();
        lockstep::ckb::install(Arc::new(engine));
    });
}

fn transaction(hash_type: ScriptHashType, signature: Signature) -> Arc<ResolvedTransaction> {
    install();
    Arc::new(resolved(hash_type, signature))
}

/// Cycles, or the error's text.
fn verify<M: DefaultMachineRunner>(
    transaction: &Arc<ResolvedTransaction>,
    limit: u64,
) -> Result<u64, String> {
    verifier::<M>(Arc::clone(transaction), consensus())
        .verify(limit)
        .map_err(|error| error.to_string())
}

fn scheduler<M: DefaultMachineRunner>(
    transaction: &Arc<ResolvedTransaction>,
) -> Scheduler<Chain, DebugPrinter, M> {
    let verifier = verifier::<M>(Arc::clone(transaction), consensus());
    let (_, group) = verifier.groups().next().expect("one lock script");
    verifier
        .create_scheduler(group)
        .expect("the script's code is there")
}

#[test]
fn verdicts_and_cycles_are_the_same() {
    for hash_type in HASH_TYPES {
        let good = transaction(hash_type, Signature::Good);
        let expected = verify::<AsmMachine>(&good, PLENTY);
        assert!(expected.is_ok(), "{hash_type:?}: {expected:?}");
        assert_eq!(verify::<NativeMachine>(&good, PLENTY), expected);

        let bad = transaction(hash_type, Signature::BitFlipped);
        let expected = verify::<AsmMachine>(&bad, PLENTY);
        assert!(expected.is_err(), "{hash_type:?}: {expected:?}");
        assert_eq!(verify::<NativeMachine>(&bad, PLENTY), expected);
    }
}

#[test]
fn a_chain_before_the_later_versions_runs_version_0() {
    let good = transaction(ScriptHashType::Type, Signature::Good);
    let asm = verifier::<AsmMachine>(Arc::clone(&good), old_consensus()).verify(PLENTY);
    let ours = verifier::<NativeMachine>(good, old_consensus()).verify(PLENTY);
    assert_eq!(ours.ok(), asm.ok());
}

#[test]
fn nearly_all_cycles_run_natively() {
    for hash_type in [ScriptHashType::Data1, ScriptHashType::Data2] {
        let good = transaction(hash_type, Signature::Good);
        let mut scheduler = scheduler::<NativeMachine>(&good);
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
            "{hash_type:?}: {native} of {charged} cycles ran natively"
        );
    }
}

#[test]
fn the_interpreter_alone_agrees() {
    let engine = Arc::new(Engine::builder().mode(Mode::Interp).no_cache().build());
    for signature in [Signature::Good, Signature::BitFlipped] {
        let transaction = transaction(ScriptHashType::Data2, signature);
        let expected = verify::<AsmMachine>(&transaction, PLENTY);
        let ours = with_engine(Arc::clone(&engine), || {
            verify::<NativeMachine>(&transaction, PLENTY)
        });
        assert_eq!(ours, expected);
    }
    assert_eq!(engine.stats().translations, 0);
}

#[test]
fn limits_are_met_alike() {
    let good = transaction(ScriptHashType::Data2, Signature::Good);
    let cycles = verify::<AsmMachine>(&good, PLENTY).expect("the signature is good");
    for limit in [0, 1, 10_000, 300_000, cycles / 2, cycles - 1, cycles] {
        assert_eq!(
            verify::<NativeMachine>(&good, limit),
            verify::<AsmMachine>(&good, limit),
            "limit {limit}"
        );
    }
}

/// Enough for the script's system calls. They charge without looking at the limit, and a scheduler
/// whose machine went beyond its piece cannot go on.
const FIRST_PIECE: u64 = 600_000;

/// Cycles consumed after each piece, the last entry being the total; then the exit code.
fn run_in_pieces<M: DefaultMachineRunner>(
    transaction: &Arc<ResolvedTransaction>,
    piece: u64,
) -> (Vec<u64>, i8) {
    let mut scheduler = scheduler::<M>(transaction);
    let mut consumed = Vec::new();
    loop {
        let limit = if consumed.is_empty() {
            FIRST_PIECE
        } else {
            piece
        };
        let result = scheduler.run(RunMode::LimitCycles(limit));
        consumed.push(scheduler.consumed_cycles());
        assert!(
            consumed.len() < 10_000,
            "no progress: {:?}",
            &consumed[9_990..]
        );
        match result {
            Ok(end) => return (consumed, end.exit_code),
            Err(Error::CyclesExceeded) => {}
            Err(error) => panic!("after {consumed:?}: {error}"),
        }
    }
}

#[test]
fn pieces_stop_at_the_same_places_and_add_up() {
    for hash_type in [ScriptHashType::Data1, ScriptHashType::Data2] {
        for signature in [Signature::Good, Signature::BitFlipped] {
            let transaction = transaction(hash_type, signature);
            for piece in [1_009, 20_011, 500_009] {
                assert_eq!(
                    run_in_pieces::<NativeMachine>(&transaction, piece),
                    run_in_pieces::<AsmMachine>(&transaction, piece),
                    "{hash_type:?} {signature:?}, pieces of {piece}"
                );
            }
        }
    }
}

/// Verifies while another thread asks for pauses; the total, and how many there were.
fn verify_with_pauses(transaction: &Arc<ResolvedTransaction>) -> (u64, u64) {
    let mut scheduler = scheduler::<NativeMachine>(transaction);
    let (pause, mut pauses) = (Pause::new(), 0);
    // One before it starts: all may be over before the other thread wakes up.
    pause.interrupt();
    std::thread::scope(|scope| {
        let (stop, stopped) = channel::<()>();
        let signal = pause.clone();
        scope.spawn(move || {
            let step = Duration::from_micros(70);
            while stopped.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
                signal.interrupt();
            }
        });
        let total = loop {
            match scheduler.run(RunMode::Pause(pause.clone(), PLENTY)) {
                Ok(end) => break end.consumed_cycles,
                Err(Error::Pause) => pauses += 1,
                Err(error) => panic!("{error}"),
            }
        };
        drop(stop);
        (total, pauses)
    })
}

#[test]
fn pauses_from_another_thread_change_nothing() {
    let good = transaction(ScriptHashType::Data2, Signature::Good);
    let expected = verify::<AsmMachine>(&good, PLENTY);
    for _ in 0..20 {
        let (total, pauses) = verify_with_pauses(&good);
        assert_eq!(Ok(total), expected);
        assert!(pauses > 0);
    }
    let interpreter = Engine::builder().mode(Mode::Interp).no_cache().build();
    let (total, pauses) = with_engine(Arc::new(interpreter), || verify_with_pauses(&good));
    assert_eq!(Ok(total), expected);
    assert!(pauses > 0);
}

#[test]
fn suspending_and_resuming_changes_nothing() {
    let good = transaction(ScriptHashType::Data1, Signature::Good);
    let expected = verify::<AsmMachine>(&good, PLENTY);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let (commands, mut receiver) = tokio::sync::watch::channel(ChunkCommand::Resume);
    let teaser = std::thread::spawn(move || {
        // Ends when nobody listens any more.
        for command in [ChunkCommand::Suspend, ChunkCommand::Resume].iter().cycle() {
            std::thread::sleep(Duration::from_micros(100));
            if commands.send(command.to_owned()).is_err() {
                return;
            }
        }
    });
    let verifier = verifier::<NativeMachine>(good, consensus());
    let total = runtime
        .block_on(verifier.resumable_verify_with_signal(PLENTY, &mut receiver))
        .map_err(|error| error.to_string());
    drop(receiver);
    teaser.join().expect("the teaser does not panic");
    assert_eq!(total, expected);
}
