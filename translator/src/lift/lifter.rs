//! The lifter's state: what lifting a unit carries from instruction to instruction.
//!
//! The other files of `lift` add methods to [`Lifter`], each for one concern, and stand above this one. Here
//! is only what they share: the state, its start, reading and writing a guest register, and numbers as SSA
//! values.

use std::collections::BTreeMap;

use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Value, types::I64};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, Variable};
use lockstep_contract::context;
use lockstep_isa::{Reg, Xlen};

use super::partial_results::PartialResults;
use super::word::Word;
use crate::code_region::CodeRegion;
use crate::counting::Counting;
use crate::injection::{Fault, Injection};
use crate::link::Links;
use crate::location::Location;
use crate::memory_checks;

/// What the last instruction of a chain does to control flow, with the values that it depends on.
#[derive(Clone, Copy, Debug)]
pub(super) enum Terminator {
    Next,
    Branch { holds: Value, taken: u64 },
    Static(u64),
    Dynamic(Value),
    Ecall,
    Ebreak,
}

/// The position in the chain of the instruction that is being lifted. A side exit reports it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub pc: u64,
    pub next_pc: u64,
    /// How many instructions of the block are left, this one included.
    pub instructions_left: u8,
    /// Cycles that were charged for later blocks of the chain.
    pub refund: u64,
}

/// The state of lifting one unit into a Cranelift function.
pub struct Lifter<'l, 'f> {
    pub(super) builder: &'l mut FunctionBuilder<'f>,
    pub(super) helper_conv: CallConv,
    pub(super) xlen: Xlen,
    /// Native code accesses memory below this guest address only; the interpreter does the rest.
    pub(super) memory_limit: u64,
    pub(super) base: u64,
    pub(super) len: u64,
    /// Whether each block records that it ran, because a guest of this version can observe it.
    pub(super) records_heads: bool,
    pub(super) context: Value,
    pub(super) registers: [Variable; Reg::COUNT],
    pub(super) budget_variable: Variable,
    /// The target of an indirect jump that goes to the dispatch.
    pub(super) target_variable: Variable,
    /// The shared block that exits with a pc, the budget and an exit word as parameters.
    pub(super) exit_block: ir::Block,
    /// The same for a pc below 2^24; pc and exit word are one parameter.
    pub(super) packed_exit_block: ir::Block,
    /// The shared block that goes to another unit by the table. The first transfer that needs it makes it.
    pub(super) shared_transfer: Option<ir::Block>,
    /// The entries of all units.
    pub(super) links: &'l Links,
    /// The units that this one jumps to directly, by the table's rows of their entries.
    pub(super) functions: BTreeMap<u32, ir::FuncRef>,
    pub(super) signature: Option<ir::SigRef>,
    /// The memory-resident registers, as a mask: they live in the context between chains.
    pub(super) memory_resident: u32,
    pub(super) inject: Option<Injection>,
    /// The functions of code that counts its blocks.
    pub(super) counting: Option<&'l Counting>,
    /// Whether code is marked by instruction, and not only by block.
    pub(super) by_instruction: bool,
    // The fields below are the state of the current chain.
    /// The budget in cycles, already charged for the chain.
    pub(super) budget: Value,
    /// The registers that the chain has read or written, with their current values.
    pub(super) local: [Option<Word>; Reg::COUNT],
    /// The registers that the chain has written, as a mask.
    pub(super) written: u32,
    /// The registers that were dirty at the chain's start, as a mask.
    pub(super) dirty: u32,
    /// Whether the chain writes its dirty registers back at its end.
    pub(super) writes_back: bool,
    pub(super) position: Position,
    /// The cycles of the whole chain.
    pub(super) cycles: u64,
    /// Of the plan for the memory checks: how many pages the host may make ready for stores when the chain's head
    /// exits for that; 0 if the head has no such exit.
    pub(super) pages_opened: u8,
    /// The memory checks that are still to be emitted.
    pub(super) checks: memory_checks::Plan,
    pub(super) terminator: Terminator,
    pub(super) partial_results: PartialResults,
    /// The injected fault of the current block.
    pub(super) fault: Option<Fault>,
}

/// The signature of units: (pointer, pc, budget, number of the entry) → exit word.
///
/// The pointer is the one that [`pointer`] makes. The pc is the address to enter at.
pub(crate) fn unit_signature() -> ir::Signature {
    let mut signature = ir::Signature::new(CallConv::Tail);
    signature.params = vec![AbiParam::new(I64); 4];
    signature.returns = vec![AbiParam::new(I64)];
    signature
}

/// Emits the pointer that units hold to the context at this address. It has a bias, so that more fields
/// are in reach of small displacements.
pub(crate) fn pointer(builder: &mut FunctionBuilder<'_>, context: Value) -> Value {
    let bias = (builder.ins()).iconst(I64, -i64::from(context::displacement(0)));
    builder.ins().iadd(context, bias)
}

/// The flags of accesses to the context and to guest memory. The host has mapped them, so an access cannot
/// trap. They do not say *aligned*, because guests need not align.
pub(super) fn mapped() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

/// The registers in a mask.
pub(super) fn registers_in(mask: u32) -> impl Iterator<Item = Reg> {
    Reg::all().filter(move |reg| mask & (1 << reg.index()) != 0)
}

impl<'l, 'f> Lifter<'l, 'f> {
    pub(super) fn new(
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
            exit_block: builder.create_block(),
            packed_exit_block: builder.create_block(),
            shared_transfer: None,
            helper_conv,
            xlen: region.profile.xlen,
            memory_limit: region.memory_size.saturating_sub(u64::from(!readable)),
            base: region.base,
            len: region.bytes.len() as u64,
            records_heads: region.profile.aliases_traces(),
            context,
            links: Links::NONE,
            functions: BTreeMap::new(),
            signature: None,
            memory_resident: 0,
            inject: None,
            counting: None,
            by_instruction: false,
            budget: context,
            local: [None; Reg::COUNT],
            written: 0,
            dirty: 0,
            writes_back: false,
            position: Position::default(),
            cycles: 0,
            pages_opened: 0,
            checks: memory_checks::Plan::default(),
            terminator: Terminator::Next,
            partial_results: PartialResults::default(),
            fault: None,
            builder,
        }
    }

    /// Marks the code that is emitted from here on as belonging to this instruction of this block.
    pub(super) fn set_location(&mut self, head: u64, pc: u64) {
        let location = Location {
            block: head.wrapping_sub(self.base) as u32,
            instruction: pc.wrapping_sub(self.base) as u32,
        };
        self.builder.set_srcloc(location.encode());
    }

    /// The value of a register at this point of the chain.
    pub(super) fn read(&mut self, reg: Reg) -> Word {
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

    /// Sets a register to a value.
    pub(super) fn write(&mut self, reg: Reg, word: Word) {
        if reg != Reg::ZERO {
            self.local[reg.index()] = Some(word);
            self.written |= 1 << reg.index();
        }
    }

    /// A word as an SSA value.
    pub(super) fn value(&mut self, word: Word) -> Value {
        match word {
            Word::Known(number) => self.number(number),
            Word::Value(value) => value,
        }
    }

    /// A number as an SSA value.
    pub(super) fn number(&mut self, number: u64) -> Value {
        self.builder.ins().iconst(I64, number as i64)
    }
}

/// The displacement of a register in the context.
pub(super) fn register_offset(reg: Reg) -> i32 {
    context::displacement(context::offset::REGISTERS + 8 * reg.index())
}
