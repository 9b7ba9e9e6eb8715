//! The type script: calls whose transactions must be accepted, and others that must not.
//!
//! `tests/movevm/transitions.tsv` has them: name, state before, state after, call, and modules, all in hexadecimal.
//! `BLESS=1 cargo test --test movevm transitions` writes it anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ckb_hash::blake2b_256;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, install};
use lockstep::engine::Translate;
use lockstep_isa::Version;
use lockstep_test_support::transaction::scripts::{lock_hash, move_call};
use lockstep_test_support::transaction::{silent, transaction};
use movevm::build::{Build, small_address};
use movevm::face::state::{Call, Hash, State};
use movevm::face::text::hex;
use movevm::face::verify::{Around, apply};
use movevm::format::{Abilities, Address, Token};
use movevm::instruction::Instruction::*;
use movevm::wrong::Code;

use crate::fixture::{mutable, reference};
use crate::hostile::{Numbers, damage};

const PLENTY: u64 = 70_000_000;

/// The module `0x1::signer`, as far as it is needed.
fn signer() -> Vec<u8> {
    let mut build = Build::new(small_address(1), "signer");
    let own = build.module.own_handle;
    let (given, result) = ([reference(Token::Signer)], [reference(Token::Address)]);
    let handle = build.function_handle(own, "borrow_address", &[], &given, &result);
    build.define(handle, &[], &[], &[]);
    let last = build.module.function_definitions.last_mut();
    last.expect("it was added").code = None;
    build.bytes()
}

/// The module `0xb::bank`: `struct Account has key { balance: u64 }`, and who signs pays from the own account to another.
fn bank() -> Vec<u8> {
    let mut build = Build::new(small_address(0xB), "bank");
    let fields = [("balance", Token::U64)];
    let (_, account) = build.structure("Account", Abilities::KEY, &[], &fields);
    let balance = build.field(account, 0);
    let own = build.module.own_handle;
    let library = build.module_handle(small_address(1), "signer");
    let given = [reference(Token::Signer)];
    let result = [reference(Token::Address)];
    let address_of = build.function_handle(library, "borrow_address", &[], &given, &result);
    let given = [reference(Token::Signer), Token::Address, Token::U64];
    let transfer = build.function_handle(own, "transfer", &[], &given, &[]);
    let locals = [Token::Address, mutable(Token::U64)];
    let code = [
        MoveLoc(0),
        Call(address_of),
        ReadRef,
        StLoc(3),
        MoveLoc(3),
        MutBorrowGlobal(account),
        MutBorrowField(balance),
        StLoc(4),
        CopyLoc(4),
        ReadRef,
        CopyLoc(2),
        Sub,
        MoveLoc(4),
        WriteRef,
        MoveLoc(1),
        MutBorrowGlobal(account),
        MutBorrowField(balance),
        StLoc(4),
        CopyLoc(4),
        ReadRef,
        MoveLoc(2),
        Add,
        MoveLoc(4),
        WriteRef,
        Ret,
    ];
    build.define(transfer, &[account], &locals, &code);
    let given = [reference(Token::Signer), Token::U64];
    let open = build.function_handle(own, "open", &[], &given, &[]);
    let code = [MoveLoc(0), MoveLoc(1), Pack(account), MoveTo(account), Ret];
    build.define(open, &[], &[], &code);
    build.bytes()
}

struct Row {
    name: &'static str,
    before: Vec<u8>,
    after: Vec<u8>,
    call: Vec<u8>,
    modules: Vec<Vec<u8>>,
    /// The script's exit code.
    code: Option<Code>,
}

fn state(modules: &[Vec<u8>], balances: &[(Address, u64)]) -> Vec<u8> {
    let name = format!("0x{:064x}::bank::Account", 0xB);
    let account =
        |(owner, balance): &(Address, u64)| (*owner, name.clone(), balance.to_le_bytes().to_vec());
    let mut resources: Vec<_> = balances.iter().map(account).collect();
    resources.sort();
    let modules = modules.iter().map(blake2b_256).collect();
    State { modules, resources }.write()
}

fn call(function: &str, arguments: &[&[u8]]) -> Vec<u8> {
    let call = Call {
        gas: 100_000,
        function: format!("0xb::bank::{function}"),
        types: Vec::new(),
        arguments: arguments.iter().map(|bytes| bytes.to_vec()).collect(),
    };
    call.write()
}

