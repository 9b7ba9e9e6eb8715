//! Guest code block by block, with what each block costs, and the native code beside it.

use std::fmt::Write as _;
use std::ops::Range;

use lockstep_contract::key::Key;
use lockstep_contract::module::{Block, Module};
use lockstep_isa::decode;
use lockstep_isa::decode::Code;
use lockstep_translator::CodeRegion;

/// Guest addresses that are asked for.
///
/// ```
/// use lockstep::disasm::Wanted;
///
/// let loop_only = Wanted::Within(0x10078, 0x10090);
/// assert_ne!(loop_only, Wanted::All);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Wanted {
    /// Every block.
    All,
    /// The blocks that hold this address.
    At(u64),
    /// The block that begins at this address.
    From(u64),
    /// The blocks that begin in a range.
    Within(u64, u64),
}

impl Wanted {
    fn wants(self, head: u64, len: u64) -> bool {
        match self {
            Wanted::All => true,
            Wanted::At(address) => (head..head.saturating_add(len)).contains(&address),
            Wanted::From(start) => head == start,
            Wanted::Within(start, end) => (start..end).contains(&head),
        }
    }
}

/// Which code of a block a listing shows.
///
/// ```
/// use lockstep::disasm::{Shown, Wanted, listing};
/// use lockstep::{Platform, translate};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let translations = translate(&elf, &Platform::default(), &Default::default())?;
/// let text = listing(&translations[0].module, None, Wanted::All, Shown::Guest);
/// assert!(text.contains(" cycles"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Shown {
    /// The guest's instructions, where the region is known.
    Guest,
    /// These, and the native code that was made of them.
    GuestAndNative,
}

/// The blocks of a module that are asked for. `region` is the code they were made from, where it is
/// known.
#[must_use]
pub fn listing(
    module: &Module,
    region: Option<&CodeRegion<'_>>,
    wanted: Wanted,
    shown: Shown,
) -> String {
    let mut lines = String::new();
    // All at once, because a jump in one place may read its table in another.
    let native = match shown {
        Shown::Guest => Vec::new(),
        Shown::GuestAndNative => native_lines(&module.key, 0, &module.code),
    };
    for block in &module.blocks {
        let head = module.key.base + u64::from(block.head);
        if !wanted.wants(head, u64::from(block.len)) {
            continue;
        }
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "{head:#x}: {} instructions, {} bytes, {} cycles",
            block.entries, block.len, block.cycles
        );
        if let Some(region) = region {
            guest(&mut lines, region, head, block);
        }
        for piece in pieces(module, block) {
            let first = native.partition_point(|(offset, _)| *offset < piece.start);
            let in_piece = native[first..]
                .iter()
                .take_while(|(offset, _)| *offset < piece.end);
            for (offset, text) in in_piece {
                let _ = writeln!(lines, "    {offset:8x}| {text}");
            }
        }
    }
    if lines.is_empty() {
        lines.push_str("no translated block there\n");
    }
    lines
}

/// The instructions of a block: address, bytes, text. A fused one is one line.
fn guest(lines: &mut String, region: &CodeRegion<'_>, head: u64, block: &Block) {
    let mut code = Code::new(region.base, region.bytes);
    let mut pc = head;
    for _ in 0..block.entries {
        let Ok(inst) = decode(&mut code, pc, region.profile) else {
            let _ = writeln!(lines, "  {pc:8x}: no instruction");
            return;
        };
        let offset = (pc - region.base) as usize;
        let bytes = region.bytes.get(offset..offset + usize::from(inst.len));
        let hex = parcels(bytes.unwrap_or(&[]));
        let _ = writeln!(lines, "  {pc:8x}: {hex:<20} {inst}");
        pc = pc.wrapping_add(u64::from(inst.len));
    }
}

/// Where the native code of a block is, by offset: it may lie in several places.
fn pieces<'m>(module: &'m Module, block: &Block) -> impl Iterator<Item = Range<u32>> + use<'m> {
    let head = block.head;
    let spans = module.map.iter().enumerate();
    spans
        .filter(move |(_, span)| span.head == head)
        .map(|(index, span)| {
            let next = module.map.get(index + 1).map(|span| span.start);
            span.start..next.unwrap_or(module.code.len() as u32)
        })
}

