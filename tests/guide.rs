//! The guide for script authors: every command in it is run, in the order of the page, and prints what the page says.
//!
//! A block of the kind `console` has commands behind `$ `, and what each prints. In that, `[..]` stands for anything in a
//! line, and `...` alone for any lines. The commands run in a copy of the guide's folder. They need clang, lld, gdb and lcov,
//! which `cargo xtask test` installs; without them the test fails.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A command, and the lines that it prints.
struct Step {
    /// Where it stands in the page.
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// The commands of a page.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => steps.push(Step {
                    line: number + 1,
                    command: command.to_owned(),
                    expected: Vec::new(),
                }),
                (None, Some(step)) => step.expected.push(line.to_owned()),
                (None, None) => panic!("line {}: what printed this?", number + 1),
            },
        }
    }
    steps
}

/// Whether a line is as the page says.
fn is_line(expected: &str, line: &str) -> bool {
    let mut parts = expected.split("[..]");
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match last {
        // Anything may stand at the end, if the page says so.
        Some("") => true,
        Some(part) => line.ends_with(part),
        None => rest.is_empty(),
    }
}

/// Whether lines are as the page says.
fn are_lines(expected: &[String], lines: &[&str]) -> bool {
    match (expected, lines) {
        ([], _) => lines.is_empty(),
        ([first, more @ ..], _) if first == "..." => {
            (0..=lines.len()).any(|skipped| are_lines(more, &lines[skipped..]))
        }
        ([first, more @ ..], [line, others @ ..]) => {
            is_line(first, line) && are_lines(more, others)
        }
        (_, []) => false,
    }
}

/// What a command prints, on both of its outputs.
fn run(command: &str, folder: &Path) -> String {
    let translate = Path::new(env!("CARGO_BIN_EXE_translate"));
    let programs = translate.parent().expect("it is in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    // A command that hangs is a failure.
    let output = Command::new("timeout")
        .args(["120", "sh", "-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .env("LOCKSTEP_CACHE_DIR", folder.join("cache"))
        .env("LC_ALL", "C")
        .env("HOME", folder)
        .output()
        .expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_command_of_the_guide_prints_what_it_says() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let folder = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(&source).expect("the guide is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("a file");
        fs::copy(&path, folder.path().join(name)).expect("it can be copied");
    }
    let page = fs::read_to_string(source.join("README.md")).expect("the guide is there");
    let steps = steps(&page);
    assert!(steps.len() > 15, "{} commands", steps.len());
    let mut wrong = String::new();
    for step in steps {
        let printed = run(&step.command, folder.path());
        let lines: Vec<&str> = printed.lines().collect();
        if !are_lines(&step.expected, &lines) {
            let Step {
                line,
                command,
                expected,
            } = step;
            let expected = expected.join("\n");
            wrong += &format!(
                "line {line}: $ {command}\nprinted:\n{printed}\nand the guide says:\n{expected}\n\n"
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // The picture in the guide is the one that the command draws.
    let drawn = fs::read_to_string(folder.path().join("letters.svg")).expect("it was drawn");
    let shown = fs::read_to_string(source.join("letters.svg")).expect("the guide shows it");
    if std::env::var_os("BLESS").is_some() {
        fs::write(source.join("letters.svg"), &drawn).expect("it can be written");
    } else {
        assert!(drawn == shown, "run this test with BLESS=1 to draw it anew");
    }
}

#[test]
fn lines_are_compared_as_the_guide_says() {
    assert!(is_line("All cycles: 680", "All cycles: 680"));
    assert!(!is_line("All cycles: 680", "All cycles: 6801"));
    assert!(is_line("Engine: native, [..]", "Engine: native, 3 s"));
    assert!(is_line("[..]a.c:7 in f()", "./a.c:7 in f()"));
    assert!(!is_line("[..]a.c:7 in f()", "./a.c:7 in f() or so"));
    let expected = ["...", "b", "..."].map(str::to_owned);
    assert!(are_lines(&expected, &["a", "b"]));
    assert!(!are_lines(&expected, &["a", "c"]));
    assert!(!are_lines(&[], &["a"]));
}
