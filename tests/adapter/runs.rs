//! Loading and running: guests, versions, cost functions, limits, pauses.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use ckb_vm::instructions::{Instruction, extract_opcode, insts};
use ckb_vm::machine::Pause;
use ckb_vm::machine::asm::AsmCoreMachine;
use ckb_vm::registers::A7;
use ckb_vm::{CoreMachine, DefaultMachineRunner, Error, SupportMachine, Syscalls, cost_model};
use lockstep::Engine;
use lockstep::ckb::{NativeCore, NativeMachine, with_engine};
use lockstep::engine::Mode;
use lockstep_isa::{Extensions, Version};

use crate::driver::{
    Asm, Calls, Native, Runner, Trace, UNLIMITED, assert_same, load, machine, machine_that_costs,
    program, run,
};
use lockstep_test_support::guests::guests;
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{Program, Setup};

/// Loads and runs to the end; an empty list when loading failed, with the reason beside it.
fn whole<M: Runner>(program: &Program, setup: &Setup) -> (Result<u64, Verdict>, Vec<Outcome>) {
    let mut machine = machine::<M>(setup, Vec::new());
    let loaded = load(&mut machine, program);
    let outcomes = match loaded {
        Ok(_) => vec![run(&mut machine, UNLIMITED)],
        Err(_) => Vec::new(),
    };
    (loaded, outcomes)
}

#[test]
fn guests_end_alike_in_every_version() {
    for guest in guests().iter().filter(|guest| guest.default_cycles > 0) {
        let program = guest.program(&[]);
        for version in [Version::V0, Version::V1, Version::V2] {
            let setup = Setup::ckb(version);
            let (asm_loaded, asm) = whole::<Asm>(&program, &setup);
            let (loaded, ours) = whole::<Native>(&program, &setup);
            assert_eq!(loaded, asm_loaded, "{}: loaded bytes", program.name);
            let (_, trace) = whole::<Trace>(&program, &setup);
            let name = format!("{} in {version:?}", program.name);
            assert_same(&name, &asm, &ours, trace.last());
        }
    }
}

#[test]
fn arguments_arrive() {
    let source = "
        ld a0, 0(sp)          # argc
        ld a1, 8(sp)          # argv[0]
        lbu a1, 1(a1)
        add a0, a0, a1
        exit";
    let mut program = program("arguments", source);
    program.args = vec![b"one".to_vec(), b"two".to_vec(), Vec::new()];
    for version in [Version::V0, Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let (asm_loaded, asm) = whole::<Asm>(&program, &setup);
        let (loaded, ours) = whole::<Native>(&program, &setup);
        assert_eq!(loaded, asm_loaded);
        assert_eq!(ours[0].verdict, Verdict::Exit(3 + b'n' as i8));
        assert_same("arguments", &asm, &ours, None);
    }
}

const LOOP: &str = "
        li t0, 3000
    next:
        ld t1, 0(sp)
        mul t2, t0, t1
        sd t2, -8(sp)
        addi t0, t0, -1
        bnez t0, next
        exit";

#[test]
fn any_cycle_function_is_obeyed() {
    let dear = |i: Instruction| match extract_opcode(i) {
        insts::OP_MUL => 1000,
        insts::OP_LD_VERSION0 | insts::OP_LD_VERSION1 => 77,
        insts::OP_ECALL => 0,
        _ => 1,
    };
    let program = program("loop", LOOP);
    for version in [Version::V0, Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let mut asm: Asm = machine_that_costs(&setup, Vec::new(), Box::new(dear));
        let mut ours: Native = machine_that_costs(&setup, Vec::new(), Box::new(dear));
        load(&mut asm, &program).unwrap();
        load(&mut ours, &program).unwrap();
        let (a, b) = (run(&mut asm, UNLIMITED), run(&mut ours, UNLIMITED));
        assert_same("a cost function of our own", &[a], &[b], None);
        assert_eq!(
            ours.inner_mut().native_cycles(),
            0,
            "no native code has such costs"
        );
    }
}

