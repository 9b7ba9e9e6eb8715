//! The source files that a page shows.
//!
//! The debug information of an ELF names the files, and the ELF may be a stranger's. A page is made to be passed on. So
//! a file gets into the page only from a folder that the user named (`--source`), whatever path the ELF gives: it must
//! lie in the folder also when all links are followed.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use serde::Serialize;

use crate::cli::failure::Failure;

/// Bytes of a source file that is put into a page, at most.
const LARGEST_SOURCE_BYTES: u64 = 1 << 20;

/// The files that lines were found in.
pub(super) struct Sources {
    /// Folders, with all links followed.
    folders: Vec<PathBuf>,
    /// By the name that the debug information has.
    numbers: BTreeMap<String, usize>,
    files: Vec<File>,
}

/// A file, for the page.
#[derive(Serialize)]
pub(super) struct File {
    /// As the debug information has it.
    pub(super) name: String,
    /// Its text, if it is in the page.
    pub(super) text: Option<String>,
    /// Whether it was looked for.
    #[serde(skip)]
    asked: bool,
}

impl Sources {
    /// No file yet, from these folders.
    pub(super) fn new(folders: &[PathBuf]) -> Result<Sources, Failure> {
        let folders: Result<_, _> = (folders.iter())
            .map(|folder| {
                let real = folder.canonicalize();
                real.map_err(|error| Failure::unreadable(folder, &error))
            })
            .collect();
        Ok(Sources {
            folders: folders?,
            numbers: BTreeMap::new(),
            files: Vec::new(),
        })
    }

    /// The number of a file in the page.
    pub(super) fn number(&mut self, name: &str) -> usize {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.files.len();
        self.numbers.insert(name.to_owned(), number);
        self.files.push(File {
            name: name.to_owned(),
            text: None,
            asked: false,
        });
        number
    }

    /// Puts a file into the page if it is found and has at most so many bytes. Gives the bytes that it takes there.
    pub(super) fn embed(&mut self, number: usize, room: u64) -> u64 {
        let file = &mut self.files[number];
        if std::mem::replace(&mut file.asked, true) {
            return 0;
        }
        let found = (self.folders.iter()).find_map(|folder| find(folder, Path::new(&file.name)));
        let room = room.min(LARGEST_SOURCE_BYTES);
        let small = |path: &PathBuf| {
            std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= room)
        };
        let bytes = found
            .filter(small)
            .and_then(|path| std::fs::read(path).ok());
        file.text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        file.text.as_ref().map_or(0, |text| text.len() as u64)
    }

    /// How many files are in the page.
    pub(super) fn embedded(&self) -> usize {
        self.files.iter().filter(|file| file.text.is_some()).count()
    }

    /// The names of those that are not.
    pub(super) fn missing(&self) -> Vec<String> {
        let missing = self
            .files
            .iter()
            .filter(|file| file.asked && file.text.is_none());
        missing.map(|file| file.name.clone()).collect()
    }

    /// All of them.
    pub(super) fn files(&self) -> &[File] {
        &self.files
    }
}

/// A file of the folder whose path ends as `name` does; the longest such end first.
fn find(folder: &Path, name: &Path) -> Option<PathBuf> {
    let parts: Vec<_> = (name.components())
        .filter_map(|part| match part {
            Component::Normal(part) => Some(part),
            _ => None,
        })
        .collect();
    (0..parts.len()).find_map(|first| {
        let end: PathBuf = parts[first..].iter().collect();
        let real = folder.join(end).canonicalize().ok()?;
        (real.starts_with(folder) && real.is_file()).then_some(real)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_folders_get_into_a_page() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let inside = root.join("project/src");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(inside.join("main.c"), "int main;\n").unwrap();
        std::fs::write(root.join("secret"), "secret\n").unwrap();
        std::os::unix::fs::symlink(root.join("secret"), inside.join("link.c")).unwrap();
        let mut sources = Sources::new(&[root.join("project")]).unwrap();
        for (name, bytes) in [
            ("/build/elsewhere/src/main.c", 10),
            ("src/../src/main.c", 10),
            ("src/link.c", 0),
            ("../secret", 0),
            ("/secret", 0),
            ("src", 0),
            ("", 0),
        ] {
            let number = sources.number(name);
            assert_eq!(sources.embed(number, 1 << 20), bytes, "{name}");
            assert_eq!(sources.embed(number, 1 << 20), 0, "{name} is there once");
        }
        assert_eq!(sources.embedded(), 2);
        assert_eq!(sources.missing().len(), 5);
        let mut narrow = Sources::new(&[root.join("project")]).unwrap();
        let number = narrow.number("main.c");
        assert_eq!(narrow.embed(number, 9), 0, "it does not fit");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        assert!(Sources::new(&[PathBuf::from("/no/such/folder")]).is_err());
    }
}
