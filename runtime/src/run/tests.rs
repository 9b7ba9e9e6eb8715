//! The run loop with a closure in place of native code: what each exit leads to, and what budget native code gets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use lockstep_isa::{Cost, Inst, Op, Profile, Reg, Version};

use super::*;
use crate::cost_table::CostTable;
use crate::enter::script;
use crate::mapping::NativeModule;
use crate::runner::Runner;
use crate::testing::*;

mod first_store;
mod source;

const UNLIMITED: u64 = u64::MAX;

fn advance(guest: &mut Runner, code: &dyn CodeSource) -> Result<Event, Trap> {
    let cost = CostTable::from(Cost::Constant);
    guest.advance(&Environment::new(&cost).with_code(code))
}

#[test]
fn host_calls_come_out() {
    for (exit, event) in [(Exit::Ecall, Event::Ecall), (Exit::Ebreak, Event::Ebreak)] {
        native(move |_, context| {
            context.budget -= 11;
            context.pc = 0x1234;
            context.registers[10] = 5;
            exit
        });
        let mut guest = guest(&counting(), CODE, 100);
        assert_eq!(advance(&mut guest, &Shelf::with(module())), Ok(event));
        assert_eq!(
            (guest.core().cycles(), guest.core().native_cycles()),
            (11, 11)
        );
        assert_eq!(
            (guest.core().pc(), guest.core().registers()[10]),
            (0x1234, 5)
        );
    }
}

#[test]
fn budget_comes_in_slices_up_to_the_limit() {
    let given = Rc::new(RefCell::new(Vec::new()));
    let seen = given.clone();
    native(move |_, context| {
        seen.borrow_mut().push(context.budget);
        context.budget = 0;
        Exit::Limit
    });
    let mut guest = guest(&counting(), CODE, 12_000_000);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(*given.borrow(), [SLICE_CYCLES, SLICE_CYCLES, 2_000_000]);
    assert_eq!(
        (guest.core().cycles(), guest.core().pc()),
        (12_000_000, BASE)
    );
    // Above the limit already: nothing is given, and nothing happens.
    guest.core_mut().set_cycles(u64::MAX);
    given.borrow_mut().clear();
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesOverflow));
    assert_eq!(*given.borrow(), [0]);
    assert_eq!(guest.core().cycles(), u64::MAX);
}

#[test]
fn near_the_limit_the_interpreter_goes_trace_by_trace() {
    // Native code that wants ten cycles for whatever it does.
    let entered = native(|_, context| {
        if context.budget >= 10 {
            context.budget -= 8;
            context.registers[10] += 7;
            context.pc = BASE + 32;
        }
        Exit::Limit
    });
    let mut guest = guest(&counting(), CODE, 15);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
    // One stay of eight cycles; then three traces of two, a refused entry after each.
    assert_eq!(
        (guest.core().cycles(), guest.core().native_cycles()),
        (14, 8)
    );
    assert_eq!(
        (guest.core().pc(), guest.core().registers()[10]),
        (BASE + 32, 10)
    );
    assert_eq!(entered.get(), 4);
    guest.core_mut().set_max_cycles(14);
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(guest.core().cycles(), 14);
    guest.core_mut().set_max_cycles(16);
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(
        (guest.core().cycles(), guest.core().registers()[10]),
        (16, 11)
    );
}

#[test]
fn the_interpreter_finishes_a_block_without_charging() {
    native(|_, context| {
        context.budget -= 8;
        context.pc = BASE + 12;
        context.registers[10] = 3;
        Exit::Side { entries: 5 }
    });
    // The fourth instruction stores out of memory.
    let mut insts = counting();
    let mut good = guest(&insts, CODE, 100);
    insts[4] = Inst {
        rs1: Reg::A0,
        rs2: Reg::A0,
        imm: -8,
        ..Inst::bare(Op::Sd, 4)
    };
    let mut bad = guest(&insts, CODE, 100);
    let shelf = Shelf::with(module());
    assert_eq!(advance(&mut bad, &shelf), Err(Trap::MemOutOfBound));
    // As the assembly machine leaves it: behind the trace, all of it charged.
    assert_eq!(
        (
            bad.core().pc(),
            bad.core().cycles(),
            bad.core().native_cycles()
        ),
        (BASE + 32, 8, 8)
    );
    assert_eq!(bad.core().registers()[10], 4);
    // Where nothing fails it goes on from the block's end, natively again.
    native(|time, context| match time {
        1 => {
            context.budget -= 8;
            context.pc = BASE + 12;
            context.registers[10] = 3;
            Exit::Side { entries: 5 }
        }
        _ => {
            assert_eq!((context.pc, context.registers[10]), (BASE + 32, 7));
            context.budget -= 1;
            Exit::Ecall
        }
    });
    assert_eq!(advance(&mut good, &shelf), Ok(Event::Ecall));
    assert_eq!((good.core().cycles(), good.core().native_cycles()), (9, 9));
}

