//! Host instructions of one run or one verification: callgrind counts them in a process of its own, which finds its
//! modules in the cache that the measurement filled.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lockstep::ckb::install;
use lockstep_test_support::callgrind::{self, Counted};
use lockstep_test_support::transaction::real::transactions;

use crate::alone::{self, Alone};
use crate::whole::{Phase, Whole};

/// Host instructions of one of our runs.
#[derive(Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Making what runs it: 0 for what runs alone.
    pub(crate) made: u64,
    /// Loading the programs and dropping their machines: 0 for what runs alone.
    pub(crate) loaded: u64,
    /// In native code.
    pub(crate) native: u64,
    /// Copying and clearing memory, but for that of loading.
    pub(crate) copied: u64,
    /// All of them.
    pub(crate) total: u64,
    /// Instructions of the guest; 0 where nobody counted them.
    pub(crate) guest: u64,
}

/// Counts a run of a program alone.
pub(crate) fn alone(cache: &Path, alone: &Alone) -> Counts {
    let counted = count(cache, "alone", &alone.guest.name, "measured_run");
    Counts {
        native: native(&counted),
        copied: copied(&counted),
        total: counted.total,
        guest: alone.instructions(),
        ..Counts::default()
    }
}

/// Counts a verification.
pub(crate) fn whole(cache: &Path, whole: &Whole) -> Counts {
    let [made, loaded, verified] = ["made", "loaded", "verified"]
        .map(|phase| count(cache, phase, &whole.name, "measured_phase"));
    Counts {
        made: made.total,
        loaded: loaded.total.saturating_sub(made.total),
        native: native(&verified),
        copied: copied(&verified).saturating_sub(copied(&loaded)),
        total: verified.total,
        guest: 0,
    }
}

fn count(cache: &Path, kind: &str, name: &str, function: &str) -> Counted {
    eprintln!("counting {name}, {kind}");
    let this = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(this);
    command.arg("--child").arg(cache).args([kind, name]);
    callgrind::count(&command, Some(function))
}

/// Code that was made at run time belongs to no file.
fn native(counted: &Counted) -> u64 {
    sum(counted, |object, _| object == "???")
}

/// The C library's functions for it, by whatever processor they are for.
fn copied(counted: &Counted) -> u64 {
    const NAMES: [&str; 3] = ["memcpy", "memmove", "memset"];
    sum(counted, |_, function| {
        NAMES.iter().any(|name| function.contains(name))
    })
}

fn sum(counted: &Counted, of: impl Fn(&str, &str) -> bool) -> u64 {
    let functions = counted.functions.iter();
    functions
        .filter(|((object, function), _)| of(object, function))
        .map(|(_, count)| count)
        .sum()
}

/// What the process that is counted does: everything once, so that nothing is new, and then what is counted.
pub(crate) fn child(cache: &Path, kind: &str, name: &str) -> Result<(), String> {
    let engine = Arc::new(crate::engine(cache));
    install(Arc::clone(&engine));
    let phase = match kind {
        "alone" => {
            let programs = alone::programs()?;
            let program = programs.iter().find(|program| program.name == name);
            alone::run(program.ok_or("no such program")?, &engine);
            return Ok(());
        }
        "made" => Phase::Made,
        "loaded" => Phase::Loaded,
        _ => Phase::Verified,
    };
    let real = transactions().into_iter().find(|real| real.name == name);
    let transaction = real.ok_or("no such transaction")?.transaction()?;
    Whole::new(name, transaction).measured_phase(phase);
    Ok(())
}
