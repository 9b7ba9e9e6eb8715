//! Lifting: from the guest instructions of a unit to a function in Cranelift's intermediate form.
//!
//! A [`Lifter`] lifts one unit. It implements the primitives that the meanings of instructions are written
//! in, so it lifts an instruction by running its meaning. A word is a known number or an SSA value. Guest
//! registers are SSA variables across the whole unit: loaded from the context at entries, written back to
//! it at exits.
//!
//! `lifter` has the state. Above it, `primitives` implements the primitives, with arithmetic in `value` and
//! `wide` and guest memory in `memory`. `control` has the edges inside the unit and `transfer` those to
//! other units; `exits` has the ways back to the host; `cycles` has the budget; `counts` has what code
//! for a profile does besides. This file lifts a unit chain
//! by chain.
//!
//! Lifting never fails, and it does not decide what is translated.

mod control;
mod counts;
mod cycles;
mod exits;
mod lifter;
mod memory;
mod partial_results;
mod primitives;
mod transfer;
mod value;
mod wide;
mod word;

pub(crate) use lifter::{pointer, unit_signature};
pub(crate) use transfer::unpack;

use cranelift_codegen::ir::{
    self, InstBuilder, Value,
    types::{I8, I32},
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::FunctionBuilder;
use lockstep_contract::context;
use lockstep_isa::{Narrow, Primitives, Reg, Xlen, execute};

use crate::code_region::CodeRegion;
use crate::counting::Counting;
use crate::injection::Fault;
use crate::link::Links;
use crate::memory_checks;
use crate::units::{Chain, Unit};

use lifter::{Position, Terminator, mapped};
use partial_results::PartialResults;

pub use lifter::Lifter;
pub use word::Word;

/// Lifts a unit into the function that the builder builds, and seals it.
///
/// Each instruction of the function is marked with the block that it belongs to; `by_instruction` with the guest
/// instruction too. That takes Cranelift longer and gives the same code. With `counting` the code counts.
pub(crate) fn lift_unit(
    builder: &mut FunctionBuilder<'_>,
    helper_conv: CallConv,
    region: &CodeRegion<'_>,
    unit: &Unit<'_>,
    links: &Links,
    by_instruction: bool,
    counting: Option<&Counting>,
) {
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let params = builder.block_params(entry).to_vec();
    let mut lifter = Lifter::new(builder, helper_conv, region, params[0]);
    lifter.links = links;
    lifter.by_instruction = by_instruction;
    lifter.counting = counting;
    lifter.memory_resident = unit.memory_resident;
    lifter.inject = unit.inject;
    let blocks: Vec<ir::Block> = (unit.chains.iter())
        .map(|_| lifter.builder.create_block())
        .collect();
    lifter.emit_entries(unit, &blocks, params[1], params[2], params[3]);
    let (sealed, order) = sealing_order(unit);
    lifter.seal(&blocks, sealed);
    for (number, sealed) in order.into_iter().enumerate() {
        lifter.lift_chain(unit, &blocks, number);
        lifter.seal(&blocks, sealed);
    }
    lifter.emit_shared_transfer();
    lifter.emit_exit_blocks();
    lifter.builder.seal_all_blocks();
}

/// When the chains' blocks can be sealed. (Cranelift wants a block sealed once all branches to it are
/// emitted.) The first result is the chains without predecessors, which can be sealed at once. The second
/// is, for each chain, the chains whose last predecessor it is.
fn sealing_order(unit: &Unit<'_>) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut first = Vec::new();
    let mut order = vec![Vec::new(); unit.chains.len()];
    for (number, chain) in unit.chains.iter().enumerate() {
        match chain.predecessors.iter().max() {
            Some(&last) => order[last].push(number),
            None => first.push(number),
        }
    }
    (first, order)
}

/// Lifts the arithmetic that `body` does, outside of any unit. Tests compare the primitives with compiled
/// code by it.
///
/// `args` are values of the function that `builder` builds; the result is one too. `body` must not use
/// primitives for memory or control. For RV32 it must use the primitives through [`Narrow`], as units do.
pub fn snippet<'f>(
    builder: &mut FunctionBuilder<'f>,
    xlen: Xlen,
    helper_conv: CallConv,
    context: Value,
    args: &[Value],
    body: impl FnOnce(&mut Lifter<'_, 'f>, &[Word]) -> Word,
) -> Value {
    let region = CodeRegion {
        profile: lockstep_isa::Profile {
            version: lockstep_isa::Version::V2,
            extensions: lockstep_isa::Extensions::from_bits(0),
            xlen,
        },
        cost: lockstep_isa::Cost::Constant,
        memory_size: 0,
        base: 0,
        bytes: &[],
    };
    let pointer = pointer(builder, context);
    let mut lifter = Lifter::new(builder, helper_conv, &region, pointer);
    let words: Vec<Word> = args.iter().map(|&arg| Word::Value(arg)).collect();
    let result = body(&mut lifter, &words);
    lifter.value(result)
}

