//! What hosts seldom do: registers that cannot be written, code that comes behind code, into the stack
//! and between runs, pages whose flags change.

use ckb_vm::memory::{FLAG_DIRTY, FLAG_EXECUTABLE, FLAG_FREEZED};
use ckb_vm::registers::A7;
use ckb_vm::{Bytes, CoreMachine, DefaultMachineRunner, Error, Memory, SupportMachine, Syscalls};
use lockstep_isa::encode::encode;
use lockstep_isa::{Op, Version};

use crate::driver::{
    Asm, Native, Runner, UNLIMITED, assert_same, load, look, machine, program, run,
};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::outcome::{Outcome, Rule, Verdict, compare};
use lockstep_test_support::program::{SMALL_MEMORY, Setup};
use lockstep_test_support::random::Random;

const CODE: u8 = FLAG_EXECUTABLE | FLAG_FREEZED;
const TEXT: u64 = 0x1_0000;
const STOP: u64 = 1000;

/// Ends the run, so that the host can look; it can be called again.
struct Stop;

impl<Mac: SupportMachine<REG = u64>> Syscalls<Mac> for Stop {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        match machine.registers()[A7] {
            STOP => Err(Error::Yield),
            _ => Ok(false),
        }
    }
}

fn setup(version: Version) -> Setup {
    let mut setup = Setup {
        memory_size: SMALL_MEMORY,
        ..Setup::ckb(version)
    };
    setup.profile.extensions.a = true;
    setup
}

/// Puts code at an address, as a host does.
fn put_code<M: Runner>(machine: &mut M, addr: u64, code: &[u8]) -> Result<(), Error> {
    let size = (code.len() as u64).next_multiple_of(4096);
    let code = Some(Bytes::copy_from_slice(code));
    (machine.inner_mut().memory_mut()).init_pages(addr, size, CODE, code, 0)
}

fn set_pc<M: Runner>(machine: &mut M, pc: u64) {
    machine.inner_mut().update_pc(pc);
    machine.inner_mut().commit_pc();
}

