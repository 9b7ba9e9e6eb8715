//! `translate steps`: writes each instruction that a guest runs, with what it changed.
//!
//! The interpreter runs the guest by single instructions, with the cycles of any other run. A line has the cycles before the
//! block, the address, the instruction, and the registers that have another value behind it. A script of a transaction has the
//! lines of one of its processes.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use lockstep_isa::{Reg, decode, decode::Code};
use lockstep_runtime::{
    Core, CostTable, DebugPrint, Environment, Event, Outcome, Runner, Stepped, Steps as Walk,
    Syscall, Trap,
};
use serde::Serialize;

use super::alone::Alone;
use super::answer::Answer;
use super::counted::CountedOptions;
use super::failure::Failure;
use super::running::Running;
use super::{code, guest, guest_run};

/// Runs an ELF, or a script of a transaction, and writes each instruction that runs
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate steps guests/elf/fib.elf -o fib.steps --max-cycles 10K\n  \
                  translate steps --tx-file examples/transactions/spawn.json --vm-id 1 -o child.steps"
)]
pub(crate) struct Steps {
    #[command(flatten)]
    guest: CountedOptions,
    /// Write the lines here; - is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    path: String,
    /// Lines in the file.
    instructions: u64,
    cycles: u64,
    /// How the run ended.
    end: String,
}

impl Steps {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let is_stdout = self.output == Path::new("-");
        let output: Box<dyn Write + Send> = match is_stdout {
            true => Box::new(io::stdout()),
            false => Box::new(File::create(&self.output).map_err(|error| self.unwritable(&error))?),
        };
        let log = StepLog::new(output);
        let running = Running::new(self.guest.max_cycles);
        let (log, end, cycles) = match &self.guest.elf {
            Some(elf) => self.program(elf, log)?,
            None => self.script(log)?,
        };
        drop(running);
        let instructions = log.close().map_err(|error| self.unwritable(&error))?;
        let object = Object {
            result: "steps",
            path: self.output.display().to_string(),
            instructions,
            cycles,
            end,
        };
        // The lines are the answer where they go to standard output.
        let text = || match is_stdout && !json {
            true => String::new(),
            false => object.text(),
        };
        Answer::new(json && !is_stdout, &object, text, code::SUCCESS)
    }

    fn unwritable(&self, error: &io::Error) -> Failure {
        Failure::unwritable(self.output.display(), error)
    }

    /// A program that runs by itself.
    fn program(&self, path: &Path, log: StepLog) -> Result<(StepLog, String, u64), Failure> {
        let elf = guest::read_elf(path)?;
        let platform = self.guest.guest.platform();
        let mut program = guest::load(path, &elf, &platform)?;
        guest_run::push_arguments(program.core_mut(), &self.guest.args)?;
        let mut core = program.into_core();
        core.set_max_cycles(self.guest.max_cycles);
        let mut runner = Runner::new(core);
        let cost = CostTable::from(platform.cost);
        let environment = Environment::new(&cost);
        let handlers: Vec<Box<dyn Syscall>> = vec![Box::new(DebugPrint::new(|_: &[u8]| {}))];
        let log = RefCell::new(log);
        let result = Alone { handlers }.drive(&mut runner, &environment, &mut |runner, env| {
            log.borrow_mut().advance(runner, env)
        });
        let end = match result {
            Ok(Outcome::Exit(code)) => format!("exit {code}"),
            Ok(Outcome::Paused) => "paused".to_owned(),
            Err(Trap::CyclesExceeded) => "the cycles are used up".to_owned(),
            Err(trap) => format!("{}: {trap}", trap.name()),
        };
        Ok((log.into_inner(), end, runner.core().cycles()))
    }

    /// A script of a transaction.
    #[cfg(feature = "tx")]
    fn script(&self, log: StepLog) -> Result<(StepLog, String, u64), Failure> {
        let loaded = self.guest.loaded()?;
        let [script] = &loaded.scripts[..] else {
            return Err(Failure::usage(
                "steps are of one script; name it: --script input.0.lock",
            ));
        };
        script::run(
            &loaded,
            script,
            self.guest.max_cycles,
            self.guest.script.vm_id,
            log,
        )
    }

    /// Without the parts that know transactions.
    #[cfg(not(feature = "tx"))]
    fn script(&self, _: StepLog) -> Result<(StepLog, String, u64), Failure> {
        Err(Failure::usage(
            "--tx-file needs a command that was built with the feature tx; build it with --features tx",
        ))
    }
}

impl Object {
    fn text(&self) -> String {
        format!(
            "Run: {} cycles, {}\nInstructions: {}\nWritten: {}\n",
            self.cycles, self.end, self.instructions, self.path
        )
    }
}

/// Runs a guest by single instructions and writes a line for each.
struct StepLog {
    output: BufWriter<Box<dyn Write + Send>>,
    steps: Walk,
    written: u64,
    /// The first error of writing. The guest runs on, and it is told at the end.
    error: Option<io::Error>,
}

