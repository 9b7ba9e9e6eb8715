//! Snapshots of the first kind: registers, pc, reservation, and every dirty page.
//!
//! A snapshot has the fields of CKB-VM's `Snapshot`, and for the same state their content, so that either side can
//! resume what the other made. There is one exception: CKB-VM's snapshot of a machine with 32-bit registers lacks
//! every second word of its pages, and this one does not.
//!
//! A snapshot does not hold the cycles: whoever resumes sets them. It does not hold pages that are not dirty. So it is
//! complete only if all pages that were loaded are still dirty. [`crate::snapshot2`] also refers to pages whose content
//! can be had elsewhere.
//!
//! Native code is no part of a state: a resumed guest finds its module by the content of its pages.

use lockstep_contract::pages::{DIRTY, PAGE_SHIFT};
use lockstep_isa::Reg;
use serde::{Deserialize, Serialize};

use crate::state::Core;
use crate::trap::Trap;

/// The state of a guest, but for its cycles.
///
/// ```
/// use lockstep_isa::{Profile, Reg, Version};
/// use lockstep_runtime::{Core, Snapshot};
///
/// let new = || Core::new(Profile::of(Version::V2), 1 << 16, 1000);
/// let mut first = new()?;
/// first.set_register(Reg::A0, 7);
/// let snapshot = Snapshot::of(&mut first);
/// let mut second = new()?;
/// snapshot.resume(&mut second)?;
/// assert_eq!(second.register(Reg::A0), 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize, Serialize)]
pub struct Snapshot {
    /// The number of the VM's version.
    pub version: u32,
    /// `x0` to `x31`.
    pub registers: [u64; 32],
    /// Where the guest goes on.
    pub pc: u64,
    /// The dirty pages by number, ascending.
    pub page_indices: Vec<u64>,
    /// The flags of each.
    pub page_flags: Vec<u8>,
    /// The content of each.
    pub pages: Vec<Vec<u8>>,
    /// The reserved address; all ones when there is none.
    pub load_reservation_address: u64,
}

impl Snapshot {
    /// The state of this guest.
    #[must_use]
    pub fn of(core: &mut Core) -> Snapshot {
        let mut snapshot = Snapshot {
            version: core.profile().version.number(),
            registers: registers(core),
            pc: core.pc(),
            load_reservation_address: core.reservation(),
            ..Snapshot::default()
        };
        for page in 0..core.memory().pages() {
            let flags = core.memory().flags()[page];
            if flags & DIRTY != 0 {
                snapshot.page_indices.push(page as u64);
                snapshot.page_flags.push(flags);
                snapshot.pages.push(core.memory_mut().page(page).to_vec());
            }
        }
        snapshot
    }

    /// Puts a new guest into this state.
    ///
    /// # Errors
    /// `InvalidVersion` when the guest's version is another, with nothing changed. The error of storing a page when a
    /// page is not in memory or not writable. `Unexpected` when the lists have different lengths, as in no snapshot of
    /// a guest.
    pub fn resume(&self, core: &mut Core) -> Result<(), Trap> {
        if core.profile().version.number() != self.version {
            return Err(Trap::InvalidVersion);
        }
        set_registers(core, &self.registers);
        core.set_pc(self.pc);
        let (flags, pages) = (self.page_flags.len(), self.pages.len());
        if [flags, pages] != [self.page_indices.len(); 2] {
            return Err(Trap::Unexpected(format!(
                "a snapshot with {} numbers, {flags} flags and {pages} contents of pages",
                self.page_indices.len()
            )));
        }
        let numbers = self.page_indices.iter().zip(&self.page_flags);
        for ((number, flags), content) in numbers.zip(&self.pages) {
            // Bits that are shifted out are lost in CKB-VM too; such a page has no flags to set.
            let addr = number << PAGE_SHIFT;
            core.memory_mut().store_bytes(addr, content)?;
            core.memory_mut().set_flag(*number, *flags)?;
        }
        core.set_reservation(self.load_reservation_address);
        Ok(())
    }
}

/// All registers, as unsigned numbers of their width.
pub(crate) fn registers(core: &Core) -> [u64; 32] {
    std::array::from_fn(|number| core.register(Reg::new(number as u32)))
}

/// Sets all registers, `x0` included. It is not 0 in a snapshot that CKB-VM took after its host set it and before the
/// next instruction.
pub(crate) fn set_registers(core: &mut Core, registers: &[u64; 32]) {
    for (reg, value) in Reg::all().zip(registers) {
        match reg {
            Reg::ZERO => core.set_zero_register(*value),
            _ => core.set_register(reg, *value),
        }
    }
}
