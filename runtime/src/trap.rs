//! Why a guest cannot go on, as values with CKB-VM's names.
//!
//! Every way in which a guest can fail is here, so that native code and interpreter report the same failure by the
//! same value. A failure of the host (no memory, a module that cannot be mapped) is not a trap; it has its own type
//! where it arises. [`Trap::Defect`] is the one exception: it reports an error of this engine.

use core::fmt;

/// Why execution, loading or a memory access failed.
///
/// ```
/// use lockstep_runtime::Trap;
///
/// let trap = Trap::InvalidInstruction { pc: 0x1000, bits: 0 };
/// assert_eq!(trap.name(), "InvalidInstruction");
/// assert_eq!(trap.to_string(), "no instruction: 0x0 at 0x1000");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Trap {
    /// An address outside guest memory.
    MemOutOfBound,
    /// A write to an executable page; also a fetch from a page that is not executable (CKB-VM
    /// has one name for both).
    MemWriteOnExecutablePage,
    /// A page that is frozen was to be initialised again.
    MemWriteOnFreezedPage,
    /// Pages were to be initialised at an address or with a size that is not a multiple of 4096.
    MemPageUnalignedAccess,
    /// The arguments do not fit the stack.
    MemOutOfStack,
    /// Bytes that are no instruction.
    InvalidInstruction {
        /// Address of the instruction.
        pc: u64,
        /// Its bits; the upper half is zero for a 16-bit one.
        bits: u32,
    },
    /// No handler for the system call with this number.
    InvalidEcall(u64),
    /// The version and the extensions do not go together.
    InvalidVersion,
    /// The next trace costs more than is left.
    CyclesExceeded,
    /// The cycle counter would exceed 64 bits.
    CyclesOverflow,
    /// A trace whose length in bytes is a multiple of 256.
    TraceLengthError,
    /// A snapshot names data that its source does not have.
    SnapshotDataLoadError,
    /// A system call's own failure.
    External(String),
    /// Inputs that contradict each other, as an image that is not of the file, with the reason.
    Unexpected(String),
    /// Something that cannot happen did: the engine is wrong, not the guest.
    Defect(Defect),
}

/// What native code did that correct native code never does.
///
/// ```
/// use lockstep_runtime::{Defect, Trap};
///
/// /// Whether the engine was wrong, and not the guest.
/// fn is_ours(trap: &Trap) -> bool {
///     matches!(trap, Trap::Defect(_))
/// }
///
/// assert!(is_ours(&Trap::Defect(Defect::Diverged { block: 0x1000 })));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Defect {
    /// It returned a word that means no exit.
    Exit {
        /// The word.
        word: u64,
        /// Where the guest is.
        pc: u64,
    },
    /// It left more budget than it was given.
    Budget {
        /// Cycles given.
        given: u64,
        /// Cycles left.
        left: u64,
    },
    /// It came to another state than the interpreter, which was found where both run.
    Diverged {
        /// Address of the block, or of the first of several.
        block: u64,
    },
}

impl Trap {
    /// CKB-VM's name for it, as printed by the command.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Trap::MemOutOfBound => "MemOutOfBound",
            Trap::MemWriteOnExecutablePage => "MemWriteOnExecutablePage",
            Trap::MemWriteOnFreezedPage => "MemWriteOnFreezedPage",
            Trap::MemPageUnalignedAccess => "MemPageUnalignedAccess",
            Trap::MemOutOfStack => "MemOutOfStack",
            Trap::InvalidInstruction { .. } => "InvalidInstruction",
            Trap::InvalidEcall(_) => "InvalidEcall",
            Trap::InvalidVersion => "InvalidVersion",
            Trap::CyclesExceeded => "CyclesExceeded",
            Trap::CyclesOverflow => "CyclesOverflow",
            Trap::TraceLengthError => "TraceLengthError",
            Trap::SnapshotDataLoadError => "SnapshotDataLoadError",
            Trap::External(_) => "External",
            Trap::Unexpected(_) => "Unexpected",
            Trap::Defect(_) => "Defect",
        }
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trap::MemOutOfBound => f.write_str("an address outside guest memory"),
            Trap::MemWriteOnExecutablePage => {
                f.write_str("a write to a page that is executable, or a fetch from one that is not")
            }
            Trap::MemWriteOnFreezedPage => f.write_str("a frozen page was to be initialised again"),
            Trap::MemPageUnalignedAccess => {
                f.write_str("an address or size that is not a multiple of 4096")
            }
            Trap::MemOutOfStack => f.write_str("the arguments do not fit the stack"),
            Trap::InvalidInstruction { pc, bits } => {
                write!(f, "no instruction: {bits:#x} at {pc:#x}")
            }
            Trap::InvalidEcall(number) => write!(f, "no system call has the number {number:#x}"),
            Trap::InvalidVersion => f.write_str("version 0 does not go with macro-op fusion"),
            Trap::CyclesExceeded => f.write_str("the cycle limit is reached"),
            Trap::CyclesOverflow => f.write_str("the cycle counter would exceed 64 bits"),
            Trap::TraceLengthError => f.write_str("a trace's length is a multiple of 256 bytes"),
            Trap::SnapshotDataLoadError => {
                f.write_str("a snapshot names data that its source does not have")
            }
            Trap::External(why) | Trap::Unexpected(why) => f.write_str(why),
            Trap::Defect(defect) => write!(f, "a defect of the engine: {defect}"),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Defect::Exit { word, pc } => {
                write!(
                    f,
                    "native code returned {word:#x}, which means nothing, at {pc:#x}"
                )
            }
            Defect::Budget { given, left } => {
                write!(f, "native code left {left:#x} cycles of {given:#x}")
            }
            Defect::Diverged { block } => {
                write!(
                    f,
                    "native code and interpreter differ after the block at {block:#x}"
                )
            }
        }
    }
}

impl std::error::Error for Trap {}
