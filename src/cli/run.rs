//! `translate run`: runs an ELF to its end and says what came of it.
//!
//! The guest has `exit` and the debug print. Loading is not charged. Native code is looked up, and
//! made where it is missing, before the guest starts, so that a run's time is the guest's. A script
//! of a transaction (`--tx-file`) has all that the chain gives it: that is `transaction`'s matter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use lockstep::engine::{Mode, Origin, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_runtime::{Core, CostTable, DebugPrint, Defect, Machine, Outcome, Syscall, Trap};

use super::answer::Answer;
use super::args::{BLOCK_CYCLES, CacheOptions, GuestOptions, cycles, number};
use super::failure::Failure;
use super::host_calls::{HostCalls, HostOptions};
use super::progress::Progress;
use super::run_report::{Run as Ran, Times};
use super::running::Running;
use super::script_options::ScriptOptions;
use super::{check, code, compare, fault, gdb, guest, guest_run, host_calls, named_module, stderr};

/// Runs an ELF, or a script of a transaction, with native code from the cache; what is missing there is translated first
#[derive(Args)]
#[command(after_help = "Example:\n  translate run guests/elf/fib.elf --json\n  \
                        translate run guests/elf/sha256.elf --compare -- 100\n  \
                        translate run --tx-file examples/transactions/sighash_good.json --script input.0.lock")]
pub(crate) struct Run {
    /// The guest program; - is standard input
    #[arg(required_unless_present = "tx_file")]
    elf: Option<PathBuf>,
    #[command(flatten)]
    script: ScriptOptions,
    /// The whole argv of the guest: the first is `argv[0]`, because CKB passes no program name
    #[arg(last = true)]
    args: Vec<OsString>,
    #[command(flatten)]
    guest: GuestOptions,
    #[command(flatten)]
    cache: CacheOptions,
    /// The engine: auto, native (fails where there is no module), interp (the interpreter), check (native code and interpreter in lockstep, compared after every block) [default: LOCKSTEP_ENGINE, else auto]
    #[arg(long, value_name = "ENGINE", value_parser = mode)]
    engine: Option<Mode>,
    /// Stop the guest before it uses more cycles than this: 70000000, 70M or unlimited [default: 3500M, what a block of the chain may use]
    #[arg(long, value_name = "N", value_parser = cycles, default_value_t = BLOCK_CYCLES, hide_default_value = true)]
    max_cycles: u64,
    /// Fill memory with pseudo-random bytes from this seed when it is first touched, to find a program that reads what it never wrote; the interpreter runs it
    #[arg(long, value_name = "SEED", value_parser = seed, conflicts_with_all = ["module", "compare", "tx_file"])]
    chaos: Option<u32>,
    /// Use this module instead of one from the cache; one that is not authenticated is first compared with a new translation
    #[arg(long, value_name = "FILE", conflicts_with = "tx_file")]
    module: Option<PathBuf>,
    /// Run it a second time, in the interpreter, and compare the results and the times
    #[arg(long)]
    compare: bool,
    #[command(flatten)]
    host: HostOptions,
    /// Wait for gdb at this address (a port alone is one of this machine), or speak with it through stdio; the interpreter runs the guest, and exactly as without gdb
    #[arg(long, value_name = "HOST:PORT|stdio", conflicts_with_all = ["chaos", "compare"])]
    gdb: Option<String>,
    /// With --engine check: the folder that a difference is written to, as a bundle for `translate replay` [default: divergences/ in the cache's folder]
    #[arg(long, value_name = "DIR")]
    bundle: Option<PathBuf>,
}

fn seed(text: &str) -> Result<u32, String> {
    u32::try_from(number(text)?).map_err(|_| "the seed does not fit into 32 bits".to_owned())
}

fn mode(name: &str) -> Result<Mode, String> {
    name.parse()
        .map_err(|_| "the engine is auto, native, interp or check".to_owned())
}

