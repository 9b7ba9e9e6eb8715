//! Two machines that must be in the same state, and the first difference in words.
//!
//! It compares states and runs nothing. `lockstep` compares after every block, `shadow` at the ends of intervals.

use core::fmt;

use lockstep_contract::pages::MAX_PAGES;

use crate::memory::copy::Difference;
use crate::observer::Step;
use crate::state::Core;
use crate::trap::Trap;

/// A machine and how it got to where it is.
type Side<'a> = (&'a Core, &'a Result<Step, Trap>);

/// The first difference between interpreter and native code, in everything but memory, and in these pages of memory.
/// `slot` is the slot of the trace that ran last. With `thorough`, pages that no machine is known to have written are
/// looked at too.
pub(crate) fn difference(
    ((interpreter, one), (native, other)): (Side<'_>, Side<'_>),
    pages: impl Iterator<Item = usize>,
    slot: usize,
    thorough: bool,
) -> Option<String> {
    if one != other {
        return Some(format!(
            "the interpreter came to {}, native code to {}",
            Words(one),
            Words(other)
        ));
    }
    // First: where they differ, one side has gone further, and all else differs for that.
    if interpreter.cycles != native.cycles {
        return Some(pair("cycles", interpreter.cycles, native.cycles));
    }
    let (a, b) = (interpreter.memory.context(), native.memory.context());
    if a.registers != b.registers {
        let mut registers = a.registers.iter().zip(&b.registers).enumerate();
        let (number, (one, other)) = registers.find(|(_, (one, other))| one != other)?;
        return Some(pair(&format!("x{number}"), *one, *other));
    }
    let numbers = [
        ("pc", a.pc, b.pc),
        ("the reservation", a.reservation, b.reservation),
    ];
    if let Some((name, one, other)) = numbers.into_iter().find(|(_, one, other)| one != other) {
        return Some(pair(name, one, other));
    }
    let memory = interpreter.memory.difference_at(&native.memory, slot);
    memory
        .or_else(|| {
            interpreter
                .memory
                .difference_in(&native.memory, pages, thorough)
        })
        .map(|difference| difference.to_string())
}

/// The first difference in anything, apart from pages that neither machine is known to have written.
pub(crate) fn everything(ends: (Side<'_>, Side<'_>)) -> Option<String> {
    let ((interpreter, _), (native, _)) = ends;
    let memory = || interpreter.memory.difference(&native.memory, false);
    difference(ends, 0..0, 0, false).or_else(|| memory().map(|difference| difference.to_string()))
}

fn pair(name: &str, one: u64, other: u64) -> String {
    format!("{name} is {one:#x} in the interpreter, {other:#x} in native code")
}

/// An end, in words.
struct Words<'a>(&'a Result<Step, Trap>);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(Step::Head) => f.write_str("the next block"),
            Ok(Step::Ecall) => f.write_str("an ecall"),
            Ok(Step::Ebreak) => f.write_str("an ebreak"),
            Err(trap) => write!(f, "{} ({trap})", trap.name()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match *self {
            Difference::Byte { addr, one, other } => pair(
                &format!("memory at {addr:#x}"),
                u64::from(one),
                u64::from(other),
            ),
            Difference::Flags { page, one, other } => pair(
                &format!("the flags of page {page:#x}"),
                u64::from(one),
                u64::from(other),
            ),
            Difference::Head { slot, one, other } => pair(
                &format!("the trace in slot {slot:#x}, plus one,"),
                u64::from(one),
                u64::from(other),
            ),
        };
        f.write_str(&words)
    }
}

/// A set of pages.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageSet([u64; MAX_PAGES / 64]);

impl PageSet {
    pub(crate) fn add(&mut self, page: usize) {
        self.0[page / 64] |= 1 << (page % 64);
    }

    pub(crate) fn clear(&mut self) {
        self.0 = [0; MAX_PAGES / 64];
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.0.iter().enumerate().filter(|(_, word)| **word != 0);
        words.flat_map(|(number, &word)| {
            (0..64).filter_map(move |bit| (word >> bit & 1 != 0).then_some(number * 64 + bit))
        })
    }
}
