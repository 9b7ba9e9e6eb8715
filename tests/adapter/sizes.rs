//! Every size of memory that one of CKB-VM's machines accepts: whole frames for the assembly
//! machine, whole pages for the trace machine. Ours runs natively in all of them.

use ckb_vm::{DefaultMachineRunner, Error, Memory, SupportMachine};
use lockstep::ckb::NativeCore;
use lockstep_isa::Version;

use crate::driver::{
    Asm, Native, Runner, Trace, UNLIMITED, assert_same, load, machine, program, run,
};
use lockstep_test_support::outcome::{Outcome, Rule, Verdict, compare};
use lockstep_test_support::program::{FULL_MEMORY, Program, SMALL_MEMORY, Setup};

const PAGE: usize = 4096;

/// Loads and runs; a failure to load is a state too.
fn end<M: Runner>(program: &Program, setup: &Setup) -> Outcome {
    let mut machine = machine::<M>(setup, Vec::new());
    match load(&mut machine, program) {
        Ok(loaded) => Outcome {
            loaded,
            ..run(&mut machine, UNLIMITED)
        },
        Err(verdict) => crate::driver::look(&mut machine, verdict),
    }
}

fn setup(memory_size: usize, version: Version) -> Setup {
    let mut setup = Setup {
        memory_size,
        ..Setup::ckb(version)
    };
    setup.profile.extensions.a = true;
    setup
}

/// Programs at the edges of a memory with these bytes, entered at page 0.
fn programs(size: usize) -> Vec<Program> {
    let (end, last) = (size, size - 8);
    let sources = [
        // Sums over all of memory: the text is the same for all engines, all else is zero.
        format!(
            ".text 0
            li t0, {end}
            li t1, 0
        next:
            addi t0, t0, -8
            ld t2, 0(t0)
            add t1, t1, t2
            slli t3, t1, 7
            xor t1, t1, t3
            bnez t0, next
            mv a0, t1
            exit"
        ),
        // The last word and the stack, where they are not code.
        format!(
            ".text 0
            li t0, {last}
            li s0, 40
        next:
            sd s0, 0(t0)
            lr.d t1, (t0)
            sd t1, -24(sp)
            amoadd.w t2, s0, (t0)
            lwu t3, 4(t0)
            add s1, s1, t1
            add s1, s1, t3
            addi s0, s0, -1
            bnez s0, next
            mv a0, s1
            exit"
        ),
        // Over the end: by a byte, and from far beyond.
        format!(".text 0\nli t0, {last}\nld a0, 1(t0)\nexit"),
        format!(".text 0\nli t0, {last}\nsh a0, 7(t0)\nexit"),
        format!(".text 0\nli t0, {end}\nlbu a0, 0(t0)\nexit"),
        format!(".text 0\nli t0, {end}\nsc.w a0, a0, (t0)\nexit"),
        format!(".text 0\nli t0, {}\nsd a0, 0(t0)\nexit", FULL_MEMORY - 8),
        format!(".text 0\nli t0, {end}\njr t0"),
        format!(".text 0\nli t0, {}\njr t0", end - 2),
    ];
    sources
        .iter()
        .enumerate()
        .flat_map(|(number, source)| {
            let mut program = program(&format!("{size:#x} bytes, program {number}"), source);
            let without = program.clone();
            program.args = vec![b"an argument".to_vec(), vec![b'x'; 40]];
            [without, program]
        })
        .collect()
}

#[test]
fn whole_frames_as_the_assembly_machine() {
    for frames in 1..=FULL_MEMORY / SMALL_MEMORY {
        let size = frames * SMALL_MEMORY;
        let versions = match frames {
            1 | 2 | 16 => &[Version::V0, Version::V1, Version::V2][..],
            _ => &[Version::V2][..],
        };
        for version in versions.iter().copied() {
            for program in programs(size) {
                let setup = setup(size, version);
                let name = format!("{} in {version:?}", program.name);
                let (asm, ours) = (
                    end::<Asm>(&program, &setup),
                    end::<Native>(&program, &setup),
                );
                assert_same(&name, &[asm], &[ours], None);
            }
        }
    }
}

#[test]
fn whole_pages_as_the_trace_machine() {
    let mut exits = 0;
    let sizes = (1..=70).chain([127, 128, 129, 500, 1023]);
    for size in sizes.map(|pages| pages * PAGE) {
        for program in programs(size) {
            let setup = setup(size, Version::V2);
            let (trace, ours) = (
                end::<Trace>(&program, &setup),
                end::<Native>(&program, &setup),
            );
            compare(("trace", &trace), ("ours", &ours), Rule::CleanExits)
                .unwrap_or_else(|difference| panic!("{}: {difference}", program.name));
            // Where they fail they fail alike, but for row 5 of their own differences.
            let name = |outcome: &Outcome| outcome.verdict.to_string();
            let same = name(&trace) == name(&ours);
            let edge = ["MemOutOfBound", "MemWriteOnExecutablePage"];
            assert!(
                same || edge.contains(&&*name(&ours)) && edge.contains(&&*name(&trace)),
                "{}: {} / {}",
                program.name,
                name(&trace),
                name(&ours)
            );
            exits += u64::from(ours.verdict.is_exit());
        }
    }
    assert!(exits > 150, "{exits}");
}

#[test]
fn native_code_runs_in_the_smallest_memories() {
    for pages in [1, 2, 3, 4, 9, 35, 36] {
        let size = pages * PAGE;
        let setup = setup(size, Version::V2);
        let sum = programs(size).swap_remove(0);
        let mut machine = machine::<Native>(&setup, Vec::new());
        load(&mut machine, &sum).unwrap();
        assert!(matches!(
            run(&mut machine, UNLIMITED).verdict,
            Verdict::Exit(_)
        ));
        let core = machine.inner_mut();
        assert!(
            core.native_cycles() * 10 > core.charged_cycles() * 9,
            "{pages} pages"
        );
    }
}

#[test]
fn other_sizes_are_refused() {
    for bad in [0, 1, 4095, 4097, FULL_MEMORY + PAGE, usize::MAX] {
        let made = std::panic::catch_unwind(|| {
            <NativeCore as SupportMachine>::new_with_memory(0, 2, 0, bad)
        });
        assert!(made.is_err(), "{bad:#x} bytes");
    }
}

/// CKB-VM's assembly machine reads behind a small memory here; ours does not.
#[test]
fn a_host_cannot_read_behind_a_small_memory() {
    for size in [PAGE, SMALL_MEMORY, FULL_MEMORY] {
        let mut core = <NativeCore as SupportMachine>::new_with_memory(0, 2, 0, size);
        let end = size as u64;
        assert_eq!(core.load_bytes(end - 1, 2), Err(Error::MemOutOfBound));
        assert_eq!(core.load_bytes(end, 1), Err(Error::MemOutOfBound));
        assert_eq!(core.load_bytes(u64::MAX, 2), Err(Error::MemOutOfBound));
        assert_eq!(core.load_bytes(end - 2, 2).map(|bytes| bytes.len()), Ok(2));
        assert_eq!(
            core.store_bytes(end - 1, &[1, 2]),
            Err(Error::MemOutOfBound)
        );
    }
}
