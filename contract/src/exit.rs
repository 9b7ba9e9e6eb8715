//! The reasons for which native code exits, that is, returns to its host.
//!
//! Native code raises no error. It exits, and the host or the interpreter decides what happens. Native code
//! returns the reason as one `u64`, the exit word; it has stored pc, registers and budget to the context
//! before.

/// The reasons, with what each promises about the state.
///
/// The set is a contract between native code and its host: the host handles every exit, so the enum is
/// exhaustive on purpose.
///
/// ```
/// use lockstep_contract::exit::Exit;
/// let exit = Exit::Side { entries: 3 };
/// assert_eq!(Exit::decode(exit.encode()), Some(exit));
/// assert_eq!(Exit::decode(u64::MAX), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// The budget does not cover the way to the next check. pc is a head; nothing is charged for it.
    Limit,
    /// No native entry at pc. pc is a head; nothing is charged for it.
    Lookup,
    /// The block at pc stores to pages that are not ready for stores. pc is a head; nothing is charged for it, and the
    /// budget covers the way to the next check. [`Context::store_range`](crate::context::Context::store_range) has
    /// the first and the last byte of the stores. If the host can make their pages ready, it does so and enters at pc
    /// again. It need not: the interpreter can run the block.
    FirstStore {
        /// On how many pages the range may lie: 1 or 2. If it lies on so many or fewer, nothing can stop the guest
        /// between pc and a store to each of them.
        pages: u8,
    },
    /// Something the interpreter must do, in the middle of a block: `entries` of the block are left
    /// from pc on, already decoded and already charged.
    Side {
        /// 1 to 16.
        entries: u8,
    },
    /// The block ended with `ecall`; pc is behind it.
    Ecall,
    /// The block ended with `ebreak`; pc is behind it.
    Ebreak,
}

const LIMIT: u64 = 0;
const LOOKUP: u64 = 1;
const SIDE: u64 = 2;
const ECALL: u64 = 3;
const EBREAK: u64 = 4;
const FIRST_STORE: u64 = 5;

const KIND_BITS: u32 = 3;

/// Bits of an exit word that can be other than 0.
pub const BITS: u32 = 8;

impl Exit {
    /// The word that native code returns.
    #[must_use]
    pub const fn encode(self) -> u64 {
        match self {
            Exit::Limit => LIMIT,
            Exit::Lookup => LOOKUP,
            Exit::Side { entries } => SIDE | (entries as u64) << KIND_BITS,
            Exit::FirstStore { pages } => FIRST_STORE | (pages as u64) << KIND_BITS,
            Exit::Ecall => ECALL,
            Exit::Ebreak => EBREAK,
        }
    }

    /// The reason in a word; `None` for a word that no native code of ours returns.
    #[must_use]
    pub const fn decode(word: u64) -> Option<Exit> {
        match (word & ((1 << KIND_BITS) - 1), word >> KIND_BITS) {
            (LIMIT, 0) => Some(Exit::Limit),
            (LOOKUP, 0) => Some(Exit::Lookup),
            (SIDE, entries @ 1..=16) => Some(Exit::Side {
                entries: entries as u8,
            }),
            (FIRST_STORE, pages @ 1..=2) => Some(Exit::FirstStore { pages: pages as u8 }),
            (ECALL, 0) => Some(Exit::Ecall),
            (EBREAK, 0) => Some(Exit::Ebreak),
            _ => None,
        }
    }
}
