//! Our traps under CKB-VM's names.
//!
//! Kinds correspond one to one. A defect of ours has no kind there; it travels as `Unexpected` with
//! its text, so that a node refuses the transaction and says why.

use ckb_vm::Error;
use lockstep_runtime::Trap;

/// What an error of CKB-VM says beside its kind. Its `Display` leaves out the reason of `Unexpected`.
#[must_use]
pub fn error_reason(error: &Error) -> Option<&str> {
    match error {
        Error::Unexpected(reason) | Error::External(reason) => Some(reason),
        _ => None,
    }
}

/// CKB-VM's error of the same kind.
pub(super) fn from_trap(trap: Trap) -> Error {
    match trap {
        Trap::MemOutOfBound => Error::MemOutOfBound,
        Trap::MemWriteOnExecutablePage => Error::MemWriteOnExecutablePage,
        Trap::MemWriteOnFreezedPage => Error::MemWriteOnFreezedPage,
        Trap::MemPageUnalignedAccess => Error::MemPageUnalignedAccess,
        Trap::MemOutOfStack => Error::MemOutOfStack,
        Trap::InvalidInstruction { pc, bits } => Error::InvalidInstruction {
            pc,
            instruction: bits,
        },
        Trap::InvalidEcall(number) => Error::InvalidEcall(number),
        Trap::InvalidVersion => Error::InvalidVersion,
        Trap::CyclesExceeded => Error::CyclesExceeded,
        Trap::CyclesOverflow => Error::CyclesOverflow,
        Trap::TraceLengthError => Error::TraceLengthError,
        Trap::SnapshotDataLoadError => Error::SnapshotDataLoadError,
        Trap::External(why) => Error::External(why),
        Trap::Unexpected(why) => Error::Unexpected(why),
        // A defect of ours, or a kind that CKB-VM has no name for.
        trap => Error::Unexpected(trap.to_string()),
    }
}
