//! The format of a jitdump file: a header, then for each piece of native code a record with the lines of the source,
//! where there are any, and one with its address, its name and its bytes. `perf` describes the format in
//! `tools/perf/Documentation/jitdump-specification.txt`; numbers are in the byte order of the machine.
//!
//! Every record has a time, of the clock that `perf record -k mono` uses: memory may be unmapped and used again, and
//! perf takes the name that an address had at the time of a sample.

use super::pieces::{Line, Piece};

const MAGIC: u32 = 0x4A69_5444;
const VERSION: u32 = 1;
const HEADER_BYTES: u32 = 40;
/// Bytes of what all records begin with: kind, length, time.
const RECORD_BYTES: usize = 16;

const CODE_LOAD: u32 = 0;
const CODE_DEBUG_INFO: u32 = 2;

/// ELF's number of this processor.
const MACHINE: u32 = match cfg!(target_arch = "aarch64") {
    true => 183,
    false => 62,
};

/// What the file begins with.
pub(super) fn header(process: u32, time: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [MAGIC, VERSION, HEADER_BYTES, MACHINE, 0, process] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(time.to_ne_bytes());
    // No flags.
    bytes.extend(0_u64.to_ne_bytes());
    bytes
}

/// The records of one piece. `number` is its own among those of the process; `code` is the module's code, which begins
/// at the address `base`.
pub(super) fn records(
    process: u32,
    time: u64,
    number: u64,
    base: u64,
    code: &[u8],
    piece: &Piece,
) -> Vec<u8> {
    let address = base + u64::from(piece.start);
    let bytes = (code.get(piece.start as usize..piece.end as usize)).unwrap_or_default();
    let mut all = Vec::new();
    if !piece.lines.is_empty() {
        all.extend(record(
            CODE_DEBUG_INFO,
            time,
            &debug_info(address, base, &piece.lines),
        ));
    }
    let mut load = Vec::new();
    // The process, and a thread of it.
    load.extend(process.to_ne_bytes());
    load.extend(process.to_ne_bytes());
    // Where the code runs, and where it was made.
    for word in [address, address, bytes.len() as u64, number] {
        load.extend(word.to_ne_bytes());
    }
    load.extend(text(&piece.name));
    load.extend(bytes);
    all.extend(record(CODE_LOAD, time, &load));
    all
}

fn record(kind: u32, time: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(RECORD_BYTES + content.len());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(((RECORD_BYTES + content.len()) as u32).to_ne_bytes());
    bytes.extend(time.to_ne_bytes());
    bytes.extend(content);
    bytes
}

fn debug_info(address: u64, base: u64, lines: &[Line]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(address.to_ne_bytes());
    bytes.extend((lines.len() as u64).to_ne_bytes());
    for line in lines {
        bytes.extend((base + u64::from(line.start)).to_ne_bytes());
        bytes.extend(line.line.to_ne_bytes());
        // No discriminator.
        bytes.extend(0_u32.to_ne_bytes());
        bytes.extend(text(&line.file));
    }
    bytes
}

/// A text with the zero that ends it.
fn text(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
    bytes.push(0);
    bytes
}
