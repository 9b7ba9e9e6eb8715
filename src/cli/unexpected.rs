//! A word on the command line that nobody expected, and what it was probably meant to be.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::failure::Failure;

mod habits;

/// The failure of a command line that the parser refuses. For a word behind the ELF of `run` it says where the guest's
/// arguments stand: people who know `ckb-debugger` or `wasmtime` write them without `--`. For a word of another program
/// it says which command does that here.
pub(super) fn explain(error: clap::Error, arguments: &[OsString]) -> Failure {
    if let Some(advice) = habits::advice(&error, arguments) {
        return Failure::usage_by_clap(&error).with_advice(&advice);
    }
    let runs = arguments.get(1).is_some_and(|verb| verb == "run");
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if runs => word.clone(),
        _ => return Failure::usage_by_clap(&error),
    };
    if error.kind() != ErrorKind::UnknownArgument || word.starts_with('-') {
        return Failure::usage_by_clap(&error);
    }
    let at = arguments.iter().position(|argument| *argument == *word);
    let rest = arguments
        .get(at.unwrap_or(arguments.len())..)
        .unwrap_or_default();
    let words: Vec<String> = rest
        .iter()
        .filter(|word| *word != "--json")
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    Failure::usage(format!(
        "unexpected argument '{word}' found; the guest's arguments stand behind --: translate run ELF -- {}",
        words.join(" ")
    ))
}
