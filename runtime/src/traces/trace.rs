//! One decoded trace: what it costs, how long it is, and where its instructions stand. It does not own them.

/// A decoded trace. Its instructions stand in the store of whoever has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    /// Address of the first instruction.
    pub(crate) start: u64,
    /// Cycles of all entries.
    pub(crate) cycles: u64,
    /// The number of its first instruction in the store of instructions.
    pub(super) first: u32,
    /// The number of the trace that had the slot before; 0 for none.
    pub(super) behind: u32,
    /// Instructions.
    pub(super) count: u16,
    /// Bytes of guest code, modulo 256: the assembly machine keeps eight bits.
    pub(crate) len: u8,
    /// Bytes of the last entry.
    pub(crate) last: u8,
}

impl Trace {
    /// The same with its instructions elsewhere.
    pub(super) fn at(self, first: u32) -> Trace {
        Trace { first, ..self }
    }

    /// The trace in steps of one instruction, each to be run by itself: the pc is behind the whole from
    /// the first on, as it is in a trace.
    pub(crate) fn steps(self) -> impl Iterator<Item = Trace> {
        (0..self.count).map(move |number| Trace {
            cycles: 0,
            first: self.first + u32::from(number),
            count: 1,
            len: if number == 0 { self.len } else { 0 },
            ..self
        })
    }
}
