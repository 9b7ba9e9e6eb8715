//! The patched `ckb-script` that the node with Lockstep is built from, made from the published crate.
//!
//! `ckb-script` names the machine in one alias, which stands three times under different conditions. The patch
//! adds a fourth for the new feature `lockstep`, and the dependency that it needs. Without the feature the crate is
//! the published one, so both nodes are built from this folder. Nothing of it is committed. When the crate has
//! another checksum than the lock file says, or does not look as expected, nothing is built.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::step::{StepError, cargo_command, step};

const NAME: &str = "ckb-script";
const VERSION: &str = "1.2.1";

/// The condition and the alias of each machine in the published `src/types.rs`, in its order.
const ALIASES: [[&str; 2]; 3] = [
    [
        "#[cfg(has_asm)]",
        "pub type Machine = ckb_vm::machine::asm::AsmMachine;",
    ],
    [
        "#[cfg(all(not(has_asm), not(feature = \"flatmemory\")))]",
        "pub type Machine = ckb_vm::TraceMachine<",
    ],
    [
        "#[cfg(all(not(has_asm), feature = \"flatmemory\"))]",
        "pub type Machine = ckb_vm::TraceMachine<",
    ],
];

/// Writes the patched crate into a folder. Files that have their content already are left alone, so that
/// cargo does not build the crate again.
pub(super) fn make(root: &Path, into: &Path) -> Result<(), StepError> {
    let published = published(root)?;
    let checksum = locked_checksum(&read(&root.join("Cargo.lock"))?)?;
    let found = sha256(&published)?;
    if found != checksum {
        return Err(StepError::Node(format!(
            "{} has the SHA-256 {found}, and Cargo.lock says {checksum}",
            published.display()
        )));
    }
    let aside = into.with_extension("published");
    remove(&aside)?;
    fs::create_dir_all(&aside).map_err(|error| file(&aside, &error))?;
    let mut unpack = Command::new("tar");
    unpack
        .args(["--strip-components=1", "-xzf"])
        .arg(&published);
    step("unpacking ckb-script", unpack.arg("-C").arg(&aside))?;
    from_unpacked(&aside, into, root)?;
    remove(&aside)
}

/// The same from an unpacked crate.
fn from_unpacked(published: &Path, into: &Path, root: &Path) -> Result<(), StepError> {
    let manifest = patched_manifest(&read(&published.join("Cargo.toml"))?, root)?;
    let types = patched_types(&read(&published.join("src/types.rs"))?)?;
    put(&into.join("Cargo.toml"), manifest.as_bytes())?;
    put(&into.join("src/types.rs"), types.as_bytes())?;
    for name in ["build.rs", "README.md"] {
        if published.join(name).is_file() {
            copy(&published.join(name), &into.join(name))?;
        }
    }
    copy_sources(&published.join("src"), &into.join("src"))
}

