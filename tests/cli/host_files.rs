//! The host calls of `ckb-debugger`: files of one folder, standard streams, the time, and what they cost.

use std::io::Write;
use std::process::Stdio;

use super::harness::{Elf, Ran, Sandbox, call};

const A0: u32 = 10;
const A1: u32 = 11;
const A2: u32 = 12;
const A3: u32 = 13;
const A7: u32 = 17;
const SP: u32 = 2;
/// Where texts are, from the start of the code.
const TEXTS: u32 = 256;

fn addi(rd: u32, rs: u32, imm: i32) -> u32 {
    (imm as u32) << 20 | rs << 15 | rd << 7 | 0x13
}

/// A small number in a register.
fn li(rd: u32, number: i32) -> u32 {
    addi(rd, 0, number)
}

/// A host call of which the number is above 8192.
fn host(number: u32) -> [u32; 3] {
    [
        2 << 12 | A7 << 7 | 0x37,
        addi(A7, A7, number as i32 - 8192),
        0x73,
    ]
}

/// The address of a text.
fn text(rd: u32, at: u32) -> [u32; 2] {
    let base = super::harness::BASE as u32;
    [
        base & !0xfff | rd << 7 | 0x37,
        addi(rd, rd, (TEXTS + at) as i32),
    ]
}

/// Exits with the byte at the stack pointer.
fn exit_with_byte() -> Vec<u32> {
    let lbu = SP << 15 | 4 << 12 | A0 << 7 | 0x03;
    vec![lbu, li(A7, 93), 0x73]
}

fn elf(code: &[u32], texts: &[u8]) -> Vec<u8> {
    let mut words = code.to_vec();
    words.resize(TEXTS as usize / 4, 0);
    let mut texts = texts.to_vec();
    texts.resize(texts.len().next_multiple_of(4), 0);
    let word = |bytes: &[u8]| u32::from_le_bytes(bytes.try_into().expect("four bytes"));
    words.extend(texts.chunks(4).map(word));
    Elf::new().bytes(&words)
}

/// Opens a file and exits with its first byte, or with 0.
fn reads(name: &str) -> Vec<u8> {
    let code = [
        &text(A0, 0)[..],
        &text(A1, name.len() as u32 + 1),
        &host(9003),
        &[
            addi(A3, A0, 0),
            addi(SP, SP, -64),
            addi(A0, SP, 0),
            li(A1, 1),
            li(A2, 16),
        ],
        &host(9005),
        &exit_with_byte(),
    ];
    elf(&code.concat(), format!("{name}\0rb\0").as_bytes())
}

/// Writes a file of two bytes at once, and exits with what the call answered.
fn writes(name: &str) -> Vec<u8> {
    let code = [
        &text(A0, 3)[..],
        &text(A1, 0),
        &[li(A2, 2)],
        &host(9013),
        &[li(A7, 93), 0x73],
    ];
    elf(&code.concat(), format!("hi\0{name}\0").as_bytes())
}

fn run(sandbox: &Sandbox, elf: &[u8], more: &[&str]) -> Ran {
    let path = sandbox.file("guest.elf", elf);
    let path = path.to_str().expect("a path");
    sandbox.run(&[&["run", path], more].concat())
}

/// A folder `in` with a file and links, beside a file that no guest may see.
fn folder(sandbox: &Sandbox) {
    for folder in ["in", "in/sub"] {
        std::fs::create_dir(sandbox.path(folder)).expect("a folder");
    }
    sandbox.file("in/inside", b"Q");
    sandbox.file("outside", b"X");
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, sandbox.path(name)).expect("a link");
    };
    link("../outside", "in/out");
    link("inside", "in/same");
    link("..", "in/up");
}

#[test]
fn a_guest_reads_and_writes_in_its_folder_only() {
    let sandbox = Sandbox::new();
    folder(&sandbox);
    let absolute = sandbox.path("outside").display().to_string();
    for (name, expected) in [
        ("inside", i32::from(b'Q')),
        ("sub/../inside", i32::from(b'Q')),
        ("same", i32::from(b'Q')),
        ("../outside", 0),
        ("sub/../../outside", 0),
        ("out", 0),
        ("up/outside", 0),
        (&absolute, 0),
        ("/proc/self/root/etc/passwd", 0),
        ("sub", 0),
        ("nowhere", 0),
    ] {
        for engine in ["interp", "auto", "check"] {
            let words = ["--json", "--allow-files", "in", "--engine", engine];
            let ran = run(&sandbox, &reads(name), &words);
            assert_eq!(ran.json()["exit_code"], expected, "{name} {engine}");
        }
    }
    for (name, expected) in [("new", 0), ("../outside", -1), ("out", -1), ("up/x", -1)] {
        let ran = run(&sandbox, &writes(name), &["--json", "--allow-files", "in"]);
        assert_eq!(ran.json()["exit_code"], expected, "{name}");
    }
    let read = |name: &str| std::fs::read(sandbox.path(name)).expect("a file");
    assert_eq!(read("in/new"), b"hi");
    assert_eq!(read("outside"), b"X");
    assert!(!sandbox.path("x").exists());
}

