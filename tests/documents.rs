//! What the documents say of settings: every variable that the product reads stands once in the
//! table of `docs/node.md`, every one that only tests read once in that of `CONTRIBUTING.md`. The
//! table of `docs/node.md` is the list of settings that the code has, with their defaults.
//!
//! And which files have unsafe code, and which parse bytes as a module.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lockstep::engine::SETTINGS;

const PREFIX: &str = "LOCKSTEP_";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The variables that a text names.
fn variables(text: &str) -> Vec<String> {
    let parts = text.split(PREFIX).skip(1);
    let name = |part: &str| {
        let is_of_it = |c: char| c.is_ascii_uppercase() || c == '_';
        let end = part.find(|c| !is_of_it(c)).unwrap_or(part.len());
        format!("{PREFIX}{}", &part[..end])
    };
    // The prefix alone names none.
    parts.map(name).filter(|name| name != PREFIX).collect()
}

/// Those that the Rust files below a folder name.
fn read_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            // Not what is built of them.
            if !path.ends_with("target") {
                read_below(&path, found);
            }
        } else if path.extension().is_some_and(|name| name == "rs") {
            let text = fs::read_to_string(&path).expect("source is text");
            found.extend(variables(&text));
        }
    }
}

fn read(folders: &[&str]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for folder in folders {
        read_below(&root().join(folder), &mut found);
    }
    found
}

/// The variables in the first column of a document's tables; not where values stand behind them, for
/// which something was measured.
fn documented(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).expect("the document is there");
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let mut names: Vec<String> = rows
        .filter_map(|row| row.split('|').nth(1))
        .filter(|cell| !cell.contains('='))
        .flat_map(variables)
        .collect();
    names.sort();
    names
}

#[test]
fn every_variable_is_documented_once() {
    let product = read(&[
        "src",
        "cache/src",
        "runtime/src",
        "translator/src",
        "contract/src",
        "isa/src",
    ]);
    let tests = read(&["tests", "benches", "examples", "xtask/src", "fuzz"]);
    let tests: Vec<String> = tests.difference(&product).cloned().collect();
    assert!(
        product.len() > 8 && tests.len() > 5,
        "{product:?}, {tests:?}"
    );
    assert_eq!(documented("CONTRIBUTING.md"), tests);
    let product: Vec<String> = product.into_iter().collect();
    assert_eq!(documented("docs/node.md"), product);
}

/// The files behind `unsafe` in the list of a document, up to the end of the paragraph.
fn listed_unsafe(document: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(document)).expect("the document is there");
    let (_, list) = (text.split_once("`unsafe` stands in these files only:"))
        .unwrap_or_else(|| panic!("{document} has no list of files with unsafe code"));
    let end = ["\n\n", "\n- "]
        .iter()
        .filter_map(|end| list.find(end))
        .min();
    let names = list[..end.unwrap_or(list.len())]
        .split('`')
        .skip(1)
        .step_by(2);
    names.map(str::to_owned).collect()
}

/// The packages of the product.
const PACKAGES: [&str; 7] = [
    "isa",
    "contract",
    "translator",
    "runtime",
    "cache",
    "source-digest",
    ".",
];

/// The files of the product in which a line of code meets a condition, but for tests of a package.
fn files_with(condition: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for package in PACKAGES {
        files_below(&root().join(package).join("src"), condition, &mut found);
    }
    (found.iter())
        .map(|name| name.trim_start_matches("./").to_owned())
        .collect()
}

fn files_below(folder: &Path, condition: &dyn Fn(&str) -> bool, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.strip_prefix(root()).expect("it is below").to_owned();
        if path.is_dir() {
            files_below(&path, condition, found);
        } else if name.extension().is_some_and(|ending| ending == "rs")
            && !name.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).expect("source is text");
            let mut code = text
                .lines()
                .map(str::trim_start)
                .filter(|line| !line.starts_with("//"));
            if code.any(condition) {
                found.insert(name.to_string_lossy().replace('\\', "/"));
            }
        }
    }
}

#[test]
fn the_lists_of_files_with_unsafe_code_are_true() {
    let is_unsafe = |line: &str| {
        line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .any(|word| word == "unsafe")
    };
    let found = files_with(&is_unsafe);
    for document in ["ARCHITECTURE.md", "docs/security.md"] {
        assert_eq!(listed_unsafe(document), found, "{document}");
    }
}

/// Bytes that nobody authenticated are parsed as a module in no other place: the authority parses after it
/// authenticated, the answer of a helper is compared with what was asked for, and whoever calls `load` gives
/// his word.
#[test]
fn bytes_are_parsed_as_a_module_only_where_that_is_allowed() {
    let found =
        files_with(&|line| line.contains("Module::read") || line.contains("read_as_module"));
    let allowed = [
        "cache/src/authority.rs",
        "contract/src/module/read.rs",
        "src/helper.rs",
        "src/load.rs",
    ];
    assert_eq!(found, allowed.map(str::to_owned).into());
}

#[test]
fn the_table_of_settings_is_the_list_in_the_code() {
    let text = fs::read_to_string(root().join("docs/node.md")).expect("the document is there");
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let cells = |row: &str| -> Vec<String> {
        let cells = row.split('|').map(|cell| cell.trim().to_owned());
        cells.skip(1).take(3).collect()
    };
    // Behind the heading and its line, as long as methods are named.
    let table: Vec<Vec<String>> = rows
        .map(cells)
        .skip_while(|cells| cells[..] != ["Variable", "Method", "Default"])
        .skip(2)
        .take_while(|cells| cells.get(1).is_some_and(|method| method != "—"))
        .collect();
    let code = SETTINGS.iter().map(|setting| {
        let variable = setting.variable.map(|name| format!("`{name}`"));
        vec![
            variable.unwrap_or("—".to_owned()),
            format!("`{}`", setting.setter),
            setting.default.to_owned(),
        ]
    });
    assert_eq!(table, code.collect::<Vec<_>>());
}

/// What follows from a backslash at the end of a line in a string: the line goes on behind the next one's indent.
fn with_joined_lines(source: &str) -> String {
    let mut joined = String::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        let mut line = line.to_owned();
        while let Some(start) = line.strip_suffix('\\') {
            line = start.to_owned() + lines.next().map_or("", str::trim_start);
        }
        joined += &line;
        joined.push('\n');
    }
    joined
}

#[test]
fn messages_of_the_table_are_in_the_sources() {
    let mut sources = String::new();
    let mut folders = ["src", "cache/src", "runtime/src"]
        .map(|name| root().join(name))
        .to_vec();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|name| name == "rs") {
                sources += &with_joined_lines(&fs::read_to_string(&path).expect("source is text"));
            }
        }
    }
    let text = fs::read_to_string(root().join("docs/messages.md")).expect("the document is there");
    let rows = text.lines().filter(|line| {
        let level = line.split('|').nth(1).map(str::trim);
        matches!(level, Some("info" | "warn" | "error"))
    });
    let mut checked = 0;
    for row in rows {
        let message = row.split('|').nth(2).expect("a column");
        // What stands in code is said so, but for the marks that join a reason to it.
        let parts = message.split('`').skip(1).step_by(2);
        let parts: Vec<&str> = parts
            .map(|part| part.trim_start_matches([';', ' ']))
            .collect();
        for part in parts.iter().filter(|part| part.len() > 3) {
            assert!(sources.contains(part), "nothing says {part:?}: {row}");
            checked += 1;
        }
        assert!(
            parts.iter().any(|part| part.len() > 10),
            "no message: {row}"
        );
    }
    assert!(checked > 30, "{checked}");
}