/// All sources but the one that is patched.
fn copy_sources(from: &Path, to: &Path) -> Result<(), StepError> {
    for entry in fs::read_dir(from).map_err(|error| file(from, &error))? {
        let entry = entry.map_err(|error| file(from, &error))?;
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy_sources(&path, &to.join(name))?;
        } else if !path.ends_with("src/types.rs") {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

/// `src/types.rs` with an alias more.
fn patched_types(published: &str) -> Result<String, StepError> {
    let lines: Vec<&str> = published.lines().collect();
    let is_alias = |line: &&str| line.trim_start().starts_with("pub type Machine ");
    let places: Vec<usize> = (0..lines.len())
        .filter(|&at| is_alias(&lines[at]))
        .collect();
    let found: Vec<[&str; 2]> = (places.iter())
        .map(|&at| {
            [
                at.checked_sub(1).map_or("", |above| lines[above]),
                lines[at],
            ]
        })
        .collect();
    if found != ALIASES {
        return Err(StepError::Node(format!(
            "src/types.rs of {NAME} does not have the three aliases of the machine that {VERSION} has; it has {found:#?}"
        )));
    }
    let mut text = String::with_capacity(published.len() + 400);
    for (at, line) in lines.iter().enumerate() {
        match places.iter().position(|&place| place == at + 1) {
            Some(which) => {
                if which == 0 {
                    text += "#[cfg(feature = \"lockstep\")]\n\
                             pub type Machine = lockstep::ckb::NativeMachine;\n\
                             /// The machine of the published crate\n";
                }
                let condition = (line.strip_prefix("#[cfg("))
                    .and_then(|rest| rest.strip_suffix(")]"))
                    .unwrap_or_default();
                text += &format!("#[cfg(all(not(feature = \"lockstep\"), {condition}))]\n");
            }
            None => {
                text += line;
                text += "\n";
            }
        }
    }
    Ok(text)
}

/// The manifest with the feature `lockstep`.
fn patched_manifest(published: &str, root: &Path) -> Result<String, StepError> {
    for expected in [
        format!("\nname = \"{NAME}\"\n"),
        format!("\nversion = \"{VERSION}\"\n"),
        "\n[features]\n".to_owned(),
    ] {
        if published.matches(&expected).count() != 1 {
            return Err(StepError::Node(format!(
                "Cargo.toml of {NAME} does not have the line `{}` once",
                expected.trim()
            )));
        }
    }
    if published.contains("lockstep") {
        return Err(StepError::Node(format!(
            "Cargo.toml of {NAME} names Lockstep already; the published one does not"
        )));
    }
    let feature = "\n[features]\nlockstep = [\"dep:lockstep-vm\"]\n";
    let patched = published.replacen("\n[features]\n", feature, 1);
    // A string of Rust with these characters is one of TOML too.
    let path = root.display().to_string();
    Ok(format!(
        "{patched}\n[dependencies.lockstep-vm]\npath = {path:?}\ndefault-features = false\n\
         features = [\"ckb\"]\noptional = true\n"
    ))
}

/// The crate as the registry has it, which cargo keeps where it unpacks crates from.
fn published(root: &Path) -> Result<PathBuf, StepError> {
    let mut cargo = cargo_command();
    cargo.args([
        "metadata",
        "--format-version",
        "1",
        "--locked",
        "--manifest-path",
    ]);
    cargo.arg(root.join("Cargo.toml")).stderr(Stdio::inherit());
    let answer = cargo.output().map_err(|error| StepError::Start {
        program: "cargo metadata".to_owned(),
        error,
    })?;
    let told: serde_json::Value = serde_json::from_slice(&answer.stdout)
        .map_err(|error| StepError::Node(format!("cargo metadata: {error}")))?;
    let packages = told["packages"].as_array().into_iter().flatten();
    let manifest = packages
        .filter(|package| package["name"] == NAME && package["version"] == VERSION)
        .find_map(|package| package["manifest_path"].as_str())
        .ok_or_else(|| StepError::Node(format!("this workspace has no {NAME} {VERSION}")))?;
    // registry/src/INDEX/ckb-script-1.2.1/Cargo.toml comes from registry/cache/INDEX/ckb-script-1.2.1.crate.
    let index = Path::new(manifest).ancestors().nth(2);
    let registry = index.and_then(Path::parent).and_then(Path::parent);
    let name = index.and_then(Path::file_name);
    let (Some(registry), Some(name)) = (registry, name) else {
        return Err(StepError::Node(format!("{manifest} is in no registry")));
    };
    let archive = registry.join("cache").join(name);
    let archive = archive.join(format!("{NAME}-{VERSION}.crate"));
    match archive.is_file() {
        true => Ok(archive),
        false => Err(StepError::Node(format!(
            "cargo has no {}; `cargo fetch` brings it",
            archive.display()
        ))),
    }
}

/// What a lock file says of the crate.
fn locked_checksum(lock: &str) -> Result<String, StepError> {
    let package = format!("name = \"{NAME}\"\nversion = \"{VERSION}\"\n");
    (lock.split_once(&package))
        .and_then(|(_, behind)| behind.split("[[package]]").next())
        .and_then(|fields| fields.split_once("checksum = \""))
        .and_then(|(_, behind)| behind.split('"').next())
        .map(str::to_owned)
        .ok_or_else(|| StepError::Node(format!("Cargo.lock has no checksum of {NAME} {VERSION}")))
}

fn sha256(path: &Path) -> Result<String, StepError> {
    let mut command = Command::new("sha256sum");
    let answer = command
        .arg(path)
        .output()
        .map_err(|error| StepError::Start {
            program: "sha256sum".to_owned(),
            error,
        })?;
    let text = String::from_utf8_lossy(&answer.stdout);
    Ok(text
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_owned())
}

fn read(path: &Path) -> Result<String, StepError> {
    fs::read_to_string(path).map_err(|error| file(path, &error))
}

fn copy(from: &Path, to: &Path) -> Result<(), StepError> {
    put(to, &fs::read(from).map_err(|error| file(from, &error))?)
}

/// Writes a file unless it has that content.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StepError> {
    if fs::read(path).is_ok_and(|had| had == bytes) {
        return Ok(());
    }
    let write = || -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::File::create(path)?.write_all(bytes)
    };
    write().map_err(|error| file(path, &error))
}