/// Native code as text: each instruction with its offset in the module's code, of which the first is `start`. For a
/// target that no disassembler is at hand for, it is bytes in hexadecimal, 16 a line.
///
/// ```
/// use lockstep::disasm::native_lines;
/// use lockstep::{Platform, translate};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let module = &translate(&elf, &Platform::default(), &Default::default())?[0].module;
/// let lines = native_lines(&module.key, 0, &module.code);
/// assert_eq!(lines[0].0, 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn native_lines(key: &Key, start: u32, code: &[u8]) -> Vec<(u32, String)> {
    #[cfg(feature = "disassembler")]
    if key.target.starts_with("x86_64") {
        return x86_64(start, code);
    }
    let _ = key;
    let lines = code.chunks(16).enumerate().map(|(index, bytes)| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        (start + 16 * index as u32, hex)
    });
    lines.collect()
}

#[cfg(feature = "disassembler")]
fn x86_64(start: u32, code: &[u8]) -> Vec<(u32, String)> {
    use iced_x86::{Code as Code64, Decoder, DecoderOptions, Formatter, IntelFormatter};
    use std::collections::BTreeSet;
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_branch_leading_zeros(false);
    formatter.options_mut().set_uppercase_hex(false);
    let mut decoder = Decoder::with_ip(64, code, u64::from(start), DecoderOptions::NONE);
    let mut lines = Vec::new();
    let mut tables = BTreeSet::new();
    while decoder.can_decode() {
        let table = match tables.remove(&decoder.ip()) {
            true => jump_table(code, u64::from(start), decoder.ip()),
            false => Vec::new(),
        };
        if !table.is_empty() {
            let bytes = table.len() * JUMP_TABLE_ENTRY_BYTES;
            lines.extend(table);
            let position = decoder.position() + bytes;
            decoder.set_ip(decoder.ip() + bytes as u64);
            if decoder.set_position(position).is_err() {
                break;
            }
            continue;
        }
        let instruction = decoder.decode();
        // It fills the gaps between functions.
        if instruction.code() == Code64::Int3 {
            continue;
        }
        if instruction.code() == Code64::Lea_r64_m && instruction.is_ip_rel_memory_operand() {
            tables.insert(instruction.ip_rel_memory_address());
        }
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        lines.push((instruction.ip() as u32, text));
    }
    lines
}

/// Bytes of an entry of a jump table: the distance of a target from the table's start.
#[cfg(feature = "disassembler")]
const JUMP_TABLE_ENTRY_BYTES: usize = 4;

/// The jump table at an address of the code, which is where Cranelift puts it: behind the jump that reads it. It
/// ends at the lowest of its targets, or where an entry has no target in the code.
#[cfg(feature = "disassembler")]
fn jump_table(code: &[u8], start: u64, table: u64) -> Vec<(u32, String)> {
    let mut lines = Vec::new();
    let mut end = start + code.len() as u64;
    let mut at = table;
    while at + JUMP_TABLE_ENTRY_BYTES as u64 <= end {
        let bytes = &code[(at - start) as usize..];
        let Some(distance) = bytes.first_chunk().map(|bytes| i32::from_le_bytes(*bytes)) else {
            break;
        };
        let target = table.wrapping_add_signed(distance.into());
        if !(start..start + code.len() as u64).contains(&target) {
            break;
        }
        if target > table {
            end = end.min(target);
        }
        lines.push((at as u32, format!("target {target:#x}")));
        at += JUMP_TABLE_ENTRY_BYTES as u64;
    }
    lines
}

/// The 16-bit parcels of guest code, as numbers.
fn parcels(bytes: &[u8]) -> String {
    let digits = |parcel: &[u8]| -> String {
        let bytes = parcel.iter().rev();
        bytes.map(|byte| format!("{byte:02x}")).collect()
    };
    let parcels: Vec<String> = bytes.chunks(2).map(digits).collect();
    parcels.join(" ")
}
