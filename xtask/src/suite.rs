//! `cargo xtask test`: the whole test suite in one command, with what it needs.
//!
//! What cargo cannot bring (the RISC-V compiler for the third-party guests) is installed where the
//! system's package manager is at hand and may be used; elsewhere the command says what is missing
//! and stops before anything was run.

use std::env;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::guests;

/// Debian and Ubuntu packages, and the program by which each is recognised.
const PACKAGES: [(&str, &str); 2] = [("clang-19", "clang-19"), ("lld-19", "ld.lld-19")];

/// What went wrong: a step that failed, or something that is missing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SuiteError {
    #[error("{0} failed; the lines above say why")]
    Step(String),
    #[error("cannot run {program}: {error}")]
    Start {
        program: String,
        error: std::io::Error,
    },
    #[error("{0} missing: install with `apt-get install {0}` (as root) and run this again")]
    Missing(String),
    #[error("{0}")]
    Guests(String),
}

/// Runs everything, the tests last.
pub(crate) fn run() -> Result<(), SuiteError> {
    let start = Instant::now();
    install(&PACKAGES)?;
    guests::build_third_party(false).map_err(|error| SuiteError::Guests(error.to_string()))?;
    cargo("format", &["fmt", "--all", "--check"], &[])?;
    let lints = [
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    cargo("lints", &lints, &[])?;
    let docs = ["doc", "--release", "--workspace", "--no-deps"];
    cargo("documentation", &docs, &[("RUSTDOCFLAGS", "-D warnings")])?;
    cargo("tests", &["test", "--release", "--workspace"], &[])?;
    eprintln!(
        "everything passed in {:.0} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}

/// Runs cargo, and says what for.
pub(crate) fn cargo(
    what: &str,
    args: &[&str],
    environment: &[(&str, &str)],
) -> Result<(), SuiteError> {
    eprintln!("== {what}: cargo {}", args.join(" "));
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).envs(environment.iter().copied());
    step(what, &mut command)
}

/// Runs a command that must succeed.
pub(crate) fn step(what: &str, command: &mut Command) -> Result<(), SuiteError> {
    let status = command.status().map_err(|error| SuiteError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        error,
    })?;
    match status.success() {
        true => Ok(()),
        false => Err(SuiteError::Step(what.into())),
    }
}

/// Whether a program answers when asked for its version.
fn present(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Installs the packages whose programs are missing, where the system's package manager may be used.
pub(crate) fn install(packages: &[(&str, &str)]) -> Result<(), SuiteError> {
    let missing: Vec<&str> = (packages.iter())
        .filter(|(_, program)| !present(program))
        .map(|&(package, _)| package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !present("apt-get") {
        return Err(SuiteError::Missing(names));
    }
    eprintln!("== installing {names}");
    let install = ["install", "-y", "--no-install-recommends"];
    let done = step("apt-get update", &mut apt(&["update"]))
        .and_then(|()| step("apt-get install", apt(&install).args(&missing)));
    done.map_err(|_| SuiteError::Missing(names))
}

/// `apt-get`, through `sudo` where that works without a password.
fn apt(args: &[&str]) -> Command {
    let direct = !present("sudo");
    let mut command = Command::new(if direct { "apt-get" } else { "sudo" });
    if !direct {
        command.args(["-n", "apt-get"]);
    }
    command.args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}
