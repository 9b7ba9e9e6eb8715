//! `cargo xtask mutate`: puts deliberate faults into a copy of the tree, one after the other, and
//! shows that a test fails for each.
//!
//! A test that cannot fail proves nothing. The faults are in `tests/mutations/faults.txt`, each with
//! the tests that are expected to notice; they run in order until one fails. Where none does, the
//! whole suite is asked, and a fault that even it does not see is a failure of this command: a test
//! is missing. What caught what goes to `tests/mutations/TABLE.md`.
//!
//! The copy and its target folder are below `target/mutate`; the tree itself is never touched.

mod error;
mod list;
mod table;
mod trial;

use std::collections::BTreeMap;

use crate::step::root;
use error::MutateError;
use list::Fault;
use trial::{Copy, Verdict};

/// The root of the repository.
/// Prints the names of all faults, and says if one does not apply.
pub(crate) fn show() -> Result<(), MutateError> {
    let faults = list::read(&root())?;
    for fault in &faults {
        fault.apply(&root())?;
        println!("{:40} {}", fault.name, fault.what);
    }
    println!("{} faults, all of them apply", faults.len());
    Ok(())
}

/// Tries the faults with these names; all, where there are none; with `--new` those that the table
/// does not know.
pub(crate) fn run(names: &[&str]) -> Result<(), MutateError> {
    let faults = list::read(&root())?;
    for fault in &faults {
        fault.apply(&root())?;
    }
    let mut table = table::read(&root());
    let chosen = choose(&faults, names, &table)?;
    let mut copy = Copy::new(&root())?;
    let mut survivors = Vec::new();
    for (number, fault) in chosen.iter().enumerate() {
        let verdict = copy.try_fault(fault)?;
        eprintln!("{}/{} {}: {verdict}", number + 1, chosen.len(), fault.name);
        if verdict == Verdict::Survived {
            survivors.push(fault.name.clone());
        }
        table.insert(fault.name.clone(), verdict.to_string());
        // Written after each fault, so that an interrupted run keeps what it found.
        table::write(&root(), &faults, &table)?;
    }
    match survivors.is_empty() {
        true => Ok(()),
        false => Err(MutateError::Survivors(survivors.join(", "))),
    }
}

fn choose<'a>(
    faults: &'a [Fault],
    names: &[&str],
    table: &BTreeMap<String, String>,
) -> Result<Vec<&'a Fault>, MutateError> {
    match names {
        [] => return Ok(faults.iter().collect()),
        ["--new"] => {
            let is_new = |fault: &&Fault| !table.contains_key(&fault.name);
            return Ok(faults.iter().filter(is_new).collect());
        }
        _ => {}
    }
    let mut chosen = Vec::new();
    for name in names {
        let found: Vec<&Fault> = (faults.iter())
            .filter(|fault| fault.name == *name || fault.name.starts_with(&format!("{name}/")))
            .collect();
        if found.is_empty() {
            return Err(MutateError::Unknown((*name).to_string()));
        }
        chosen.extend(found);
    }
    Ok(chosen)
}
