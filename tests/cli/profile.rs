//! `translate profile`: its sums are those of a run to the cycle, whatever they are by and whatever ran the guest, and the
//! files that it writes say the same.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

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
        for by in ["function", "line", "block", "instruction", "syscall"] {
            let found = profile(&sandbox, &elf, &["--by", by], arguments);
            assert_eq!(found["cycles"], cycles, "{name} {by}");
            assert_eq!(sum(&found), cycles, "{name} {by}");
            let engine = ["--by", by, "--engine", "interp"];
            let slow = profile(&sandbox, &elf, &engine, arguments);
            assert_eq!(found["rows"], slow["rows"], "{name} {by}");
        }
        let files = [
            "--folded",
            "folded",
            "--callgrind",
            "callgrind",
            "--svg",
            "svg",
            "--pprof",
            "pprof",
        ];
        let found = profile(&sandbox, &elf, &files, arguments);
        assert_eq!(
            rows(&found)[0]["total"],
            cycles,
            "{name}: the first function calls all others"
        );
        assert_eq!(found["written"].as_array().unwrap().len(), 4);
        let read = |name: &str| std::fs::read_to_string(sandbox.path(name)).unwrap();
        let folded = read("folded");
        let stacks = folded.lines().map(|line| line.rsplit_once(' ').unwrap().1);
        assert_eq!(
            stacks.map(|n| n.parse::<u64>().unwrap()).sum::<u64>(),
            cycles,
            "{name}"
        );
        assert_eq!(callgrind_cycles(&read("callgrind")), cycles, "{name}");
        assert_eq!(pprof_cycles(&sandbox.path("pprof")), cycles, "{name}");
        let svg = read("svg");
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{name}"
        );
        assert!(svg.contains(&format!("{cycles} cycles")), "{name}");
    }
}

/// The part of `profile.proto` that has the cycles.
#[derive(Clone, PartialEq, prost::Message)]
struct Samples {
    #[prost(message, repeated, tag = "2")]
    sample: Vec<Sample>,
    #[prost(string, repeated, tag = "6")]
    string_table: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    location_id: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    value: Vec<i64>,
}

/// The cycles of all samples.
fn pprof_cycles(path: &Path) -> u64 {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).expect("it was written");
    let mut file = flate2::read::GzDecoder::new(file);
    file.read_to_end(&mut bytes).expect("gzip");
    let samples = <Samples as prost::Message>::decode(&bytes[..]).expect("a profile");
    assert_eq!(samples.string_table[0], "");
    let cycles = samples.sample.iter().map(|sample| {
        assert!(!sample.location_id.is_empty());
        sample.value.iter().sum::<i64>() as u64
    });
    cycles.sum()
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
        table.contains("with callees") && table.contains("3 more"),
        "{table}"
    );
    sandbox
        .run(&["profile", &elf, "--svg", "no/such/file", "--", "1"])
        .exits(66);
    sandbox.run(&["profile", &elf, "--by", "colour"]).exits(64);
}

/// All processes of a script, with what the chain charges for loading and for calls: the sum is what a node counts.
#[test]
fn a_script_of_a_transaction_has_the_cycles_that_a_node_counts() {
    let sandbox = Sandbox::new();
    for (name, processes) in [
        ("sighash_good", 0),
        ("sighash_bad", 0),
        ("spawn", 7),
        ("exec", 7),
        ("library", 0),
        ("rust_tree", 7),
    ] {
        let file = format!(
            "{}/examples/transactions/{name}.json",
            env!("CARGO_MANIFEST_DIR")
        );
        let run = sandbox.run(&["run", "--json", "--tx-file", &file]).json();
        for by in ["function", "line", "block", "instruction", "syscall"] {
            let found = |engine| {
                let options = ["profile", "--json", "--tx-file", &file];
                let words = [&options[..], &["--by", by, "--engine", engine]].concat();
                sandbox.run(&words).exits(0).json()
            };
            let (quick, slow) = (found("auto"), found("interp"));
            assert_eq!(quick["cycles"], run["cycles"], "{name} {by}");
            assert_eq!(sum(&quick), run["cycles"].as_u64().unwrap(), "{name} {by}");
            assert_eq!(quick["rows"], slow["rows"], "{name} {by}");
            assert_eq!(quick["processes"], slow["processes"], "{name} {by}");
            let parts = quick["processes"].as_array().map_or(0, Vec::len);
            assert_eq!(parts, processes, "{name}");
        }
    }
}

/// What the host charged for a call stands at that call, and at its caller.
#[test]
fn system_calls_have_rows_of_their_own() {
    let sandbox = Sandbox::new();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/transactions/sighash_good.json"
    );
    let words = ["profile", "--json", "--tx-file", file, "--by", "syscall"];
    let found = sandbox.run(&words).exits(0).json();
    let row = |name: &str| {
        let row = rows(&found).iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("no {name} in {found}"))
            .clone()
    };
    let loading = row("[loading of the program]");
    assert!(loading["cycles"].as_u64().unwrap() > 0, "{found}");
    let witness = row("[system call 2074 load_witness]");
    assert!(witness["runs"].as_u64().unwrap() > 0 && witness["cycles"].as_u64().unwrap() > 0);
    assert_eq!(row("[system call 93 exit]")["runs"], 1);
    let by_function = sandbox
        .run(&["profile", "--json", "--tx-file", file])
        .json();
    let has = |row: &Value| row["name"] == witness["name"] && row["cycles"] == witness["cycles"];
    assert!(rows(&by_function).iter().any(has), "{by_function}");
}

#[test]
fn narrow_guests_have_the_same_profile_in_both_engines() {
    let sandbox = Sandbox::new();
    for name in ["narrow_sha256", "narrow_recursion", "narrow_strings"] {
        let elf = guest(name);
        let quick = profile(&sandbox, &elf, &["--xlen", "32"], &["2"]);
        let slow = profile(
            &sandbox,
            &elf,
            &["--xlen", "32", "--engine", "interp"],
            &["2"],
        );
        assert_eq!(quick["rows"], slow["rows"], "{name}");
        assert_eq!(sum(&quick), quick["cycles"].as_u64().unwrap(), "{name}");
    }
}

/// Symbols of the script's own program name the functions of every process that runs it.
#[cfg(feature = "tx")]
#[test]
fn symbols_are_for_all_processes_with_the_same_program() {
    let sandbox = Sandbox::new();
    let root = env!("CARGO_MANIFEST_DIR");
    let file = format!("{root}/examples/transactions/spawn.json");
    // Those of another program: `_start` is at the same address.
    let symbols = format!("{root}/examples/faults/faults.elf");
    for engine in ["auto", "interp"] {
        let words = ["profile", "--json", "--engine", engine, "--tx-file", &file];
        let found = sandbox.run(&[&words[..], &["--symbols", &symbols]].concat());
        let found = found.exits(0).json();
        let processes = found["processes"].as_array().expect("a list");
        assert_eq!(processes.len(), 7, "{found}");
        for process in processes {
            let rows = process["rows"].as_array().expect("rows");
            let name = |row: &Value| row["name"].as_str().expect("a name").to_owned();
            let names: Vec<String> = rows.iter().map(name).collect();
            assert!(
                names.iter().any(|name| name.ends_with("_start")),
                "{names:?}"
            );
        }
    }
}
