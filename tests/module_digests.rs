//! The digests of the modules of all committed guests, for each target: whoever reviews a change sees in
//! `tests/module_digests.tsv` whether it changes the code that the translator emits.
//!
//! A digest covers what a module holds except for its key: native code, table, hints, blocks and map. The
//! key has a digest of the translator's sources in it, so it changes with every comment; these digests
//! change only when something else is emitted. `cargo xtask digests` writes the file: this test with `BLESS` set.
//!
//! It is not the proof that a translation can be repeated: `tests/determinism.rs` is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use lockstep::{Platform, Program};
use lockstep_contract::module::{Block, Module, Span};
use lockstep_isa::Xlen;
use lockstep_test_support::root;
use lockstep_translator::{Options, source_digest, translate};

const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
const FILE: &str = "tests/module_digests.tsv";
const SOURCES: &str = "# sources: ";
const COMMAND: &str = "cargo xtask digests";
const HEADER: &str = "\
# BLAKE3 of the modules of all committed guests without their keys, so that a changed line is changed native code.
# Version 2, its extensions and costs, 4 MiB, baseline CPU. Guests whose names begin with `narrow` are for RV32.
# Written by `cargo xtask digests`. The next line is the digest of the translator's sources at that time.
";
const COLUMNS: &str = "# guest\ttarget\tELF\tmodules\n";

/// What stands in one line.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Digests {
    /// BLAKE3 of the ELF: another guest may give another module.
    elf: String,
    /// BLAKE3 of its modules.
    modules: String,
}

/// The content of the file: the digest of the translator's sources, and the lines by guest and target.
#[derive(Clone, Debug)]
struct Record {
    sources: String,
    rows: BTreeMap<(String, String), Digests>,
}

impl Record {
    /// Parses the file's text.
    fn parse(text: &str) -> Record {
        let sources = text.lines().find_map(|line| line.strip_prefix(SOURCES));
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let row = |line: &str| {
            let fields: Vec<String> = line.split('\t').map(str::to_string).collect();
            let [guest, target, elf, modules] = <[String; 4]>::try_from(fields)
                .unwrap_or_else(|_| panic!("{FILE}: a line has four columns: {line:?}"));
            ((guest, target), Digests { elf, modules })
        };
        Record {
            sources: sources.unwrap_or_default().to_string(),
            rows: lines.map(row).collect(),
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{HEADER}{SOURCES}{}\n{COLUMNS}", self.sources);
        for ((guest, target), Digests { elf, modules }) in &self.rows {
            text += &format!("{guest}\t{target}\t{elf}\t{modules}\n");
        }
        text
    }

    /// What this build makes.
    fn made() -> Record {
        let mut rows = BTreeMap::new();
        for path in elfs() {
            let name = path.file_stem().expect("a file").to_string_lossy();
            let elf = fs::read(&path).expect("a committed guest can be read");
            for target in TARGETS {
                let digests = Digests {
                    elf: blake3::hash(&elf).to_hex().to_string(),
                    modules: modules_digest(&name, &elf, target),
                };
                rows.insert((name.to_string(), target.to_string()), digests);
            }
        }
        Record {
            sources: source_digest().to_string(),
            rows,
        }
    }

    /// The guests and targets whose lines are not those of `other`, those that only one has included.
    fn changed(&self, other: &Record) -> Vec<String> {
        let of_both = self.rows.keys().chain(other.rows.keys());
        let mut names: Vec<String> = of_both
            .filter(|name| self.rows.get(name) != other.rows.get(name))
            .map(|(guest, target)| format!("{guest} for {target}"))
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The text that replaces what is recorded.
    ///
    /// # Errors
    /// When the same sources made other modules of the same guests before: no file must hide that.
    fn replacing(&self, old: &Record) -> Result<String, String> {
        let contradicts = |(name, new): &(&(String, String), &Digests)| {
            let old = old.rows.get(*name);
            old.is_some_and(|old| old.elf == new.elf && old.modules != new.modules)
        };
        let again: Vec<String> = (self.rows.iter().filter(contradicts))
            .map(|((guest, target), _)| format!("{guest} for {target}"))
            .collect();
        if self.sources == old.sources && !again.is_empty() {
            return Err(format!(
                "{FILE} is left as it is: it says that the same sources ({}) made other modules of {}. \
                 So the translator is not deterministic, or it depends on something that its digest does not \
                 cover; find out which, and do not change the file by hand",
                self.sources,
                again.join(", ")
            ));
        }
        Ok(self.text())
    }
}

/// The committed guests, in the order of their names.
fn elfs() -> Vec<PathBuf> {
    let folder = root().join("guests/elf");
    let entries = fs::read_dir(&folder).expect("the folder of the guests is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "elf"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} has guests", folder.display());
    paths
}

/// The digest of the modules of all code regions of a guest.
fn modules_digest(name: &str, elf: &[u8], target: &str) -> String {
    let mut platform = Platform::default();
    if name.starts_with("narrow") {
        platform.profile.xlen = Xlen::X32;
    }
    let program = Program::load(elf, &platform).unwrap_or_else(|error| panic!("{name}: {error}"));
    let options = Options::default()
        .with_target(Some(target.to_string()))
        .with_threads(2);
    let mut hasher = blake3::Hasher::new();
    for region in program.code_regions() {
        let made = translate(&region, &program.hints(&region), &options, &mut |_, _| {});
        let module = made
            .unwrap_or_else(|error| panic!("{name} for {target}: {error}"))
            .module;
        add(&mut hasher, &module);
    }
    hasher.finalize().to_hex().to_string()
}

/// Adds all of a module but its key. Every part is led by its length.
fn add(hasher: &mut blake3::Hasher, module: &Module) {
    let Module {
        key: _,
        hints,
        heat,
        enter,
        table,
        code,
        blocks,
        map,
    } = module;
    let mut part = |bytes: Vec<u8>| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&bytes);
    };
    part(hints.iter().flat_map(|hint| hint.to_le_bytes()).collect());
    // None of these modules is made with heat.
    assert!(heat.is_empty());
    part(enter.to_le_bytes().to_vec());
    part(table.iter().flat_map(|entry| entry.to_le_bytes()).collect());
    part(code.clone());
    let block = |block: &Block| {
        let numbers = [
            block.head,
            block.len.into(),
            block.entries.into(),
            block.cycles,
        ];
        numbers.map(u32::to_le_bytes).concat()
    };
    part(blocks.iter().flat_map(block).collect());
    let span = |span: &Span| [span.start, span.head].map(u32::to_le_bytes).concat();
    part(map.iter().flat_map(span).collect());
}

