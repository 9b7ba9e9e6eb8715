//! Functions that a published compiler compiled, with the answers of a published machine (`guests/move-check`).
//!
//! `published.json` has the modules, the calls, and what the published machine makes of each: a result, an abort code, or a
//! kind of error. `cargo xtask prove move` makes the file anew, and asks that machine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use movevm::instruction::TABLE;
use serde_json::{Value, json};

use crate::guest::{Guest, library};

/// A file with other calls, to which the answers are written beside it.
const CALLS: &str = "LOCKSTEP_MOVE_CALLS";

fn read(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The arguments of the guest for a call.
fn arguments(module: &Value, call: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let function = format!(
        "0x42::{}::{}",
        text(&module["name"]),
        text(&call["function"])
    );
    let mut all = vec![
        "run".to_owned(),
        "--module".to_owned(),
        text(&module["code"]),
    ];
    all.extend(["--function".to_owned(), function]);
    for argument in call["arguments"].as_array().expect("a list") {
        // Integers are texts in the file, because JSON's numbers are too small for them.
        all.extend(["--arg".to_owned(), argument.to_string()]);
    }
    all
}

/// What the guest answers natively; the library must answer the same.
fn answer(guest: &Guest, module: &Value, call: &Value) -> Value {
    let arguments = arguments(module, call);
    let (code, lines) = guest.run(&arguments);
    let line = lines.last().cloned().unwrap_or_default();
    assert_eq!((code, line.clone()), library(&arguments), "{arguments:?}");
    assert_eq!(code, 0, "{arguments:?}: {line}");
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn calls(module: &Value) -> &[Value] {
    module["calls"].as_array().expect("a list")
}

/// The committed calls.
fn published() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/movevm/published.json");
    read(Path::new(path))
}

/// Which functions of a published compiler execute each instruction, by its name.
fn executed() -> BTreeMap<String, BTreeSet<String>> {
    let mut executed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for module in &published() {
        for call in calls(module) {
            let function = call["function"].as_str().expect("a text");
            let mut note = |text: &str| {
                let word = text.split(' ').nth(2).unwrap_or_default();
                let name = word.split('(').next().unwrap_or_default();
                let functions = executed.entry(name.to_owned()).or_default();
                functions.insert(function.to_owned());
            };
            let mut arguments = arguments(module, call);
            arguments.push("--trace".to_owned());
            movevm::run::run_traced(&arguments, &mut note).expect("it runs");
        }
    }
    executed
}

/// `docs/move-instructions.md` says of each instruction what it was compared with. `BLESS=1` writes it.
#[test]
fn the_table_of_instructions_is_current() {
    let executed = executed();
    let mut text = String::from(
        "# The instructions of the Move machine, and what they were compared with\n\nEach instruction is executed by the guest, as \
         native code. *By hand* is `tests/movevm/instructions.rs`: modules that are\nput together there, with what must come out by \
         Move's rules. The numbers are functions of `tests/movevm/published.json`\nthat execute the instruction: a published compiler \
         compiled them, and a published machine gave the same answers\n(docs/guests.md). Its flavour has no global storage.\n\n\
         | Instruction | By hand | Functions compared with a published machine |\n|---|---|---|\n",
    );
    for (_, name, _) in TABLE {
        let functions = executed.get(*name).map_or(0, BTreeSet::len);
        let functions = match functions {
            0 => "none".to_owned(),
            count => count.to_string(),
        };
        text += &format!("| {name} | yes | {functions} |\n");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/move-instructions.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, &text).expect("it can be written");
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == committed,
        "run this test with BLESS=1 and commit the table"
    );
}

#[test]
fn answers_are_those_of_a_published_machine() {
    let guest = Guest::load();
    if let Some(path) = std::env::var_os(CALLS) {
        let path = Path::new(&path);
        let answers: Vec<Vec<Value>> = (read(path).iter())
            .map(|module| {
                let calls = calls(module).iter();
                calls.map(|call| answer(guest, module, call)).collect()
            })
            .collect();
        let beside = path.with_extension("answers");
        fs::write(beside, json!(answers).to_string()).expect("it can be written");
        return;
    }
    let modules = published();
    let mut compared = [0; 3];
    for module in &modules {
        for call in calls(module) {
            let answer = answer(guest, module, call);
            let (kind, ours, theirs) = match answer["status"].as_str() {
                Some("success") => (0, &answer["results"], &call["results"]),
                Some("abort") => (1, &answer["code"], &call["abort"]),
                _ => (2, &answer["kind"], &call["error"]),
            };
            assert_eq!(ours, theirs, "{call}");
            compared[kind] += 1;
        }
    }
    let [results, aborts, errors] = compared;
    println!("{results} results, {aborts} aborts, {errors} errors");
    assert!(
        results > 1000 && aborts > 10 && errors > 200,
        "{compared:?}"
    );
}
