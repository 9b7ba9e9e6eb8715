//! A profile as other programs read it: folded stacks, and the format of callgrind.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::figures::{Instruction, is_recursive, stacks, totals};
use super::recorder::Recorder;

/// One stack a line, functions with `;` between them and the cycles behind: what flame graph tools read.
pub(super) fn folded(recorder: &Recorder<'_>) -> String {
    let names = recorder.names();
    let mut text = String::new();
    for (stack, cycles) in stacks(recorder) {
        // `;` stands between functions.
        let stack: Vec<String> = (stack.iter())
            .map(|&function| names.name(function).replace(';', ":"))
            .collect();
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
pub(super) fn callgrind(recorder: &Recorder<'_>, all: &[Instruction], command: &str) -> String {
    let names = recorder.names();
    let mut text = String::from("# callgrind format\nversion: 1\ncreator: translate profile\n");
    let sum: u64 = all.iter().map(|one| one.cycles).sum();
    let _ = writeln!(
        text,
        "cmd: {}\npositions: instr line\nevents: Cycles\nsummary: {sum}\n",
        command.replace('\n', " ")
    );
    let mut functions: BTreeMap<usize, Vec<&Instruction>> = BTreeMap::new();
    for one in all {
        functions.entry(one.function).or_default().push(one);
    }
    // The line of a call is that of its block's last instruction.
    let lines: BTreeMap<u64, u32> = (all.iter())
        .map(|one| (one.pc, one.line.unwrap_or(0)))
        .collect();
    let calls = calls(recorder);
    for (function, instructions) in functions {
        let file = instructions.iter().find_map(|one| one.file.as_deref());
        let _ = writeln!(text, "fl={}", file.unwrap_or("???"));
        let _ = writeln!(text, "fn={}", names.name(function));
        let mut shown = file;
        for one in instructions {
            if one.file.as_deref() != shown && one.file.is_some() {
                shown = one.file.as_deref();
                let _ = writeln!(text, "fi={}", shown.unwrap_or("???"));
            }
            let _ = writeln!(
                text,
                "{:#x} {} {}",
                one.pc,
                one.line.unwrap_or(0),
                one.cycles
            );
        }
        let from = (function, 0, 0)..(function + 1, 0, 0);
        for (&(_, site, callee), calls) in calls.range(from) {
            let target = names.start(callee);
            let line = lines.get(&target).copied().unwrap_or(0);
            let _ = writeln!(text, "cfn={}", names.name(callee));
            let _ = writeln!(text, "calls={} {target:#x} {line}", calls.count);
            let line = lines.get(&site).copied().unwrap_or(0);
            let _ = writeln!(text, "{site:#x} {line} {}", calls.inclusive);
        }
        text.push('\n');
    }
    text
}

/// Calls by caller, call site and callee. What a call inside a call of the same function costs is in the outer one.
fn calls(recorder: &Recorder<'_>) -> BTreeMap<(usize, u64, usize), Calls> {
    let nodes = &recorder.nodes;
    let totals = totals(nodes);
    let mut calls: BTreeMap<_, Calls> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        let Some(parent) = node.parent else { continue };
        let caller = nodes[parent].function;
        let site = recorder.call_instruction(node.call_site);
        let sums = calls.entry((caller, site, node.function)).or_default();
        sums.count += node.calls;
        if !is_recursive(nodes, number) {
            sums.inclusive += totals[number];
        }
    }
    calls
}
