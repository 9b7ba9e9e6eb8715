//! What is said of a script's run: one JSON object, or lines in the words of `ckb-debugger`.

use std::fmt::Write as _;

use ckb_script::ScriptError;
use lockstep::engine::{Found, Mode};
use lockstep::transaction::{Process, Run, ScriptName};
use lockstep_runtime::Core;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::exit_names::{self, ExitName};
use super::super::failure::Failure;
use super::super::result_name::ResultName;
use super::super::run_report::{Allowed, Cycles};
use super::super::{check, code, fault};
use super::processes;

/// The answer, in the order of its fields. What is left of the machine is that of the script's own
/// process, and is missing where that had none at the end.
#[derive(Serialize)]
struct Object<'a> {
    script: String,
    script_hash: String,
    result: ResultName,
    exit_code: Option<i8>,
    /// What the exit code means, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_name: Option<ExitName>,
    fault: Option<String>,
    /// What the error says beside its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_reason: Option<String>,
    /// The instruction that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_site: Option<&'a fault::Report>,
    /// Where the cycles were used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_at: Option<&'a fault::Report>,
    cycles: u64,
    pc: Option<String>,
    registers: Option<Vec<String>>,
    memory_blake3: Option<String>,
    page_flags_blake3: Option<String>,
    engine: &'static str,
    native_cycles: u64,
    translate_seconds: f64,
    run_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    interp_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<check::Object>,
    /// Those of a script that spawns or executes others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    processes: Vec<processes::Object>,
}

/// What is left of the script's own process.
#[derive(PartialEq)]
pub(super) struct Left {
    pub(super) pc: u64,
    pub(super) registers: Vec<u64>,
    pub(super) memory: blake3::Hash,
    pub(super) flags: blake3::Hash,
}

/// One run with all that is to be said of it.
pub(super) struct Ran {
    pub(super) run: Run,
    pub(super) left: Option<Left>,
    /// Copies of the processes that have a machine, where the script did not come to its end.
    pub(super) copies: Vec<(u64, Core)>,
    /// All processes that the script had.
    pub(super) processes: Vec<Process>,
    /// Cycles that instructions were charged, of all processes.
    pub(super) charged: u64,
    pub(super) native: u64,
    pub(super) translate_seconds: f64,
    pub(super) seconds: f64,
}

impl Ran {
    /// The code that a process ran last.
    pub(super) fn elf(&self, process: u64) -> Option<Vec<u8>> {
        let found = self.processes.iter().find(|other| other.id == process)?;
        Some(found.programs.last()?.elf.to_vec())
    }
}

/// What is said of one script, in both forms, and the exit code that goes with it.
pub(super) struct Told {
    /// As JSON. Text keeps the order of the fields.
    object: String,
    text: String,
    code: u8,
    cycles: u64,
    script: ScriptName,
}

/// What is said of several scripts.
#[derive(Default)]
pub(super) struct Answers {
    told: Vec<Told>,
    /// Cycles of all of them.
    pub(super) cycles: u64,
}

impl Answers {
    pub(super) fn push(&mut self, told: Told) {
        self.cycles = self.cycles.saturating_add(told.cycles);
        self.told.push(told);
    }

    /// The one script that was asked for.
    pub(super) fn one(mut self, json: bool) -> Result<Answer, Failure> {
        let told = self.told.pop();
        let told = told.ok_or_else(|| Failure::defect("no script was run"))?;
        let text = match json {
            true => told.object + "\n",
            false => told.text,
        };
        let code = told.code;
        Ok(Answer { text, code })
    }

    /// All of them. The exit code is that of the worst.
    pub(super) fn all(self, json: bool) -> Answer {
        let codes = || self.told.iter().map(|told| told.code);
        let code = match codes().find(|code| *code == code::DIVERGED) {
            Some(code) => code,
            None => codes().max().unwrap_or(code::SUCCESS),
        };
        let mut text = String::new();
        if json {
            let objects: Vec<&str> = self.told.iter().map(|told| &told.object[..]).collect();
            let (cycles, objects) = (self.cycles, objects.join(","));
            // The parts are JSON already.
            text = format!("{{\"cycles\":{cycles},\"scripts\":[{objects}]}}\n");
        } else {
            // Writing to a string does not fail.
            for told in &self.told {
                let _ = write!(text, "Script: {}\n{}", told.script, told.text);
            }
            let _ = writeln!(text, "All scripts: {}", Cycles(self.cycles));
        }
        Answer { text, code }
    }
}

/// What is to be said of one run.
pub(super) struct Report<'a> {
    pub(super) script: ScriptName,
    pub(super) script_hash: String,
    pub(super) mode: Mode,
    pub(super) ran: &'a Ran,
    /// Seconds of the second run, in the interpreter.
    pub(super) interp_seconds: Option<f64>,
    /// The difference that ended it.
    pub(super) found: Option<&'a Found>,
    /// The instruction that failed, if one did.
    pub(super) fault: Option<&'a fault::Report>,
}

