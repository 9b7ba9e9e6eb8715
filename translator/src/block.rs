//! A block: what the assembly machine would put into a trace from one address.
//!
//! Up to 16 (possibly fused) instructions, decoded ahead as a whole, ended by control flow, `auipc`
//! or a fence. Blocks from different heads overlap freely; each charges its whole cost at its head.
//! A block is formed only where its decoding is certain: everything it read lies in the code region, all of
//! it decodes, and it is not so long that the assembly machine's 8-bit length would wrap.

use std::fmt;

use lockstep_isa::{DecodeError, Inst, decode};

use crate::code_region::CodeRegion;
use crate::record::{Flow, Recorder};

/// Entries of a trace at most: the oracle's `TRACE_ITEM_LENGTH`.
const ENTRIES: usize = 16;
/// Bytes of a trace at most: the oracle keeps the length in 8 bits.
const BYTES: u64 = 255;

/// A decoded trace.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    /// Address of the first instruction.
    pub head: u64,
    /// Instructions, fused ones counted once.
    pub entries: Vec<Inst>,
    /// Bytes of code.
    pub len: u64,
    /// Charged at the head.
    pub cycles: u64,
    /// Where it goes.
    pub flow: Flow,
    /// Accesses to guest memory.
    pub accesses: usize,
    /// It leaves its end's address in a register: execution is expected to come back there.
    pub links: bool,
}

/// Why a piece of code is left to the interpreter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reason {
    /// An instruction of the trace is none.
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
    /// The module's budget was used up.
    Budget,
    /// The compiler gave up on its unit: a defect, of ours or of the compiler.
    Compiler,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Illegal { pc, bits } => {
                write!(f, "no instruction at {pc:#x}: {bits:#x}")
            }
            Reason::Outside => write!(f, "decoding needs bytes outside the code region"),
            Reason::Long { len } => write!(f, "fused trace of {len} bytes, over {BYTES}"),
            Reason::Budget => write!(f, "the module's budget is used up"),
            Reason::Compiler => write!(f, "the compiler gave up on it"),
        }
    }
}

impl Block {
    /// Forms the block at an even address inside the code region.
    pub(crate) fn form(region: &CodeRegion<'_>, head: u64) -> Result<Block, Reason> {
        let mut code = region.code();
        let mut recorder = Recorder::new(region.profile.xlen);
        let mut entries = Vec::with_capacity(ENTRIES);
        let (mut pc, mut cycles) = (head, 0);
        while entries.len() < ENTRIES {
            let inst = decode(&mut code, pc, region.profile).map_err(|error| match error {
                DecodeError::Illegal { pc, bits } => Reason::Illegal { pc, bits },
                DecodeError::Fetch(_) => Reason::Outside,
            })?;
            recorder.step(&inst, pc);
            cycles += region.cost.cycles(inst.op);
            pc += u64::from(inst.len);
            entries.push(inst);
            if inst.op.effect().ends_trace() {
                break;
            }
        }
        let len = pc - head;
        if code.asked().end > region.end() {
            return Err(Reason::Outside);
        }
        if len > BYTES {
            return Err(Reason::Long { len });
        }
        Ok(Block {
            head,
            entries,
            len,
            cycles,
            flow: recorder.flow,
            accesses: recorder.accesses.len(),
            links: recorder.links,
        })
    }

    /// What it costs to translate, in plain instructions: a block brings checks and exits of its
    /// own, each access may, and each edge to another block has moves for all registers.
    pub(crate) fn weight(&self) -> usize {
        self.entries.len() + 8 + 4 * (self.accesses + self.successors().count())
    }

    /// The address behind the block.
    pub(crate) fn end(&self) -> u64 {
        self.head + self.len
    }

    /// The addresses it may go on at, as far as they are in its code. A call's return point is not
    /// one: it is reached from elsewhere.
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

    /// Where execution resumes from outside after this block: behind a call or a host call.
    pub(crate) fn return_point(&self) -> Option<u64> {
        match self.flow {
            Flow::Ecall | Flow::Ebreak => Some(self.end()),
            Flow::Static(_) | Flow::Dynamic if self.links => Some(self.end()),
            _ => None,
        }
    }

    /// The function it calls, where that is known.
    pub(crate) fn callee(&self) -> Option<u64> {
        match self.flow {
            Flow::Static(target) if self.links => Some(target),
            _ => None,
        }
    }
}
