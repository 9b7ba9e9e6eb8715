//! Our own machine's side of a host beside CKB-VM's: the order in which a program is set up, the
//! debugger, and arguments that are read from a guest's memory.

use ckb_vm::machine::FlattenedArgsReader;
use ckb_vm::machine::asm::AsmCoreMachine;
use ckb_vm::registers::{A0, A7};
use ckb_vm::{
    Bytes, CoreMachine, DefaultMachineBuilder, DefaultMachineRunner, Error, FlatMemory, Memory,
    SupportMachine, cost_model,
};
use lockstep_contract::pages::EXECUTABLE;
use lockstep_isa::{Cost, Reg, Size, Version, Xlen};
use lockstep_runtime::image::Image;
use lockstep_runtime::stack;
use lockstep_runtime::{
    CodeSource, Core, CostTable, Environment, FlattenedArgs, Machine, Outcome, Snapshot, Trap,
};

use crate::driver::{Asm, UNLIMITED, install, look, machine, program};
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, SMALL_MEMORY, Setup};
use lockstep_test_support::random::Random;

/// Where the handlers leave their marks.
const LOG: u64 = 0x3_0000;
/// Notes that it was asked, by whom and in which order; handled by the second handler.
const NOTE: u64 = 1000;

/// What both sides' handlers do: count what was called, in one word of guest memory.
fn noted(word: u64, mark: u64) -> u64 {
    (word << 4) | mark
}

/// A handler (1 and 2) or the debugger (3) of either side.
struct Note(u64);

impl<Mac: SupportMachine<REG = u64>> ckb_vm::Syscalls<Mac> for Note {
    fn initialize(&mut self, machine: &mut Mac) -> Result<(), Error> {
        note_there(machine, self.0)
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        note_there(machine, self.0 + 4)?;
        Ok(self.0 == 2 && machine.registers()[A7] == NOTE)
    }
}

impl<Mac: SupportMachine<REG = u64>> ckb_vm::Debugger<Mac> for Note {
    fn initialize(&mut self, machine: &mut Mac) -> Result<(), Error> {
        note_there(machine, self.0)
    }

    fn ebreak(&mut self, machine: &mut Mac) -> Result<(), Error> {
        note_there(machine, self.0 + 4)?;
        let seen = *machine.pc() + machine.cycles();
        machine.set_register(A0, seen);
        match machine.registers()[A7] {
            7 => Err(Error::External("stop".to_string())),
            _ => Ok(()),
        }
    }
}

fn note_there<Mac: SupportMachine<REG = u64>>(machine: &mut Mac, mark: u64) -> Result<(), Error> {
    let word = machine.memory_mut().load64(&LOG)?;
    machine.memory_mut().store64(&LOG, &noted(word, mark))
}

impl lockstep_runtime::Syscall for Note {
    fn initialize(&mut self, core: &mut Core) -> Result<(), Trap> {
        note_here(core, self.0)
    }

    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
        note_here(core, self.0 + 4)?;
        Ok(self.0 == 2 && core.registers()[A7] == NOTE)
    }
}

impl lockstep_runtime::Debugger for Note {
    fn initialize(&mut self, core: &mut Core) -> Result<(), Trap> {
        note_here(core, self.0)
    }

    fn ebreak(&mut self, core: &mut Core) -> Result<(), Trap> {
        note_here(core, self.0 + 4)?;
        let seen = core.pc() + core.cycles();
        core.set_register(Reg::A0, seen);
        match core.registers()[A7] {
            7 => Err(Trap::External("stop".to_string())),
            _ => Ok(()),
        }
    }
}

fn note_here(core: &mut Core, mark: u64) -> Result<(), Trap> {
    let word = core.memory_mut().load(LOG, Size::D)?;
    core.memory_mut().store(LOG, Size::D, noted(word, mark))
}

/// Loads and runs the program until it ends, going on after each failure of the debugger; the state.
fn on_ckb_vm(program: &Program, setup: &Setup, debugged: bool) -> (u64, Vec<Verdict>, Snapshot) {
    let core = <Box<AsmCoreMachine> as SupportMachine>::new_with_memory(
        setup.profile.extensions.bits(),
        setup.profile.version.number(),
        UNLIMITED,
        setup.memory_size,
    );
    let mut builder = DefaultMachineBuilder::new(core)
        .instruction_cycle_func(Box::new(cost_model::estimate_cycles))
        .syscall(Box::new(Note(1)))
        .syscall(Box::new(Note(2)));
    if debugged {
        builder = builder.debugger(Box::new(Note(3)));
    }
    let mut machine = Asm::new(builder.build());
    let elf = Bytes::copy_from_slice(&program.elf);
    let args: Vec<_> = program
        .args
        .iter()
        .cloned()
        .map(Bytes::from)
        .map(Ok)
        .collect();
    let loaded = machine.load_program(&elf, args.into_iter()).unwrap();
    let mut verdicts = Vec::new();
    while verdicts.last().is_none_or(is_stop) {
        verdicts.push(match machine.run() {
            Ok(code) => Verdict::Exit(code),
            Err(error) => Verdict::fault(&error),
        });
    }
    let taken = ckb_vm::snapshot::make_snapshot(machine.inner_mut()).unwrap();
    (
        loaded,
        verdicts,
        lockstep_test_support::snapshots::first_of(&taken),
    )
}

