//! What the memory promises, on the memory alone. The numbers are those of CKB-VM's rules.

use lockstep_contract::pages::{DIRTY, EXECUTABLE, FREEZED, MAX_PAGES};

use super::*;

mod held;
mod random;

const PAGE: u64 = PAGE_SIZE as u64;

/// Four pages: writable, read-only data, code, and a last one that is writable.
fn memory() -> Memory {
    let mut memory = Memory::new(4 * PAGE_SIZE).unwrap();
    memory.init_pages(PAGE, PAGE, FREEZED, &[1; 8], 0).unwrap();
    memory
        .init_pages(2 * PAGE, PAGE, EXECUTABLE | FREEZED, &[2; 8], 0)
        .unwrap();
    exact(&memory);
    memory
}

/// The table of writable pages says what the flags say of touched pages, and nothing about pages that are not there.
/// What is neither touched nor held is zeros.
fn exact(memory: &Memory) {
    let writable = memory.region.writable();
    let (table, pairs) = (writable.words(), writable.pairs());
    assert_eq!(table.len(), MAX_PAGES);
    for (page, content) in memory.as_bytes().chunks(PAGE_SIZE).enumerate() {
        if writable.is_zero(page) {
            assert!(content.iter().all(|byte| *byte == 0), "page {page}");
        }
    }
    for (page, word) in table.iter().enumerate() {
        let flags = memory.flags().get(page).copied();
        let expected = flags.is_some_and(|flags| flags & EXECUTABLE == 0 && flags & DIRTY != 0)
            && writable.touched(page);
        assert_eq!(*word, u32::from(expected), "page {page}, flags {flags:?}");
        let next = table.get(page + 1).copied().unwrap_or(1);
        assert_eq!(
            u32::from(pairs[page]),
            word & next,
            "page {page} and the next"
        );
    }
}

#[test]
fn sizes() {
    for size in [0, 1, 4095, 4097, MAX_MEMORY + PAGE_SIZE] {
        assert!(matches!(Memory::new(size), Err(SetupError::Size(wrong)) if wrong == size));
    }
    for size in [PAGE_SIZE, MAX_MEMORY] {
        let memory = Memory::new(size).unwrap();
        assert_eq!((memory.size(), memory.pages()), (size, size / PAGE_SIZE));
        assert!(memory.as_bytes().iter().all(|byte| *byte == 0));
        assert_eq!(memory.reservation(), u64::MAX);
        exact(&memory);
    }
}

#[test]
fn a_store_makes_its_pages_dirty() {
    let mut memory = memory();
    assert_eq!(
        memory.flags(),
        [0, FREEZED | DIRTY, EXECUTABLE | FREEZED | DIRTY, 0]
    );
    memory.store(PAGE - 1, Size::B, 0x55).unwrap();
    assert_eq!(memory.fetch_flag(0), Ok(DIRTY));
    exact(&memory);
    memory.clear_flag(0, DIRTY).unwrap();
    memory.clear_flag(1, DIRTY).unwrap();
    exact(&memory);
    memory
        .store(PAGE - 4, Size::D, 0x1122_3344_5566_7788)
        .unwrap();
    assert_eq!(memory.flags()[..2], [DIRTY, FREEZED | DIRTY]);
    assert_eq!(memory.load(PAGE - 4, Size::D), Ok(0x1122_3344_5566_7788));
    assert_eq!(memory.load(PAGE, Size::W), Ok(0x1122_3344));
    exact(&memory);
}

#[test]
fn code_is_not_written_and_data_is_not_fetched() {
    let mut memory = memory();
    let refused = Err(Trap::MemWriteOnExecutablePage);
    assert_eq!(memory.store(2 * PAGE, Size::W, 0), refused);
    assert_eq!(memory.store_bytes(2 * PAGE, &[0]), refused);
    assert_eq!(memory.store_byte(3 * PAGE - 1, 1, 0), refused);
    // The first page of two is dirty by then, and nothing is written.
    memory.clear_flag(1, DIRTY).unwrap();
    assert_eq!(memory.store(2 * PAGE - 1, Size::H, 0xffff), refused);
    assert_eq!(memory.fetch_flag(1), Ok(FREEZED | DIRTY));
    assert_eq!(memory.load(2 * PAGE - 1, Size::B), Ok(0));
    assert_eq!(memory.fetch16(PAGE), Err(Trap::MemWriteOnExecutablePage));
    assert_eq!(memory.fetch32(2 * PAGE), Ok(0x0202_0202));
    assert_eq!(
        memory.fetch32(3 * PAGE - 2),
        Err(Trap::MemWriteOnExecutablePage)
    );
    assert_eq!(memory.fetch16(3 * PAGE - 2), Ok(0));
    exact(&memory);
}

