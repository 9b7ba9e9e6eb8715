//! System calls that read and change whatever a host may: registers, memory, flags, cycles, pc, code.

use ckb_vm::cost_model;
use ckb_vm::memory::{FLAG_DIRTY, FLAG_EXECUTABLE, FLAG_FREEZED};
use ckb_vm::registers::{A0, A1, A7};
use ckb_vm::{Bytes, Debugger, DefaultMachineBuilder, Error, Memory, SupportMachine, Syscalls};
use lockstep_isa::Version;

use crate::driver::{
    Asm, Native, Runner, Trace, UNLIMITED, assert_same, load, machine, program, run,
};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{Program, Setup};

/// Writes bytes at a0, as many as a1 says, and charges a cycle for each.
const FILL: u64 = 1000;
/// Clears the dirty flag of the page at a0, as snapshots do.
const CLEAN: u64 = 1001;
/// Sets a0 and stops the run; it can be called again.
const YIELD: u64 = 1002;
/// Makes the page at a0 code: a function that adds a1 to its argument.
const CODE: u64 = 1003;
/// Charges a0 cycles within the limit.
const CHARGE: u64 = 1004;
/// Charges a0 cycles whatever the limit is.
const CHARGE_ANYWAY: u64 = 1005;
/// Sets the cycle counter to a0.
const SET_CYCLES: u64 = 1006;
/// Goes on at a0.
const GO: u64 = 1007;
/// Reads eight bytes at a0 into a0, the flags of their page into a1.
const PEEK: u64 = 1008;
/// Reserves the address a0.
const RESERVE: u64 = 1009;
/// Ends the run, without an exit of the guest.
const STOP: u64 = 1010;
/// Puts the pc into a0.
const HERE: u64 = 1011;

/// A host that does all that.
struct Host;