fn rows() -> Vec<Row> {
    let modules = vec![signer(), bank()];
    let (own, other) = (lock_hash(1), lock_hash(2));
    let before = state(&modules, &[(own, 500), (other, 20)]);
    let after = state(&modules, &[(own, 400), (other, 120)]);
    let pay = |from: &Address, to: &Address, amount: u64| {
        call("transfer", &[from, to, &amount.to_le_bytes()])
    };
    let row = |name, after: &[u8], call: Vec<u8>, code| Row {
        name,
        before: before.clone(),
        after: after.to_vec(),
        call,
        modules: modules.clone(),
        code,
    };
    let wrong = state(&modules, &[(own, 400), (other, 121)]);
    let third = lock_hash(3);
    let hundred = pay(&own, &other, 100);
    let first = |name, code| Row {
        before: Vec::new(),
        ..row(name, &before, Vec::new(), code)
    };
    vec![
        first("first", None),
        first("first_elsewhere", Some(Code::Configuration)),
        row("transfer", &after, hundred.clone(), None),
        row("wrong_balance", &wrong, hundred.clone(), Some(Code::Output)),
        row(
            "too_much",
            &before,
            pay(&own, &other, 501),
            Some(Code::Failed),
        ),
        row(
            "to_nobody",
            &before,
            pay(&own, &third, 1),
            Some(Code::Failed),
        ),
        row(
            "not_signed",
            &after,
            pay(&other, &own, 1),
            Some(Code::Argument),
        ),
        row(
            "again",
            &before,
            call("open", &[&own, &[0; 8]]),
            Some(Code::Failed),
        ),
        row(
            "short",
            &after,
            call("transfer", &[&own, &other]),
            Some(Code::Argument),
        ),
        row(
            "unknown",
            &after,
            call("steal", &[&own]),
            Some(Code::Function),
        ),
        row("no_call", &after, vec![1, 2, 3], Some(Code::Witness)),
        Row {
            before: vec![0xFF],
            ..row("no_state", &after, hundred.clone(), Some(Code::Cells))
        },
        Row {
            modules: vec![bank()],
            ..row("no_module", &after, hundred, Some(Code::Link))
        },
    ]
}

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/movevm/transitions.tsv")
}

fn table() -> String {
    let mut text = String::from("# name, state before, state after, call, modules\n");
    for row in rows() {
        let modules: Vec<String> = row.modules.iter().map(|module| hex(module)).collect();
        let fields = [
            hex(&row.before),
            hex(&row.after),
            hex(&row.call),
            modules.join(","),
        ];
        text.push_str(&format!("{}\t{}\n", row.name, fields.join("\t")));
    }
    text
}

#[test]
fn transitions_are_those_that_are_committed() {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path(), table()).expect("the folder is there");
    }
    assert_eq!(std::fs::read_to_string(path()).ok(), Some(table()));
}

#[test]
fn transitions_verify_alike_on_both_machines() {
    let engine = Engine::builder()
        .translate(Translate::Now)
        .no_cache()
        .build();
    install(engine.into());
    for row in rows() {
        let transaction = transaction(&move_call(row.name));
        let asm = transaction
            .verifier::<AsmMachine>(Version::V2, silent())
            .verify(PLENTY);
        let ours = transaction
            .verifier::<NativeMachine>(Version::V2, silent())
            .verify(PLENTY);
        let [asm, ours] = [asm, ours].map(|result| result.map_err(|error| error.to_string()));
        assert_eq!(ours, asm, "{}", row.name);
        match (row.code, asm) {
            (None, Ok(_)) => {}
            (Some(code), Err(error)) => {
                let code = format!("code {}", code as i8);
                assert!(error.contains(&code), "{}: {error}", row.name);
            }
            (_, other) => panic!("{}: {other:?}", row.name),
        }
    }
}

/// The library says the same as the script; and a call that opens an account makes a resource.
#[test]
fn the_library_makes_the_state_after() {
    let signers = [lock_hash(1), lock_hash(2)];
    for row in rows().iter().filter(|row| !row.before.is_empty()) {
        let known: BTreeMap<Hash, Vec<u8>> = (row.modules.iter())
            .map(|module| (blake2b_256(module), module.clone()))
            .collect();
        let around = Around {
            module: &|hash| known.get(hash).cloned(),
            signs: &|address| *address == signers[0],
        };
        let made = apply(&row.before, &row.call, &around);
        match row.code {
            None => assert_eq!(made, Ok(row.after.clone()), "{}", row.name),
            Some(Code::Output) => assert_ne!(made, Ok(row.after.clone()), "{}", row.name),
            Some(code) => assert_eq!(made.map_err(|wrong| wrong.code), Err(code), "{}", row.name),
        }
    }
    let modules = vec![signer(), bank()];
    let known: BTreeMap<Hash, Vec<u8>> = (modules.iter())
        .map(|module| (blake2b_256(module), module.clone()))
        .collect();
    let around = Around {
        module: &|hash| known.get(hash).cloned(),
        signs: &|address| signers.contains(address),
    };
    let empty = state(&modules, &[]);
    let opening = call("open", &[&signers[1], &7u64.to_le_bytes()]);
    let opened = apply(&empty, &opening, &around);
    assert_eq!(opened, Ok(state(&modules, &[(signers[1], 7)])));
}

/// Damaged states, calls and modules are refused, or give a state that can be read.
#[test]
fn damaged_transitions_end_in_a_defined_way() {
    let rows = rows();
    let signer = lock_hash(1);
    let mut accepted = 0;
    for seed in 1..4000u64 {
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let row = &rows[numbers.below(rows.len())];
        let (mut before, mut call) = (row.before.clone(), row.call.clone());
        let mut modules = row.modules.clone();
        match numbers.below(3) {
            0 => damage(&mut before, &mut numbers),
            1 => damage(&mut call, &mut numbers),
            _ => {
                let at = numbers.below(modules.len());
                damage(&mut modules[at], &mut numbers);
            }
        }
        // A module is found by the hash that it had: the chain would not, but then nothing would be read.
        let names: Vec<Hash> = row.modules.iter().map(blake2b_256).collect();
        let around = Around {
            module: &|hash| {
                let at = names.iter().position(|name| name == hash)?;
                modules.get(at).cloned()
            },
            signs: &|address| *address == signer,
        };
        if let Ok(after) = apply(&before, &call, &around) {
            assert!(State::read(&after).is_some(), "{seed}");
            accepted += 1;
        }
    }
    assert!(accepted > 0, "nothing was accepted");
}
