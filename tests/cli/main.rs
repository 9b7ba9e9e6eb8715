//! The command as other programs see it: output, JSON, exit codes, files. Every test runs the built
//! binary in a folder of its own; nothing here looks inside.

mod bad_elf;
mod bad_module;
mod cache;
mod chaos;
mod check;
mod coverage;
#[cfg(target_os = "linux")]
mod drills;
#[cfg(feature = "tx")]
mod equivalents;
mod explore;
mod faults;
mod gdb;
mod habits;
mod harness;
mod heat;
#[cfg(all(feature = "tx", target_os = "linux"))]
mod host_files;
mod input;
mod inspect;
#[cfg(target_os = "linux")]
mod limits;
mod narrow;
#[cfg(target_os = "linux")]
mod perf;
mod profile;
#[cfg(feature = "tx")]
mod scripts;
mod shell;
mod steps;
#[cfg(feature = "tx")]
mod transaction;
mod trust;
mod usage;
mod words;

use harness::{Elf, Sandbox, call, exits_with, guest};

/// The fields of a run, as they are promised.
const FIELDS: [&str; 13] = [
    "result",
    "exit_code",
    "fault",
    "cycles",
    "pc",
    "registers",
    "memory_blake3",
    "page_flags_blake3",
    "engine",
    "native_cycles",
    "translate_seconds",
    "run_seconds",
    "cache",
];

#[test]
fn a_run_prints_the_result_in_known_words() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["run", &guest("fib")]).exits(0);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", ran.out);
    assert_eq!(lines[0], "Run result: 0");
    assert!(
        lines[1].starts_with("All cycles: 2059381(2.0M)"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("Engine: native, "), "{}", lines[2]);
    assert!(ran.err.is_empty(), "{}", ran.err);
}

#[test]
fn the_second_run_takes_the_module_from_the_cache() {
    let sandbox = Sandbox::new();
    let arguments = ["run", "--json", &guest("fib")];
    let first = sandbox.run(&arguments).exits(0).json();
    assert!(first["translate_seconds"].as_f64() > Some(0.0));
    let second = sandbox.run(&arguments).exits(0).json();
    assert_eq!(second["translate_seconds"].as_f64(), Some(0.0));
    assert_eq!(second["engine"], "native");
    for field in [
        "cycles",
        "pc",
        "registers",
        "memory_blake3",
        "native_cycles",
    ] {
        assert_eq!(first[field], second[field], "{field}");
    }
}

#[test]
fn the_json_of_a_run_has_the_promised_shape() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run(&["run", "--json", &guest("fib")]).exits(0);
    assert_eq!(ran.out.lines().count(), 1);
    let object = ran.json();
    let fields = object.as_object().expect("an object");
    assert_eq!(fields.len(), FIELDS.len());
    let positions: Vec<_> = FIELDS
        .iter()
        .map(|field| ran.out.find(&format!("\"{field}\":")).expect(field))
        .collect();
    assert!(positions.is_sorted(), "the order of fields: {}", ran.out);
    assert_eq!(object["result"], "exit");
    assert_eq!(object["exit_code"], 0);
    assert!(object["fault"].is_null());
    let registers = object["registers"].as_array().expect("registers");
    assert_eq!(registers.len(), 32);
    assert_eq!(registers[0], "0x0");
    assert_eq!(registers[17], "0x5d");
    for field in ["memory_blake3", "page_flags_blake3"] {
        assert_eq!(object[field].as_str().map(str::len), Some(64));
    }
}

#[test]
fn interpreter_and_native_code_give_the_same_answer() {
    let sandbox = Sandbox::new();
    for name in ["fib", "sieve"] {
        let run = |engine| {
            let arguments = ["run", "--json", "--engine", engine, &guest(name)];
            sandbox.run(&arguments).exits(0).json()
        };
        let (interp, native) = (run("interp"), run("native"));
        assert_eq!(interp["engine"], "interp");
        assert_eq!(interp["native_cycles"], 0);
        assert_eq!(native["engine"], "native");
        for field in &FIELDS[..8] {
            assert_eq!(interp[field], native[field], "{name}: {field}");
        }
    }
}

