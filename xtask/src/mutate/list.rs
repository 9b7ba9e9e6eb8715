//! The list of faults: a change of a few lines each, as a diff without line numbers.
//!
//! ```text
//! == area/name: what is wrong
//! file: isa/src/decode.rs
//! tests: isa every_halfword; cases compressed
//!  a line that stays
//! -a line that goes
//! +a line that comes
//! ```
//!
//! What stays and goes, in a row, has to stand in the file exactly once, so the list cannot rot
//! unnoticed. `tests` are names of test binaries, each with filters; `package:binary` outside the
//! root package, where `lib` are its unit tests.

use std::fmt;
use std::fs;
use std::path::Path;

use super::error::MutateError;

/// Tests to run: a binary and which of its tests.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Tests {
    /// The package; empty for the root.
    pub(super) package: String,
    /// The test binary, or `lib`.
    pub(super) binary: String,
    /// Parts of names.
    pub(super) filters: Vec<String>,
}

/// A deliberate fault.
#[derive(Debug)]
pub(super) struct Fault {
    /// `area/name`.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) what: String,
    /// The file, from the root.
    pub(super) file: String,
    /// What is to notice.
    pub(super) tests: Vec<Tests>,
    before: String,
    after: String,
}

impl Fault {
    /// The file's text with the fault in it.
    pub(super) fn apply(&self, root: &Path) -> Result<String, MutateError> {
        let path = root.join(&self.file);
        let text = fs::read_to_string(&path).map_err(MutateError::file(&path))?;
        let count = text.matches(&self.before).count();
        if count != 1 {
            return Err(MutateError::Place {
                fault: self.name.clone(),
                file: self.file.clone(),
                count,
            });
        }
        Ok(text.replacen(&self.before, &self.after, 1))
    }
}

impl Tests {
    fn parse(text: &str) -> Option<Tests> {
        let mut words = text.split_whitespace();
        let binary = words.next()?;
        let (package, binary) = binary.split_once(':').unwrap_or(("", binary));
        Some(Tests {
            package: package.to_string(),
            binary: binary.to_string(),
            filters: words.map(str::to_string).collect(),
        })
    }
}

impl fmt::Display for Tests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.package.is_empty() {
            write!(f, "{}:", self.package)?;
        }
        f.write_str(&self.binary)?;
        self.filters
            .iter()
            .try_for_each(|word| write!(f, " {word}"))
    }
}

/// All faults, in the order of the file.
pub(super) fn read(root: &Path) -> Result<Vec<Fault>, MutateError> {
    let path = root.join("tests/mutations/faults.txt");
    let text = fs::read_to_string(&path).map_err(MutateError::file(&path))?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Fault>, MutateError> {
    let mut faults: Vec<Fault> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let wrong = |what: &str| MutateError::List {
            line: number + 1,
            what: what.to_string(),
        };
        if let Some(title) = line.strip_prefix("== ") {
            let (name, what) = title.split_once(": ").ok_or_else(|| wrong("no name"))?;
            if faults.iter().any(|fault| fault.name == name) {
                return Err(wrong("a name that stands twice"));
            }
            faults.push(Fault {
                name: name.to_string(),
                what: what.to_string(),
                file: String::new(),
                tests: Vec::new(),
                before: String::new(),
                after: String::new(),
            });
            continue;
        }
        let Some(fault) = faults.last_mut() else {
            continue;
        };
        if let Some(file) = line.strip_prefix("file: ") {
            fault.file = file.trim().to_string();
        } else if let Some(tests) = line.strip_prefix("tests: ") {
            fault.tests = tests.split(';').filter_map(Tests::parse).collect();
        } else if let Some(line) = line.strip_prefix('-') {
            fault.before += &format!("{line}\n");
        } else if let Some(line) = line.strip_prefix('+') {
            fault.after += &format!("{line}\n");
        } else if let Some(line) = line.strip_prefix(' ') {
            fault.before += &format!("{line}\n");
            fault.after += &format!("{line}\n");
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(wrong("neither a field nor a line of a change"));
        }
    }
    let incomplete = |fault: &&Fault| fault.before == fault.after || fault.tests.is_empty();
    match faults.iter().find(incomplete) {
        Some(fault) => Err(MutateError::List {
            line: 0,
            what: format!("{} has no change or no tests", fault.name),
        }),
        None => Ok(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "\
== area/name: what is wrong
file: a/b.rs
tests: isa one two; lockstep-runtime:lib
     kept
-    gone
+    come
";

    #[test]
    fn a_fault_has_its_lines() {
        let faults = parse(ENTRY).expect("it is well formed");
        let [fault] = &faults[..] else {
            panic!("{faults:?}")
        };
        assert_eq!((&fault.name[..], &fault.file[..]), ("area/name", "a/b.rs"));
        assert_eq!(fault.before, "    kept\n    gone\n");
        assert_eq!(fault.after, "    kept\n    come\n");
        let tests: Vec<String> = fault.tests.iter().map(Tests::to_string).collect();
        assert_eq!(tests, ["isa one two", "lockstep-runtime:lib"]);
    }

    #[test]
    fn what_is_no_fault_is_refused() {
        for text in [
            "== area/name without a colon",
            "== area/name: no change\ntests: isa\n",
            "== area/name: no tests\n-a\n+b\n",
            &format!("{ENTRY}{ENTRY}"),
            &format!("{ENTRY}what is this\n"),
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_fault_of_the_list_applies() {
        let root = crate::step::root();
        let faults = read(&root).expect("the list is well formed");
        assert!(faults.len() >= 30, "{}", faults.len());
        for fault in &faults {
            fault.apply(&root).unwrap_or_else(|error| panic!("{error}"));
        }
    }
}
