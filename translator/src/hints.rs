//! Hints: addresses where control may enter the code, learned from outside the code.
//!
//! A hint is a symbol, or a word in data that looks like a code pointer or an entry of a jump table. It
//! steers discovery and nothing else. A wrong hint costs a little code, a missing one costs speed;
//! neither changes what a guest does.
//!
//! A module records its hints, so that translating again gives the same bytes. They are not part of the
//! module's key, so that a stripped and an unstripped ELF share a module.

use std::collections::BTreeMap;

use lockstep_contract::module::MODULE_HINTS;
use lockstep_isa::Xlen;

use crate::code_region::CodeRegion;
use crate::sweep::{Sweep, sweep};

/// The most 4-byte words that are read as one jump table: a page of them.
const JUMP_TABLE_WORDS: usize = 1024;

/// What a hint says about an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// A jump table names the address: control may come here from inside a function.
    Inside,
    /// A pointer in data names the address: it is a function or a label.
    Pointer,
    /// A function starts here.
    Function,
}

/// The hints for one code region.
///
/// ```
/// use lockstep_translator::Hints;
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let mut hints = Hints::new(&region, region.base);
/// hints.add_symbols(&[0x10004, 0x9000_0000]);
/// // A symbol outside the region is no hint.
/// let start_of_function = 2 << 62;
/// assert_eq!(hints.recorded(), [0x10000, 0x10004].map(|address| start_of_function | address));
/// assert_eq!(Hints::from_recorded(&region, &hints.recorded()).recorded(), hints.recorded());
/// ```
#[derive(Clone, Debug)]
pub struct Hints {
    base: u64,
    end: u64,
    xlen: Xlen,
    /// What the sweep of the code found. The addresses that the code computes may be jump tables in data.
    pub(crate) sweep: Sweep,
    addresses: BTreeMap<u64, Kind>,
}

impl Hints {
    /// No hints but what the code region itself tells.
    fn none(region: &CodeRegion<'_>) -> Hints {
        Hints {
            base: region.base,
            end: region.end(),
            xlen: region.profile.xlen,
            sweep: sweep(region),
            addresses: BTreeMap::new(),
        }
    }

    /// The hints for a code region that is entered at `entry` (ignored where it lies outside).
    #[must_use]
    pub fn new(region: &CodeRegion<'_>, entry: u64) -> Hints {
        let mut hints = Hints::none(region);
        hints.add(entry, Kind::Function);
        // Linkers may put read-only data into the segment of the code.
        hints.scan(region.base, region.bytes);
        hints
    }

    /// The hints that a module recorded.
    #[must_use]
    pub fn from_recorded(region: &CodeRegion<'_>, recorded: &[u64]) -> Hints {
        let mut hints = Hints::none(region);
        for &word in recorded {
            let kind = match word >> 62 {
                0 => Kind::Inside,
                1 => Kind::Pointer,
                _ => Kind::Function,
            };
            hints.add(word & (u64::MAX >> 2), kind);
        }
        hints
    }

    /// The form that a module records: one word for each hint, in ascending order, as the format of the
    /// module requires. The top two bits are 0 for an address inside a function, 1 for the target of a
    /// pointer and 2 for the start of a function; the other bits are the address.
    #[must_use]
    pub fn recorded(&self) -> Vec<u64> {
        let mut words: Vec<u64> = (self.addresses.iter())
            .map(|(&address, &kind)| address | (kind as u64) << 62)
            .collect();
        words.sort_unstable();
        words
    }

    /// Adds the addresses of function symbols.
    pub fn add_symbols(&mut self, symbols: &[u64]) {
        for &symbol in symbols {
            self.add(symbol, Kind::Function);
        }
    }

    /// Searches data, which is at `address` in guest memory, for pointers into the code region and for
    /// jump tables.
    pub fn scan(&mut self, address: u64, data: &[u8]) {
        self.scan_pointers(address, data);
        let tables: Vec<u64> = self
            .sweep
            .addresses
            .range(address..address.saturating_add(data.len() as u64))
            .copied()
            .collect();
        for table in tables {
            // In range: the offset is less than the length.
            self.scan_table(table, &data[(table - address) as usize..]);
        }
    }

    /// Adds the aligned words, as wide as a register, that are addresses in the code region.
    fn scan_pointers(&mut self, address: u64, data: &[u8]) {
        let width = match self.xlen {
            Xlen::X32 => 4,
            Xlen::X64 => 8,
        };
        let skip = address.wrapping_neg() as usize & (width - 1);
        let words = data.get(skip..).unwrap_or(&[]).chunks_exact(width);
        for word in words {
            let mut whole = [0; 8];
            whole[..width].copy_from_slice(word);
            self.add(u64::from_le_bytes(whole), Kind::Pointer);
        }
    }

    /// Reads a jump table: 4-byte words at an address that the code computes. It tries them as absolute
    /// targets and as distances from the table, and stops at the first that is not in the code region.
    fn scan_table(&mut self, table: u64, data: &[u8]) {
        let absolute = |word: u32| u64::from(word);
        let relative = |word: u32| table.wrapping_add(word as i32 as u64);
        for target in [&absolute as &dyn Fn(u32) -> u64, &relative] {
            for word in data.chunks_exact(4).take(JUMP_TABLE_WORDS) {
                let word = word
                    .first_chunk()
                    .map_or(0, |word| u32::from_le_bytes(*word));
                let target = target(word);
                if word == 0 || !self.inside(target) {
                    break;
                }
                self.add(target, Kind::Inside);
            }
        }
    }

    /// Whether an instruction could start at this address.
    fn inside(&self, address: u64) -> bool {
        (self.base..self.end).contains(&address) && address & 1 == 0
    }

    fn add(&mut self, address: u64, kind: Kind) {
        if self.inside(address) && self.addresses.len() < MODULE_HINTS {
            let known = self.addresses.entry(address).or_insert(kind);
            *known = (*known).max(kind);
        }
    }

    /// All hints in the order of their addresses.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Kind)> + '_ {
        self.addresses
            .iter()
            .map(|(&address, &kind)| (address, kind))
    }
}
