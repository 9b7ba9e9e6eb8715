//! What a run cost, by function, line, block, instruction and system call, in exact cycles.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use serde::Serialize;

use super::super::guest_code::label;
use super::super::syscall_names;
use super::part::Part;
use super::recorder::Node;

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

impl Row {
    /// The same row of another part.
    fn add(&mut self, other: &Row) {
        self.cycles += other.cycles;
        self.runs += other.runs;
        self.total = self.total.zip(other.total).map(|(one, other)| one + other);
    }
}

/// Rows of all parts; what has the same name is one row.
pub(super) fn together(parts: &[&Part], rows: impl Fn(&Part) -> Vec<Row>) -> Vec<Row> {
    let mut all: HashMap<(String, Option<String>), Row> = HashMap::new();
    for row in parts.iter().flat_map(|part| rows(part)) {
        match all.entry((row.name.clone(), row.address.clone())) {
            Entry::Vacant(entry) => {
                entry.insert(row);
            }
            Entry::Occupied(mut entry) => entry.get_mut().add(&row),
        }
    }
    sorted(all.into_values())
}

/// Cycles of each function and those of what it called. A function that is on the stack twice counts once. Calls that
/// are too deep for the tree have their own cycles, and those with callees are counted for the callers.
pub(super) fn functions(part: &Part) -> Vec<Row> {
    let (recorder, names) = (&part.recorder, part.recorder.names());
    let mut rows: Vec<(u64, u64, u64)> = vec![(0, 0, 0); names.len()];
    let totals = totals(&recorder.nodes);
    for (number, node) in recorder.nodes.iter().enumerate() {
        if !is_recursive(&recorder.nodes, number) {
            rows[node.function].1 += totals[number];
        }
        if !names.is_function(node.function) {
            rows[node.function].0 += node.cycles;
        }
    }
    for trace in recorder.traces.values() {
        rows[trace.function].0 += trace.cycles;
    }
    for (function, calls) in recorder.entered().into_iter().enumerate() {
        rows[function].2 += calls;
    }
    let rows = rows
        .into_iter()
        .enumerate()
        .filter(|(_, row)| row.2 > 0 || row.0 > 0);
    rows.map(|(function, (cycles, total, runs))| Row {
        name: part.name(function),
        address: (names.is_function(function)).then(|| format!("{:#x}", names.start(function))),
        cycles,
        total: Some(total.max(cycles)),
        runs,
    })
    .collect()
}

/// The blocks, by their heads, and the calls of the host.
pub(super) fn blocks(part: &Part) -> Vec<Row> {
    let traces = part.recorder.traces.iter();
    let blocks = traces.map(|(&head, trace)| Row {
        name: place(part, head, trace.function),
        address: Some(format!("{head:#x}")),
        cycles: trace.cycles,
        total: None,
        runs: trace.runs,
    });
    blocks.chain(host_calls(part)).collect()
}

/// The calls of the host, with what the host charged for them.
fn host_calls(part: &Part) -> impl Iterator<Item = Row> + '_ {
    let calls = part.recorder.host_calls.iter();
    calls.map(|(&number, calls)| Row {
        name: part.prefixed(&syscall_names::call(number)),
        address: None,
        cycles: calls.cycles,
        total: None,
        runs: calls.calls,
    })
}

/// The calls of the host, and the instructions as one row, so that the sum is the run's.
pub(super) fn system_calls(part: &Part) -> Vec<Row> {
    let runs = part.recorder.traces.values().map(|trace| trace.runs).sum();
    let instructions = Row {
        name: part.prefixed("[instructions, by block]"),
        address: None,
        cycles: part.instruction_cycles(),
        total: None,
        runs,
    };
    std::iter::once(instructions)
        .chain(host_calls(part))
        .collect()
}

/// Instructions as rows, and the calls of the host.
pub(super) fn by_instruction(part: &Part) -> Vec<Row> {
    let rows = part.instructions().iter().map(|one| Row {
        name: format!("{}: {}", place(part, one.pc, one.function), one.text),
        address: Some(format!("{:#x}", one.pc)),
        cycles: one.cycles,
        total: None,
        runs: one.runs,
    });
    rows.chain(host_calls(part)).collect()
}

/// The lines of the source, and the calls of the host. Code without a line counts for its function. A line ran as often
/// as its instruction that ran most.
pub(super) fn by_line(part: &Part) -> Vec<Row> {
    let mut lines: HashMap<String, (u64, u64)> = HashMap::new();
    for one in part.instructions() {
        let name = match (&one.file, one.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => format!("{}, no line", part.name(one.function)),
        };
        let sums = lines.entry(name).or_default();
        sums.0 += one.cycles;
        sums.1 = sums.1.max(one.runs);
    }
    let rows = lines.into_iter().map(|(name, (cycles, runs))| Row {
        name,
        address: None,
        cycles,
        total: None,
        runs,
    });
    rows.chain(host_calls(part)).collect()
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

/// A stack of functions, outermost first.
pub(super) type Stack = Vec<Rc<str>>;

/// Stacks of function names, each with its cycles; equal ones are one.
pub(super) fn stacks(parts: &[&Part]) -> BTreeMap<Stack, u64> {
    let mut stacks = BTreeMap::new();
    for part in parts {
        let names: Vec<Rc<str>> = (0..part.recorder.names().len())
            .map(|function| part.recorder.names().name(function).into())
            .collect();
        let outermost: Option<Rc<str>> = part.outermost().map(Into::into);
        for (number, node) in part.recorder.nodes.iter().enumerate() {
            if node.cycles == 0 {
                continue;
            }
            let mut stack = Vec::with_capacity(node.depth + 2);
            let mut at = Some(number);
            while let Some(number) = at {
                let node = &part.recorder.nodes[number];
                stack.push(Rc::clone(&names[node.function]));
                at = node.parent;
            }
            stack.extend(outermost.clone());
            stack.reverse();
            *stacks.entry(stack).or_insert(0) += node.cycles;
        }
    }
    stacks
}

/// The functions that have a name in a set of stacks.
pub(super) fn used(stacks: &BTreeMap<Stack, u64>) -> HashSet<&str> {
    stacks.keys().flatten().map(|name| &**name).collect()
}

fn place(part: &Part, address: u64, function: usize) -> String {
    let names = part.recorder.names();
    let start = names.start(function);
    part.prefixed(&label(names.name(function), address - start))
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
