//! Transactions that our own guests of the kinds `script` and `rust-script` decide about: spawn, pipes, exec,
//! libraries, tokens, hash locks.

use ckb_hash::blake2b_256;
use ckb_mock_tx_types::MockTransaction;
use ckb_types::bytes::Bytes;
use ckb_types::core::ScriptHashType;
use ckb_types::packed::{Script, WitnessArgs};
use ckb_types::prelude::*;
use lockstep_isa::Version;

use super::{Case, Coin, Draft, script_of, witness};

/// A committed guest.
pub fn guest(name: &str) -> Bytes {
    let path = crate::root().join(format!("guests/elf/{name}.elf"));
    let elf = std::fs::read(&path);
    Bytes::from(elf.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

/// The smallest script: its code, and itself.
pub fn always_success() -> (Bytes, Script) {
    let code = guest("always_success");
    let script = script_of(&code, ScriptHashType::Data2, Bytes::new());
    (code, script)
}

/// A spent cell whose lock is this script; its code is the first dependency.
fn locked(code: Bytes, hash_type: ScriptHashType, args: impl Into<Bytes>) -> Draft {
    let lock = script_of(&code, hash_type, args);
    Draft::default().dep(code, None).input(Coin::new(lock))
}

/// Bytes that look like nothing in particular.
fn noise(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let byte = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(byte).collect::<Vec<u8>>().into()
}

/// The smallest script, with a cell of its own.
pub fn nothing(hash_type: ScriptHashType) -> MockTransaction {
    locked(guest("always_success"), hash_type, Bytes::new())
        .witness(Bytes::new())
        .build()
}

/// A tree of processes that hashes its witness.
pub fn spawn_tree(levels: u8, bytes: usize) -> MockTransaction {
    locked(guest("spawn"), ScriptHashType::Data2, vec![levels])
        .witness(noise(bytes))
        .build()
}

/// One of the corners of spawn, pipes and wait.
pub fn processes(case: char) -> MockTransaction {
    locked(guest("processes"), ScriptHashType::Data2, vec![case as u8])
        .witness(Bytes::new())
        .build()
}

/// Where a program that replaces itself takes its code from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    Cell,
    Witness,
    InTurn,
}

/// A chain of programs.
#[derive(Clone, Copy)]
pub struct Exec {
    pub hash_type: ScriptHashType,
    pub from: From,
    pub times: u8,
    /// Other bytes stand before and behind the code.
    pub in_the_middle: bool,
    /// The last one becomes this guest.
    pub last: Option<&'static str>,
}

pub fn exec(how: Exec) -> MockTransaction {
    let code = guest("exec");
    let (before, behind) = (noise(1000), noise(77));
    let mut args = vec![how.from as u8, how.times, 0, 0];
    let mut taken = code.clone();
    if how.in_the_middle {
        // The code itself is dependency 0, the one with more around it is 1.
        args[2] = 1;
        args.extend((before.len() as u32).to_le_bytes());
        args.extend((code.len() as u32).to_le_bytes());
        taken = [&before[..], &code[..], &behind[..]].concat().into();
    } else {
        args.extend([0; 8]);
    }
    if how.last.is_some() {
        args[3] = 3;
    }
    let mut draft = locked(code, how.hash_type, args).dep(taken.clone(), None);
    if let Some(last) = how.last {
        draft = draft.dep(guest(last), None);
    }
    // The same bytes as witnesses 0 and 1: whichever is named.
    draft.witness(taken.clone()).witness(taken).build()
}

/// A hash lock whose hash function is loaded from a cell.
#[derive(Clone, Copy)]
pub struct HashLock {
    pub hash_type: ScriptHashType,
    pub function: &'static str,
    /// In how many places the library is loaded.
    pub copies: u8,
    /// The witness is the preimage.
    pub good: bool,
}

/// Of 5000 bytes of `noise`, by other means: Python's `hashlib`.
const DIGESTS: [(&str, &str); 2] = [
    (
        "sha256",
        "c0bf333ff9dd9df23cc7336356a176e3e49dea177687a163b5d805f17ff74c2f",
    ),
    (
        "sha256d",
        "af87db5106810ca2c950113d5f4e0c2054ccd40ad1e48d92b901e6e4707efcb5",
    ),
];

pub fn hash_lock(how: HashLock) -> MockTransaction {
    let known = DIGESTS.iter().find(|(name, _)| *name == how.function);
    let digest = known.map_or([0; 32], |(_, hex)| {
        core::array::from_fn(|i| {
            u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).expect("digits of a digest")
        })
    });
    let mut args = digest.to_vec();
    args.extend([1, how.copies]);
    args.extend(how.function.as_bytes());
    let preimage = noise(if how.good { 5000 } else { 4999 });
    locked(guest("loader"), how.hash_type, args)
        .dep(guest("library"), None)
        .witness(preimage)
        .build()
}

