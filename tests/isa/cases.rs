//! Every operation has a case file that executes it, with its expected values, on every engine.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lockstep_isa::Op;

/// The first words of all lines in all case files below the folder.
fn words(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder of cases is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            self::words(&path, words);
        } else {
            let text = fs::read_to_string(&path).expect("a case file is text");
            let firsts = text
                .lines()
                .filter_map(|line| line.split_whitespace().next());
            words.extend(firsts.map(str::to_string));
        }
    }
}

#[test]
fn every_plain_operation_has_a_case() {
    let mut found = BTreeSet::new();
    words(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases"),
        &mut found,
    );
    let plain = Op::ALL.iter().filter(|op| !op.row().is_fused());
    let missing: Vec<_> = plain.filter(|op| !found.contains(op.mnemonic())).collect();
    assert!(
        missing.is_empty(),
        "no file in tests/cases executes {missing:?}"
    );
}

#[test]
fn every_fused_operation_has_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/fuse");
    let files = fs::read_dir(folder).expect("the folder of cases is there");
    let names: Vec<String> = files
        .map(|entry| {
            entry
                .expect("it can be listed")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    for op in Op::ALL.iter().filter(|op| op.row().is_fused()) {
        let name = op.mnemonic().replace('.', "_");
        let named = |file: &String| {
            file.strip_suffix(".s")
                .is_some_and(|f| f.starts_with(&name))
        };
        assert!(names.iter().any(named), "no file tests/cases/fuse/{name}.s");
    }
}
