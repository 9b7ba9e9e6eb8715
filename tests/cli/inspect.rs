//! `translate inspect` with names: functions, targets, native code under its guest instruction, operations, graphs.

use crate::harness::{Sandbox, guest};

/// A program with symbols and debug information.
fn faults() -> String {
    format!("{}/examples/faults/faults.elf", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_function_is_disassembled_by_its_name() {
    let sandbox = Sandbox::new();
    let faults = faults();
    let whole = sandbox.run(&["inspect", &faults, "--disasm"]).exits(0).out;
    for label in ["\n_start:\n", "\nmain:\n", "\npoke:\n", "<poke>"] {
        assert!(whole.contains(label), "{label:?}: {whole}");
    }
    let listing = |extra: &[&str]| {
        let arguments = [&["inspect", "--json", &faults, "--disasm", "poke"], extra].concat();
        let object = sandbox.run(&arguments).exits(0).json();
        object["disasm"].as_str().expect("a listing").to_owned()
    };
    let guest_only = listing(&[]);
    assert!(
        guest_only.starts_with("poke:\n") && guest_only.contains("<hidden>"),
        "{guest_only}"
    );
    assert!(
        !guest_only.contains("main:") && !guest_only.contains("| "),
        "{guest_only}"
    );
    // All of it is in the listing with native code, in this order.
    let both = listing(&["--native"]);
    let without: Vec<&str> = both.lines().filter(|line| !line.contains("| ")).collect();
    assert_eq!(without, guest_only.lines().collect::<Vec<_>>());
    // The store stands in front of the native code that was made of it.
    let store = both
        .lines()
        .position(|line| line.contains("sd a1, 0(a0)"))
        .expect("the store");
    let native = both.lines().nth(store + 1).expect("a line");
    assert!(native.contains("| mov qword ptr ["), "{both}");
    // Names that there are not, and addresses that mean nothing.
    let absent = ["inspect", &faults, "--disasm", "nobody"];
    sandbox.run(&absent).exits(64).says("\"nobody\"");
    sandbox
        .run(&["inspect", &faults, "--disasm", "5..4"])
        .exits(64)
        .says("5..4");
    sandbox
        .run(&["inspect", &faults, "--native"])
        .exits(64)
        .says("--disasm");
}

#[test]
fn operations_are_counted_and_blocks_drawn() {
    let sandbox = Sandbox::new();
    let faults = faults();
    let object = sandbox
        .run(&["inspect", "--json", &faults, "--histogram"])
        .exits(0)
        .json();
    let counts = object["histogram"].as_object().expect("counts");
    assert!(counts["sd"].as_u64() > Some(0));
    let sum: u64 = counts.values().filter_map(serde_json::Value::as_u64).sum();
    let text = sandbox
        .run(&["inspect", &faults, "--histogram"])
        .exits(0)
        .out;
    assert!(
        text.contains(&format!("{sum} instructions in blocks")),
        "{text}"
    );
    let dot = sandbox
        .run(&["inspect", &faults, "--cfg", "main"])
        .exits(0)
        .out;
    assert!(
        dot.starts_with("digraph \"main\" {\n") && dot.ends_with("}\n"),
        "{dot}"
    );
    // Every node that an arrow begins or ends at is there once.
    for arrow in dot.lines().filter(|line| line.contains(" -> ")) {
        for end in arrow.split(" -> ") {
            let node = end.trim().split([' ', ';']).next().expect("a node");
            assert!(
                dot.contains(&format!("\n  {node} [label=")),
                "{node}: {dot}"
            );
        }
    }
    assert!(
        dot.contains("[label=\"taken\"]") && dot.contains("[label=\"not taken\"]"),
        "{dot}"
    );
    sandbox
        .run(&["inspect", &faults, "--cfg", "nobody"])
        .exits(64)
        .says("\"nobody\"");
}

#[test]
fn names_come_from_another_file_and_a_module_has_none() {
    let sandbox = Sandbox::new();
    let faults = faults();
    let mut stripped = std::fs::read(&faults).expect("it is there");
    // Without its section headers nobody finds the symbols.
    stripped[40..48].fill(0);
    stripped[58..64].fill(0);
    sandbox.file("stripped.elf", &stripped);
    let absent = ["inspect", "stripped.elf", "--disasm", "poke"];
    sandbox.run(&absent).exits(64).says("--symbols");
    // A part of a name is answered with the names that have it.
    let part = ["inspect", &faults, "--disasm", "pok"];
    sandbox.run(&part).exits(64).says("(but poke)");
    let named = [
        "inspect",
        "stripped.elf",
        "--disasm",
        "poke",
        "--symbols",
        &faults,
    ];
    assert!(sandbox.run(&named).exits(0).out.contains("\npoke:\n"));
    sandbox
        .run(&["build", &guest("fib"), "-o", "fib.lkm"])
        .exits(0);
    for extra in [
        &["--disasm", "main"][..],
        &["--disasm", "--native"],
        &["--cfg", "main"],
        &["--histogram"],
    ] {
        let arguments = [&["inspect", "fib.lkm"], extra].concat();
        sandbox
            .run(&arguments)
            .exits(64)
            .says("holds no guest code");
    }
}
