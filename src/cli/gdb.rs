//! `translate run --gdb`: a guest under gdb, forwards and backwards.
//!
//! The debugger stands where a host runs its guest until there is a system call: [`Debugger::advance`] does what
//! [`Runner::advance`] does, and talks with gdb meanwhile. The interpreter runs the guest. A session that changes
//! nothing has the result and the cycles of a plain run, because a trace that was begun is finished in any case.
//! After gdb has gone, the guest runs as without it.

use gdbstub::common::Signal;
use gdbstub::stub::state_machine::GdbStubStateMachine;
use gdbstub::stub::{DisconnectReason, GdbStub, GdbStubError};
use lockstep_isa::{Cost, Profile, Reg, Version};
use lockstep_runtime::{Core, CostTable, Environment, Event, Outcome, Runner, SetupError, Trap};

use super::failure::Failure;
use super::syscall_names::EXIT;
use super::{code, stderr};
use connection::Client;
use guest::{Guest, Reason, Went};

pub(super) mod alone;
mod arch;
mod connection;
mod guest;
mod history;
mod monitor;
mod target;
mod walker;

/// Bytes of the memory of the guest that stands in for one that its host has.
const STAND_IN_BYTES: usize = 4096;

type Session = GdbStubStateMachine<'static, Guest, Client>;

/// A session with gdb.
pub(super) struct Debugger {
    /// None where gdb is gone.
    session: Option<Session>,
    guest: Guest,
    /// What ended the session, where that is an error.
    failure: Option<Failure>,
}

/// What a session came to.
enum Came {
    /// The host has to do something, or the guest failed.
    To(Result<Event, Trap>),
    /// The client wants no more; the guest goes on.
    Detached,
    /// The client wants no more, nor does the guest go on.
    Over,
}

impl Debugger {
    /// Waits for gdb. `core` is a guest of the kind that comes, `elf` has its symbols.
    pub(super) fn wait(place: &str) -> Result<Debugger, Failure> {
        let stand_in = Core::new(Profile::of(Version::V2), STAND_IN_BYTES, 0);
        let stand_in = stand_in.map_err(|error: SetupError| {
            let message = format!("there is no memory to debug: {error}");
            Failure::new(code::FILE, "NoMemory", message)
        })?;
        let mut guest = Guest::new(Runner::new(stand_in), CostTable::from(Cost::Estimate));
        let client = Client::wait(place)?;
        let session = GdbStub::new(client).run_state_machine(&mut guest);
        let session = session.map_err(|error| broken(&error))?;
        Ok(Debugger {
            session: Some(session),
            guest,
            failure: None,
        })
    }

    /// The ELF with the symbols of the guest.
    pub(super) fn set_symbols(&mut self, elf: Vec<u8>) {
        self.guest.elf = elf;
    }

    /// Runs the guest until its host has something to do, as gdb wants it. `Paused`: gdb ended the run.
    ///
    /// # Errors
    /// Whatever stops the guest.
    pub(super) fn advance(
        &mut self,
        runner: &mut Runner,
        env: &Environment<'_>,
    ) -> Result<Event, Trap> {
        if self.session.is_none() {
            return runner.advance(env);
        }
        std::mem::swap(runner, &mut self.guest.runner);
        if self.guest.cost != *env.cost {
            self.guest.cost = env.cost.clone();
        }
        self.guest.enter();
        let mut came = self.serve(None);
        if matches!(came, Came::Detached) {
            came = self.guest.finish().map_or(Came::Detached, Came::To);
        }
        std::mem::swap(runner, &mut self.guest.runner);
        match came {
            Came::To(result) => {
                let core = runner.core();
                if result == Ok(Event::Ecall) && core.register(Reg::A7) == EXIT {
                    self.report(Reason::Exited(core.register(Reg::A0) as u8));
                }
                result
            }
            Came::Detached => runner.advance(env),
            Came::Over => Ok(Event::Paused),
        }
    }

