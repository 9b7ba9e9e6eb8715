//! ELFs that are not what they should be: CKB-VM's name, exit code 65, the offending value. What
//! CKB-VM accepts is accepted.

use crate::harness::{BASE, Elf, R, Ran, Sandbox, Segment, W, X, call, exits_with};

fn run(bytes: &[u8]) -> Ran {
    let sandbox = Sandbox::new();
    let elf = sandbox.file("bad.elf", bytes);
    sandbox.run(&["run".as_ref(), "--json".as_ref(), elf.as_os_str()])
}

/// An ELF after a change.
fn bent(bend: impl FnOnce(&mut Elf)) -> Vec<u8> {
    let mut elf = Elf::new();
    bend(&mut elf);
    elf.bytes(&call(93, 0))
}

fn segment(bend: impl FnOnce(&mut Segment)) -> Vec<u8> {
    bent(|elf| bend(&mut elf.segments[0]))
}

#[test]
fn the_elf_that_is_bent_here_is_good() {
    assert_eq!(run(&exits_with(0)).exits(0).json()["exit_code"], 0);
}

#[test]
fn what_is_no_elf_is_65() {
    run(b"")
        .exits(65)
        .fails_as("ElfParseError")
        .says("0x0 bytes");
    let text = run(b"#!/bin/sh\necho this is a text and not an ELF\n");
    text.exits(65).fails_as("ElfParseError").says("2321");
    let good = exits_with(0);
    for length in [1, 4, 15, 16, 17, 40, 63] {
        let ran = run(&good[..length]).exits(65).fails_as("ElfParseError");
        ran.says(&format!("{length:#x} bytes"));
    }
    // The header is whole, the program header is not; then the segment is not.
    for length in [64, 100, 119] {
        run(&good[..length]).exits(65).fails_as("ElfParseError");
    }
    for length in [120, 0x1000, 0x1fff] {
        let ran = run(&good[..length]).exits(65);
        ran.fails_as("ElfSegmentAddrOrSizeError")
            .says("0x1000 bytes");
    }
}

#[test]
fn a_32_bit_elf_is_65() {
    let ran = run(&bent(|elf| elf.class = 1))
        .exits(65)
        .fails_as("ElfBits");
    ran.says("32 bits");
    run(&bent(|elf| elf.class = 3))
        .exits(65)
        .fails_as("ElfParseError")
        .says("0x3");
}

#[test]
fn headers_out_of_the_file_are_65() {
    for phoff in [0x1ff0, 0x10_0000, u64::MAX - 8, u64::MAX] {
        let ran = run(&bent(|elf| elf.phoff = phoff)).exits(65);
        ran.fails_as("ElfParseError").says(&format!("{phoff:#x}"));
    }
}

#[test]
fn segments_with_wrong_flags_are_65() {
    let ran = run(&segment(|segment| segment.flags = R | W | X)).exits(65);
    ran.fails_as("ElfSegmentWritableAndExecutable")
        .says("0x10000");
    for flags in [0, X, W, W | X] {
        let ran = run(&segment(|segment| segment.flags = flags)).exits(65);
        ran.fails_as("ElfSegmentUnreadable")
            .says(&format!("{flags:#x}"));
    }
}

#[test]
fn sizes_and_addresses_near_the_end_of_numbers_are_65() {
    for filesz in [0x1001, 1 << 63, u64::MAX - 0xfff, u64::MAX] {
        let ran = run(&segment(|segment| segment.filesz = filesz)).exits(65);
        ran.fails_as("ElfSegmentAddrOrSizeError")
            .says(&format!("{filesz:#x}"));
    }
    for offset in [0x2001, u64::MAX - 0x10, u64::MAX] {
        let ran = run(&segment(|segment| segment.offset = offset)).exits(65);
        ran.fails_as("ElfSegmentAddrOrSizeError")
            .says(&format!("{offset:#x}"));
    }
    for memsz in [0x3f_0001, 1 << 32, 1 << 63, u64::MAX - 0x1fff] {
        run(&segment(|segment| segment.memsz = memsz))
            .exits(65)
            .fails_as("MemOutOfBound");
    }
    for addr in [
        0x40_0000,
        0x1_0000_0000,
        1 << 63,
        u64::MAX - 0xfff,
        u64::MAX,
    ] {
        let ran = run(&segment(|segment| segment.addr = addr)).exits(65);
        ran.fails_as("MemOutOfBound")
            .says(&format!("{:#x}", addr & !0xfff));
    }
}

#[test]
fn overlapping_segments_are_65_where_the_first_is_frozen() {
    for flags in [R | X, R] {
        let ran = run(&bent(|elf| {
            let second = elf.segments[0].clone();
            elf.segments[0].flags = flags;
            elf.segments.push(second);
        }));
        ran.exits(65).fails_as("MemWriteOnFreezedPage");
    }
    // Over a writable one it is simply loaded.
    let ran = run(&bent(|elf| {
        let second = elf.segments[0].clone();
        elf.segments[0].flags = R | W;
        elf.segments.push(second);
    }));
    ran.exits(0);
}

#[test]
fn an_entry_that_is_no_code_faults_when_it_runs() {
    for (entry, fault) in [
        (0x40_0000, "MemOutOfBound"),
        (u64::MAX, "MemOutOfBound"),
        (BASE + 0x1000, "MemWriteOnExecutablePage"),
        (BASE + 0x800, "InvalidInstruction"),
    ] {
        let ran = run(&bent(|elf| elf.entry = entry)).exits(254);
        let object = ran.json();
        assert_eq!(object["result"], "fault", "{entry:#x}");
        assert_eq!(object["fault"], fault, "{entry:#x}");
    }
}

#[test]
fn what_ckb_vm_accepts_is_accepted() {
    run(&bent(|elf| elf.big_endian = true)).exits(0);
    // No program header at all loads nothing; the first fetch fails.
    let ran = run(&bent(|elf| elf.segments.clear())).exits(254);
    assert_eq!(ran.json()["fault"], "MemWriteOnExecutablePage");
    // Bytes beyond the memory size but within its last page are loaded.
    run(&segment(|segment| segment.memsz = 1)).exits(0);
}

#[test]
fn the_other_verbs_refuse_the_same() {
    let sandbox = Sandbox::new();
    sandbox.file("bad.elf", &segment(|segment| segment.flags = W));
    sandbox.file("good.elf", &exits_with(0));
    sandbox
        .run(&["build", "good.elf", "-o", "good.lkm"])
        .exits(0);
    for arguments in [
        &["build", "bad.elf", "--json"][..],
        &["inspect", "bad.elf", "--json"],
        &["verify", "good.lkm", "bad.elf", "--json"],
    ] {
        sandbox
            .run(arguments)
            .exits(65)
            .fails_as("ElfSegmentUnreadable");
    }
    // Nothing to translate is not a program to build.
    sandbox.file("data.elf", &segment(|segment| segment.flags = R));
    sandbox
        .run(&["build", "data.elf", "--json"])
        .exits(65)
        .fails_as("NoCode");
    let native = ["run", "data.elf", "--engine", "native", "--json"];
    sandbox.run(&native).exits(70).fails_as("NoModule");
}
