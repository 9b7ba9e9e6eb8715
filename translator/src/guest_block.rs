//! The blocks of a code region as the translator finds them, for whoever shows guest code to people.
//!
//! Blocks are what cycles are charged by, so a listing by blocks is true to the cycle where one by basic blocks would
//! not be. Two blocks may overlap, because a trace of CKB-VM begins wherever control arrives.
//!
//! Nothing is translated here.

use lockstep_isa::Inst;

use crate::abstract_interpreter::Flow;
use crate::block::Block;
use crate::code_region::CodeRegion;
use crate::discover::discover;
use crate::hints::Hints;
use crate::options::Options;

/// A block of guest code: the instructions of one trace of CKB-VM, which are charged together.
///
/// ```
/// use lockstep_translator::{End, Hints, Options, guest_blocks};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0x0015_0513_u32.to_le_bytes()); // addi a0, a0, 1
/// # code[4..8].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # code[8..12].copy_from_slice(&0xff9f_f06f_u32.to_le_bytes()); // j .-8
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let hints = Hints::new(&region, region.base);
/// let blocks = guest_blocks(&region, &hints, &Options::default());
/// // An increment and a host call, then a jump back.
/// assert_eq!((blocks[0].head, blocks[0].cycles), (0x10000, 501));
/// assert_eq!(blocks[0].end, End::HostCall);
/// assert_eq!(blocks[1].end, End::Jump(0x10000));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct GuestBlock {
    /// Guest address of the first instruction.
    pub head: u64,
    /// Its instructions in order, fused ones as one.
    pub instructions: Vec<Inst>,
    /// Bytes of guest code.
    pub len: u64,
    /// Cycles that are charged for it.
    pub cycles: u64,
    /// Where control goes behind it.
    pub end: End,
    /// Functions start here, as far as the translator knows.
    pub starts_function: bool,
}

/// Where control goes at the end of a block. Numbers are guest addresses.
///
/// ```
/// use lockstep_translator::End;
/// assert_eq!(End::Branch(0x10020), End::Branch(0x10020));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum End {
    /// To the instruction behind it.
    Next,
    /// There, or to the instruction behind it.
    Branch(u64),
    /// There, and no return is expected.
    Jump(u64),
    /// To the function there, and back to the instruction behind it.
    Call(u64),
    /// To an address in a register, and no return is expected: a return, or a jump through a table.
    IndirectJump,
    /// To a function whose address is in a register, and back to the instruction behind it.
    IndirectCall,
    /// To the host, by `ecall`.
    HostCall,
    /// To the host, by `ebreak`.
    Breakpoint,
}

impl GuestBlock {
    fn new(block: Block, starts_function: bool) -> GuestBlock {
        GuestBlock {
            head: block.head,
            len: block.len,
            cycles: block.cycles,
            end: End::from(&block),
            starts_function,
            instructions: block.instructions,
        }
    }

    /// The address behind the block.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.head + self.len
    }

    /// The instructions with their addresses.
    pub fn places(&self) -> impl Iterator<Item = (u64, &Inst)> {
        let mut next = self.head;
        self.instructions.iter().map(move |inst| {
            let pc = next;
            next += u64::from(inst.len);
            (pc, inst)
        })
    }

    /// The blocks of the same function that come next, by their heads; behind a call that is where it returns to.
    pub fn successors(&self) -> impl Iterator<Item = u64> + use<> {
        let behind = Some(self.behind());
        let pair = match self.end {
            End::Next | End::Call(_) | End::IndirectCall | End::HostCall | End::Breakpoint => {
                [behind, None]
            }
            End::Branch(taken) => [Some(taken), behind],
            End::Jump(target) => [Some(target), None],
            End::IndirectJump => [None, None],
        };
        pair.into_iter().flatten()
    }
}

impl From<&Block> for End {
    fn from(block: &Block) -> End {
        match (block.flow, block.links) {
            (Flow::Next, _) => End::Next,
            (Flow::Branch { taken }, _) => End::Branch(taken),
            (Flow::Static(target), true) => End::Call(target),
            (Flow::Static(target), false) => End::Jump(target),
            (Flow::Dynamic, true) => End::IndirectCall,
            (Flow::Dynamic, false) => End::IndirectJump,
            (Flow::Ecall, _) => End::HostCall,
            (Flow::Ebreak, _) => End::Breakpoint,
        }
    }
}

/// The block that begins at an address; none where the interpreter has to decide.
///
/// ```
/// use lockstep_translator::{End, guest_block};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[4..8].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// assert_eq!(guest_block(&region, 0x10004).unwrap().end, End::HostCall);
/// assert_eq!(guest_block(&region, 0x11000), None);
/// ```
#[must_use]
pub fn guest_block(region: &CodeRegion<'_>, head: u64) -> Option<GuestBlock> {
    if !region.may_start(head) {
        return None;
    }
    let block = Block::form(region, head).ok()?;
    Some(GuestBlock::new(block, false))
}

/// The blocks that a translation with these options finds, by their heads. Those that it leaves to the interpreter,
/// because they cannot be formed or because the module is full, are not among them.
#[must_use]
pub fn guest_blocks(region: &CodeRegion<'_>, hints: &Hints, options: &Options) -> Vec<GuestBlock> {
    let heat = options.heat_of(region);
    let found = discover(region, hints, &heat, options.module_weight());
    let starts = found.starts;
    let blocks = found.blocks.into_values();
    blocks
        .map(|block| {
            let starts_function = starts.contains(&block.head);
            GuestBlock::new(block, starts_function)
        })
        .collect()
}
