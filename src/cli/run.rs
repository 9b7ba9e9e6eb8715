//! `translate run`: runs an ELF to its end and says what came of it.
//!
//! The guest has `exit` and the debug print. Loading is not charged. Native code is looked up, and
//! made where it is missing, before the guest starts, so that a run's time is the guest's. A script
//! of a transaction (`--tx-file`) has all that the chain gives it: that is `transaction`'s matter.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use lockstep::engine::{Found, Mode, Origin, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::{Cost, Reg};
use lockstep_runtime::{
    Core, CostTable, DebugPrint, Defect, Environment, Machine, NativeModule, Outcome, Trap,
};
use serde::Serialize;

use super::args::{CacheOptions, GuestOptions, number};
use super::failure::Failure;
use super::progress::Progress;
use super::{Answer, check, code, compare, guest, named_module};

/// Runs an ELF, or a script of a transaction: native from the cache, translated first when it is not there
#[derive(Args)]
#[command(after_help = "Example:\n  translate run guests/elf/fib.elf --json\n  \
                        translate run guests/elf/sha256.elf --compare -- 100\n  \
                        translate run --tx-file examples/transactions/sighash_good.json --script input.0.lock")]
pub(crate) struct Run {
    /// The guest program
    #[arg(required_unless_present = "tx_file")]
    elf: Option<PathBuf>,
    /// A transaction with its cells, in the format of ckb-debugger and `ckb-cli mock-tx`; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["elf", "args", "module", "isa", "cost", "memory", "xlen"])]
    tx_file: Option<PathBuf>,
    /// Which script of the transaction: input.N.lock, input.N.type or output.N.type; --vm-version is what hash type `type` runs [default: input.0.lock]
    #[arg(
        long,
        value_name = "SCRIPT",
        requires = "tx_file",
        conflicts_with = "elf"
    )]
    script: Option<String>,
    /// The whole argv of the guest; CKB passes no program name, so there is none to give
    #[arg(last = true)]
    args: Vec<OsString>,
    #[command(flatten)]
    guest: GuestOptions,
    #[command(flatten)]
    cache: CacheOptions,
    /// Which engine: auto, native (fails when no module can be had), interp, check (native code and interpreter in lockstep, compared after every block) [default: LOCKSTEP_ENGINE, else auto]
    #[arg(long, value_name = "ENGINE", value_parser = mode)]
    engine: Option<Mode>,
    /// Stop when so many cycles are used up [default: unlimited]
    #[arg(long, value_name = "N", value_parser = number)]
    max_cycles: Option<u64>,
    /// Fill memory with pseudo-random bytes from this seed when it is first touched, to find a program that reads what it never wrote; the interpreter runs it
    #[arg(long, value_name = "SEED", value_parser = seed, conflicts_with_all = ["module", "compare", "tx_file"])]
    chaos: Option<u32>,
    /// Use this module, not one of the cache; without a seal that holds it is made again and compared first
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// Run it a second time in the interpreter, and compare the ends and the times
    #[arg(long)]
    compare: bool,
    /// With --engine check: the folder for the bundle of a difference [default: divergences/ in the cache's folder]
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
}

fn seed(text: &str) -> Result<u32, String> {
    u32::try_from(number(text)?).map_err(|_| "a seed has 32 bits".to_owned())
}

fn mode(name: &str) -> Result<Mode, String> {
    name.parse()
        .map_err(|_| "it is one of auto, native, interp, check".to_owned())
}

/// The answer, in the order of its fields.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    exit_code: Option<i8>,
    fault: Option<&'static str>,
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
struct Times {
    translate: f64,
    run: f64,
    /// The second run, in the interpreter.
    interp: Option<f64>,
}

