//! Which script of a transaction runs, and which code: `--script`, its parts, its hash, all of them, another build in its
//! place, arguments, processes. Options mean what they mean to `ckb-debugger`.

use serde_json::Value;

use super::harness::{Elf, Ran, Sandbox, exits_with, guest};

/// A transaction that ships with the repository.
pub(super) fn transaction(name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    format!("{root}/examples/transactions/{name}.json")
}

fn run(sandbox: &Sandbox, name: &str, words: &[&str]) -> Ran {
    let file = transaction(name);
    sandbox.run(&[&["run", "--tx-file", &file], words].concat())
}

fn json(sandbox: &Sandbox, name: &str, words: &[&str], code: i32) -> Value {
    let words = [words, &["--json"]].concat();
    run(sandbox, name, &words).exits(code).json()
}

#[test]
fn a_script_is_named_in_all_ways_of_ckb_debugger() {
    let sandbox = Sandbox::new();
    let named = json(&sandbox, "dao_withdrawal", &["--script", "input.0.type"], 0);
    let hash = named["script_hash"].as_str().expect("a hash").to_owned();
    for words in [
        &["--script-group-type", "type"][..],
        &["-s", "type", "-i", "0", "-t", "input"],
        &[
            "--script",
            "output.7.type",
            "--cell-index",
            "0",
            "--cell-type",
            "input",
        ],
        &["--script-hash", &hash],
        &["--script-hash", &hash, "--script-group-type", "type"],
        // A hash is looked for wherever --script points to.
        &["--script-hash", &hash, "--script", "output.9.type"],
    ] {
        let found = json(&sandbox, "dao_withdrawal", words, 0);
        assert_eq!(found["script"], "input.0.type", "{words:?}");
        assert_eq!(found["script_hash"], hash, "{words:?}");
        assert_eq!(found["cycles"], named["cycles"], "{words:?}");
    }
    for (words, says) in [
        (&["--script-hash", "0x12"][..], "64 hexadecimal digits"),
        (&["--script-hash", &hash, "-s", "lock"], &hash[..]),
        (&["--cell-index", "9"], "input.9.lock"),
        (&["--cell-type", "output"], "output.0.lock"),
        (&["--script", "all", "--cell-index", "0"], "--cell-index"),
        (&["--script", "some"], "or all"),
    ] {
        run(&sandbox, "dao_withdrawal", words).exits(64).says(says);
    }
}

#[test]
fn all_scripts_run_and_share_the_limit() {
    let sandbox = Sandbox::new();
    let all = json(&sandbox, "dao_withdrawal", &["--script", "all"], 0);
    let scripts = all["scripts"].as_array().expect("a list");
    let names: Vec<&Value> = scripts.iter().map(|script| &script["script"]).collect();
    assert_eq!(names, ["input.0.lock", "input.0.type"]);
    let cycles = |script: &Value| script["cycles"].as_u64().expect("cycles");
    let sum: u64 = scripts.iter().map(cycles).sum();
    assert_eq!(all["cycles"], sum);
    // One cycle less than both need: the second stops.
    let limit = (sum - 1).to_string();
    let words = ["--script", "all", "--max-cycles", &limit];
    let stopped = json(&sandbox, "dao_withdrawal", &words, 254);
    assert_eq!(stopped["scripts"][0]["result"], "exit");
    assert_eq!(stopped["scripts"][1]["result"], "cycles_exceeded");
    let text = run(&sandbox, "dao_withdrawal", &["--script", "all"])
        .exits(0)
        .out;
    assert!(
        text.contains("Script: input.0.type\nRun result: 0\n"),
        "{text}"
    );
    assert!(text.contains(&format!("All scripts: {sum}(")), "{text}");
}

#[test]
fn another_build_runs_in_the_place_of_a_script() {
    let sandbox = Sandbox::new();
    let elf = sandbox.file("new.elf", &exits_with(7));
    let elf = elf.to_str().expect("a path");
    // By the hash of its data (spawn, data2) and by its type script (sighash, type).
    for (name, script) in [
        ("spawn", "input.0.lock"),
        ("sighash_good", "input.0.lock"),
        ("dao_withdrawal", "input.0.type"),
    ] {
        let words = ["--script", script, "--bin", elf];
        for engine in ["interp", "auto", "check"] {
            let words = [&words[..], &["--engine", engine]].concat();
            let found = json(&sandbox, name, &words, 254);
            assert_eq!(found["exit_code"], 7, "{name} {engine}");
        }
    }
    // The other script of the transaction keeps its code.
    let words = ["--script", "input.0.lock", "--bin", elf];
    assert_eq!(
        json(&sandbox, "dao_withdrawal", &words, 254)["exit_code"],
        7
    );
    let words = ["--script", "all", "--bin", elf];
    run(&sandbox, "dao_withdrawal", &words)
        .exits(64)
        .says("has 2");
    run(&sandbox, "spawn", &["--bin", "nowhere.elf"]).exits(66);
    sandbox
        .run(&["run", &guest("fib"), "--bin", elf])
        .exits(64)
        .says("--bin");
}