#[test]
fn a_guest_that_fails_ends_with_254() {
    let sandbox = Sandbox::new();
    for (code, expected) in [(1, 1), (0xfff, -1), (0x80, -128), (0x7f, 127)] {
        let elf = sandbox.file("exit.elf", &exits_with(code));
        let ran = sandbox.run(&["run".as_ref(), "--json".as_ref(), elf.as_os_str()]);
        assert_eq!(ran.exits(254).json()["exit_code"], expected);
    }
    let elf = sandbox.file("call.elf", &Elf::new().bytes(&call(2000, 0)));
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "--json", elf.to_str().expect("a path")];
        arguments.extend(more);
        sandbox.run(&arguments).exits(254).json()
    };
    let object = run(&[]);
    assert_eq!(object["result"], "fault");
    assert_eq!(object["fault"], "InvalidEcall");
    assert!(object["exit_code"].is_null());
    let object = run(&["--vm-version", "0", "--isa", "imc,mop"]);
    assert_eq!(object["fault"], "InvalidVersion");
    assert_eq!(object["cycles"], 0);
    let object = run(&["--max-cycles", "501"]);
    assert_eq!(object["result"], "cycles_exceeded");
    assert!(object["fault"].is_null());
    assert_eq!(object["cycles"], 0);
    assert_eq!(object["pc"], "0x10000");
    // 1 + 1 + 500: reaching the limit is fine.
    assert_eq!(run(&["--max-cycles", "5_0_2"])["fault"], "InvalidEcall");
    assert_eq!(run(&["--cost", "constant"])["cycles"], 3);
}

#[test]
fn arguments_are_the_whole_argv() {
    // lw a0, 0(sp); li a7, 93; ecall: the exit code is argc.
    let code = [0x0001_2503, 0x05d0_0893, 0x73];
    let sandbox = Sandbox::new();
    let elf = sandbox.file("argc.elf", &Elf::new().bytes(&code));
    let elf = elf.to_str().expect("a path");
    let argc = |arguments: &[&str]| sandbox.run(arguments).json()["exit_code"].clone();
    assert_eq!(argc(&["run", "--json", elf]), 0);
    assert_eq!(argc(&["run", "--json", elf, "--", "one"]), 1);
    assert_eq!(
        argc(&["run", "--json", elf, "--", "one", "--json", "--", ""]),
        4
    );
}

#[test]
fn the_debug_print_goes_to_standard_error() {
    // auipc a0, 0; addi a0, a0, 32; li a7, 2177 (lui + addiw); ecall; li a0, 0; li a7, 93; ecall,
    // and the text behind it.
    let code = [
        0x0000_0517,
        0x0205_0513,
        0x0000_18b7,
        0x8818_889b,
        0x73,
        0x513,
        0x05d0_0893,
        0x73,
        u32::from_le_bytes(*b"Salu"),
        u32::from_le_bytes(*b"t!\0\0"),
    ];
    let sandbox = Sandbox::new();
    let elf = sandbox.file("print.elf", &Elf::new().bytes(&code));
    let ran = sandbox.run(&["run".as_ref(), elf.as_os_str()]).exits(0);
    assert_eq!(ran.err, "Salut!\n");
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let sandbox = Sandbox::new();
    for name in ["one.lkm", "two.lkm"] {
        sandbox.run(&["build", &guest("fib"), "-o", name]).exits(0);
    }
    let one = std::fs::read(sandbox.path("one.lkm")).expect("a module");
    assert_eq!(
        one,
        std::fs::read(sandbox.path("two.lkm")).expect("a module")
    );
    // Into the cache: the same again.
    let built = sandbox
        .run(&["build", "--json", &guest("fib")])
        .exits(0)
        .json();
    let path = built["modules"][0]["path"]
        .as_str()
        .expect("a path")
        .to_owned();
    assert_eq!(one, std::fs::read(path).expect("a module"));
    sandbox.run(&["verify", "one.lkm", &guest("fib")]).exits(0);
}

