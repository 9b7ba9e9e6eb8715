//! `tests/mutations/TABLE.md`: each fault, and what caught it.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::error::MutateError;
use super::list::Fault;

const FILE: &str = "tests/mutations/TABLE.md";

/// In place of a test.
const UNTRIED: &str = "not tried yet";

const HEAD: &str = "\
# Deliberate faults and the tests that caught them

Written by `cargo xtask mutate`, which puts each fault of `faults.txt` into a copy of the tree and runs the
tests named there; how a line of the list reads is in `xtask/src/mutate/list.rs`.

| fault | what is wrong | file | caught by |
| --- | --- | --- | --- |
";

/// What caught which fault, as far as the table says.
pub(super) fn read(root: &Path) -> BTreeMap<String, String> {
    // No table yet: nothing is known.
    let text = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells[..] {
            ["", name, _, _, caught, ""] if name.contains('/') && caught != UNTRIED => {
                Some((name.to_string(), caught.to_string()))
            }
            _ => None,
        }
    };
    text.lines().filter_map(row).collect()
}

/// Writes a row for each fault of the list.
pub(super) fn write(
    root: &Path,
    faults: &[Fault],
    caught: &BTreeMap<String, String>,
) -> Result<(), MutateError> {
    let mut text = HEAD.to_string();
    for fault in faults {
        let caught = caught
            .get(&fault.name)
            .map_or("not tried yet", String::as_str);
        let Fault {
            name, what, file, ..
        } = fault;
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {name} | {what} | {file} | {caught} |");
    }
    let path = root.join(FILE);
    fs::write(&path, text).map_err(MutateError::file(&path))
}
