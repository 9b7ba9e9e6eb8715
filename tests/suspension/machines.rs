//! The machines that take over from each other: CKB-VM's assembly machine, the adapter's machine,
//! our interpreter, our native code. Each can be put at a start, run, paused, and seen; each gives a
//! snapshot and takes one, the first two through CKB-VM's code, the others through ours.

use std::cell::Cell;
use std::sync::Arc;

use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{DefaultMachineRunner, SupportMachine, snapshot};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::Translate;
use lockstep_runtime::image::Image;
use lockstep_runtime::{Snapshot, Snapshot2, Trap};

use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::Setup;
use lockstep_test_support::programs::start::Start;
use lockstep_test_support::random::Random;
use lockstep_test_support::reference::Reference;
use lockstep_test_support::snapshots::{
    CkbVmContext, Files, OurContext, ckb_vm_first, ckb_vm_second, first_of, second_of,
};

/// An engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// CKB-VM's assembly machine.
    Asm,
    /// Ours behind CKB-VM's traits.
    Adapter,
    /// Our interpreter.
    Interpreter,
    /// Our native code.
    Native,
}

/// All of them.
pub(crate) const KINDS: [Kind; 4] = [Kind::Asm, Kind::Adapter, Kind::Interpreter, Kind::Native];

/// A machine with what is known about its pages.
pub(crate) enum Machine {
    Asm(Reference<AsmMachine>, CkbVmContext),
    Adapter(Box<Reference<NativeMachine>>, CkbVmContext),
    Ours(Box<Ours>, OurContext),
}

/// What a snapshot keeps, and the cycles that the first kind does not.
#[derive(Clone)]
pub(crate) enum Taken {
    First(Snapshot, u64),
    Second(Snapshot2<u8>),
}

/// What all machines of a program share.
pub(crate) struct Shop {
    pub(crate) setup: Setup,
    pub(crate) modules: Arc<Modules>,
    pub(crate) files: Files,
    engine: Arc<Engine>,
}

impl Shop {
    pub(crate) fn new(setup: Setup, modules: Arc<Modules>, files: Files) -> Shop {
        let engine = Engine::builder().translate(Translate::Now).no_cache();
        Shop {
            setup,
            modules,
            files,
            engine: Arc::new(engine.build()),
        }
    }

    /// A machine without a program.
    pub(crate) fn blank(&self, kind: Kind) -> Machine {
        let ckb_vm_context = CkbVmContext::new(self.files.clone());
        let ours = |modules| {
            let machine = Ours::fresh("ours", &self.setup, modules);
            Machine::Ours(Box::new(machine), OurContext::new(self.files.clone()))
        };
        match kind {
            Kind::Asm => Machine::Asm(Reference::blank("asm", &self.setup), ckb_vm_context),
            Kind::Adapter => with_engine(Arc::clone(&self.engine), || {
                Machine::Adapter(
                    Box::new(Reference::blank("adapter", &self.setup)),
                    ckb_vm_context,
                )
            }),
            Kind::Interpreter => ours(None),
            Kind::Native => ours(Some(Arc::clone(&self.modules))),
        }
    }

    /// A machine at the start. With `mark`, its pages are known to come from file 0.
    pub(crate) fn started(
        &self,
        kind: Kind,
        start: &Start,
        mark: bool,
    ) -> Result<Machine, Verdict> {
        let mut machine = self.blank(kind);
        match &mut machine {
            Machine::Asm(reference, context) => {
                start.put_reference(reference)?;
                mark_ckb_vm(reference.inner_mut(), context, mark.then_some(start));
            }
            Machine::Adapter(reference, context) => {
                start.put_reference(&mut **reference)?;
                mark_ckb_vm(reference.inner_mut(), context, mark.then_some(start));
            }
            Machine::Ours(ours, context) => {
                let loaded = start.put_ours(ours.core_mut())?;
                ours.set_loaded(loaded);
                if let (true, Start::File(program)) = (mark, start) {
                    let image = Image::parse(&program.elf, self.setup.profile.version)
                        .expect("it was loaded");
                    (context.mark_program(ours.core_mut(), &image, &0, 0))
                        .expect("what was loaded is in memory");
                }
            }
        }
        Ok(machine)
    }

    /// A fresh machine that goes on from a snapshot.
    pub(crate) fn resumed(&self, kind: Kind, taken: &Taken) -> Result<Machine, String> {
        let mut machine = self.blank(kind);
        let name = match &mut machine {
            Machine::Asm(reference, context) => {
                let resumed = resume_ckb_vm(reference.inner_mut(), context, taken);
                resumed.map_err(|error| format!("{error:?}"))
            }
            Machine::Adapter(reference, context) => {
                let resumed = resume_ckb_vm(reference.inner_mut(), context, taken);
                resumed.map_err(|error| format!("{error:?}"))
            }
            Machine::Ours(ours, context) => {
                resume_ours(ours, context, taken).map_err(|trap| format!("{trap:?}"))
            }
        };
        name.map_err(|name| format!("resuming on {kind:?}: {name}"))?;
        Ok(machine)
    }
}