fn is_stop(verdict: &Verdict) -> bool {
    *verdict == Verdict::Fault("External".to_string())
}

/// The same on our own machine.
fn on_ours(
    program: &Program,
    setup: &Setup,
    debugged: bool,
    code: Option<&dyn CodeSource>,
) -> (u64, Vec<Verdict>, Snapshot) {
    let core = Core::new(setup.profile, setup.memory_size, UNLIMITED).unwrap();
    let mut machine = Machine::new(core).with(Note(1)).with(Note(2));
    if debugged {
        machine = machine.with_debugger(Note(3));
    }
    let image = Image::parse(&program.elf, setup.profile.version).unwrap();
    let args = program.args.iter().map(Ok);
    let loaded = machine.load_program(&image, &program.elf, args).unwrap();
    let cost = CostTable::from(Cost::Estimate);
    let mut environment = Environment::new(&cost);
    environment.code = code;
    let mut verdicts = Vec::new();
    while verdicts.last().is_none_or(is_stop) {
        verdicts.push(match machine.run(&environment) {
            Ok(Outcome::Exit(code)) => Verdict::Exit(code),
            Ok(Outcome::Paused) => panic!("nobody asked for a pause"),
            Err(trap) => Verdict::fault(&trap),
        });
    }
    (loaded, verdicts, Snapshot::of(machine.core_mut()))
}

#[test]
fn handlers_and_the_debugger_take_their_turns() {
    install();
    let source = "
        li s0, 3
    again:
        li a7, 1000
        ecall
        ebreak
        li a7, 7
        ebreak
        addi s0, s0, -1
        bnez s0, again
        add a0, a0, s0
        exit";
    let mut program = program("debugged", source);
    program.args = vec![b"an argument".to_vec()];
    for version in [Version::V0, Version::V1, Version::V2] {
        let setup = Setup::ckb(version);
        let modules = Modules::new();
        for debugged in [false, true] {
            let asm = on_ckb_vm(&program, &setup, debugged);
            let mut log = [0; 8];
            let page = asm
                .2
                .page_indices
                .iter()
                .position(|page| *page == LOG >> 12);
            log.copy_from_slice(&asm.2.pages[page.unwrap()][..8]);
            let log = format!("{:x}", u64::from_le_bytes(log));
            assert!(
                log.starts_with(if debugged { "12356775677" } else { "125656" }),
                "{log}"
            );
            assert_eq!(asm.1.len(), if debugged { 4 } else { 1 });
            for code in [None, Some(&*modules as &dyn CodeSource)] {
                assert!(
                    on_ours(&program, &setup, debugged, code) == asm,
                    "{version:?}"
                );
            }
        }
    }
}

/// What a set-up stack shows.
#[derive(PartialEq, Debug)]
struct Laid {
    result: Result<u64, Verdict>,
    sp: u64,
    flags: Vec<u8>,
    memory: blake3::Hash,
}

