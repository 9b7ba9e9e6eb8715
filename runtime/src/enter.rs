//! ⚠ The call into native code.
//!
//! Sets up the fields of the context that are the call's own (code, table, budget), calls, and reads
//! what is left. Registers, pc and reservation are in the context before and after.
#![allow(unsafe_code)]

use crate::mapping::NativeModule;
use crate::memory::Memory;

/// How native code came back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Return {
    /// The exit, encoded.
    pub(crate) word: u64,
    /// Budget that was not charged.
    pub(crate) left: u64,
}

/// Runs native code from `entry`, a row of the module's table that belongs to the context's pc,
/// until it leaves.
pub(crate) fn enter(memory: &mut Memory, module: &NativeModule, entry: u32, budget: u64) -> Return {
    let context = memory.context_mut();
    context.budget = budget;
    context.code = module.code() as u64;
    context.table = module.table().as_ptr() as u64;
    let pointer = memory.context_pointer();
    // SAFETY: `entry` is a row of the module's table, whose function was checked to lie in its code
    // when it was mapped. The pointer is to a context with the table of writable pages and guest memory behind it
    // at the distances of the contract, exclusively borrowed for the length of the call. Native code
    // of ours stays within these: it is compiled for this size of memory (compared when the module
    // was attached) and checks each guest address against it; it calls helpers by the addresses in
    // the context, which are those of this process, and does not unwind.
    let word = unsafe { (module.enter())(pointer, u64::from(entry)) };
    Return {
        word,
        left: memory.context().budget,
    }
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
