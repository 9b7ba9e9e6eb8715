//! ⚠ The call into native code.
//!
//! It sets up the fields of the context that belong to the call (code, table, budget, room to count in), calls, and reads what is left
//! of the budget. Registers, pc and reservation are in the context before and after. What the exit means is decided
//! in `run`.
#![allow(unsafe_code)]

use lockstep_contract::counting::{MOVE_BYTES, counters};

use crate::mapping::EntryPoint;
use crate::memory::Memory;
use crate::tally::Room;

/// How native code came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Return {
    /// The exit, encoded.
    pub(crate) word: u64,
    /// Budget that was not charged.
    pub(crate) left: u64,
}

/// Runs native code from an entry point, which is that of the context's pc, until it leaves. Nothing is
/// run, and nothing is the answer, where the module was made for memory of another size, and where there is not the
/// room that its code counts in. `room` is for a module that counts, and no other.
pub(crate) fn enter(
    memory: &mut Memory,
    entry: &EntryPoint<'_>,
    budget: u64,
    mut room: Option<&mut Room<'_>>,
) -> Option<Return> {
    let (module, size) = (entry.module(), memory.size() as u64);
    let fits = module.key().memory_size == size && module.counts() == room.is_some();
    if !fits {
        return None;
    }
    let context = memory.context_mut();
    if let Some(room) = &mut room {
        let counters = counters(module.key().len);
        if room.counters.len() < counters || room.used >= room.moves.len() {
            return None;
        }
        let moves = room.moves.as_mut_ptr_range();
        context.counters = room.counters.as_mut_ptr() as u64;
        context.moves = moves.start.wrapping_add(room.used) as u64;
        context.moves_end = moves.end as u64;
    }
    context.budget = budget;
    context.code = module.code() as u64;
    context.table = module.table().as_ptr() as u64;
    let pointer = memory.context_pointer();
    // SAFETY: A `NativeModule` is made of a `TrustedModule` alone, so its code is what a translator of
    // ours made for its key; `map` compared the key's target with this processor. It may be called:
    // an `EntryPoint` is a row of the module's own table, of which `map` checked that the function
    // lies in the code. It finds what it expects: `Memory` puts the context, the table of writable
    // pages and guest memory at the distances of the contract, and the helpers' addresses into the
    // context; the memory has the size that the code was compiled for (compared above), and it checks
    // each guest address against that. And it is alone with it: the context is exclusively borrowed
    // for the length of the call, and code and table live as long as the borrowed module. A module that
    // counts (`counts` is of its own key) has a counter for each halfword of its code, and room for at
    // least one move, both compared above; it leaves when it has filled that room. Both are exclusively
    // borrowed too.
    let word = unsafe { (module.enter())(pointer, u64::from(entry.row())) };
    if let Some(room) = room {
        let filled = memory.context().moves - room.moves.as_ptr() as u64;
        room.used = (filled as usize / MOVE_BYTES).min(room.moves.len());
    }
    Some(Return {
        word,
        left: memory.context().budget,
    })
}

/// What stands for native code in the tests of the run loop: a closure over the context.
#[cfg(test)]
pub(crate) mod script {
    use std::cell::RefCell;

    use lockstep_contract::context::Context;

    type Script = Box<dyn FnMut(&mut Context) -> u64>;

    thread_local! {
        static SCRIPT: RefCell<Option<Script>> = const { RefCell::new(None) };
    }

    /// From now on this runs in place of native code, in this thread.
    pub(crate) fn set(script: impl FnMut(&mut Context) -> u64 + 'static) {
        SCRIPT.with(|slot| *slot.borrow_mut() = Some(Box::new(script)));
    }

    /// The entry function of modules made by tests.
    pub(crate) unsafe extern "C" fn run(context: *mut Context, _: u64) -> u64 {
        // SAFETY: the caller is `enter`, which passes a context that it borrows exclusively.
        let context = unsafe { &mut *context };
        SCRIPT.with(|slot| {
            slot.borrow_mut()
                .as_mut()
                .map_or(u64::MAX, |script| script(context))
        })
    }
}
