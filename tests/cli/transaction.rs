//! `run --tx-file`: scripts of transactions, by every engine, and what is wrong with a file.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::harness::{Elf, Sandbox};

/// A transaction that ships with the repository.
fn transaction(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/examples/transactions/{name}.json")
}

/// The answer without what differs from run to run and from engine to engine.
fn end(mut answer: Value) -> Value {
    let fields = answer.as_object_mut().expect("an object");
    for field in [
        "engine",
        "native_cycles",
        "translate_seconds",
        "run_seconds",
    ] {
        assert!(fields.remove(field).is_some(), "{field}");
    }
    answer
}

#[test]
fn every_engine_comes_to_the_same_end() {
    let sandbox = Sandbox::new();
    for (name, script, code) in [
        ("sighash_good", "input.0.lock", 0),
        ("sighash_bad", "input.0.lock", 254),
        ("dao_withdrawal", "input.0.type", 0),
        ("spawn", "input.0.lock", 0),
        ("exec", "input.0.lock", 0),
        ("library", "input.0.lock", 0),
    ] {
        let run = |engine: &str| {
            let file = transaction(name);
            let words = ["run", "--json", "--tx-file", &file, "--script", script];
            let ran = sandbox.run(&[&words[..], &["--engine", engine]].concat());
            ran.exits(code).json()
        };
        let native = run("native");
        assert_eq!(native["engine"], "native", "{name}");
        assert!(native["native_cycles"].as_u64() > Some(1000), "{name}");
        assert!(native["pc"].is_string(), "{name}");
        let interp = run("interp");
        assert_eq!(interp["native_cycles"], 0, "{name}");
        assert_eq!(end(native), end(interp), "{name}");
        let check = run("check");
        assert_eq!(check["engine"], "check", "{name}");
    }
}

#[test]
fn a_script_is_run_as_people_know_it() {
    let sandbox = Sandbox::new();
    let file = transaction("sighash_good");
    // The lock of the first input, where nothing else is said.
    let ran = sandbox
        .run(&["run", "--tx-file", &file, "--compare"])
        .exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines[0], "Run result: 0");
    assert!(lines[1].starts_with("All cycles: 16"), "{}", lines[1]);
    assert!(
        lines[2].starts_with("Engine: native, 100.00%"),
        "{}",
        lines[2]
    );
    assert!(lines[3].contains("the same end"), "{}", lines[3]);
    let ran = sandbox.run(&["run", "--tx-file", &transaction("sighash_bad")]);
    assert!(ran.exits(254).out.starts_with("Run result: -31\n"));
    let limited = ["run", "--tx-file", &file, "--max-cycles", "1_000_000"];
    let ran = sandbox.run(&limited).exits(254);
    assert!(
        ran.out.starts_with("Run result: cycles exceeded: 1000000"),
        "{}",
        ran.out
    );
    let ran = sandbox
        .run(&[&limited[..], &["--json"]].concat())
        .exits(254);
    assert_eq!(ran.json()["result"], "cycles_exceeded");
}

#[test]
fn the_hash_type_type_runs_the_version_that_is_said() {
    let sandbox = Sandbox::new();
    let file = transaction("sighash_good");
    let cycles = ["0", "1", "2"].map(|version| {
        let words = ["run", "--json", "--tx-file", &file, "--vm-version", version];
        sandbox.run(&words).exits(0).json()["cycles"].as_u64()
    });
    // Version 0 has no fused instructions, and system calls changed from version to version.
    assert!(cycles[0] > cycles[1] && cycles[1] > cycles[2], "{cycles:?}");
    let file = transaction("spawn");
    let words = ["run", "--json", "--tx-file", &file, "--vm-version", "1"];
    sandbox.run(&words).exits(65).fails_as("InvalidVmVersion");
}

