//! A system call that starts another program in the same machine, as `exec` of version 1 does:
//! read what is needed, reset, put the cycles back, load, lay out the stack.

use std::sync::Arc;

use ckb_vm::registers::{A0, A7};
use ckb_vm::{Bytes, DEFAULT_STACK_SIZE, Error, RISCV_MAX_MEMORY, SupportMachine, Syscalls};
use lockstep::Engine;
use lockstep::ckb::with_engine;
use lockstep::engine::Mode;
use lockstep_isa::Version;

use crate::driver::{Asm, Native, Runner, UNLIMITED, assert_same, load, machine, program, run};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{Segment, Setup, write_elf};

const EXEC: u64 = 2043;
/// What a loader's failure leaves in a0.
const WRONG_FORMAT: u64 = 0xff;

/// Replaces the program by this ELF.
struct Exec(Bytes);

impl<Mac: SupportMachine<REG = u64>> Syscalls<Mac> for Exec {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        if machine.registers()[A7] != EXEC {
            return Ok(false);
        }
        let (cycles, limit) = (machine.cycles(), machine.max_cycles());
        machine.reset(limit);
        machine.set_cycles(cycles);
        let loaded = machine.load_elf(&self.0, true).and_then(|bytes| {
            machine.add_cycles_no_checking(bytes.div_ceil(4))?;
            let args = [Bytes::from_static(b"argument")];
            let start = (RISCV_MAX_MEMORY - DEFAULT_STACK_SIZE) as u64;
            machine.initialize_stack(args.into_iter().map(Ok), start, DEFAULT_STACK_SIZE as u64)
        });
        if loaded.is_err() {
            machine.set_register(A0, WRONG_FORMAT);
        }
        Ok(true)
    }
}

/// Leaves something in every kind of state, then calls.
const CALLER: &str = "
        li s0, 0x1234
        li t0, 0x60000
        sd s0, 0(t0)
        sd s0, -64(sp)
        li a7, 2043
        ecall
        li a0, 77               # only where a machine goes on behind the call
        exit";

fn stops<M: Runner>(elf: &[u8], step: u64, version: Version) -> Vec<Outcome>
where
    Exec: Syscalls<M::Inner>,
{
    let exec = Exec(Bytes::copy_from_slice(elf));
    let mut machine = machine::<M>(&Setup::ckb(version), vec![Box::new(exec)]);
    load(&mut machine, &program("caller", CALLER)).unwrap();
    let (mut stops, mut limit) = (Vec::new(), step);
    loop {
        let outcome = run(&mut machine, limit);
        let exceeded = outcome.verdict.is_cycles_exceeded();
        stops.push(outcome);
        if !exceeded {
            return stops;
        }
        limit += step;
    }
}

/// An engine without native code.
fn interpreter() -> Arc<Engine> {
    Arc::new(Engine::builder().mode(Mode::Interp).no_cache().build())
}

fn same(name: &str, elf: &[u8]) -> Verdict {
    let mut verdict = Verdict::Exit(0);
    for version in [Version::V1, Version::V2] {
        for step in [UNLIMITED, 1200] {
            let asm = stops::<Asm>(elf, step, version);
            let ours = stops::<Native>(elf, step, version);
            assert_same(name, &asm, &ours, None);
            // And where the interpreter alone runs both programs.
            let interpreted = with_engine(interpreter(), || stops::<Native>(elf, step, version));
            assert_same(&format!("{name}, interpreted"), &asm, &interpreted, None);
            verdict = ours.last().unwrap().verdict.clone();
        }
    }
    verdict
}

#[test]
fn another_program_starts_afresh() {
    // At the caller's addresses and elsewhere: neither code nor data of the caller is left.
    for base in ["0x10000", "0x10002", "0x24000"] {
        let source = format!(
            ".text {base}
            li t0, 0x60000
            ld a0, 0(t0)
            or a0, a0, s0
            ld a1, 0(sp)            # argc
            ld a2, 8(sp)
            lbu a2, 0(a2)           # 'a'
            li a3, 200
        next:
            addi a3, a3, -1
            bnez a3, next
            sd a0, 0(t0)
            add a0, a0, a2
            add a0, a0, a1
            exit"
        );
        let elf = assemble(&source).unwrap().elf();
        assert_eq!(same("exec", &elf), Verdict::Exit(b'a' as i8 + 1));
    }
}

#[test]
fn what_is_no_program_leaves_an_empty_machine() {
    // pc is 0, and nothing is executable there.
    let fault = Verdict::Fault("MemWriteOnExecutablePage".to_string());
    assert_eq!(same("exec of nothing", b"no ELF"), fault);
}

#[test]
fn what_was_loaded_before_the_loader_failed_runs_from_address_0() {
    let text = assemble(".text 0\naddi a0, a0, -205\nexit")
        .unwrap()
        .segments;
    let again = Segment {
        addr: 0,
        flags: Segment::RODATA,
        bytes: vec![1; 8],
    };
    let segments = [text[0].clone(), again];
    // a0 is the loader's failure: 255 - 205.
    let elf = write_elf(0x7000, &segments);
    assert_eq!(same("exec of half a program", &elf), Verdict::Exit(50));
}
