//! Wrong arguments: 64, with the offending value named; help that shows an example.

use crate::harness::{Sandbox, exits_with, guest};

#[test]
fn wrong_arguments_are_64_and_named() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    for (arguments, word) in [
        (&["run", &fib, "--vm-version", "3"][..], "'3'"),
        (&["run", &fib, "--isa", "imc,v"], "\"v\""),
        (&["run", &fib, "--xlen", "65"], "'65'"),
        (&["run", &fib, "--cost", "free"], "'free'"),
        (&["run", &fib, "--memory", "12q"], "'12q'"),
        (&["run", &fib, "--memory", "0x"], "'0x'"),
        (&["run", &fib, "--memory", "4097"], "0x1001"),
        (&["run", &fib, "--memory", "0"], "0x0"),
        (&["run", &fib, "--memory", "8_388_608"], "0x800000"),
        (
            &["run", &fib, "--max-cycles", "99999999999999999999"],
            "'99999999999999999999'",
        ),
        (&["run", &fib, "--max-cycles", "-1"], "'-1'"),
        (&["run", &fib, "--engine", "fast"], "'fast'"),
        (&["run", &fib, "--cache", "x", "--no-cache"], "--no-cache"),
        (
            &["run", &fib, "--engine", "interp", "--module", "x"],
            "--module",
        ),
        (&["run", &fib, "stray"], "'stray'"),
        (&["run"], "<ELF>"),
        (&["build", &fib, "--emit", "bitcode"], "'bitcode'"),
        (&["build", &fib, "--cpu", "fast"], "'fast'"),
        (&["build", &fib, "--target", "vax-unknown-none"], "vax"),
        (&["build", &fib, "--no-cache", "--emit", "map"], "--emit"),
        (&["inspect", "--disasm", "0x10"], "nothing to inspect"),
        (&["verify", "one"], "<ELF>"),
        (&["cache", "polish"], "'polish'"),
        (&["walk"], "'walk'"),
    ] {
        let mut with_json = vec!["--json"];
        with_json.extend(arguments);
        sandbox.run(&with_json).exits(64).says(word).json();
        let ran = sandbox.run(arguments).exits(64);
        assert!(ran.out.is_empty(), "{}", ran.out);
    }
    sandbox.run::<&str>(&[]).exits(64).says("Usage");
}

#[test]
fn wrong_settings_of_the_environment_are_64() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    for (variable, value) in [
        ("LOCKSTEP_ENGINE", "fast"),
        ("LOCKSTEP_TRANSLATE", "later"),
        ("LOCKSTEP_SHADOW", "1.5"),
        ("LOCKSTEP_CONFIRM", "all"),
    ] {
        let ran = sandbox
            .run_with(&[(variable, value)], &["run", &fib])
            .exits(64);
        ran.says(variable).says(value);
    }
    // A flag wins over the environment; an empty variable is none.
    let arguments = ["run", "--json", "--engine", "interp", &fib];
    let wrong = [("LOCKSTEP_ENGINE", "fast")];
    sandbox.run_with(&wrong, &arguments).exits(0);
    let interp = [("LOCKSTEP_ENGINE", "interp")];
    let ran = sandbox.run_with(&interp, &["run", "--json", &fib]).exits(0);
    assert_eq!(ran.json()["engine"], "interp");
    sandbox
        .run_with(&[("LOCKSTEP_ENGINE", "")], &["run", &fib])
        .exits(0);
}

#[test]
fn a_mistyped_budget_is_64() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    sandbox.run(&["cache", "gc"]).exits(0);
    for variable in ["LOCKSTEP_CACHE_BYTES", "LOCKSTEP_CACHE_ENTRIES"] {
        for arguments in [&["cache", "gc"][..], &["build", &fib], &["run", &fib]] {
            let ran = sandbox.run_with(&[(variable, "1 GB")], arguments).exits(64);
            ran.says(variable).says("1 GB");
        }
    }
}

