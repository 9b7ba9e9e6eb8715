//! The line that says that a guest still runs: on standard error, only on a terminal, and only after a second.

use std::io::{IsTerminal, stderr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::stderr;

/// Shorter runs show nothing; the line changes as often.
const PERIOD: Duration = Duration::from_secs(1);

/// Shows the line until it is dropped.
pub(crate) struct Running {
    shower: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Running {
    /// The guest starts. The limit is told where there is one.
    pub(crate) fn new(max_cycles: u64) -> Running {
        if !stderr().is_terminal() {
            return Running { shower: None };
        }
        let (stop, stopped) = channel();
        let started = Instant::now();
        let limit = match max_cycles {
            u64::MAX => "without a limit of cycles".to_owned(),
            limit => format!("at most {limit} cycles"),
        };
        let show = move || {
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                let seconds = started.elapsed().as_secs();
                stderr::show_status(format_args!(
                    "the guest runs: {seconds} s, {limit}; Ctrl-C ends it"
                ));
            }
            stderr::clear_status();
        };
        // Without a thread there is no line, and nothing else changes.
        let thread = thread::Builder::new()
            .name("running".to_owned())
            .spawn(show);
        Running {
            shower: thread.ok().map(|thread| (stop, thread)),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.shower.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}
