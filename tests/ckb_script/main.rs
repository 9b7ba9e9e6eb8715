//! Real transactions verified by `ckb-script`, on CKB-VM's assembly machine and on ours.
//!
//! The transactions are signed where there is something to sign, the scripts are those deployed on
//! CKB's main net and our own for what those do not do (spawn, exec, libraries), and `ckb-script` is
//! not told what it drives: verdicts, cycles and errors must be the same, whole and in pieces, and so
//! must be all that is left of every machine. The machine by itself is tested in `adapter.rs`.

mod pieces;
mod signals;
mod whole;

use std::sync::{Arc, Once};

use ckb_script::{RunMode, ScriptGroup};
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{CoreMachine, DefaultMachineRunner, Error, Memory};
use lockstep::Engine;
use lockstep::ckb::NativeMachine;
use lockstep::engine::{Mode, Translate};
use lockstep::transaction::Verifier;
use lockstep_test_support::transaction::{Case, scripts, silent, system};

/// Far more than any script here needs, far less than `u64` holds.
const PLENTY: u64 = 70_000_000;

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

/// All cases there are.
fn cases() -> Vec<Case> {
    let cases: Vec<Case> = system::cases()
        .into_iter()
        .chain(scripts::cases())
        .collect();
    assert!(cases.len() > 70, "{}", cases.len());
    cases
}

/// A verifier on the machine `M`.
fn verifier<M: DefaultMachineRunner>(case: &Case) -> Verifier<M> {
    install();
    case.transaction().verifier::<M>(case.latest, silent())
}

/// Cycles, or the error's text.
fn verify<M: DefaultMachineRunner>(case: &Case, limit: u64) -> Result<u64, String> {
    verifier::<M>(case)
        .verify(limit)
        .map_err(|error| error.to_string())
}

/// What is left of one machine.
#[derive(PartialEq, Debug)]
struct Left {
    id: u64,
    suspended: bool,
    pc: u64,
    registers: Vec<u64>,
    /// Of bytes and flags of all memory; of a suspended machine, of what it will be made of.
    memory: String,
}

/// All that can be seen of a run of one script.
#[derive(PartialEq, Debug)]
struct Seen {
    /// After each call: what it came to, and the cycles until then.
    calls: Vec<(String, u64)>,
    left: Vec<Left>,
}

/// Runs each script of a transaction: whole, or in pieces of so many cycles until it ends.
fn observe<M: DefaultMachineRunner>(case: &Case, pieces: &mut dyn FnMut() -> u64) -> Vec<Seen> {
    let verifier = verifier::<M>(case);
    let groups = verifier.groups().map(|(_, group)| group);
    groups
        .map(|group| observe_group(&verifier, group, pieces))
        .collect()
}

/// Calls of a scheduler, and cycles, after which a test goes on to the next: some scripts never end.
const CALLS: usize = 3000;
const CYCLES: u64 = 6_000_000;

fn observe_group<M: DefaultMachineRunner>(
    verifier: &Verifier<M>,
    group: &ScriptGroup,
    pieces: &mut dyn FnMut() -> u64,
) -> Seen {
    let mut calls = Vec::new();
    let mut scheduler = match verifier.create_scheduler(group) {
        Ok(scheduler) => scheduler,
        Err(error) => {
            return Seen {
                calls: vec![(error.to_string(), 0)],
                left: vec![],
            };
        }
    };
    loop {
        let result = scheduler.run(RunMode::LimitCycles(pieces()));
        let again = matches!(result, Err(Error::CyclesExceeded));
        let text = match result {
            Ok(end) => format!("exit {} after {}", end.exit_code, end.consumed_cycles),
            Err(error) => format!("{error:?}"),
        };
        let cycles = scheduler.consumed_cycles();
        let stuck = calls.last().is_some_and(|(_, before)| *before == cycles);
        calls.push((text, cycles));
        // A scheduler whose machine went beyond its piece by a system call does not go on.
        let over = !again || stuck || scheduler.terminated();
        if over || calls.len() == CALLS || cycles > CYCLES {
            break;
        }
    }
    let left = (0..24).filter_map(|id| {
        scheduler
            .peek(
                &id,
                |machine| Ok(look_at(id, machine)),
                |snapshot, _| {
                    let pages = (&snapshot.pages_from_source, &snapshot.dirty_pages);
                    let text = format!(
                        "{pages:?} {} {}",
                        snapshot.version, snapshot.load_reservation_address
                    );
                    Ok(Left {
                        id,
                        suspended: true,
                        pc: snapshot.pc,
                        registers: snapshot.registers.to_vec(),
                        memory: blake3::hash(text.as_bytes()).to_string(),
                    })
                },
            )
            .ok()
    });
    let left = left.collect();
    Seen { calls, left }
}

fn look_at<M: DefaultMachineRunner>(id: u64, machine: &mut M) -> Left {
    let core = machine.inner_mut();
    let size = core.memory().memory_size() as u64;
    let mut hasher = blake3::Hasher::new();
    let bytes = core.memory_mut().load_bytes(0, size);
    hasher.update(&bytes.expect("all of memory can be read"));
    for page in 0..size / 4096 {
        let flag = core.memory_mut().fetch_flag(page);
        hasher.update(&[flag.expect("the page is there")]);
    }
    let number = |register: &<M::Inner as CoreMachine>::REG| ckb_vm::Register::to_u64(register);
    Left {
        id,
        suspended: false,
        pc: number(core.pc()),
        registers: core.registers().iter().map(number).collect(),
        memory: hasher.finalize().to_string(),
    }
}

/// Runs a case on both machines and compares all that can be seen.
fn compare(case: &Case, mut pieces: impl FnMut() -> Box<dyn FnMut() -> u64>) {
    let expected = observe::<AsmMachine>(case, &mut *pieces());
    let ours = observe::<NativeMachine>(case, &mut *pieces());
    assert_eq!(ours, expected, "{}", case.name);
}
