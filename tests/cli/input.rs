//! Where input comes from: standard input, and files for another processor.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Ran, Sandbox, exits_with, guest};

/// Runs the command with these bytes as its standard input.
fn piped(sandbox: &Sandbox, arguments: &[&str], bytes: &[u8]) -> Ran {
    let mut command = sandbox.command(arguments);
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("running the command");
    // It may end before it has read all.
    let _ = child.stdin.take().expect("a pipe").write_all(bytes);
    Ran::of(child.wait_with_output().expect("running the command"))
}

#[test]
fn a_dash_is_standard_input() {
    let sandbox = Sandbox::new();
    let elf = std::fs::read(guest("fib")).expect("a guest");
    let named = sandbox
        .run(&["run", "--json", &guest("fib")])
        .exits(0)
        .json();
    for options in [
        &["run", "--json", "-"][..],
        &["run", "--json", "--compare", "-"],
    ] {
        let ran = piped(&sandbox, options, &elf).exits(0).json();
        for field in ["cycles", "registers", "memory_blake3", "engine"] {
            assert_eq!(ran[field], named[field], "{field}");
        }
    }
    piped(&sandbox, &["build", "-", "-o", "fib.lkm"], &elf).exits(0);
    piped(&sandbox, &["inspect", "-"], &elf).exits(0);
    piped(&sandbox, &["verify", "fib.lkm", "-"], &elf).exits(0);
    let module = std::fs::read(sandbox.path("fib.lkm")).expect("a module");
    piped(&sandbox, &["inspect", "-"], &module).exits(0);
    piped(&sandbox, &["verify", "-", &guest("fib")], &module).exits(0);
    piped(
        &sandbox,
        &["verify", "--record", "-", &guest("fib")],
        &module,
    )
    .exits(64)
    .says("the module cannot be -");
    piped(&sandbox, &["verify", "-", "-"], &module)
        .exits(64)
        .says("standard input");
    piped(&sandbox, &["run", "-"], b"")
        .exits(65)
        .says("standard input");
}

#[test]
fn an_elf_for_another_processor_is_run_with_a_warning() {
    let sandbox = Sandbox::new();
    let mut elf = exits_with(7);
    sandbox.file("riscv.elf", &elf);
    let right = sandbox.run(&["run", "riscv.elf"]).exits(254);
    assert!(right.err.is_empty(), "{}", right.err);
    // What ELF calls x86-64.
    elf[18..20].copy_from_slice(&62_u16.to_le_bytes());
    sandbox.file("x86.elf", &elf);
    for verb in ["run", "build", "inspect"] {
        let ran = sandbox.run(&[verb, "x86.elf"]).says("e_machine is 62");
        assert_eq!(ran.err.matches("e_machine").count(), 1, "{}", ran.err);
        assert_eq!(ran.code, if verb == "run" { 254 } else { 0 }, "{}", ran.err);
    }
    let json = sandbox
        .run(&["run", "--json", "--compare", "x86.elf"])
        .exits(254);
    assert_eq!(json.json()["exit_code"], 7);
    assert_eq!(json.err.matches("warning").count(), 1, "{}", json.err);
}