#[test]
fn a_script_of_a_transaction_has_the_same_calls() {
    let sandbox = Sandbox::new();
    folder(&sandbox);
    let file = super::scripts::transaction("spawn");
    for (name, expected) in [("inside", i32::from(b'Q')), ("out", 0)] {
        let elf = sandbox.file("guest.elf", &reads(name));
        let elf = elf.to_str().expect("a path");
        let words = [
            "run",
            "--json",
            "--tx-file",
            &file,
            "--bin",
            elf,
            "--allow-files",
            "in",
        ];
        let ran = sandbox.run(&words);
        assert_eq!(ran.json()["exit_code"], expected, "{name}");
        // The chain has no such calls.
        let ran = sandbox.run(&words[..6]).exits(254);
        assert_eq!(ran.json()["fault"], "InvalidEcall");
    }
}

#[test]
fn the_calls_are_there_only_where_they_are_allowed_and_cost_nothing() {
    let sandbox = Sandbox::new();
    for number in [57, 62, 63, 64, 66, 80] {
        let elf = Elf::new().bytes(&call(number, 7));
        let ran = run(&sandbox, &elf, &["--json"]).exits(254);
        assert_eq!(ran.json()["fault"], "InvalidEcall", "{number}");
    }
    // exit(time() * 0): two instructions and a call more than exit alone.
    let code = [&host(9001)[..], &host(9002), &[li(A0, 0), li(A7, 93), 0x73]].concat();
    let guest = Elf::new().bytes(&code);
    let ran = run(&sandbox, &guest, &["--json", "--allow-files", "."]).exits(0);
    // lui, addi: 1 each; ecall: 500.
    assert_eq!(ran.json()["cycles"], 2 * 502 + 502);
    let ran = run(&sandbox, &guest, &["--allow-files", "nowhere"]);
    ran.exits(66);
    sandbox.file("file", b"");
    run(&sandbox, &guest, &["--allow-files", "file"])
        .exits(64)
        .says("no folder");
    run(&sandbox, &guest, &["--allow-files", ".", "--compare"]).exits(64);
}

#[test]
fn standard_streams_are_those_of_the_command() {
    let sandbox = Sandbox::new();
    // write(1, "hello", 5)
    let code = [
        &[li(A0, 1)][..],
        &text(A1, 0),
        &[li(A2, 5), li(A7, 64), 0x73],
    ]
    .concat();
    let code = [&code[..], &[addi(A0, A0, -5), li(A7, 93), 0x73]].concat();
    let guest = elf(&code, b"hello");
    let ran = run(&sandbox, &guest, &["--allow-files", "."]).exits(0);
    assert!(ran.out.starts_with("helloRun result: 0\n"), "{}", ran.out);
    // One JSON object is all that standard output has.
    let ran = run(&sandbox, &guest, &["--allow-files", ".", "--json"]).exits(0);
    assert_eq!(ran.json()["exit_code"], 0);
    assert_eq!(ran.err, "hello");
    // read(0, sp - 64, 8), and its first byte.
    let code = [
        &[
            addi(SP, SP, -64),
            li(A0, 0),
            addi(A1, SP, 0),
            li(A2, 8),
            li(A7, 63),
            0x73,
        ][..],
        &exit_with_byte(),
    ];
    let path = sandbox.file("guest.elf", &elf(&code.concat(), b""));
    let path = path.to_str().expect("a path");
    let mut child = sandbox
        .command(&["run", path, "--json", "--allow-files", "."])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"A").expect("it reads");
    drop(input);
    let ran = Ran::of(child.wait_with_output().expect("it ends"));
    assert_eq!(ran.json()["exit_code"], i32::from(b'A'));
}

#[test]
fn a_named_file_is_read_piece_by_piece() {
    let sandbox = Sandbox::new();
    sandbox.file("input", b"WXYZ");
    // Reads three bytes, then up to 16; exits with the first byte of the second read.
    let read = |len| [&[addi(A0, SP, 0), li(A1, len)][..], &host(9000)].concat();
    let code = [
        &[addi(SP, SP, -64)][..],
        &read(3),
        &read(16),
        &exit_with_byte(),
    ]
    .concat();
    let guest = elf(&code, b"");
    let ran = run(&sandbox, &guest, &["--json", "--read-file", "input"]);
    assert_eq!(ran.json()["exit_code"], i32::from(b'Z'));
    let ran = run(&sandbox, &guest, &["--json"]).exits(254);
    assert_eq!(ran.json()["fault"], "InvalidEcall");
    run(&sandbox, &guest, &["--read-file", "nowhere"]).exits(66);
    // Whoever has not asked for the calls is told how.
    let says = |elf: &[u8], more: &[&str], option: &str| {
        let out = run(&sandbox, elf, more).exits(254).out;
        assert!(out.contains(option), "{option} is not in {out}");
    };
    says(&guest, &[], "--read-file FILE");
    says(&guest, &["--allow-files", "."], "--read-file FILE");
    says(&reads("input"), &[], "--allow-files DIR");
    let path = sandbox.file("guest.elf", &reads("input"));
    let path = path.to_str().expect("a path");
    let file = super::scripts::transaction("spawn");
    let words = [
        "run",
        "--tx-file",
        &file,
        "--bin",
        path,
        "--read-file",
        "input",
    ];
    let out = sandbox.run(&words).exits(254).out;
    assert!(out.contains("--allow-files DIR"), "{out}");
}
