//! What becomes of large data that guests load: who may find it, and what it takes to be found.
//!
//! Each test has a memory size of its own, because the spare mappings are the process's. Other tests may take the
//! oldest mappings away at any time ([`retire_spare_mappings`], or by filling the store), so a test that needs a
//! mapping to be found tries again.

use std::sync::Arc;

use lockstep_contract::pages::FREEZED;

use super::*;
use crate::memory::raw::{retire_spare_mappings, take_spare};
use crate::memory::remembered::SMALLEST_HELD_BYTES;

/// Where the data goes: not at a page's start, as in a C program.
const ADDR: u64 = 5 * PAGE + 48;

/// Bytes without a pattern, others for each `number`.
fn data(number: u64) -> Vec<u8> {
    let bytes = 0..SMALLEST_HELD_BYTES as u64 + 3 * PAGE + 17;
    bytes
        .map(|at| (at + number * 0x10_0001).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40)
        .map(|word| word as u8)
        .collect()
}

/// A guest with a program's page and a page of stack.
fn guest(pages: usize) -> Memory {
    let mut memory = Memory::new(pages * PAGE_SIZE).unwrap();
    assert!(memory.as_bytes().iter().all(|byte| *byte == 0));
    memory
        .init_pages(PAGE, PAGE, EXECUTABLE | FREEZED, &[0x13; 100], 0)
        .unwrap();
    memory.store((pages as u64 - 1) * PAGE, Size::D, 1).unwrap();
    exact(&memory);
    memory
}

/// Loads data, and says whether the guest moved for it. The bytes are what they must be.
fn load(memory: &mut Memory, addr: u64, data: &[u8]) -> bool {
    let place = memory.context_pointer();
    let mut expected = memory.as_bytes().to_vec();
    expected[addr as usize..][..data.len()].copy_from_slice(data);
    memory.store_bytes(addr, data).unwrap();
    assert!(memory.as_bytes() == expected);
    exact(memory);
    memory.context_pointer() != place
}

/// Whether what is done with a guest that loaded data leaves the data for another one.
fn leaves(pages: usize, mut with: impl FnMut(&mut Memory)) -> bool {
    let mut first = guest(pages);
    load(&mut first, ADDR, &data(0));
    with(&mut first);
    drop(first);
    // It begins in zeros, wherever.
    load(&mut guest(pages), ADDR, &data(0))
}

/// Whether it does so at least once in some tries.
fn can_leave(pages: usize, mut with: impl FnMut(&mut Memory)) -> bool {
    (0..100).any(|_| leaves(pages, &mut with))
}

#[test]
fn the_next_guest_with_the_same_data_moves() {
    assert!(can_leave(110, |_| ()));
    // Reading, and storing elsewhere, changes nothing.
    assert!(can_leave(111, |memory| {
        memory.load_bytes(ADDR, PAGE).unwrap();
        memory.store(ADDR - 1, Size::D, 7).unwrap();
        memory.store_byte(0, PAGE, 9).unwrap();
        memory.clear_flag(8, DIRTY).unwrap();
    }));
    // Loading it once more writes nothing.
    assert!(can_leave(112, |memory| assert!(!load(
        memory,
        ADDR,
        &data(0)
    ))));
}

#[test]
fn a_guest_that_moves_takes_everything_along() {
    for round in 0.. {
        assert!(round < 100, "no guest moved");
        let pages = 113;
        drop({
            let mut first = guest(pages);
            load(&mut first, ADDR, &data(0));
            first
        });
        let mut memory = guest(pages);
        memory.keep_heads();
        memory.set_heads(&[(0, 5), (8191, 6)]);
        memory.set_reservation(0x77);
        memory.context_mut().registers[7] = 8;
        memory.context_mut().pc = 0x1234;
        memory.store_byte(90 * PAGE, 5 * PAGE, 0).unwrap();
        memory.store_bytes(ADDR - 10, &[6; 10]).unwrap();
        let mut flags = memory.flags().to_vec();
        let (identity, generation) = (memory.identity(), memory.generation());
        if !load(&mut memory, ADDR, &data(0)) {
            continue;
        }
        let end = ADDR + data(0).len() as u64;
        flags[(ADDR / PAGE) as usize..end.div_ceil(PAGE) as usize].fill(DIRTY);
        assert_eq!(memory.flags(), flags);
        assert_eq!(memory.identity(), identity);
        assert_eq!(memory.generation(), generation);
        let heads = memory.heads().unwrap();
        assert_eq!((heads[0], heads[1], heads[8191]), (5, 0, 6));
        let context = memory.context();
        assert_eq!((context.registers[7], context.pc), (8, 0x1234));
        assert_eq!(context.helpers, helpers::addresses());
        assert_eq!(memory.reservation(), 0x77);
        break;
    }
}

