//! The guest programs as `guests/elf/MANIFEST` lists them (guests/README.md has the format).
//!
//! Third-party guests are built on demand: one that is not there is left out, with a line that says how to
//! build it. Our own are in the repository, so there a missing file is a failure. Scripts are not here: they need a transaction around them.

use std::fs;
use std::path::PathBuf;

use crate::program::Program;
use crate::root;

/// One line of the manifest.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Its name.
    pub name: String,
    /// The ELF.
    pub elf: PathBuf,
    /// Its build for this machine, if there is one.
    pub native: Option<PathBuf>,
    /// Cycles without arguments under version 2; 0 where it was not measured.
    pub default_cycles: u64,
    /// The argument that makes it run long enough to be measured.
    pub bench_argument: String,
    /// Cycles with that argument; 0 where it was not measured.
    pub bench_cycles: u64,
    /// BLAKE3 of the ELF in hexadecimal.
    pub digest: String,
}

impl Guest {
    /// The program with these arguments.
    pub fn program(&self, args: &[&str]) -> Program {
        Program {
            name: self.name.clone(),
            elf: fs::read(&self.elf).expect("the ELF of a listed guest can be read"),
            args: args.iter().map(|arg| arg.as_bytes().to_vec()).collect(),
            registers: Vec::new(),
        }
    }
}

/// All 64-bit guests whose ELF is there.
pub fn guests() -> Vec<Guest> {
    of_kinds(&["own", "rust", "third-party"])
}

/// All guests for RV32.
pub fn narrow_guests() -> Vec<Guest> {
    of_kinds(&["rv32"])
}

fn of_kinds(kinds: &[&str]) -> Vec<Guest> {
    let manifest = root().join("guests/elf/MANIFEST");
    let text = fs::read_to_string(&manifest).expect("the manifest of the guests is committed");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .filter(|line| {
            line.split('\t')
                .nth(1)
                .is_some_and(|kind| kinds.contains(&kind))
        });
    let (present, absent): (Vec<Guest>, Vec<Guest>) =
        lines.map(parse).partition(|guest| guest.elf.exists());
    for guest in absent {
        let (name, elf) = (guest.name, guest.elf.display());
        assert!(
            !guest.elf.starts_with(root().join("guests/elf")),
            "{name}: {elf} belongs to the repository and is not there"
        );
        eprintln!("{name}: no {elf}; `cargo xtask guests --third-party` builds it");
    }
    present
}

fn parse(line: &str) -> Guest {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, _kind, elf, native, default, argument, bench, digest] = fields[..] else {
        panic!("a line of the manifest has eight fields: {line}");
    };
    let number = |text: &str| text.parse().expect("cycles are a number");
    Guest {
        name: name.to_string(),
        elf: root().join(elf),
        native: (native != "-").then(|| root().join(native)),
        default_cycles: number(default),
        bench_argument: argument.to_string(),
        bench_cycles: number(bench),
        digest: digest.to_string(),
    }
}
