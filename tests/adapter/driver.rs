//! Any machine of CKB-VM's trait, made, loaded, run and looked at.

use std::sync::{Arc, Once};

use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{
    Bytes, CoreMachine, DefaultCoreMachine, DefaultMachineBuilder, DefaultMachineRunner,
    FlatMemory, InstructionCycleFunc, Memory, SupportMachine, Syscalls, TraceMachine, WXorXMemory,
    cost_model,
};
use lockstep::Engine;
use lockstep::ckb::NativeMachine;
use lockstep::engine::{Mode, Translate};

use lockstep_test_support::asm::assemble;
use lockstep_test_support::outcome::{Outcome, Rule, Verdict, compare};
use lockstep_test_support::program::{Program, Setup};

/// The reference.
pub(crate) type Asm = AsmMachine;
/// CKB-VM's second opinion, on clean exits.
pub(crate) type Trace = TraceMachine<DefaultCoreMachine<u64, WXorXMemory<FlatMemory<u64>>>>;
/// Ours.
pub(crate) type Native = NativeMachine;

/// A machine with 64-bit registers.
pub(crate) trait Runner: DefaultMachineRunner<Inner: SupportMachine<REG = u64>> {}
impl<M: DefaultMachineRunner<Inner: SupportMachine<REG = u64>>> Runner for M {}

/// The system calls of a machine whose core is `Inner`.
pub(crate) type Calls<Inner> = Vec<Box<dyn Syscalls<Inner>>>;

/// No limit on cycles.
pub(crate) const UNLIMITED: u64 = u64::MAX;

/// An engine that translates at once and leaves the user's cache alone, for the whole process.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let engine = Engine::builder()
            .mode(Mode::Auto)
            .translate(Translate::Now)
            .no_cache()
            .build();
        lockstep::ckb::install(Arc::new(engine));
    });
}

/// A machine without a program; costs are CKB's.
pub(crate) fn machine<M: Runner>(setup: &Setup, calls: Calls<M::Inner>) -> M {
    machine_that_costs(setup, calls, Box::new(cost_model::estimate_cycles))
}

/// A machine without a program.
pub(crate) fn machine_that_costs<M: Runner>(
    setup: &Setup,
    calls: Calls<M::Inner>,
    cost: Box<InstructionCycleFunc>,
) -> M {
    install();
    let core = M::Inner::new_with_memory(
        setup.profile.extensions.bits(),
        setup.profile.version.number(),
        UNLIMITED,
        setup.memory_size,
    );
    let builder = DefaultMachineBuilder::new(core).instruction_cycle_func(cost);
    let builder = calls
        .into_iter()
        .fold(builder, |builder, call| builder.syscall(call));
    M::new(builder.build())
}

/// Loads a program; the result is the bytes that loading reports.
pub(crate) fn load<M: Runner>(machine: &mut M, program: &Program) -> Result<u64, Verdict> {
    let elf = Bytes::copy_from_slice(&program.elf);
    let args: Vec<Bytes> = program.args.iter().cloned().map(Bytes::from).collect();
    machine
        .load_program(&elf, args.into_iter().map(Ok))
        .map_err(|error| Verdict::fault(&error))
}

/// Runs on under this limit and shows the state.
pub(crate) fn run<M: Runner>(machine: &mut M, limit: u64) -> Outcome {
    machine.inner_mut().set_max_cycles(limit);
    let verdict = match machine.run() {
        Ok(code) => Verdict::Exit(code),
        Err(error) => Verdict::fault(&error),
    };
    look(machine, verdict)
}

/// The state of a machine.
pub(crate) fn look<M: Runner>(machine: &mut M, verdict: Verdict) -> Outcome {
    let core = machine.inner_mut();
    let mut registers = [0; 32];
    registers.copy_from_slice(core.registers());
    let (cycles, pc) = (core.cycles(), *core.pc());
    let reservation = *core.memory().lr();
    let memory = core.memory_mut();
    let size = memory.memory_size() as u64;
    let bytes = memory
        .load_bytes(0, size)
        .expect("all of memory can be read");
    let flags = (0..memory.memory_pages() as u64)
        .map(|page| memory.fetch_flag(page).expect("the page is there"))
        .collect();
    Outcome {
        verdict,
        cycles,
        pc,
        registers,
        memory: bytes.to_vec(),
        flags,
        reservation,
        loaded: 0,
        native_cycles: None,
    }
}

/// A program from assembly text.
pub(crate) fn program(name: &str, source: &str) -> Program {
    let assembly = assemble(source).unwrap_or_else(|error| panic!("{name}: {error}"));
    Program {
        name: name.to_string(),
        elf: assembly.elf(),
        ..Program::default()
    }
}

/// Asserts that CKB-VM's assembly machine and ours went the same way, state by state, and that
/// the trace machine, where it came to a clean end, came to the same one.
pub(crate) fn assert_same(name: &str, asm: &[Outcome], ours: &[Outcome], trace: Option<&Outcome>) {
    assert_eq!(asm.len(), ours.len(), "{name}: number of stops");
    for (stop, (a, b)) in asm.iter().zip(ours).enumerate() {
        if let Err(difference) = compare(("asm", a), ("ours", b), Rule::Contract) {
            panic!("{name}, stop {stop}: {difference}");
        }
    }
    if let (Some(trace), Some(last)) = (trace, ours.last())
        && let Err(difference) = compare(("trace", trace), ("ours", last), Rule::CleanExits)
    {
        panic!("{name}: {difference}");
    }
}
