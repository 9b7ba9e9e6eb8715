//! Rules of the machine that no program shows by itself: a host has to have a hand in it.

use ckb_vm::machine::asm::{AsmCoreMachine, AsmCoreMachineRevealer};
use ckb_vm::memory::{FLAG_EXECUTABLE, FLAG_FREEZED};
use ckb_vm::registers::A7;
use ckb_vm::{Bytes, CoreMachine, Error, Memory, SupportMachine, Syscalls};
use lockstep::ckb::NativeCore;
use lockstep_isa::Version;

use crate::driver::{Asm, Native, Runner, UNLIMITED, assert_same, load, machine, program, run};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{SMALL_MEMORY, Setup};

/// Replaces everything by another program, without arguments.
const REPLACE: u64 = 2000;

/// A host that knows the other program.
struct Replace(Bytes);

impl<Mac: SupportMachine<REG = u64>> Syscalls<Mac> for Replace {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        if machine.registers()[A7] != REPLACE {
            return Ok(false);
        }
        let (cycles, limit) = (machine.cycles(), machine.max_cycles());
        machine.reset(limit);
        machine.set_cycles(cycles);
        machine.load_elf(&self.0, true)?;
        Ok(true)
    }
}

fn replaced<M: Runner>(version: Version, first: &str, second: &str) -> Outcome
where
    Replace: Syscalls<M::Inner>,
{
    let elf = assemble(second).expect("a program").elf();
    let call = Box::new(Replace(Bytes::from(elf)));
    let mut machine = machine::<M>(&Setup::ckb(version), vec![call]);
    load(&mut machine, &program("first", first)).expect("it can be loaded");
    run(&mut machine, UNLIMITED)
}

/// In versions 0 and 1 a pc above 4 GiB runs the trace that its slot holds for the low half. After a
/// reset no slot holds any, also where native code ran the traces.
#[test]
fn a_reset_forgets_which_traces_ran() {
    let first = "
        li s0, 50
    loop:
        addi s0, s0, -1
        bnez s0, loop
        li a7, 2000
        ecall";
    let again = |base: &str| {
        format!(
            ".text {base}
            la t0, 0x10004          # the first program's loop
            li t1, 1
            slli t1, t1, 32
            add t0, t0, t1
            jr t0"
        )
    };
    for version in [Version::V0, Version::V1] {
        // Where the first program's pages are code again, and where they are not.
        for second in [again("0x11000"), again("0x24000")] {
            let asm = replaced::<Asm>(version, first, &second);
            let ours = replaced::<Native>(version, first, &second);
            assert_same("replaced", &[asm], std::slice::from_ref(&ours), None);
            let fault = Verdict::Fault("MemOutOfBound".to_string());
            assert_eq!(ours.verdict, fault, "{version:?}: nothing runs up there");
        }
    }
}

/// Fusion looks ahead into pages that are executable but not frozen, which have no native code. So
/// the last trace before them is not decided by the frozen pages alone.
#[test]
fn look_ahead_sees_pages_that_may_change() {
    // The sixteenth entry of its trace ends the page, and fuses with what stands behind it.
    let nops = "nop\n".repeat(13);
    let end = format!(
        ".text 0x10fc0
        {nops}
        li a1, 0
        li a7, 93
        lui a0, 0x12345
        addiw a0, a0, 0x7
        ecall"
    );
    let assembly = assemble(&end).expect("a program");
    let (bytes, entry) = (&assembly.segments[0].bytes, assembly.entry);
    let (front, back) = bytes.split_at((0x1_1000 - entry) as usize);
    fn outcome<M: Runner>(setup: &Setup, entry: u64, front: &[u8], back: &[u8]) -> Outcome {
        let mut machine = machine::<M>(setup, Vec::new());
        let inner = machine.inner_mut();
        let parts = [
            (
                0x1_0000,
                front,
                entry - 0x1_0000,
                FLAG_EXECUTABLE | FLAG_FREEZED,
            ),
            (0x1_1000, back, 0, FLAG_EXECUTABLE),
        ];
        for (addr, bytes, offset, flags) in parts {
            let bytes = Some(Bytes::copy_from_slice(bytes));
            (inner.memory_mut())
                .init_pages(addr, 0x1000, flags, bytes, offset)
                .expect("it is in memory");
        }
        inner.update_pc(entry);
        inner.commit_pc();
        run(&mut machine, UNLIMITED)
    }
    for version in [Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let asm = outcome::<Asm>(&setup, entry, front, back);
        let ours = outcome::<Native>(&setup, entry, front, back);
        assert_same("look ahead", &[asm], std::slice::from_ref(&ours), None);
        // Fused: sixteen entries and the call.
        assert_eq!((ours.verdict, ours.cycles), (Verdict::Exit(7), 516));
    }
}

/// CKB-VM does not guard reads of a memory that is smaller than the largest; they are refused
/// here.
#[test]
fn a_small_memory_ends_where_it_ends() {
    let size = SMALL_MEMORY as u64;
    let mut ours = <NativeCore as SupportMachine>::new_with_memory(0, 2, 0, SMALL_MEMORY);
    let mut asm = <Box<AsmCoreMachine> as AsmCoreMachineRevealer>::new(0, 2, 0, SMALL_MEMORY);
    for (addr, len) in [(size - 4, 5), (size, 1), (size + 4096, 8), (u64::MAX, 2)] {
        let read = ours.memory_mut().load_bytes(addr, len);
        assert_eq!(read, Err(Error::MemOutOfBound), "{addr:#x}, {len}");
        let bytes = vec![1; len as usize];
        let expected = asm.memory_mut().store_bytes(addr, &bytes);
        assert_eq!(expected, Err(Error::MemOutOfBound));
        assert_eq!(ours.memory_mut().store_bytes(addr, &bytes), expected);
        let expected = asm.memory_mut().store64(&(addr - 3), &7);
        assert_eq!(ours.memory_mut().store64(&(addr - 3), &7), expected);
        let expected = asm.memory_mut().load64(&(addr - 3));
        assert_eq!(ours.memory_mut().load64(&(addr - 3)), expected);
    }
    let none = Bytes::new();
    assert_eq!(ours.memory_mut().load_bytes(u64::MAX, 0), Ok(none));
}
