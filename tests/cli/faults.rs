//! What `run` says of a guest that fails: which instruction, which access, which place of the source, which calls.
//! `examples/faults/faults.c` fails in a way that its argument chooses.

use serde_json::Value;

use crate::harness::{Elf, Sandbox, call};

/// The argument, CKB-VM's name of the fault, the access, the line that text for people has, and a part of the hint.
const FAULTS: [(&str, &str, &str, &str, &str); 8] = [
    (
        "1",
        "MemOutOfBound",
        "load",
        "faults.c:20 in peek(): load of 8 bytes at 0x10000000000, beyond the end of memory (0x400000)",
        "",
    ),
    (
        "2",
        "MemOutOfBound",
        "store",
        "faults.c:24 in poke(): store of 8 bytes at 0x10000000000, beyond the end of memory (0x400000)",
        "",
    ),
    (
        "3",
        "MemWriteOnExecutablePage",
        "store",
        "faults.c:24 in poke(): store of 8 bytes at 0x11030, in a page of code (0x11000 is executable and frozen)",
        "",
    ),
    (
        "4",
        "MemWriteOnExecutablePage",
        "store",
        "faults.c:27 in deeper(): store of 8 bytes at ",
        "the stack pointer has left the stack",
    ),
    (
        "5",
        "MemWriteOnExecutablePage",
        "fetch",
        "Fault: code at 0x12000, in a page that is not executable (0x12000)",
        "a jump into data",
    ),
    (
        "6",
        "InvalidInstruction",
        "fetch",
        "faults.c:39 in divide(): code at 0x1110a, which is no instruction (bytes 00 00 82 80)",
        "compilers put these bytes (unimp)",
    ),
    (
        "7",
        "InvalidEcall",
        "ecall",
        "faults.c:46 in call_host(): system call 4242, which this host does not have",
        "--tx-file",
    ),
    (
        "9",
        "MemWriteOnExecutablePage",
        "fetch",
        "Fault: code at 0x0, in a page that is not executable (0x0)",
        "a call of a null pointer",
    ),
];

fn faults() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf").to_owned()
}

fn functions(site: &Value) -> Vec<&str> {
    let calls = site["backtrace"].as_array().expect("a list");
    let named = calls.iter().filter_map(|call| call["function"].as_str());
    named.collect()
}

#[test]
fn a_fault_names_its_place_and_what_led_there() {
    let sandbox = Sandbox::new();
    let file = faults();
    for (how, name, access, line, hint) in FAULTS {
        let ran = sandbox.run(&["run", &file, "--", how]).exits(254);
        assert!(ran.out.contains(line), "{how}: {}", ran.out);
        assert!(ran.out.contains(hint), "{how}: {}", ran.out);
        assert!(
            ran.out.contains("\nBacktrace:\n  #0 0x"),
            "{how}: {}",
            ran.out
        );
        assert!(ran.err.is_empty(), "{how}: {}", ran.err);

        let run = |engine: &str| {
            let arguments = ["run", &file, "--json", "--engine", engine, "--", how];
            sandbox.run(&arguments).exits(254).json()
        };
        let native = run("native");
        assert_eq!(native["fault"], name, "{how}");
        let site = &native["fault_site"];
        assert_eq!(site["access"], access, "{how}");
        for engine in ["interp", "check"] {
            assert_eq!(&run(engine)["fault_site"], site, "{how} by {engine}");
        }
        let calls = functions(site);
        match how {
            "4" => assert!(calls.len() > 20 && calls.iter().all(|name| *name == "deeper")),
            _ => assert!(
                calls.ends_with(&["fail", "main", "_start"]),
                "{how}: {calls:?}"
            ),
        }
    }
}

/// CKB-VM's pc stands behind the trace; the instruction is the one that failed.
#[test]
fn the_instruction_is_not_where_the_pc_stands() {
    let sandbox = Sandbox::new();
    let arguments = ["run", &faults(), "--json", "--", "2"];
    let ran = sandbox.run(&arguments).exits(254).json();
    let site = &ran["fault_site"];
    assert_eq!(ran["pc"], "0x110dc");
    assert_eq!(
        (&site["instruction"], &site["text"]),
        (&"0x110d4".into(), &"sd a1, 0(a0)".into())
    );
    assert_eq!(
        (&site["address"], &site["bytes"]),
        (&"0x10000000000".into(), &8.into())
    );
    let call = &site["backtrace"][0];
    assert_eq!(
        (&call["function"], &call["line"]),
        (&"poke".into(), &24.into())
    );
}

