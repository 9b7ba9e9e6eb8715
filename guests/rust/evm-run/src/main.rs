//! An EVM on the command line.
//!
//! `run --code HEX …` executes code and prints what came of it as JSON; `evm::arguments` has the options. Any other
//! argument is a number of rounds through the built-in workloads, once without an argument: this is what tests and
//! benches run.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::ffi::CString;
use core::str;

use evm::wrong::Wrong;
use evm::{arguments, json, run, workloads};
use shell::Arguments;

#[no_mangle]
fn guest(mut given: Arguments) -> i8 {
    let done = match given.next() {
        Some(b"run") => execute(given),
        Some(b"workload") => workload(given),
        rounds => {
            let rounds = rounds
                .and_then(|text| str::from_utf8(text).ok())
                .map_or(Some(1), |text| text.parse().ok());
            rounds.map_or(Err(Wrong::Arguments), |rounds| workloads::run_all(rounds))
        }
    };
    match done {
        Ok(()) => 0,
        Err(wrong) => {
            print(wrong.text());
            wrong as i8
        }
    }
}

/// One workload alone: its name, and how often it runs.
fn workload(mut given: Arguments) -> Result<(), Wrong> {
    let mut text = || {
        given
            .next()
            .and_then(|text| str::from_utf8(text).ok())
            .ok_or(Wrong::Arguments)
    };
    let name = text()?;
    let rounds = text()?.parse().map_err(|_| Wrong::Arguments)?;
    workloads::run_named(name, rounds)
}

fn execute(given: Arguments) -> Result<(), Wrong> {
    // Bytes that are no text are no argument that is known.
    let texts = given.map(|text| str::from_utf8(text).unwrap_or("?"));
    let read = arguments::parse(texts)?;
    let outcome = match read.trace {
        true => run::run(&read.call, read.accounts, Some(&mut print))?,
        false => run::run(&read.call, read.accounts, None)?,
    };
    print(&json::write_outcome(&outcome));
    Ok(())
}

fn print(text: &str) {
    // No text here has a zero byte in it.
    if let Ok(text) = CString::new(text) {
        shell::print(&text);
    }
}
