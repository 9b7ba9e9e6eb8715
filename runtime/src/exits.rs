//! How often native code was left, by cause. The counters tell whether a suite of programs, or a script in
//! production, really runs natively, and what keeps it from doing so.
//!
//! Nothing reads them to decide anything, and nothing that a guest does depends on them.

use lockstep_isa::Op;
use lockstep_isa::table::{Ext, Format};

/// Stays in native code by the way they ended, and stays in the interpreter beside them.
///
/// ```
/// use lockstep_runtime::Exits;
///
/// let nothing = Exits::default();
/// assert!(nothing.by_name().iter().all(|(_, count)| *count == 0));
/// assert_eq!(nothing + nothing, nothing);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Exits {
    /// The budget did not cover the way to the next check.
    pub limit: u64,
    /// No native entry at the pc.
    pub lookup: u64,
    /// Side exits in front of a load.
    pub load: u64,
    /// Exits in front of a store: mostly the first one to a page, after which native code mostly goes on.
    pub store: u64,
    /// Side exits in front of an atomic.
    pub atomic: u64,
    /// Side exits in front of anything else.
    pub other: u64,
    /// System calls.
    pub ecall: u64,
    /// Calls of the debugger.
    pub ebreak: u64,
    /// Stays in the interpreter that began at the head of a trace.
    pub interpreted: u64,
}

impl core::ops::Add for Exits {
    type Output = Exits;

    fn add(self, more: Exits) -> Exits {
        self.each(more, u64::saturating_add)
    }
}

impl core::ops::Sub for Exits {
    type Output = Exits;

    fn sub(self, less: Exits) -> Exits {
        self.each(less, u64::saturating_sub)
    }
}

impl Exits {
    fn each(self, other: Exits, combine: impl Fn(u64, u64) -> u64) -> Exits {
        Exits {
            limit: combine(self.limit, other.limit),
            lookup: combine(self.lookup, other.lookup),
            load: combine(self.load, other.load),
            store: combine(self.store, other.store),
            atomic: combine(self.atomic, other.atomic),
            other: combine(self.other, other.other),
            ecall: combine(self.ecall, other.ecall),
            ebreak: combine(self.ebreak, other.ebreak),
            interpreted: combine(self.interpreted, other.interpreted),
        }
    }

    /// The causes by name, in a fixed order.
    #[must_use]
    pub fn by_name(&self) -> [(&'static str, u64); 9] {
        [
            ("limit", self.limit),
            ("lookup", self.lookup),
            ("load", self.load),
            ("store", self.store),
            ("atomic", self.atomic),
            ("other", self.other),
            ("ecall", self.ecall),
            ("ebreak", self.ebreak),
            ("interpreted", self.interpreted),
        ]
    }

    /// Counts a side exit in front of this operation.
    pub(crate) fn count_side(&mut self, op: Option<Op>) {
        let row = op.map(Op::row);
        let counter = match row.map(|row| (row.ext, row.format)) {
            Some((Ext::A, _)) => &mut self.atomic,
            Some((_, Format::Load)) => &mut self.load,
            Some((_, Format::Store)) => &mut self.store,
            _ => &mut self.other,
        };
        *counter += 1;
    }
}
