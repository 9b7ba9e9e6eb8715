//! `cargo xtask reproduce`: the same modules from two clean clones in different folders, one with the
//! optimised translator and one with the debug build, with one thread and with two.
//!
//! Clones hold what is committed, so that what is compared can be made by anybody. Both are built
//! from nothing, without the features that only nodes need; that takes some ten minutes on two
//! processors, and 3 GB in the folder for temporary files. With a folder of one's own they stay there,
//! and the next time only what was committed since is built.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::{self, StepError, cargo_command};

/// Where a clone goes, and how the translator is built there. Paths of unequal length, because bytes
/// that depend on one would give themselves away.
const CLONES: [(&str, Option<&str>); 2] = [
    ("a", Some("--release")),
    ("another-folder/with/a-longer-name", None),
];
/// Threads that translate.
const THREADS: [&str; 2] = ["1", "2"];

/// A way to make modules.
struct Way {
    name: String,
    translate: PathBuf,
    threads: &'static str,
}

/// Builds, compares, and prints a digest for each ELF.
pub(crate) fn run(folder: Option<&str>) -> Result<(), StepError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().map_err(|error| wrong(&root, &error))?;
    if let Some(folder) = folder {
        return compare(&root, Path::new(folder));
    }
    let folder = env::temp_dir().join(format!("lockstep-reproduce-{}", std::process::id()));
    let compared = compare(&root, &folder);
    // Left there, it would fill the disk.
    let _ = fs::remove_dir_all(&folder);
    compared
}

fn compare(root: &Path, folder: &Path) -> Result<(), StepError> {
    let mut ways = Vec::new();
    for (name, profile) in CLONES {
        let translate = build(root, &folder.join(name), profile)?;
        for threads in THREADS {
            let profile = profile.map_or("debug", |_| "release");
            ways.push(Way {
                name: format!("{name}, {profile}, {threads} threads"),
                translate: translate.clone(),
                threads,
            });
        }
    }
    let mut different = Vec::new();
    for elf in elfs(root)? {
        let name = elf
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut digests: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for way in &ways {
            let digest = digest(way, &elf, folder)?;
            digests.entry(digest).or_default().push(&way.name);
        }
        match digests.first_key_value() {
            Some((digest, _)) if digests.len() == 1 => println!("{digest}  {name}"),
            _ => {
                println!("{name}: {digests:#?}");
                different.push(name);
            }
        }
    }
    let names: Vec<&str> = ways.iter().map(|way| way.name.as_str()).collect();
    match different.is_empty() {
        true => {
            println!("The same bytes from each of: {}", names.join("; "));
            Ok(())
        }
        false => Err(StepError::Step(format!("the same bytes for {different:?}"))),
    }
}

/// Clones what is committed and builds the command; its path.
fn build(root: &Path, clone: &Path, profile: Option<&str>) -> Result<PathBuf, StepError> {
    let mut git = Command::new("git");
    if clone.join(".git").exists() {
        // Of an earlier run: what was committed since.
        git.arg("-C").arg(clone);
        git.args(["pull", "--quiet", "--ff-only"])
            .arg(root)
            .arg("HEAD");
    } else {
        git.args(["clone", "--quiet", "--no-hardlinks"])
            .arg(root)
            .arg(clone);
    }
    step::step("git", &mut git)?;
    let mut cargo = cargo_command();
    cargo
        .current_dir(clone)
        .args([
            "build",
            "--locked",
            "--bin",
            "translate",
            "--no-default-features",
        ])
        .args(profile)
        // The clone's own, whatever is set outside.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTFLAGS");
    step::step("cargo build in a clone", &mut cargo)?;
    let kind = profile.map_or("debug", |_| "release");
    Ok(clone.join("target").join(kind).join("translate"))
}

/// The guests of the repository, and those of others where they were built. RV32 is left to the tests.
fn elfs(root: &Path) -> Result<Vec<PathBuf>, StepError> {
    let mut elfs = Vec::new();
    for folder in ["guests/elf", "target/guests/elf"] {
        let folder = root.join(folder);
        // Third-party guests are built on demand.
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.map_err(|error| wrong(&folder, &error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.ends_with(".elf") && !name.starts_with("narrow") {
                elfs.push(path);
            }
        }
    }
    elfs.sort();
    Ok(elfs)
}

/// The digest of the module that is made in this way.
fn digest(way: &Way, elf: &Path, folder: &Path) -> Result<String, StepError> {
    let module = folder.join("module.lkm");
    let built = Command::new(&way.translate)
        .arg("build")
        .arg(elf)
        .args(["--threads", way.threads, "-o"])
        .arg(&module)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| StepError::Start {
            program: way.translate.display().to_string(),
            error,
        })?;
    if !built.success() {
        return Err(StepError::Step(format!("{}: {}", way.name, elf.display())));
    }
    let bytes = fs::read(&module).map_err(|error| wrong(&module, &error))?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}

fn wrong(path: &Path, error: &std::io::Error) -> StepError {
    StepError::Step(format!("{}: {error}", path.display()))
}
