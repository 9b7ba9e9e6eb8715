//! Lines on standard error: warnings, notes, and what the guest prints.
//!
//! Nothing depends on them. Where they cannot be written (the terminal is gone, the disk is full), the
//! command goes on: `eprintln!` would end it with a panic.

use std::fmt::Display;
use std::io::Write;

/// Writes text as it is.
pub(crate) fn write(text: impl Display) {
    let _ = write!(std::io::stderr().lock(), "{text}");
}

/// Says something that the user should know, and that ends nothing.
pub(crate) fn warn(message: impl Display) {
    write(format_args!("warning: {message}\n"));
}

/// Says something that is good to know.
pub(crate) fn note(message: impl Display) {
    write(format_args!("note: {message}\n"));
}

/// The guest's debug print: a line for each message.
pub(crate) fn print(message: &[u8]) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(message);
    if !message.ends_with(b"\n") {
        let _ = err.write_all(b"\n");
    }
}