#[test]
fn the_end_of_memory() {
    let mut memory = memory();
    let end = 4 * PAGE;
    let out = Trap::MemOutOfBound;
    assert_eq!(memory.load(end - 8, Size::D), Ok(0));
    for addr in [end - 7, end, u64::MAX, u64::MAX - 7] {
        assert_eq!(memory.load(addr, Size::D), Err(out.clone()));
        assert_eq!(memory.store(addr, Size::D, 0), Err(out.clone()));
    }
    for addr in [end, end + PAGE - 1, u64::MAX, u64::MAX - 1] {
        assert_eq!(memory.fetch16(addr), Err(out.clone()), "{addr:#x}");
    }
    // The part of a store that is in memory made its page dirty.
    assert_eq!(memory.fetch_flag(3), Ok(DIRTY));
    assert_eq!(memory.load_bytes(end - 1, 2), Err(out.clone()));
    assert_eq!(memory.load_bytes(u64::MAX, 0), Ok(vec![]));
    assert_eq!(memory.store_bytes(u64::MAX, &[]), Ok(()));
    assert_eq!(memory.store_byte(u64::MAX, 2, 0), Err(out.clone()));
    assert_eq!(memory.store_byte(0, u64::MAX, 0), Err(out.clone()));
    // A fetch from code at the very end: the first page is looked at first.
    memory.set_flag(3, EXECUTABLE).unwrap();
    assert_eq!(memory.fetch32(end - 2), Err(out.clone()));
    memory.clear_flag(3, EXECUTABLE).unwrap();
    assert_eq!(memory.fetch32(end - 2), Err(Trap::MemWriteOnExecutablePage));
    assert_eq!(memory.store(end - 4, Size::D, 0), Err(out.clone()));
    memory.set_flag(3, EXECUTABLE).unwrap();
    assert_eq!(
        memory.store(end - 4, Size::D, 0),
        Err(Trap::MemWriteOnExecutablePage)
    );
    for page in [4, u64::MAX] {
        assert_eq!(memory.fetch_flag(page), Err(out.clone()));
        assert_eq!(memory.set_flag(page, DIRTY), Err(out.clone()));
        assert_eq!(memory.clear_flag(page, DIRTY), Err(out.clone()));
    }
    exact(&memory);
}

#[test]
fn pages_are_initialised_whole() {
    let mut memory = Memory::new(4 * PAGE_SIZE).unwrap();
    memory.store_byte(0, 4 * PAGE, 0xff).unwrap();
    memory
        .init_pages(PAGE, 2 * PAGE, 0, &[7; 5000], 4000)
        .unwrap();
    let bytes = memory.as_bytes();
    assert_eq!(bytes[PAGE_SIZE - 1], 0xff);
    assert!(
        bytes[PAGE_SIZE..PAGE_SIZE + 4000]
            .iter()
            .all(|byte| *byte == 0)
    );
    assert!(
        bytes[PAGE_SIZE + 4000..3 * PAGE_SIZE]
            .iter()
            .all(|byte| *byte == 7)
    );
    assert_eq!(bytes[3 * PAGE_SIZE], 0xff);
    memory
        .init_pages(0, PAGE, EXECUTABLE, &[9; 9000], 0)
        .unwrap();
    assert_eq!(
        memory.as_bytes()[PAGE_SIZE],
        0,
        "the source is cut off at the end"
    );
    exact(&memory);
    // Executable, not frozen: found out page by page, after those before it.
    let refused = memory.init_pages(0, PAGE, 0, &[], 0);
    assert_eq!(refused, Err(Trap::MemWriteOnExecutablePage));
    memory.set_flag(2, FREEZED).unwrap();
    let refused = memory.init_pages(PAGE, 2 * PAGE, 0, &[1], 0);
    assert_eq!(refused, Err(Trap::MemWriteOnFreezedPage));
    assert_eq!(memory.load(PAGE, Size::B), Ok(0));
    exact(&memory);
}

