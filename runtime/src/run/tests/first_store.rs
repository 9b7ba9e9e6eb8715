//! What follows when native code leaves in front of the first store to a page.

use lockstep_contract::pages::DIRTY;

use super::*;

/// The page that is stored to first.
const PAGE: u64 = 4;
/// Its first byte.
const AT: u64 = PAGE << 12;

/// Native code that is about to store to this range, on so many pages.
fn about_to_store(context: &mut lockstep_contract::context::Context, range: [u64; 2]) -> Exit {
    context.pc = BASE;
    context.store_range = range;
    Exit::FirstStore { pages: 1 }
}

/// Runs a guest until it pauses, which it does when it is asked for the second time.
fn until_second_question(guest: &mut Runner, shelf: &Shelf) -> Result<Event, Trap> {
    let cost = CostTable::from(Cost::Constant);
    let asked = Cell::new(0);
    let pause = || {
        asked.set(asked.get() + 1);
        asked.get() == 2
    };
    let env = Environment::new(&cost).with_code(shelf).with_pause(&pause);
    guest.advance(&env)
}

#[test]
fn the_page_is_made_ready_and_native_code_goes_on_at_once() {
    let entered = native(|time, context| match time {
        1 => about_to_store(context, [AT, AT + 7]),
        2 => {
            assert_eq!((context.pc, context.budget), (BASE, 100));
            context.budget -= 5;
            about_to_store(context, [AT + 0x1ffc, AT + 0x1fff])
        }
        _ => {
            assert_eq!((context.pc, context.budget), (BASE, 95));
            context.budget -= 3;
            context.pc = BASE + 32;
            Exit::Ecall
        }
    });
    let mut guest = guest(&counting(), CODE, 100);
    let shelf = Shelf::with(module());
    assert_eq!(until_second_question(&mut guest, &shelf), Ok(Event::Ecall));
    let core = guest.core();
    assert_eq!((core.cycles(), core.native_cycles()), (8, 8));
    assert_eq!((core.exits().store, core.exits().interpreted), (2, 0));
    assert_eq!(entered.get(), 3);
    assert_eq!(core.memory().flags()[4..6], [DIRTY, DIRTY]);
    assert_eq!(core.registers()[10], 0);
}

#[test]
fn where_the_page_cannot_be_made_ready_the_interpreter_runs_the_trace() {
    let ranges = [
        // The page of code, memory's end, the end of addresses, two pages, and the wrong way round.
        [BASE, BASE + 7],
        [MEMORY_BYTES as u64, MEMORY_BYTES as u64 + 7],
        [u64::MAX, u64::MAX],
        [AT - 1, AT],
        [AT, AT - 1],
        [0, u64::MAX],
    ];
    for range in ranges {
        let entered = native(move |time, context| match time {
            1 => about_to_store(context, range),
            _ => unreachable!("it was paused before"),
        });
        let mut guest = guest(&counting(), CODE, 100);
        let before = guest.core().memory().flags().to_vec();
        let shelf = Shelf::with(module());
        let paused = until_second_question(&mut guest, &shelf);
        assert_eq!(paused, Ok(Event::Paused), "{range:x?}");
        let core = guest.core();
        // Native code entered the trace.
        assert_eq!((core.cycles(), core.native_cycles()), (8, 8));
        assert_eq!((core.pc(), core.registers()[10]), (BASE + 32, 7));
        assert_eq!(core.memory().flags(), before);
        assert_eq!(entered.get(), 1);
    }
}

/// Otherwise wrong native code could keep a thread for ever.
#[test]
fn a_page_that_is_ready_is_not_made_ready_again() {
    let entered = native(|time, context| match time {
        1 | 2 => about_to_store(context, [AT, AT]),
        _ => {
            assert_eq!(context.pc, BASE + 32);
            Exit::Ecall
        }
    });
    let mut guest = guest(&counting(), CODE, 100);
    assert_eq!(
        advance(&mut guest, &Shelf::with(module())),
        Ok(Event::Ecall)
    );
    assert_eq!((guest.core().cycles(), entered.get()), (8, 3));
}

/// The page is dirty already, so the host must not see the guest before the trace has run.
#[test]
fn nothing_stops_the_guest_in_front_of_the_store() {
    for exit in [Exit::Limit, Exit::Lookup, Exit::FirstStore { pages: 1 }] {
        let entered = native(move |time, context| match time {
            1 => about_to_store(context, [AT, AT]),
            _ => exit,
        });
        let mut guest = guest(&counting(), CODE, 100);
        let shelf = Shelf::with(module());
        let paused = until_second_question(&mut guest, &shelf);
        assert_eq!(paused, Ok(Event::Paused), "{exit:?}");
        assert_eq!(guest.core().memory().flags()[PAGE as usize], DIRTY);
        assert_eq!((guest.core().cycles(), guest.core().pc()), (8, BASE + 32));
        assert_eq!(entered.get(), 2);
    }
}

#[test]
fn a_budget_that_rises_is_a_defect() {
    native(|_, context| {
        context.budget += 1;
        about_to_store(context, [AT, AT])
    });
    let mut guest = guest(&counting(), CODE, 100);
    let defect = Defect::Budget {
        given: 100,
        left: 101,
    };
    assert_eq!(
        advance(&mut guest, &Shelf::with(module())),
        Err(Trap::Defect(defect))
    );
    assert_eq!(guest.core().memory().flags()[PAGE as usize], 0);
}
