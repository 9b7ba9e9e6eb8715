//! Exit codes of the command. Other programs rely on them.

/// Done. For `run`: the guest exited with 0.
pub(crate) const SUCCESS: u8 = 0;
/// `run`: anything but an exit with 0, as `ckb-debugger` has it.
pub(crate) const GUEST: u8 = 254;
/// The arguments are wrong.
pub(crate) const USAGE: u8 = 64;
/// An input file is not what it should be.
pub(crate) const DATA: u8 = 65;
/// A file cannot be read or written, or the system has no memory for a guest.
pub(crate) const FILE: u8 = 66;
/// A defect of ours, or native code that was demanded and cannot be had: also of a translator that is denied.
pub(crate) const DEFECT: u8 = 70;
/// Two things that must be equal are not.
pub(crate) const DIVERGED: u8 = 86;