#[test]
fn ranges_that_cannot_be_initialised() {
    let mut memory = Memory::new(4 * PAGE_SIZE).unwrap();
    let end = 4 * PAGE;
    let mut init = |addr, size, offset| memory.init_pages(addr, size, 0, &[], offset);
    for (addr, size) in [(1, PAGE), (0, 1), (end + 1, PAGE), (0, u64::MAX)] {
        assert_eq!(init(addr, size, 0), Err(Trap::MemPageUnalignedAccess));
    }
    for (addr, size) in [(end, PAGE), (end + PAGE, 0), (0, end + PAGE), (PAGE, end)] {
        assert_eq!(init(addr, size, 0), Err(Trap::MemOutOfBound));
    }
    assert_eq!(init(u64::MAX - 4095, PAGE, 0), Err(Trap::MemOutOfBound));
    assert_eq!(init(0, PAGE, PAGE + 1), Err(Trap::MemOutOfBound));
    assert_eq!(init(end, 0, 0), Ok(()));
    assert_eq!(init(0, end, end), Ok(()));
    assert_eq!(memory.flags(), [DIRTY; 4]);
    exact(&memory);
}

#[test]
fn reset_gives_fresh_memory() {
    let mut memory = memory();
    memory.store(8, Size::D, u64::MAX).unwrap();
    memory.set_reservation(8);
    let generation = memory.generation();
    memory.reset();
    assert!(memory.as_bytes().iter().all(|byte| *byte == 0));
    assert_eq!(memory.flags(), [0; 4]);
    assert_eq!(memory.reservation(), u64::MAX);
    assert_ne!(memory.generation(), generation);
    exact(&memory);
}

#[test]
fn changes_of_code_are_noticed() {
    let mut memory = memory();
    assert_eq!(memory.take_recoded(), 0..4);
    assert_eq!(memory.take_recoded(), 0..0);
    memory.store(0, Size::B, 1).unwrap();
    memory.set_flag(2, FREEZED | DIRTY).unwrap();
    memory.clear_flag(2, DIRTY).unwrap();
    assert_eq!(memory.take_recoded(), 0..0, "nothing of that touches code");
    memory.set_flag(3, EXECUTABLE).unwrap();
    assert_eq!(memory.take_recoded(), 3..4);
    memory.clear_flag(1, FREEZED).unwrap();
    memory.clear_flag(2, EXECUTABLE).unwrap();
    assert_eq!(memory.take_recoded(), 1..3);
}

#[test]
fn a_range_of_stores_is_made_ready_as_a_whole_or_not_at_all() {
    let ready = |range: [u64; 2], most| {
        let mut memory = memory();
        let before = memory.flags().to_vec();
        let opened = memory.view().pages.open_range(range, most);
        assert!(opened || memory.flags() == before, "{range:x?}");
        exact(&memory);
        let again = memory.view().pages.open_range(range, most);
        assert!(!again, "{range:x?} is ready");
        opened
    };
    assert!(ready([0, 7], 1));
    assert!(ready([PAGE - 1, PAGE], 2));
    assert!(!ready([PAGE - 1, PAGE], 1));
    // A page that is ready, one of code, and none.
    assert!(!ready([PAGE, 2 * PAGE - 1], 1));
    assert!(!ready([2 * PAGE, 2 * PAGE], 1));
    assert!(!ready([3 * PAGE - 1, 3 * PAGE], 2));
    assert!(!ready([4 * PAGE - 1, 4 * PAGE], 2));
    assert!(ready([4 * PAGE - 1, 4 * PAGE - 1], 2));
    assert!(!ready([u64::MAX, u64::MAX], 2));
    assert!(!ready([PAGE, PAGE - 1], 2));
}