/// Costs so large that the counter has no room for a second trace, or for a second instruction.
#[test]
fn costs_that_overflow_the_counter_fail_as_they_do_there() {
    // Each multiplication ends up in a trace of its own, but for the last two.
    let source = "
        li t0, 3
        mul t1, t0, t0
        j next
    next:
        mul t2, t1, t0
        j last
    last:
        mul t3, t2, t0
        mul t4, t3, t0
        exit";
    let program = program("dear products", source);
    let overflow = Verdict::Fault("CyclesOverflow".to_string());
    let mut overflowed = 0;
    for cost in [u64::MAX, u64::MAX / 2, u64::MAX / 3, u64::MAX / 4, 1 << 62] {
        // In one trace CKB-VM's sum wraps where overflow is not checked for, and panics elsewhere.
        if cfg!(debug_assertions) && cost > u64::MAX / 4 {
            continue;
        }
        let dear = move |i: Instruction| match extract_opcode(i) {
            insts::OP_MUL => cost,
            _ => 1,
        };
        for version in [Version::V0, Version::V1, Version::V2] {
            let setup = Setup::ckb(version);
            for limit in [UNLIMITED, UNLIMITED - 1, cost, 1000] {
                let mut asm: Asm = machine_that_costs(&setup, Vec::new(), Box::new(dear));
                let mut ours: Native = machine_that_costs(&setup, Vec::new(), Box::new(dear));
                load(&mut asm, &program).unwrap();
                load(&mut ours, &program).unwrap();
                let (a, b) = (run(&mut asm, limit), run(&mut ours, limit));
                overflowed += usize::from(b.verdict == overflow);
                // What was charged before is there, and nothing of what did not fit.
                assert_eq!((a.cycles, a.pc), (b.cycles, b.pc), "{cost:#x}, {limit:#x}");
                assert_same(&format!("{cost:#x}, limit {limit:#x}"), &[a], &[b], None);
            }
        }
    }
    assert!(overflowed >= 6, "{overflowed}");
}

#[test]
fn known_cycle_functions_run_natively() {
    let program = program("loop", LOOP);
    let setup = Setup::ckb(Version::V2);
    for cost in [cost_model::estimate_cycles, cost_model::constant_cycles] {
        let mut asm: Asm = machine_that_costs(&setup, Vec::new(), Box::new(cost));
        // Another function that says the same is as good.
        let one = u64::from(setup.profile.version == Version::V2);
        let mut ours: Native =
            machine_that_costs(&setup, Vec::new(), Box::new(move |i| cost(i) * one));
        load(&mut asm, &program).unwrap();
        load(&mut ours, &program).unwrap();
        let (a, b) = (run(&mut asm, UNLIMITED), run(&mut ours, UNLIMITED));
        assert_same("a known cost function", &[a], &[b], None);
        let core = ours.inner_mut();
        assert!(core.native_cycles() * 100 >= core.charged_cycles() * 90);
    }
}

/// Runs in pieces of `step` cycles, showing every stop.
fn pieces<M: Runner>(program: &Program, step: u64) -> Vec<Outcome> {
    let mut machine = machine::<M>(&Setup::ckb(Version::V2), Vec::new());
    load(&mut machine, program).unwrap();
    let mut stops: Vec<Outcome> = Vec::new();
    let mut limit = 0;
    while stops
        .last()
        .is_none_or(|last| last.verdict.is_cycles_exceeded())
    {
        stops.push(run(&mut machine, limit));
        limit += step;
    }
    stops
}

#[test]
fn pieces_stop_alike() {
    let program = program("loop", LOOP);
    for step in [701, 4999] {
        let (asm, ours) = (
            pieces::<Asm>(&program, step),
            pieces::<Native>(&program, step),
        );
        assert!(ours.len() > 5);
        assert_same("a loop in pieces", &asm, &ours, None);
    }
}

#[test]
fn a_pause_from_another_thread_changes_nothing() {
    let source = LOOP.replace("3000", "3000000");
    let program = program("long loop", &source);
    let setup = Setup::ckb(Version::V2);
    let (_, asm) = whole::<Asm>(&program, &setup);
    let mut ours: Native = machine(&setup, Vec::new());
    load(&mut ours, &program).unwrap();
    let pause = Pause::new();
    ours.machine_mut().set_pause(pause.clone());
    // One before it starts: all may be over before the other thread wakes up.
    pause.interrupt();
    let (stop, stopped) = channel::<()>();
    let teaser = thread::spawn(move || {
        // Longer each time: where a run does not get far before the next pause, it ends all the same.
        let mut step = Duration::from_micros(200);
        while stopped.recv_timeout(step) == Err(RecvTimeoutError::Timeout) {
            pause.interrupt();
            step = step.mul_f64(1.02);
        }
    });
    let mut pauses = 0;
    let last = loop {
        let outcome = run(&mut ours, UNLIMITED);
        if outcome.verdict != Verdict::Fault("Pause".to_string()) {
            break outcome;
        }
        assert!(outcome.cycles <= asm[0].cycles);
        pauses += 1;
    };
    drop(stop);
    teaser.join().unwrap();
    assert!(pauses > 0, "it was never paused");
    assert_same("a loop with pauses", &asm, &[last], None);
}

/// A call that asks for a pause.
struct Interrupt(Pause);

