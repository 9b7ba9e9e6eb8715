//! `translate run --tx-file`: runs a script of a transaction in a file, as `ckb-debugger` does, and
//! says what came of it.
//!
//! What runs the script is `ckb-script`, on `NativeMachine` with the engine of the options; what is
//! here is from the options there and from the result to the answer. Cycles are those that a node
//! counts: loading and system calls are in them.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ckb_script::ROOT_VM_ID;
use ckb_script::types::{DebugPrinter, VmId};
use ckb_types::packed::Byte32;
use ckb_vm::{CoreMachine, DefaultMachineRunner};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, counters, with_engine};
use lockstep::engine::{Mode, Stats, Translate};
use lockstep::transaction::{Host, Process, Processes};

use super::answer::Answer;
use super::failure::Failure;
use super::host_calls::HostCalls;
use super::running::Running;
use super::script::{Chosen, Loaded};
use super::{check, code, guest, stderr};

mod debug;
mod fault;
mod processes;
mod report;

use report::{Answers, Left, Ran, Report, Told};

/// Scripts to run.
pub(super) struct Request<'a> {
    pub(super) loaded: &'a Loaded,
    /// The process whose end is told.
    pub(super) process: VmId,
    pub(super) max_cycles: u64,
    pub(super) mode: Mode,
    /// Run again in the interpreter.
    pub(super) compare: bool,
    /// What scripts may ask of the host beside the calls of the chain.
    pub(super) host: Option<HostCalls>,
    pub(super) cache: &'a super::args::CacheOptions,
    pub(super) bundle: Option<&'a Path>,
    /// An ELF with the symbols of the process.
    pub(super) symbols: Option<&'a Path>,
    /// Where gdb comes from.
    pub(super) gdb: Option<&'a str>,
}

impl Request<'_> {
    pub(super) fn execute(&self, json: bool) -> Result<Answer, Failure> {
        let mut builder = guest::engine(self.cache, self.mode)?;
        if self.mode == Mode::Check {
            let files = self.loaded.files();
            builder = check::engine(builder, self.bundle, self.cache, files);
        }
        let engine = Arc::new(builder.build());
        if let Some(symbols) = self.symbols {
            engine.add_symbols(&guest::read(symbols)?);
        }
        let mut answers = Answers::default();
        for script in &self.loaded.scripts {
            // As in a transaction: each has what those before it left.
            let limit = self.max_cycles.saturating_sub(answers.cycles);
            answers.push(self.script(script, limit, &engine)?);
        }
        match self.loaded.all {
            true => Ok(answers.all(json)),
            false => answers.one(json),
        }
    }

    /// Runs one script.
    fn script(&self, script: &Chosen, limit: u64, engine: &Arc<Engine>) -> Result<Told, Failure> {
        if let Some(place) = self.gdb {
            let debug = debug::Debug::wait(place, self.process, self.symbols)?;
            let ran = self.run_with(script, engine, printer(), limit, Some(&debug))?;
            debug.close()?;
            return self.told(script, engine, &ran, None);
        }
        if matches!(self.mode, Mode::Auto | Mode::Native) && self.host.is_none() {
            // Modules are loaded and made in the first run; the second one's time is the script's.
            self.run(script, engine, silent(), limit)?;
        }
        let ran = self.run(script, engine, printer(), limit)?;
        self.loaded.warn_unless_bin_ran(&ran.processes);
        if self.mode != Mode::Check {
            check::shadow(engine)?;
        }
        if self.mode == Mode::Native {
            must_be_native(&ran, &engine.stats())?;
        }
        let mut interp_seconds = None;
        if self.compare {
            let interpreter = guest::engine(self.cache, Mode::Interp)?.build();
            let again = self.run(script, &Arc::new(interpreter), printer(), limit)?;
            same(&ran, &again)?;
            interp_seconds = Some(again.seconds);
        }
        self.told(script, engine, &ran, interp_seconds)
    }

    /// What is told of a run.
    fn told(
        &self,
        script: &Chosen,
        engine: &Arc<Engine>,
        ran: &Ran,
        interp_seconds: Option<f64>,
    ) -> Result<Told, Failure> {
        let found = engine.divergences().pop();
        // It must not read and write files again.
        let again = |limit| self.run(script, engine, silent(), limit);
        let again = self.host.is_none().then_some(again);
        let site = fault::explain(ran, again, |id| self.symbols(ran, id))?;
        let report = Report {
            fault: site.as_ref(),
            script: script.name,
            script_hash: format!("{:#x}", script.hash),
            mode: self.mode,
            ran,
            interp_seconds,
            found: found.as_ref(),
        };
        report.tell()
    }

    /// The ELF that names the functions of a process: the one of the option, for the process that it is about and those
    /// that run the same program; else the code that the process runs.
    fn symbols(&self, ran: &Ran, process: VmId) -> Result<Vec<u8>, Failure> {
        let elf = ran.elf(process);
        match self.symbols {
            Some(file) if process == self.process || elf == ran.elf(self.process) => {
                guest::read(file)
            }
            _ => Ok(elf.unwrap_or_default()),
        }
    }

    /// Runs a script with an engine, and with this limit of cycles.
    fn run(
        &self,
        script: &Chosen,
        engine: &Arc<Engine>,
        printer: DebugPrinter,
        max_cycles: u64,
    ) -> Result<Ran, Failure> {
        self.run_with(script, engine, printer, max_cycles, None)
    }

    /// The same, perhaps with a process under gdb.
    fn run_with(
        &self,
        script: &Chosen,
        engine: &Arc<Engine>,
        printer: DebugPrinter,
        max_cycles: u64,
        debug: Option<&debug::Debug>,
    ) -> Result<Ran, Failure> {
        let watched = Processes::default();
        let mut more = match &self.host {
            Some(calls) => calls.behind(watched.observer()),
            None => watched.observer(),
        };
        if let Some(debug) = debug {
            more = debug.behind(more, &watched);
        }
        let host = Host::new(printer).with(more);
        let (mut left, mut elapsed, mut copies) = (None, None, Vec::new());
        let (before, started) = (counters(), Instant::now());
        let translated = engine.stats().translate_seconds;
        let running = Running::new(max_cycles);
        let run = with_engine(Arc::clone(engine), || {
            let look = |scheduler: &mut fault::Scheduler| {
                elapsed = Some(started.elapsed());
                let look = |machine: &mut NativeMachine| Ok(Some(look_at(machine)));
                let peeked = scheduler.peek(&self.process, look, |_, _| Ok(None));
                left = peeked.ok().flatten();
                copies = fault::processes(scheduler);
            };
            (self.loaded).run::<NativeMachine>(script, host, max_cycles, look)
        });
        let (after, elapsed) = (counters(), elapsed.unwrap_or_else(|| started.elapsed()));
        drop(running);
        let run = run?;
        let processes = watched.list();
        self.process_is_there(&processes)?;
        Ok(Ran {
            run,
            left,
            copies,
            processes,
            charged: after.charged_cycles - before.charged_cycles,
            native: after.native_cycles - before.native_cycles,
            translate_seconds: engine.stats().translate_seconds - translated,
            seconds: elapsed.as_secs_f64(),
        })
    }

    /// The process of the option is one of the script's.
    fn process_is_there(&self, processes: &[Process]) -> Result<(), Failure> {
        let there = processes.iter().any(|process| process.id == self.process);
        if there || self.process == ROOT_VM_ID {
            return Ok(());
        }
        let ids: Vec<String> = processes
            .iter()
            .map(|process| process.id.to_string())
            .collect();
        Err(Failure::usage(format!(
            "--vm-id {}: the script has the processes {}",
            self.process,
            ids.join(", ")
        )))
    }
}

