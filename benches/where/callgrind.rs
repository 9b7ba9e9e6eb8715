//! Counting instructions by address, with callgrind.

use std::collections::BTreeMap;
use std::process::Command;

/// What a run executed.
pub(crate) struct Counted {
    /// By address. Code of files is at its place in the file, code that was made at run time where it is.
    pub(crate) addresses: BTreeMap<u64, u64>,
    pub(crate) total: u64,
    /// What the program printed.
    pub(crate) output: String,
}

/// Runs a command under callgrind; with `function`, only what runs inside of functions with that in their name
/// counts. The command must succeed.
pub(crate) fn count(command: &Command, function: Option<&str>) -> Counted {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("callgrind.out");
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--tool=callgrind",
        "--dump-instr=yes",
        "--compress-pos=no",
        "--compress-strings=no",
    ]);
    valgrind.arg(format!("--callgrind-out-file={}", file.display()));
    if let Some(function) = function {
        valgrind.arg(format!("--toggle-collect=*{function}*"));
    }
    valgrind.arg(command.get_program()).args(command.get_args());
    let output = match valgrind.output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("valgrind cannot be started ({error}): apt-get install valgrind");
            std::process::exit(69);
        }
    };
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = std::fs::read(&file).expect("callgrind wrote its file");
    let addresses = read(&String::from_utf8_lossy(&text));
    Counted {
        total: addresses.values().sum(),
        addresses,
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
    }
}

/// Lines of an address, a line number and a count; the line behind `calls=` has what the callee took.
fn read(text: &str) -> BTreeMap<u64, u64> {
    let mut addresses = BTreeMap::new();
    let mut called = false;
    for line in text.lines() {
        if std::mem::replace(&mut called, line.starts_with("calls=")) {
            continue;
        }
        let mut words = line.split(' ');
        let at = words.next().and_then(|word| word.strip_prefix("0x"));
        let at = at.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let count = words.nth(1).and_then(|word| word.parse::<u64>().ok());
        if let Some((at, count)) = at.zip(count) {
            *addresses.entry(at).or_default() += count;
        }
    }
    addresses
}