#[test]
fn native_code_that_cannot_be_had_is_70() {
    let sandbox = Sandbox::new();
    let never = [("LOCKSTEP_TRANSLATE", "never")];
    let native = ["run", "--json", "--engine", "native", &guest("fib")];
    let ran = sandbox.run_with(&never, &native).exits(70);
    ran.fails_as("NoModule").says("never");
    let auto = ["run", "--json", &guest("fib")];
    let ran = sandbox.run_with(&never, &auto).exits(0);
    assert_eq!(ran.json()["engine"], "interp");
}

#[test]
fn arguments_that_do_not_fit_the_stack_are_64() {
    let sandbox = Sandbox::new();
    let elf = sandbox.file("exit.elf", &exits_with(0));
    let elf = elf.to_str().expect("a path");
    let long = "x".repeat(100_000);
    let mut arguments = vec!["run", "--json", elf, "--"];
    arguments.extend([long.as_str(); 11]);
    for version in ["0", "1", "2"] {
        let mut arguments = arguments.clone();
        arguments.splice(1..1, ["--vm-version", version]);
        let ran = sandbox.run(&arguments).exits(64);
        ran.fails_as("MemOutOfStack").says("1100011 bytes");
    }
    arguments.pop();
    sandbox.run(&arguments).exits(0);
}

#[test]
fn every_help_shows_an_example() {
    let sandbox = Sandbox::new();
    for verb in [
        &[][..],
        &["build"],
        &["run"],
        &["inspect"],
        &["verify"],
        &["cache"],
        &["cache", "ls"],
        &["cache", "path"],
        &["cache", "clear"],
        &["cache", "gc"],
        &["cache", "verify"],
    ] {
        let mut arguments = verb.to_vec();
        arguments.push("--help");
        let ran = sandbox.run(&arguments).exits(0);
        assert!(ran.out.contains("Example:\n"), "{verb:?}: {}", ran.out);
        assert!(!ran.out.contains('\u{1b}'), "colour without a terminal");
    }
    sandbox.run(&["--version"]).exits(0);
}

#[test]
fn files_that_cannot_be_read_or_written_are_66() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    std::fs::create_dir(sandbox.path("folder")).expect("a folder");
    for arguments in [
        &["run", "missing.elf", "--json"][..],
        &["run", "folder", "--json"],
        &["inspect", "missing.lkm", "--json"],
        &["verify", "missing.lkm", &fib, "--json"],
        &["run", &fib, "--module", "missing.lkm", "--json"],
    ] {
        sandbox.run(arguments).exits(66).fails_as("Unreadable");
    }
    for output in ["missing/fib.lkm", "folder", "/dev/full", "exit.elf/fib.lkm"] {
        sandbox.file("exit.elf", &exits_with(0));
        let arguments = ["build", &fib, "-o", output, "--json"];
        sandbox
            .run(&arguments)
            .exits(66)
            .fails_as("Unwritable")
            .says(output);
    }
    // Nothing half written, nothing left over.
    assert_eq!(sandbox.names(&sandbox.path("")), ["exit.elf", "folder"]);
    assert!(sandbox.names(&sandbox.path("folder")).is_empty());
}

#[test]
fn a_full_standard_output_is_66_and_a_closed_one_is_nothing() {
    let sandbox = Sandbox::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let full = full.expect("/dev/full");
    let mut command = sandbox.command(&["run", &guest("fib")]);
    let status = command.stdout(full).output().expect("running").status;
    assert_eq!(status.code(), Some(66));
}

#[test]
fn nothing_is_written_over_the_input() {
    let sandbox = Sandbox::new();
    let elf = std::fs::read(guest("fib")).expect("a guest");
    sandbox.file("a.elf", &elf);
    sandbox.file("in.map", &elf);
    let direct = sandbox.run(&["build", "a.elf", "-o", "./a.elf"]).exits(64);
    assert!(direct.err.contains("a.elf"), "{}", direct.err);
    let beside = ["build", "in.map", "-o", "in.lkm", "--emit", "map"];
    sandbox.run(&beside).exits(64);
    for kept in ["a.elf", "in.map"] {
        assert!(std::fs::read(sandbox.path(kept)).expect("still there") == elf);
    }
    assert_eq!(sandbox.names(&sandbox.path("")), ["a.elf", "in.map"]);
}
