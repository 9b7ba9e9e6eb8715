//! Guest code for people: functions by name, targets with names, native code under the instruction that it was made
//! of, how often each operation occurs, and the blocks of a function as a graph.
//!
//! Names come from the symbols. Where there are none, functions are named by their addresses (`fn_11008`). The graph is
//! in the language of Graphviz; nothing here draws it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use lockstep::disasm::{Wanted, native_lines};
use lockstep_translator::{CodeRegion, End, GuestBlock, Translation};

use crate::cli::guest_code::{Function, GuestCode};

/// Which code is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Place {
    /// By addresses.
    At(Wanted),
    /// The functions with this name.
    Named(String),
}

/// The native code of a region, by block and guest instruction.
pub(super) type Native = BTreeMap<(u64, u64), Vec<(u32, String)>>;

/// The lines of native code under the instruction that they were made of. Those that belong to none are left out: the
/// code that every module has, and jump tables.
pub(super) fn native(made: &Translation) -> Native {
    let places = made.places.as_deref().unwrap_or(&[]);
    let mut native = Native::new();
    for (offset, text) in native_lines(&made.module.key, 0, &made.module.code) {
        let behind = places.partition_point(|place| place.start <= offset);
        let place = behind.checked_sub(1).and_then(|last| places.get(last));
        if let Some(guest) = place.and_then(|place| place.guest()) {
            native.entry(guest).or_default().push((offset, text));
        }
    }
    native
}

/// The addresses that a place stands for, in one region; none where nothing there has such a name.
pub(super) fn addresses(code: &GuestCode, place: &Place) -> Vec<Range<u64>> {
    match place {
        Place::Named(name) => {
            let named = code.named(name).into_iter();
            named
                .map(|number| code.functions[number].range.clone())
                .collect()
        }
        Place::At(Wanted::Within(start, end)) => std::iter::once(*start..*end).collect(),
        // All of it; a single address is for the blocks to say.
        Place::At(_) => std::iter::once(0..u64::MAX).collect(),
    }
}

/// The blocks of a place, with their instructions.
pub(super) fn listing(
    code: &GuestCode,
    region: &CodeRegion<'_>,
    place: &Place,
    native: Option<&Native>,
) -> String {
    let ranges = addresses(code, place);
    let mut text = String::new();
    for block in &code.blocks {
        let wanted = match place {
            Place::At(Wanted::At(address)) => (block.head..block.behind()).contains(address),
            _ => ranges.iter().any(|range| range.contains(&block.head)),
        };
        if wanted {
            show(&mut text, code, region, block, native);
        }
    }
    if text.is_empty() {
        text.push_str("no translated block there\n");
    }
    text
}

fn show(
    text: &mut String,
    code: &GuestCode,
    region: &CodeRegion<'_>,
    block: &GuestBlock,
    native: Option<&Native>,
) {
    let (head, len, cycles) = (block.head, block.len, block.cycles);
    let label = code.label(head);
    // Writing to a string does not fail.
    if let Some(label) = label.as_ref().filter(|label| !label.contains("+0x")) {
        let _ = writeln!(text, "{label}:");
    }
    let label = label.map_or(String::new(), |label| format!(" <{label}>"));
    let _ = writeln!(
        text,
        "{head:#x}{label}: {} instructions, {len} bytes, {cycles} cycles",
        block.instructions.len()
    );
    for (pc, inst) in block.places() {
        let bytes = (pc.checked_sub(region.base)).and_then(|offset| {
            let start = usize::try_from(offset).ok()?;
            region.bytes.get(start..start + usize::from(inst.len))
        });
        let parcels = bytes.unwrap_or(&[]).chunks(2).map(|parcel| {
            let digits = parcel.iter().rev();
            digits.map(|byte| format!("{byte:02x}")).collect::<String>()
        });
        let hex = parcels.collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "  {pc:8x}: {hex:<20} {}", code.text(block, pc, inst));
        let lines = native.and_then(|native| native.get(&(head, pc)));
        for (offset, line) in lines.into_iter().flatten() {
            let _ = writeln!(text, "    {offset:8x}| {line}");
        }
    }
}

