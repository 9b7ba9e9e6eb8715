//! A block: the translator's unit of charging, which has the instructions of one trace of CKB-VM.
//!
//! CKB-VM's assembly machine decodes a trace ahead as a whole: up to 16 (possibly fused) instructions,
//! ended by control flow, `auipc` or a fence. It charges the whole trace before the first instruction
//! runs. A block must have the same instructions, because a guest can observe what is charged when. So
//! a block is not a basic block: blocks with different heads may overlap, and each charges its own cost.
//!
//! A block is formed only where its decoding is certain. Everything that was read lies in the code
//! region, every instruction decodes, and the length fits the 8 bits that the assembly machine has for
//! it. Other code is left to the interpreter, with a [`Reason`].

use std::fmt;

use lockstep_isa::{DecodeError, Inst, decode};

use crate::abstract_interpreter::{AbstractInterpreter, Flow};
use crate::code_region::CodeRegion;

/// The most instructions of a trace: CKB-VM's `TRACE_ITEM_LENGTH`. A fused instruction counts once.
const TRACE_INSTRUCTIONS: usize = 16;
/// The most bytes of a trace: CKB-VM keeps the length in 8 bits.
const TRACE_BYTES: u64 = 255;

/// A decoded trace, with what the translator needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Address of the first instruction.
    pub head: u64,
    /// Instructions, fused ones counted once.
    pub instructions: Vec<Inst>,
    /// Bytes of code.
    pub len: u64,
    /// Cycles that are charged before the first instruction runs.
    pub cycles: u64,
    /// Where control goes at the end.
    pub flow: Flow,
    /// How many accesses to guest memory it makes.
    pub accesses: usize,
    /// The last instruction writes the address behind it to a register, as a call does. Execution is
    /// expected to return there.
    pub links: bool,
}

/// Why a piece of code is left to the interpreter.
///
/// ```
/// use lockstep_translator::{Hints, Options, Reason, translate};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0xffff_ffff_u32.to_le_bytes()); // no instruction
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let hints = Hints::new(&region, region.base);
/// let made = translate(&region, &hints, &Options::default(), &mut |_, _| {}).unwrap();
/// let illegal = Reason::Illegal { pc: 0x10000, bits: 0xffff_ffff };
/// assert!(made.report.left.contains(&(0x10000, illegal)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// An instruction of the trace does not decode.
    Illegal {
        /// Where.
        pc: u64,
        /// The bits found there.
        bits: u32,
    },
    /// Decoding needs bytes outside the code region.
    Outside,
    /// The trace is too long for the assembly machine's length field.
    Long {
        /// Bytes.
        len: u64,
    },
    /// The module's limit of weight or of code size was reached.
    Budget,
    /// The compiler failed on its unit: a defect of this project or of Cranelift.
    Compiler,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Illegal { pc, bits } => {
                write!(f, "no instruction at {pc:#x}: {bits:#x}")
            }
            Reason::Outside => write!(f, "decoding needs bytes outside the code region"),
            Reason::Long { len } => write!(f, "fused trace of {len} bytes, over {TRACE_BYTES}"),
            Reason::Budget => write!(f, "the module's budget is used up"),
            Reason::Compiler => write!(f, "the compiler gave up on it"),
        }
    }
}

impl Block {
    /// Forms the block at an even address inside the code region.
    pub(crate) fn form(region: &CodeRegion<'_>, head: u64) -> Result<Block, Reason> {
        let mut code = region.code();
        let mut analysis = AbstractInterpreter::new(region.profile.xlen);
        let mut instructions = Vec::with_capacity(TRACE_INSTRUCTIONS);
        let (mut pc, mut cycles) = (head, 0);
        while instructions.len() < TRACE_INSTRUCTIONS {
            let inst = decode(&mut code, pc, region.profile).map_err(|error| match error {
                DecodeError::Illegal { pc, bits } => Reason::Illegal { pc, bits },
                DecodeError::Fetch(_) => Reason::Outside,
            })?;
            analysis.step(&inst, pc);
            cycles += region.cost.cycles(inst.op);
            pc += u64::from(inst.len);
            instructions.push(inst);
            if inst.op.effect().ends_trace() {
                break;
            }
        }
        let len = pc - head;
        if code.asked().end > region.end() {
            return Err(Reason::Outside);
        }
        if len > TRACE_BYTES {
            return Err(Reason::Long { len });
        }
        // Hostile code has tens of thousands of blocks of one instruction.
        instructions.shrink_to_fit();
        Ok(Block {
            head,
            instructions,
            len,
            cycles,
            flow: analysis.flow,
            accesses: analysis.accesses.len(),
            links: analysis.links,
        })
    }

    /// An estimate of what the block costs to translate, in plain instructions. A block has checks and
    /// exits of its own, an access may have some too, and an edge to another block moves registers.
    pub(crate) fn weight(&self) -> usize {
        self.instructions.len() + 8 + 4 * (self.accesses + self.successors().count())
    }

    /// Runs the block on the abstract interpreter.
    pub(crate) fn run(&self, analysis: &mut AbstractInterpreter) {
        let mut pc = self.head;
        for inst in &self.instructions {
            analysis.step(inst, pc);
            pc += u64::from(inst.len);
        }
    }

    /// The address behind the block.
    pub(crate) fn end(&self) -> u64 {
        self.head + self.len
    }

    /// The addresses where control may go next, as far as the instructions name them. The return point
    /// of a call is not among them: control comes to it from the callee.
    pub(crate) fn successors(&self) -> impl Iterator<Item = u64> + use<> {
        let end = self.end();
        let pair = match self.flow {
            Flow::Next => [Some(end), None],
            Flow::Branch { taken } => [Some(taken), Some(end)],
            Flow::Static(target) if !self.links => [Some(target), None],
            Flow::Static(_) | Flow::Dynamic | Flow::Ecall | Flow::Ebreak => [None, None],
        };
        pair.into_iter().flatten()
    }

    /// The address behind a call or a host call, where execution resumes later.
    pub(crate) fn return_point(&self) -> Option<u64> {
        match self.flow {
            Flow::Ecall | Flow::Ebreak => Some(self.end()),
            Flow::Static(_) | Flow::Dynamic if self.links => Some(self.end()),
            _ => None,
        }
    }

    /// The function that the block calls, if its address is known.
    pub(crate) fn callee(&self) -> Option<u64> {
        match self.flow {
            Flow::Static(target) if self.links => Some(target),
            _ => None,
        }
    }
}
