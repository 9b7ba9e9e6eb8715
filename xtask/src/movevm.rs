//! `cargo xtask prove move`: the Move machine against a published compiler and a published machine, and against damage.
//!
//! `guests/move-check` has the functions that are compared, and what asks the published machine. It needs a package of npm,
//! which is installed below `target` as its lock file says. What both machines agree on is written to
//! `tests/movevm/published.json`, which each run of the tests compares with.

use std::path::Path;
use std::process::Command;

use crate::step::{StepError, cargo_command, root, step, timed};
use crate::tools::{NODE, need};

/// Installs what is missing and compares.
pub(crate) fn run() -> Result<(), StepError> {
    need(&NODE)?;
    let root = root();
    let check = root.join("guests/move-check");
    let packages = root.join("target/guests/move-check");
    std::fs::create_dir_all(&packages).map_err(|error| written(&packages, &error))?;
    for name in ["package.json", "package-lock.json"] {
        let to = packages.join(name);
        std::fs::copy(check.join(name), &to).map_err(|error| written(&to, &error))?;
    }
    let mut install = Command::new("npm");
    let options = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--prefix",
    ];
    step("npm", install.args(options).arg(&packages))?;

    let calls = packages.join("calls.json");
    let mut compile = Command::new("node");
    compile.arg(check.join("compile.mjs")).arg(&packages);
    timed("the published compiler", || {
        step("compile.mjs", compile.arg(&calls))
    })?;
    let mut answer = test(&["published::answers"]);
    answer.env("LOCKSTEP_MOVE_CALLS", &calls);
    timed("the guest's answers", || step("the guest", &mut answer))?;
    let mut confirm = Command::new("node");
    confirm.arg(check.join("confirm.mjs")).arg(&packages);
    confirm.arg(&calls).arg(calls.with_extension("answers"));
    let out = root.join("tests/movevm/published.json");
    timed("the published machine", || {
        step("confirm.mjs", confirm.arg(&out))
    })?;
    let mut damage = test(&["--ignored", "all_damaged_input"]);
    timed("damage", || step("damaged input", &mut damage))
}

/// Some of the tests of the Move machine.
fn test(filter: &[&str]) -> Command {
    let mut command = cargo_command();
    command.args(["test", "--release", "--locked", "--test", "movevm", "--"]);
    command.args(filter);
    command
}

fn written(path: &Path, error: &std::io::Error) -> StepError {
    StepError::Guests(format!("cannot write {}: {error}", path.display()))
}
