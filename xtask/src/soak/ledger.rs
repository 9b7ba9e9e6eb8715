//! The ledger of random programs: a table with tabs, a line for each kind of program, machine and
//! revision; reading, adding, writing, and the sums against the goal.
//!
//! Ranges of seeds that follow each other in one revision become one line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{PROFILES, SoakError};

/// Programs that there should be in all, and for each machine.
const GOAL: (u64, u64) = (2_000_000, 100_000);

/// Words in front of the counts.
const WORDS: [&str; 4] = ["suite", "profile", "revision", "first"];
/// Counts, in the words of the test's tally.
const COUNTS: [&str; 17] = [
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
    suite: String,
    profile: String,
    revision: String,
    first: u64,
    counts: [u64; COUNTS.len()],
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

    fn programs(&self) -> u64 {
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

    /// The sums: by kind of program, by machine, by revision, and what is missing.
    pub(super) fn totals(&self) -> String {
        let mut text = String::new();
        let keys: [(&str, Key); 3] = [
            ("suite", |line| &line.suite),
            ("profile", |line| &line.profile),
            ("revision", |line| &line.revision),
        ];
        for (name, key) in keys {
            let mut order: Vec<&str> = Vec::new();
            let mut sums: BTreeMap<&str, [u64; COUNTS.len()]> = BTreeMap::new();
            for line in &self.lines {
                let key = key(line);
                if !order.contains(&key) {
                    order.push(key);
                }
                let sum = sums.entry(key).or_insert([0; COUNTS.len()]);
                for (sum, count) in sum.iter_mut().zip(line.counts) {
                    *sum += count;
                }
            }
            let _ = writeln!(text, "{name:12} {}", header());
            for key in order {
                let _ = writeln!(text, "{key:12} {}", figures(&sums[key]));
            }
            text.push('\n');
        }
        let programs = |profile: &str| -> u64 {
            let of = self.lines.iter().filter(|line| line.profile == profile);
            of.map(Line::programs).sum()
        };
        let all: u64 = self.lines.iter().map(Line::programs).sum();
        let least = PROFILES.iter().map(|profile| programs(profile)).min();
        let _ = writeln!(
            text,
            "{all} of {} programs; {} of {} for the machine with the fewest",
            GOAL.0,
            least.unwrap_or(0),
            GOAL.1
        );
        text
    }
}

/// What lines are summed by.
type Key = fn(&Line) -> &str;

/// The names of the counts, and the share that is derived from two of them.
fn header() -> String {
    let names = COUNTS.iter().map(|name| format!("{name:>12}"));
    names.collect::<String>() + "       share"
}

fn figures(counts: &[u64; COUNTS.len()]) -> String {
    let at = |name| {
        COUNTS
            .iter()
            .position(|other| *other == name)
            .map_or(0, |at| counts[at])
    };
    let share = 100.0 * at("native") as f64 / at("cycles").max(1) as f64;
    let figures = counts.iter().map(|count| format!("{count:>12}"));
    figures.collect::<String>() + &format!("{share:>11.2}%")
}