    /// Tells gdb of a failure that it was not told of.
    ///
    /// # Errors
    /// The session ended with an error of its own.
    pub(super) fn end(
        mut self,
        runner: &mut Runner,
        result: &Result<Outcome, Trap>,
    ) -> Result<(), Failure> {
        if self.session.is_some() {
            std::mem::swap(runner, &mut self.guest.runner);
            match result {
                Ok(_) => {}
                // What a handler of the host refused. Other failures were told.
                Err(trap) if self.guest.failed.is_none() => {
                    self.guest.enter();
                    self.serve(Some(trap.clone()));
                }
                Err(_) => {}
            }
            std::mem::swap(runner, &mut self.guest.runner);
        }
        self.close()
    }

    /// The end of a session whose guest is gone.
    ///
    /// # Errors
    /// The session ended with an error of its own.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        self.report(Reason::Terminated(Signal::SIGABRT));
        if self.guest.is_changed {
            stderr::note("gdb changed the guest, so this is not the result of a plain run");
        }
        self.failure.take().map_or(Ok(()), Err)
    }

    /// Tells why the guest stopped, if it runs.
    fn report(&mut self, reason: Reason) {
        if let Some(GdbStubStateMachine::Running(running)) = self.session.take() {
            let _ = running.report_stop(&mut self.guest, reason);
        }
    }

    /// Serves the client until the host has to do something. A failure of the host is told first.
    fn serve(&mut self, mut failed: Option<Trap>) -> Came {
        while let Some(session) = self.session.take() {
            let next = match session {
                GdbStubStateMachine::Idle(mut idle) => match idle.borrow_conn().read() {
                    None => return self.gone(),
                    Some(byte) => idle.incoming_data(&mut self.guest, byte),
                },
                GdbStubStateMachine::Running(mut running) => {
                    if running.borrow_conn().is_ready() {
                        match running.borrow_conn().read() {
                            None => return self.gone(),
                            Some(byte) => running.incoming_data(&mut self.guest, byte),
                        }
                    } else {
                        let went = match failed.take() {
                            Some(trap) => self.guest.fail(trap),
                            None => self.guest.go(&mut || running.borrow_conn().is_ready()),
                        };
                        match went {
                            Went::Interrupted => Ok(running.into()),
                            Went::Host(event) => {
                                self.session = Some(running.into());
                                return Came::To(Ok(event));
                            }
                            Went::Stop(reason, text) => {
                                if let Some(text) = text {
                                    running.borrow_conn().show(&text);
                                }
                                running.report_stop(&mut self.guest, reason)
                            }
                            Went::Dies(signal, trap) => {
                                let reason = Reason::Terminated(signal);
                                let _ = running.report_stop(&mut self.guest, reason);
                                return Came::To(Err(trap));
                            }
                        }
                    }
                }
                GdbStubStateMachine::CtrlCInterrupt(interrupted) => {
                    let reason = Some(Reason::Signal(Signal::SIGINT));
                    interrupted.interrupt_handled(&mut self.guest, reason)
                }
                GdbStubStateMachine::Disconnected(over) => {
                    return match over.get_reason() {
                        DisconnectReason::Disconnect => Came::Detached,
                        _ => Came::Over,
                    };
                }
            };
            match next {
                Ok(next) => self.session = Some(next),
                Err(error) => {
                    self.failure = Some(broken(&error));
                    return Came::Over;
                }
            }
        }
        Came::Over
    }

    /// The client went without a word.
    fn gone(&self) -> Came {
        stderr::note("gdb is gone without detach, so the guest is ended");
        Came::Over
    }
}

/// The client does not speak the protocol, or the way to it failed.
fn broken(error: &GdbStubError<std::convert::Infallible, std::io::Error>) -> Failure {
    let message = format!("the session with gdb ended: {error}");
    Failure::new(code::DATA, "GdbProtocol", message)
}
