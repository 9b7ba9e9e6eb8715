//! What `translate inspect` prints for people: the same objects as `--json`, in few lines.

use std::fmt::Write as _;

use lockstep_contract::module::Module;

use super::objects::{Coverage, ElfObject, ModuleObject};
use super::views::histogram;

/// Blocks, and places left to the interpreter, that are listed for those who did not ask for more.
const LINES: usize = 10;

pub(super) fn elf(object: &ElfObject) -> String {
    let mut text = format!(
        "ELF: {} bytes, entry {}, {} function symbols\n",
        object.bytes, object.entry, object.symbols
    );
    // Writing to a string does not fail.
    for segment in &object.segments {
        let _ = writeln!(
            text,
            "Segment: {} {} bytes, {}; file {:#x}, {} bytes",
            segment.addr, segment.bytes, segment.flags, segment.file_offset, segment.file_bytes
        );
    }
    for pages in &object.page_flags {
        let _ = writeln!(
            text,
            "Pages: {} {} bytes, {}",
            pages.addr, pages.bytes, pages.flags
        );
    }
    for region in &object.regions {
        let _ = writeln!(
            text,
            "Code: {} {} bytes, key {}",
            region.base, region.bytes, region.key
        );
        coverage(&mut text, &region.coverage, object.disasm.is_some());
        let budget = 100.0 * region.budget;
        let _ = writeln!(
            text,
            "Budget: {budget:.1}% of what the translation of one module may cost"
        );
        let _ = writeln!(text, "Left to the interpreter: {}", region.left.len());
        for (pc, reason) in region.left.iter().take(LINES) {
            let _ = writeln!(text, "  {pc}: {reason}");
        }
    }
    if let Some(counts) = &object.histogram {
        text += &histogram(counts);
    }
    text + object.disasm.as_deref().unwrap_or("")
}

pub(super) fn module(module: &Module, object: &ModuleObject) -> String {
    let mut text = format!("Module: {} bytes, id {}\n", object.bytes, object.id);
    for (field, value) in module.key.fields() {
        let _ = writeln!(text, "  {field}: {value}");
    }
    let _ = writeln!(
        text,
        "Native code: {} bytes, {} entries; {} hints, {} hot heads",
        object.code_bytes, object.entries, object.hints, object.heat
    );
    object.seal.describe(&mut text);
    coverage(&mut text, &object.coverage, object.disasm.is_some());
    text + object.disasm.as_deref().unwrap_or("")
}

/// Coverage, and the first blocks where not all of them follow.
fn coverage(text: &mut String, found: &Coverage, listed: bool) {
    let _ = writeln!(
        text,
        "Blocks: {} with {} instructions, {} bytes, {:.1}% of the code",
        found.blocks.len(),
        found.instructions,
        found.covered_bytes,
        100.0 * found.coverage
    );
    if listed {
        return;
    }
    for block in found.blocks.iter().take(LINES) {
        let _ = writeln!(
            text,
            "  {}: {} instructions, {} bytes, {} cycles",
            block.head, block.instructions, block.bytes, block.cycles
        );
    }
    if found.blocks.len() > LINES {
        let more = found.blocks.len() - LINES;
        let _ = writeln!(text, "  and {more} more; --disasm or --json lists all");
    }
}
