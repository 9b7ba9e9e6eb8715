//! The EVM that runs as a script: the worked example step by step, recorded programs, and recorded state transitions.
//!
//! `cargo xtask prove evm` compares tens of thousands of programs with other EVMs; what stands in `tests/evm` is some of
//! them, with results that `revm` on the host gave. The transitions are verified by a CKB transaction around them, on
//! CKB-VM's assembly machine and natively.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use ckb_vm::machine::asm::AsmMachine;
use lockstep::ckb::{NativeMachine, install};
use lockstep::engine::{Mode, Translate};
use lockstep::runtime::{CostTable, DebugPrint};
use lockstep::{Engine, Machine, Outcome, Platform, Program as Loaded};
use lockstep_isa::Version;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::transaction::{scripts, silent, transaction};
use lockstep_test_support::{check, check_trace};

const PLENTY: u64 = 70_000_000;

/// The code of the worked example: byte 0 of memory becomes 0x37, the word goes to storage, the byte is returned.
const EXAMPLE: &str = "603760005360005160005560016000f3";

/// Each step of it: the operation, its address, the gas before it, what it costs, and the stack before it, of which each
/// word is a number of leading digits that are followed by zeros, or of trailing ones.
const STEPS: [(&str, u64, u64, u64, &[Word]); 10] = [
    ("PUSH1", 0, 100_000, 3, &[]),
    ("PUSH1", 2, 99_997, 3, &[Word::Low(0x37)]),
    ("MSTORE8", 4, 99_994, 6, &[Word::Low(0), Word::Low(0x37)]),
    ("PUSH1", 5, 99_988, 3, &[]),
    ("MLOAD", 7, 99_985, 3, &[Word::Low(0)]),
    ("PUSH1", 8, 99_982, 3, &[Word::High(0x37)]),
    (
        "SSTORE",
        10,
        99_979,
        20_000,
        &[Word::Low(0), Word::High(0x37)],
    ),
    ("PUSH1", 11, 79_979, 3, &[]),
    ("PUSH1", 13, 79_976, 3, &[Word::Low(1)]),
    ("RETURN", 15, 79_973, 0, &[Word::Low(0), Word::Low(1)]),
];

/// Steps from here on have memory, and from here on storage.
const MEMORY_FROM: usize = 3;
const STORAGE_FROM: usize = 7;

enum Word {
    /// A byte at the end.
    Low(u8),
    /// A byte at the beginning.
    High(u8),
}