#[test]
fn a_build_says_what_it_did() {
    let sandbox = Sandbox::new();
    let emit = ["--emit", "clif,asm,map"];
    let arguments = [
        "build",
        "--json",
        &guest("fib"),
        "-o",
        "fib.lkm",
        emit[0],
        emit[1],
    ];
    let object = sandbox.run(&arguments).exits(0).json();
    assert_eq!(object["result"], "built");
    let module = &object["modules"][0];
    for field in [
        "units",
        "blocks",
        "instructions",
        "code_bytes",
        "guest_bytes",
    ] {
        assert!(module[field].as_u64() > Some(0), "{field}: {module}");
    }
    assert!(module["left"].is_array());
    assert_eq!(module["key"].as_str().map(str::len), Some(64));
    for name in ["fib.lkm", "fib.clif", "fib.asm", "fib.map"] {
        let size = std::fs::metadata(sandbox.path(name)).expect(name).len();
        assert!(size > 0, "{name}");
    }
    assert!(!sandbox.cache().exists(), "-o leaves the cache alone");
    let text = sandbox.run(&["build", &guest("fib")]).exits(0).out;
    for word in [
        "Translated:",
        "Native code:",
        "Time:",
        "Key:",
        "Left to the interpreter:",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn inspecting_shows_elf_and_module() {
    let sandbox = Sandbox::new();
    let fib = guest("fib");
    let elf = sandbox.run(&["inspect", "--json", &fib]).exits(0).json();
    assert_eq!(elf["kind"], "elf");
    assert!(
        elf["segments"]
            .as_array()
            .is_some_and(|segments| !segments.is_empty())
    );
    assert!(elf["regions"][0]["blocks"][0]["cycles"].as_u64() > Some(0));
    sandbox.run(&["build", &fib, "-o", "fib.lkm"]).exits(0);
    let module = sandbox
        .run(&["inspect", "--json", "fib.lkm"])
        .exits(0)
        .json();
    assert_eq!(module["kind"], "module");
    assert_eq!(module["key"]["version"], "2");
    assert_eq!(module["id"], elf["regions"][0]["key"]);
    let whole = sandbox.run(&["inspect", "--disasm", &fib]).exits(0).out;
    assert!(whole.contains("ecall"), "{whole}");
    let entry = elf["entry"].as_str().expect("an entry");
    let both = ["inspect", "fib.lkm", "--elf", &fib, "--disasm", entry];
    let both = sandbox.run(&both).exits(0).out;
    assert!(both.contains("cycles\n") && both.contains('|'), "{both}");
    sandbox
        .run(&["inspect", &fib, "--disasm", "5..4"])
        .exits(64)
        .says("5..4");
}

#[test]
fn every_piece_of_code_has_a_module_of_its_own() {
    let sandbox = Sandbox::new();
    let mut elf = Elf::new();
    let mut second = elf.segments[0].clone();
    second.addr = 0x20000;
    elf.segments.push(second);
    elf.entry = 0x20000;
    sandbox.file("two.elf", &elf.bytes(&call(93, 0)));
    let built = sandbox.run(&["build", "--json", "two.elf"]).exits(0).json();
    let modules = built["modules"].as_array().expect("modules");
    let bases: Vec<_> = modules.iter().map(|module| &module["base"]).collect();
    assert_eq!(bases, ["0x10000", "0x20000"]);
    let ran = sandbox.run(&["run", "--json", "--engine", "native", "two.elf"]);
    assert_eq!(ran.exits(0).json()["translate_seconds"].as_f64(), Some(0.0));
    // A file holds one: that of the entry.
    let ran = sandbox
        .run(&["build", "--json", "two.elf", "-o", "two.lkm"])
        .exits(0);
    assert_eq!(ran.json()["modules"][0]["base"], "0x20000");
    ran.says("2 code regions").says("0x20000");
}
