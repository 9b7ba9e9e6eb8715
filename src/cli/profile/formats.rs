//! A profile as other programs read it: folded stacks, and the format of callgrind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::syscall_names;
use super::figures::{is_recursive, stacks, totals};
use super::instructions::Instruction;
use super::part::Part;
use super::recorder::Recorder;

/// One stack a line, functions with `;` between them and the cycles behind: what flame graph tools read.
pub(super) fn folded(parts: &[&Part]) -> String {
    let mut text = String::new();
    for (stack, cycles) in stacks(parts) {
        // `;` stands between functions.
        let stack: Vec<String> = stack.iter().map(|name| name.replace(';', ":")).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{} {cycles}", stack.join(";"));
    }
    text
}

/// Calls from one place to one function.
#[derive(Default)]
struct Calls {
    count: u64,
    inclusive: u64,
}

/// A profile for `callgrind_annotate` and KCachegrind: cycles by instruction and line, and calls.
pub(super) fn callgrind(parts: &[&Part], command: &str) -> String {
    let mut text = String::from("# callgrind format\nversion: 1\ncreator: translate profile\n");
    let sum: u64 = parts.iter().map(|part| part.cycles()).sum();
    let _ = writeln!(
        text,
        "cmd: {}\npositions: instr line\nevents: Cycles\nsummary: {sum}\n",
        command.replace('\n', " ")
    );
    for part in parts {
        callgrind_part(&mut text, part);
    }
    text
}

fn callgrind_part(text: &mut String, part: &Part) {
    let names = part.recorder.names();
    let all = part.instructions();
    let mut functions: BTreeMap<usize, Vec<&Instruction>> = BTreeMap::new();
    for one in all {
        functions.entry(one.function).or_default().push(one);
    }
    // The line of a call is that of its instruction.
    let lines: BTreeMap<u64, u32> = (all.iter())
        .map(|one| (one.pc, one.line.unwrap_or(0)))
        .collect();
    let calls = calls(&part.recorder);
    for (function, instructions) in functions {
        let file = instructions.iter().find_map(|one| one.file.as_deref());
        // Writing to a string does not fail.
        let _ = writeln!(text, "fl={}", file.unwrap_or("???"));
        let _ = writeln!(text, "fn={}", part.name(function));
        let mut shown = file;
        for one in instructions {
            if one.file.as_deref() != shown && one.file.is_some() {
                shown = one.file.as_deref();
                let _ = writeln!(text, "fi={}", shown.unwrap_or("???"));
            }
            let line = one.line.unwrap_or(0);
            let _ = writeln!(text, "{:#x} {line} {}", one.pc, one.cycles);
        }
        let from = (function, 0, 0)..(function + 1, 0, 0);
        for (&(_, site, callee), calls) in calls.range(from) {
            let target = names.start(callee);
            let line = lines.get(&target).copied().unwrap_or(0);
            let _ = writeln!(text, "cfn={}", part.name(callee));
            let _ = writeln!(text, "calls={} {target:#x} {line}", calls.count);
            let line = lines.get(&site).copied().unwrap_or(0);
            let _ = writeln!(text, "{site:#x} {line} {}", calls.inclusive);
        }
        text.push('\n');
    }
    for (&number, calls) in &part.recorder.host_calls {
        let name = part.prefixed(&syscall_names::call(number));
        let _ = writeln!(text, "fl=???\nfn={name}\n0x0 0 {}\n", calls.cycles);
    }
}

/// Calls by caller, call site and callee. What a call inside a call of the same function costs is in the outer one.
fn calls(recorder: &Recorder) -> BTreeMap<(usize, u64, usize), Calls> {
    let nodes = &recorder.nodes;
    let totals = totals(nodes);
    let mut calls: BTreeMap<_, Calls> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        let Some(parent) = node.parent else { continue };
        let caller = nodes[parent].function;
        let at = (caller, node.call_site, node.function);
        let sums = calls.entry(at).or_default();
        sums.count += node.calls;
        if !is_recursive(nodes, number) {
            sums.inclusive += totals[number];
        }
    }
    calls
}
