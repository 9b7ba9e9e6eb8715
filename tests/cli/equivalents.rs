//! `docs/ckb-debugger.md` names commands that exist, and does not say "not" too often.

use std::collections::BTreeMap;

use super::harness::Sandbox;

/// How many things of those programs may be left out here for good.
const LARGEST_MISSING: usize = 5;

/// The rows of all tables: what it is there, and what it is here.
fn rows(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| {
            line.strip_prefix("| ")?
                .strip_suffix(" |")?
                .split_once(" | ")
        })
        .filter(|(_, here)| *here != "here")
        .map(|(there, here)| (there.to_owned(), here.to_owned()))
        .collect()
}

/// The pieces of code in a text.
fn code(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_command_in_the_tables_exists() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ckb-debugger.md");
    let text = std::fs::read_to_string(path).expect("the tables");
    let rows = rows(&text);
    assert!(rows.len() > 30, "{} rows", rows.len());
    let sandbox = Sandbox::new();
    let mut help: BTreeMap<String, String> = BTreeMap::new();
    let mut missing = 0;
    for (there, here) in &rows {
        let is_missing = here.starts_with("not: ") || here.starts_with("not yet: ");
        missing += usize::from(here.starts_with("not: "));
        let mut commands = 0;
        for piece in code(here) {
            let mut words = piece.split_whitespace();
            match words.next() {
                Some("translate") => {}
                Some(first) => {
                    commands += usize::from(first.starts_with("LOCKSTEP_"));
                    continue;
                }
                None => continue,
            }
            commands += 1;
            let words: Vec<&str> = words.take_while(|word| *word != "--").collect();
            let named: Vec<&str> = words
                .iter()
                .copied()
                .take_while(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
                .take_while(|word| !word.starts_with('-'))
                .collect();
            let verb = named.join(" ");
            let page = help.entry(verb).or_insert_with(|| {
                let ran = sandbox.run(&[&named[..], &["--help"]].concat());
                match ran.code {
                    0 => ran.out,
                    _ => String::new(),
                }
            });
            assert!(!page.is_empty(), "there is no command {piece:?}");
            for option in words.iter().filter(|word| word.starts_with('-')) {
                let there = page
                    .split(|c: char| c.is_whitespace() || ",[]".contains(c))
                    .any(|word| word == *option);
                assert!(there, "{piece:?}: {option}");
            }
        }
        assert!(commands > 0 || is_missing, "{there}: {here}");
    }
    assert!(missing <= LARGEST_MISSING, "{missing} things are missing");
}

#[test]
fn every_option_of_ckb_debugger_is_in_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ckb-debugger.md");
    let text = std::fs::read_to_string(path).expect("the tables");
    let there: String = rows(&text)
        .into_iter()
        .map(|(there, _)| there + " ")
        .collect();
    // What `ckb-debugger --help` of 1.1.1 lists.
    for word in [
        "--bin",
        "--cell-index",
        "--cell-type",
        "--coverage-output",
        "--dump-file",
        "--enable-coverage",
        "--enable-flamegraph",
        "--enable-overlapping-detection",
        "--enable-steplog",
        "--flamegraph-output",
        "--gdb-listen",
        "--max-cycles",
        "--prompt",
        "--read-file",
        "--script",
        "--script-group-type",
        "--script-hash",
        "--script-version",
        "--steplog-output",
        "--tx-file",
        "--vm-id",
        "--mode decode-instruction",
        "--mode fast",
        "--mode full",
        "--mode gdb",
        "--mode instruction-decode",
        "--mode probe",
    ] {
        let is_there = there.contains(&format!("`{word}`")) || there.contains(&format!("`{word} "));
        assert!(is_there, "{word}");
    }
}
