//! Compares the EVM guests with other EVMs, and damages what they are given.
//!
//! `cargo xtask prove evm` runs the subcommands; each prints what it compared and ends with 1 at the first kind of
//! difference that it cannot explain. Everything that is random comes from seeds that are printed.

mod changes;
mod compare;
mod generator;
mod guest;
mod hostile;
mod javascript;
mod reference;
mod tables;
mod transitions;
mod tries;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| {
        arguments
            .get(at)
            .map_or(default, |text| text.parse().expect("a number"))
    };
    let done = match arguments.first().map(String::as_str) {
        Some("workloads") => tables::workloads(),
        Some("recorded") => tables::recorded(),
        Some("programs") => compare::programs(number(1, 12_000), number(2, 1)),
        Some("javascript") => javascript::run(number(1, 2500), number(2, 1)),
        Some("tries") => tries::run(number(1, 2000)),
        Some("transitions") => transitions::run(number(1, 300)),
        Some("transactions") => transitions::write(),
        Some("hostile") => hostile::run(number(1, 100_000)),
        _ => Err("one of workloads, recorded, programs, javascript, tries, transitions, transactions, hostile".to_string()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