/// How often each operation stands in the blocks, by its mnemonic: not how often it runs, which `translate profile`
/// says. An instruction that two blocks hold counts once.
pub(super) fn operations<'c>(codes: impl Iterator<Item = &'c GuestCode>) -> BTreeMap<String, u64> {
    let mut places = BTreeMap::new();
    for block in codes.flat_map(|code| &code.blocks) {
        for (pc, inst) in block.places() {
            let text = inst.to_string();
            let mnemonic = text.split(' ').next().unwrap_or("").to_owned();
            // Where one block has two instructions fused and another one has not, both stand there.
            places.insert((pc, mnemonic), ());
        }
    }
    let mut counts = BTreeMap::new();
    for (_, mnemonic) in places.into_keys() {
        *counts.entry(mnemonic).or_insert(0) += 1;
    }
    counts
}

/// The table of these, the most frequent first.
pub(super) fn histogram(counts: &BTreeMap<String, u64>) -> String {
    /// Characters of the longest bar.
    const BAR: u64 = 40;
    let all: u64 = counts.values().sum();
    let most = counts.values().copied().max().unwrap_or(1).max(1);
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by_key(|(mnemonic, count)| (u64::MAX - *count, *mnemonic));
    let mut text = String::new();
    for (mnemonic, count) in sorted {
        let bar = "#".repeat((count * BAR).div_ceil(most) as usize);
        let share = 100.0 * *count as f64 / all as f64;
        let _ = writeln!(text, "{mnemonic:<16} {count:>7} {share:>5.1}% {bar}");
    }
    let _ = writeln!(text, "{all} instructions in blocks");
    text
}

/// The blocks of a function as a graph, for `dot`.
pub(super) fn graph(code: &GuestCode, function: &Function) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&function.name));
    text += "  node [shape=box, fontname=monospace, fontsize=10];\n  edge [fontname=monospace, fontsize=9];\n";
    let blocks = code.blocks_of(function);
    let is_here = |head: u64| {
        blocks
            .binary_search_by_key(&head, |block| block.head)
            .is_ok()
    };
    for block in blocks {
        let mut label = format!("{:#x}: {} cycles\n", block.head, block.cycles);
        for (pc, inst) in block.places() {
            let _ = writeln!(label, "{}", code.text(block, pc, inst));
        }
        // Each line is at the left.
        let label = quoted(&label).replace("\\n", "\\l");
        let _ = writeln!(text, "  b{:x} [label={label}];", block.head);
        for (target, how) in ways(code, block) {
            let style = if how.is_empty() {
                String::new()
            } else {
                format!(" [label={}]", quoted(&how))
            };
            let _ = writeln!(text, "  b{:x} -> b{target:x}{style};", block.head);
            if !is_here(target) {
                let label = code.label(target).unwrap_or_else(|| format!("{target:#x}"));
                let label = quoted(&label);
                let _ = writeln!(text, "  b{target:x} [label={label}, shape=ellipse];");
            }
        }
    }
    text + "}\n"
}

/// Where control goes behind a block, with a word for each way.
fn ways(code: &GuestCode, block: &GuestBlock) -> Vec<(u64, String)> {
    let behind = block.behind();
    let word = |word: &str| word.to_owned();
    match block.end {
        End::Next => vec![(behind, String::new())],
        End::Branch(taken) => vec![(taken, word("taken")), (behind, word("not taken"))],
        End::Jump(target) => vec![(target, String::new())],
        End::Call(target) => {
            let name = code.label(target).unwrap_or_else(|| format!("{target:#x}"));
            vec![(behind, format!("after {name}"))]
        }
        End::IndirectCall => vec![(behind, word("after a call"))],
        End::HostCall => vec![(behind, word("after ecall"))],
        End::Breakpoint => vec![(behind, word("after ebreak"))],
        // A return, a jump through a table, or an end that is newer than this.
        _ => Vec::new(),
    }
}

/// A text between quotation marks, as `dot` reads it.
fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_dot() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\"");
    }

    #[test]
    fn the_histogram_is_sorted_and_adds_up() {
        let counts = [("add", 1), ("ld", 3), ("sd", 1)];
        let counts = counts.map(|(mnemonic, count)| (mnemonic.to_owned(), count));
        let text = histogram(&BTreeMap::from(counts));
        let first: Vec<&str> = text
            .lines()
            .map(|line| line.split(' ').next().unwrap())
            .collect();
        assert_eq!(first, ["ld", "add", "sd", "5"]);
        assert!(text.contains(" 60.0% "), "{text}");
    }
}
