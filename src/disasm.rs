//! Guest code block by block, with what each block costs, and the native code beside it.

use std::fmt::Write as _;

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
        if shown == Shown::GuestAndNative {
            for (start, code) in pieces(module, block) {
                host(&mut lines, &module.key, start, code);
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

/// The native code of a block: it may lie in several places.
fn pieces<'m>(module: &'m Module, block: &Block) -> impl Iterator<Item = (u32, &'m [u8])> {
    let head = block.head;
    let spans = module.map.iter().enumerate();
    spans
        .filter(move |(_, span)| span.head == head)
        .filter_map(|(index, span)| {
            let next = module.map.get(index + 1).map(|span| span.start as usize);
            let end = next.unwrap_or(module.code.len());
            let code = module.code.get(span.start as usize..end)?;
            Some((span.start, code))
        })
}

/// Native instructions; plain bytes for a target that no disassembler is at hand for.
fn host(lines: &mut String, key: &Key, start: u32, code: &[u8]) {
    #[cfg(feature = "disassembler")]
    if key.target.starts_with("x86_64") {
        return x86_64(lines, start, code);
    }
    let _ = key;
    for (index, bytes) in code.chunks(16).enumerate() {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let _ = writeln!(lines, "    {:8x}| {hex}", start as usize + 16 * index);
    }
}

#[cfg(feature = "disassembler")]
fn x86_64(lines: &mut String, start: u32, code: &[u8]) {
    use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};
    /// The instruction that fills gaps.
    const INT3: u8 = 0xcc;
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter.options_mut().set_branch_leading_zeros(false);
    // What fills up to the next function is no code of the block.
    let used = code
        .iter()
        .rposition(|byte| *byte != INT3)
        .map_or(0, |last| last + 1);
    let decoder = Decoder::with_ip(64, &code[..used], u64::from(start), DecoderOptions::NONE);
    for instruction in decoder {
        let mut text = String::new();
        formatter.format(&instruction, &mut text);
        let _ = writeln!(lines, "    {:8x}| {text}", instruction.ip());
    }
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