fn remove(folder: &Path) -> Result<(), StepError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file(folder, &error)),
        _ => Ok(()),
    }
}

fn file(path: &Path, error: &io::Error) -> StepError {
    StepError::Node(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPES: &str = "\
use a;
/// The machine
#[cfg(has_asm)]
pub type Machine = ckb_vm::machine::asm::AsmMachine;
/// The machine
#[cfg(all(not(has_asm), not(feature = \"flatmemory\")))]
pub type Machine = ckb_vm::TraceMachine<
    u64,
>;
/// The machine
#[cfg(all(not(has_asm), feature = \"flatmemory\"))]
pub type Machine = ckb_vm::TraceMachine<
    u32,
>;
pub type MachineContext = u8;
";
    const MANIFEST: &str = "\
[package]
name = \"ckb-script\"
version = \"1.2.1\"

[features]
asm = []
";

    #[test]
    fn a_crate_is_patched_and_a_second_time_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("src/deep")).unwrap();
        fs::write(from.join("Cargo.toml"), MANIFEST).unwrap();
        fs::write(from.join("src/types.rs"), TYPES).unwrap();
        fs::write(from.join("src/deep/types.rs"), "as it is").unwrap();
        from_unpacked(&from, &to, Path::new("/a \"place\"")).unwrap();
        let types = read(&to.join("src/types.rs")).unwrap();
        assert!(types.contains(
            "/// The machine\n#[cfg(feature = \"lockstep\")]\npub type Machine = lockstep::ckb::NativeMachine;\n"
        ));
        assert_eq!(
            types.matches("all(not(feature = \"lockstep\"), ").count(),
            3
        );
        assert!(types.contains(
            "#[cfg(all(not(feature = \"lockstep\"), has_asm))]\npub type Machine = ckb_vm::m"
        ));
        assert_eq!(types.lines().count(), TYPES.lines().count() + 3);
        let manifest = read(&to.join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[features]\nlockstep = [\"dep:lockstep-vm\"]\nasm = []\n"));
        assert!(manifest.contains("path = \"/a \\\"place\\\"\""));
        assert_eq!(read(&to.join("src/deep/types.rs")).unwrap(), "as it is");

        let written = |name: &str| fs::metadata(to.join(name)).unwrap().modified().unwrap();
        let before = ["Cargo.toml", "src/types.rs", "src/deep/types.rs"].map(written);
        from_unpacked(&from, &to, Path::new("/a \"place\"")).unwrap();
        let after = ["Cargo.toml", "src/types.rs", "src/deep/types.rs"].map(written);
        assert_eq!(before, after);
    }

    #[test]
    fn a_crate_that_is_not_the_expected_one_is_refused_with_what_it_has() {
        let missing = TYPES.replacen("#[cfg(has_asm)]", "#[cfg(asm)]", 1);
        let more = format!("{TYPES}#[cfg(new)]\npub type Machine = u8;\n");
        let other = TYPES.replacen("AsmMachine", "FastMachine", 1);
        for (types, named) in [(missing, "cfg(asm)"), (more, "cfg(new)"), (other, "FastM")] {
            let error = patched_types(&types).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        assert!(patched_types("").is_err());
        for (from, to) in [
            ("1.2.1", "1.2.2"),
            ("[features]", "[feature]"),
            ("asm", "lockstep"),
        ] {
            let error = patched_manifest(&MANIFEST.replace(from, to), Path::new("/")).unwrap_err();
            assert!(
                error.to_string().contains("Cargo.toml of ckb-script"),
                "{error}"
            );
        }
    }

    #[test]
    fn the_checksum_is_that_of_the_named_version() {
        let lock = "[[package]]\nname = \"ckb-script\"\nversion = \"1.2.0\"\nchecksum = \"aa\"\n\n\
                    [[package]]\nname = \"ckb-script\"\nversion = \"1.2.1\"\nsource = \"r\"\nchecksum = \"bb\"\n";
        assert_eq!(locked_checksum(lock).unwrap(), "bb");
        let without = lock.replace("checksum = \"bb\"", "");
        assert!(locked_checksum(&without).is_err());
    }

    #[test]
    fn a_sum_is_the_well_known_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        fs::write(&path, "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&path).unwrap(), expected);
    }
}
