//! What goes to standard error: messages, what a guest prints, and the line that says that it still runs.
//!
//! Nothing depends on them. Where they cannot be written (the terminal is gone, the disk is full), the
//! command goes on: `eprintln!` would end it with a panic.
//!
//! Every message has a prefix: `error:`, `warning:` or `note:`.

use std::fmt::Display;
use std::io::{StderrLock, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use super::colour::{self, Prefix};

/// Whether the last line is one that the next text takes the place of. Changed under the lock of standard error.
static STATUS_IS_SHOWN: AtomicBool = AtomicBool::new(false);

/// Writes text as it is.
pub(crate) fn write(text: impl Display) {
    let _ = write!(lock(), "{text}");
}

/// Says why the command did not do what it was asked for.
pub(crate) fn error(message: impl Display) {
    say(Prefix::Error, message);
}

/// Says something that the user should know, and that ends nothing.
pub(crate) fn warn(message: impl Display) {
    say(Prefix::Warning, message);
}

/// Says something that is good to know.
pub(crate) fn note(message: impl Display) {
    say(Prefix::Note, message);
}

fn say(prefix: Prefix, message: impl Display) {
    let prefix = prefix.text(colour::of_standard_error());
    write(format_args!("{prefix} {message}\n"));
}

/// The guest's debug print: a line for each message.
pub(crate) fn print(message: &[u8]) {
    let mut err = lock();
    let _ = err.write_all(message);
    if !message.ends_with(b"\n") {
        let _ = err.write_all(b"\n");
    }
}

/// Bytes as they are, of a guest that writes here itself.
pub(crate) fn write_bytes(bytes: &[u8]) -> std::io::Result<()> {
    lock().write_all(bytes)
}

/// Shows a line until something else is written.
pub(crate) fn show_status(line: impl Display) {
    let mut err = lock();
    let _ = write!(err, "{line}");
    let _ = err.flush();
    STATUS_IS_SHOWN.store(true, Ordering::Relaxed);
}

/// Takes the status line away, if there is one.
pub(crate) fn clear_status() {
    drop(lock());
}

/// Standard error, without a status line.
fn lock() -> StderrLock<'static> {
    let mut err = std::io::stderr().lock();
    if STATUS_IS_SHOWN.swap(false, Ordering::Relaxed) {
        let _ = err.write_all(b"\r\x1b[K");
    }
    err
}