#[test]
fn host_calls_in_the_rest_of_a_block_come_out() {
    native(|_, context| {
        context.budget -= 2;
        Exit::Side { entries: 2 }
    });
    for (op, event) in [(Op::Ecall, Event::Ecall), (Op::Ebreak, Event::Ebreak)] {
        let insts = [addi(Reg::A0, 1), Inst::bare(op, 4)];
        let mut guest = guest(&insts, CODE, 100);
        assert_eq!(advance(&mut guest, &Shelf::with(module())), Ok(event));
        assert_eq!(
            (
                guest.core().pc(),
                guest.core().cycles(),
                guest.core().registers()[10]
            ),
            (BASE + 8, 2, 1)
        );
    }
}

#[test]
fn where_there_is_no_entry_it_is_interpreted_up_to_the_next() {
    let entered = native(|time, context| {
        context.budget -= 1;
        match time {
            1 => {
                context.pc = BASE + 4;
                Exit::Lookup
            }
            _ => Exit::Ecall,
        }
    });
    let mut guest = guest(&counting(), CODE, 100);
    assert_eq!(
        advance(&mut guest, &Shelf::with(module())),
        Ok(Event::Ecall)
    );
    assert_eq!(
        (
            guest.core().cycles(),
            guest.core().native_cycles(),
            entered.get()
        ),
        (1 + 7 + 1, 2, 2)
    );
    assert_eq!(
        (guest.core().pc(), guest.core().registers()[10]),
        (BASE + 32, 6)
    );
}

#[test]
fn native_code_that_does_nothing_does_not_hang() {
    native(|_, _| Exit::Lookup);
    let mut guest = guest(&counting(), CODE, 20);
    assert_eq!(
        advance(&mut guest, &Shelf::with(module())),
        Err(Trap::CyclesExceeded)
    );
    assert_eq!(
        (guest.core().cycles(), guest.core().native_cycles()),
        (20, 0)
    );
}

#[test]
fn misbehaviour_is_a_defect() {
    for word in [5, 0x102, 0x2, 0x1102, u64::MAX] {
        script::set(move |_| word);
        let mut guest = guest(&counting(), CODE, 100);
        let defect = Trap::Defect(Defect::Exit { word, pc: BASE });
        let result = advance(&mut guest, &Shelf::with(module()));
        if Exit::decode(word).is_none() {
            assert_eq!(result, Err(defect));
        }
    }
    script::set(|context| {
        context.budget += 1;
        Exit::Limit.encode()
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
}

#[test]
fn a_pause_is_seen_before_native_code_and_between_slices() {
    native(|_, context| {
        context.budget = 0;
        Exit::Limit
    });
    let shelf = Shelf::with(module());
    let mut guest = guest(&counting(), CODE, UNLIMITED);
    let left = Cell::new(0);
    let pause = || left.replace(left.get() - 1) == 0;
    let cost = CostTable::from(Cost::Constant);
    let env = Environment::new(&cost).with_pause(&pause).with_code(&shelf);
    assert_eq!(guest.advance(&env), Ok(Event::Paused));
    assert_eq!(guest.core().cycles(), 0);
    left.set(3);
    assert_eq!(guest.advance(&env), Ok(Event::Paused));
    assert_eq!(guest.core().cycles(), 3 * SLICE_CYCLES);
    // Interpreted: before each trace.
    let env = Environment { code: None, ..env };
    left.set(3);
    assert_eq!(guest.advance(&env), Ok(Event::Paused));
    assert_eq!(
        (guest.core().pc(), guest.core().registers()[10]),
        (BASE + 32, 8)
    );
}

#[test]
fn the_kill_switch_leaves_the_interpreter() {
    let entered = native(|_, _| Exit::Ecall);
    let mut shelf = Shelf::with(module());
    shelf.closed = true;
    let mut guest = guest(&counting(), CODE, 20);
    assert_eq!(advance(&mut guest, &shelf), Err(Trap::CyclesExceeded));
    assert_eq!(
        (
            guest.core().cycles(),
            guest.core().native_cycles(),
            entered.get()
        ),
        (20, 0, 0)
    );
}

#[test]
fn fusion_in_version_0_is_refused() {
    let profile = Profile {
        version: Version::V0,
        ..PROFILE
    };
    let mut guest = Runner::new(Core::new(profile, MEMORY_BYTES, 100).unwrap());
    assert_eq!(
        advance(&mut guest, &Shelf::default()),
        Err(Trap::InvalidVersion)
    );
}

#[test]
fn a_core_may_change_threads() {
    fn sendable<T: Send>() {}
    sendable::<Core>();
    sendable::<Runner>();
    sendable::<NativeModule>();
    sendable::<crate::Machine>();
}