impl Run {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let mode = self.mode()?;
        let Some(elf) = &self.elf else {
            return self.execute_script(mode, json);
        };
        let platform = self.guest.platform();
        let bytes = guest::read(elf)?;
        let mut program = guest::load_in_chaos(elf, &bytes, &platform, self.chaos)?;
        push_arguments(program.core_mut(), &self.args)?;
        let mut builder = guest::engine(&self.cache)?.mode(mode);
        if mode == Mode::Check {
            let bundle = self.bundle.as_deref();
            let files = check::guest_files(&bytes, &self.args);
            builder = check::engine(builder, bundle, &self.cache, files);
        }
        let engine = builder.build();
        let mut translate_seconds = 0.0;
        // A machine that does not run its profile needs no code: it fails at its first step.
        if engine.library().is_some() && platform.profile.runs() {
            if let Some(path) = &self.module {
                adopt(path, &program, &engine)?;
            }
            // In the background the interpreter runs meanwhile, unless native code is a must.
            if mode == Mode::Native || engine.translate() != Translate::Background {
                translate_seconds = prepare(&program, &engine, mode == Mode::Native)?;
            }
            if let Some(blocks) = engine.blocks() {
                translate_seconds += prepare(&program, blocks, false)?;
            }
        }
        let (machine, result, run_seconds) = self.start(program.into_core(), &engine, &platform);
        if mode != Mode::Check {
            check::shadow(&engine)?;
        }
        let times = Times {
            translate: translate_seconds,
            run: run_seconds,
            interp: None,
        };
        if let Err(Trap::Defect(Defect::Diverged { .. })) = &result {
            let found = engine.divergences().pop();
            return answer(
                json,
                &engine,
                machine.core(),
                &result,
                &times,
                found.as_ref(),
            );
        }
        if let Err(Trap::Defect(defect)) = &result {
            let pc = machine.core().pc();
            return Err(Failure::defect(format!(
                "native code did what none may do, at {pc:#x}: {defect}; run with --engine interp, \
                 and please report it with the ELF"
            )));
        }
        let mut times = times;
        if self.compare {
            let mut program = guest::load(elf, &bytes, &platform)?;
            push_arguments(program.core_mut(), &self.args)?;
            let interpreter = guest::engine(&self.cache)?.mode(Mode::Interp).build();
            let again = self.start(program.into_core(), &interpreter, &platform);
            times.interp = Some(again.2);
            compare::ends((machine.core(), &result), (again.0.core(), &again.1))?;
        }
        answer(json, &engine, machine.core(), &result, &times, None)
    }

    /// Runs a script of a transaction.
    #[cfg(feature = "tx")]
    fn execute_script(&self, mode: Mode, json: bool) -> Result<Answer, Failure> {
        let Some(file) = &self.tx_file else {
            return Err(Failure::usage("neither an ELF nor --tx-file"));
        };
        let script = self.script.as_deref().unwrap_or("input.0.lock").parse();
        let script = script.map_err(|error| Failure::usage(format!("--script {error}")))?;
        let request = super::transaction::Request {
            file,
            script,
            latest: self.guest.vm_version,
            max_cycles: self.max_cycles.unwrap_or(u64::MAX),
            mode,
            compare: self.compare,
            cache: &self.cache,
            bundle: self.bundle.as_deref(),
        };
        request.execute(json)
    }

    /// Without the parts that know transactions.
    #[cfg(not(feature = "tx"))]
    fn execute_script(&self, _: Mode, _: bool) -> Result<Answer, Failure> {
        Err(Failure::usage(
            "--tx-file: this command was built without transactions; build it with --features tx",
        ))
    }

    /// Runs the guest to its end; how long that took.
    fn start(
        &self,
        mut core: Core,
        engine: &Engine,
        platform: &Platform,
    ) -> (Machine, Result<Outcome, Trap>, f64) {
        core.set_max_cycles(self.max_cycles.unwrap_or(u64::MAX));
        let mut machine = Machine::new(core).with(DebugPrint::new(print));
        let started = Instant::now();
        let result = run(&mut machine, platform.cost, engine);
        (machine, result, started.elapsed().as_secs_f64())
    }

    /// The engine of the flag, else of the environment.
    fn mode(&self) -> Result<Mode, Failure> {
        let mode = match self.engine {
            Some(mode) => mode,
            None => Mode::from_environment()
                .map_err(Failure::usage)?
                .unwrap_or_default(),
        };
        match mode {
            Mode::Interp if self.module.is_some() => Err(Failure::usage(
                "--module names native code, which --engine interp never runs; leave out one of them",
            )),
            Mode::Native | Mode::Check if self.chaos.is_some() && self.engine.is_some() => {
                Err(Failure::usage(
                    "what memory holds depends on who touches it first, so --chaos runs on the interpreter \
                     alone; leave out --engine",
                ))
            }
            _ if self.chaos.is_some() => Ok(Mode::Interp),
            _ => Ok(mode),
        }
    }
}

