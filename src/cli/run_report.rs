//! What is said of a run: one JSON object, or lines in the words of `ckb-debugger`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use lockstep::Engine;
use lockstep::engine::{Found, Mode};
use lockstep_isa::Reg;
use lockstep_runtime::{Core, Defect, Outcome, Trap};
use serde::Serialize;

use super::answer::Answer;
use super::args::BLOCK_CYCLES;
use super::failure::Failure;
use super::result_name::ResultName;
use super::{check, fault};

/// The answer, in the order of its fields.
#[derive(Serialize)]
struct Object<'a> {
    result: ResultName,
    exit_code: Option<i8>,
    fault: Option<&'static str>,
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
    pc: String,
    registers: Vec<String>,
    memory_blake3: String,
    page_flags_blake3: String,
    engine: &'static str,
    native_cycles: u64,
    translate_seconds: f64,
    run_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    interp_seconds: Option<f64>,
    /// What the module cache said: `hit`, or why there was no usable module, and how often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    cache: BTreeMap<&'static str, u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<check::Object>,
}

/// Seconds that things took.
pub(super) struct Times {
    pub(super) translate: f64,
    pub(super) run: f64,
    /// The second run, in the interpreter.
    pub(super) interp: Option<f64>,
}

/// A run that came to an end, whatever it is.
pub(super) struct Run<'a> {
    pub(super) engine: &'a Engine,
    pub(super) core: &'a Core,
    pub(super) result: &'a Result<Outcome, Trap>,
    pub(super) times: &'a Times,
    /// The difference that ended it.
    pub(super) found: Option<&'a Found>,
    /// The instruction that failed, if one did.
    pub(super) fault: Option<&'a fault::Report>,
}

impl Run<'_> {
    /// The answer, and the exit code that goes with it.
    pub(super) fn answer(&self, json: bool) -> Result<Answer, Failure> {
        let Run {
            engine,
            core,
            result,
            times,
            found,
            fault: fault_site,
        } = *self;
        let mode = engine.mode();
        let stats = engine.stats();
        let (name, exit_code, fault) = match result {
            Ok(Outcome::Exit(code)) => (ResultName::Exit, Some(*code), None),
            Ok(Outcome::Paused) => (ResultName::Paused, None, None),
            Err(Trap::CyclesExceeded) => (ResultName::CyclesExceeded, None, None),
            Err(Trap::Defect(Defect::Diverged { .. })) => (ResultName::Diverged, None, None),
            Err(trap) => (ResultName::Fault, None, Some(trap.name())),
        };
        let fault_reason = match result {
            Err(Trap::External(why) | Trap::Unexpected(why)) => Some(why.clone()),
            _ => None,
        };
        let code = name.exit_code(exit_code);
        if !json {
            let mut text = describe(mode, core, result, times, found);
            text += &fault_site.map(fault::Report::describe).unwrap_or_default();
            return Ok(Answer { text, code });
        }
        let object = Object {
            result: name,
            exit_code,
            fault,
            fault_reason,
            fault_site: fault_site.filter(|site| !site.is_of_limit()),
            stopped_at: fault_site.filter(|site| site.is_of_limit()),
            cycles: core.cycles(),
            pc: format!("{:#x}", core.pc()),
            registers: Reg::all()
                .map(|reg| format!("{:#x}", core.register(reg)))
                .collect(),
            memory_blake3: blake3::hash(core.memory().as_bytes()).to_string(),
            page_flags_blake3: blake3::hash(core.memory().flags()).to_string(),
            engine: engine_name(mode, core),
            native_cycles: core.native_cycles(),
            translate_seconds: times.translate,
            run_seconds: times.run,
            interp_seconds: times.interp,
            cache: (stats.cache_misses.into_iter())
                .chain((stats.cache_hits > 0).then_some(("hit", stats.cache_hits)))
                .collect(),
            divergence: found.map(check::Object::new),
        };
        Answer::new(true, &object, String::new, code)
    }
}

fn engine_name(mode: Mode, core: &Core) -> &'static str {
    match mode {
        Mode::Check => "check",
        _ if core.native_cycles() > 0 => "native",
        _ => "interp",
    }
}

/// The lines for people, in the words of `ckb-debugger`.
fn describe(
    mode: Mode,
    core: &Core,
    result: &Result<Outcome, Trap>,
    times: &Times,
    found: Option<&Found>,
) -> String {
    let seconds = times.run;
    let mut text = String::from("Run result: ");
    // Writing to a string does not fail.
    let _ = match result {
        Ok(Outcome::Exit(code)) => writeln!(text, "{code}"),
        Ok(Outcome::Paused) => writeln!(text, "paused at {:#x}", core.pc()),
        Err(Trap::CyclesExceeded) => writeln!(
            text,
            "cycles exceeded: {}, pc {:#x}",
            Allowed(core.max_cycles()),
            core.pc()
        ),
        Err(Trap::Defect(Defect::Diverged { block })) => match found {
            Some(found) => writeln!(text, "{}", check::describe(found)),
            None => writeln!(text, "diverged at the block at {block:#x}"),
        },
        Err(trap) => writeln!(text, "fault {}, pc {:#x}: {trap}", trap.name(), core.pc()),
    };
    let cycles = core.cycles();
    let _ = writeln!(text, "All cycles: {}", Cycles(cycles));
    // Rounded down: 100.00 means all.
    let parts = u128::from(core.native_cycles()) * 10_000 / u128::from(cycles.max(1));
    let share = parts as f64 / 100.0;
    let speed = cycles as f64 / seconds.max(1e-9) / 1e6;
    let _ = writeln!(
        text,
        "Engine: {}, {share:.2}% of the cycles native, {seconds:.6} s, {speed:.1}M cycles/s",
        engine_name(mode, core)
    );
    if let Some(bundle) = found.and_then(|found| found.bundle.as_ref()) {
        let _ = writeln!(text, "Bundle: {}", bundle.display());
    }
    if let Some(interp) = times.interp {
        let _ = writeln!(
            text,
            "Interpreter: {interp:.6} s, {:.1} times as long, and the same end: result, cycles, \
             registers, memory, page flags",
            interp / seconds.max(1e-9)
        );
    }
    text
}

/// A limit that was reached, and how to raise it.
pub(super) struct Allowed(pub(super) u64);

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} are allowed", self.0)?;
        match self.0 {
            BLOCK_CYCLES => f.write_str(
                ", as in a block of the chain; --max-cycles N allows more, and --max-cycles unlimited any number",
            ),
            _ => Ok(()),
        }
    }
}

/// Cycles as `ckb-debugger` prints them: `1736402(1.7M)`.
pub(super) struct Cycles(pub(super) u64);

impl fmt::Display for Cycles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const K: u64 = 1024;
        let in_units = |unit: u64| self.0 as f64 / unit as f64;
        write!(f, "{}", self.0)?;
        match self.0 {
            cycles if cycles >= K * K => write!(f, "({:.1}M)", in_units(K * K)),
            cycles if cycles >= K => write!(f, "({:.1}K)", in_units(K)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cycles;

    #[test]
    fn cycles_are_printed_as_people_know_them() {
        for (cycles, expected) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1024(1.0K)"),
            (1_048_575, "1048575(1024.0K)"),
            (1_736_402, "1736402(1.7M)"),
        ] {
            assert_eq!(Cycles(cycles).to_string(), expected);
        }
    }
}
