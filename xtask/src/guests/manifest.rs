//! `guests/elf/MANIFEST`: the list of guests that tests and benches read, as tab-separated lines.
//!
//! Lines that begin with `#` are for people, two of them are kept up to date (compiler and flags).
//! The columns are the fields of [`Row`] in order. The cycle columns are measured, not computed
//! here: a row whose hash changes loses them (0) until they are filled in again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::{GuestError, at};

const COMPILER: &str = "# compiler: ";
const FLAGS: &str = "# flags: ";
const COLUMNS: &str =
    "# name\tkind\telf\tnative\tdefault_cycles\tbench_argument\tbench_cycles\tblake3";

/// One guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its name, unique.
    pub(crate) name: String,
    /// `own` or `third-party`.
    pub(crate) kind: String,
    /// Path of the ELF from the root of the repository.
    pub(crate) elf: String,
    /// Path of the native build from the root of the repository, `-` when it has none.
    pub(crate) native: String,
    /// Cycles of a run without arguments (exit code 0), 0 when not measured.
    pub(crate) default_cycles: u64,
    /// The argument of a bench run.
    pub(crate) bench_argument: u64,
    /// Cycles of a run with it (exit code 0), 0 when not measured.
    pub(crate) bench_cycles: u64,
    /// Of the ELF file, in hex.
    pub(crate) blake3: String,
}

/// The whole file.
#[derive(Debug)]
pub(crate) struct Manifest {
    compiler: String,
    flags: String,
    rows: BTreeMap<String, Row>,
}

fn path(root: &Path) -> PathBuf {
    root.join("guests/elf/MANIFEST")
}

impl Manifest {
    /// Reads it; a missing file is an empty manifest.
    pub(crate) fn read(root: &Path) -> Result<Manifest, GuestError> {
        let mut manifest = Manifest {
            compiler: "unknown".into(),
            flags: String::new(),
            rows: BTreeMap::new(),
        };
        let text = match fs::read_to_string(path(root)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(manifest),
            Err(error) => return Err(at(&path(root))(error)),
        };
        for (index, line) in text.lines().enumerate() {
            if let Some(compiler) = line.strip_prefix(COMPILER) {
                manifest.compiler = compiler.to_owned();
            } else if let Some(flags) = line.strip_prefix(FLAGS) {
                manifest.flags = flags.to_owned();
            } else if !line.is_empty() && !line.starts_with('#') {
                let row = parse(line).map_err(|what| GuestError::Manifest {
                    line: index + 1,
                    what,
                })?;
                manifest.rows.insert(row.name.clone(), row);
            }
        }
        Ok(manifest)
    }

    /// Writes it: a temporary file, then a rename.
    pub(crate) fn write(&self, root: &Path) -> Result<(), GuestError> {
        let mut text = String::from(
            "# The guest programs; guests/README.md explains them. Written by `cargo xtask guests`.\n\
             # Every guest exits with 0 when its own check of its result succeeds. Paths are from the root of\n\
             # the repository. Cycles: VM version 2, IMC+B+MOP, estimate_cycles, 4 MiB; 0 = not measured.\n",
        );
        text += &format!(
            "{COMPILER}{}\n{FLAGS}{}\n{COLUMNS}\n",
            self.compiler, self.flags
        );
        // Our own first: the committed files, then those to be built.
        let mut rows: Vec<&Row> = self.rows.values().collect();
        rows.sort_by(|a, b| (&a.kind, &a.name).cmp(&(&b.kind, &b.name)));
        for row in rows {
            text += &format!(
                "{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
                row.name,
                row.kind,
                row.elf,
                row.native,
                row.default_cycles,
                row.bench_argument,
                row.bench_cycles,
                row.blake3
            );
        }
        let partial = path(root).with_extension("partial");
        fs::write(&partial, text).map_err(at(&partial))?;
        fs::rename(&partial, path(root)).map_err(at(&path(root)))
    }

    /// The guest of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Row> {
        self.rows.get(name)
    }

    /// The compiler that made what the rows describe.
    pub(crate) fn toolchain(&self) -> &str {
        &self.compiler
    }

    /// Notes compiler and flags.
    pub(crate) fn set_toolchain(&mut self, compiler: &str, flags: &str) {
        self.compiler = compiler.to_owned();
        self.flags = flags.to_owned();
    }

    /// Puts a row in, keeping measured cycles that still hold; true when the ELF changed.
    pub(crate) fn set(&mut self, mut row: Row) -> bool {
        let old = self
            .rows
            .get(&row.name)
            .filter(|old| old.blake3 == row.blake3);
        let changed = old.is_none();
        if let Some(old) = old {
            row.default_cycles = old.default_cycles;
            if old.bench_argument == row.bench_argument {
                row.bench_cycles = old.bench_cycles;
            }
        }
        self.rows.insert(row.name.clone(), row);
        changed
    }
}

fn parse(line: &str) -> Result<Row, String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [
        name,
        kind,
        elf,
        native,
        default_cycles,
        bench_argument,
        bench_cycles,
        blake3,
    ] = fields[..]
    else {
        return Err(format!("{} columns instead of 8", fields.len()));
    };
    let number = |text: &str| {
        text.parse::<u64>()
            .map_err(|_| format!("{text:?} is no number"))
    };
    Ok(Row {
        name: name.to_owned(),
        kind: kind.to_owned(),
        elf: elf.to_owned(),
        native: native.to_owned(),
        default_cycles: number(default_cycles)?,
        bench_argument: number(bench_argument)?,
        bench_cycles: number(bench_cycles)?,
        blake3: blake3.to_owned(),
    })
}
