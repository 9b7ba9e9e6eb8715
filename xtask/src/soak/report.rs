//! The sums of the ledger, as `tests/LEDGER.md` and on the screen: by kind of program, by machine, by
//! revision, against the goal; and how often each row of the instruction table ran.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::error::SoakError;
use super::kinds::{NARROW, PROFILES, TIERS};
use super::ledger::{COUNTS, Ledger, Line};

/// Programs that there should be in all, and for each machine.
const GOAL: (u64, u64) = (2_000_000, 100_000);

/// Rows of the instruction table that are named because they run least.
const RAREST: usize = 12;

const HEAD: &str = "\
# Random programs that were compared

Written by `cargo xtask soak --totals` from `tests/ledger.tsv`, which `cargo xtask soak` adds to; `tests/coverage.tsv`
is written by `BLESS=1 cargo test --release --test random_programs together`. Each program runs on CKB-VM's assembly
machine, our interpreter and our native code, whole and from stop to stop, and is compared at every stop; on the
trace machine too where the column says so. RV32 runs on CKB-VM's trace machine over `u32` in place of the first.
No difference is left open. `fuzz/LEDGER.md` has what a fuzzer chose; those programs are not counted here.

\"native\" is the share of cycles that native code charged. What follows it is how often native code was left, by
cause, and how often the interpreter began a stay at the head of a trace.
";

/// What lines are summed by.
type Key = fn(&Line) -> &str;
/// Sums of counts.
type Sums = [u64; COUNTS.len()];

/// Writes the file beside the ledger, and prints it.
pub(super) fn write(ledger: &Ledger, path: &Path) -> Result<(), SoakError> {
    let coverage = fs::read_to_string(path.with_file_name("coverage.tsv")).unwrap_or_default();
    let text = report(ledger.lines(), &coverage);
    let file = path.with_file_name("LEDGER.md");
    fs::write(&file, &text).map_err(|error| SoakError::File { path: file, error })?;
    print!("{text}");
    Ok(())
}

fn report(lines: &[Line], coverage: &str) -> String {
    let is_narrow = |line: &&Line| {
        let tier = TIERS.iter().find(|tier| tier.name == line.suite);
        tier.is_some_and(|tier| tier.binary == NARROW)
    };
    let (narrow, wide): (Vec<&Line>, Vec<&Line>) = lines.iter().partition(is_narrow);
    let mut text = HEAD.to_string();
    let _ = write!(text, "\n{}", goal(&wide, &narrow));
    for (title, lines, key) in [
        ("By kind of program", &wide, suite as Key),
        ("By machine: version and instruction set", &wide, profile),
        ("RV32, by kind of program", &narrow, suite),
        ("RV32, by machine", &narrow, profile),
        ("By revision", &lines.iter().collect(), revision),
    ] {
        if !lines.is_empty() {
            let _ = write!(text, "\n## {title}\n\n{}", table(lines, key));
        }
    }
    text + &rows(coverage)
}

fn suite(line: &Line) -> &str {
    &line.suite
}

fn profile(line: &Line) -> &str {
    &line.profile
}

fn revision(line: &Line) -> &str {
    &line.revision
}

/// What there should be, and what there is.
fn goal(wide: &[&Line], narrow: &[&Line]) -> String {
    let sum = |lines: &[&Line]| lines.iter().map(|line| line.programs()).sum::<u64>();
    let of = |profile: &str| -> u64 {
        let lines = wide.iter().filter(|line| line.profile == profile);
        lines.map(|line| line.programs()).sum()
    };
    let least = PROFILES.iter().map(|profile| of(profile)).min();
    let (all, each) = GOAL;
    format!(
        "**{}** of {} programs; **{}** of {} for the machine with the fewest; {} of RV32 beside them.\n",
        grouped(sum(wide)),
        grouped(all),
        grouped(least.unwrap_or(0)),
        grouped(each),
        grouped(sum(narrow))
    )
}

