//! What is said of a script's run: one JSON object, or lines in the words of `ckb-debugger`.

use std::fmt::Write as _;

use ckb_script::ScriptError;
use lockstep::engine::{Found, Mode};
use lockstep::transaction::{Run, ScriptName};
use lockstep_runtime::Core;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::result_name::ResultName;
use super::super::run_report::{Allowed, Cycles};
use super::super::{check, fault};

/// The answer, in the order of its fields. What is left of the machine is that of the script's own
/// process, and is missing where that had none at the end.
#[derive(Serialize)]
struct Object<'a> {
    script: String,
    script_hash: String,
    result: ResultName,
    exit_code: Option<i8>,
    fault: Option<String>,
    /// What the error says beside its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_reason: Option<String>,
    /// The instruction that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault_site: Option<&'a fault::Report>,
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
    pub(super) processes: Vec<(u64, Core)>,
    /// Cycles that instructions were charged, of all processes.
    pub(super) charged: u64,
    pub(super) native: u64,
    pub(super) translate_seconds: f64,
    pub(super) seconds: f64,
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
    /// The answer, and the exit code that goes with it.
    pub(super) fn answer(&self, json: bool) -> Result<Answer, Failure> {
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
        if !json {
            let mut text = self.describe();
            text += &self.fault.map(fault::Report::describe).unwrap_or_default();
            return Ok(Answer { text, code });
        }
        let left = ran.left.as_ref();
        let hex = |word: &u64| format!("{word:#x}");
        let object = Object {
            script: self.script.to_string(),
            script_hash: self.script_hash.clone(),
            result: name,
            exit_code,
            fault,
            fault_reason: ran.run.fault_reason().map(str::to_owned),
            fault_site: self.fault,
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
        };
        Answer::new(true, &object, String::new, code)
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
