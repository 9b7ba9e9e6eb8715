//! From guest instructions to compiler values: the lifter is one more machine that runs meanings.
//!
//! A [`Lifter`] lifts one unit into one Cranelift function. Words are known numbers or SSA values;
//! guest registers are SSA variables across the whole unit, read from the context at entries and
//! written back at exits. The primitives are in `machine`, arithmetic in `value`, guest memory in `memory`, where control goes in
//! `control`, the meter in `cycles`. The lifter never fails and never decides what is translated.

mod control;
mod cycles;
mod machine;
mod memory;
mod transfer;
mod value;
mod wide;

pub(crate) use transfer::unpack;

use std::collections::BTreeMap;

use cranelift_codegen::ir::{
    self, AbiParam, InstBuilder, MemFlagsData, Value,
    types::{I8, I32, I64},
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, Variable};
use lockstep_contract::context;
use lockstep_isa::{Narrow, Primitives, Reg, Xlen, execute};

use crate::code_region::CodeRegion;
use crate::injection::{Fault, Injection};
use crate::link::Links;
use crate::record::Access;
use crate::units::{Chain, Unit};

pub use value::Word;

/// What the last instruction of a chain asked for.
#[derive(Clone, Copy, Debug)]
enum Flow {
    Next,
    Branch { holds: Value, taken: u64 },
    Static(u64),
    Dynamic(Value),
    Ecall,
    Ebreak,
}

/// Where in its chain the instruction being lifted stands: what a side exit has to say.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    pc: u64,
    next_pc: u64,
    /// Entries of the block from this one on.
    entries: u8,
    /// Cycles charged for blocks of the chain that have not begun.
    refund: u64,
}

/// Lifts one unit.
pub struct Lifter<'l, 'f> {
    builder: &'l mut FunctionBuilder<'f>,
    helper_conv: CallConv,
    xlen: Xlen,
    /// Addresses at and above this one are for the interpreter.
    memory_limit: u64,
    base: u64,
    len: u64,
    /// Blocks note that they ran: the version lets the guest see it.
    notes_heads: bool,
    context: Value,
    registers: [Variable; Reg::COUNT],
    budget_variable: Variable,
    /// Where an indirect jump on its way to the dispatch wants to go.
    target_variable: Variable,
    leave: ir::Block,
    /// The same for an address below 2^24, in one word with the exit.
    leave_packed: ir::Block,
    /// Goes on in another unit; made when the first transfer needs it.
    onward: Option<ir::Block>,
    /// Entries of all units.
    links: &'l Links,
    /// Units that this one goes to, by the halfwords of their entries.
    functions: BTreeMap<u32, ir::FuncRef>,
    signature: Option<ir::SigRef>,
    /// Registers that live in the context between chains.
    memory_resident: u32,
    inject: Option<Injection>,
    // The state below is the current chain's.
    budget: Value,
    local: [Option<Word>; Reg::COUNT],
    written: u32,
    dirty: u32,
    settles: bool,
    place: Place,
    plan: memory::Plan,
    flow: Flow,
    pieces: wide::Pieces,
    /// What is wrong with the current block, on purpose.
    fault: Option<Fault>,
}

/// The signature of units: (pointer, pc, budget, number of the entry) → exit word.
pub(crate) fn unit_signature() -> ir::Signature {
    let mut signature = ir::Signature::new(CallConv::Tail);
    signature.params = vec![AbiParam::new(I64); 4];
    signature.returns = vec![AbiParam::new(I64)];
    signature
}

/// Memory that the host has mapped: accesses cannot trap. Never *aligned*: guests need not align.
fn mapped() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// Bits of the registers in a mask.
fn registers_in(mask: u32) -> impl Iterator<Item = Reg> {
    Reg::all().filter(move |reg| mask & (1 << reg.index()) != 0)
}

/// Lifts a unit into the function that the builder builds, and seals it.
pub(crate) fn lift_unit(
    builder: &mut FunctionBuilder<'_>,
    helper_conv: CallConv,
    region: &CodeRegion<'_>,
    unit: &Unit<'_>,
    links: &Links,
) {
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let params = builder.block_params(entry).to_vec();
    let mut lifter = Lifter::new(builder, helper_conv, region, params[0]);
    lifter.links = links;
    lifter.memory_resident = unit.memory_resident;
    lifter.inject = unit.inject;
    let blocks: Vec<ir::Block> = (unit.chains.iter())
        .map(|_| lifter.builder.create_block())
        .collect();
    lifter.enter(unit, &blocks, params[1], params[2], params[3]);
    let (sealed, order) = sealing_order(unit);
    lifter.seal(&blocks, sealed);
    for (number, sealed) in order.into_iter().enumerate() {
        lifter.lift_chain(unit, &blocks, number);
        lifter.seal(&blocks, sealed);
    }
    lifter.emit_ways_out();
    lifter.builder.seal_all_blocks();
}

/// The chains without predecessors, which can be sealed at once, and for each chain those whose last
/// predecessor it is: they can be sealed after it.
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

/// Side exits that the accesses of a chain take.
pub(crate) fn exits(accesses: &[Access]) -> usize {
    memory::plan(accesses).exits()
}

/// The pointer that units hold to a context at this address.
pub(crate) fn pointer(builder: &mut FunctionBuilder<'_>, context: Value) -> Value {
    let bias = (builder.ins()).iconst(I64, -i64::from(context::displacement(0)));
    builder.ins().iadd(context, bias)
}

