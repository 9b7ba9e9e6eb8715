//! `translate run --tx-file`: runs a script of a transaction in a file, as `ckb-debugger` does, and
//! says what came of it.
//!
//! What runs the script is `ckb-script`, on `NativeMachine` with the engine of the options; what is
//! here is from the options there and from the result to the answer. Cycles are those that a node
//! counts: loading and system calls are in them.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ckb_script::types::DebugPrinter;
use ckb_script::{ROOT_VM_ID, ScriptError, ScriptGroup};
use ckb_types::core::ScriptHashType;
use ckb_types::packed::Byte32;
use ckb_vm::{CoreMachine, DefaultMachineRunner};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, counters, with_engine};
use lockstep::engine::{Mode, Stats, Translate};
use lockstep::transaction::{FileError, PlaceholderError, ScriptName, Transaction, Verifier};
use lockstep_isa::Version;

use super::answer::Answer;
use super::failure::Failure;
use super::{check, code, guest, stderr};

mod fault;
mod report;

use report::{Left, Ran, Report};

/// A script to run.
pub(super) struct Request<'a> {
    /// The file; `-` is standard input.
    pub(super) file: &'a Path,
    pub(super) script: ScriptName,
    pub(super) latest: Version,
    pub(super) max_cycles: u64,
    pub(super) mode: Mode,
    /// Run again in the interpreter.
    pub(super) compare: bool,
    pub(super) cache: &'a super::args::CacheOptions,
    pub(super) bundle: Option<&'a Path>,
    /// An ELF with the symbols of the script.
    pub(super) symbols: Option<&'a Path>,
}

