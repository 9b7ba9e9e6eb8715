//! A counted run of a script of a transaction, with all processes that it spawns and programs that it executes.
//!
//! `ckb-script` runs the script as ever. Each of its machines has a driver that tells what it runs, and what the host charges
//! between two stays of the guest: for loading a program, and for system calls.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ckb_script::types::{DebugPrinter, VmId};
use ckb_types::packed::Byte32;
use lockstep::ckb::{Driver, NativeCore, NativeMachine, drive_next, with_engine};
use lockstep::engine::{Engine, Mode};
use lockstep::transaction::{Host, MoreCalls, Processes, Program};
use lockstep_isa::{Profile, Reg};
use lockstep_runtime::{Core, Environment, Event, Runner, Tally, Trap};

use super::beside::{Beside, Counter};
use super::counting_code::CountingCode;
use super::failure::Failure;
use super::running::Running;
use super::script::{Chosen, Loaded};
use super::syscall_names::{BETWEEN, LOADING};

/// Makes the recorder of a program that starts, and the native code that counts for it, if it is to run natively. It is
/// given the program, how many programs the script started before it, and a guest that runs it. Processes with the same
/// program may share its native code.
pub(crate) type Make<R> =
    dyn Fn(&Program, usize, &Core) -> (R, Option<Arc<CountingCode>>) + Send + Sync;

/// A program of a process, with what was counted of it.
pub(crate) struct CountedProgram<R> {
    pub(crate) process: VmId,
    pub(crate) program: Program,
    /// What it ran on.
    pub(crate) profile: Profile,
    pub(crate) recorder: R,
}

/// How the run of a script came to its end.
pub(crate) struct Ended<R> {
    /// In words.
    pub(crate) end: String,
    /// Cycles of the script, as a node counts them.
    pub(crate) cycles: u64,
    /// In the order in which they started.
    pub(crate) programs: Vec<CountedProgram<R>>,
    /// The time that the script ran, without translation.
    pub(crate) time: Duration,
}

/// Runs a script, and counts what it runs.
pub(crate) fn run<R: Counter>(
    loaded: &Loaded,
    script: &Chosen,
    max_cycles: u64,
    make: &Arc<Make<R>>,
) -> Result<Ended<R>, Failure> {
    let shared = Arc::new(Shared {
        processes: Processes::default(),
        make: AssertUnwindSafe(Arc::clone(make)),
        programs: Mutex::default(),
        making: Mutex::default(),
    });
    let print: DebugPrinter = Arc::new(|_: &Byte32, _: &str| {});
    let host = Host::new(print).with(drivers(&shared));
    // What runs natively is what counts; the engine has no part in it.
    let engine = Engine::builder().mode(Mode::Interp).no_cache().build();
    let running = Running::new(max_cycles);
    let started = Instant::now();
    let run = with_engine(Arc::new(engine), || {
        loaded.run::<NativeMachine>(script, host, max_cycles, |_| {})
    });
    let time = started.elapsed();
    drop(running);
    let run = run?;
    let (programs, besides) = shared.finish()?;
    Ok(Ended {
        end: match &run.result {
            Ok(code) => format!("exit {code}"),
            Err(error) => error.to_string(),
        },
        cycles: run.cycles,
        programs,
        time: time.saturating_sub(besides),
    })
}

/// What the drivers of a script share.
struct Shared<R> {
    processes: Processes,
    make: AssertUnwindSafe<Arc<Make<R>>>,
    programs: Mutex<Vec<Arc<Mutex<Counting<R>>>>>,
    /// The time that it took to make recorders and native code.
    making: Mutex<Duration>,
}

/// A program that is counted. A process that was put aside and taken back has another machine, and goes on here.
struct Counting<R> {
    process: VmId,
    /// The number of the program among those of the process.
    number: usize,
    program: Program,
    profile: Profile,
    tally: RefCell<Tally<Beside<R>>>,
    code: Option<Arc<CountingCode>>,
    /// The counter of cycles when the guest last stopped, and the call of the host that it stopped for.
    stopped: (u64, u64),
}

impl<R: Counter> Shared<R> {
    /// The program that a process runs now.
    fn program(&self, process: VmId, core: &Core) -> Option<Arc<Mutex<Counting<R>>>> {
        let (number, program) = self.processes.current(process)?;
        let mut programs = self.programs();
        let known = programs.iter().find(|known| {
            let known = locked(known);
            (known.process, known.number) == (process, number)
        });
        if let Some(known) = known {
            return Some(Arc::clone(known));
        }
        let started = Instant::now();
        let (recorder, code) = (self.make)(&program, programs.len(), core);
        *locked(&self.making) += started.elapsed();
        let new = Arc::new(Mutex::new(Counting {
            process,
            number,
            program,
            profile: core.profile(),
            tally: RefCell::new(Tally::new(Beside::new(recorder))),
            code,
            stopped: (0, LOADING),
        }));
        programs.push(Arc::clone(&new));
        Some(new)
    }

    fn programs(&self) -> MutexGuard<'_, Vec<Arc<Mutex<Counting<R>>>>> {
        locked(&self.programs)
    }

    /// What was counted, and the time that it took to make recorders and native code. No machine is left that would count.
    fn finish(&self) -> Result<(Vec<CountedProgram<R>>, Duration), Failure> {
        let besides = *locked(&self.making);
        let programs = std::mem::take(&mut *self.programs()).into_iter();
        let programs = programs.filter_map(Arc::into_inner).map(|program| {
            let program = program.into_inner().unwrap_or_else(PoisonError::into_inner);
            Ok(CountedProgram {
                process: program.process,
                program: program.program,
                profile: program.profile,
                recorder: program.tally.into_inner().finish().finish()?,
            })
        });
        Ok((programs.collect::<Result<_, _>>()?, besides))
    }
}

impl<R: Counter> Counting<R> {
    fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
        let (before, call) = self.stopped;
        let now = guest.core().cycles();
        // The scheduler sets the counter back between two turns of a process.
        let charged = now.checked_sub(before).unwrap_or(now);
        if charged > 0 {
            let recorder = self.tally.get_mut().recorder_mut();
            recorder.host_call(call, u64::from(call == LOADING), charged);
        }
        let mut counted = Environment::new(env.cost).with_tally(&self.tally);
        counted.pause = env.pause;
        if let Some(code) = &self.code {
            counted = counted.with_code(&**code);
        }
        let result = guest.advance(&counted);
        let mut call = BETWEEN;
        if result == Ok(Event::Ecall) {
            call = guest.core().register(Reg::A7);
            self.tally.get_mut().recorder_mut().host_call(call, 1, 0);
        }
        self.stopped = (guest.core().cycles(), call);
        result
    }
}

/// Gives each machine that is made a driver.
fn drivers<R: Counter>(shared: &Arc<Shared<R>>) -> MoreCalls<NativeCore> {
    let observer = shared.processes.observer();
    let shared = Arc::clone(shared);
    Arc::new(move |id, group, context| {
        let calls = observer(id, group, context);
        let shared = Arc::clone(&shared);
        drive_next(Box::new(Drive { id: *id, shared }));
        calls
    })
}

/// Runs the machines of a process.
struct Drive<R> {
    id: VmId,
    shared: Arc<Shared<R>>,
}

impl<R: Counter> Driver for Drive<R> {
    fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
        match self.shared.program(self.id, guest.core()) {
            Some(program) => locked(&program).advance(guest, env),
            // Nobody knows what it runs, which the observer of processes rules out.
            None => guest.advance(env),
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
