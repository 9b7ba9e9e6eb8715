//! `translate profile`: its sums are those of a run to the cycle, whatever they are by, and the files that it writes
//! say the same.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Sandbox, guest};

/// Guests that are short, or with arguments that make them so.
const GUESTS: [(&str, &[&str]); 9] = [
    ("fib", &[]),
    ("sha256", &["2"]),
    ("recursion", &[]),
    ("rust_objects", &[]),
    ("rust_signature", &[]),
    ("strings", &[]),
    ("jumps", &[]),
    ("fused", &[]),
    ("always_success", &[]),
];

fn profile(sandbox: &Sandbox, elf: &str, options: &[&str], arguments: &[&str]) -> Value {
    let all = [&["profile", elf, "--json"], options, &["--"], arguments].concat();
    sandbox.run(&all).exits(0).json()
}

fn rows(profile: &Value) -> &[Value] {
    profile["rows"].as_array().expect("a list")
}

fn sum(profile: &Value) -> u64 {
    rows(profile)
        .iter()
        .map(|row| row["cycles"].as_u64().unwrap())
        .sum()
}

#[test]
fn all_sums_are_the_cycles_of_the_run() {
    let sandbox = Sandbox::new();
    for (name, arguments) in GUESTS {
        let elf = guest(name);
        let ran = sandbox.run(&[&["run", &elf, "--json", "--"], arguments].concat());
        let cycles = ran.json()["cycles"].as_u64().unwrap();
        for by in ["function", "line", "block", "instruction"] {
            let found = profile(&sandbox, &elf, &["--by", by], arguments);
            assert_eq!(found["cycles"], cycles, "{name} {by}");
            assert_eq!(sum(&found), cycles, "{name} {by}");
        }
        let files = [
            "--folded",
            "folded",
            "--callgrind",
            "callgrind",
            "--svg",
            "svg",
        ];
        let found = profile(&sandbox, &elf, &files, arguments);
        assert_eq!(
            rows(&found)[0]["total"],
            cycles,
            "{name}: the first function calls all others"
        );
        assert_eq!(found["written"].as_array().unwrap().len(), 3);
        let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
        let folded = read("folded");
        let stacks = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
        assert_eq!(
            stacks.map(|n| n.parse::<u64>().unwrap()).sum::<u64>(),
            cycles,
            "{name}"
        );
        assert_eq!(callgrind_cycles(&read("callgrind")), cycles, "{name}");
        let svg = read("svg");
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{name}"
        );
        assert!(svg.contains(&format!("{cycles} cycles")), "{name}");
    }
}

/// The cycles of a file's functions, without those of their calls.
fn callgrind_cycles(text: &str) -> u64 {
    let mut cycles = 0;
    let mut is_call = false;
    for line in text.lines() {
        if line.starts_with("0x") && !is_call {
            let own = line.rsplit(' ').next().unwrap();
            cycles += own.parse::<u64>().unwrap();
        }
        is_call = line.starts_with("calls=");
    }
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: "));
    assert_eq!(summary.unwrap().parse::<u64>().unwrap(), cycles);
    cycles
}

#[test]
fn a_failing_run_has_a_profile_with_functions_and_lines() {
    let sandbox = Sandbox::new();
    let elf = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf");
    let found = profile(&sandbox, elf, &[], &["2"]);
    assert!(
        found["end"].as_str().unwrap().starts_with("MemOutOfBound"),
        "{found}"
    );
    let functions: BTreeMap<&str, &Value> = (rows(&found).iter())
        .map(|row| (row["name"].as_str().unwrap(), row))
        .collect();
    // _start calls main, main calls fail, and so on down to the store.
    let total = |name: &str| functions[name]["total"].as_u64().unwrap();
    assert!(total("_start") > total("main") && total("main") > total("fail"));
    assert!(total("fail") > total("poke"));
    assert_eq!(functions["poke"]["runs"], 1);
    let lines = profile(&sandbox, elf, &["--by", "line"], &["2"]);
    let store = rows(&lines)
        .iter()
        .find(|row| row["name"] == "./examples/faults/faults.c:24");
    assert!(store.is_some(), "{lines}");
    // The recursion that overruns the stack is deep, and counted once.
    let deep = profile(&sandbox, elf, &[], &["4"]);
    let deeper = rows(&deep)
        .iter()
        .find(|row| row["name"] == "deeper")
        .unwrap();
    assert!(deeper["runs"].as_u64().unwrap() > 1000, "{deep}");
    assert!(deeper["total"].as_u64() <= deep["cycles"].as_u64());
    assert_eq!(sum(&deep), deep["cycles"].as_u64().unwrap());
}

#[test]
fn a_limit_ends_a_profile_and_files_are_checked() {
    let sandbox = Sandbox::new();
    let elf = guest("sha256");
    let found = profile(&sandbox, &elf, &["--max-cycles", "100K"], &["100"]);
    assert_eq!(found["end"], "the cycles are used up");
    assert_eq!(sum(&found), found["cycles"].as_u64().unwrap());
    let table = sandbox
        .run(&["profile", &elf, "--top", "1", "--", "1"])
        .exits(0)
        .out;
    assert!(
        table.contains("with callees") && table.contains("2 more"),
        "{table}"
    );
    sandbox
        .run(&["profile", &elf, "--svg", "no/such/file", "--", "1"])
        .exits(66);
    sandbox.run(&["profile", &elf, "--by", "colour"]).exits(64);
}
