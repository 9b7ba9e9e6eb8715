//! The list of real scripts (`real/scripts.tsv`) and the JavaScript programs of `guests/js`.

use std::fs;
use std::path::PathBuf;

use super::packages::Package;
use crate::root;

/// Name, package, path in it and BLAKE3 digest, separated by tabs; lines that begin with `#` are comments.
const LIST: &str = include_str!("scripts.tsv");

/// The name of the JavaScript machine in the list.
const JAVASCRIPT_MACHINE: &str = "ckb-js-vm";

/// A program of a package.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// Its name here: unique, and the file's own where that is unique.
    pub name: String,
    package: Package,
    path: String,
    digest: String,
}

impl Script {
    /// Whether its package is among those that this workspace builds with, so that it is on every machine.
    pub fn is_a_dependency(&self) -> bool {
        self.package.is_a_dependency()
    }

    /// The ELF file. Its package is fetched where it is not here.
    ///
    /// # Errors
    /// The package cannot be fetched, or the file is not the one that the list means.
    pub fn elf(&self) -> Result<Vec<u8>, String> {
        let path = self.package.folder()?.join(&self.path);
        let elf = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let digest = blake3::hash(&elf).to_hex();
        if digest.as_str() != self.digest {
            return Err(format!(
                "{}: its digest is {digest}, and {} is listed",
                path.display(),
                self.digest
            ));
        }
        Ok(elf)
    }
}

/// All of them, in the order of the list.
pub fn scripts() -> Vec<Script> {
    let lines = LIST.lines();
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [name, package, path, digest] = fields[..] else {
                panic!("a line of scripts.tsv has four fields: {line}");
            };
            Script {
                name: name.to_owned(),
                package: Package::called(package)
                    .unwrap_or_else(|| panic!("{package} is no package with real scripts")),
                path: path.to_owned(),
                digest: digest.to_owned(),
            }
        })
        .collect()
}

/// The script of that name.
///
/// # Panics
/// The list has none.
pub fn script(name: &str) -> Script {
    let found = scripts().into_iter().find(|script| script.name == name);
    found.unwrap_or_else(|| panic!("scripts.tsv has no {name}"))
}

/// The JavaScript machine. With the arguments `-e` and a text it runs the text.
pub fn javascript_machine() -> Script {
    script(JAVASCRIPT_MACHINE)
}

/// The JavaScript programs of `guests/js`: name and text, in the order of their names. Each checks its own
/// result and throws where it is wrong, so that the machine's exit code is not 0.
pub fn javascript() -> Vec<(String, String)> {
    let folder = root().join("guests/js");
    let files = fs::read_dir(&folder).expect("the JavaScript programs are committed");
    let mut paths: Vec<PathBuf> = files
        .map(|file| file.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "js"))
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let name = path.file_stem().expect("a file").to_string_lossy();
            let text = fs::read_to_string(path).expect("it can be read");
            (name.into_owned(), text)
        })
        .collect()
}
