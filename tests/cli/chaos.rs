//! `run --chaos`: a program that reads what it never wrote tells so by ending otherwise for each seed.
//! That the bytes are CKB-VM's is `tests/chaos.rs`.

use serde_json::Value;

use crate::harness::{Elf, Sandbox, call, guest};

/// `lui t0, 0x60; lbu a0, 0(t0)`, and exits with that: a frame that nobody touched.
fn reads_what_it_never_wrote() -> Vec<u8> {
    let [_, number, ecall] = call(93, 0);
    Elf::new().bytes(&[0x0006_02b7, 0x0002_c503, number, ecall])
}

#[test]
fn memory_is_what_the_seed_says() {
    let sandbox = Sandbox::new();
    sandbox.file("guest.elf", &reads_what_it_never_wrote());
    let run = |seed: &str| -> Value {
        let arguments = ["run", "guest.elf", "--json", "--chaos", seed];
        sandbox.run(&arguments).json()
    };
    let plain = sandbox.run(&["run", "guest.elf", "--json"]).exits(0).json();
    assert_eq!(
        (&plain["exit_code"], &plain["engine"]),
        (&0.into(), &"native".into())
    );
    let seeds = ["0", "1", "0x2", "3", "4_294_967_295"];
    let ends: Vec<Value> = seeds.iter().map(|seed| run(seed)).collect();
    for (seed, end) in seeds.iter().zip(&ends) {
        assert_eq!(end["engine"], "interp", "{seed}");
        assert_eq!(end["cycles"], plain["cycles"], "{seed}");
        let again = run(seed);
        for field in ["exit_code", "memory_blake3", "registers"] {
            assert_eq!(again[field], end[field], "{seed}: {field}");
        }
    }
    let mut codes: Vec<_> = ends.iter().map(|end| end["exit_code"].as_i64()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert!(codes.len() >= 3, "{codes:?}");
}

#[test]
fn a_program_that_writes_first_does_not_care() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    // With arguments: without, argc itself is memory that nobody wrote.
    let plain = ["run", &fib, "--json", "--", "10"];
    let plain = sandbox.run(&plain).exits(0).json();
    let arguments = ["run", &fib, "--json", "--chaos", "7", "--", "10"];
    let chaotic = sandbox.run(&arguments).exits(0).json();
    for field in ["result", "exit_code", "cycles", "pc"] {
        assert_eq!(chaotic[field], plain[field], "{field}");
    }
}

#[test]
fn what_does_not_go_with_it_is_refused() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    for (more, word) in [
        (&["--engine", "native"][..], "--chaos"),
        (&["--engine", "check"], "--chaos"),
        (&["--compare"], "--compare"),
        (&["--module", "fib.lkm"], "--module"),
    ] {
        let arguments = [&["run", &fib, "--chaos", "1"][..], more].concat();
        sandbox.run(&arguments).exits(64).says(word);
    }
    for seed in ["0x100000000", "x", "-1"] {
        sandbox.run(&["run", &fib, "--chaos", seed]).exits(64);
    }
    let interpreted = [
        "run", &fib, "--chaos", "1", "--engine", "interp", "--", "10",
    ];
    sandbox.run(&interpreted).exits(0);
}
