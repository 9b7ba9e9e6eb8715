//! The processes of a script, for people as a tree in the words of `ckb-debugger`, and for programs as a list.

use std::fmt::Write as _;

use lockstep::transaction::Process;
use serde::Serialize;

/// Columns before what a process runs.
const TREE_COLUMNS: usize = 32;

/// A process, in the order of its fields.
#[derive(Serialize)]
pub(super) struct Object {
    vm_id: u64,
    parent: Option<u64>,
    /// What it runs: the first, and what it replaced itself with by exec.
    programs: Vec<String>,
}

/// Whether there is more to say than that the script ran.
pub(super) fn are_worth_telling(processes: &[Process]) -> bool {
    processes.len() > 1 || processes.iter().any(|process| process.programs.len() > 1)
}

/// As a list.
pub(super) fn objects(processes: &[Process]) -> Vec<Object> {
    let object = |process: &Process| Object {
        vm_id: process.id,
        parent: process.parent,
        programs: process
            .programs
            .iter()
            .map(|program| program.source.to_string())
            .collect(),
    };
    processes.iter().map(object).collect()
}

/// A line of the tree: a program of a process. A process hangs below the one that spawned it, and a program below the one
/// that it replaced.
struct Node<'a> {
    process: &'a Process,
    /// Which of its programs.
    program: usize,
}

/// As a tree.
pub(super) fn tree(processes: &[Process]) -> String {
    let mut text = String::new();
    // The node, what stands before its line, and what stands before those of its children.
    let mut open: Vec<(Node<'_>, String, String)> = Vec::new();
    let roots = processes.iter().filter(|process| process.parent.is_none());
    for process in roots.rev() {
        let node = Node {
            process,
            program: 0,
        };
        open.push((node, String::new(), String::new()));
    }
    while let Some((node, before, below)) = open.pop() {
        line(&mut text, &node, &before);
        let children = children(processes, &node);
        let last = children.len().saturating_sub(1);
        for (at, child) in children.into_iter().enumerate().rev() {
            let (branch, gap) = match at == last {
                true => ("└── ", "    "),
                false => ("├── ", "│   "),
            };
            open.push((child, format!("{below}{branch}"), format!("{below}{gap}")));
        }
    }
    text
}

fn children<'a>(processes: &'a [Process], node: &Node<'a>) -> Vec<Node<'a>> {
    let replaced = (node.program + 1 < node.process.programs.len()).then_some(Node {
        process: node.process,
        program: node.program + 1,
    });
    let spawned = processes
        .iter()
        .filter(|process| process.parent == Some(node.process.id) && node.program == 0)
        .map(|process| Node {
            process,
            program: 0,
        });
    spawned.chain(replaced).collect()
}

fn line(text: &mut String, node: &Node<'_>, before: &str) {
    let id = node.process.id;
    let name = match node.program {
        0 => id.to_string(),
        program => format!("{id}/{program}"),
    };
    let program = node.process.programs.get(node.program);
    let source = program.map_or_else(|| "?".to_owned(), |program| program.source.to_string());
    let tree = format!("Spawn tree: {before}{name}");
    // Writing to a string does not fail.
    let _ = writeln!(text, "{tree:TREE_COLUMNS$} {source}");
}
