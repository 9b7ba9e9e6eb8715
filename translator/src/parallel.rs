//! Units compiled side by side, and handed over in order.
//!
//! Units do not depend on each other, so threads may compile them in any order. Whoever puts them
//! together gets them in their own order, so the module does not depend on the number of threads.
//! What is compiled and then not wanted is thrown away.
//!
//! A process may have no right to another thread (a limit on processes, a cgroup, seccomp). Then the
//! threads that could be started do the work, and the calling thread does it if none could. Only the
//! time that a translation takes depends on threads, never whether there is one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread::{self, Scope};

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
            match compile_beside(region, units, links, compilers, &start, take) {
                Beside::Ended(result) => result,
                Beside::NoThread => {
                    compile_here(region, units, links, Compiler::new(options)?, take)
                }
            }
        }
    }
}

/// What came of asking for threads.
enum Beside {
    /// There was at least one, and this is the result.
    Ended(Result<(), TranslateError>),
    /// The system gave none. Nothing was compiled.
    NoThread,
}

/// What a thread does.
type Work<'scope> = Box<dyn FnOnce() + Send + 'scope>;

/// Asks the system for a thread. `false`: it gave none.
fn start<'scope, 'env>(scope: &'scope Scope<'scope, 'env>, work: Work<'scope>) -> bool {
    thread::Builder::new()
        .name("lockstep-compile".to_owned())
        .spawn_scoped(scope, work)
        .is_ok()
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

/// How a thread is started; a test refuses some.
type Start<'s> = &'s dyn for<'scope, 'env> Fn(&'scope Scope<'scope, 'env>, Work<'scope>) -> bool;

fn compile_beside(
    region: &CodeRegion<'_>,
    units: &[Unit<'_>],
    links: &Links,
    compilers: Vec<Compiler>,
    start: Start<'_>,
    take: &mut dyn FnMut(&Unit<'_>, Outcome) -> Result<bool, TranslateError>,
) -> Beside {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (send, receive) = mpsc::channel();
    let (next, stopped) = (&next, &stopped);
    thread::scope(|scope| {
        let _stop = Stop(stopped);
        let mut started = 0;
        for mut compiler in compilers {
            let send = send.clone();
            let work = move || {
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
            };
            // Where one is refused, more will be.
            if !start(scope, Box::new(work)) {
                break;
            }
            started += 1;
        }
        drop(send);
        if started == 0 {
            return Beside::NoThread;
        }
        Beside::Ended(in_order(units, &receive, take))
    })
}

/// Hands units over in their order, as they come from threads in any order.
fn in_order(
    units: &[Unit<'_>],
    receive: &mpsc::Receiver<(usize, Outcome)>,
    take: &mut dyn FnMut(&Unit<'_>, Outcome) -> Result<bool, TranslateError>,
) -> Result<(), TranslateError> {
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
}

#[cfg(test)]
mod tests;