#[test]
fn a_build_that_did_not_run_is_told() {
    let sandbox = Sandbox::new();
    for name in ["old.elf", "new.elf"] {
        sandbox.file(name, &exits_with(if name == "old.elf" { 5 } else { 7 }));
    }
    sandbox
        .run(&["tx", "new", "old.elf", "-o", "once.json"])
        .exits(0);
    // The same code in a second cell.
    let text = std::fs::read_to_string(sandbox.path("once.json")).expect("written");
    let mut twice: Value = serde_json::from_str(&text).expect("a transaction");
    let other = serde_json::json!({"tx_hash": format!("0x{}", "33".repeat(32)), "index": "0x0"});
    let mut cell = twice["mock_info"]["cell_deps"][0].clone();
    cell["cell_dep"]["out_point"] = other;
    let dep = cell["cell_dep"].clone();
    let list = |value: &mut Value, item: Value| value.as_array_mut().expect("a list").push(item);
    list(&mut twice["mock_info"]["cell_deps"], cell);
    list(&mut twice["tx"]["cell_deps"], dep);
    sandbox.file("twice.json", twice.to_string().as_bytes());
    let ran = |file: &str| {
        let words = ["run", "--json", "--tx-file", file, "--bin", "new.elf"];
        let ran = sandbox.run(&words).exits(254);
        (
            ran.json()["exit_code"].as_i64(),
            ran.err.contains("did not run"),
        )
    };
    assert_eq!(ran("once.json"), (Some(7), false));
    // Which of two cells with the same code runs is for ckb-script to say.
    let (code, told) = ran("twice.json");
    assert_eq!(told, code == Some(5), "{code:?}");
}

#[test]
fn arguments_go_to_the_scripts_own_process() {
    // lw a0, 0(sp); li a7, 93; ecall: the exit code is argc.
    let code = [0x0001_2503, 0x05d0_0893, 0x73];
    let sandbox = Sandbox::new();
    let elf = sandbox.file("argc.elf", &Elf::new().bytes(&code));
    let elf = elf.to_str().expect("a path");
    for (words, argc) in [(&[][..], 0), (&["--", "one", "two"], 2)] {
        let words = [&["--bin", elf, "--json"], words].concat();
        let ran = run(&sandbox, "spawn", &words);
        assert_eq!(ran.json()["exit_code"], argc, "{}", ran.out);
    }
}

#[test]
fn processes_are_told_as_a_tree() {
    let sandbox = Sandbox::new();
    let text = run(&sandbox, "spawn", &[]).exits(0).out;
    for line in [
        "Spawn tree: 0                    cell_dep[0][0..",
        "Spawn tree: ├── 1                cell_dep[0][0..",
        "Spawn tree: │   └── 3            cell_dep[0][0..",
        "Spawn tree:     └── 6            cell_dep[0][0..",
    ] {
        assert!(text.contains(line), "{line:?} is not in {text}");
    }
    let text = run(&sandbox, "exec", &[]).exits(0).out;
    assert!(
        text.contains("Spawn tree: └── 0/1              witness[0]["),
        "{text}"
    );
    let found = json(&sandbox, "spawn", &[], 0);
    let parents: Vec<Option<u64>> = found["processes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|process| process["parent"].as_u64())
        .collect();
    let expected = [None, Some(0), Some(1), Some(1), Some(0), Some(4), Some(4)];
    assert_eq!(parents, expected);
    // A script without others says nothing of processes.
    assert!(json(&sandbox, "sighash_good", &[], 0)["processes"].is_null());
    run(&sandbox, "spawn", &["--vm-id", "9"])
        .exits(64)
        .says("0, 1, 2, 3, 4, 5, 6");
    json(&sandbox, "spawn", &["--vm-id", "3"], 0);
}

#[test]
fn a_new_transaction_runs_at_once() {
    let sandbox = Sandbox::new();
    let elf = sandbox.file("seven.elf", &exits_with(7));
    let elf = elf.to_str().expect("a path");
    std::fs::create_dir(sandbox.path("folder")).expect("a folder");
    for more in [
        &["-o", "plain.json"][..],
        &["-o", "folder/in.json"],
        &["-o", "whole.json", "--inline"],
        &["-o", "old.json", "--vm-version", "0", "--args", "0x0102"],
        &["-o", "type.json", "--type", "--witness", "0x0304"],
    ] {
        let written = sandbox.run(&[&["tx", "new", "seven.elf"], more].concat());
        let told = written.exits(0).out;
        let words = told
            .split("Run it: translate ")
            .nth(1)
            .expect("how to run it");
        let words: Vec<&str> = words.split_whitespace().chain(["--json"]).collect();
        let ran = sandbox.run(&words).exits(254).json();
        assert_eq!(ran["exit_code"], 7, "{more:?}");
    }
    let text = std::fs::read_to_string(sandbox.path("plain.json")).expect("written");
    assert!(text.contains("{{ data seven.elf }}"), "{text}");
    let text = std::fs::read_to_string(sandbox.path("old.json")).expect("written");
    assert!(
        text.contains("\"0x0102\"") && text.contains("\"data\""),
        "{text}"
    );
    let text = std::fs::read_to_string(sandbox.path("type.json")).expect("written");
    let json: Value = serde_json::from_str(&text).expect("a transaction");
    assert_eq!(json["tx"]["witnesses"][0], "0x0304");
    let spent = &json["mock_info"]["inputs"][0]["output"];
    assert!(spent["type"]["code_hash"].is_string(), "{spent}");
    // The next build runs without another transaction.
    sandbox.file("seven.elf", &exits_with(8));
    let ran = sandbox.run(&["run", "--json", "--tx-file", "plain.json"]);
    assert_eq!(ran.json()["exit_code"], 8);
    let ran = sandbox.run(&["run", "--json", "--tx-file", "whole.json"]);
    assert_eq!(ran.json()["exit_code"], 7);
    let text = sandbox.run(&["tx", "new", elf]).exits(0).out;
    let json: Value = serde_json::from_str(&text).expect("a transaction");
    assert!(json["mock_info"]["inputs"][0].is_object());
    sandbox.file("text", b"no ELF");
    sandbox.run(&["tx", "new", "text"]).exits(65);
    sandbox.run(&["tx", "new", "nowhere"]).exits(66);
    sandbox.run(&["tx", "new", elf, "--args", "0x1"]).exits(64);
}
