//! `cargo xtask prove evm`: the EVM guests against other EVMs, and against damage.
//!
//! `guests/evm-check` does it, a workspace of its own. Its JavaScript needs packages of npm, which are installed below
//! `target` as its lock file says. Also, the token among the workloads is compiled again.

use std::path::Path;
use std::process::Command;

use crate::step::{StepError, cargo_command, root, step, timed};
use crate::tools::{NODE, need};

/// The subcommands of `evm-check`, with how many of each: programs, tries, transitions, damages.
const CHECKS: [&[&str]; 5] = [
    &["programs", "16000"],
    &["javascript", "3000"],
    &["tries", "2000"],
    &["transitions", "300"],
    &["hostile", "100000"],
];

/// Installs what is missing and compares.
pub(crate) fn run() -> Result<(), StepError> {
    need(&NODE)?;
    let root = root();
    let check = root.join("guests/evm-check");
    let packages = root.join("target/guests/javascript");
    std::fs::create_dir_all(&packages).map_err(|error| written(&packages, &error))?;
    for name in ["package.json", "package-lock.json"] {
        let to = packages.join(name);
        std::fs::copy(check.join("javascript").join(name), &to)
            .map_err(|error| written(&to, &error))?;
    }
    let mut install = Command::new("npm");
    install.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ]);
    step("npm", install.arg(&packages))?;
    let mut token = Command::new("node");
    token.arg(check.join("javascript/token.mjs")).arg(&packages);
    step("the token", token.arg(root.join("guests/rust/evm/token")))?;

    let target = root.join("target/guests/evm-check");
    let mut build = cargo_command();
    build
        .args(["build", "--release", "--locked"])
        .current_dir(&check)
        .env("CARGO_TARGET_DIR", &target);
    timed("evm-check", || step("evm-check", &mut build))?;
    for arguments in CHECKS {
        let mut command = Command::new(target.join("release/evm-check"));
        command.args(arguments);
        timed(arguments[0], || step(arguments[0], &mut command))?;
    }
    Ok(())
}

fn written(path: &Path, error: &std::io::Error) -> StepError {
    StepError::Guests(format!("cannot write {}: {error}", path.display()))
}
