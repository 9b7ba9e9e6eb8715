//! Where code may be entered, as far as something outside the code tells.
//!
//! Symbols, and words in data that look like code pointers or jump tables. A hint steers discovery
//! and nothing else: a wrong one costs a little code, a missing one costs speed. Because they come
//! from outside the code region, hints are recorded in the module, so that translating again gives the same
//! bytes; they are no part of the key, so that a stripped and an unstripped ELF share a module.

use std::collections::BTreeMap;

use lockstep_isa::Xlen;

use crate::code_region::CodeRegion;
use crate::sweep::{Sweep, sweep};

/// Words that one table may have: a page of 4-byte entries.
const TABLE_ENTRIES: usize = 1024;
/// Hints that one module may have. Data full of code addresses is not a program.
const MOST: usize = 1 << 16;

/// What a hint says about an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Kind {
    /// Control may come here from inside a function: a jump table names it.
    Inside,
    /// A pointer to it lies in data: a function, or a label.
    Pointer,
    /// A function starts here.
    Function,
}

/// A set of addresses in one code region.
#[derive(Clone, Debug)]
pub struct Hints {
    base: u64,
    end: u64,
    xlen: Xlen,
    /// What the code region itself tells. The addresses it computes are candidates for tables in data.
    pub(crate) swept: Sweep,
    addresses: BTreeMap<u64, Kind>,
}

impl Hints {
    /// No hint yet but what the code region tells.
    fn none(region: &CodeRegion<'_>) -> Hints {
        Hints {
            base: region.base,
            end: region.end(),
            xlen: region.profile.xlen,
            swept: sweep(region),
            addresses: BTreeMap::new(),
        }
    }

    /// The hints for a code region that is entered at `entry` (ignored where it lies outside).
    #[must_use]
    pub fn new(region: &CodeRegion<'_>, entry: u64) -> Hints {
        let mut hints = Hints::none(region);
        hints.add(entry, Kind::Function);
        // Linkers put read-only data into the segment of the code.
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

    /// The form that a module records: the address, and in the top two bits 0 for a place inside a
    /// function, 1 for a target of a pointer, 2 for the start of a function. The words ascend, as the module's file
    /// wants them.
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

    /// Looks through data at `address` for pointers into the code region and for jump tables.
    pub fn scan(&mut self, address: u64, data: &[u8]) {
        self.scan_pointers(address, data);
        let tables: Vec<u64> = self
            .swept
            .addresses
            .range(address..address.saturating_add(data.len() as u64))
            .copied()
            .collect();
        for table in tables {
            // In range: the offset is less than the length.
            self.scan_table(table, &data[(table - address) as usize..]);
        }
    }

    /// Aligned words, as wide as registers, that are addresses in the code region: function pointers, labels.
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

    /// 4-byte words from an address that the code computes: absolute targets, or distances from the
    /// table, as long as they lie in the code region.
    fn scan_table(&mut self, table: u64, data: &[u8]) {
        let absolute = |word: u32| u64::from(word);
        let relative = |word: u32| table.wrapping_add(word as i32 as u64);
        for target in [&absolute as &dyn Fn(u32) -> u64, &relative] {
            for word in data.chunks_exact(4).take(TABLE_ENTRIES) {
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

    fn inside(&self, address: u64) -> bool {
        (self.base..self.end).contains(&address) && address & 1 == 0
    }

    fn add(&mut self, address: u64, kind: Kind) {
        if self.inside(address) && self.addresses.len() < MOST {
            let known = self.addresses.entry(address).or_insert(kind);
            *known = (*known).max(kind);
        }
    }

    /// All hints in order of address.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, Kind)> + '_ {
        self.addresses
            .iter()
            .map(|(&address, &kind)| (address, kind))
    }
}