/// Random lists of arguments in a guest's memory, well formed and not, and the stack of another guest
/// that is laid out from them.
fn from_guest_memory(seed: u64, version: Version) -> Result<u64, Verdict> {
    let mut random = Random::new(seed);
    let setup = Setup {
        memory_size: SMALL_MEMORY,
        ..Setup::ckb(version)
    };
    let end = SMALL_MEMORY as u64;
    let argv = random.pick(&[0x100, 0x101, 0xff8, end - 24, end - 8, end - 7]);
    let mut argc = random.below(5);
    let mut bytes = vec![0; SMALL_MEMORY];
    let mut put = |at: u64, piece: &[u8]| {
        let at = at as usize;
        let room = piece.len().min(SMALL_MEMORY - at);
        bytes[at..at + room].copy_from_slice(&piece[..room]);
    };
    for number in 0..argc {
        let long = random.pick(&[0, 1, 7, 60, 20_000, 40_000]);
        let string = vec![b'a' + number as u8; long as usize];
        let addr = match random.below(20) {
            0 => random.next(),
            1 => end - long.min(5),
            2 => end - long - 1,
            _ => 0x2000 + number * 0x4000,
        };
        if addr < end {
            put(addr, &string);
        }
        put((argv + 8 * number).min(end - 1), &addr.to_le_bytes());
    }
    if random.one_in(20) {
        argc = u64::MAX - random.below(2);
    }
    // Where the stack may be code.
    let code = random.one_in(8).then(|| end / 4096 - random.below(6) - 1);

    let mut asm: Asm = machine(&setup, Vec::new());
    asm.inner_mut().memory_mut().store_bytes(0, &bytes).unwrap();
    let mut other: Asm = machine(&setup, Vec::new());
    if let Some(page) = code {
        other
            .inner_mut()
            .memory_mut()
            .set_flag(page, EXECUTABLE)
            .unwrap();
    }
    let (start, size) = stack::region(end);
    let args = FlattenedArgsReader::new(asm.inner_mut().memory_mut(), argc, argv);
    let result = other.inner_mut().initialize_stack(args, start, size);
    let shown = look(&mut other, Verdict::Exit(0));
    let expected = Laid {
        result: result.map_err(|error| Verdict::fault(&error)),
        sp: shown.registers[Reg::SP.index()],
        flags: shown.flags,
        memory: blake3::hash(&shown.memory),
    };

    let mut ours = Core::new(setup.profile, setup.memory_size, UNLIMITED).unwrap();
    ours.memory_mut().store_bytes(0, &bytes).unwrap();
    let mut other = Core::new(setup.profile, setup.memory_size, UNLIMITED).unwrap();
    if let Some(page) = code {
        other.memory_mut().set_flag(page, EXECUTABLE).unwrap();
    }
    let args = FlattenedArgs::new(ours.memory_mut(), Xlen::X64, argc, argv);
    let result = other.initialize_stack_from(args);
    let laid = Laid {
        result: result.map_err(|trap| Verdict::fault(&trap)),
        sp: other.registers()[Reg::SP.index()],
        flags: other.memory().flags().to_vec(),
        memory: blake3::hash(other.memory().as_bytes()),
    };
    assert_eq!(laid, expected, "seed {seed} in {version:?}");
    laid.result
}

#[test]
fn arguments_come_from_the_memory_of_a_guest() {
    let mut seen = std::collections::BTreeMap::<String, u64>::new();
    for version in [Version::V0, Version::V1, Version::V2] {
        for seed in 0..400 {
            let kind = match from_guest_memory(seed, version) {
                Ok(_) => "laid out".to_string(),
                Err(verdict) => verdict.to_string(),
            };
            *seen.entry(kind).or_default() += 1;
        }
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    let all = [
        "MemOutOfBound",
        "MemOutOfStack",
        "MemWriteOnExecutablePage",
        "laid out",
    ];
    assert_eq!(kinds, all, "{seen:?}");
}

/// Lists of 32-bit pointers, read by CKB-VM over 32-bit registers.
#[test]
fn arguments_of_a_guest_with_32_bit_registers() {
    let end = 4 << 20;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut reference = FlatMemory::<u32>::new_with_memory(end);
        let mut ours = lockstep_runtime::Memory::new(end).unwrap();
        let argv = random.pick(&[0x100, 0x101, end as u32 - 8, end as u32 - 4, u32::MAX - 1]);
        let mut argc = random.below(6) as u32;
        for number in 0..argc {
            let addr = random.pick(&[0x2000 + 64 * number, end as u32 - 2, u32::MAX, 0x3000]);
            let at = u64::from(argv.wrapping_add(4 * number));
            let _ = reference.store32(&(at as u32), &addr);
            let _ = ours.store(at, Size::W, u64::from(addr));
            let string = vec![b'a'; random.below(9) as usize];
            let _ = reference.store_bytes(u64::from(addr), &string);
            let _ = ours.store_bytes(u64::from(addr), &string);
        }
        if random.one_in(10) {
            argc = u32::MAX;
        }
        let mut theirs = FlattenedArgsReader::new(&mut reference, argc, argv);
        // Bits beyond a register of this guest mean nothing.
        let above = random.next() << 32;
        let wide = |word: u32| above | u64::from(word);
        let mut args = FlattenedArgs::new(&mut ours, Xlen::X32, wide(argc), wide(argv));
        for _ in 0..10 {
            let expected = theirs.next().map(|arg| match arg {
                Ok(bytes) => Ok(bytes.to_vec()),
                Err(error) => Err(Verdict::fault(&error)),
            });
            let found = args
                .next()
                .map(|arg| arg.map_err(|trap| Verdict::fault(&trap)));
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}
