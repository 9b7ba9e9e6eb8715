//! The reference for RV32: CKB-VM's trace machine over `u32`, since its assembly machine has 64
//! bits only.
//!
//! It charges and fails instruction by instruction where ours do it trace by trace, as the assembly
//! machine does. So it is run one trace at a time here, and its states between traces are what ours
//! are compared with: at a limit ours must stand at the last of them that the limit allows.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ckb_vm::machine::{InstructionCycleFunc, Pause};
use ckb_vm::{
    Bytes, CoreMachine, DefaultCoreMachine, DefaultMachineBuilder, DefaultMachineRunner, Error,
    FlatMemory, Memory, Register, SupportMachine, TraceMachine, WXorXMemory, cost_model,
};
use lockstep_isa::{Cost, Xlen};

use super::ours::{Modules, Ours};
use super::outcome::{Outcome, Rule, Verdict, compare};
use super::program::{Program, Setup};
use super::reference::{DebugPrint, LoadCode};
use crate::agreement::{Agreement, Subject, same_refusal};

type Core = DefaultCoreMachine<u32, WXorXMemory<FlatMemory<u32>>>;
type Machine = TraceMachine<Core>;

/// The machine with a loaded guest.
pub struct Trace32 {
    machine: Machine,
    pause: Pause,
    /// Whether it stops after each trace.
    steps: Arc<AtomicBool>,
    loaded: u64,
}

/// A state between two traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Boundary {
    cycles: u64,
    pc: u64,
    registers: [u64; 32],
}

/// A run, trace by trace.
struct Run {
    /// Before the first trace, and after each that did not end the run.
    boundaries: Vec<Boundary>,
    /// How it ended; `CyclesExceeded` where it was stopped between two traces.
    end: Outcome,
}

impl Trace32 {
    /// Loads the program; an error is the kind of failure.
    pub fn new(program: &Program, setup: &Setup) -> Result<Trace32, Verdict> {
        let mut trace = Trace32::fresh(setup);
        let elf = Bytes::copy_from_slice(&program.elf);
        let args: Vec<Bytes> = (program.args.iter())
            .map(|arg| Bytes::copy_from_slice(arg))
            .collect();
        trace.loaded = (trace.machine)
            .load_program(&elf, args.into_iter().map(Ok))
            .map_err(|error| Verdict::fault(&error))?;
        for (register, value) in &program.registers {
            let value = u32::from_u64(*value);
            trace.inner_mut().set_register(*register, value);
        }
        Ok(trace)
    }

    /// Without a guest.
    pub fn fresh(setup: &Setup) -> Trace32 {
        assert_eq!(setup.profile.xlen, Xlen::X32, "this is the 32-bit machine");
        let core = Core::new_with_memory(
            setup.profile.extensions.bits(),
            setup.profile.version.number(),
            u64::MAX,
            setup.memory_size,
        );
        let cost = match setup.cost {
            Cost::Estimate => cost_model::estimate_cycles,
            Cost::Constant => cost_model::constant_cycles,
        };
        // The machine looks at the pause before each trace, and asks for the cost of each instruction:
        // so this pauses it after each trace.
        let (pause, steps) = (Pause::new(), Arc::new(AtomicBool::new(false)));
        let (after_trace, wanted) = (pause.clone(), Arc::clone(&steps));
        let cost: Box<InstructionCycleFunc> = Box::new(move |instruction| {
            if wanted.load(Ordering::Relaxed) {
                after_trace.interrupt();
            }
            cost(instruction)
        });
        let machine = DefaultMachineBuilder::new(core)
            .instruction_cycle_func(cost)
            .syscall(Box::new(DebugPrint))
            .syscall(Box::new(LoadCode))
            .pause(pause.clone())
            .build();
        Trace32 {
            machine: Machine::new(machine),
            pause,
            steps,
            loaded: 0,
        }
    }

    /// The machine that snapshots are taken of and put on.
    pub fn inner_mut(&mut self) -> &mut Core {
        self.machine.machine.inner_mut()
    }

    /// Runs one trace; tells how it ended if that was the end.
    fn step(&mut self) -> Option<Verdict> {
        self.steps.store(true, Ordering::Relaxed);
        self.pause.free();
        match self.machine.run() {
            Ok(code) => Some(Verdict::Exit(code)),
            Err(Error::Pause) => None,
            Err(error) => Some(Verdict::fault(&error)),
        }
    }

    /// Runs so many traces; the cycles then. Nothing where it ends before.
    pub fn run_traces(&mut self, count: usize) -> Option<u64> {
        for _ in 0..count {
            if self.step().is_some() {
                return None;
            }
        }
        Some(self.boundary().cycles)
    }

    /// Runs to the end, or to the instruction that would exceed the limit.
    pub fn finish(&mut self, limit: u64) -> Outcome {
        self.steps.store(false, Ordering::Relaxed);
        self.pause.free();
        self.inner_mut().set_max_cycles(limit);
        let verdict = match self.machine.run() {
            Ok(code) => Verdict::Exit(code),
            Err(error) => Verdict::fault(&error),
        };
        self.outcome(verdict)
    }

