//! When the source of code is asked for native code, and when its answer is not used.

use lockstep_contract::key::Key;
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::{Cost, Op, Version};

use super::*;

#[test]
fn the_source_is_asked_once_for_each_code_region() {
    let shelf = Shelf::default();
    let mut guest = guest(&counting(), CODE, 20);
    // A neighbour that belongs to the same code region, and another code region.
    guest
        .core_mut()
        .memory
        .init_pages(0x2000, 0x1000, CODE, &[], 0)
        .unwrap();
    guest
        .core_mut()
        .memory
        .init_pages(0x4000, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    let run = |guest: &mut Runner| {
        assert_eq!(advance(guest, &shelf), Err(Trap::CyclesExceeded));
        shelf.take_asked()
    };
    assert_eq!(run(&mut guest), [0x1000]);
    assert_eq!(run(&mut guest), [0; 0]);
    guest.core_mut().set_pc(0x4000);
    assert_eq!(run(&mut guest), [0x4000]);
    // New code elsewhere changes nothing for these two.
    guest
        .core_mut()
        .memory
        .init_pages(0x6000, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    assert_eq!(run(&mut guest), [0; 0]);
    guest.core_mut().set_pc(0x6000);
    assert_eq!(run(&mut guest), [0x6000]);
    // Code next to a code region makes a new one.
    guest
        .core_mut()
        .memory
        .init_pages(0x5000, 0x1000, CODE, &[], 0)
        .unwrap();
    assert_eq!(run(&mut guest), [0x4000]);
    // A page that the host opens loses its native code, and so does everything at a reset.
    guest.core_mut().memory.clear_flag(1, FREEZED).unwrap();
    guest.core_mut().set_pc(BASE);
    assert_eq!(run(&mut guest), [0; 0]);
    guest.core_mut().memory.set_flag(1, FREEZED).unwrap();
    assert_eq!(run(&mut guest), [0x1000]);
    guest.core_mut().reset(20);
    guest
        .core_mut()
        .memory
        .init_pages(BASE, 0x1000, CODE, &region(&counting()), 0)
        .unwrap();
    guest.core_mut().set_pc(BASE);
    assert_eq!(run(&mut guest), [0x1000]);
}

#[test]
fn code_that_may_change_and_costs_that_are_unknown_are_interpreted() {
    native(|_, _| Exit::Ecall);
    let shelf = Shelf::with(module());
    let mut thawed = guest(&counting(), EXECUTABLE, 20);
    assert_eq!(advance(&mut thawed, &shelf), Err(Trap::CyclesExceeded));
    let mut odd = guest(&counting(), CODE, 20);
    let cost = CostTable::custom(|op| if op == Op::Addi { 2 } else { 1 });
    let env = Environment::new(&cost).with_code(&shelf);
    assert_eq!(odd.advance(&env), Err(Trap::CyclesExceeded));
    assert_eq!((odd.core().cycles(), odd.core().registers()[10]), (18, 8));
    assert_eq!(shelf.take_asked(), [0; 0]);
    assert_eq!(
        CostTable::custom(|op| Cost::Estimate.cycles(op)).model(),
        Some(Cost::Estimate)
    );
    assert_eq!(cost.model(), None);
}

#[test]
fn a_module_for_something_else_is_not_used() {
    let changes: [fn(&mut Key); 6] = [
        |key| key.profile.version = Version::V1,
        |key| key.profile.extensions.a = false,
        |key| key.cost = Cost::Estimate,
        |key| key.memory_size *= 2,
        |key| key.base += 0x1000,
        |key| key.len += 0x1000,
    ];
    native(|_, _| Exit::Ecall);
    for change in changes {
        let mut wrong = module();
        change(&mut wrong.key);
        let shelf = Shelf::at(BASE, wrong);
        let mut guest = guest(&counting(), CODE, 20);
        assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
        assert_eq!(guest.core().native_cycles(), 0);
    }
}
