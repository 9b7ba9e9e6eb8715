//! `translate run --compare`: two runs must have come to the same end.
//!
//! The ends are compared, nothing on the way there: that is the `check` engine's matter.

use lockstep_runtime::{Core, Outcome, Trap};

use super::code;
use super::failure::Failure;

/// A run's guest and how it ended.
type End<'a> = (&'a Core, &'a Result<Outcome, Trap>);

/// Says the first difference between two ends.
pub(super) fn ends(native: End<'_>, interpreter: End<'_>) -> Result<(), Failure> {
    let difference = difference(native, interpreter);
    match difference {
        None => Ok(()),
        Some(difference) => Err(Failure::new(
            code::DIVERGED,
            "Diverged",
            format!(
                "native code and interpreter came to different results: {difference}; run with \
                 --engine interp, and please report it with the ELF"
            ),
        )),
    }
}

fn difference((a, a_end): End<'_>, (b, b_end): End<'_>) -> Option<String> {
    if a_end != b_end {
        return Some(format!(
            "native code ended with {a_end:?}, the interpreter with {b_end:?}"
        ));
    }
    let numbers = [
        ("cycles", a.cycles(), b.cycles()),
        ("pc", a.pc(), b.pc()),
        (
            "reservation",
            a.memory().reservation(),
            b.memory().reservation(),
        ),
    ];
    if let Some((name, a, b)) = numbers.into_iter().find(|(_, a, b)| a != b) {
        return Some(format!("{name} is {a:#x} and {b:#x}"));
    }
    let registers = a.registers().iter().zip(b.registers());
    if let Some((number, (a, b))) = registers.enumerate().find(|(_, (a, b))| a != b) {
        return Some(format!("x{number} is {a:#x} and {b:#x}"));
    }
    let bytes = a.memory().as_bytes().iter().zip(b.memory().as_bytes());
    if let Some((address, (a, b))) = bytes.enumerate().find(|(_, (a, b))| a != b) {
        return Some(format!("the byte at {address:#x} is {a:#x} and {b:#x}"));
    }
    let flags = a.memory().flags().iter().zip(b.memory().flags());
    let different = flags.enumerate().find(|(_, (a, b))| a != b);
    different.map(|(page, (a, b))| format!("the flags of page {page:#x} are {a:#x} and {b:#x}"))
}
