//! Hints for a code region from a machine's memory: the guest's pc, and the pointers in its data.
//!
//! Three callers ask for hints: a program that was loaded from its file and has not run
//! ([`Program::hints`](crate::Program::hints) adds the file's symbols), a machine that waits for its
//! module, and a machine that runs on while its module is made in the background. One rule says for all of
//! them what is data. So all of them get the same module, as long as the guest has changed nothing that
//! it was loaded with. The third caller needs a copy of the data, which the thread of the guest makes
//! once for each code region that is queued. So the size of the copy is bounded, and the same bound
//! holds for the other two.

use core::ops::Range;

use lockstep_contract::identity::CodePlace;
use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE, code_runs, runs};
use lockstep_isa::{Cost, Profile};
use lockstep_runtime::Memory;
use lockstep_translator::{CodeRegion, Hints};

/// Bytes of data that are looked through and, if need be, copied, from the lowest address on: constants and
/// initialised data come first in memory, what a program computes comes behind. Pages in which no word
/// can mean a place in the code region do not count: large tables of numbers push no pointers out.
const SCANNED_DATA_BYTES: usize = 256 << 10;

/// Bytes that one table of 4-byte words may have.
const MAX_TABLE_BYTES: u64 = 4 << 10;

/// A copy of the data of a guest.
#[derive(Debug)]
pub(super) struct Copied {
    pc: u64,
    data: Vec<(u64, Box<[u8]>)>,
}

impl Copied {
    pub(super) fn from_memory(region: &CodeRegion<'_>, memory: &Memory, pc: u64) -> Copied {
        let copy = |(address, bytes): (u64, &[u8])| (address, Box::from(bytes));
        Copied {
            pc,
            data: data(region, memory).into_iter().map(copy).collect(),
        }
    }

    pub(super) fn hints(&self, region: &CodeRegion<'_>) -> Hints {
        let mut hints = Hints::new(region, self.pc);
        for (address, bytes) in &self.data {
            hints.scan(*address, bytes);
        }
        hints
    }
}

/// The hints for a code region in a machine's memory, where the guest stands at `pc`: as a module would be made
/// for this machine now, without what only the symbols of a file tell.
#[must_use]
pub fn hints_in_memory(region: &CodeRegion<'_>, memory: &Memory, pc: u64) -> Hints {
    let mut hints = Hints::new(region, pc);
    for (address, bytes) in data(region, memory) {
        hints.scan(address, bytes);
    }
    hints
}

/// The pages that were written and may name places in the code region, code and stack left out, by address:
/// whole runs of them, because a table does not end with its page.
fn data<'m>(region: &CodeRegion<'_>, memory: &'m Memory) -> Vec<(u64, &'m [u8])> {
    let bytes = memory.as_bytes();
    // The top quarter is the stack: what lies there differs from run to run, unless it is constant.
    let stack = memory.pages() - memory.pages() / 4;
    let mut left = SCANNED_DATA_BYTES / PAGE_SIZE;
    let data = runs(memory.flags(), |page, flag| {
        // Pages without a flag were never written and are zero.
        let written = flag != 0 && flag & EXECUTABLE == 0;
        let start = page * PAGE_SIZE;
        let wanted = written
            && (page < stack || flag & FREEZED != 0)
            && left > 0
            && may_name(region, start as u64, &bytes[start..start + PAGE_SIZE]);
        left -= usize::from(wanted);
        wanted
    });
    data.into_iter()
        .map(|run| {
            let start = run.start * PAGE_SIZE;
            (start as u64, &bytes[start..run.end * PAGE_SIZE])
        })
        .collect()
}

/// Whether a page has an aligned word that means a place in the code region: by its address, or by its
/// distance from the start of a table, which lies in the page or not far before it.
fn may_name(region: &CodeRegion<'_>, start: u64, page: &[u8]) -> bool {
    // Memory ends far below 2^31, so 32 bits tell.
    let (base, len) = (region.base as u32, region.bytes.len() as u32);
    let nearest = region.base.wrapping_sub(start + PAGE_SIZE as u64) as u32;
    let reach = len.saturating_add(PAGE_SIZE as u32 + MAX_TABLE_BYTES as u32);
    // In pieces, each without a branch.
    page.chunks_exact(256).any(|words| {
        let mut named = false;
        for word in words.as_chunks::<4>().0 {
            let word = u32::from_le_bytes(*word);
            let by_address = word.wrapping_sub(base) < len;
            let by_distance = word.wrapping_sub(nearest) < reach && word != 0;
            named |= by_address | by_distance;
        }
        named
    })
}

/// The regions of a memory that native code can be made for: maximal runs of pages that are both
/// executable and frozen, as ranges of addresses.
#[must_use]
pub fn regions(memory: &Memory) -> Vec<Range<usize>> {
    code_runs(memory.flags())
        .into_iter()
        .map(|run| run.start * PAGE_SIZE..run.end * PAGE_SIZE)
        .collect()
}

/// The code regions of a memory, as the translator takes them, by address.
#[must_use]
pub fn code_regions(memory: &Memory, profile: Profile, cost: Cost) -> Vec<CodeRegion<'_>> {
    let place = |range: Range<usize>| CodePlace {
        base: range.start as u64,
        len: range.len() as u64,
        memory_size: memory.size() as u64,
        profile,
        cost,
    };
    regions(memory)
        .into_iter()
        .filter_map(|range| CodeRegion::in_memory(place(range), memory.as_bytes()))
        .collect()
}

#[cfg(test)]
mod tests {
    use lockstep_isa::Version;

    use super::*;

    const PAGE: u64 = PAGE_SIZE as u64;
    const PAGES: u64 = 1024;
    /// Where the code region stands, one page.
    const BASE: u64 = 3 * PAGE;

