//! The Move guest for this machine: the same command line, for comparisons and for the column of benches that says what
//! native code could be.

use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use movevm::wrong::{Code, Wrong};
use movevm::{run, workloads};

/// `NUMBER` runs all workloads so many times, as the guest does; `NAME=NUMBER` runs one.
fn workload(argument: &str) -> Result<(), Wrong> {
    let rounds = |text: &str| {
        text.parse()
            .map_err(|_| Wrong::new(Code::Arguments, "NUMBER, NAME=NUMBER or run …"))
    };
    match argument.split_once('=') {
        Some((name, text)) => workloads::run_named(name, rounds(text)?),
        None => workloads::run_all(rounds(argument)?),
    }
}

fn main() -> ExitCode {
    let given: Vec<Vec<u8>> = std::env::args_os()
        .skip(1)
        .map(OsStringExt::into_vec)
        .collect();
    let done = match given.as_slice() {
        [first, ..] if first == b"run" => {
            run::run_traced(&given, &mut |text| println!("{text}")).map(|line| println!("{line}"))
        }
        [rounds] => workload(&String::from_utf8_lossy(rounds)),
        _ => workload("1"),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(wrong.code as u8)
        }
    }
}