/// Somebody whose lock always succeeds.
pub(super) fn somebody(number: u8) -> Script {
    let (_, script) = always_success();
    script.as_builder().args(Bytes::from(vec![number])).build()
}

/// The tokens of two cells, 1000 in all, that go to two others; the type script, which has this code, counts them as
/// sixteen bytes of each cell's data. The locks always succeed.
pub fn transfer(code: &Bytes, hash_type: ScriptHashType, paid: u128) -> MockTransaction {
    let kind = script_of(code, hash_type, vec![9; 32]);
    let coin = |owner: u8, amount: u128| Coin {
        type_: Some(kind.clone()),
        data: amount.to_le_bytes().to_vec(),
        ..Coin::new(somebody(owner))
    };
    Draft::default()
        .dep(code.clone(), None)
        .dep(always_success().0, None)
        .input(coin(1, 600))
        .input(coin(1, 400))
        .output(&coin(2, 300))
        .output(&coin(1, paid - 300))
        .witness(Bytes::new())
        .build()
}

/// Our token script in Rust.
pub fn rust_token(paid: u128) -> MockTransaction {
    transfer(&guest("rust_token"), ScriptHashType::Data2, paid)
}

/// Our hash lock in Rust, over a transaction with this many outputs.
pub fn rust_lock(outputs: u8, good: bool) -> MockTransaction {
    let preimage = noise(3000);
    let digest = blake2b_256(if good { &preimage[..] } else { &preimage[1..] });
    let lock = locked(guest("rust_lock"), ScriptHashType::Data2, digest.to_vec());
    let draft = (0..outputs).fold(lock, |draft, number| {
        draft.output(&Coin::new(somebody(number)))
    });
    draft.witness(witness(preimage.to_vec()).as_bytes()).build()
}

/// Our tree of processes in Rust, of this many levels, over a witness of this length.
pub fn rust_tree(levels: u8, bytes: usize) -> MockTransaction {
    locked(guest("rust_tree"), ScriptHashType::Data2, vec![levels])
        .witness(noise(bytes))
        .build()
}

/// A state transition of an EVM, by its name in `tests/evm/transitions.tsv`.
pub fn evm_transition(name: &str) -> MockTransaction {
    let path = crate::root().join("tests/evm/transitions.tsv");
    let table = std::fs::read_to_string(&path).expect("the transitions are committed");
    let line = table
        .lines()
        .find(|line| line.split('\t').next() == Some(name));
    let fields = line
        .unwrap_or_else(|| panic!("there is no transition {name}"))
        .split('\t');
    let fields: Vec<Vec<u8>> = fields.skip(1).map(bytes_of_hex).collect();
    let [args, before, after, proof] =
        <[Vec<u8>; 4]>::try_from(fields).expect("four fields after the name");
    let code = guest("rust_evm_verify");
    let coin = |data| Coin {
        type_: Some(script_of(&code, ScriptHashType::Data2, args.clone())),
        data,
        ..Coin::new(somebody(1))
    };
    let witness = WitnessArgs::new_builder()
        .input_type(Some(Bytes::from(proof)))
        .build();
    Draft::default()
        .dep(code.clone(), None)
        .dep(always_success().0, None)
        .input(coin(before))
        .output(&coin(after))
        .witness(witness.as_bytes())
        .build()
}

/// A call of a function of Move, by its name in `tests/movevm/transitions.tsv`; or the beginning of a world, where the
/// table has no state before.
pub fn move_call(name: &str) -> MockTransaction {
    let path = crate::root().join("tests/movevm/transitions.tsv");
    let table = std::fs::read_to_string(&path).expect("the transitions are committed");
    let line = table
        .lines()
        .find(|line| line.split('\t').next() == Some(name));
    let fields = line
        .unwrap_or_else(|| panic!("there is no call {name}"))
        .split('\t');
    let fields: Vec<&str> = fields.skip(1).collect();
    let [before, after, call, modules] =
        <[&str; 4]>::try_from(fields).expect("four fields after the name");
    let code = guest("rust_move_verify");
    let mut args = vec![7; 32];
    if before.is_empty() && name == "first" {
        // What a world's arguments must be: the first input and the index of the output.
        let (_, coin) = always_success();
        let spent = Draft::default().input(Coin::new(coin)).build();
        let mut origin = spent
            .tx
            .raw()
            .inputs()
            .get(0)
            .expect("one input")
            .as_bytes()
            .to_vec();
        origin.extend(0u64.to_le_bytes());
        args = blake2b_256(origin).to_vec();
    }
    let coin = |data| Coin {
        type_: Some(script_of(&code, ScriptHashType::Data2, args.clone())),
        data,
        ..Coin::new(somebody(1))
    };
    let witness = WitnessArgs::new_builder()
        .input_type(Some(Bytes::from(bytes_of_hex(call))))
        .build();
    let mut draft = Draft::default()
        .dep(code.clone(), None)
        .dep(always_success().0, None);
    for module in modules.split(',').filter(|module| !module.is_empty()) {
        draft = draft.dep(bytes_of_hex(module), None);
    }
    let spent = match before.is_empty() {
        true => Coin::new(somebody(1)),
        false => coin(bytes_of_hex(before)),
    };
    draft
        .input(spent)
        .output(&coin(bytes_of_hex(after)))
        .witness(witness.as_bytes())
        .build()
}