impl<Mac: SupportMachine<REG = u64>> Syscalls<Mac> for Host {
    fn initialize(&mut self, machine: &mut Mac) -> Result<(), Error> {
        machine.memory_mut().store64(&0x3_0000, &0x1111)
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        let (a0, a1) = (machine.registers()[A0], machine.registers()[A1]);
        match machine.registers()[A7] {
            FILL => {
                let bytes: Vec<u8> = (0..a1).map(|i| (i * 7 + a1) as u8).collect();
                machine.memory_mut().store_bytes(a0, &bytes)?;
                machine.add_cycles_no_checking(a1)?;
                machine.set_register(A0, bytes.len() as u64);
            }
            CLEAN => machine.memory_mut().clear_flag(a0 >> 12, FLAG_DIRTY)?,
            YIELD => {
                machine.set_register(A0, a0 + 1);
                return Err(Error::Yield);
            }
            CODE => {
                let text = assemble(&format!("addi a0, a0, {a1}\nret")).expect("a function");
                let bytes = Bytes::from(text.segments[0].bytes.clone());
                let flags = FLAG_EXECUTABLE | FLAG_FREEZED;
                machine
                    .memory_mut()
                    .init_pages(a0, 4096, flags, Some(bytes), 0)?;
            }
            CHARGE => machine.add_cycles(a0)?,
            CHARGE_ANYWAY => machine.add_cycles_no_checking(a0)?,
            SET_CYCLES => machine.set_cycles(a0),
            GO => {
                machine.update_pc(a0);
                machine.commit_pc();
            }
            PEEK => {
                let word = machine.memory_mut().load64(&a0)?;
                let flags = machine.memory_mut().fetch_flag(a0 >> 12)?;
                machine.set_register(A0, word);
                machine.set_register(A1, u64::from(flags));
            }
            HERE => machine.set_register(A0, *machine.pc()),
            RESERVE => machine.memory_mut().set_lr(&a0),
            STOP => machine.set_running(false),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// All stops, with the limit raised by `step` after each that needs it.
fn stops<M: Runner>(program: &Program, setup: &Setup, step: u64) -> Vec<Outcome>
where
    Host: Syscalls<M::Inner>,
{
    let mut machine = machine::<M>(setup, vec![Box::new(Host)]);
    load(&mut machine, program).unwrap();
    let (mut stops, mut limit): (Vec<Outcome>, u64) = (Vec::new(), step);
    for _ in 0..50 {
        let outcome = run(&mut machine, limit);
        let goes_on = matches!(&outcome.verdict, Verdict::Fault(name) if name == "Yield");
        let exceeded = outcome.verdict.is_cycles_exceeded();
        stops.push(outcome);
        if !goes_on && !exceeded {
            break;
        }
        limit = limit.saturating_add(step);
    }
    stops
}

/// Runs the text on both machines, whole and in steps, in all versions; the verdict is the last one.
fn same(name: &str, source: &str) -> Verdict {
    let program = program(name, source);
    let mut verdict = Verdict::Exit(0);
    for version in [Version::V1, Version::V2] {
        let mut setup = Setup::ckb(version);
        setup.profile.extensions.a = true;
        for step in [UNLIMITED, 1700] {
            let asm = stops::<Asm>(&program, &setup, step);
            let ours = stops::<Native>(&program, &setup, step);
            // The trace machine shows the pc of the call, the assembly machine the one behind it.
            let sees_pc = source.contains("a7, 1011");
            let trace = (!sees_pc).then(|| stops::<Trace>(&program, &setup, step));
            let trace = trace.as_ref().and_then(|trace| trace.last());
            assert_same(&format!("{name}, steps of {step}"), &asm, &ours, trace);
            verdict = ours.last().unwrap().verdict.clone();
        }
    }
    verdict
}

#[test]
fn bytes_and_registers() {
    let source = "
        li a0, 0x30ffc          # over a page's edge
        li a1, 3000
        li a7, 1000
        ecall
        mv s0, a0
        li t0, 0x30ffc
        ld t1, 0(t0)
        ld t2, 8(t0)
        add s0, s0, t1
        add s0, s0, t2
        li a0, 0x30ff8
        li a7, 1008
        ecall
        add a0, a0, a1
        add a0, a0, s0
        exit";
    assert!(matches!(same("fill", source), Verdict::Exit(_)));
}

#[test]
fn a_clean_page_becomes_dirty_again() {
    let source = "
        li s0, 0x30000
        li s1, 5
    again:
        sd s1, 0(s0)
        sd s1, 16(s0)
        mv a0, s0
        li a7, 1001
        ecall
        ld t0, 0(s0)
        li a7, 1008
        mv a0, s0
        ecall
        add s2, s2, a1          # flags: clean
        sd t0, 8(s0)
        mv a0, s0
        ecall
        add s2, s2, a1          # flags: dirty
        addi s1, s1, -1
        bnez s1, again
        mv a0, s2
        exit";
    assert_eq!(same("clean", source), Verdict::Exit(20));
}

#[test]
fn a_yield_can_be_continued() {
    let source = "
        li s0, 3
    again:
        li a0, 40
        li a7, 1002
        ecall
        addi s0, s0, -1
        bnez s0, again
        addi a0, a0, 1
        exit";
    assert_eq!(same("yield", source), Verdict::Exit(42));
}

#[test]
fn code_may_come_while_the_guest_runs() {
    let source = "
        li s0, 0x50000
        li s1, 4
        li s2, 1
    again:
        mv a0, s0
        mv a1, s2
        li a7, 1003
        ecall
        mv a0, s3
        jalr ra, 0(s0)
        mv s3, a0
        li t0, 0x1000
        add s0, s0, t0
        addi s2, s2, 10
        addi s1, s1, -1
        bnez s1, again
        mv a0, s3
        exit";
    assert_eq!(same("code", source), Verdict::Exit(64));
    // A frozen page cannot become something else; neither can it be written.
    let twice = "
        li a0, 0x50000
        li a1, 1
        li a7, 1003
        ecall
        li a0, 0x50000
        ecall
        exit";
    let frozen = Verdict::Fault("MemWriteOnFreezedPage".to_string());
    assert_eq!(same("code twice", twice), frozen);
    let write = "
        li a0, 0x50000
        li a1, 1
        li a7, 1003
        ecall
        li a0, 0x50000
        sd a0, 0(a0)
        exit";
    let executable = Verdict::Fault("MemWriteOnExecutablePage".to_string());
    assert_eq!(same("code written", write), executable);
}

#[test]
fn cycles_belong_to_the_host_too() {
    let source = "
        li s0, 6
    again:
        li a0, 123
        li a7, 1004
        ecall
        addi s0, s0, -1
        bnez s0, again
        li a0, 10
        li a7, 1006             # back to ten
        ecall
        li a0, 3
        exit";
    assert_eq!(same("charge", source), Verdict::Exit(3));
    let overflow = "
        li a0, -1
        li a7, 1005
        ecall
        exit";
    let text = Verdict::Fault("CyclesOverflow".to_string());
    assert_eq!(same("overflow", overflow), text);
}

#[test]
fn a_counter_above_the_limit_stops_the_guest() {
    let source = "
        li a0, 4000
        li a7, 1005
        ecall
        li t0, 900
    next:
        addi t0, t0, -1
        bnez t0, next
        li a0, 9
        exit";
    assert_eq!(same("charge anyway", source), Verdict::Exit(9));
}

#[test]
fn the_pc_may_be_moved() {
    let source = "
        la a0, there
        li a7, 1007
        ecall
        li a0, 1
        exit
    there:
        li a0, 2
        exit";
    assert_eq!(same("go", source), Verdict::Exit(2));
    let back = "
        j start
    before:
        mv a0, s0
        exit
    start:
        li s0, 3
        la a0, before
        li a7, 1007
        ecall
        li a0, 1
        exit";
    assert_eq!(same("go back", back), Verdict::Exit(3));
    let nowhere = "
        li a0, 0x300000
        li a7, 1007
        ecall";
    let fault = Verdict::Fault("MemWriteOnExecutablePage".to_string());
    assert_eq!(same("go nowhere", nowhere), fault);
}

#[test]
fn the_pc_is_behind_the_call() {
    let source = "
        li a7, 1011
        ecall
    here:
        la a1, here
        sub a0, a0, a1
        exit";
    assert_eq!(same("here", source), Verdict::Exit(0));
}

#[test]
fn reservations_are_shared() {
    let source = "
        li a0, 0x30000
        li a7, 1009
        ecall
        sc.d t0, a0, (a0)
        sc.d t1, a0, (a0)
        slli t1, t1, 1
        or s0, t0, t1
        lr.w t0, (a0)
        mv a0, s0
        exit";
    assert_eq!(same("reserve", source), Verdict::Exit(2));
}

#[test]
fn a_host_may_end_the_run() {
    let source = "
        li a0, 5
        li a7, 1010
        ecall
        li a0, 6
        exit";
    // The exit code is the one of the last exit: none yet.
    assert_eq!(same("stop", source), Verdict::Exit(0));
}

#[test]
fn unknown_calls_are_refused() {
    let source = "
        li a7, 4242
        ecall";
    let fault = Verdict::Fault("InvalidEcall".to_string());
    assert_eq!(same("unknown", source), fault);
}

/// Notes what the debugger sees.
struct Watch;

impl<Mac: SupportMachine<REG = u64>> Debugger<Mac> for Watch {
    fn initialize(&mut self, machine: &mut Mac) -> Result<(), Error> {
        machine.memory_mut().store64(&0x3_0008, &0x2222)
    }

    fn ebreak(&mut self, machine: &mut Mac) -> Result<(), Error> {
        let seen = *machine.pc() + machine.cycles();
        machine.set_register(A0, seen);
        Ok(())
    }
}

fn debugged<M: Runner>(program: &Program) -> Outcome
where
    Watch: Debugger<M::Inner>,
{
    let core = M::Inner::new(3, 2, UNLIMITED);
    let machine = DefaultMachineBuilder::new(core)
        .instruction_cycle_func(Box::new(cost_model::estimate_cycles))
        .debugger(Box::new(Watch))
        .build();
    let mut machine = M::new(machine);
    load(&mut machine, program).unwrap();
    run(&mut machine, UNLIMITED)
}

#[test]
fn a_debugger_sees_the_same() {
    crate::driver::install();
    let source = "
        nop
        ebreak
        mv s0, a0
        ebreak
        add a0, a0, s0
        exit";
    let program = program("debugged", source);
    let (asm, ours) = (debugged::<Asm>(&program), debugged::<Native>(&program));
    assert_ne!(ours.registers[8], 0);
    assert_same("debugged", &[asm], &[ours], None);
}
