//! Exit codes and cycles of the check engine against the assembly machine.
//!
//! Each program runs alone with several arguments, and as a lock with several arguments in a transaction that has
//! cells, witnesses and headers to ask for. Most fail in some of these runs; they must fail alike.

use std::sync::Arc;

use ckb_script::RunMode;
use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_types::prelude::*;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::transaction::Transaction;
use lockstep_isa::Version;
use lockstep_runtime::Outcome;
use lockstep_test_support::driver::{Guest, checking};
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::real::{self, Script};
use lockstep_test_support::reference::Asm;
use lockstep_test_support::transaction::real::transactions;
use lockstep_test_support::transaction::system::system_cell;
use lockstep_test_support::transaction::{Coin, Draft, script_of, silent, transaction, witness};

/// Where a run is cut off: some programs never end, and the check engine takes its time.
const LIMIT: u64 = 3_000_000;
/// Where a whole transaction that is valid is cut off.
const WHOLE_LIMIT: u64 = 100_000_000;

/// What a program is run with, alone and as a script.
fn arguments() -> [Vec<Vec<u8>>; 4] {
    [
        vec![],
        vec![b"1".to_vec()],
        vec![b"\x02\x00\x07".to_vec(), b"300".to_vec(), b"-x".to_vec()],
        vec![vec![9; 20], vec![0xff; 60]],
    ]
}

/// A run alone: how it ends and the cycles, where a machine has loaded it.
fn alone(name: &str, elf: &[u8], args: &[Vec<u8>]) {
    let program = Program {
        name: name.to_owned(),
        elf: elf.to_vec(),
        args: args.to_vec(),
        registers: Vec::new(),
    };
    for version in [Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let asm = Asm::asm(&program, &setup);
        let ours = Guest::load(&program, &setup);
        assert_eq!(asm.is_ok(), ours.is_some(), "{name} {args:?}: loading");
        let (Ok(mut asm), Some(ours)) = (asm, ours) else {
            continue;
        };
        let expected = asm.run_quietly(LIMIT);
        let trip = ours.run_until(&checking(None), LIMIT);
        assert_eq!(trip.found, None, "{name} {args:?}");
        let ended = match trip.end.result {
            Ok(Outcome::Exit(code)) => Verdict::Exit(code),
            Ok(Outcome::Paused) => panic!("{name} {args:?}: nobody asked for a pause"),
            Err(trap) => Verdict::Fault(trap.name().to_string()),
        };
        assert_eq!(ended, expected, "{name} {args:?}");
        assert_eq!(trip.end.cycles, asm.cycles(), "{name} {args:?}: cycles");
    }
}

/// A transaction whose lock is this program.
fn locked(elf: &[u8], args: Vec<u8>) -> Transaction {
    let code = Bytes::copy_from_slice(elf);
    let lock = script_of(&code, ScriptHashType::Data2, args);
    let draft = Draft::default()
        .dep(code, None)
        .dep(system_cell("secp256k1_data"), None)
        .input(Coin::new(lock.clone()))
        .output(&Coin::new(lock))
        .witness(witness(vec![7; 65]).as_bytes())
        .witness(vec![3; 8]);
    transaction(&draft.build())
}

/// What a transaction's scripts come to: results and cycles, in the order of their hashes.
fn results<M: DefaultMachineRunner>(transaction: &Transaction, limit: u64) -> Vec<(String, u64)> {
    let verifier = transaction.verifier::<M>(Version::V2, silent());
    let mut groups: Vec<_> = verifier.groups().map(|(_, group)| group).collect();
    groups.sort_by_key(|group| group.script.calc_script_hash());
    let result = |group| match verifier.create_scheduler(group) {
        Ok(mut scheduler) => {
            let result = scheduler.run(RunMode::LimitCycles(limit));
            let text = match result {
                Ok(end) => format!("exit {}", end.exit_code),
                Err(error) => format!("{error:?}"),
            };
            (text, scheduler.consumed_cycles())
        }
        Err(error) => (error.to_string(), 0),
    };
    groups.into_iter().map(result).collect()
}

fn whole(name: &str, engine: &Arc<Engine>, transaction: &Transaction, limit: u64) {
    let expected = results::<AsmMachine>(transaction, limit);
    let ours = with_engine(Arc::clone(engine), || {
        results::<NativeMachine>(transaction, limit)
    });
    assert_eq!(ours, expected, "{name}");
    let found = engine.divergences().into_iter().next();
    assert!(
        found.is_none(),
        "{name}: {:?}",
        found.map(|found| found.difference)
    );
}

fn check(script: &Script) {
    let elf = script.elf().unwrap_or_else(|error| panic!("{error}"));
    let engine = Arc::new(checking(None));
    for args in arguments() {
        alone(&script.name, &elf, &args);
        let name = format!("{} as a lock with {args:?}", script.name);
        whole(&name, &engine, &locked(&elf, args.concat()), LIMIT);
    }
}

#[test]
fn system_scripts_end_as_on_the_assembly_machine() {
    let own = real::scripts();
    let own = own.iter().filter(|script| script.is_a_dependency());
    let count = own.map(check).count();
    assert!(count > 3, "{count}");
}

#[test]
#[ignore = "fetches packages from the registries; `cargo xtask prove real` runs it"]
fn all_scripts_end_as_on_the_assembly_machine() {
    let scripts = real::scripts();
    for script in &scripts {
        println!("{}", script.name);
        check(script);
    }
    assert!(scripts.len() > 70, "{}", scripts.len());
}

#[test]
#[ignore = "fetches packages from the registries; `cargo xtask prove real` runs it"]
fn all_transactions_verify_as_on_the_assembly_machine() {
    for real in transactions() {
        println!("{}", real.name);
        let engine = Arc::new(checking(None));
        let transaction = real.transaction().unwrap_or_else(|error| panic!("{error}"));
        whole(&real.name, &engine, &transaction, WHOLE_LIMIT);
    }
}