/// Nobody reads what a script prints.
fn silent() -> DebugPrinter {
    Arc::new(|_: &Byte32, _: &str| {})
}

/// What scripts print goes to standard error.
fn printer() -> DebugPrinter {
    Arc::new(|_: &Byte32, message: &str| stderr::print(message.as_bytes()))
}

fn look_at(machine: &mut NativeMachine) -> Left {
    let core = machine.inner_mut();
    Left {
        pc: *core.pc(),
        registers: core.registers().to_vec(),
        memory: blake3::hash(core.core().memory().as_bytes()),
        flags: blake3::hash(core.core().memory().flags()),
    }
}

/// With `--engine native`: everything had a module.
fn must_be_native(ran: &Ran, stats: &Stats) -> Result<(), Failure> {
    let never = Translate::from_environment() == Ok(Some(Translate::Never));
    let misses: u64 = stats.cache_misses.values().sum();
    if stats.failures > 0 || (never && misses > 0) || (ran.charged > 0 && ran.native == 0) {
        return Err(Failure::no_module(
            "some code of the script has none; LOCKSTEP_LOG=info says which",
        ));
    }
    Ok(())
}

/// Both runs came to the same end.
fn same(ours: &Ran, interpreter: &Ran) -> Result<(), Failure> {
    let ends = |ran: &Ran| format!("{:?} after {} cycles", ran.run.result, ran.run.cycles);
    let (ours_end, other_end) = (ends(ours), ends(interpreter));
    if ours_end == other_end && ours.left == interpreter.left {
        return Ok(());
    }
    let message = format!(
        "native code and interpreter differ: {ours_end} against {other_end}{}; please report it \
         with the file",
        if ours_end == other_end {
            ", and what is left of the machine is not the same"
        } else {
            ""
        }
    );
    Err(Failure::new(code::DIVERGED, "Diverged", message))
}