#[test]
fn a_transaction_comes_through_standard_input() {
    let sandbox = Sandbox::new();
    let text = std::fs::read_to_string(transaction("library")).expect("the file is there");
    // What is named relative to the file is relative to where the command runs.
    let folder = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let text = text.replace("../../", &folder);
    let mut child = sandbox
        .command(&["run", "--tx-file", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(text.as_bytes()).expect("it reads");
    drop(stdin);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn what_is_wrong_is_said() {
    let sandbox = Sandbox::new();
    let whole = std::fs::read_to_string(transaction("spawn")).expect("the file is there");
    let root = format!("{}/", env!("CARGO_MANIFEST_DIR"));
    let whole = whole.replace("../../", &root);
    let bent = |from: &str, to: &str| {
        assert!(whole.contains(from), "{from}");
        sandbox.file("bent.json", whole.replacen(from, to, 1).as_bytes())
    };
    let refused = |from: &str, to: &str, code: i32, kind: &str| {
        let path = bent(from, to);
        let path = path.to_str().expect("a plain path");
        sandbox
            .run(&["run", "--json", "--tx-file", path])
            .exits(code)
            .fails_as(kind)
    };
    refused("{", "", 65, "TransactionJson");
    refused(
        "\"since\": \"0x0\"",
        "\"since\": \"zero\"",
        65,
        "TransactionField",
    )
    .says("mock_info.inputs[0].input.since")
    .says("zero");
    refused("{{ data", "{{ date", 65, "TransactionPlaceholder").says("{{ data FILE }}");
    refused("spawn.elf", "spam.elf", 66, "Unreadable").says("spam.elf");
    refused(
        "\"args\": \"0x02\"",
        "\"args\": \"0x2\"",
        65,
        "TransactionField",
    )
    .says("args");
    // The transaction names an output of 0xd0…, and nothing is there.
    let (cell, other) = ("\"0xd0d0", "\"0xd1d0");
    refused(cell, other, 65, "TransactionIncomplete").says("mock_info");
    refused(
        "\"code_hash\": \"0x",
        "\"code_hash\": \"0x00",
        65,
        "TransactionField",
    );
    let file = transaction("spawn");
    let run = |words: &[&str]| sandbox.run(&[&["run", "--json"], words].concat());
    run(&["--tx-file", "/nonexistent"])
        .exits(66)
        .fails_as("Unreadable");
    for script in ["input.1.lock", "input.0.type", "output.0.lock", "lock"] {
        let words = ["--tx-file", &file, "--script", script];
        run(&words).exits(64).fails_as("Usage").says(script);
    }
    for words in [
        &["--tx-file", &file, "guest.elf"][..],
        &["--tx-file", &file, "--cost", "constant"],
        &["--tx-file", &file, "--module", "x"],
        &["--script", "input.0.lock", "guest.elf"],
        &[],
    ] {
        run(words).exits(64).fails_as("Usage");
    }
}

/// A script that waits for what only itself could write.
fn deadlock() -> Vec<u8> {
    let lui = |rd: u32, page: u32| page << 12 | rd << 7 | 0x37;
    let addi = |rd: u32, rs: u32, imm: i32| (imm as u32) << 20 | rs << 15 | rd << 7 | 0x13;
    let (a0, a1, a2, a7, t0, t1) = (10, 11, 12, 17, 5, 6);
    let ecall = 0x73;
    Elf::new().bytes(&[
        // pipe(0x20000): two ends.
        lui(a0, 0x20),
        lui(a7, 1),
        addi(a7, a7, 2604 - 4096),
        ecall,
        // read(the first, 0x21000, 0x22000), where 0x22000 holds 1.
        lui(t0, 0x20),
        t0 << 15 | 3 << 12 | a0 << 7 | 0x03,
        lui(a1, 0x21),
        lui(a2, 0x22),
        addi(t1, 0, 1),
        t1 << 20 | a2 << 15 | 3 << 12 | 0x23,
        addi(a7, a7, 2),
        ecall,
    ])
}

#[test]
fn the_reason_of_a_fault_is_said() {
    let sandbox = Sandbox::new();
    let elf = sandbox.file("deadlock.elf", &deadlock());
    let elf = elf.display().to_string();
    let text = std::fs::read_to_string(transaction("spawn")).expect("a transaction");
    let code_hash = text
        .split("\"code_hash\": \"0x")
        .nth(2)
        .expect("the lock's");
    let code_hash = &code_hash[..64];
    let text = text
        .replace("../../guests/elf/spawn.elf", &elf)
        .replace(code_hash, &format!("{{{{ hash {elf} }}}}"));
    sandbox.file("deadlock.json", text.as_bytes());
    let reason = "A deadlock situation has been reached!";
    for engine in ["interp", "auto", "check"] {
        let words = ["run", "--tx-file", "deadlock.json", "--engine", engine];
        let ran = sandbox.run(&words).exits(254);
        let first = format!("Run result: fault Unexpected: {reason}\n");
        assert!(ran.out.starts_with(&first), "{}", ran.out);
        let object = sandbox.run(&[&words[..], &["--json"]].concat()).json();
        assert_eq!(object["fault"], "Unexpected");
        assert_eq!(object["fault_reason"], reason);
    }
}

#[test]
fn native_fails_without_modules() {
    let sandbox = Sandbox::new();
    let file = transaction("library");
    let words = ["run", "--json", "--tx-file", &file, "--engine", "native"];
    let never = [("LOCKSTEP_TRANSLATE", "never")];
    sandbox
        .run_with(&never, &words)
        .exits(70)
        .fails_as("NoModule");
    sandbox.run(&words).exits(0);
    sandbox.run_with(&never, &words).exits(0);
}
