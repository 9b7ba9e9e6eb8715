//! What every bench does with its figures: it prints them, writes them to `target/bench/NAME.md`, and with
//! `--save` puts them where BENCHMARKS.md has its mark for them. So every figure of that document comes from
//! a command that stands beside it, with the day, the machine and the revision.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use crate::root;

/// Where a run leaves a file.
pub fn target_file(name: &str) -> PathBuf {
    root().join("target/bench").join(name)
}

/// Where a file goes that is committed.
pub fn committed_file(name: &str) -> PathBuf {
    root().join("docs/bench").join(name)
}

/// Writes a file, and the folders on the way.
pub fn write(path: &Path, text: &str) {
    let folder = path.parent().expect("a file is in a folder");
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// Prints the figures of a bench and writes them; into the document, too, when `save` is asked for. `command`
/// is what makes them again.
pub fn publish(name: &str, command: &str, figures: &str, save: bool) {
    let text = format!("`{command}`; {}.\n\n{}\n", circumstances(), figures.trim());
    print!("{text}");
    write(&target_file(&format!("{name}.md")), &text);
    if save {
        let path = root().join("BENCHMARKS.md");
        let document =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let new = replace(&document, name, &text)
            .unwrap_or_else(|| panic!("BENCHMARKS.md has no mark for {name}"));
        write(&path, &new);
        eprintln!("BENCHMARKS.md, {name}: written");
    }
}

/// What was said so far.
static SAID: Mutex<String> = Mutex::new(String::new());

/// Keeps a line for [`publish_said`] and shows it on the way: for benches whose figures are lines, not tables.
pub fn say(line: &str) {
    eprintln!("{line}");
    let mut said = SAID.lock().expect("nobody panics here");
    said.push_str(line);
    said.push('\n');
}

/// Publishes what was said, as it is.
pub fn publish_said(name: &str, command: &str, save: bool) {
    let said = SAID.lock().expect("nobody panics here").clone();
    publish(
        name,
        command,
        &format!("```text\n{}\n```", said.trim_matches('\n')),
        save,
    );
}

/// The document with other text between the two marks of that name.
fn replace(document: &str, name: &str, text: &str) -> Option<String> {
    let (first, last) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let start = document.find(&first)? + first.len();
    let end = start + document[start..].find(&last)?;
    Some([&document[..start], "\n", text, "\n", &document[end..]].concat())
}

/// Day, machine, load, revision and compiler.
fn circumstances() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load
        .split_whitespace()
        .next()
        .unwrap_or("unknown")
        .to_owned();
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown CPU", |line| {
        line.trim_start_matches([' ', '\t', ':'])
    });
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{}, {model}, {threads} threads, load average {load} at the end, Linux {}, {}, revision {}",
        said("date", &["+%Y-%m-%d"]),
        said("uname", &["-r"]),
        said("rustc", &["--version"]),
        said("git", &["describe", "--always", "--dirty", "--exclude=*"]),
    )
}

/// What a command prints, in one line.
fn said(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command)
        .args(arguments)
        .current_dir(root())
        .output();
    match output {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => format!("{command} unknown"),
    }
}

/// The middle value, or the mean of the two in the middle; not a number when there is none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The value at that share of the way from the smallest to the largest.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1) as f64;
    sorted
        .get((last * share).round() as usize)
        .copied()
        .unwrap_or(f64::NAN)
}

/// Half the distance between the smallest and the largest, as a part of the median.
pub fn spread(values: &[f64]) -> f64 {
    (percentile(values, 1.0) - percentile(values, 0.0)) / 2.0 / median(values)
}

/// Cells in columns, in Markdown; the first line is the head, the first column is text.
pub fn table(lines: &[Vec<String>]) -> String {
    let columns = lines.first().map_or(0, Vec::len);
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let fill = " ".repeat(width - cell.chars().count());
            text += &if column == 0 {
                format!("| {cell}{fill} ")
            } else {
                format!("| {fill}{cell} ")
            };
        }
        text += "|\n";
        if number == 0 {
            for (column, width) in widths.iter().enumerate() {
                let end = if column == 0 { "-" } else { ":" };
                text += &format!("|{}{end}", "-".repeat(width + 1));
            }
            text += "|\n";
        }
    }
    text
}
