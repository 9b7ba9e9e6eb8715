//! `translate heat`, and what `build`, `verify` and `run` make of its file.

use std::fs;

use serde_json::Value;

use crate::harness::Sandbox;

/// A sandbox with `fib.elf` and its heat.
fn heated() -> Sandbox {
    let sandbox = Sandbox::new();
    let elf = concat!(env!("CARGO_MANIFEST_DIR"), "/guests/elf/fib.elf");
    fs::copy(elf, sandbox.path("fib.elf")).expect("a guest of the repository");
    let told = sandbox.run(&["heat", "--json", "fib.elf", "-o", "fib.heat", "--", "10"]);
    let told = told.exits(0).json();
    assert_eq!(
        (&told["result"], &told["end"]),
        (&Value::from("heat"), &Value::from("exit 0"))
    );
    sandbox
}

#[test]
fn the_same_run_gives_the_same_heat() {
    let sandbox = heated();
    let text = fs::read_to_string(sandbox.path("fib.heat")).expect("it was written");
    assert!(text.starts_with("lockstep-heat 1\n0x"), "{text}");
    let sum = |line: &str| line.split(' ').nth(1)?.parse::<u64>().ok();
    let cycles: u64 = text.lines().skip(1).filter_map(sum).sum();
    let run = sandbox.run(&["run", "--json", "fib.elf", "--engine", "interp", "--", "10"]);
    assert_eq!(run.exits(0).json()["cycles"], cycles);
    let again = ["heat", "fib.elf", "-o", "again.heat", "--", "10"];
    sandbox.run(&again).exits(0);
    assert_eq!(
        fs::read_to_string(sandbox.path("again.heat")).unwrap(),
        text
    );
    // Without end, it is cut.
    let cut = [
        "heat",
        "--json",
        "fib.elf",
        "-o",
        "cut.heat",
        "--max-cycles",
        "100",
        "--",
        "10",
    ];
    let told = sandbox.run(&cut).exits(0).json();
    assert_eq!(told["end"], "the cycles are used up");
    let none = [
        "heat",
        "fib.elf",
        "-o",
        "none.heat",
        "--max-cycles",
        "0",
        "--",
        "10",
    ];
    sandbox.run(&none).exits(65).says("ran no code");
    assert!(!sandbox.path("none.heat").exists());
}

#[test]
fn heat_is_in_the_key_and_verify_makes_the_module_again() {
    let sandbox = heated();
    let build = |extra: &[&str]| {
        let arguments = [&["build", "--json", "fib.elf"], extra].concat();
        sandbox.run(&arguments).exits(0).json()["modules"][0].clone()
    };
    let plain = build(&["-o", "plain.lkm"]);
    let hot = build(&["-o", "hot.lkm", "--heat", "fib.heat"]);
    assert_ne!(hot["key"], plain["key"]);
    assert_eq!(plain["heat"], 0);
    assert!(hot["heat"].as_u64() > Some(0));
    assert_eq!(
        build(&["--no-cache", "--heat", "fib.heat"])["key"],
        hot["key"]
    );
    for module in ["plain.lkm", "hot.lkm"] {
        let verified = sandbox.run(&["verify", module, "fib.elf"]).exits(0);
        assert!(verified.out.starts_with("Equal"), "{}", verified.out);
        sandbox.run(&["inspect", module]).exits(0);
        let run = ["run", "--json", "--module", module, "fib.elf", "--", "10"];
        assert_eq!(sandbox.run(&run).exits(0).json()["engine"], "native");
    }
    // Of a heat for other code nothing is left.
    sandbox.file("other.heat", b"lockstep-heat 1\n0x0 1\n");
    assert_eq!(
        build(&["--no-cache", "--heat", "other.heat"])["key"],
        plain["key"]
    );
}

/// A run takes a module from the cache.
fn runs_natively(sandbox: &Sandbox) {
    let ran = sandbox.run(&["run", "--json", "fib.elf", "--", "10"]);
    let ran = ran.exits(0).json();
    assert_eq!(
        (&ran["engine"], &ran["translate_seconds"]),
        (&Value::from("native"), &Value::from(0.0))
    );
}

#[test]
fn a_run_takes_the_module_with_heat() {
    let sandbox = heated();
    sandbox.run(&["build", "fib.elf"]).exits(0);
    sandbox
        .run(&["build", "fib.elf", "--heat", "fib.heat"])
        .exits(0);
    let modules = |sandbox: &Sandbox| {
        let names = sandbox.names(&sandbox.cache());
        names.iter().filter(|name| name.ends_with(".lkm")).count()
    };
    assert_eq!(modules(&sandbox), 2);
    // Both are good, and which one is taken shows when one is damaged: the other takes its place.
    runs_natively(&sandbox);
    let names = sandbox.names(&sandbox.cache());
    let plain = names
        .iter()
        .find(|name| name.ends_with(".heat"))
        .expect("a preference");
    let plain = plain.replace(".heat", ".lkm");
    fs::remove_file(sandbox.cache().join(plain)).expect("it is there");
    runs_natively(&sandbox);
    assert_eq!(modules(&sandbox), 1);
}

#[test]
fn what_is_no_heat_is_refused() {
    let sandbox = heated();
    for (text, what) in [
        ("", "empty"),
        ("heat\n", "is not \"lockstep-heat 1\""),
        ("lockstep-heat 1\n0x10001 1\n", "0x10001"),
        ("lockstep-heat 1\n0x10000 1\n0x10000 1\n", "line 3"),
        ("lockstep-heat 1\n0x10000 0\n", "line 2"),
    ] {
        sandbox.file("bad.heat", text.as_bytes());
        let ran = sandbox.run(&["build", "--json", "fib.elf", "--heat", "bad.heat"]);
        let ran = ran.exits(65).says("translate heat").says(what);
        assert_eq!(ran.json()["error"]["kind"], "HeatMalformed");
    }
    let ran = sandbox.run(&["build", "fib.elf", "--heat", "missing.heat"]);
    ran.exits(66).says("missing.heat");
}