impl Run {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let mode = self.mode()?;
        let Some(elf) = &self.elf else {
            return self.execute_script(mode, json);
        };
        let platform = self.guest.platform();
        let bytes = guest::read_elf(elf)?;
        let symbols = self
            .script
            .symbols
            .as_deref()
            .map(guest::read)
            .transpose()?;
        let symbols = symbols.as_deref().unwrap_or(&bytes);
        let mut program = guest::load_in_chaos(elf, &bytes, &platform, self.chaos)?;
        guest_run::push_arguments(program.core_mut(), &self.args)?;
        let mut builder = guest::engine(&self.cache, mode)?;
        if mode == Mode::Check {
            let bundle = self.bundle.as_deref();
            let files = check::guest_files(&bytes, &self.args);
            builder = check::engine(builder, bundle, &self.cache, files);
        }
        let engine = builder.build();
        engine.add_symbols(&bytes);
        let mut translate_seconds = 0.0;
        // A machine that does not run its profile needs no code: it fails at its first step.
        if engine.code_source().is_some() && platform.profile.runs() {
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
        let host = self.host.open(json)?;
        let without_files = host.is_none();
        let (machine, result, run_seconds) = match &self.gdb {
            Some(place) => {
                let core = program.into_core();
                self.debug(place, core, &engine, &platform, host, symbols)?
            }
            None => self.start(program.into_core(), &engine, &platform, host),
        };
        if mode != Mode::Check {
            check::shadow(&engine)?;
        }
        let mut times = Times {
            translate: translate_seconds,
            run: run_seconds,
            interp: None,
        };
        let found = match &result {
            Err(Trap::Defect(Defect::Diverged { .. })) => engine.divergences().pop(),
            Err(Trap::Defect(defect)) => {
                let pc = machine.core().pc();
                return Err(Failure::defect(format!(
                    "native code did something that it must never do, at pc {pc:#x}: {defect}; run with --engine \
                     interp, and please report it with the ELF"
                )));
            }
            _ => None,
        };
        if self.compare && found.is_none() {
            let mut program = guest::load(elf, &bytes, &platform)?;
            guest_run::push_arguments(program.core_mut(), &self.args)?;
            let interpreter = guest::engine(&self.cache, Mode::Interp)?.build();
            let again = self.start(program.into_core(), &interpreter, &platform, None);
            times.interp = Some(again.2);
            compare::ends((machine.core(), &result), (again.0.core(), &again.1))?;
        }
        let fault = match &result {
            Err(Trap::InvalidEcall(number)) => {
                let hint = "a program has exit (93) and the debug print (2177) here; a script of a transaction \
                            (--tx-file) has the system calls of the chain";
                let hint = host_calls::hint(*number).unwrap_or(hint);
                let core = machine.core();
                Some(fault::Report::of_system_call(*number, core, symbols, hint))
            }
            Err(Trap::CyclesExceeded) => Some(fault::Report::of_limit(machine.core(), symbols)),
            // It runs again, which must not read and write files again.
            Err(trap) if fault::is_of_an_access(trap) && self.chaos.is_none() && without_files => {
                let mut program = guest::load(elf, &bytes, &platform)?;
                guest_run::push_arguments(program.core_mut(), &self.args)?;
                // Nothing is compared a second time.
                let interpreter =
                    (mode == Mode::Check).then(|| guest::engine(&self.cache, Mode::Interp));
                let interpreter = interpreter.transpose()?.map(|builder| builder.build());
                let engine = interpreter.as_ref().unwrap_or(&engine);
                self.explain(
                    program.into_core(),
                    machine.core(),
                    engine,
                    &platform,
                    symbols,
                )
            }
            _ => None,
        };
        let ran = Ran {
            fault: fault.as_ref(),
            engine: &engine,
            core: machine.core(),
            result: &result,
            times: &times,
            found: found.as_ref(),
        };
        Ok(self.beside_gdb(ran.answer(json)?))
    }

    /// The answer, where it does not get into gdb's way: standard output may be gdb's.
    fn beside_gdb(&self, answer: Answer) -> Answer {
        if self.gdb.as_deref() != Some("stdio") {
            return answer;
        }
        stderr::write(&answer.text);
        let text = String::new();
        Answer { text, ..answer }
    }

    /// Runs a script of a transaction.
    #[cfg(feature = "tx")]
    fn execute_script(&self, mode: Mode, json: bool) -> Result<Answer, Failure> {
        let Some(file) = &self.script.tx_file else {
            return Err(Failure::usage(
                "there is nothing to run: name an ELF, or a transaction with --tx-file",
            ));
        };
        if self.guest.are_of_a_program() {
            return Err(Failure::usage(
                "the chain decides what a script of a transaction runs on; leave out --isa, --cost, --memory and --xlen",
            ));
        }
        let options = &self.script;
        let loaded = options.load(file, self.guest.vm_version, &self.args)?;
        let request = super::transaction::Request {
            loaded: &loaded,
            process: options.vm_id,
            max_cycles: self.max_cycles,
            mode,
            compare: self.compare,
            host: self.host.open(json)?,
            cache: &self.cache,
            bundle: self.bundle.as_deref(),
            symbols: options.symbols.as_deref(),
            gdb: self.gdb.as_deref(),
        };
        let answer = request.execute(json)?;
        Ok(self.beside_gdb(answer))
    }

