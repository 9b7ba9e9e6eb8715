//! An ELF that cannot be loaded, as far as it can be read: what its headers say, and why it is refused.

use std::fmt::Write as _;

use goblin::elf::Elf;
use goblin::elf::header::machine_to_str;
use goblin::elf::program_header::{PF_R, PF_W, PF_X, pt_to_str};
use serde::Serialize;

use super::super::answer::Answer;
use super::super::failure::Failure;

/// What is shown, for `--json`. It begins as every failure does.
#[derive(Serialize)]
struct Object<'a> {
    result: &'static str,
    error: Reason<'a>,
    kind: &'static str,
    bytes: usize,
    width: u8,
    little_endian: bool,
    machine: &'static str,
    entry: String,
    program_headers: Vec<Header>,
}

#[derive(Serialize)]
struct Reason<'a> {
    kind: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct Header {
    kind: &'static str,
    addr: String,
    bytes: u64,
    flags: String,
    file_offset: u64,
    file_bytes: u64,
}

/// Shows the headers of a file that was refused. The failure itself where there are none that can be read.
pub(super) fn show(bytes: &[u8], failure: Failure, json: bool) -> Result<Answer, Failure> {
    let Ok(elf) = Elf::parse(bytes) else {
        return Err(failure);
    };
    failure.print();
    let object = Object {
        result: "error",
        error: Reason {
            kind: &failure.kind,
            message: &failure.message,
        },
        kind: "elf",
        bytes: bytes.len(),
        width: if elf.is_64 { 64 } else { 32 },
        little_endian: elf.little_endian,
        machine: machine_to_str(elf.header.e_machine),
        entry: format!("{:#x}", elf.entry),
        program_headers: elf
            .program_headers
            .iter()
            .map(|header| Header {
                kind: pt_to_str(header.p_type),
                addr: format!("{:#x}", header.p_vaddr),
                bytes: header.p_memsz,
                flags: flags(header.p_flags),
                file_offset: header.p_offset,
                file_bytes: header.p_filesz,
            })
            .collect(),
    };
    Answer::new(json, &object, || text(&object), failure.code)
}

fn text(object: &Object<'_>) -> String {
    let order = if object.little_endian {
        "little"
    } else {
        "big"
    };
    let mut text = format!(
        "ELF: {} bytes, {} bits, {order} endian, {}, entry {}\n",
        object.bytes, object.width, object.machine, object.entry
    );
    // Writing to a string does not fail.
    for header in &object.program_headers {
        let _ = writeln!(
            text,
            "{}: {} {} bytes, {}; file {:#x}, {} bytes",
            header.kind,
            header.addr,
            header.bytes,
            header.flags,
            header.file_offset,
            header.file_bytes
        );
    }
    let _ = writeln!(text, "Refused: {}", object.error.kind);
    text
}

/// What a segment may be used for, in words.
fn flags(flags: u32) -> String {
    let names = [(PF_R, "readable"), (PF_W, "writable"), (PF_X, "executable")];
    let names = names.iter().filter(|(flag, _)| flags & flag != 0);
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    match names.is_empty() {
        true => "no access".to_owned(),
        false => names.join(" "),
    }
}
