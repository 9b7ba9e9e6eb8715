//! The table of rules: every test and case that `tests/RULES.md` names exists, every section is
//! there, and every version rule has its row and its reference.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The rows of all tables about rules: section, rule, tests.
fn rows(text: &str) -> Vec<(String, String, Vec<String>)> {
    let (mut section, mut rows) = (String::new(), Vec::new());
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.to_string();
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let [rule, tests] = cells[..] else {
            continue;
        };
        let (Some(rule), Some(tests)) = (rule.strip_prefix("| "), tests.strip_suffix(" |")) else {
            continue;
        };
        if rule != "rule" && rule != "---" {
            let tests = tests.split('`').skip(1).step_by(2).map(str::to_string);
            rows.push((section.clone(), rule.to_string(), tests.collect()));
        }
    }
    rows
}

/// Whether a test that the table names is there.
fn check(test: &str) -> Result<(), String> {
    if let Some((path, function)) = test.split_once("::") {
        let text = read(path)?;
        let is_test = text.contains(&format!("fn {function}()"));
        return is_test
            .then_some(())
            .ok_or(format!("{path} has no {function}"));
    }
    let (file, case) = test
        .split_once('#')
        .ok_or(format!("{test} names no case"))?;
    let text = read(&format!("tests/cases/{file}"))?;
    let named = |line: &str| {
        line.strip_prefix("#: case ")
            .is_some_and(|c| c.trim() == case)
    };
    let found = text.lines().any(named);
    found
        .then_some(())
        .ok_or(format!("{file} has no case {case:?}"))
}

#[test]
fn every_rule_has_tests_and_they_exist() {
    let text = read("tests/RULES.md").expect("the table is there");
    let rows = rows(&text);
    let mut wrong = Vec::new();
    for (section, rule, tests) in &rows {
        if tests.is_empty() {
            wrong.push(format!("{section}: {rule}: no test"));
        }
        let missing = tests.iter().filter_map(|test| check(test).err());
        wrong.extend(missing.map(|error| format!("{section}: {rule}: {error}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (section, ..) in &rows {
        let number = section.split('.').next().unwrap_or_default();
        *counts.entry(number).or_default() += 1;
    }
    for section in 1..=15 {
        let count = counts.get(&*section.to_string());
        assert!(
            count.is_some_and(|count| *count > 2),
            "section {section}: {count:?}"
        );
    }
}

#[test]
fn every_version_rule_has_its_row_and_its_reference() {
    let source = read("isa/src/rules.rs").expect("it is there");
    let body = source.split("rules! {").last().expect("the rules");
    let body = body.split("\n}").next().expect("their end");
    let text = read("tests/RULES.md").expect("the table is there");
    let named: BTreeSet<String> = rows(&text)
        .into_iter()
        .filter(|(section, ..)| section.starts_with("Named rules"))
        .map(|(_, rule, _)| rule.trim_matches('`').to_string())
        .collect();
    let (mut found, mut documentation) = (BTreeSet::new(), String::new());
    for line in body.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("///") {
            documentation += words;
        } else if let Some((name, _)) = line.split_once(": ").filter(|_| line.ends_with(';')) {
            assert!(
                documentation.contains("Reference: `"),
                "{name} has no reference"
            );
            documentation.clear();
            found.insert(name.to_string());
        }
    }
    assert!(found.len() > 10, "{found:?}");
    assert_eq!(named, found);
}
