//! Counting instructions by address and by function, with callgrind.
//!
//! The C library copies and clears with `rep movsb` and `rep stosb` where that is fast. Callgrind counts such an
//! instruction once for each byte, so the command is told to do without them.

use std::collections::BTreeMap;
use std::process::Command;

use crate::record::target_file;

/// Keeps the C library from `rep movsb` and `rep stosb`.
const PLAIN_COPIES: &str = "glibc.cpu.x86_rep_movsb_threshold=0x7fffffff:\
                            glibc.cpu.x86_rep_stosb_threshold=0x7fffffff";

/// What a run executed.
pub struct Counted {
    /// By address. Code of files is at its place in the file, code that was made at run time where it is.
    pub addresses: BTreeMap<u64, u64>,
    /// By function, callees left out: the names of its object and of it. Code that was made at run time has the
    /// object `???`.
    pub functions: BTreeMap<(String, String), u64>,
    /// All instructions.
    pub total: u64,
    /// What the program printed.
    pub output: String,
}

/// Runs a command under callgrind; with `function`, only what runs inside of functions with that in their name
/// counts. The command must succeed.
pub fn count(command: &Command, function: Option<&str>) -> Counted {
    let file = target_file(&format!("callgrind.{}.out", std::process::id()));
    let folder = file.parent().expect("a file is in a folder");
    std::fs::create_dir_all(folder).expect("the folder of benches can be made");
    let mut valgrind = Command::new("valgrind");
    valgrind.env("GLIBC_TUNABLES", PLAIN_COPIES);
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
    let _ = std::fs::remove_file(&file);
    let mut counted = read(&String::from_utf8_lossy(&text));
    counted.output = String::from_utf8_lossy(&output.stdout).into_owned();
    counted
}

/// Lines of an address, a line number and a count; the line behind `calls=` has what the callee took. The lines
/// `ob=` and `fn=` say whose instructions follow.
fn read(text: &str) -> Counted {
    let mut counted = Counted {
        addresses: BTreeMap::new(),
        functions: BTreeMap::new(),
        total: 0,
        output: String::new(),
    };
    let (mut object, mut function) = (String::new(), String::new());
    let mut called = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("ob=") {
            object = name.to_owned();
        } else if let Some(name) = line.strip_prefix("fn=") {
            function = name.to_owned();
        }
        if std::mem::replace(&mut called, line.starts_with("calls=")) {
            continue;
        }
        let mut words = line.split(' ');
        let at = words.next().and_then(|word| word.strip_prefix("0x"));
        let at = at.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let count = words.nth(1).and_then(|word| word.parse::<u64>().ok());
        if let Some((at, count)) = at.zip(count) {
            *counted.addresses.entry(at).or_default() += count;
            let name = (object.clone(), function.clone());
            *counted.functions.entry(name).or_default() += count;
            counted.total += count;
        }
    }
    counted
}
