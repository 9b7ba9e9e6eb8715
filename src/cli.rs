//! The command line: what is the same for every verb, and the way from a verb's result to the
//! outside: text or one JSON object on standard output, everything else on standard error, and the
//! exit code. The verbs live in files of their own; none of them prints or exits by itself.

use std::ffi::OsString;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

mod alone;
mod answer;
mod args;
mod beside;
mod build;
mod cache;
mod check;
mod code;
mod colour;
mod compare;
mod counted;
#[cfg(feature = "tx")]
mod counted_script;
mod counting_code;
mod coverage;
mod decode;
mod doctor;
#[cfg(feature = "tx")]
mod exit_names;
mod explore;
mod failure;
mod fault;
mod gdb;
mod guest;
mod guest_code;
mod guest_run;
mod heat;
#[cfg(unix)]
mod helper;
mod host_calls;
mod inspect;
mod log;
mod markup;
mod named_module;
mod profile;
mod progress;
mod replay;
mod result_name;
mod run;
mod run_report;
mod running;
#[cfg(feature = "tx")]
mod script;
mod script_options;
mod shell;
mod stderr;
mod steps;
mod syscall_names;
#[cfg(feature = "tx")]
mod transaction;
mod translation;
#[cfg(feature = "tx")]
mod tx;
mod unexpected;
mod verify;
mod width;

use answer::Answer;
use failure::Failure;

/// Translates CKB lock scripts to native code that runs exactly as the interpreter does.
#[derive(Parser)]
#[command(name = "translate", version, arg_required_else_help = true)]
#[command(after_help = "Example:\n  translate run guests/elf/sha256.elf")]
struct Command {
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Build(build::Build),
    Heat(heat::Heat),
    Run(run::Run),
    Inspect(inspect::Inspect),
    Explore(explore::Explore),
    Profile(profile::Profile),
    Coverage(coverage::Coverage),
    Steps(steps::Steps),
    Verify(verify::Verify),
    Replay(replay::Replay),
    Cache(cache::Command),
    Doctor(doctor::Doctor),
    #[cfg(feature = "tx")]
    Tx(tx::Command),
    #[command(name = "decode-instruction", alias = "instruction-decode")]
    Decode(decode::Decode),
    Completions(shell::Completions),
    #[command(name = "man")]
    Manual(shell::Manual),
    #[cfg(unix)]
    #[command(hide = true)]
    Helper(helper::Helper),
}

/// Runs the command with the process's arguments and gives its exit code.
pub(crate) fn main() -> ExitCode {
    log::listen();
    #[cfg(unix)]
    stay_when_a_file_is_too_large();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let json = wants_json(&arguments);
    let result = catch_unwind(AssertUnwindSafe(|| dispatch(&arguments)));
    let result = result.unwrap_or_else(|_| {
        Err(Failure::defect(
            "an internal check failed (see above); please report it with the input that led to it",
        ))
    });
    ExitCode::from(deliver(result, json))
}

fn dispatch(arguments: &[OsString]) -> Result<Answer, Failure> {
    let command = match Command::try_parse_from(arguments) {
        Ok(command) => command,
        Err(error) if error.use_stderr() => return Err(unexpected::explain(error, arguments)),
        // --help and --version. Colour only where the terminal takes it, which `print` knows.
        Err(error) => {
            return match error.print() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::unwritable("standard output", &error))
                }
                _ => Ok(Answer {
                    text: String::new(),
                    code: code::SUCCESS,
                }),
            };
        }
    };
    match command.verb {
        Verb::Build(build) => build.execute(command.json),
        Verb::Heat(heat) => heat.execute(command.json),
        Verb::Run(run) => run.execute(command.json),
        Verb::Inspect(inspect) => inspect.execute(command.json),
        Verb::Explore(explore) => explore.execute(command.json),
        Verb::Profile(profile) => profile.execute(command.json),
        Verb::Coverage(coverage) => coverage.execute(command.json),
        Verb::Steps(steps) => steps.execute(command.json),
        Verb::Verify(verify) => verify.execute(command.json),
        Verb::Replay(replay) => replay.execute(command.json),
        Verb::Cache(cache) => cache.execute(command.json),
        Verb::Doctor(doctor) => doctor.execute(command.json),
        #[cfg(feature = "tx")]
        Verb::Tx(tx) => tx.execute(command.json),
        Verb::Decode(decode) => decode.execute(command.json),
        Verb::Completions(completions) => completions.execute(&Command::command(), command.json),
        Verb::Manual(manual) => manual.execute(Command::command(), command.json),
        #[cfg(unix)]
        Verb::Helper(helper) => helper.execute(),
    }
}

/// Prints a result and gives the exit code.
fn deliver(result: Result<Answer, Failure>, json: bool) -> u8 {
    let (text, code) = match result {
        Ok(answer) => (answer.text, answer.code),
        Err(failure) => {
            failure.print();
            let text = if json {
                failure.json() + "\n"
            } else {
                String::new()
            };
            (text, failure.code)
        }
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => code,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => code,
        Err(error) => {
            Failure::unwritable("standard output", &error).print();
            code::FILE
        }
    }
}

/// Whether `--json` stands among the arguments that are ours: a wrong command line is answered in
/// the form that was asked for too.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == "--json")
}

/// A write beyond the limit on the size of files (`ulimit -f`) is an error that is reported, not the end
/// of the process by `SIGXFSZ`. The library compares with the limit before it writes and leaves signals
/// alone; what the command writes to its own outputs would still lead to the signal.
#[cfg(unix)]
fn stay_when_a_file_is_too_large() {
    let seen = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    if let Err(error) = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, seen) {
        tracing::debug!(%error, "a limit on the size of files ends this process");
    }
}
