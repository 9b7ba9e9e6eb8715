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

use movevm::run;
use movevm::wrong::{Code, Wrong};
use shell::Arguments;

#[no_mangle]
fn guest(given: Arguments) -> i8 {
    let given: Vec<&[u8]> = given.collect();
    let done = match given.split_first() {
        Some((&b"run", options)) => run::run_traced(options, &mut print).map(|line| print(&line)),
        _ => Err(Wrong::new(Code::Arguments, "run")),
    };
    match done {
        Ok(()) => 0,
        Err(wrong) => {
            print(&format!("{wrong}"));
            wrong.code as i8
        }
    }
}

fn print(text: &str) {
    // No text here has a zero byte in it.
    if let Ok(text) = CString::new(text) {
        shell::print(&text);
    }
}