impl<Mac: SupportMachine<REG = u64>> Syscalls<Mac> for Interrupt {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        let ours = machine.registers()[A7] == 1000;
        if ours {
            self.0.interrupt();
        }
        Ok(ours)
    }
}

/// Runs on after each pause; the end, and how many pauses there were.
fn with_pauses<M: Runner>(program: &Program) -> (Outcome, usize)
where
    Interrupt: Syscalls<M::Inner>,
{
    let pause = Pause::new();
    let calls: Calls<M::Inner> = vec![Box::new(Interrupt(pause.clone()))];
    let mut machine = machine::<M>(&Setup::ckb(Version::V2), calls);
    machine.machine_mut().set_pause(pause);
    load(&mut machine, program).unwrap();
    let mut pauses = 0;
    loop {
        let outcome = run(&mut machine, UNLIMITED);
        if outcome.verdict != Verdict::Fault("Pause".to_string()) {
            return (outcome, pauses);
        }
        pauses += 1;
    }
}

#[test]
fn a_pause_asked_for_by_the_guest_is_seen_at_once() {
    let source = "
        li s0, 50
    again:
        li a7, 1000
        ecall
        li t0, 20
    next:
        addi t0, t0, -1
        bnez t0, next
        addi s0, s0, -1
        bnez s0, again
        li a0, 4
        exit";
    let program = program("pauses", source);
    let (asm, expected) = with_pauses::<Asm>(&program);
    let (ours, pauses) = with_pauses::<Native>(&program);
    assert_eq!((pauses, expected), (50, 50));
    assert_same("pauses of its own", &[asm], &[ours], None);
}

#[test]
fn fusion_in_version_0_is_refused_when_run() {
    let mut setup = Setup::ckb(Version::V0);
    setup.profile.extensions.mop = true;
    let program = program("exit", "exit");
    let (_, asm) = whole::<Asm>(&program, &setup);
    let (_, ours) = whole::<Native>(&program, &setup);
    assert_eq!(
        ours[0].verdict,
        Verdict::Fault("InvalidVersion".to_string())
    );
    assert_same("fusion in version 0", &asm, &ours, None);
}

#[test]
fn every_isa_flag_is_taken() {
    let source = "
        li a0, 0x20000
        amoadd.d a1, a0, (a0)
        lr.d a2, (a0)
        exit
    .data 0x20000
        .dword 5";
    let program = program("atomics", source);
    for bits in 0..8 {
        for version in [Version::V1, Version::V2] {
            let mut setup = Setup::ckb(version);
            setup.profile.extensions = Extensions::from_bits(bits);
            let (_, asm) = whole::<Asm>(&program, &setup);
            let (_, ours) = whole::<Native>(&program, &setup);
            assert_same(&format!("isa {bits}"), &asm, &ours, None);
        }
    }
}

#[test]
fn a_machine_may_be_made_here_and_run_there() {
    fn is_sendable<T: Send + 'static>() {}
    is_sendable::<NativeMachine>();
    let program = program("loop", LOOP);
    let setup = Setup::ckb(Version::V2);
    let mut ours: Native = machine(&setup, Vec::new());
    load(&mut ours, &program).unwrap();
    ours.inner_mut().set_max_cycles(10_000);
    let (mut ours, first) = thread::spawn(move || {
        let first = ours.run();
        (ours, first)
    })
    .join()
    .unwrap();
    assert_eq!(first, Err(Error::CyclesExceeded));
    let (_, asm) = whole::<Asm>(&program, &setup);
    assert_same("two threads", &asm, &[run(&mut ours, UNLIMITED)], None);
}

#[test]
fn x0_and_unknown_registers() {
    let mut core = <NativeCore as SupportMachine>::new(0, 2, 0);
    core.set_register(0, 5);
    assert_eq!(core.registers()[0], 5, "as in CKB-VM; corners.rs has more");
    let wrong = std::panic::catch_unwind(move || {
        core.set_register(32, 5);
    });
    assert!(wrong.is_err());
}

#[test]
fn the_engine_of_a_thread_is_taken() {
    let engine = Arc::new(Engine::builder().mode(Mode::Interp).no_cache().build());
    let make = || -> NativeMachine { machine(&Setup::ckb(Version::V2), Vec::new()) };
    let scoped = with_engine(Arc::clone(&engine), make);
    assert!(Arc::ptr_eq(scoped.engine(), &engine));
    assert!(!Arc::ptr_eq(make().engine(), &engine));
    let core = make().machine_mut().inner_mut().profile();
    assert_eq!(core.version, Version::V2);
    // CKB-VM's core is nowhere in ours.
    assert!(size_of::<NativeMachine>() < size_of::<AsmCoreMachine>());
}