impl Report<'_> {
    /// What is said, in both forms.
    pub(super) fn tell(&self) -> Result<Told, Failure> {
        let Report { ran, found, .. } = *self;
        let (name, exit_code, fault) = match &ran.run.result {
            _ if found.is_some() => (ResultName::Diverged, None, None),
            Ok(code) => (ResultName::Exit, Some(*code), None),
            Err(ScriptError::ValidationFailure(_, code)) => (ResultName::Exit, Some(*code), None),
            Err(ScriptError::ExceededMaximumCycles(_)) => (ResultName::CyclesExceeded, None, None),
            Err(ScriptError::VMInternalError(error)) => {
                (ResultName::Fault, None, Some(variant(error)))
            }
            Err(error) => (ResultName::Fault, None, Some(variant(error))),
        };
        let code = name.exit_code(exit_code);
        let exit_name = exit_code.and_then(|code| exit_names::name(code, &ran.elf(0)?));
        let mut text = self.describe();
        if let (Some(name), Some(code)) = (exit_name, exit_code) {
            text += &name.describe(code);
        }
        text += &self.fault.map(fault::Report::describe).unwrap_or_default();
        let left = ran.left.as_ref();
        let hex = |word: &u64| format!("{word:#x}");
        let object = Object {
            script: self.script.to_string(),
            script_hash: self.script_hash.clone(),
            result: name,
            exit_code,
            exit_name,
            fault,
            fault_reason: ran.run.fault_reason().map(str::to_owned),
            fault_site: self.fault.filter(|site| !site.is_of_limit()),
            stopped_at: self.fault.filter(|site| site.is_of_limit()),
            cycles: ran.run.cycles,
            pc: left.map(|left| hex(&left.pc)),
            registers: left.map(|left| left.registers.iter().map(hex).collect()),
            memory_blake3: left.map(|left| left.memory.to_string()),
            page_flags_blake3: left.map(|left| left.flags.to_string()),
            engine: self.engine_name(),
            native_cycles: ran.native,
            translate_seconds: ran.translate_seconds,
            run_seconds: ran.seconds,
            interp_seconds: self.interp_seconds,
            divergence: found.map(check::Object::new),
            processes: match processes::are_worth_telling(&ran.processes) {
                true => processes::objects(&ran.processes),
                false => Vec::new(),
            },
        };
        Ok(Told {
            object: serde_json::to_string(&object).map_err(Failure::defect)?,
            text,
            code,
            cycles: ran.run.cycles,
            script: self.script,
        })
    }

    fn engine_name(&self) -> &'static str {
        match self.mode {
            Mode::Check => "check",
            _ if self.ran.native > 0 => "native",
            _ => "interp",
        }
    }

    /// The lines for people, in the words of `ckb-debugger`.
    fn describe(&self) -> String {
        let Report { ran, found, .. } = *self;
        let mut text = String::from("Run result: ");
        // Writing to a string does not fail.
        let _ = match (&ran.run.result, found) {
            (_, Some(found)) => writeln!(text, "{}", check::describe(found)),
            (Ok(code) | Err(ScriptError::ValidationFailure(_, code)), _) => {
                writeln!(text, "{code}")
            }
            (Err(ScriptError::ExceededMaximumCycles(limit)), _) => {
                writeln!(text, "cycles exceeded: {}", Allowed(*limit))
            }
            (Err(ScriptError::VMInternalError(error)), _) => {
                let reason = ran.run.fault_reason();
                let reason = reason.map_or_else(|| error.to_string(), str::to_owned);
                writeln!(text, "fault {}: {reason}", variant(error))
            }
            (Err(error), _) => writeln!(text, "{error}"),
        };
        let cycles = ran.run.cycles;
        let _ = writeln!(text, "All cycles: {}", Cycles(cycles));
        if processes::are_worth_telling(&ran.processes) {
            text += &processes::tree(&ran.processes);
        }
        // Rounded down: 100.00 means all.
        let parts = u128::from(ran.native) * 10_000 / u128::from(ran.charged.max(1));
        let _ = writeln!(
            text,
            "Engine: {}, {:.2}% of the instructions' cycles native, {:.6} s, {:.1}M cycles/s",
            self.engine_name(),
            parts as f64 / 100.0,
            ran.seconds,
            cycles as f64 / ran.seconds.max(1e-9) / 1e6
        );
        if let Some(bundle) = found.and_then(|found| found.bundle.as_ref()) {
            let _ = writeln!(text, "Bundle: {}", bundle.display());
        }
        if let Some(interp) = self.interp_seconds {
            let _ = writeln!(
                text,
                "Interpreter: {interp:.6} s, {:.1} times as long, and the same end: result, cycles, \
                 and what is left of the machine",
                interp / ran.seconds.max(1e-9)
            );
        }
        text
    }
}

/// The name of an error, as its type has it: what its description for programmers begins with.
fn variant(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    text[..end.unwrap_or(text.len())].to_owned()
}