impl StepLog {
    fn new(output: Box<dyn Write + Send>) -> StepLog {
        StepLog {
            output: BufWriter::new(output),
            steps: Walk::default(),
            written: 0,
            error: None,
        }
    }

    /// Ends the file. The answer is the number of lines.
    fn close(mut self) -> io::Result<u64> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.output.flush().map(|()| self.written),
        }
    }

    /// Runs until the host has something to do.
    fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
        loop {
            if !self.steps.is_inside() && env.pause.is_some_and(|pause| pause()) {
                return Ok(Event::Paused);
            }
            // A file that cannot be written ends the run too: nobody wants the rest.
            if self.error.is_some() {
                return Ok(Event::Paused);
            }
            let core = guest.core_mut();
            self.steps.begin(core, env.cost)?;
            let (cycles, _) = self.steps.position(core);
            let before = Before::new(core, cycles, self.steps.pc(core));
            let stepped = self.steps.step(core, env.cost);
            let line = before.line(core, stepped.as_ref().err());
            self.write(&line);
            match stepped? {
                Stepped::On => {}
                Stepped::Ecall => return Ok(Event::Ecall),
                Stepped::Ebreak => return Ok(Event::Ebreak),
            }
        }
    }

    fn write(&mut self, line: &str) {
        self.written += 1;
        if let Err(error) = writeln!(self.output, "{line}") {
            self.error.get_or_insert(error);
        }
    }
}

/// A guest before an instruction.
struct Before {
    cycles: u64,
    pc: u64,
    text: String,
    registers: Vec<u64>,
}

impl Before {
    fn new(core: &Core, cycles: u64, pc: u64) -> Before {
        let mut code = Code::new(0, core.memory().as_bytes());
        let text = decode(&mut code, pc, core.profile());
        Before {
            cycles,
            pc,
            text: text.map_or_else(|_| "?".to_owned(), |inst| inst.at(pc).to_string()),
            registers: Reg::all().map(|reg| core.register(reg)).collect(),
        }
    }

    /// The line of the instruction, with the registers that it changed, or with its fault.
    fn line(&self, core: &Core, fault: Option<&Trap>) -> String {
        let mut line = format!("{} {:#x}: {}", self.cycles, self.pc, self.text);
        for (reg, before) in Reg::all().zip(&self.registers) {
            let now = core.register(reg);
            if now != *before {
                line += &format!("  {reg}={now:#x}");
            }
        }
        if let Some(trap) = fault {
            line += &format!("  {}", trap.name());
        }
        line
    }
}

#[cfg(feature = "tx")]
mod script {
    //! The steps of a process of a script.

    use std::sync::{Arc, Mutex, PoisonError};

    use ckb_script::types::{DebugPrinter, VmId};
    use ckb_types::packed::Byte32;
    use lockstep::ckb::{Driver, NativeMachine, drive_next, with_engine};
    use lockstep::engine::{Engine, Mode};
    use lockstep::transaction::{Host, MoreCalls};
    use lockstep_runtime::{Environment, Event, Runner, Trap};

    use super::super::failure::Failure;
    use super::super::script::{Chosen, Loaded};
    use super::StepLog;

    /// The log of a process, which its machines share: one that was put aside and taken back has another machine.
    #[derive(Clone)]
    struct Logged(Arc<Mutex<Option<StepLog>>>);

    impl Driver for Logged {
        fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
            let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match &mut *log {
                Some(log) => log.advance(guest, env),
                None => guest.advance(env),
            }
        }
    }

    /// Runs a script, and logs one of its processes.
    pub(super) fn run(
        loaded: &Loaded,
        script: &Chosen,
        max_cycles: u64,
        process: VmId,
        log: StepLog,
    ) -> Result<(StepLog, String, u64), Failure> {
        let logged = Logged(Arc::new(Mutex::new(Some(log))));
        let print: DebugPrinter = Arc::new(|_: &Byte32, _: &str| {});
        let driver = logged.clone();
        let calls: MoreCalls<_> = Arc::new(move |id: &VmId, _: &_, _: &_| {
            if *id == process {
                drive_next(Box::new(driver.clone()));
            }
            Vec::new()
        });
        let host = Host::new(print).with(calls);
        let engine = Engine::builder().mode(Mode::Interp).no_cache().build();
        let run = with_engine(Arc::new(engine), || {
            loaded.run::<NativeMachine>(script, host, max_cycles, |_| {})
        })?;
        let log = logged
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let log = log.ok_or_else(|| Failure::defect("the log of steps is lost"))?;
        let end = match &run.result {
            Ok(code) => format!("exit {code}"),
            Err(error) => error.to_string(),
        };
        if log.written == 0 {
            return Err(Failure::usage(format!(
                "--vm-id {process}: the script has no such process, or it ran nothing ({end})"
            )));
        }
        Ok((log, end, run.cycles))
    }
}
