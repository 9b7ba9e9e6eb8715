//! Translation in a helper process, as the node sees it: start, ask, wait, check, or do without.
//!
//! Each translation has a process of its own. The helper limits itself (`translate helper`), but
//! nothing here relies on that: the clock runs on this side, and what comes back is bounded in size and
//! is bytes of unknown origin until the strict reader accepts them and the key in them is the one that
//! was asked for. Whatever goes wrong ends the helper, and the reason is counted. Whether the code in a
//! well-formed module is right cannot be seen here; shadow checking finds that out.
//!
//! One thread does all of it. The pipes are sockets, which can be read without waiting, so that a child
//! of the helper that holds one open cannot make anybody wait.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockstep_contract::heat::Heat;
use lockstep_contract::key::Key;
use lockstep_contract::module::TrustedModule;
use lockstep_translator::{CodeRegion, Hints};

use super::outcome::HelperOutcome;
use crate::helper::{ANSWER_LIMIT, AnswerError, read_answer, request};

/// Bytes of a helper's standard error that are looked at.
const MAX_COMPLAINT_BYTES: usize = 4096;
/// Bytes that are read at a time.
const READ_BYTES: usize = 1 << 16;
/// How long to wait before it is looked at again: at first, and at most.
const FIRST_WAIT: Duration = Duration::from_micros(200);
const LONGEST_WAIT: Duration = Duration::from_millis(5);

/// A program that translates, and what it may use.
#[derive(Clone, Debug)]
pub(super) struct Helper {
    pub(super) program: PathBuf,
    /// Bytes.
    pub(super) memory: u64,
    /// That it may take by the clock, and as much of CPU time.
    pub(super) time: Duration,
}

/// Why a helper gave no module.
#[derive(Debug)]
pub(super) struct HelperError {
    pub(super) outcome: HelperOutcome,
    /// The system had no process or descriptor to give: neither the code nor the program is to blame.
    pub(super) passing: bool,
    reason: String,
}

impl HelperError {
    fn new(outcome: HelperOutcome, reason: impl ToString) -> HelperError {
        HelperError {
            outcome,
            passing: false,
            reason: reason.to_string(),
        }
    }

    /// The process could not be started.
    fn not_started(program: &Path, error: &io::Error) -> HelperError {
        let outcome = match error.kind() {
            ErrorKind::NotFound => HelperOutcome::Missing,
            _ => HelperOutcome::NotStarted,
        };
        HelperError {
            passing: is_shortage(error),
            ..HelperError::new(outcome, format!("{}: {error}", program.display()))
        }
    }
}

impl fmt::Display for HelperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the helper ({}): {}", self.outcome, self.reason)
    }
}

impl Helper {
    /// Lets a new process translate, for as long as its answer is `wanted`.
    #[allow(unsafe_code)]
    pub(super) fn translate(
        &self,
        key: &Key,
        region: &CodeRegion<'_>,
        hints: &Hints,
        heat: &Heat,
        wanted: &dyn Fn() -> bool,
    ) -> Result<TrustedModule, HelperError> {
        let mut running = Running::start(self)
            .map_err(|error| HelperError::not_started(&self.program, &error))?;
        let request = request(key, hints, heat, region);
        let (answer, status) = running.exchange(&request, self.time, wanted)?;
        if !status.success() {
            return Err(running.ended(status));
        }
        let module = read_answer(&answer, key, hints).map_err(|error| {
            let outcome = match error {
                AnswerError::Malformed(_) | AnswerError::Module(_) => HelperOutcome::Garbage,
                AnswerError::Other(_) => HelperOutcome::WrongKey,
                AnswerError::Refused(_) => HelperOutcome::Refused,
            };
            HelperError::new(outcome, error)
        })?;
        // SAFETY: the answer came over a socket that only the process just started has the other end
        // of, and that process ended well. It ran the program that the operator named as translator
        // (`EngineBuilder::helper` says what that means), and the module's key is the one asked for.
        Ok(unsafe { TrustedModule::assume_trusted(module) })
    }
}