    /// Without the parts that know transactions.
    #[cfg(not(feature = "tx"))]
    fn execute_script(&self, _: Mode, _: bool) -> Result<Answer, Failure> {
        Err(Failure::usage(
            "--tx-file needs a command that was built with the feature tx; build it with --features tx",
        ))
    }

    /// Runs the guest to its end; how long that took.
    fn start(
        &self,
        mut core: Core,
        engine: &Engine,
        platform: &Platform,
        host: Option<HostCalls>,
    ) -> (Machine, Result<Outcome, Trap>, f64) {
        core.set_max_cycles(self.max_cycles);
        let mut machine = Machine::new(core).with(DebugPrint::new(stderr::print));
        if let Some(host) = host {
            machine = machine.with(host);
        }
        let running = Running::new(self.max_cycles);
        let started = Instant::now();
        let result = guest_run::run(&mut machine, platform.cost, engine);
        drop(running);
        (machine, result, started.elapsed().as_secs_f64())
    }

    /// Runs the guest under gdb.
    fn debug(
        &self,
        place: &str,
        mut core: Core,
        engine: &Engine,
        platform: &Platform,
        host: Option<HostCalls>,
        elf: &[u8],
    ) -> Result<(Machine, Result<Outcome, Trap>, f64), Failure> {
        core.set_max_cycles(self.max_cycles);
        let mut handlers: Vec<Box<dyn Syscall>> = vec![Box::new(DebugPrint::new(stderr::print))];
        handlers.extend(host.map(|host| Box::new(host) as Box<dyn Syscall>));
        let cost = CostTable::from(platform.cost);
        let environment = engine.environment(&cost);
        let debugged = gdb::alone::Debugged {
            place,
            elf,
            handlers,
        };
        let (core, result, seconds) = debugged.run(core, &environment)?;
        Ok((Machine::new(core), result, seconds))
    }

    /// Which instruction failed, and what is known of it. `again` is the guest before its first instruction. It runs again
    /// with a limit that stops it at the head of the trace that failed.
    fn explain(
        &self,
        again: Core,
        after: &Core,
        engine: &Engine,
        platform: &Platform,
        elf: &[u8],
    ) -> Option<fault::Report> {
        let cost = CostTable::from(platform.cost);
        let mut machine = Machine::new(again).with(DebugPrint::new(|_: &[u8]| {}));
        let before = after.cycles().checked_sub(1).and_then(|limit| {
            machine.core_mut().set_max_cycles(limit);
            let stopped = guest_run::run(&mut machine, platform.cost, engine);
            matches!(stopped, Err(Trap::CyclesExceeded)).then(|| machine.core())
        });
        let fault = fault::find(before, after, &cost)?;
        Some(fault::Report::new(&fault, after, elf))
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
                "--module names native code, and --engine interp runs none; leave out one of the two",
            )),
            Mode::Native | Mode::Check if self.chaos.is_some() && self.engine.is_some() => {
                Err(Failure::usage(
                    "--chaos runs in the interpreter only, because what memory holds depends on the order in which it is \
                     touched; leave out --engine",
                ))
            }
            _ if self.chaos.is_some() => Ok(Mode::Interp),
            _ => Ok(mode),
        }
    }
}

/// Gets a module for every region of the program, or fails if it must. The time that translation
/// took.
fn prepare(program: &Program, engine: &Engine, must: bool) -> Result<f64, Failure> {
    let mut seconds = 0.0;
    let regions = program.code_regions();
    if regions.is_empty() && must {
        return Err(Failure::no_module("the ELF has no executable segment"));
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
            Err(reason) if must => return Err(Failure::no_module(reason)),
            // The engine said so in the log; the interpreter runs it.
            Err(_) => {}
        }
    }
    Ok(seconds)
}

/// Gives the engine a module that was named.
fn adopt(path: &Path, program: &Program, engine: &Engine) -> Result<(), Failure> {
    let regions = program.code_regions();
    let (module, region) = named_module::read(path, &regions)?;
    let module = engine.map(module).map_err(|error| {
        let message = format!("{} cannot be used: {error}", path.display());
        Failure::new(code::DATA, "ModuleForeign", message)
    })?;
    engine
        .adopt(region, Arc::new(module))
        .map_err(Failure::no_module)
}
