//! What the command says when something is not as it should be, and whether in colour.

use super::harness::{Elf, Sandbox, W, guest};

#[test]
fn a_bad_limit_is_answered_with_the_forms_that_are_good() {
    let sandbox = Sandbox::new();
    for limit in ["7X", "1.5M", "many", "-1"] {
        let ran = sandbox.run(&["run", &guest("fib"), &format!("--max-cycles={limit}")]);
        let ran = ran.exits(64).says(limit);
        for form in [
            "70000000",
            "70_000_000",
            "0x42c1d80",
            "70M",
            "3G",
            "unlimited",
        ] {
            assert!(ran.err.contains(form), "{form} is not in {}", ran.err);
        }
    }
}

#[test]
fn arguments_without_their_mark_are_answered_with_it() {
    let sandbox = Sandbox::new();
    let tip = "translate run ELF -- 5 six";
    let words = ["run", &guest("fib"), "5", "six"];
    let ran = sandbox.run(&words).exits(64).says(tip);
    assert!(ran.err.contains("unexpected argument '5'"), "{}", ran.err);
    let ran = sandbox.run(&[&words[..], &["--json"]].concat());
    ran.exits(64).fails_as("Usage").says(tip);
    // An option that nobody knows is no argument of the guest, and other commands run no guest.
    let ran = sandbox.run(&["run", &guest("fib"), "--five"]).exits(64);
    assert!(!ran.err.contains("guest's arguments"), "{}", ran.err);
    let ran = sandbox.run(&["build", &guest("fib"), "5"]).exits(64);
    assert!(!ran.err.contains("guest's arguments"), "{}", ran.err);
}

#[test]
fn an_elf_that_is_refused_is_shown_as_far_as_it_goes() {
    let sandbox = Sandbox::new();
    let mut elf = Elf::new();
    elf.segments[0].flags |= W;
    let path = sandbox.file("rwx.elf", &elf.bytes(&[0x73]));
    let path = path.to_str().expect("a path");
    let kind = "ElfSegmentWritableAndExecutable";
    // What GNU ld makes such files with, and what makes others.
    let ran = sandbox
        .run(&["inspect", path])
        .exits(65)
        .says(kind)
        .says("-N");
    for line in [
        "ELF: 8192 bytes, 64 bits, little endian, RISCV, entry 0x10000",
        "PT_LOAD: 0x10000 4096 bytes, readable writable executable; file 0x1000, 4096 bytes",
        "Refused: ElfSegmentWritableAndExecutable",
    ] {
        assert!(ran.out.contains(line), "{line:?} is not in {}", ran.out);
    }
    let ran = sandbox
        .run(&["inspect", "--json", path])
        .exits(65)
        .fails_as(kind);
    assert_eq!(ran.json()["program_headers"][0]["addr"], "0x10000");
    // Nothing to show where there are no headers.
    let none = sandbox.file("none.elf", b"no ELF");
    let ran = sandbox
        .run(&["inspect".as_ref(), none.as_os_str()])
        .exits(65);
    assert!(ran.out.is_empty(), "{}", ran.out);
}

#[test]
fn code_and_data_in_one_page_are_answered_with_what_parts_them() {
    let sandbox = Sandbox::new();
    let mut elf = Elf::new();
    let mut data = elf.segments[0].clone();
    (data.flags, data.addr) = (W | super::harness::R, data.addr + 0x800);
    (data.filesz, data.memsz) = (0x100, 0x100);
    elf.segments[0].filesz = 0x100;
    elf.segments[0].memsz = 0x100;
    data.offset += 0x800;
    elf.segments.push(data);
    let path = sandbox.file("page.elf", &elf.bytes(&[0x73]));
    sandbox
        .run(&["run".as_ref(), path.as_os_str()])
        .exits(65)
        .says("-z,max-page-size=4096");
}

#[test]
fn colours_follow_the_environment() {
    let sandbox = Sandbox::new();
    let said = |variables: &[(&str, &str)], words: &[&str]| {
        sandbox.run_with(variables, words).err.contains("\x1b[")
    };
    for words in [
        // Of the command, of its parser, and of the log.
        &["run", "nowhere.elf"][..],
        &["run", "--no-such-option"],
        &["build", &guest("fib")],
    ] {
        let log = ("LOCKSTEP_LOG", "debug");
        assert!(!said(&[log], words), "no terminal: {words:?}");
        let force = ("CLICOLOR_FORCE", "1");
        assert!(said(&[log, force], words), "forced: {words:?}");
        assert!(!said(&[log, ("CLICOLOR_FORCE", "0")], words), "{words:?}");
        assert!(!said(&[log, force, ("NO_COLOR", "1")], words), "{words:?}");
        assert!(said(&[log, force, ("NO_COLOR", "")], words), "{words:?}");
    }
}

#[test]
fn every_message_begins_with_what_it_is() {
    let sandbox = Sandbox::new();
    let log = [("LOCKSTEP_LOG", "debug")];
    let mut lines = 0;
    for words in [
        &["run", "nowhere.elf"][..],
        &["run", &guest("fib")],
        &["build", &guest("fib")],
        &["cache", "ls"],
    ] {
        for line in sandbox.run_with(&log, words).err.lines() {
            let begins = ["error: ", "warning: ", "note: ", "info: ", "debug: "];
            let begins = begins.iter().any(|prefix| line.starts_with(prefix));
            assert!(begins, "{words:?}: {line}");
            lines += 1;
        }
    }
    assert!(lines > 2, "{lines}");
}

#[test]
fn an_instruction_is_decoded_in_the_lines_of_ckb_debugger() {
    let sandbox = Sandbox::new();
    for (bits, set, assembly) in [
        ("0x00c58533", "I", "add a0, a1, a2"),
        ("0x02c58533", "M", "mul a0, a1, a2"),
        ("0x20c5a533", "B", "sh1add a0, a1, a2"),
        ("12944691", "I", "add a0, a1, a2"),
        ("0x852e", "C", "add a0, zero, a1"),
    ] {
        for verb in ["decode-instruction", "instruction-decode"] {
            let ran = sandbox.run(&[verb, bits]).exits(0);
            let lines: Vec<&str> = ran.out.lines().collect();
            assert_eq!(lines[0], format!("       Assembly = {assembly}"));
            assert!(lines[1].starts_with("         Binary = "), "{}", lines[1]);
            assert!(lines[2].starts_with("    Hexadecimal = "), "{}", lines[2]);
            assert_eq!(lines[3], format!("Instruction set = {set}"));
        }
    }
    let ran = sandbox
        .run(&["decode-instruction", "--json", "0"])
        .exits(65);
    assert!(ran.json()["assembly"].is_null());
    sandbox.run(&["decode-instruction", "add"]).exits(64);
    // As the disassembly shows them.
    for (shown, number) in [("8533 00c5", "0xc58533"), ("e7c5", "0xe7c5")] {
        let ran = sandbox.run(&["decode-instruction", shown]).exits(64);
        assert!(ran.err.contains(number), "{}", ran.err);
    }
}
