//! One step of a chore: a command that must succeed, and how its failure is told.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// What went wrong: a step that failed, or something that is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("{0} failed; the lines above say why")]
    Step(String),
    #[error("cannot run {program}: {error}")]
    Start {
        program: String,
        error: std::io::Error,
    },
    #[error(
        "{0} missing: run `apt-get install {0}` as root, or set CI=true to have it installed, and run this again"
    )]
    Missing(String),
    #[error("{0}")]
    Guests(String),
    #[error("{0}")]
    Exports(String),
    #[error("{0}")]
    Node(String),
}

/// Runs a step and says how long it took.
pub(crate) fn timed(
    what: &str,
    run: impl FnOnce() -> Result<(), StepError>,
) -> Result<(), StepError> {
    let start = Instant::now();
    run()?;
    eprintln!("== {what}: {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The cargo that runs these chores.
pub(crate) fn cargo_command() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The checkout, as an absolute path without `..` in it.
pub(crate) fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    above.unwrap_or(Path::new(".")).to_owned()
}

/// Runs cargo, and says what for.
pub(crate) fn cargo(
    what: &str,
    args: &[&str],
    environment: &[(&str, &str)],
) -> Result<(), StepError> {
    eprintln!("== {what}: cargo {}", args.join(" "));
    let mut command = cargo_command();
    command.args(args).envs(environment.iter().copied());
    timed(what, || step(what, &mut command))
}

/// Runs a command that must succeed.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<(), StepError> {
    let status = command.status().map_err(|error| StepError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        error,
    })?;
    match status.success() {
        true => Ok(()),
        false => Err(StepError::Step(what.into())),
    }
}
