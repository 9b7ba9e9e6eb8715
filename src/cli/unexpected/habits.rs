//! Options and verbs of `ckb-debugger`, `gdb`, `perf` and `objdump` that people type here from habit, and the command that does the
//! same. The parser would guess by spelling: `--module` for `--mode`.
//!
//! `docs/ckb-debugger.md` has the whole tables. Words that mean the same here are not in these.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

const RUN: &str = "translate run ELF, or translate run --tx-file FILE";
const GDB: &str = "translate run --gdb HOST:PORT ELF, and in gdb: target remote HOST:PORT";
const PROFILE: &str = "translate profile ELF, with --svg FILE for a flame graph";
const COVERAGE: &str = "translate coverage ELF -o FILE, and genhtml FILE";
const INSPECT: &str = "translate inspect --disasm ELF";
const DECODE: &str = "translate decode-instruction BITS";
const BUILD: &str = "translate build ELF -o FILE";

/// Options of `ckb-debugger`, and some of `wasmtime`.
const OPTIONS: [(&str, &str); 14] = [
    ("--mode", RUN),
    ("--gdb-listen", GDB),
    ("--enable-flamegraph", PROFILE),
    ("--flamegraph-output", PROFILE),
    ("--enable-coverage", COVERAGE),
    ("--coverage-output", COVERAGE),
    ("--script-version", "translate run --vm-version N"),
    ("--enable-steplog", GDB),
    ("--steplog-output", GDB),
    ("--enable-overlapping-detection", RUN),
    ("--prompt", PROFILE),
    ("--profile", PROFILE),
    ("--debug", GDB),
    ("--dir", "translate run --allow-files DIR ELF"),
];

/// The other modes of `ckb-debugger`, the option of one of which stands above.
const MODES: [(&str, &str); 4] = [
    ("gdb", GDB),
    ("probe", PROFILE),
    ("decode-instruction", DECODE),
    ("instruction-decode", DECODE),
];

/// Verbs that are called otherwise here.
const VERBS: [(&str, &str); 14] = [
    ("debug", GDB),
    ("gdb", GDB),
    ("perf", PROFILE),
    ("record", PROFILE),
    ("report", PROFILE),
    ("stat", PROFILE),
    ("flamegraph", PROFILE),
    ("cov", COVERAGE),
    ("lcov", COVERAGE),
    ("disasm", INSPECT),
    ("objdump", INSPECT),
    ("compile", BUILD),
    ("exec", RUN),
    ("new", "translate tx new ELF -o FILE"),
];

/// Options of `translate run` that stand where a verb should.
const OF_RUN: [&str; 4] = ["--bin", "--tx-file", "-f", "--script"];

/// What the word was meant to be, if it is one of those.
pub(super) fn advice(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let verb = arguments.get(1).and_then(|verb| verb.to_str());
    let is_there = |option: &str| arguments.iter().any(|word| word == option);
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let word = word(error, ContextKind::InvalidArg)?;
            let option = word.as_str();
            if verb == Some(option) && OF_RUN.contains(&option) {
                return Some(format!("a verb stands first: {RUN}"));
            }
            let mode = mode(arguments).filter(|_| option == "--mode");
            let found = mode
                .and_then(|mode| find(&MODES, mode))
                .or_else(|| find(&OPTIONS, option))?;
            Some(format!("the command here is: {found}"))
        }
        ErrorKind::InvalidSubcommand => {
            let word = word(error, ContextKind::InvalidSubcommand)?;
            Some(format!("the command here is: {}", find(&VERBS, &word)?))
        }
        ErrorKind::MissingRequiredArgument if is_there("--bin") && !is_there("--tx-file") => Some(
            "--bin puts an ELF in the place of a script of a transaction; a program by itself is run without it: \
             translate run ELF"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The value of `--mode`, behind it or behind `=`.
fn mode(arguments: &[OsString]) -> Option<&str> {
    let at = (arguments.iter()).position(|word| word.to_string_lossy().starts_with("--mode"))?;
    match arguments[at].to_str()?.split_once('=') {
        Some((_, value)) => Some(value),
        None => arguments.get(at + 1)?.to_str(),
    }
}

fn word(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(word)) => Some(word.clone()),
        _ => None,
    }
}

fn find(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let mut rows = table.iter();
    rows.find(|(known, _)| *known == word)
        .map(|(_, here)| *here)
}