/// Lifts whatever `body` does to its words, outside of any unit: for tests of the primitives against
/// compiled code. `args` are values of the function being built; the result is one too.
///
/// Memory and control primitives have no meaning here. A body for RV32 gives its primitives through
/// [`Narrow`], as units do.
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
    fn new(
        builder: &'l mut FunctionBuilder<'f>,
        helper_conv: CallConv,
        region: &CodeRegion<'_>,
        context: Value,
    ) -> Lifter<'l, 'f> {
        let readable = region.profile.version.last_bytes_readable();
        Lifter {
            registers: std::array::from_fn(|_| builder.declare_var(I64)),
            budget_variable: builder.declare_var(I64),
            target_variable: builder.declare_var(I64),
            leave: builder.create_block(),
            leave_packed: builder.create_block(),
            onward: None,
            helper_conv,
            xlen: region.profile.xlen,
            memory_limit: region.memory_size.saturating_sub(u64::from(!readable)),
            base: region.base,
            len: region.bytes.len() as u64,
            notes_heads: region.profile.aliases_traces(),
            context,
            links: Links::NONE,
            functions: BTreeMap::new(),
            signature: None,
            memory_resident: 0,
            inject: None,
            budget: context,
            local: [None; Reg::COUNT],
            written: 0,
            dirty: 0,
            settles: false,
            place: Place::default(),
            plan: memory::Plan::default(),
            flow: Flow::Next,
            pieces: wide::Pieces::default(),
            fault: None,
            builder,
        }
    }

    /// Says that all ways to these chains are there.
    fn seal(&mut self, blocks: &[ir::Block], chains: Vec<usize>) {
        for chain in chains {
            self.builder.seal_block(blocks[chain]);
        }
    }

    /// Lifts a chain from its check to its terminator.
    fn lift_chain(&mut self, unit: &Unit<'_>, blocks: &[ir::Block], number: usize) {
        let chain = &unit.chains[number];
        self.builder.switch_to_block(blocks[number]);
        self.local = [None; Reg::COUNT];
        self.pieces = wide::Pieces::default();
        self.written = 0;
        self.dirty = chain.dirty & !self.memory_resident;
        self.settles = chain.settles;
        self.budget = self.builder.use_var(self.budget_variable);
        self.plan = memory::plan(&chain.accesses);
        let Some(head) = chain.head() else {
            self.dispatch(unit, blocks, chain);
            return;
        };
        self.set_location(head);
        if chain.check {
            let head = Word::Known(head);
            self.check_budget(head, chain.worst);
        }
        self.charge(chain.cycles);
        let end = self.lift_blocks(chain);
        self.terminate(unit, blocks, chain, end);
    }

    /// Lifts the blocks of a chain; the result is the address behind the last.
    fn lift_blocks(&mut self, chain: &Chain<'_>) -> u64 {
        let mut refund = chain.cycles;
        let mut pc = 0;
        for block in &chain.blocks {
            refund -= block.cycles;
            self.set_location(block.head);
            self.note_head(block.head);
            self.fault = self.inject.and_then(|injection| injection.at(block.head));
            pc = block.head;
            for (number, inst) in block.entries.iter().enumerate() {
                self.place = Place {
                    pc,
                    next_pc: pc + u64::from(inst.len),
                    // At most 16, see `Block::form`.
                    entries: (block.entries.len() - number) as u8,
                    refund,
                };
                if number == 0 {
                    // The chain's; nothing is left of them at its other blocks.
                    self.check_head();
                }
                self.flow = Flow::Next;
                let done = match self.xlen {
                    Xlen::X32 => execute(inst, &mut Narrow(self)),
                    Xlen::X64 => execute(inst, self),
                };
                match done {
                    Ok(()) => {}
                    Err(never) => match never {},
                }
                pc = self.place.next_pc;
            }
            self.spoil_end();
        }
        pc
    }

    /// The planted fault at a block's end, if there is one.
    fn spoil_end(&mut self) {
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

    /// Notes that the block's trace is the last that ran in its slot, where a guest could tell: a
    /// store of a constant a block.
    fn note_head(&mut self, head: u64) {
        if self.notes_heads {
            let offset = context::displacement(context::HEADS + 4 * context::slot(head));
            // Addresses of code are below 4 MiB.
            let note = self.builder.ins().iconst(I32, head as i64 + 1);
            (self.builder.ins()).store(mapped(), note, self.context, offset);
        }
    }

    /// Code from here on belongs to the block at this address.
    fn set_location(&mut self, head: u64) {
        let offset = head.wrapping_sub(self.base) as u32;
        self.builder.set_srcloc(ir::SourceLoc::new(offset));
    }

    /// The SSA value of a register at this point of the chain.
    fn read(&mut self, reg: Reg) -> Word {
        if reg == Reg::ZERO {
            return Word::Known(0);
        }
        if let Some(word) = self.local[reg.index()] {
            return word;
        }
        let value = if self.memory_resident & (1 << reg.index()) != 0 {
            let offset = register_offset(reg);
            (self.builder.ins()).load(I64, mapped(), self.context, offset)
        } else {
            self.builder.use_var(self.registers[reg.index()])
        };
        self.local[reg.index()] = Some(Word::Value(value));
        Word::Value(value)
    }

    fn write(&mut self, reg: Reg, word: Word) {
        if reg != Reg::ZERO {
            self.local[reg.index()] = Some(word);
            self.written |= 1 << reg.index();
        }
    }
}

/// Displacement of a register.
fn register_offset(reg: Reg) -> i32 {
    context::displacement(context::offset::REGISTERS + 8 * reg.index())
}