fn mark_ckb_vm<M: SupportMachine<REG = u64>>(
    machine: &mut M,
    context: &mut CkbVmContext,
    start: Option<&Start>,
) {
    if let Some(Start::File(program)) = start {
        let elf = program.elf.clone().into();
        let metadata =
            ckb_vm::elf::parse_elf::<u64>(&elf, machine.version()).expect("it was loaded");
        (context.mark_program(machine, &metadata, &0, 0)).expect("what was loaded is in memory");
    }
}

fn resume_ckb_vm<M: SupportMachine<REG = u64>>(
    machine: &mut M,
    context: &mut CkbVmContext,
    taken: &Taken,
) -> Result<(), ckb_vm::Error> {
    match taken {
        Taken::First(taken, cycles) => {
            snapshot::resume(machine, &ckb_vm_first(taken))?;
            machine.set_cycles(*cycles);
            Ok(())
        }
        Taken::Second(taken) => context.resume(machine, &ckb_vm_second(taken)),
    }
}

fn resume_ours(ours: &mut Ours, context: &mut OurContext, taken: &Taken) -> Result<(), Trap> {
    match taken {
        Taken::First(taken, cycles) => {
            taken.resume(ours.core_mut())?;
            ours.core_mut().set_cycles(*cycles);
            Ok(())
        }
        Taken::Second(taken) => context.resume(ours.core_mut(), taken),
    }
}

fn take_ckb_vm<M: SupportMachine<REG = u64>>(
    machine: &mut M,
    context: &CkbVmContext,
    second: bool,
) -> Result<Taken, ckb_vm::Error> {
    Ok(if second {
        Taken::Second(second_of(context.make_snapshot(machine)?))
    } else {
        Taken::First(
            first_of(&snapshot::make_snapshot(machine)?),
            machine.cycles(),
        )
    })
}

impl Machine {
    /// Runs on under this limit, without looking at the state.
    pub(crate) fn run(&mut self, limit: u64) -> Verdict {
        match self {
            Machine::Asm(reference, _) => reference.run_quietly(limit),
            Machine::Adapter(reference, _) => reference.run_quietly(limit),
            Machine::Ours(ours, _) => ours.run_quietly(limit),
        }
    }

    /// Runs on under this limit with a pause asked for: at once, on machines that look for one at
    /// places of their choice; the n-th time it looks on one of ours.
    pub(crate) fn run_to_pause(&mut self, limit: u64, random: &mut Random) -> Verdict {
        match self {
            Machine::Asm(reference, _) => {
                reference.machine_mut().machine_mut().pause().interrupt();
                let verdict = reference.run_quietly(limit);
                // It ended before it looked.
                reference.machine_mut().machine_mut().pause().free();
                verdict
            }
            Machine::Adapter(reference, _) => {
                reference.machine_mut().machine_mut().pause().interrupt();
                let verdict = reference.run_quietly(limit);
                reference.machine_mut().machine_mut().pause().free();
                verdict
            }
            Machine::Ours(ours, _) => {
                let left = Cell::new(random.below(40));
                let pause = || {
                    let now = left.get();
                    left.set(now.saturating_sub(1));
                    now == 0
                };
                ours.run_with_pause(limit, &pause)
            }
        }
    }

    /// The state, of which nothing is known about loading.
    pub(crate) fn look(&mut self, verdict: Verdict) -> Outcome {
        let mut outcome = match self {
            Machine::Asm(reference, _) => reference.outcome(verdict),
            Machine::Adapter(reference, _) => reference.outcome(verdict),
            Machine::Ours(ours, _) => ours.outcome(verdict),
        };
        outcome.loaded = 0;
        outcome
    }

    /// A snapshot of the second kind, or of the first.
    pub(crate) fn take(&mut self, second: bool) -> Result<Taken, String> {
        match self {
            Machine::Asm(reference, context) => take_ckb_vm(reference.inner_mut(), context, second)
                .map_err(|error| format!("a snapshot of asm: {error:?}")),
            Machine::Adapter(reference, context) => {
                take_ckb_vm(reference.inner_mut(), context, second)
                    .map_err(|error| format!("a snapshot of the adapter: {error:?}"))
            }
            Machine::Ours(ours, context) if second => context
                .make_snapshot(ours.core_mut())
                .map(Taken::Second)
                .map_err(|trap| format!("a snapshot of ours: {trap}")),
            Machine::Ours(ours, _) => {
                let cycles = ours.cycles();
                Ok(Taken::First(Snapshot::of(ours.core_mut()), cycles))
            }
        }
    }

    /// Cycles so far, and those of them that native code charged.
    pub(crate) fn cycles(&mut self) -> (u64, u64) {
        match self {
            Machine::Asm(reference, _) => (reference.cycles(), 0),
            Machine::Adapter(reference, _) => {
                (reference.cycles(), reference.inner_mut().native_cycles())
            }
            Machine::Ours(ours, _) => (ours.cycles(), ours.native_cycles()),
        }
    }

    /// The same machine on the other of our two engines; nothing for CKB-VM's.
    pub(crate) fn changed(self, shop: &Shop) -> Option<Machine> {
        match self {
            Machine::Ours(mut ours, context) => {
                ours.change_engine(&shop.modules);
                Some(Machine::Ours(ours, context))
            }
            _ => None,
        }
    }
}
