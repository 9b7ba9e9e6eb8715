//! The ledger of random programs: a table with tabs, a line for each kind of program, machine and
//! revision; reading, adding, writing.
//!
//! Ranges of seeds that follow each other in one revision become one line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::error::SoakError;

/// Words in front of the counts.
const WORDS: [&str; 4] = ["suite", "profile", "revision", "first"];
/// Counts, in the words of the test's tally.
pub(super) const COUNTS: [&str; 17] = [
    "programs",
    "trace",
    "clean",
    "files",
    "pages",
    "resumed",
    "cycles",
    "native",
    "limit",
    "lookup",
    "load",
    "store",
    "atomic",
    "other",
    "ecall",
    "ebreak",
    "interpreted",
];

/// All lines, in the order in which they came.
pub(super) struct Ledger {
    lines: Vec<Line>,
}

/// What was run on one machine at one revision.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) suite: String,
    pub(super) profile: String,
    pub(super) revision: String,
    first: u64,
    pub(super) counts: [u64; COUNTS.len()],
}

impl Line {
    /// What a test said: names and numbers.
    pub(super) fn new(
        suite: &str,
        profile: &str,
        revision: &str,
        first: u64,
        tally: &str,
    ) -> Result<Line, String> {
        let said: BTreeMap<&str, &str> = tally
            .split_whitespace()
            .filter_map(|word| word.split_once('='))
            .collect();
        let mut counts = [0; COUNTS.len()];
        for (count, name) in counts.iter_mut().zip(COUNTS) {
            *count = said
                .get(name)
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| format!("no number for {name} in `{tally}`"))?;
        }
        Ok(Line {
            suite: suite.into(),
            profile: profile.into(),
            revision: revision.into(),
            first,
            counts,
        })
    }

    fn parse(text: &str) -> Option<Line> {
        let fields: Vec<&str> = text.split('\t').collect();
        let (words, numbers) = fields.split_at_checked(WORDS.len())?;
        let mut counts = [0; COUNTS.len()];
        if numbers.len() != counts.len() {
            return None;
        }
        for (count, text) in counts.iter_mut().zip(numbers) {
            *count = text.parse().ok()?;
        }
        Some(Line {
            suite: words[0].into(),
            profile: words[1].into(),
            revision: words[2].into(),
            first: words[3].parse().ok()?,
            counts,
        })
    }

    pub(super) fn programs(&self) -> u64 {
        self.counts[0]
    }

    /// Whether the other one goes on where this one ends.
    fn is_before(&self, other: &Line) -> bool {
        (&self.suite, &self.profile, &self.revision)
            == (&other.suite, &other.profile, &other.revision)
            && self.first + self.programs() == other.first
    }
}

impl Ledger {
    /// The first seed that no kind of program was run with yet.
    pub(super) fn end(&self) -> u64 {
        let ends = self.lines.iter().map(|line| line.first + line.programs());
        ends.max().unwrap_or(1)
    }

    /// Reads a ledger; there may be none yet.
    pub(super) fn open(path: &Path) -> Result<Ledger, SoakError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(SoakError::File {
                    path: path.into(),
                    error,
                });
            }
        };
        let mut lines = Vec::new();
        for (number, text) in text.lines().enumerate().skip(1) {
            lines.push(Line::parse(text).ok_or_else(|| SoakError::Ledger {
                path: path.into(),
                line: number + 1,
                reason: format!(
                    "not {} words and {} numbers",
                    WORDS.len() - 1,
                    COUNTS.len() + 1
                ),
            })?);
        }
        Ok(Ledger { lines })
    }

    /// Adds a line, to the one that it continues if there is one.
    pub(super) fn add(&mut self, line: Line) {
        match self.lines.iter_mut().find(|known| known.is_before(&line)) {
            Some(known) => {
                for (sum, count) in known.counts.iter_mut().zip(line.counts) {
                    *sum += count;
                }
            }
            None => self.lines.push(line),
        }
    }

    /// Writes all of it, beside first.
    pub(super) fn write(&self, path: &Path) -> Result<(), SoakError> {
        let mut text = WORDS.join("\t") + "\t" + &COUNTS.join("\t") + "\n";
        for line in &self.lines {
            let _ = write!(
                text,
                "{}\t{}\t{}\t{}",
                line.suite, line.profile, line.revision, line.first
            );
            for count in line.counts {
                let _ = write!(text, "\t{count}");
            }
            text.push('\n');
        }
        let beside = path.with_extension("new");
        fs::write(&beside, text)
            .and_then(|()| fs::rename(&beside, path))
            .map_err(|error| SoakError::File {
                path: path.into(),
                error,
            })
    }

    /// All lines.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }
}
