//! The Move guest for this machine: the same command line, for comparisons and for the column of benches that says what
//! native code could be.

use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use movevm::run;

fn main() -> ExitCode {
    let given: Vec<Vec<u8>> = std::env::args_os()
        .skip(1)
        .map(OsStringExt::into_vec)
        .collect();
    match run::run_traced(&given, &mut |text| println!("{text}")) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(wrong) => {
            eprintln!("{wrong}");
            ExitCode::from(wrong.code as u8)
        }
    }
}