/// The hash of a lock that always succeeds, with which the transactions of `move_call` are signed for number 1.
pub fn lock_hash(number: u8) -> [u8; 32] {
    somebody(number).calc_script_hash().unpack()
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().as_chunks::<2>().0;
    let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits
        .iter()
        .map(|pair| byte(pair).expect("hexadecimal digits"))
        .collect()
}

/// Those of our scripts in Rust.
pub fn rust_cases() -> Vec<Case> {
    vec![
        Case::new("rust token", rust_token(1000), true),
        Case::new("rust token, too many", rust_token(1001), false),
        Case::new("rust lock", rust_lock(20, true), true),
        Case::new("rust lock, bad", rust_lock(2, false), false),
        Case::new("rust tree, alone", rust_tree(0, 500), true),
        Case::new("rust tree", rust_tree(2, 6000), true),
        Case::new("evm transfer", evm_transition("transfer"), true),
        Case::new("evm, wrong balance", evm_transition("wrong_balance"), false),
        Case::new("move, first state", move_call("first"), true),
        Case::new("move transfer", move_call("transfer"), true),
        Case::new("move, wrong balance", move_call("wrong_balance"), false),
    ]
}

/// Those of spawn, pipes and wait; version 2 alone has them.
pub fn spawn_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (levels, bytes) in [(0, 3000), (1, 0), (1, 1), (2, 20_000), (3, 32_768)] {
        let mock = spawn_tree(levels, bytes);
        cases.push(Case::new(format!("spawn_{levels}_{bytes}"), mock, true));
    }
    // What children and parents do right, or wrong in a way that the chain answers.
    for case in ['e', 'x', 'W', 'F', 'P', 'V', 'N', 'n'] {
        cases.push(Case::new(
            format!("processes_{case}"),
            processes(case),
            true,
        ));
    }
    // What ends all of it: a code, a deadlock, faults, a program that is none. (What `l` does never
    // ends.)
    for case in ['q', 'D', 'w', 'o', 'i', 'p', 'v', 'S', 'l', '?'] {
        cases.push(Case::new(
            format!("processes_{case}"),
            processes(case),
            false,
        ));
    }
    cases
}

/// Those of exec, in the versions that have it.
pub fn exec_cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for hash_type in [ScriptHashType::Data1, ScriptHashType::Data2] {
        for from in [From::Cell, From::Witness, From::InTurn] {
            for (in_the_middle, last) in [(false, None), (true, None), (true, Some("sha256"))] {
                let how = Exec {
                    hash_type,
                    from,
                    times: 5,
                    in_the_middle,
                    last,
                };
                let name = format!("exec_{hash_type:?}_{from:?}_{in_the_middle}_{last:?}");
                cases.push(Case::new(name, exec(how), true));
            }
        }
        let how = Exec {
            hash_type,
            from: From::Cell,
            times: 1,
            in_the_middle: false,
            // A library is no program.
            last: Some("library"),
        };
        cases.push(Case::new(
            format!("exec_{hash_type:?}_no_program"),
            exec(how),
            false,
        ));
    }
    cases
}

/// Those of libraries, in all versions.
pub fn library_cases() -> Vec<Case> {
    use ScriptHashType::{Data, Data1, Data2};
    let mut cases = Vec::new();
    for hash_type in [Data, Data1, Data2] {
        for (function, copies, good) in [
            ("sha256", 1, true),
            ("sha256d", 2, true),
            ("sha256", 2, false),
            ("md5", 1, true),
        ] {
            let how = HashLock {
                hash_type,
                function,
                copies,
                good,
            };
            let name = format!("library_{hash_type:?}_{function}_{copies}_{good}");
            let valid = good && function != "md5";
            cases.push(Case::new(name, hash_lock(how), valid));
        }
    }
    cases
}

/// Every way that a transaction of ours can be verified.
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("nothing_data1", nothing(ScriptHashType::Data1), true),
        Case::new("nothing_data2", nothing(ScriptHashType::Data2), true),
    ];
    // The version that does not have what it asks for.
    let mut early = Case::new("nothing_early", nothing(ScriptHashType::Data2), false);
    early.latest = Version::V1;
    cases.push(early);
    cases.extend(spawn_cases());
    cases.extend(exec_cases());
    cases.extend(library_cases());
    cases.extend(rust_cases());
    cases
}
