//! `--xlen 32`: RV32 through every verb, and ELFs of the other width.

use crate::harness::{Sandbox, guest};

#[test]
fn a_narrow_guest_runs_alike_on_all_engines() {
    let sandbox = Sandbox::new();
    let narrow = guest("narrow");
    let run = |engine: &str| {
        let arguments = ["run", &narrow, "--xlen", "32", "--json", "--engine", engine];
        sandbox.run(&arguments).exits(0).json()
    };
    let (native, interp) = (run("native"), run("interp"));
    assert_eq!(native["engine"], "native");
    assert_eq!(interp["engine"], "interp");
    for field in [
        "cycles",
        "pc",
        "registers",
        "memory_blake3",
        "page_flags_blake3",
    ] {
        assert_eq!(native[field], interp[field], "{field}");
    }
    let registers = native["registers"].as_array().expect("a list");
    for register in registers {
        let text = register.as_str().and_then(|text| text.strip_prefix("0x"));
        let value = u64::from_str_radix(text.expect("hexadecimal"), 16).expect("a number");
        assert!(u32::try_from(value).is_ok(), "{register} has 32 bits");
    }
    // Some have the sign that they are held with.
    let negative = |register: &&serde_json::Value| register.to_string().len() == 12;
    assert!(registers.iter().any(|register| negative(&register)));
    let checked = ["run", &narrow, "--xlen", "32", "--engine", "check"];
    sandbox.run(&checked).exits(0);
}

#[test]
fn a_narrow_module_is_built_inspected_verified_and_run() {
    let sandbox = Sandbox::new();
    let narrow = guest("narrow_b");
    let build = ["build", &narrow, "--xlen", "32", "-o", "narrow.lkm"];
    sandbox.run(&build).exits(0);
    let shown = sandbox.run(&["inspect", "narrow.lkm", "--json"]).exits(0);
    assert_eq!(shown.json()["key"]["xlen"], "32");
    sandbox.run(&["verify", "narrow.lkm", &narrow]).exits(0);
    let arguments = [
        "run",
        &narrow,
        "--xlen",
        "32",
        "--module",
        "narrow.lkm",
        "--engine",
        "native",
        "--no-cache",
    ];
    sandbox.run(&arguments).exits(0);
    // 0x2029 is c.jal, which RV64 takes for c.addiw.
    for arguments in [
        &["inspect", &narrow, "--xlen", "32", "--disasm"][..],
        &["inspect", "narrow.lkm", "--disasm", "--elf", &narrow],
    ] {
        let listing = sandbox.run(arguments).exits(0).out;
        let call = listing
            .lines()
            .any(|line| line.contains("2029 ") && line.contains("jal ra"));
        assert!(call, "{listing}");
        assert!(listing.contains("sh2add"), "{listing}");
    }
}

#[test]
fn an_elf_of_the_other_width_is_refused() {
    let sandbox = Sandbox::new();
    let (fib, narrow) = (guest("fib"), guest("narrow"));
    for arguments in [
        &["run", &fib, "--xlen", "32", "--json"][..],
        &["run", &narrow, "--json"],
        &["inspect", &narrow, "--json"],
        &["build", &fib, "--xlen", "32", "--json"],
    ] {
        let ran = sandbox.run(arguments).exits(65).says("--xlen");
        ran.fails_as("ElfBits");
    }
}
