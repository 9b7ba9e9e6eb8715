//! A machine of CKB-VM that notes the head of every trace that it runs, and in which code.
//!
//! It decodes and runs instruction by instruction, with the traces of the assembly machine: up to sixteen
//! instructions, or until one that ends a trace. What it notes is kept for this thread, because `ckb-script` makes
//! and drops machines by itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use ckb_vm::decoder::build_decoder;
use ckb_vm::instructions::{instruction_length, is_basic_block_end_instruction};
use ckb_vm::memory::{FLAG_EXECUTABLE, FLAG_FREEZED};
use ckb_vm::{
    CoreMachine, DefaultCoreMachine, DefaultMachine, DefaultMachineRunner, Error, FlatMemory,
    Memory, SupportMachine, WXorXMemory,
};

const PAGE_BYTES: u64 = 4096;
/// How many instructions a trace has at most.
const TRACE_INSTRUCTIONS: usize = 16;

/// A code region, as version, base and digest, and the heads of the traces that ran in it.
pub(crate) type Heads = BTreeMap<(u32, u64, String), BTreeSet<u64>>;

thread_local! {
    static HEADS: RefCell<Heads> = RefCell::default();
}

/// Takes what was noted on this thread.
pub(crate) fn take() -> Heads {
    HEADS.take()
}

/// The digest of a code region's bytes, as [`Heads`] has it.
pub(crate) fn digest(code: &[u8]) -> String {
    blake3::hash(code).to_hex().to_string()
}

type Core = DefaultCoreMachine<u64, WXorXMemory<FlatMemory<u64>>>;

/// The machine.
pub(crate) struct HeadMachine {
    machine: DefaultMachine<Core>,
}

impl DefaultMachineRunner for HeadMachine {
    type Inner = Core;

    fn new(machine: DefaultMachine<Core>) -> HeadMachine {
        HeadMachine { machine }
    }

    fn machine(&self) -> &DefaultMachine<Core> {
        &self.machine
    }

    fn machine_mut(&mut self) -> &mut DefaultMachine<Core> {
        &mut self.machine
    }

    fn run(&mut self) -> Result<i8, Error> {
        let mut heads = BTreeSet::new();
        let result = self.run_noting(&mut heads);
        self.note(&heads)?;
        result
    }
}

impl HeadMachine {
    fn run_noting(&mut self, heads: &mut BTreeSet<u64>) -> Result<i8, Error> {
        let machine = &mut self.machine;
        let mut decoder = build_decoder::<u64>(machine.isa(), machine.version());
        machine.set_running(true);
        while machine.running() {
            if machine.reset_signal() {
                decoder.reset_instructions_cache();
            }
            heads.insert(*machine.pc());
            for _ in 0..TRACE_INSTRUCTIONS {
                let pc = *machine.pc();
                let instruction = decoder.decode(machine.memory_mut(), pc)?;
                machine.step(&mut decoder)?;
                let next = pc.wrapping_add(u64::from(instruction_length(instruction)));
                let ends = is_basic_block_end_instruction(instruction);
                if ends || !machine.running() || *machine.pc() != next {
                    break;
                }
            }
        }
        Ok(machine.exit_code())
    }

    /// Adds heads to the notes, by the code regions of the memory as it is now.
    fn note(&mut self, heads: &BTreeSet<u64>) -> Result<(), Error> {
        let version = self.machine.version();
        let memory = self.machine.memory_mut();
        let pages = memory.memory_pages() as u64;
        let mut first = 0;
        while first < pages {
            let mut end = first;
            let code = FLAG_EXECUTABLE | FLAG_FREEZED;
            while end < pages && memory.fetch_flag(end)? & code == code {
                end += 1;
            }
            if end > first {
                let (base, size) = (first * PAGE_BYTES, (end - first) * PAGE_BYTES);
                let ran: BTreeSet<u64> = heads.range(base..base + size).copied().collect();
                if !ran.is_empty() {
                    let name = (version, base, digest(&memory.load_bytes(base, size)?));
                    HEADS.with_borrow_mut(|all| all.entry(name).or_default().extend(ran));
                }
            }
            first = end.max(first + 1);
        }
        Ok(())
    }
}