#[test]
fn modules_are_those_that_are_committed() {
    let path = root().join(FILE);
    let made = Record::made();
    let committed = fs::read_to_string(&path).map(|text| Record::parse(&text));
    if std::env::var_os("BLESS").is_some() {
        let old = committed.unwrap_or_else(|_| Record::parse(""));
        let text = made
            .replacing(&old)
            .unwrap_or_else(|error| panic!("{error}"));
        fs::write(&path, text).expect("the file can be written");
        for name in made.changed(&old) {
            eprintln!("changed: {name}");
        }
        return;
    }
    let committed = committed.unwrap_or_else(|error| panic!("{FILE}: {error}; run `{COMMAND}`"));
    let changed = made.changed(&committed);
    assert!(
        changed.is_empty(),
        "this build emits other native code than {FILE} says, for {} of {}: {}. If that is meant, run `{COMMAND}` and commit \
         the file with the change",
        changed.len(),
        made.rows.len(),
        changed.join(", ")
    );
}

fn record(sources: &str, elf: &str, modules: &str) -> Record {
    Record::parse(&format!(
        "{SOURCES}{sources}\nguest\ttarget\t{elf}\t{modules}\n"
    ))
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let record = record("a", "b", "c");
    let again = Record::parse(&record.text());
    assert_eq!(
        (&again.sources, &again.rows),
        (&record.sources, &record.rows)
    );
}

#[test]
fn only_other_sources_or_another_guest_may_replace_a_digest() {
    let old = record("a", "b", "c");
    assert!(record("a", "b", "c").replacing(&old).is_ok());
    assert!(record("other", "b", "other").replacing(&old).is_ok());
    assert!(record("a", "other", "other").replacing(&old).is_ok());
    let error = record("a", "b", "other").replacing(&old).unwrap_err();
    assert!(error.contains("guest for target"), "{error}");
}