#[test]
fn an_elf_without_symbols_has_the_instruction_all_the_same() {
    let sandbox = Sandbox::new();
    // `li a0, -8; ld a0, 0(a0)`.
    let [exit, number, ecall] = call(93, 0);
    let words = [0xff80_0513, 0x0005_3503, exit, number, ecall];
    sandbox.file("guest.elf", &Elf::new().bytes(&words));
    let ran = sandbox.run(&["run", "guest.elf"]).exits(254);
    for part in [
        "Fault: load of 8 bytes at 0xfffffffffffffff8, beyond the end of memory",
        "ld a0, 0(a0)  (a0 = 0xfffffffffffffff8)",
        "The ELF has no symbols; build it with -g and without -s",
        "or name the file before it was stripped with --symbols FILE",
        "Hint: the address is that of a null pointer with a small offset",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
}

#[test]
fn a_run_without_a_fault_has_no_place_of_one() {
    let sandbox = Sandbox::new();
    let arguments = ["run", &faults(), "--json", "--", "0"];
    let ran = sandbox.run(&arguments).exits(0).json();
    assert!(ran.get("fault_site").is_none(), "{ran}");
    let limited = [
        "run",
        &faults(),
        "--json",
        "--max-cycles",
        "9_000",
        "--",
        "8",
    ];
    let ran = sandbox.run(&limited).exits(254).json();
    assert_eq!(ran["result"], "cycles_exceeded");
    assert!(ran.get("fault_site").is_none(), "{ran}");
}

/// The code of a script is its cell's data, so a new build can stand there; symbols may come from another file.
#[cfg(feature = "tx")]
#[test]
fn a_script_of_a_transaction_has_a_place_too() {
    let sandbox = Sandbox::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let text = std::fs::read_to_string(format!("{folder}/transactions/sighash_good.json"));
    let text = text.expect("a transaction");
    let with = |code: &str| {
        let text = text.replace("cells/secp256k1_blake160_sighash_all", code);
        text.replace(" cells/", &format!(" {folder}/transactions/cells/"))
    };
    let file = faults();
    sandbox.file("with.json", with(&file).as_bytes());
    // Without its sections: what is left is what the loader reads.
    let mut stripped = std::fs::read(&file).expect("an ELF");
    stripped[0x28..0x30].fill(0);
    stripped[0x3c..0x40].fill(0);
    let stripped = sandbox.file("stripped.elf", &stripped);
    let stripped = with(stripped.to_str().expect("a name in UTF-8"));
    sandbox.file("without.json", stripped.as_bytes());

    let line = "faults.c:24 in poke(): store of 8 bytes at 0x10000000000, beyond the end of memory (0x400000)";
    let ran = sandbox.run(&["run", "--tx-file", "with.json"]).exits(254);
    assert!(ran.out.contains(line), "{}", ran.out);
    let site = |name: &str, more: &[&str]| {
        let words = [&["run", "--json", "--tx-file", name][..], more].concat();
        sandbox.run(&words).exits(254).json()["fault_site"].take()
    };
    let named = site("with.json", &[]);
    assert_eq!(functions(&named), ["poke", "fail", "main", "_start"]);
    assert_eq!(site("with.json", &["--engine", "interp"]), named);
    assert_eq!(site("without.json", &["--symbols", &file]), named);
    let unnamed = site("without.json", &[]);
    assert_eq!(unnamed["instruction"], named["instruction"]);
    assert!(functions(&unnamed).is_empty(), "{unnamed}");
}

/// A loop without end meets the limit of a block, unless somebody says another one.
#[test]
fn a_loop_without_end_is_stopped() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["run", &faults(), "--", "8"]).exits(254);
    let first = "Run result: cycles exceeded: 3500000000 are allowed, as in a block of the chain; --max-cycles N";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    let ran = sandbox
        .run(&["run", "--max-cycles", "7M", &faults(), "--", "8"])
        .exits(254);
    let first = "Run result: cycles exceeded: 7000000 are allowed, pc 0x";
    assert!(ran.out.starts_with(first), "{}", ran.out);
    let words = ["run", "--max-cycles", "7X", &faults(), "--", "8"];
    let ran = sandbox.run(&words).exits(64);
    assert!(ran.err.contains("'7X'"), "{}", ran.err);
}

/// A run that is stopped by its limit says where: in a program, and in a script of a transaction.
#[test]
fn the_limit_of_cycles_names_the_place() {
    let sandbox = Sandbox::new();
    let file = faults();
    let arguments = ["run", &file, "--max-cycles", "1M", "--", "8"];
    let ran = sandbox.run(&arguments).exits(254);
    let line =
        "Stopped: ./examples/faults/faults.c:59 in fail(): at 0x11056, by the limit of cycles\n";
    assert!(ran.out.contains(line), "{}", ran.out);
    let site = sandbox
        .run(&[&["run", "--json"], &arguments[1..]].concat())
        .json();
    assert_eq!(site["stopped_at"]["instruction"], "0x11056");
    assert!(functions(&site["stopped_at"]).ends_with(&["fail", "main", "_start"]));
    let transaction = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/transactions/sighash_good.json"
    );
    let words = ["run", "--tx-file", transaction, "--bin", &file];
    let ran = sandbox
        .run(&[&words[..], &["--max-cycles", "1M", "--", "8"]].concat())
        .exits(254);
    assert!(ran.out.contains(line), "{}", ran.out);
}

/// The system scripts have names for their exit codes; others have the convention of `ckb-std` at most.
#[test]
fn exit_codes_have_the_names_that_their_scripts_give_them() {
    let sandbox = Sandbox::new();
    let transaction = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/transactions/sighash_bad.json"
    );
    let ran = sandbox.run(&["run", "--tx-file", transaction]);
    let line = "Exit code -31: ERROR_PUBKEY_BLAKE160_HASH of secp256k1_blake160_sighash_all\n";
    assert!(ran.out.contains(line), "{}", ran.out);
    let found = sandbox
        .run(&["run", "--json", "--tx-file", transaction])
        .json();
    assert_eq!(found["exit_name"]["name"], "ERROR_PUBKEY_BLAKE160_HASH");
    assert_eq!(found["exit_name"]["is_certain"], true);
    let words = [
        "run",
        "--tx-file",
        transaction,
        "--bin",
        &faults(),
        "--",
        "?",
    ];
    let ran = sandbox.run(&words).exits(0);
    assert!(!ran.out.contains("Exit code"), "{}", ran.out);
}
