//! The transactions in `examples/transactions`: they are what the drafts give, and they verify alike on
//! both machines, as the file says.
//!
//! `BLESS=1 cargo test --test transaction_files` writes them anew. Data that stands in a file of the
//! repository is named, not copied: `{{ data FILE }}`.

use std::path::{Path, PathBuf};

use ckb_mock_tx_types::ReprMockTransaction;
use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, install};
use lockstep::engine::Translate;
use lockstep::transaction::Transaction;
use lockstep_isa as isa;
use lockstep_test_support::transaction::scripts::{self, Exec, HashLock, guest};
use lockstep_test_support::transaction::system::{self, Interest, Signature, system_cell};
use lockstep_test_support::transaction::{Case, silent};
use serde_json::Value;

const PLENTY: u64 = 70_000_000;

/// System cells that are committed beside the files: others take them from a crate.
const CELLS: [&str; 3] = ["secp256k1_blake160_sighash_all", "secp256k1_data", "dao"];

const GUESTS: [&str; 11] = [
    "always_success",
    "exec",
    "library",
    "loader",
    "rust_evm_verify",
    "rust_lock",
    "rust_move_verify",
    "rust_token",
    "rust_tree",
    "sha256",
    "spawn",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/transactions")
}

fn cases() -> Vec<Case> {
    let exec = Exec {
        hash_type: ScriptHashType::Data2,
        from: scripts::From::InTurn,
        times: 5,
        in_the_middle: false,
        last: Some("sha256"),
    };
    let lock = HashLock {
        hash_type: ScriptHashType::Data1,
        function: "sha256d",
        copies: 2,
        good: true,
    };
    let sighash = |signature| system::sighash(ScriptHashType::Type, signature);
    let dao = system::dao_withdrawal(Interest::Due);
    vec![
        Case::new("sighash_good", sighash(Signature::Good), true),
        Case::new("sighash_bad", sighash(Signature::BitFlipped), false),
        Case::new("dao_withdrawal", dao, true),
        Case::new("spawn", scripts::spawn_tree(2, 2000), true),
        Case::new("exec", scripts::exec(exec), true),
        Case::new("library", scripts::hash_lock(lock), true),
        Case::new("rust_token", scripts::rust_token(1000), true),
        Case::new("rust_lock", scripts::rust_lock(3, true), true),
        Case::new("rust_tree", scripts::rust_tree(2, 2000), true),
        Case::new("evm_transfer", scripts::evm_transition("transfer"), true),
        Case::new(
            "evm_wrong_balance",
            scripts::evm_transition("wrong_balance"),
            false,
        ),
        Case::new("move_first", scripts::move_call("first"), true),
        Case::new("move_transfer", scripts::move_call("transfer"), true),
        Case::new(
            "move_wrong_balance",
            scripts::move_call("wrong_balance"),
            false,
        ),
    ]
}

/// Files of the repository by their content, and how a transaction's file names them.
fn known_files() -> Vec<(Bytes, String)> {
    let cells = CELLS.map(|name| (system_cell(name), format!("cells/{name}")));
    let guests = GUESTS.map(|name| (guest(name), format!("../../guests/elf/{name}.elf")));
    cells.into_iter().chain(guests).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::from("0x"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A case as a file.
fn rendered(case: &Case) -> String {
    let names: Vec<(String, String)> = known_files()
        .into_iter()
        .map(|(data, name)| (hex(&data), format!("0x{{{{ data {name} }}}}")))
        .collect();
    fn name(value: &mut Value, names: &[(String, String)]) {
        match value {
            Value::String(text) => {
                if let Some((_, name)) = names.iter().find(|(data, _)| data == text) {
                    *text = name.clone();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| name(item, names)),
            Value::Object(fields) => fields.values_mut().for_each(|field| name(field, names)),
            _ => {}
        }
    }
    let described = ReprMockTransaction::from(case.mock.clone());
    let mut value = serde_json::to_value(described).expect("a transaction is JSON");
    name(&mut value, &names);
    serde_json::to_string_pretty(&value).expect("it is JSON") + "\n"
}

#[test]
fn the_files_are_what_the_drafts_give() {
    let mut files: Vec<(PathBuf, Vec<u8>)> = cases()
        .iter()
        .map(|case| {
            let path = folder().join(format!("{}.json", case.name));
            (path, rendered(case).into_bytes())
        })
        .collect();
    files.extend(CELLS.map(|name| {
        (
            folder().join("cells").join(name),
            system_cell(name).to_vec(),
        )
    }));
    for (path, expected) in files {
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, expected).expect("the folder is there");
            continue;
        }
        let found = std::fs::read(&path).unwrap_or_default();
        assert!(
            found == expected,
            "{} is not what the drafts give; BLESS=1 writes it",
            path.display()
        );
    }
}

#[test]
fn the_files_verify_alike_on_both_machines() {
    let engine = Engine::builder()
        .translate(Translate::Now)
        .no_cache()
        .build();
    install(engine.into());
    for case in cases() {
        let path = folder().join(format!("{}.json", case.name));
        let transaction = Transaction::read(&path).expect("the file is a transaction");
        assert_eq!(
            transaction.resolved().transaction.hash(),
            case.transaction().resolved().transaction.hash()
        );
        let asm = transaction.verifier::<AsmMachine>(isa::Version::V2, silent());
        let ours = transaction.verifier::<NativeMachine>(isa::Version::V2, silent());

        let expected = asm.verify(PLENTY).map_err(|error| error.to_string());
        assert_eq!(expected.is_ok(), case.valid, "{}: {expected:?}", case.name);
        let ours = ours.verify(PLENTY).map_err(|error| error.to_string());
        assert_eq!(ours, expected, "{}", case.name);
    }
}