/// Puts the guest's argv onto its stack.
pub(super) fn push_arguments(core: &mut Core, args: &[OsString]) -> Result<(), Failure> {
    let arguments: Vec<&[u8]> = args.iter().map(bytes_of).collect();
    let bytes: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
    core.initialize_stack(&arguments)
        .map(|_| ())
        .map_err(|trap| {
            let message = format!(
                "the {} arguments, {bytes} bytes, do not fit the guest's stack of {} bytes ({}: \
             {trap}); give fewer or shorter ones",
                arguments.len(),
                core.memory().size() / 4,
                trap.name()
            );
            Failure::new(code::USAGE, trap.name(), message)
        })
}

/// Gets a module for every region of the program, or fails if it must. The time that translation
/// took.
fn prepare(program: &Program, engine: &Engine, must: bool) -> Result<f64, Failure> {
    let mut seconds = 0.0;
    let regions = program.code_regions();
    if regions.is_empty() && must {
        return Err(no_module("the ELF has no executable segment"));
    }
    for region in &regions {
        let mut progress = Progress::new();
        let prepared = engine.prepare(region, &mut || program.hints(region), &mut |done, all| {
            progress.show(done, all);
        });
        drop(progress);
        match prepared {
            Ok(prepared) => {
                if let Origin::Translated { seconds: more, .. } = prepared.origin {
                    seconds += more;
                }
            }
            Err(reason) if must => return Err(no_module(reason)),
            // The engine said so in the log; the interpreter runs it.
            Err(_) => {}
        }
    }
    Ok(seconds)
}

pub(super) fn no_module(reason: impl fmt::Display) -> Failure {
    let message = format!("--engine native: no module can be had: {reason}; --engine auto runs it");
    Failure::new(code::DEFECT, "NoModule", message)
}

/// Gives the engine a module that was named.
fn adopt(path: &Path, program: &Program, engine: &Engine) -> Result<(), Failure> {
    let regions = program.code_regions();
    let (module, region) = named_module::read(path, &regions)?;
    let module = NativeModule::map(module).map_err(|error| {
        let message = format!("{} cannot be used: {error}", path.display());
        Failure::new(code::DATA, "ModuleForeign", message)
    })?;
    engine.adopt(region, Arc::new(module)).map_err(no_module)
}

/// Runs a machine with what an engine gives it.
pub(super) fn run(machine: &mut Machine, cost: Cost, engine: &Engine) -> Result<Outcome, Trap> {
    let cost = CostTable::from(cost);
    machine.run(&Environment {
        cost: &cost,
        pause: None,
        library: engine.library(),
    })
}

/// The guest's debug print: a line a message, on standard error. That it cannot be written changes
/// nothing for the guest.
pub(super) fn print(message: &[u8]) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(message);
    if !message.ends_with(b"\n") {
        let _ = err.write_all(b"\n");
    }
}

fn answer(
    json: bool,
    engine: &Engine,
    core: &Core,
    result: &Result<Outcome, Trap>,
    times: &Times,
    found: Option<&Found>,
) -> Result<Answer, Failure> {
    let mode = engine.mode();
    let stats = engine.stats();
    let (name, exit_code, fault) = match result {
        Ok(Outcome::Exit(code)) => ("exit", Some(*code), None),
        Ok(Outcome::Paused) => ("paused", None, None),
        Err(Trap::CyclesExceeded) => ("cycles_exceeded", None, None),
        Err(Trap::Defect(Defect::Diverged { .. })) => ("diverged", None, None),
        Err(trap) => ("fault", None, Some(trap.name())),
    };
    let code = match (name, exit_code) {
        ("diverged", _) => code::DIVERGED,
        (_, Some(0)) => code::SUCCESS,
        _ => code::GUEST,
    };
    if !json {
        let text = describe(mode, core, result, times, found);
        return Ok(Answer { text, code });
    }
    let object = Object {
        result: name,
        exit_code,
        fault,
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
            "cycles exceeded: {} are allowed, pc {:#x}",
            core.max_cycles(),
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

#[cfg(unix)]
fn bytes_of(argument: &OsString) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    argument.as_bytes()
}

#[cfg(not(unix))]
fn bytes_of(argument: &OsString) -> &[u8] {
    argument.as_encoded_bytes()
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
