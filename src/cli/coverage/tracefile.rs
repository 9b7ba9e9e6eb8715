//! Coverage in the format of lcov's tracefiles: how often lines and functions ran, and which way branches went.
//!
//! Two of them can be added up, which is how many runs become one report.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is known of one source file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct File {
    /// Runs of each line that has code.
    pub(super) lines: BTreeMap<u32, u64>,
    /// Functions by name: the line where they start, and how often they ran.
    pub(super) functions: BTreeMap<String, (u32, u64)>,
    /// Branches: line, number of the branch in its line, number of the way; and how often it went that way. None
    /// where it never ran.
    pub(super) branches: BTreeMap<(u32, u32, u32), Option<u64>>,
}

/// Source files by name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Tracefile(pub(super) BTreeMap<String, File>);

impl Tracefile {
    /// Adds the counts of another one.
    pub(super) fn merge(&mut self, other: &Tracefile) {
        for (name, from) in &other.0 {
            let into = self.0.entry(name.clone()).or_default();
            for (&line, &runs) in &from.lines {
                let sum = into.lines.entry(line).or_default();
                *sum = sum.saturating_add(runs);
            }
            for (function, &(line, runs)) in &from.functions {
                let entry = into.functions.entry(function.clone()).or_insert((line, 0));
                entry.1 = entry.1.saturating_add(runs);
            }
            for (&branch, &runs) in &from.branches {
                let sum = into.branches.entry(branch).or_default();
                *sum = match (*sum, runs) {
                    (None, None) => None,
                    (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
                };
            }
        }
    }

    /// The text of the file.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from("TN:\n");
        for (name, file) in &self.0 {
            file.write(name, &mut text);
        }
        text
    }

    /// Reads what [`Tracefile::to_text`] or lcov wrote. The error says which line is wrong, and how.
    pub(super) fn read(text: &str) -> Result<Tracefile, String> {
        let mut files = BTreeMap::new();
        let mut open: Option<(String, File)> = None;
        for (number, line) in text.lines().enumerate() {
            let wrong = |what: &str| format!("line {}: {line:?} {what}", number + 1);
            let (tag, rest) = line.split_once(':').unwrap_or((line, ""));
            match (tag, &mut open) {
                ("TN" | "", _) => {}
                ("SF", None) => open = Some((rest.to_owned(), File::default())),
                ("end_of_record", Some(_)) => {
                    if let Some((name, file)) = open.take() {
                        let part = Tracefile(BTreeMap::from([(name, file)]));
                        let mut all = Tracefile(files);
                        all.merge(&part);
                        files = all.0;
                    }
                }
                (_, Some((_, file))) => {
                    file.read(tag, rest)
                        .ok_or_else(|| wrong("is no record of lcov"))?;
                }
                (_, None) => return Err(wrong("stands in front of a source file (SF)")),
            }
        }
        match open {
            Some((name, _)) => Err(format!("the record of {name} has no end")),
            None => Ok(Tracefile(files)),
        }
    }
}

impl File {
    fn write(&self, name: &str, text: &mut String) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "SF:{name}");
        for (function, (line, _)) in &self.functions {
            let _ = writeln!(text, "FN:{line},{function}");
        }
        for (function, (_, runs)) in &self.functions {
            let _ = writeln!(text, "FNDA:{runs},{function}");
        }
        let ran = self
            .functions
            .values()
            .filter(|(_, runs)| *runs > 0)
            .count();
        let _ = writeln!(text, "FNF:{}\nFNH:{ran}", self.functions.len());
        for ((line, branch, way), runs) in &self.branches {
            let runs = runs.map_or_else(|| "-".to_owned(), |runs| runs.to_string());
            let _ = writeln!(text, "BRDA:{line},{branch},{way},{runs}");
        }
        let ran = self
            .branches
            .values()
            .filter(|runs| runs.is_some_and(|runs| runs > 0))
            .count();
        let _ = writeln!(text, "BRF:{}\nBRH:{ran}", self.branches.len());
        for (line, runs) in &self.lines {
            let _ = writeln!(text, "DA:{line},{runs}");
        }
        let ran = self.lines.values().filter(|runs| **runs > 0).count();
        let _ = writeln!(text, "LF:{}\nLH:{ran}\nend_of_record", self.lines.len());
    }

    fn read(&mut self, tag: &str, rest: &str) -> Option<()> {
        match tag {
            "FN" => {
                let (line, name) = rest.split_once(',')?;
                let line = line.parse().ok()?;
                self.functions.entry(name.to_owned()).or_insert((line, 0)).0 = line;
            }
            "FNDA" => {
                let (runs, name) = rest.split_once(',')?;
                let runs = runs.parse().ok()?;
                self.functions.entry(name.to_owned()).or_insert((0, 0)).1 = runs;
            }
            "BRDA" => {
                let mut parts = rest.split(',');
                let mut next = || parts.next();
                let place = (
                    next()?.parse().ok()?,
                    next()?.parse().ok()?,
                    next()?.parse().ok()?,
                );
                let runs = match next()? {
                    "-" => None,
                    runs => Some(runs.parse().ok()?),
                };
                self.branches.insert(place, runs);
            }
            "DA" => {
                let mut parts = rest.split(',');
                let line = parts.next()?.parse().ok()?;
                let runs: u64 = parts.next()?.parse().ok()?;
                let sum = self.lines.entry(line).or_insert(0);
                *sum = sum.saturating_add(runs);
            }
            // Sums, which are made anew, and what versions of lcov add.
            "FNF" | "FNH" | "BRF" | "BRH" | "LF" | "LH" | "VER" | "FNL" | "FNA" => {}
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Tracefile {
        let file = File {
            lines: BTreeMap::from([(1, 0), (2, 7)]),
            functions: BTreeMap::from([("main".to_owned(), (1, 1)), ("a,b".to_owned(), (2, 0))]),
            branches: BTreeMap::from([
                ((2, 0, 0), Some(3)),
                ((2, 0, 1), Some(0)),
                ((2, 1, 0), None),
            ]),
        };
        Tracefile(BTreeMap::from([("a.c".to_owned(), file)]))
    }

    #[test]
    fn what_was_written_can_be_read() {
        let text = example().to_text();
        assert_eq!(Tracefile::read(&text), Ok(example()));
        assert!(
            text.contains("LF:2\nLH:1\n") && text.contains("BRF:3\nBRH:1\n"),
            "{text}"
        );
    }

    #[test]
    fn counts_are_added() {
        let mut twice = example();
        twice.merge(&example());
        let file = &twice.0["a.c"];
        assert_eq!(file.lines[&2], 14);
        assert_eq!(file.functions["main"], (1, 2));
        assert_eq!(file.branches[&(2, 0, 0)], Some(6));
        assert_eq!(file.branches[&(2, 1, 0)], None);
    }

    #[test]
    fn what_is_no_tracefile_is_refused_with_its_line() {
        for (text, what) in [
            ("DA:1,1\n", "line 1"),
            ("TN:\nSF:a\nDA:x,1\n", "line 3"),
            ("TN:\nSF:a\nnonsense\n", "line 3"),
            ("TN:\nSF:a\nDA:1,1\n", "has no end"),
            ("SF:a\nBRDA:1,2,3\nend_of_record\n", "line 2"),
        ] {
            let error = Tracefile::read(text).unwrap_err();
            assert!(error.contains(what), "{text:?}: {error}");
        }
    }
}