impl<'l, 'f> Lifter<'l, 'f> {
    /// Tells Cranelift that all branches to these chains are emitted.
    fn seal(&mut self, blocks: &[ir::Block], chains: Vec<usize>) {
        for chain in chains {
            self.builder.seal_block(blocks[chain]);
        }
    }

    /// Lifts a chain: its check of the budget, its charge, its instructions and its terminator.
    fn lift_chain(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], number: usize) {
        let chain = &unit.chains[number];
        self.builder.switch_to_block(blocks[number]);
        self.local = [None; Reg::COUNT];
        self.partial_results = PartialResults::default();
        self.written = 0;
        self.dirty = chain.dirty & !self.memory_resident;
        self.writes_back = chain.writes_back;
        self.budget = self.builder.use_var(self.budget_variable);
        self.checks = memory_checks::plan(&chain.accesses, chain.first_block_accesses());
        self.cycles = chain.cycles;
        // The host enters again where it left.
        self.pages_opened = if chain.entry {
            self.checks.pages_opened
        } else {
            0
        };
        let Some(head) = chain.head() else {
            self.dispatch(unit, blocks, chain);
            return;
        };
        self.set_location(head, head);
        if chain.check {
            let head = Word::Known(head);
            self.check_budget(head, chain.worst);
        }
        self.charge(chain.cycles);
        let end = self.lift_blocks(chain);
        self.terminate(unit, blocks, chain, end);
    }

    /// Lifts the blocks of a chain. Returns the address behind the last one.
    fn lift_blocks(&mut self, chain: &Chain<'_>) -> u64 {
        let mut refund = chain.cycles;
        let mut pc = 0;
        for (at, block) in chain.blocks.iter().enumerate() {
            refund -= block.cycles;
            self.set_location(block.head, block.head);
            self.record_head(block.head);
            self.fault = self.inject.and_then(|injection| injection.at(block.head));
            pc = block.head;
            for (number, inst) in block.instructions.iter().enumerate() {
                self.position = Position {
                    pc,
                    next_pc: pc + u64::from(inst.len),
                    // A block has at most 16 instructions.
                    instructions_left: (block.instructions.len() - number) as u8,
                    refund,
                };
                if number == 0 {
                    // These are the checks of the chain. Its later blocks find none left.
                    // A head that leaves for its first stores begins anew; else what leaves has begun its block.
                    let anew = self.pages_opened > 0;
                    if !anew {
                        self.count_block(block.head);
                    }
                    self.check_chain_head();
                    if anew {
                        self.count_block(block.head);
                    }
                }
                if self.by_instruction {
                    self.set_location(block.head, pc);
                }
                self.terminator = Terminator::Next;
                let done = match self.xlen {
                    Xlen::X32 => execute(inst, &mut Narrow(self)),
                    Xlen::X64 => execute(inst, self),
                };
                match done {
                    Ok(()) => {}
                    Err(never) => match never {},
                }
                pc = self.position.next_pc;
            }
            self.inject_at_end();
            if let Some(next) = chain.blocks.get(at + 1) {
                self.count_move_inside(block, next.head, refund);
            }
        }
        pc
    }

    /// Applies an injected fault at a block's end.
    fn inject_at_end(&mut self) {
        match self.fault {
            Some(Fault::Register { register, xor }) => {
                let reg = Reg::new(u32::from(register));
                let right = self.read(reg);
                let wrong = self.xor(right, Word::Known(xor));
                self.write(reg, wrong);
            }
            Some(Fault::Stray { addr, byte }) => {
                let byte = self.builder.ins().iconst(I8, i64::from(byte));
                let offset = context::displacement(context::MEMORY + usize::from(addr));
                self.builder
                    .ins()
                    .store(mapped(), byte, self.context, offset);
            }
            _ => {}
        }
    }

    /// Records in the block's slot that its trace ran last there, if a guest can observe it. (CKB-VM keeps
    /// decoded traces in slots, by the low bits of their address.) It is one store for each block.
    fn record_head(&mut self, head: u64) {
        if self.records_heads {
            let offset = context::displacement(context::HEADS + 4 * context::slot(head));
            // Addresses of code are below 4 MiB.
            let record = self.builder.ins().iconst(I32, head as i64 + 1);
            (self.builder.ins()).store(mapped(), record, self.context, offset);
        }
    }
}