#[test]
fn a_guest_that_changes_what_is_held_leaves_zeros() {
    type Store = fn(&mut Memory);
    let stores: [(usize, Store); 5] = [
        (114, |memory| memory.store(9 * PAGE, Size::B, 1).unwrap()),
        (115, |memory| {
            memory.store(9 * PAGE - 1, Size::D, 1).unwrap()
        }),
        (116, |memory| memory.store_byte(9 * PAGE, 1, 0).unwrap()),
        (117, |memory| memory.store_bytes(9 * PAGE, &[1]).unwrap()),
        (118, Memory::reset),
    ];
    for (pages, store) in stores {
        for _ in 0..20 {
            assert!(!leaves(pages, store), "{pages}");
            assert!(
                guest(pages).as_bytes()[ADDR as usize..][..SMALLEST_HELD_BYTES]
                    .iter()
                    .all(|byte| *byte == 0)
            );
        }
    }
}

#[test]
fn only_equal_data_at_the_same_pages_is_found() {
    for _ in 0..20 {
        let mut first = guest(119);
        load(&mut first, ADDR, &data(0));
        drop(first);
        let mut late = data(0);
        // The last byte of the last page that the data covers whole.
        let last = (ADDR as usize + late.len()) / PAGE_SIZE * PAGE_SIZE - 1 - ADDR as usize;
        late[last] ^= 0x80;
        assert!(!load(&mut guest(119), ADDR, &late));
        assert!(!load(&mut guest(119), ADDR + PAGE, &data(0)));
        assert!(!load(
            &mut guest(119),
            ADDR,
            &data(0)[..SMALLEST_HELD_BYTES + 10]
        ));
        assert!(!load(&mut guest(119), ADDR + 1, &data(0)));
        retire_spare_mappings();
    }
}

/// Remembers data that is used nowhere else, until all data from before is given up.
fn forget_remembered() {
    for _ in 0..16 {
        crate::remember_data(&Arc::<[u8]>::from(data(9)));
    }
}

#[test]
fn remembered_data_is_found_and_other_data_at_its_address_is_not() {
    let (mut moved, mut same_address) = (0, 0);
    for round in 0..200 {
        let one = Arc::<[u8]>::from(data(2 * round));
        crate::remember_data(&one);
        let mut first = guest(127);
        load(&mut first, ADDR, &one);
        drop(first);
        // A part of it has another name.
        assert!(!load(&mut guest(127), ADDR, &one[1..]));
        moved += usize::from(load(&mut guest(127), ADDR, &one));
        let address = one.as_ptr();
        forget_remembered();
        drop(one);
        let other = Arc::<[u8]>::from(data(2 * round + 1));
        crate::remember_data(&other);
        same_address += usize::from(other.as_ptr() == address);
        assert!(!load(&mut guest(127), ADDR, &other));
    }
    assert!(moved > 0 && same_address > 0, "{moved}, {same_address}");
}

#[test]
fn what_may_be_spoiled_is_not_found() {
    for _ in 0..20 {
        assert!(!leaves(120, Memory::keep_to_itself));
        assert!(!leaves(121, |_| retire_spare_mappings()));
        assert!(!leaves(122, Memory::touch_all));
    }
    // A guest that is in spoiled memory does not move, and does not spoil another one's.
    for _ in 0..20 {
        let mut first = guest(123);
        load(&mut first, ADDR, &data(0));
        let mut second = guest(123);
        second.keep_to_itself();
        drop(first);
        assert!(!load(&mut second, ADDR, &data(0)));
    }
}

#[test]
fn a_guest_with_much_else_stays_where_it_is() {
    for _ in 0..20 {
        drop({
            let mut first = guest(124);
            load(&mut first, ADDR, &data(0));
            first
        });
        let mut memory = guest(124);
        memory.store_byte(60 * PAGE, 40 * PAGE, 1).unwrap();
        assert!(!load(&mut memory, ADDR, &data(0)));
    }
}

#[test]
fn a_full_store_gives_up_the_oldest() {
    for number in 0..40 {
        let mut memory = guest(125);
        load(&mut memory, ADDR, &data(number));
    }
    // Mappings that held data went to the store of zeros, and are zeros.
    while let Some(mapping) = take_spare(125 * PAGE_SIZE) {
        drop(mapping);
    }
    for _ in 0..40 {
        guest(125);
    }
}

#[test]
fn in_chaos_mode_nothing_is_held() {
    let mut memory = guest(126);
    memory.set_chaos(Some(3));
    load(&mut memory, ADDR, &data(0));
    assert!(memory.region.writable().held().is_empty());
}