    /// Runs trace by trace until it ends or stands beyond so many cycles.
    fn run(&mut self, plenty: u64) -> Run {
        let mut boundaries = vec![self.boundary()];
        loop {
            let verdict = match self.step() {
                Some(verdict) => verdict,
                None => {
                    let boundary = self.boundary();
                    if boundary.cycles <= plenty {
                        boundaries.push(boundary);
                        continue;
                    }
                    Verdict::fault(&Error::CyclesExceeded)
                }
            };
            let end = self.outcome(verdict);
            return Run { boundaries, end };
        }
    }

    fn boundary(&self) -> Boundary {
        let machine = &self.machine.machine;
        Boundary {
            cycles: machine.cycles(),
            pc: machine.pc().to_u64(),
            registers: std::array::from_fn(|index| machine.registers()[index].to_u64()),
        }
    }

    fn outcome(&mut self, verdict: Verdict) -> Outcome {
        let Boundary {
            cycles,
            pc,
            registers,
        } = self.boundary();
        let memory = self.machine.machine.memory_mut();
        let size = memory.memory_size() as u64;
        let pages = 0..memory.memory_pages() as u64;
        Outcome {
            verdict,
            cycles,
            pc,
            registers,
            reservation: memory.lr().to_u64(),
            memory: (memory.load_bytes(0, size))
                .expect("the whole memory can be read")
                .to_vec(),
            flags: pages
                .map(|page| memory.fetch_flag(page).expect("the page is in memory"))
                .collect(),
            loaded: self.loaded,
            native_cycles: None,
        }
    }
}

/// As [`super::check`], for RV32: the outcome in the place of the assembly machine's is that of our
/// interpreter, once it has been compared.
pub fn check(
    program: &Program,
    setup: &Setup,
    limits: &[u64],
    modules: &Arc<Modules>,
) -> Result<Agreement, String> {
    let reference = Trace32::new(program, setup);
    let interp = Ours::interpreter(program, setup);
    let native = Ours::native(program, setup, modules);
    let (mut reference, mut interp, mut native) = match (reference, interp, native) {
        (Ok(reference), Ok(interp), Ok(native)) => (reference, interp, native),
        (reference, interp, native) => {
            return same_refusal([reference.err(), interp.err(), native.err()]);
        }
    };
    let plenty = limits.last().copied().unwrap_or(0);
    let mut run = match limits {
        // States on the way are seldom asked for, and take a while.
        [_] => Run {
            boundaries: Vec::new(),
            end: reference.finish(plenty),
        },
        _ => reference.run(plenty),
    };
    let mut stop = 0;
    loop {
        let limit = limits[stop];
        let (ours, compiled) = (interp.run(limit), native.run(limit));
        if ours.verdict.is_cycles_exceeded() && run.boundaries.is_empty() {
            run = Trace32::new(program, setup)
                .map(|mut again| again.run(plenty))
                .map_err(|verdict| format!("loading again: {verdict}"))?;
        }
        run.compare(&ours, limit)
            .and_then(|()| {
                let names = (interp.name(), native.name());
                compare((names.0, &ours), (names.1, &compiled), Rule::Everything)
            })
            .map_err(|difference| format!("{}: at limit {limit}: {difference}", program.name))?;
        stop += 1;
        if stop == limits.len() || !ours.verdict.is_cycles_exceeded() {
            return Ok(Agreement {
                asm: Ok(ours),
                native: Some(compiled),
                exits: native.core().exits(),
            });
        }
    }
}

impl Run {
    /// Whether ours at this limit is where an assembly machine of this width would be.
    fn compare(&self, ours: &Outcome, limit: u64) -> Result<(), String> {
        if ours.verdict.is_cycles_exceeded() {
            return self.compare_stop(ours, limit);
        }
        if ours.verdict.is_exit() || !documented(&self.end.verdict, &ours.verdict) {
            let rule = Rule::Contract;
            return compare(("trace32", &self.end), ("interpreter", ours), rule);
        }
        Ok(())
    }

    fn compare_stop(&self, ours: &Outcome, limit: u64) -> Result<(), String> {
        let allowed = |boundary: &&Boundary| boundary.cycles <= limit;
        let Some(expected) = self.boundaries.iter().rfind(allowed) else {
            return Err(format!("more than {limit} cycles before the first trace"));
        };
        let found = Boundary {
            cycles: ours.cycles,
            pc: ours.pc,
            registers: ours.registers,
        };
        if found != *expected {
            return Err(format!(
                "stopped elsewhere: trace32 {expected:x?}, interpreter {found:x?}"
            ));
        }
        let last = self.boundaries.last() == Some(expected);
        if last && self.end.verdict.is_exit() && self.end.cycles <= limit {
            return Err(format!("trace32 ends within {limit} cycles"));
        }
        Ok(())
    }
}

/// Errors that CKB-VM's trace machine and assembly machine name differently: a store across the
/// end of memory from an executable page.
fn documented(trace: &Verdict, ours: &Verdict) -> bool {
    let is = |verdict: &Verdict, name: &str| *verdict == Verdict::Fault(name.to_string());
    is(trace, "MemOutOfBound") && is(ours, "MemWriteOnExecutablePage")
}
