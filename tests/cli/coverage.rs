//! `translate coverage`: counts that were found by hand in `examples/faults/faults.c`, and sums of several runs.

use crate::harness::{Sandbox, guest};

const FILE: &str = "SF:./examples/faults/faults.c";

fn faults() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf").to_owned()
}

/// The records of the example's file.
fn records(sandbox: &Sandbox, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path(name)).expect("the tracefile");
    let lines = text.lines().skip_while(|line| *line != FILE);
    let of_file = lines.take_while(|line| *line != "end_of_record");
    of_file.map(str::to_owned).collect()
}

#[track_caller]
fn has(records: &[String], expected: &[&str]) {
    for wanted in expected {
        assert!(
            records.iter().any(|record| record == wanted),
            "{wanted} is not in {records:#?}"
        );
    }
}

#[test]
fn counts_are_those_by_hand() {
    let sandbox = Sandbox::new();
    // `fail` calls `poke`, which calls `hidden` and then stores to an address that is not there.
    let arguments = ["coverage", &faults(), "-o", "two", "--json", "--", "2"];
    let answer = sandbox.run(&arguments).exits(0).json();
    assert!(
        answer["end"].as_str().unwrap().starts_with("MemOutOfBound"),
        "{answer}"
    );
    let two = records(&sandbox, "two");
    has(
        &two,
        &["FNDA:1,main", "FNDA:1,fail", "FNDA:1,poke", "FNDA:1,hidden"],
    );
    has(
        &two,
        &[
            "FNDA:0,peek",
            "FNDA:0,deeper",
            "FNDA:0,jump",
            "FNDA:0,divide",
        ],
    );
    has(
        &two,
        &["DA:16,1", "DA:23,1", "DA:24,1", "DA:53,1", "DA:66,1"],
    );
    has(
        &two,
        &["DA:20,0", "DA:30,0", "DA:46,0", "DA:54,0", "DA:55,0"],
    );
    has(&two, &["FN:23,poke", "FN:50,fail"]);
    // There is an argument, so the branch of line 66 goes one way.
    let line_66: Vec<&String> = two
        .iter()
        .filter(|one| one.starts_with("BRDA:66,"))
        .collect();
    assert_eq!(line_66.len(), 2, "{line_66:?}");
    let went = |end: &str| line_66.iter().filter(|one| one.ends_with(end)).count();
    assert_eq!((went(",1"), went(",0")), (1, 1), "{line_66:?}");
    // What never ran has branches that nobody took and nobody passed.
    assert!(
        two.iter()
            .any(|one| one.starts_with("BRDA:39,") && one.ends_with(",-")),
        "{two:#?}"
    );
}

#[test]
fn several_runs_are_added() {
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| {
        let elf = faults();
        sandbox
            .run(&[&["coverage", &elf], arguments].concat())
            .exits(0);
    };
    run(&["-o", "one", "--", "2"]);
    run(&["-o", "all", "--merge", "one", "--", "3"]);
    // A file may be read and written at once.
    run(&["-o", "all", "--merge", "all", "--", "0"]);
    let all = records(&sandbox, "all");
    has(
        &all,
        &[
            "FNDA:3,main",
            "FNDA:3,fail",
            "FNDA:2,poke",
            "FNDA:2,hidden",
            "FNDA:0,peek",
        ],
    );
    has(
        &all,
        &["DA:24,2", "DA:53,1", "DA:54,1", "DA:66,3", "DA:20,0"],
    );
    // Each file alone says less.
    has(&records(&sandbox, "one"), &["FNDA:1,poke", "DA:54,0"]);
}

#[test]
fn a_program_without_lines_and_a_wrong_file_are_refused() {
    let sandbox = Sandbox::new();
    let stripped = guest("fib");
    sandbox
        .run(&["coverage", &stripped, "-o", "out"])
        .exits(65)
        .says("no line of a source");
    sandbox.file("wrong", b"SF:a.c\nDA:one,1\n");
    let elf = faults();
    let merge = ["coverage", &elf, "-o", "out", "--merge", "wrong", "--", "0"];
    sandbox.run(&merge).exits(65).says("line 2");
    sandbox
        .run(&[
            "coverage", &elf, "-o", "out", "--merge", "nowhere", "--", "0",
        ])
        .exits(66);
    assert!(!sandbox.path("out").exists(), "nothing was written");
}

/// A transaction in which the example stands in the place of the script: its lines are those of the example.
#[test]
fn a_script_of_a_transaction_is_covered_as_the_program_is() {
    let sandbox = Sandbox::new();
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/transactions/sighash_good.json"
    );
    let words = [
        "coverage",
        "--tx-file",
        file,
        "--bin",
        &faults(),
        "-o",
        "tx",
        "--json",
    ];
    let words = [&words[..], &["--", "2"]].concat();
    let answer = sandbox.run(&words).exits(0).json();
    let end = answer["end"].as_str().unwrap();
    assert!(end.starts_with("input.0.lock: "), "{end}");
    let found = records(&sandbox, "tx");
    has(
        &found,
        &["FNDA:1,main", "FNDA:1,poke", "DA:24,1", "DA:30,0"],
    );
    // The scripts of the chain have no lines.
    let words = ["coverage", "--tx-file", file, "-o", "none"];
    let refused = sandbox.run(&words).exits(65);
    assert!(refused.err.contains("names no line"), "{}", refused.err);
}