/// A helper process at work, which is killed when this is dropped.
struct Running {
    child: Child,
    pipe: UnixStream,
    errors: UnixStream,
    complaint: Vec<u8>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended needs no more, and cannot be told so.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    fn start(helper: &Helper) -> io::Result<Running> {
        let (pipe, inner) = UnixStream::pair()?;
        let (errors, inner_errors) = UnixStream::pair()?;
        pipe.set_nonblocking(true)?;
        errors.set_nonblocking(true)?;
        let input = OwnedFd::from(inner.try_clone()?);
        let seconds = helper.time.as_secs().max(1);
        let child = Command::new(&helper.program)
            .arg("helper")
            .args(["--memory", &helper.memory.to_string()])
            .args(["--seconds", &seconds.to_string()])
            // It needs none of the node's.
            .env_clear()
            .current_dir(Path::new("/"))
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(OwnedFd::from(inner)))
            .stderr(Stdio::from(OwnedFd::from(inner_errors)))
            .spawn()?;
        Ok(Running {
            child,
            pipe,
            errors,
            complaint: Vec::new(),
        })
    }

    /// Writes the request and reads the answer to its end.
    fn exchange(
        &mut self,
        request: &[u8],
        time: Duration,
        wanted: &dyn Fn() -> bool,
    ) -> Result<(Vec<u8>, ExitStatus), HelperError> {
        let started = Instant::now();
        let (mut unsent, mut answer, mut wait) = (request, Vec::new(), FIRST_WAIT);
        loop {
            let before = (unsent.len(), answer.len());
            self.send(&mut unsent);
            // Looked at first, so that all that an ended process wrote is there to be read.
            let status = self.child.try_wait();
            let status = status.map_err(|error| HelperError::new(HelperOutcome::Died, error))?;
            let room = ANSWER_LIMIT + 1 - answer.len();
            let read = drain(&mut self.pipe, &mut answer, room);
            let room = MAX_COMPLAINT_BYTES - self.complaint.len();
            // What does not fit stays where it is; a helper that complains on blocks, and is late.
            let _ = drain(&mut self.errors, &mut self.complaint, room);
            if answer.len() > ANSWER_LIMIT {
                let reason = format!("its answer has more than {ANSWER_LIMIT:#x} bytes");
                return Err(HelperError::new(HelperOutcome::Garbage, reason));
            }
            if let Some(status) = status {
                return Ok((answer, status));
            }
            read.map_err(|error| HelperError::new(HelperOutcome::Died, error))?;
            if started.elapsed() > time {
                let reason = format!("no answer within {} s", time.as_secs_f64());
                return Err(HelperError::new(HelperOutcome::Hung, reason));
            }
            if !wanted() {
                let reason = "nobody waits for it any more";
                return Err(HelperError::new(HelperOutcome::Stopped, reason));
            }
            wait = match before == (unsent.len(), answer.len()) {
                true => (wait * 2).min(LONGEST_WAIT),
                false => FIRST_WAIT,
            };
            sleep(wait);
        }
    }

    /// Sends what it takes; at the end it is told that there is no more. A helper that does not want
    /// it may still have something to say.
    fn send(&mut self, unsent: &mut &[u8]) {
        while !unsent.is_empty() {
            match self.pipe.write(unsent) {
                Ok(count) => *unsent = &unsent[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => *unsent = &[],
            }
            if unsent.is_empty() {
                let _ = self.pipe.shutdown(std::net::Shutdown::Write);
            }
        }
    }

    /// Why it ended otherwise than well.
    fn ended(&self, status: ExitStatus) -> HelperError {
        let complaint = String::from_utf8_lossy(&self.complaint);
        let complaint = complaint.trim().escape_debug().to_string();
        // The numbers are those of Linux and the BSDs: SIGABRT, SIGKILL, SIGXCPU.
        let outcome = match status.signal() {
            // What the standard library says before it ends the process.
            Some(6) if complaint.contains("memory allocation of") => HelperOutcome::Memory,
            Some(9) => HelperOutcome::Killed,
            Some(24) => HelperOutcome::Cpu,
            _ => HelperOutcome::Died,
        };
        HelperError::new(outcome, format!("{status}: {complaint}"))
    }
}

/// Whether an error says that the system, or this process's share of it, has no more processes, memory
/// or descriptors.
fn is_shortage(error: &io::Error) -> bool {
    // ENFILE and EMFILE, which have no kind of their own; the numbers are those of Linux and the BSDs.
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::OutOfMemory)
        || matches!(error.raw_os_error(), Some(23 | 24))
}

/// Reads what is there, so much at most, without waiting for more.
fn drain(from: &mut UnixStream, into: &mut Vec<u8>, room: usize) -> io::Result<()> {
    let mut left = room;
    let mut piece = vec![0; READ_BYTES];
    while left > 0 {
        let count = left.min(READ_BYTES);
        match from.read(&mut piece[..count]) {
            Ok(0) => break,
            Ok(count) => {
                into.extend_from_slice(&piece[..count]);
                left -= count;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The other end was closed with something unread in it.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
