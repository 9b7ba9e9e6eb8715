//! The workloads of the EVM guest for this machine, for the column of benches that says what native code could be.
//!
//! `NUMBER` runs all of them so many times, as the guest does; `NAME=NUMBER` runs one.

use std::process::ExitCode;

use evm::workloads::{run_all, run_named};
use evm::wrong::Wrong;

fn main() -> ExitCode {
    let argument = std::env::args().nth(1).unwrap_or_else(|| "1".to_string());
    let rounds = |text: &str| text.parse::<u64>().map_err(|_| Wrong::Arguments);
    let done = match argument.split_once('=') {
        Some((name, text)) => rounds(text).and_then(|rounds| run_named(name, rounds)),
        None => rounds(&argument).and_then(run_all),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(wrong as u8)
        }
    }
}