/// Machine code of a text.
fn assembled(source: &str) -> Vec<u8> {
    let assembly = assemble(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    assembly.segments[0].bytes.clone()
}

/// Runs this code once with `x0` set from outside, and shows the state at the call behind it.
fn with_zero_set<M: Runner>(code: &[u8], registers: &[u64; 32], version: Version) -> Outcome
where
    Stop: Syscalls<M::Inner>,
{
    let mut machine = machine::<M>(&setup(version), vec![Box::new(Stop)]);
    put_code(&mut machine, TEXT, code).unwrap();
    set_pc(&mut machine, TEXT);
    for (number, value) in registers.iter().enumerate() {
        machine.inner_mut().set_register(number, *value);
    }
    run(&mut machine, UNLIMITED)
}

/// Compares all that can be seen, where the guest came to the call.
fn assert_zero_is_same(name: &str, code: &[u8], registers: &[u64; 32], version: Version) -> bool {
    let asm = with_zero_set::<Asm>(code, registers, version);
    let ours = with_zero_set::<Native>(code, registers, version);
    let yields = asm.verdict == Verdict::Fault("Yield".to_string());
    let rule = if yields {
        Rule::Everything
    } else {
        Rule::Contract
    };
    let ours = Outcome {
        native_cycles: None,
        ..ours
    };
    if let Err(difference) = compare(("asm", &asm), ("ours", &ours), rule) {
        panic!(
            "{name} in {version:?}, x0 = {:#x}: {difference}",
            registers[0]
        );
    }
    yields
}

#[test]
fn a_zero_register_that_was_set_reads_as_what_it_was_set_to() {
    let ecall = encode(&lockstep_isa::Inst::bare(Op::Ecall, 4)).unwrap();
    let mut seen = 0;
    for (number, op) in Op::ALL.iter().enumerate() {
        let row = op.row();
        if row.is_fused() || *op == Op::Ecall {
            continue;
        }
        let mut random = Random::new(number as u64);
        for turn in 0..24 {
            let mut word = row.bits | random.next() as u32 & !row.mask;
            for field in [7, 15, 20] {
                if random.one_in(2) {
                    word &= !(31 << field) | row.mask;
                }
            }
            let mut registers: [u64; 32] = std::array::from_fn(|_| random.next());
            if turn % 2 == 0 {
                // Addresses, for loads and stores.
                registers = registers.map(|value| 0x2_0000 + value % 4096);
            }
            registers[A7] = STOP;
            registers[0] = match turn % 3 {
                0 => 0x2_0100,
                1 => TEXT + 4,
                _ => random.next(),
            };
            let mut code = Vec::new();
            code.extend_from_slice(&word.to_le_bytes());
            // The second call shows what was left by the first.
            code.extend_from_slice(&ecall.to_le_bytes());
            code.extend_from_slice(&ecall.to_le_bytes());
            let version = [Version::V0, Version::V1, Version::V2][turn % 3];
            let name = format!("{op:?}, {word:#010x}");
            seen += u64::from(assert_zero_is_same(&name, &code, &registers, version));
        }
    }
    assert!(seen > 1500, "{seen} came to the call");
}

/// A text that ends in half a pattern, as the last entry of a trace. The assembly machine decodes a
/// trace before it looks at the limit, so it has this one when the other half comes between two runs,
/// and keeps it until another trace takes the slot.
#[test]
fn code_that_comes_behind_half_a_pattern() {
    for (head, other, both) in [
        ("lui a0, 5", "addiw a0, a0, 7", &[1, 2][..]),
        ("mulh a0, a1, a2", "mul a3, a1, a2", &[1, 2]),
        ("divu a0, a1, a2", "remu a3, a1, a2", &[1, 2]),
        ("sub a0, a1, a2", "sltu a3, a1, a2", &[2]),
        ("add a0, a1, a2", "sltu a3, a0, a1", &[2]),
        ("auipc a0, 1", "addi a0, a0, 7", &[2]),
        ("add a0, a1, a2", "nop", &[]),
    ] {
        for version in [Version::V1, Version::V2] {
            for rounds in 1..5 {
                let name = format!("{head} and {other} in {version:?}, {rounds} rounds");
                let asm = halves::<Asm>((head, other), rounds, true, version);
                let ours = halves::<Native>((head, other), rounds, true, version);
                assert_same(&name, &asm, &ours, None);
                assert!(
                    ours.last().is_some_and(|last| last.verdict.is_exit()),
                    "{name}"
                );
                // Had the other half been there from the start, it were one instruction.
                let at_once = halves::<Native>((head, other), rounds, false, version);
                let fuses = both.contains(&version.number());
                assert_eq!(
                    at_once.last().unwrap().cycles != ours.last().unwrap().cycles,
                    fuses
                );
            }
        }
    }
}

/// Runs through two halves over and over; another trace takes the slot when two rounds are left.
fn halves<M: Runner>(
    (head, other): (&str, &str),
    rounds: u64,
    later: bool,
    version: Version,
) -> Vec<Outcome>
where
    Stop: Syscalls<M::Inner>,
{
    const BEHIND: u64 = TEXT + 0x1000;
    let front = assembled(&format!(
        ".text {TEXT:#x}\n{}{head}",
        "addi s2, s2, 1\n".repeat(15)
    ));
    let start = BEHIND - front.len() as u64;
    let mut page = vec![0; 4096];
    page[4096 - front.len()..].copy_from_slice(&front);
    // The same slot is 32 KiB further.
    let rival = start - 0x8000;
    let mut rivals = vec![0; 4096];
    rivals[4096 - front.len()..][..4].copy_from_slice(&assembled("ret"));
    let back = assembled(&format!(
        ".text {BEHIND:#x}
        {other}
        addi s0, s0, -1
        beqz s0, end
        li t0, 2
        bne s0, t0, again
        li t0, {rival:#x}
        jalr ra, 0(t0)
    again:
        li t0, {start:#x}
        jr t0
    end:
        add a0, a0, a3
        add a0, a0, s2
        exit"
    ));
    let mut machine = machine::<M>(&setup(version), vec![Box::new(Stop)]);
    put_code(&mut machine, TEXT, &page).unwrap();
    put_code(&mut machine, rival & !4095, &rivals).unwrap();
    if !later {
        put_code(&mut machine, BEHIND, &back).unwrap();
    }
    set_pc(&mut machine, start);
    for (register, value) in [(8, rounds), (11, 1_234_567), (12, 7_654_321)] {
        machine.inner_mut().set_register(register, value);
    }
    let mut stops = vec![run(&mut machine, 3)];
    if later {
        put_code(&mut machine, BEHIND, &back).unwrap();
    }
    stops.push(run(&mut machine, 60));
    stops.push(run(&mut machine, UNLIMITED));
    stops
}

/// A library in the stack's region, one right behind the text, one in front of it, called over and
/// over: natively as soon as it is there.
#[test]
fn code_may_come_anywhere_while_the_guest_stands() {
    let source = "
        li a7, 1000
        ecall
        li s0, 2000
    next:
        mv a0, s0
        jalr ra, 0(s1)
        add s2, s2, a0
        jalr ra, 0(s3)
        add s2, s2, a0
        jalr ra, 0(s4)
        add s2, s2, a0
        addi s0, s0, -1
        bnez s0, next
        mv a0, s2
        exit";
    let main = program("main", source);
    let function = |number: u64| {
        assembled(&format!(
            "xori a0, a0, {number}\nslli a1, a0, 2\nadd a0, a0, a1\nret"
        ))
    };
    let stack = SMALL_MEMORY as u64 - 0x8000;
    let places = [stack, 0x1_1000, 0xf000];
    for version in [Version::V1, Version::V2] {
        let (mut asm, mut ours) = (Vec::new(), Vec::new());
        let mut a = machine::<Asm>(&setup(version), vec![Box::new(Stop)]);
        let mut b = machine::<Native>(&setup(version), vec![Box::new(Stop)]);
        load(&mut a, &main).unwrap();
        load(&mut b, &main).unwrap();
        asm.push(run(&mut a, UNLIMITED));
        ours.push(run(&mut b, UNLIMITED));
        for (number, (register, place)) in [9, 19, 20].into_iter().zip(places).enumerate() {
            put_code(&mut a, place, &function(number as u64)).unwrap();
            put_code(&mut b, place, &function(number as u64)).unwrap();
            a.inner_mut().set_register(register, place);
            b.inner_mut().set_register(register, place);
        }
        asm.push(run(&mut a, UNLIMITED));
        ours.push(run(&mut b, UNLIMITED));
        assert!(ours[1].verdict.is_exit());
        assert_same("code anywhere", &asm, &ours, None);
        let core = b.inner_mut();
        let (native, charged) = (core.native_cycles(), core.charged_cycles());
        // All but what is entered only by addresses that the host made up.
        assert!(
            native * 100 > charged * 60,
            "{native} of {charged} cycles native"
        );
    }
}

/// Pages that become dirty, clean and frozen by the host's hand between runs of a loop that writes them;
/// a page that becomes executable stops it.
#[test]
fn flags_change_between_runs() {
    let source = "
        li a7, 1000
        li s0, 0x30000
        li s1, 40
    next:
        sd s1, 0(s0)
        sd s1, 0x7f8(s0)
        li t0, 0x1000
        add t0, t0, s0
        sd s1, -4(t0)
        ld a0, 0(s0)
        ecall
        addi s1, s1, -1
        bnez s1, next
        exit";
    let program = program("flags", source);
    for version in [Version::V0, Version::V1, Version::V2] {
        let stops = (
            flag_stops::<Asm>(&program, version),
            flag_stops::<Native>(&program, version),
        );
        assert_eq!(stops.0.len(), stops.1.len());
        for (number, (asm, ours)) in stops.0.iter().zip(&stops.1).enumerate() {
            let yields = asm.verdict == Verdict::Fault("Yield".to_string());
            let rule = if yields {
                Rule::Everything
            } else {
                Rule::Contract
            };
            compare(("asm", asm), ("ours", ours), rule)
                .unwrap_or_else(|difference| panic!("stop {number} in {version:?}: {difference}"));
        }
        let last = &stops.1[stops.1.len() - 1].verdict;
        assert_eq!(
            *last,
            Verdict::Fault("MemWriteOnExecutablePage".to_string())
        );
    }
}

fn flag_stops<M: Runner>(
    program: &lockstep_test_support::program::Program,
    version: Version,
) -> Vec<Outcome>
where
    Stop: Syscalls<M::Inner>,
{
    let mut machine = machine::<M>(&setup(version), vec![Box::new(Stop)]);
    load(&mut machine, program).unwrap();
    let mut random = Random::new(7);
    let mut stops = Vec::new();
    for round in 0..30 {
        stops.push(run(&mut machine, UNLIMITED));
        let memory = machine.inner_mut().memory_mut();
        for page in [0x30, 0x31] {
            match random.below(4) {
                0 => memory.clear_flag(page, FLAG_DIRTY).unwrap(),
                1 => memory.set_flag(page, FLAG_DIRTY).unwrap(),
                2 => memory.set_flag(page, FLAG_FREEZED).unwrap(),
                _ => memory.clear_flag(page, FLAG_FREEZED).unwrap(),
            }
        }
        if round == 28 {
            memory.set_flag(0x31, FLAG_EXECUTABLE).unwrap();
        }
    }
    stops.push(look(&mut machine, stops[29].verdict.clone()));
    stops
}
