//! `cargo xtask node`: CKB's node from the Rust registry, stock and with Lockstep, and what is done with the two.
//!
//! The node's packages are no part of this workspace: `node/` is one of its own, with its own lock file, because
//! RocksDB alone takes longer to build than everything here. Nothing but these commands builds it.

mod patch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::step::{StepError, cargo_command, root, step, timed};
use crate::tools::{SystemPackage, need};

/// RocksDB's bindings are made with libclang, which comes with this.
const CLANG: SystemPackage = SystemPackage {
    name: "clang-19",
    program: "clang-19",
};
const CPP_COMPILER: SystemPackage = SystemPackage {
    name: "g++",
    program: "c++",
};

/// The two nodes, and the features of the package in `node/` that make them.
const NODES: [(&str, &[&str]); 2] = [("stock", &[]), ("lockstep", &["--features", "lockstep"])];

/// What `build` is told.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    /// As an operator takes it. Otherwise it is the profile `quick`.
    release: bool,
    jobs: Option<String>,
    /// Where cargo builds.
    target: PathBuf,
    /// Which of the two; without a name both.
    only: Option<String>,
}

/// `cargo xtask node build [--release] [--jobs N] [--target-dir FOLDER] [stock | lockstep]`.
pub(crate) fn build(arguments: &[&str]) -> Result<(), StepError> {
    let root = root();
    let folder = root.join("target/node");
    let build = understood(arguments, &folder.join("build"))?;
    need(&[CLANG, CPP_COMPILER])?;
    patch::make(&root, &folder.join("ckb-script"))?;
    for (name, features) in NODES {
        if build.only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        eprintln!("== the {name} node");
        timed(&format!("the {name} node"), || {
            step("cargo build", &mut build.command(&root, features))
        })?;
        let into = folder.join(name).join("ckb");
        let built = build.target.join(build.profile()).join("ckb");
        copy(&built, &into)?;
        step("ckb --version", Command::new(&into).arg("--version"))?;
        let bytes = fs::metadata(&into).map_or(0, |found| found.len());
        eprintln!("== {}: {bytes} bytes", into.display());
    }
    Ok(())
}

/// `cargo xtask node test`: what stands between the node and the engine, which needs neither RocksDB nor the node.
pub(crate) fn test() -> Result<(), StepError> {
    let root = root();
    let folder = root.join("target/node");
    patch::make(&root, &folder.join("ckb-script"))?;
    let mut cargo = cargo_command();
    cargo.args(["test", "--locked", "--profile", "quick", "--manifest-path"]);
    cargo.arg(root.join("node/Cargo.toml"));
    cargo.args(["--package", "lockstep-node-engine", "--target-dir"]);
    cargo.arg(folder.join("test"));
    timed("the engine in a node", || step("cargo test", &mut cargo))
}

impl Build {
    fn profile(&self) -> &'static str {
        if self.release { "release" } else { "quick" }
    }

    fn command(&self, root: &Path, features: &[&str]) -> Command {
        let mut cargo = cargo_command();
        cargo.args(["build", "--locked", "--manifest-path"]);
        cargo.arg(root.join("node/Cargo.toml"));
        cargo.arg("--target-dir").arg(&self.target);
        cargo.args(["--profile", self.profile()]).args(features);
        if let Some(jobs) = &self.jobs {
            cargo.args(["--jobs", jobs]);
        }
        cargo
    }
}

fn understood(arguments: &[&str], target: &Path) -> Result<Build, StepError> {
    let mut build = Build {
        release: false,
        jobs: None,
        target: target.to_owned(),
        only: None,
    };
    let mut left = arguments.iter();
    while let Some(&argument) = left.next() {
        let mut value = || {
            let missing = || StepError::Node(format!("{argument} needs a value"));
            left.next()
                .map(|&value| value.to_owned())
                .ok_or_else(missing)
        };
        match argument {
            "--release" => build.release = true,
            "--jobs" => build.jobs = Some(value()?),
            "--target-dir" => build.target = PathBuf::from(value()?),
            name if NODES.iter().any(|(known, _)| *known == name) => {
                build.only = Some(name.to_owned());
            }
            other => {
                return Err(StepError::Node(format!(
                    "`cargo xtask node build` does not know {other}; it takes --release, --jobs N, \
                     --target-dir FOLDER, and stock or lockstep"
                )));
            }
        }
    }
    Ok(build)
}

/// A node may be running from the former file, which therefore is replaced and not written into.
fn copy(from: &Path, to: &Path) -> Result<(), StepError> {
    let told = |error| StepError::Node(format!("{} to {}: {error}", from.display(), to.display()));
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(told)?;
    }
    let aside = to.with_extension("new");
    fs::copy(from, &aside).map_err(told)?;
    fs::rename(&aside, to).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_build() {
        let target = Path::new("target");
        let plain = understood(&[], target).unwrap();
        assert_eq!(plain.profile(), "quick");
        assert_eq!((plain.only, plain.target), (None, target.to_owned()));
        let told = ["--release", "--jobs", "2", "--target-dir", "t", "stock"];
        let told = understood(&told, target).unwrap();
        assert_eq!(told.profile(), "release");
        assert_eq!(told.jobs.as_deref(), Some("2"));
        assert_eq!(told.only.as_deref(), Some("stock"));
        for wrong in [["--jobs"], ["--fast"], ["other"]] {
            assert!(understood(&wrong, target).is_err(), "{wrong:?}");
        }
    }
}
