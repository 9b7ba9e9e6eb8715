//! What a run cost, by function, line, block and instruction, in exact cycles.

use std::collections::{BTreeMap, HashMap, HashSet};

use lockstep_isa::Cost;
use serde::Serialize;

use super::super::debug_info::DebugInfo;
use super::super::guest_code::label;
use super::recorder::{Node, Recorder};

/// A row of a table.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    /// A function's name, `file:line`, or an address with the name of its function.
    pub(super) name: String,
    /// Guest address, where a row has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address: Option<String>,
    /// Cycles in it.
    pub(super) cycles: u64,
    /// Cycles in it and in what it called. For functions only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
    /// How often it was called or run.
    pub(super) runs: u64,
}

/// One instruction.
pub(super) struct Instruction {
    pub(super) pc: u64,
    pub(super) text: String,
    pub(super) function: usize,
    pub(super) runs: u64,
    pub(super) cycles: u64,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
}

/// Cycles of each function and those of what it called. A function that is on the stack twice counts once. Calls that
/// are too deep for the tree have their own cycles, and those with callees are counted for the callers.
pub(super) fn functions(recorder: &Recorder<'_>) -> Vec<Row> {
    let names = recorder.names();
    let mut rows: Vec<(u64, u64, u64)> = vec![(0, 0, 0); names.len()];
    let totals = totals(&recorder.nodes);
    for (number, node) in recorder.nodes.iter().enumerate() {
        if !is_recursive(&recorder.nodes, number) {
            rows[node.function].1 += totals[number];
        }
    }
    for trace in recorder.traces.values() {
        rows[trace.function].0 += trace.cycles;
    }
    for (&function, &calls) in &recorder.entered {
        rows[function].2 += calls;
    }
    let rows = rows
        .into_iter()
        .enumerate()
        .filter(|(_, row)| row.2 > 0 || row.0 > 0);
    sorted(rows.map(|(function, (cycles, total, runs))| Row {
        name: names.name(function).to_owned(),
        address: Some(format!("{:#x}", names.start(function))),
        cycles,
        total: Some(total.max(cycles)),
        runs,
    }))
}

/// The blocks, by their heads.
pub(super) fn blocks(recorder: &Recorder<'_>) -> Vec<Row> {
    sorted(recorder.traces.iter().map(|(&head, trace)| Row {
        name: place(recorder, head, trace.function),
        address: Some(format!("{head:#x}")),
        cycles: trace.cycles,
        total: None,
        runs: trace.runs,
    }))
}

/// The instructions. One in several blocks counts once, with all that it ran. A fused one has the address of its first.
pub(super) fn instructions(
    recorder: &Recorder<'_>,
    cost: Cost,
    info: &DebugInfo<'_>,
) -> Vec<Instruction> {
    let mut all: BTreeMap<(u64, u8), Instruction> = BTreeMap::new();
    for (&head, trace) in &recorder.traces {
        let Some(block) = &trace.block else {
            // Nobody knows its instructions: all of it counts for its head.
            let unknown = Instruction {
                pc: head,
                text: "[unknown]".to_owned(),
                function: trace.function,
                runs: trace.runs,
                cycles: trace.cycles,
                file: None,
                line: None,
            };
            all.insert((head, 0), unknown);
            continue;
        };
        for (pc, inst) in block.places() {
            let entry = all.entry((pc, inst.len)).or_insert_with(|| {
                let place = info.places(pc).into_iter().next().unwrap_or_default();
                Instruction {
                    pc,
                    text: inst.at(pc).to_string(),
                    function: recorder.names().function_at(pc),
                    runs: 0,
                    cycles: 0,
                    file: place.file,
                    line: place.line,
                }
            });
            entry.runs += trace.runs;
            entry.cycles += trace.runs * cost.cycles(inst.op);
        }
    }
    all.into_values().collect()
}

/// Instructions as rows.
pub(super) fn by_instruction(recorder: &Recorder<'_>, all: &[Instruction]) -> Vec<Row> {
    sorted(all.iter().map(|one| Row {
        name: format!("{}: {}", place(recorder, one.pc, one.function), one.text),
        address: Some(format!("{:#x}", one.pc)),
        cycles: one.cycles,
        total: None,
        runs: one.runs,
    }))
}

/// The lines of the source. Code without a line counts for its function. A line ran as often as its instruction that
/// ran most.
pub(super) fn by_line(recorder: &Recorder<'_>, all: &[Instruction]) -> Vec<Row> {
    let mut lines: HashMap<String, (u64, u64)> = HashMap::new();
    for one in all {
        let name = match (&one.file, one.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => format!("{}, no line", recorder.names().name(one.function)),
        };
        let sums = lines.entry(name).or_default();
        sums.0 += one.cycles;
        sums.1 = sums.1.max(one.runs);
    }
    sorted(lines.into_iter().map(|(name, (cycles, runs))| Row {
        name,
        address: None,
        cycles,
        total: None,
        runs,
    }))
}

/// Each node's cycles with those of the nodes below it. A child comes behind its parent.
pub(super) fn totals(nodes: &[Node]) -> Vec<u64> {
    let mut totals: Vec<u64> = nodes.iter().map(|node| node.cycles).collect();
    for number in (0..nodes.len()).rev() {
        if let Some(parent) = nodes[number].parent {
            totals[parent] += totals[number];
        }
    }
    totals
}

/// Whether the function of a node is among its callers.
pub(super) fn is_recursive(nodes: &[Node], number: usize) -> bool {
    let mut above = nodes[number].parent;
    while let Some(parent) = above {
        if nodes[parent].function == nodes[number].function {
            return true;
        }
        above = nodes[parent].parent;
    }
    false
}

/// Stacks of function names, outermost first, each with its cycles; equal ones are one.
pub(super) fn stacks(recorder: &Recorder<'_>) -> BTreeMap<Vec<usize>, u64> {
    let mut stacks = BTreeMap::new();
    for (number, node) in recorder.nodes.iter().enumerate() {
        if node.cycles == 0 {
            continue;
        }
        let mut stack = Vec::with_capacity(node.depth + 1);
        let mut at = Some(number);
        while let Some(number) = at {
            stack.push(recorder.nodes[number].function);
            at = recorder.nodes[number].parent;
        }
        stack.reverse();
        *stacks.entry(stack).or_insert(0) += node.cycles;
    }
    stacks
}

/// The functions that have a name in a set of stacks.
pub(super) fn used(stacks: &BTreeMap<Vec<usize>, u64>) -> HashSet<usize> {
    stacks.keys().flatten().copied().collect()
}

fn place(recorder: &Recorder<'_>, address: u64, function: usize) -> String {
    let names = recorder.names();
    label(names.name(function), address - names.start(function))
}

/// The dearest first.
fn sorted(rows: impl Iterator<Item = Row>) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.collect();
    rows.sort_by(|one, other| {
        let weight = |row: &Row| (row.total.unwrap_or(row.cycles), row.cycles);
        (weight(other).cmp(&weight(one))).then_with(|| one.name.cmp(&other.name))
    });
    rows
}
