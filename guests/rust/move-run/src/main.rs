//! A Move machine on the command line.
//!
//! `run --module HEX --function ADDRESS::MODULE::NAME …` calls a function and prints what came of it as JSON;
//! `movevm::face::run` has the options. Any other argument is a number of rounds through the built-in workloads, once
//! without an argument: this is what tests and benches run.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::ffi::CString;
use alloc::format;
use alloc::vec::Vec;
use core::str;

use movevm::wrong::{Code, Wrong};
use movevm::{run, workloads};
use shell::Arguments;

#[no_mangle]
fn guest(given: Arguments) -> i8 {
    let given: Vec<&[u8]> = given.collect();
    let done = match given.split_first() {
        Some((&b"run", options)) => run::run_traced(options, &mut print).map(|line| print(&line)),
        Some((&b"workload", [name, rounds])) => number(rounds)
            .and_then(|rounds| workloads::run_named(str::from_utf8(name).unwrap_or("?"), rounds)),
        Some((rounds, [])) => number(rounds).and_then(workloads::run_all),
        None => workloads::run_all(1),
        Some(_) => Err(unknown()),
    };
    match done {
        Ok(()) => 0,
        Err(wrong) => {
            print(&format!("{wrong}"));
            wrong.code as i8
        }
    }
}

fn unknown() -> Wrong {
    Wrong::new(Code::Arguments, "run …, workload NAME ROUNDS, or ROUNDS")
}

fn number(text: &[u8]) -> Result<u64, Wrong> {
    let text = str::from_utf8(text).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(unknown)
}

fn print(text: &str) {
    // No text here has a zero byte in it.
    if let Ok(text) = CString::new(text) {
        shell::print(&text);
    }
}
