//! The code that a profile knows: its blocks, and how each block ends.
//!
//! It is asked at each move of a guest from function to function, so what was found out once is kept in a table.

use lockstep_isa::{Cost, Inst, Profile, Reg};
use lockstep_translator::{CodeRegion, End, GuestBlock, guest_block};

use super::names::Names;

/// How a block ends, as far as calls are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// It calls: control is expected to come back behind it.
    Call,
    /// It jumps to an address in a register that calls write, as returns do.
    Return,
    /// It jumps to an address in another register.
    Jump,
    /// It asks the host for something, and goes on behind.
    Host,
    /// It goes on behind, or to an address that the instruction names.
    Direct,
}

/// The end of a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ended {
    /// Guest address of its last instruction. A fused one has the address of its first.
    pub(super) site: u64,
    pub(super) way: Way,
    /// The address behind it.
    pub(super) behind: u64,
}

impl Ended {
    /// Where nobody knows the code, control may go anywhere.
    fn unknown(site: u64) -> Ended {
        Ended {
            site,
            way: Way::Return,
            behind: site,
        }
    }
}

/// How a block ends that has one instruction. What the instructions before would have told of a register does not count: for
/// native code it does not either.
fn way(end: End, only: &Inst) -> Way {
    // The registers that calls write by the calling convention.
    let links = [Reg::RA, Reg::new(5)];
    match end {
        End::Call(_) | End::IndirectCall => Way::Call,
        End::IndirectJump if links.contains(&only.rs1) => Way::Return,
        End::IndirectJump => Way::Jump,
        End::HostCall | End::Breakpoint => Way::Host,
        _ => Way::Direct,
    }
}

/// A code region with what was found out about its instructions.
struct Region {
    base: u64,
    code: Vec<u8>,
    /// For each halfword, what is known of the instruction there.
    sites: Vec<Site>,
}

/// What is known of an instruction: small, because every move reads two of them.
#[derive(Clone, Copy)]
pub(super) struct Site {
    /// The number of its function.
    pub(super) function: u32,
    pub(super) way: Way,
    pub(super) len: u8,
    /// A call was made that returns to here.
    pub(super) is_return_point: bool,
    /// Somebody looked.
    known: bool,
}

/// Nobody looked yet.
const UNSEEN: Site = Site {
    function: 0,
    way: Way::Direct,
    len: 0,
    is_return_point: false,
    known: false,
};

/// Instructions of one code region.
#[derive(Clone, Copy)]
pub(super) struct Sites<'a> {
    base: u64,
    sites: &'a [Site],
}

impl Sites<'_> {
    /// The instruction at an address, if somebody looked at it before.
    #[inline]
    pub(super) fn at(&self, address: u64) -> Option<&Site> {
        let halfword = address.wrapping_sub(self.base) / 2;
        let site = self.sites.get(usize::try_from(halfword).ok()?)?;
        site.known.then_some(site)
    }
}

impl Region {
    fn holds(&self, address: u64) -> bool {
        address.wrapping_sub(self.base) < self.code.len() as u64
    }
}

/// Code regions of one program.
pub(super) struct KnownCode {
    profile: Profile,
    cost: Cost,
    memory_size: u64,
    regions: Vec<Region>,
}

impl KnownCode {
    pub(super) fn new(
        profile: Profile,
        cost: Cost,
        memory_size: u64,
        regions: &[CodeRegion<'_>],
    ) -> KnownCode {
        let mut known = KnownCode {
            profile,
            cost,
            memory_size,
            regions: Vec::new(),
        };
        for region in regions {
            known.add(region.base, region.bytes);
        }
        known
    }

    /// Code that was not there from the start, or that is in the place of other code.
    pub(super) fn add(&mut self, base: u64, code: &[u8]) {
        let known = |region: &Region| region.base == base && region.code == code;
        if self.regions.iter().any(known) {
            return;
        }
        // The code that came last is looked at first.
        let region = Region {
            base,
            code: code.to_vec(),
            sites: vec![UNSEEN; code.len() / 2],
        };
        self.regions.insert(0, region);
    }

    /// The block with this head; none where the code is not known.
    pub(super) fn block(&self, head: u64) -> Option<GuestBlock> {
        let region = self.regions.iter().find(|region| region.holds(head))?;
        guest_block(&self.region(region), head)
    }

    /// The end of the block whose last instruction is here, and the number of its function.
    #[inline]
    pub(super) fn end(&mut self, site: u64, names: &Names) -> (Ended, usize) {
        let Some(known) = self.site(site, names) else {
            return (Ended::unknown(site), names.function_at(site));
        };
        let ended = Ended {
            site,
            way: known.way,
            behind: site + u64::from(known.len),
        };
        (ended, known.function as usize)
    }

    /// The number of the function at an address.
    #[inline]
    pub(super) fn function(&mut self, address: u64, names: &Names) -> usize {
        match self.site(address, names) {
            Some(site) => site.function as usize,
            None => names.function_at(address),
        }
    }

    /// What is known of the instructions of the code that came last, which usually is all there is.
    pub(super) fn sites(&self) -> Option<Sites<'_>> {
        let region = self.regions.first()?;
        Some(Sites {
            base: region.base,
            sites: &region.sites,
        })
    }

    /// What is known of the instruction at an address; none where the code is not known.
    #[inline]
    pub(super) fn site(&mut self, address: u64, names: &Names) -> Option<&mut Site> {
        let at = match self.regions.first() {
            Some(first) if first.holds(address) => 0,
            _ => self
                .regions
                .iter()
                .position(|region| region.holds(address))?,
        };
        let halfword = ((address - self.regions[at].base) / 2) as usize;
        if !self.regions[at].sites.get(halfword)?.known {
            let found = self.look(at, address, names);
            self.regions[at].sites[halfword] = found;
        }
        self.regions[at].sites.get_mut(halfword)
    }

    /// The end of the rest of a block, of which so many instructions are left from `pc` on.
    pub(super) fn rest(&mut self, pc: u64, instructions: u8, names: &Names) -> Ended {
        let Some(block) = self.block(pc) else {
            return Ended::unknown(pc);
        };
        let last = (block.places()).nth(usize::from(instructions).saturating_sub(1));
        let site = last.map_or(pc, |(site, _)| site);
        self.end(site, names).0
    }

    #[cold]
    fn look(&self, at: usize, site: u64, names: &Names) -> Site {
        let function = u32::try_from(names.function_at(site)).unwrap_or(0);
        // What stands behind the instruction is of no importance, but may be no code.
        let block = guest_block(&self.region(&self.regions[at]), site);
        let (way, len) = match &block {
            Some(block) => match &block.instructions[..] {
                [only] => (way(block.end, only), only.len),
                [first, ..] => (Way::Direct, first.len),
                [] => (Way::Return, 0),
            },
            None => (Way::Direct, 0),
        };
        Site {
            function,
            way,
            len,
            is_return_point: false,
            known: true,
        }
    }

    fn region<'r>(&self, region: &'r Region) -> CodeRegion<'r> {
        CodeRegion {
            profile: self.profile,
            cost: self.cost,
            memory_size: self.memory_size,
            base: region.base,
            bytes: &region.code,
        }
    }
}