    fn region() -> CodeRegion<'static> {
        CodeRegion {
            profile: Profile::of(Version::V2),
            cost: Cost::Estimate,
            memory_size: PAGES * PAGE,
            base: BASE,
            bytes: &[1, 0, 1, 0],
        }
    }

    fn memory() -> Memory {
        Memory::new((PAGES * PAGE) as usize).unwrap()
    }

    /// Puts a pointer to a place in the code region at an address.
    fn point(memory: &mut Memory, at: u64, place: u64) {
        let pointer = (BASE + place).to_le_bytes();
        memory.store_bytes(at, &pointer).unwrap();
    }

    /// Places in the code region that are found by both ways.
    fn found(memory: &Memory) -> Vec<u64> {
        let region = &CodeRegion {
            bytes: &[0; PAGE_SIZE],
            ..region()
        };
        let hints = hints_in_memory(region, memory, BASE + 0x800).recorded();
        let copied = Copied::from_memory(region, memory, BASE + 0x800).hints(region);
        assert_eq!(copied.recorded(), hints);
        let place = |word: u64| (word & (u64::MAX >> 2)) - BASE;
        let mut places: Vec<u64> = hints.into_iter().map(place).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn data_is_what_was_loaded_and_neither_code_nor_stack() {
        let mut memory = memory();
        assert_eq!(found(&memory), [0x800], "where the guest stands");
        let stack = PAGES / 4 * 3;
        point(&mut memory, 0, 2);
        point(&mut memory, 2 * PAGE - 8, 4);
        point(&mut memory, (stack - 1) * PAGE, 6);
        point(&mut memory, stack * PAGE, 8);
        point(&mut memory, PAGES * PAGE - 8, 10);
        point(&mut memory, 9 * PAGE, 12);
        memory.set_flag(9, EXECUTABLE).unwrap();
        let constants = [(BASE + 14).to_le_bytes(), (BASE + 16).to_le_bytes()].concat();
        memory
            .init_pages((PAGES - 9) * PAGE, PAGE, FREEZED, &constants, 8)
            .unwrap();
        assert_eq!(found(&memory), [2, 4, 6, 14, 16, 0x800]);
    }

    /// The code region loads the address of a table of 4-byte words that lies in two pages.
    #[test]
    fn a_table_goes_on_in_the_next_page() {
        let mut memory = memory();
        let at = 9 * PAGE - 8;
        let words: Vec<u8> = (1..=6_u32)
            .flat_map(|number| (BASE as u32 + 2 * number).to_le_bytes())
            .collect();
        memory.store_bytes(at, &words).unwrap();
        // lui a0, 9; addi a0, a0, -8
        let code = [0x37, 0x95, 0, 0, 0x13, 0x05, 0x85, 0xff];
        let region = CodeRegion {
            bytes: &code,
            ..region()
        };
        let region = &CodeRegion {
            bytes: &[region.bytes, &[1; PAGE_SIZE - 8]].concat(),
            ..region
        };
        let hints = hints_in_memory(region, &memory, BASE).recorded();
        let expected = (1..=6).map(|number| BASE + 2 * number);
        assert!(expected.into_iter().all(|target| hints.contains(&target)));
    }

    #[test]
    fn what_names_nothing_does_not_count_and_the_rest_is_bounded() {
        let mut memory = memory();
        let most = SCANNED_DATA_BYTES as u64;
        point(&mut memory, 8 * PAGE, 2);
        point(&mut memory, 9 * PAGE + most, 4);
        for filler in [[0; 4], [3; 4], u32::MAX.to_le_bytes()] {
            let between = filler.repeat(SCANNED_DATA_BYTES / 4);
            memory.store_bytes(9 * PAGE, &between).unwrap();
            assert_eq!(found(&memory), [2, 4, 0x800], "{filler:?}");
        }
        // Each page names a place, the last one too many.
        for page in 0..most / PAGE {
            point(&mut memory, (10 + page) * PAGE - 8, 6);
        }
        assert_eq!(found(&memory), [2, 6, 0x800]);
        point(&mut memory, 9 * PAGE - 8, 8);
        memory.store_byte(9 * PAGE, 2 * PAGE, 0).unwrap();
        assert_eq!(found(&memory), [2, 4, 6, 8, 0x800]);
    }

    /// Whatever a scan finds in a page makes the page one that is looked through.
    #[test]
    fn no_word_is_overlooked() {
        let region = region();
        let region = &CodeRegion {
            bytes: &[0; 2 * PAGE_SIZE],
            ..region
        };
        let end = BASE + 2 * PAGE;
        for page in [0, BASE - PAGE, end, end + PAGE, PAGES * PAGE - PAGE] {
            let names = |at: u64, word: u32| {
                let mut bytes = [0; PAGE_SIZE];
                bytes[at as usize..][..4].copy_from_slice(&word.to_le_bytes());
                may_name(region, page, &bytes)
            };
            for at in [0, 4, 252, 256, PAGE - 4] {
                for target in [BASE, BASE + 2, end - 2] {
                    assert!(names(at, target as u32));
                    // Of tables that begin in the page, or end in it.
                    for table in [
                        page,
                        page + at,
                        (page + at).saturating_sub(MAX_TABLE_BYTES - 4),
                    ] {
                        let distance = target.wrapping_sub(table) as u32;
                        assert!(distance == 0 || names(at, distance), "{page:#x} {at}");
                    }
                }
                assert!(!names(at, 0) && !names(at, 1 << 31));
                assert!(!names(
                    at,
                    (end + 4 * PAGE).wrapping_sub(page) as u32 | 1 << 30
                ));
            }
        }
    }
}
