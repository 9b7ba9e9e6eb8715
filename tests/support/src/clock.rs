//! CPU time: of this thread from its own clock, of another process from what the system says of it
//! after its end and before it is forgotten.
//!
//! Wall clock says little on a machine with other work.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU seconds of this thread so far.
pub fn thread_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// CPU seconds of a run of this program, its start included. It must end with 0.
pub fn child_seconds(program: &Path, argument: &str) -> f64 {
    let mut child = Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    // A process that has ended keeps its figures until it is waited for. Nanoseconds on a CPU are
    // the first number of `schedstat` (Linux, Documentation/scheduler/sched-stats.rst).
    let folder = Path::new("/proc").join(child.id().to_string());
    while !has_ended(&folder) {
        sleep(Duration::from_millis(1));
    }
    let seconds = used_seconds(&folder);
    let status = child.wait().expect("it can be waited for");
    assert!(status.success(), "{}: {status}", program.display());
    seconds
}

/// CPU seconds of a process of one thread, or of one that has ended and is not waited for yet, by its folder
/// in `/proc`.
pub fn used_seconds(folder: &Path) -> f64 {
    let text = fs::read_to_string(folder.join("schedstat")).expect("Linux shows the CPU time");
    let nanoseconds: f64 = text
        .split_whitespace()
        .next()
        .and_then(|number| number.parse().ok())
        .expect("schedstat begins with a number");
    nanoseconds / 1e9
}

/// Whether a process is a zombie: the letter behind its name in parentheses.
pub fn has_ended(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("stat")).expect("it is not waited for yet");
    let state = text.rsplit(')').next().unwrap_or_default().trim_start();
    state.starts_with('Z')
}