impl Request<'_> {
    pub(super) fn execute(&self, json: bool) -> Result<Answer, Failure> {
        let (transaction, text) = self.read()?;
        let mut builder = guest::engine(self.cache, self.mode)?;
        if self.mode == Mode::Check {
            let files = vec![("transaction.json".to_owned(), text.into_bytes())];
            builder = check::engine(builder, self.bundle, self.cache, files);
        }
        let engine = Arc::new(builder.build());
        if matches!(self.mode, Mode::Auto | Mode::Native) {
            // Modules are loaded and made in the first run; the second one's time is the script's.
            self.run(&transaction, &engine, Arc::new(|_: &Byte32, _: &str| {}))?;
        }
        let ran = self.run(&transaction, &engine, printer())?;
        if self.mode != Mode::Check {
            check::shadow(&engine)?;
        }
        if self.mode == Mode::Native {
            must_be_native(&ran, &engine.stats())?;
        }
        let mut interp_seconds = None;
        if self.compare {
            let interpreter = guest::engine(self.cache, Mode::Interp)?.build();
            let again = self.run(&transaction, &Arc::new(interpreter), printer())?;
            same(&ran, &again)?;
            interp_seconds = Some(again.seconds);
        }
        let found = engine.divergences().pop();
        let hash = transaction.find(self.script).map(|(_, hash)| hash);
        let again = |limit| {
            let silent: DebugPrinter = Arc::new(|_: &Byte32, _: &str| {});
            self.run_to(&transaction, &engine, silent, limit)
        };
        let site = fault::explain(&ran, again, |id| self.symbols(&transaction, id))?;
        let report = Report {
            fault: site.as_ref(),
            script: self.script,
            script_hash: hash.map_or_else(|_| String::new(), |hash| format!("{hash:#x}")),
            mode: self.mode,
            ran: &ran,
            interp_seconds,
            found: found.as_ref(),
        };
        report.answer(json)
    }

    /// The transaction, and the text that it was read from.
    fn read(&self) -> Result<(Transaction, String), Failure> {
        let text = if guest::is_standard_input(self.file) {
            let mut text = String::new();
            let read = std::io::stdin().lock().read_to_string(&mut text);
            read.map_err(|error| Failure::unreadable(Path::new("standard input"), &error))?;
            text
        } else {
            let bytes = guest::read(self.file)?;
            String::from_utf8(bytes).map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let message = format!(
                    "{} is not a transaction in JSON: the byte at offset {at:#x} is not UTF-8; name a file of `ckb-cli mock-tx \
                     dump`",
                    guest::shown(self.file)
                );
                Failure::new(code::DATA, "TransactionJson", message)
            })?
        };
        let folder = self.file.parent().unwrap_or(Path::new(""));
        let transaction = Transaction::parse(&text, folder);
        let transaction = transaction.map_err(|error| self.refused(&error))?;
        Ok((transaction, text))
    }

    /// Why the file is no transaction.
    fn refused(&self, error: &FileError) -> Failure {
        let (code, kind, advice) = match error {
            FileError::Unreadable { path, source } => return Failure::unreadable(path, source),
            FileError::TooLarge { .. } => (code::DATA, "FileTooLarge", ""),
            FileError::Placeholder(PlaceholderError::File { .. }) => (
                code::FILE,
                "Unreadable",
                "; names in placeholders are relative to the folder of the file",
            ),
            FileError::Placeholder(_) => (code::DATA, "TransactionPlaceholder", ""),
            FileError::Json(_) => (code::DATA, "TransactionJson", ""),
            FileError::Field { .. } => (
                code::DATA,
                "TransactionField",
                "; the format is the one of `ckb-cli mock-tx dump`",
            ),
            FileError::Incomplete(_) => {
                (code::DATA, "TransactionIncomplete", "; add it to mock_info")
            }
            FileError::Cells(_) => (code::DATA, "TransactionCells", ""),
            _ => (code::DATA, "Transaction", ""),
        };
        Failure::new(
            code,
            kind,
            format!("{}: {error}{advice}", guest::shown(self.file)),
        )
    }

    /// The ELF that names the functions of a process: the one of the option, else the script's own code. What a process
    /// was spawned from is not known here.
    fn symbols(&self, transaction: &Transaction, process: u64) -> Result<Vec<u8>, Failure> {
        if let Some(file) = self.symbols {
            return guest::read(file);
        }
        if process != ROOT_VM_ID {
            return Ok(Vec::new());
        }
        let verifier = transaction.verifier::<NativeMachine>(self.latest, printer());
        let group = self.group(transaction, &verifier)?;
        let code = verifier.extract_script(&group.script);
        Ok(code.map(|code| code.to_vec()).unwrap_or_default())
    }

    /// Runs the script with an engine.
    fn run(
        &self,
        transaction: &Transaction,
        engine: &Arc<Engine>,
        printer: DebugPrinter,
    ) -> Result<Ran, Failure> {
        self.run_to(transaction, engine, printer, self.max_cycles)
    }

    /// Runs the script with an engine, and with this limit of cycles.
    fn run_to(
        &self,
        transaction: &Transaction,
        engine: &Arc<Engine>,
        printer: DebugPrinter,
        max_cycles: u64,
    ) -> Result<Ran, Failure> {
        let verifier = transaction.verifier::<NativeMachine>(self.latest, printer);
        let group = self.group(transaction, &verifier)?;
        let (mut left, mut elapsed, mut processes) = (None, None, Vec::new());
        let (before, started) = (counters(), Instant::now());
        let run = with_engine(Arc::clone(engine), || {
            Transaction::run(&verifier, group, max_cycles, |scheduler| {
                elapsed = Some(started.elapsed());
                let look = |machine: &mut NativeMachine| Ok(Some(look_at(machine)));
                let peeked = scheduler.peek(&ROOT_VM_ID, look, |_, _| Ok(None));
                left = peeked.ok().flatten();
                processes = fault::processes(scheduler);
            })
        });
        let (after, elapsed) = (counters(), elapsed.unwrap_or_else(|| started.elapsed()));
        Ok(Ran {
            run: run.map_err(|error| self.no_code(group, &error))?,
            left,
            processes,
            charged: after.charged_cycles - before.charged_cycles,
            native: after.native_cycles - before.native_cycles,
            translate_seconds: engine.stats().translate_seconds,
            seconds: elapsed.as_secs_f64(),
        })
    }

    fn group<'a>(
        &self,
        transaction: &Transaction,
        verifier: &'a Verifier<NativeMachine>,
    ) -> Result<&'a ScriptGroup, Failure> {
        let found = transaction.find(self.script);
        let (kind, hash) = found.map_err(|error| Failure::usage(format!("--script {error}")))?;
        let group = verifier.find_script_group(kind, &hash);
        group.ok_or_else(|| {
            Failure::defect(format!(
                "ckb-script has no group for the script {}; please report it with the file",
                self.script
            ))
        })
    }

    /// Why a script has nothing that could run.
    fn no_code(&self, group: &ScriptGroup, error: &ScriptError) -> Failure {
        let (kind, advice) = match error {
            ScriptError::ScriptNotFound(_) => (
                "ScriptNotFound",
                "no cell dependency of the transaction has this code; add it to cell_deps and mock_info.cell_deps",
            ),
            ScriptError::InvalidVmVersion(_) | ScriptError::InvalidScriptHashType(_) => (
                "InvalidVmVersion",
                "its hash type asks for a later version than --vm-version allows; give a higher one",
            ),
            ScriptError::MultipleMatches => (
                "MultipleMatches",
                "several cell dependencies of this type have different data; leave one of them",
            ),
            _ => ("Script", "ckb-script refuses it"),
        };
        let script = code_of(group);
        let message = format!("{}: {error}; {advice} ({script})", self.script);
        Failure::new(code::DATA, kind, message)
    }
}

/// A script's code, as transactions name it.
fn code_of(group: &ScriptGroup) -> String {
    let hash = group.script.code_hash();
    match ScriptHashType::try_from(group.script.hash_type()) {
        Ok(hash_type) => {
            let hash_type = format!("{hash_type:?}").to_lowercase();
            format!("code hash {hash:#x}, hash type {hash_type}")
        }
        Err(_) => format!(
            "code hash {hash:#x}, hash type {}",
            group.script.hash_type()
        ),
    }
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
