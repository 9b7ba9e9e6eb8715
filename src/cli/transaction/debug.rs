//! A process of a script under gdb. The other processes run as ever.
//!
//! The process is found when a program is loaded for it, also by exec. `ckb-script` puts processes aside where many are
//! alive; one that it takes back is under gdb again from its next system call on.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ckb_script::types::VmId;
use ckb_vm::{Error, Syscalls};
use lockstep::ckb::{Driver, NativeCore};
use lockstep::transaction::{MoreCalls, Processes};
use lockstep_runtime::{Environment, Event, Runner, Trap};

use super::super::failure::Failure;
use super::super::gdb::Debugger;
use super::super::guest;

/// A session with gdb that the machines of one process share.
#[derive(Clone)]
pub(super) struct Debug {
    debugger: Arc<Mutex<Debugger>>,
    process: VmId,
    /// The ELF of the option.
    symbols: Option<Arc<[u8]>>,
}

impl Debug {
    /// Waits for gdb. `symbols` is an ELF with the symbols of the process.
    pub(super) fn wait(
        place: &str,
        process: VmId,
        symbols: Option<&Path>,
    ) -> Result<Debug, Failure> {
        let symbols = symbols.map(guest::read).transpose()?;
        Ok(Debug {
            debugger: Arc::new(Mutex::new(Debugger::wait(place)?)),
            process,
            symbols: symbols.map(Into::into),
        })
    }

    /// The calls of `more`, and gdb for the process.
    pub(super) fn behind(
        &self,
        more: MoreCalls<NativeCore>,
        watched: &Processes,
    ) -> MoreCalls<NativeCore> {
        let (debug, watched) = (self.clone(), watched.clone());
        Arc::new(move |id, group, context| {
            let mut calls = more(id, group, context);
            if *id == debug.process {
                let (debug, watched) = (debug.clone(), watched.clone());
                calls.insert(0, Box::new(Attach { debug, watched }));
            }
            calls
        })
    }

    /// The end of the session.
    pub(super) fn close(&self) -> Result<(), Failure> {
        self.debugger().close()
    }

    fn debugger(&self) -> MutexGuard<'_, Debugger> {
        self.debugger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Driver for Debug {
    fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
        self.debugger().advance(guest, env)
    }
}

/// Puts the machines of the process under gdb.
struct Attach {
    debug: Debug,
    watched: Processes,
}

impl Attach {
    fn attach(&self, machine: &mut NativeCore) {
        if machine.has_driver() {
            return;
        }
        let elf = match &self.debug.symbols {
            Some(symbols) => symbols.to_vec(),
            None => {
                let processes = self.watched.list();
                let process = processes.iter().find(|one| one.id == self.debug.process);
                let program = process.and_then(|process| process.programs.last());
                program
                    .map(|program| program.elf.to_vec())
                    .unwrap_or_default()
            }
        };
        self.debug.debugger().set_symbols(elf);
        machine.set_driver(Box::new(self.debug.clone()));
    }
}

impl Syscalls<NativeCore> for Attach {
    fn initialize(&mut self, machine: &mut NativeCore) -> Result<(), Error> {
        self.attach(machine);
        Ok(())
    }

    fn ecall(&mut self, machine: &mut NativeCore) -> Result<bool, Error> {
        self.attach(machine);
        Ok(false)
    }
}