impl Word {
    fn text(&self) -> String {
        match self {
            Word::Low(byte) => format!("{byte:064x}"),
            Word::High(byte) => format!("{byte:02x}{:062x}", 0),
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/evm")
}

/// The guest, natively.
struct Guest {
    elf: Vec<u8>,
    loaded: Loaded,
    engine: Engine,
}

impl Guest {
    fn load() -> Guest {
        let elf = scripts::guest("rust_evm").to_vec();
        let loaded = Loaded::load(&elf, &Platform::default()).expect("the guest is an ELF");
        let engine = Engine::builder()
            .no_cache()
            .mode(Mode::Native)
            .translate(Translate::Now)
            .build();
        Guest {
            elf,
            loaded,
            engine,
        }
    }

    /// Its exit code, and the lines that it prints.
    fn run(&self, arguments: &[&str]) -> (i8, Vec<String>) {
        let mut core = self
            .loaded
            .core()
            .fork()
            .expect("there is memory for a guest");
        core.set_max_cycles(PLENTY);
        let (lines, printed) = channel();
        let print = DebugPrint::new(move |text: &[u8]| {
            let _ = lines.send(String::from_utf8_lossy(text).into_owned());
        });
        let mut machine = Machine::new(core).with(print);
        let arguments: Vec<Vec<u8>> = arguments
            .iter()
            .map(|text| text.as_bytes().to_vec())
            .collect();
        let cost = CostTable::from(Platform::default().cost);
        let environment = self.engine.environment(&cost);
        let outcome = machine
            .initialize(arguments.iter().map(Ok))
            .and_then(|_| machine.run(&environment));
        match outcome {
            Ok(Outcome::Exit(code)) => (code, printed.try_iter().collect()),
            other => panic!("{other:?}"),
        }
    }

    /// Compares the engines, block by block if `whole`. Returns the exit code.
    fn compare(&self, arguments: &[&str], whole: bool) -> Verdict {
        let program = Program {
            name: "rust_evm".to_string(),
            elf: self.elf.clone(),
            args: arguments
                .iter()
                .map(|text| text.as_bytes().to_vec())
                .collect(),
            registers: Vec::new(),
        };
        let setup = Setup::ckb(Version::V2);
        let agreement = check(&program, &setup, &[PLENTY], &Modules::new())
            .unwrap_or_else(|difference| panic!("{arguments:?}: {difference}"));
        if whole {
            check_trace(&program, &setup, PLENTY, &agreement)
                .unwrap_or_else(|difference| panic!("{arguments:?}: {difference}"));
        }
        agreement.verdict().clone()
    }
}

#[test]
fn the_worked_example_is_traced_step_by_step() {
    let guest = Guest::load();
    let arguments = [
        "run", "--code", EXAMPLE, "--gas", "100000", "--spec", "istanbul", "--trace",
    ];
    let (code, printed) = guest.run(&arguments);
    assert_eq!(code, 0, "{printed:?}");
    let expected: Vec<String> = STEPS
        .iter()
        .enumerate()
        .map(|(index, (name, address, gas, cost, stack))| {
            let mut text = format!("{name:<15} pc={address:08x} gas={gas} cost={cost}");
            if !stack.is_empty() {
                text.push_str("\nStack:");
            }
            for (index, word) in stack.iter().enumerate() {
                text.push_str(&format!("\n{index:08}  {}", word.text()));
            }
            if index >= MEMORY_FROM {
                let zeros = " 00".repeat(15);
                text.push_str(&format!(
                    "\nMemory:\n00000000  37{zeros}  |7...............|"
                ));
                text.push_str(&format!("\n00000010  00{zeros}  |................|"));
            }
            if index >= STORAGE_FROM {
                let (key, value) = (Word::Low(0).text(), Word::High(0x37).text());
                text.push_str(&format!("\nStorage:\n{key}: {value}"));
            }
            text
        })
        .collect();
    assert_eq!(printed[..10], expected[..]);
    let result = "{\"status\":\"success\",\"reason\":\"return\",\"gas_left\":79973,\"gas_refund\":0,\"output\":\"37\",\"logs\":[],";
    assert!(printed[10].starts_with(result), "{}", printed[10]);
    assert_eq!(printed.len(), 11);
    assert_eq!(guest.compare(&arguments, true), Verdict::Exit(0));
}

#[test]
fn recorded_programs_give_what_revm_gives_on_the_host() {
    let guest = Guest::load();
    let table = fs::read_to_string(folder().join("recorded.tsv")).expect("it is committed");
    let mut lines = table.lines().filter(|line| !line.starts_with('#'));
    let accounts = lines
        .next()
        .and_then(|line| line.strip_prefix("accounts\t"));
    let accounts = accounts.expect("the first line has the accounts");
    let mut compared = 0;
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        let [name, arguments, expected] = fields[..] else {
            panic!("three fields: {line}");
        };
        let mut arguments: Vec<&str> = arguments.split(' ').collect();
        arguments.extend(["--accounts", accounts]);
        let (code, printed) = guest.run(&arguments);
        assert_eq!(code, 0, "{name}: {printed:?}");
        let found = printed[0].split(",\"accounts\"").next().map(without_refund);
        assert_eq!(found, Some(without_refund(expected)), "{name}");
        if compared % 10 == 0 {
            assert_eq!(guest.compare(&arguments, false), Verdict::Exit(0));
        }
        compared += 1;
    }
    assert!(compared >= 60, "{compared} programs are recorded");
}

/// A transaction cuts refunds, and the recorded results are those of transactions.
fn without_refund(line: &str) -> String {
    let (before, after) = line
        .split_once("\"gas_refund\":")
        .expect("there is a refund");
    let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
    format!("{before}{rest}")
}

#[test]
fn wrong_arguments_end_with_their_codes() {
    let guest = Guest::load();
    let run = |arguments: &[&str]| guest.run(&[&["run"], arguments].concat()).0;
    assert_eq!(run(&[]), 10);
    assert_eq!(run(&["--code"]), 10);
    assert_eq!(run(&["--code", "6"]), 10);
    assert_eq!(run(&["--code", "00", "--gas", "-1"]), 10);
    assert_eq!(run(&["--code", "00", "--accounts", "{"]), 11);
    assert_eq!(
        run(&["--code", "00", "--accounts", "{\"accounts\":{\"00\":{}}}"]),
        11
    );
    let zeros = "0".repeat(64);
    assert_eq!(
        run(&[
            "--code",
            "00",
            "--accounts",
            &format!("{{\"root\":\"{zeros}\"}}")
        ]),
        12
    );
    assert_eq!(run(&["--code", "00", "--spec", "byzantine"]), 13);
    // More memory than the guest has, and gas enough to ask for it.
    let gas = ["--gas", "100000000"];
    assert_eq!(run(&[&["--code", "6230000051"], &gas[..]].concat()), 102);
}

#[test]
fn recorded_transitions_verify_alike_on_both_machines() {
    let engine = Engine::builder()
        .translate(Translate::Now)
        .no_cache()
        .build();
    install(engine.into());
    let table = fs::read_to_string(folder().join("transitions.tsv")).expect("it is committed");
    let names = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split('\t').next());
    let mut accepted = 0;
    for name in names {
        let transaction = transaction(&scripts::evm_transition(name));
        let asm = transaction
            .verifier::<AsmMachine>(Version::V2, silent())
            .verify(PLENTY);
        let ours = transaction
            .verifier::<NativeMachine>(Version::V2, silent())
            .verify(PLENTY);
        let [asm, ours] = [asm, ours].map(|result| result.map_err(|error| error.to_string()));
        assert_eq!(ours, asm, "{name}");
        match name {
            // Code 36: the claim has another state of the accounts.
            "wrong_balance" => assert!(
                asm.as_ref().is_err_and(|error| error.contains("code 36")),
                "{asm:?}"
            ),
            _ => accepted += u64::from(asm.is_ok()),
        }
        assert!(name == "wrong_balance" || asm.is_ok(), "{name}: {asm:?}");
    }
    assert!(accepted >= 20, "{accepted} transitions were accepted");
}
