//! Which instruction of a guest fails, and what it is about to do there.
//!
//! CKB-VM leaves the pc behind the trace that failed, so the pc alone does not lead to the instruction. A guest is
//! deterministic: run again with one cycle less than it had used, it stops at the head of that trace, because a trace
//! is charged before it runs. From there [`Core::next_fault`](crate::Core::next_fault) finds the instruction. So nothing has to be noted while
//! a guest runs, and the interpreter's loop is as fast as without.

use core::fmt;

/// An instruction that cannot be finished, and the access that is refused.
///
/// ```
/// use lockstep_runtime::{AccessKind, Core, CostTable};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # core.memory_mut().store_bytes(0x1000, &[0x13, 0x05, 0xf0, 0xff, 0x03, 0x35, 0x05, 0, 0x73, 0, 0, 0])?;
/// # core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// # core.set_pc(0x1000); // li a0, -1; ld a0, 0(a0); ecall
///
/// let fault = core.next_fault(&CostTable::from(Cost::Estimate))?.expect("the load fails");
/// assert_eq!(fault.instruction, 0x1004);
/// assert_eq!((fault.access, fault.address, fault.bytes), (AccessKind::Load, u64::MAX, 8));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Fault {
    /// Address of the instruction. Where code cannot be fetched, the address of the code.
    pub instruction: u64,
    /// What is refused.
    pub access: AccessKind,
    /// Address of the first byte of the access.
    pub address: u64,
    /// Bytes of the access.
    pub bytes: u64,
}

/// What an instruction is about to do with memory.
///
/// ```
/// use lockstep_runtime::Access;
///
/// /// Whether an access touches a byte.
/// fn touches(access: &Access, at: u64) -> bool {
///     at.wrapping_sub(access.address) < access.bytes
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Access {
    /// Whether it loads or stores.
    pub kind: AccessKind,
    /// Address of the first byte.
    pub address: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What a guest does with memory.
///
/// ```
/// use lockstep_runtime::AccessKind;
///
/// assert_eq!(AccessKind::Store.to_string(), "store");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum AccessKind {
    /// An instruction is fetched and decoded.
    Fetch,
    /// An instruction reads memory.
    Load,
    /// An instruction writes memory, or reads and writes it.
    Store,
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AccessKind::Fetch => "fetch",
            AccessKind::Load => "load",
            AccessKind::Store => "store",
        })
    }
}
