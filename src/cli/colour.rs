//! Whether messages have colours. One rule for all that the command writes, the one of <https://bixense.com/clicolors>:
//! `NO_COLOR` with any text turns them off; else `CLICOLOR_FORCE` with anything but 0 turns them on; else `CLICOLOR=0`
//! turns them off; else a terminal that is not `dumb` has them.

use std::ffi::OsStr;
use std::io::{IsTerminal, stderr};

/// Whether standard error has colours.
pub(crate) fn of_standard_error() -> bool {
    let text = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let zero = |value: &OsStr| value == "0";
    if text("NO_COLOR").is_some() {
        return false;
    }
    match (text("CLICOLOR_FORCE"), text("CLICOLOR")) {
        (Some(force), _) if !zero(&force) => true,
        (_, Some(wanted)) if zero(&wanted) => false,
        _ => stderr().is_terminal() && text("TERM").is_none_or(|term| term != "dumb"),
    }
}

/// What a message is, as it stands before the message.
#[derive(Clone, Copy)]
pub(crate) enum Prefix {
    /// The command did not do what it was asked for.
    Error,
    /// Something that the user should know.
    Warning,
    /// Something that is good to know.
    Note,
    /// Of the log, below warnings.
    Log(&'static str),
}

impl Prefix {
    /// The word with its colon, in its colour where there are colours.
    pub(crate) fn text(self, colour: bool) -> String {
        let (word, code) = match self {
            Prefix::Error => ("error", "1;31"),
            Prefix::Warning => ("warning", "1;33"),
            Prefix::Note => ("note", "1;36"),
            Prefix::Log(level) => (level, "2"),
        };
        match colour {
            true => format!("\x1b[{code}m{word}:\x1b[0m"),
            false => format!("{word}:"),
        }
    }
}
