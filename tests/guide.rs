//! The guide for script authors: every command in it is run, in the order of the page, and prints what the page says.
//!
//! A block of the kind `console` has commands behind `$ `, and what each prints. In that, `[..]` stands for anything in a
//! line, and `...` alone for any lines. The commands run in a copy of the guide's folder. They need clang, lld, gdb, lcov and
//! Chromium, which `cargo xtask test` installs; without them the test fails. With `BLESS` the pictures are made anew.

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
    pictures_are_those_of_the_commands(&source, folder.path());
}

/// The flame graph is compared, the picture of the browser is only made: fonts differ. With `BLESS` both are written.
fn pictures_are_those_of_the_commands(source: &Path, folder: &Path) {
    let graph = fs::read_to_string(folder.join("letters.svg")).expect("it was drawn");
    let seen = photographed(folder);
    if std::env::var_os("BLESS").is_some() {
        fs::write(source.join("letters.svg"), &graph).expect("it can be written");
        fs::write(source.join("explore.png"), &seen).expect("it can be written");
    }
    let shown = fs::read_to_string(source.join("letters.svg")).expect("the guide shows it");
    assert!(
        graph == shown,
        "run this test with BLESS=1 to draw letters.svg anew"
    );
    let shown = fs::read(source.join("explore.png")).expect("the guide shows it");
    assert_eq!(
        shown.get(..SIZE_END),
        seen.get(..SIZE_END),
        "explore.png is of another size"
    );
}

/// Clicks the last instruction that stores in the hottest function.
const CLICK: &str = "
document.querySelector('nav button[title^=\"count \"]').click();
[...document.querySelectorAll('#guest .row')].findLast((row) => row.textContent.includes('sw a0')).click();
";

/// Bytes of a PNG up to the end of its width and height.
const SIZE_END: usize = 24;

/// The page of `translate explore` in a browser, as a PNG.
fn photographed(folder: &Path) -> Vec<u8> {
    let page = fs::read_to_string(folder.join("letters.html")).expect("the page was written");
    let page = page.replace("</body>", &format!("<script>{CLICK}</script></body>"));
    fs::write(folder.join("clicked.html"), page).expect("it can be written");
    let opened = browse(folder, "--dump-dom");
    assert!(opened.contains("class=\"row lit\""), "nothing is lit");
    let picture = folder.join("clicked.png");
    browse(folder, &format!("--screenshot={}", picture.display()));
    fs::read(&picture).expect("the browser wrote it")
}

/// Opens the page in a browser without a window. What that prints.
fn browse(folder: &Path, what: &str) -> String {
    let profile = folder.join("browser");
    let browser = Command::new("timeout")
        .args(["60", "chromium", "--headless", "--no-sandbox"])
        .args(["--disable-gpu", "--hide-scrollbars", what])
        .arg("--window-size=1280,600")
        .arg(format!("--user-data-dir={}", profile.display()))
        .arg(format!("file://{}", folder.join("clicked.html").display()))
        .output()
        .expect("timeout is there");
    assert!(
        browser.status.success(),
        "cargo xtask test installs chromium: {}",
        String::from_utf8_lossy(&browser.stderr)
    );
    String::from_utf8_lossy(&browser.stdout).into_owned()
}

/// What a page links to in the repository is there.
#[test]
fn links_of_the_guide_lead_somewhere() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let page = fs::read_to_string(source.join("README.md")).expect("the guide is there");
    let links = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let mut checked = 0;
    for link in links {
        assert!(source.join(link).exists(), "{link}");
        checked += 1;
    }
    assert!(checked > 5, "{checked}");
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