/// Sums by a key, in the order in which keys first come.
fn table(lines: &[&Line], key: Key) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    for line in lines {
        let key = key(line);
        if !order.contains(&key) {
            order.push(key);
        }
        let sum = sums.entry(key).or_insert([0; COUNTS.len()]);
        for (sum, count) in sum.iter_mut().zip(line.counts) {
            *sum += count;
        }
    }
    let native = place("native");
    let mut head = COUNTS.map(str::to_string).to_vec();
    let mut text = String::new();
    head.insert(0, String::new());
    for row in [head.clone(), vec!["---".to_string(); head.len()]] {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    for key in order {
        let sums = &sums[key];
        let share = 100.0 * sums[native] as f64 / sums[place("cycles")].max(1) as f64;
        let mut cells: Vec<String> = sums.iter().copied().map(grouped).collect();
        cells[native] = format!("{share:.2} %");
        let _ = writeln!(text, "| {key} | {} |", cells.join(" | "));
    }
    text
}

fn place(name: &str) -> usize {
    COUNTS.iter().position(|other| *other == name).unwrap_or(0)
}

/// A number in groups of three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// How often the rows of the instruction table ran: a line of the file is a row, a column a kind of
/// program.
fn rows(coverage: &str) -> String {
    let mut lines = coverage.lines().map(|line| line.split('\t'));
    let Some(mut head) = lines.next() else {
        return String::new();
    };
    let programs = head.next().unwrap_or_default();
    let kinds: Vec<&str> = head.collect();
    let mut rows: Vec<(u64, &str, Vec<u64>)> = Vec::new();
    for mut line in lines {
        let name = line.next().unwrap_or_default();
        let counts: Vec<u64> = line.map(|count| count.parse().unwrap_or(0)).collect();
        rows.push((counts.iter().sum(), name, counts));
    }
    rows.sort();
    let mut text = format!(
        "\n## Rows of the instruction table\n\nHow often each ran, fused ones included, over {programs} ({}). \
         {} rows; all of `tests/coverage.tsv` ran but for {}.\n\n| | rows that ran | the rarest of them |\n| --- | --- | --- |\n",
        kinds.join(", "),
        rows.len(),
        rows.iter().filter(|(sum, ..)| *sum == 0).count(),
    );
    for (kind, name) in kinds.iter().enumerate() {
        let ran = rows
            .iter()
            .filter(|(_, _, counts)| counts.get(kind) > Some(&0));
        let rarest = ran.clone().min_by_key(|(_, _, counts)| counts[kind]);
        let rarest = rarest.map_or(String::new(), |(_, row, counts)| {
            format!("`{row}`: {}", grouped(counts[kind]))
        });
        let _ = writeln!(text, "| {name} | {} | {rarest} |", ran.count());
    }
    let least = rows.iter().take(RAREST);
    let least: Vec<String> = least
        .map(|(sum, name, _)| format!("`{name}` {}", grouped(*sum)))
        .collect();
    let _ = writeln!(text, "\nThe rarest in all: {}.", least.join(", "));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_in_threes() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1 000"),
            (1234567, "1 234 567"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn sums_stand_beside_their_goal() {
        let tally: String = COUNTS.iter().map(|name| format!("{name}=4 ")).collect();
        let line = |suite| Line::new(suite, "2:bm", "abc", 1, &tally).expect("a line");
        let lines = [line("bytes"), line("bytes"), line("rv32-wild")];
        let text = report(
            &lines,
            "10 programs each\tbytes\twild\nadd\t5\t0\nsub\t1\t2\n",
        );
        assert!(text.contains("**8** of 2 000 000"), "{text}");
        assert!(text.contains("4 of RV32"), "{text}");
        assert!(text.contains("| bytes | 8 | 8 |"), "{text}");
        assert!(text.contains("| rv32-wild | 4 |"), "{text}");
        assert!(text.contains("| abc | 12 |"), "{text}");
        assert!(text.contains("| wild | 1 | `sub`: 2 |"), "{text}");
    }
}
