//! Units compiled side by side, and handed over in order.
//!
//! Units do not depend on each other, so threads may compile them in any order; whoever puts them
//! together gets them in theirs, so that the module does not tell how many threads there were. What is
//! compiled and then not wanted is thrown away.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use crate::code_region::CodeRegion;
use crate::codegen::{Compiled, Compiler};
use crate::link::Links;
use crate::units::Unit;
use crate::{Options, TranslateError};

/// Stops the threads when it goes, also by unwinding.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a unit became.
type Outcome = Result<Compiled, TranslateError>;

/// Compiles units on as many threads as the options say. `take` is given each unit's outcome, in
/// order, on the thread of the caller, and says whether it wants more of them.
pub(crate) fn compile(
    region: &CodeRegion<'_>,
    units: &[Unit<'_>],
    options: &Options,
    compiler: Compiler,
    take: &mut dyn FnMut(&Unit<'_>, Outcome) -> Result<bool, TranslateError>,
) -> Result<(), TranslateError> {
    let links = &Links::new(units);
    match options.threads.min(units.len()) {
        0 | 1 => compile_here(region, units, links, compiler, take),
        threads => {
            let mut compilers = vec![compiler];
            for _ in 1..threads {
                compilers.push(Compiler::new(options)?);
            }
            compile_beside(region, units, links, compilers, take)
        }
    }
}

fn compile_here(
    region: &CodeRegion<'_>,
    units: &[Unit<'_>],
    links: &Links,
    mut compiler: Compiler,
    take: &mut dyn FnMut(&Unit<'_>, Outcome) -> Result<bool, TranslateError>,
) -> Result<(), TranslateError> {
    for unit in units {
        if !take(unit, compiler.unit(region, unit, links))? {
            break;
        }
    }
    Ok(())
}

fn compile_beside(
    region: &CodeRegion<'_>,
    units: &[Unit<'_>],
    links: &Links,
    compilers: Vec<Compiler>,
    take: &mut dyn FnMut(&Unit<'_>, Outcome) -> Result<bool, TranslateError>,
) -> Result<(), TranslateError> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    let (next, stopped) = (&next, &stopped);
    thread::scope(|scope| {
        for mut compiler in compilers {
            let send = send.clone();
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(unit) = units.get(number) else {
                        return;
                    };
                    if send
                        .send((number, compiler.unit(region, unit, links)))
                        .is_err()
                    {
                        return;
                    }
                }
            });
        }
        drop(send);
        let _stop = Stop(stopped);
        let mut early = BTreeMap::new();
        for (number, unit) in units.iter().enumerate() {
            let outcome = loop {
                if let Some(outcome) = early.remove(&number) {
                    break outcome;
                }
                match receive.recv() {
                    Ok((number, outcome)) => early.insert(number, outcome),
                    // A thread panicked; the scope goes on with that.
                    Err(mpsc::RecvError) => return Ok(()),
                };
            };
            if !take(unit, outcome)? {
                break;
            }
        }
        Ok(())
    })
}
