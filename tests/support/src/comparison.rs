//! One program on every engine: they agree, or the difference is told.
//!
//! How states are compared is in `outcome.rs`.

use std::sync::Arc;

use lockstep_isa::Xlen;

use crate::agreement::{Agreement, Subject, same_refusal};
use crate::locate;
use crate::ours::{Modules, Ours};
use crate::outcome::{Rule, compare};
use crate::program::{Program, Setup};
use crate::reference::{Asm, Trace};

/// Runs a program on the assembly machine, our interpreter and our native code, each under the
/// limits in turn as long as it runs out of cycles, and compares at every stop. The reference for RV32
/// is CKB-VM's trace machine.
pub fn check(
    program: &Program,
    setup: &Setup,
    limits: &[u64],
    modules: &Arc<Modules>,
) -> Result<Agreement, String> {
    if setup.profile.xlen == Xlen::X32 {
        return crate::trace32::check(program, setup, limits, modules);
    }
    let interp = Ours::interpreter(program, setup);
    let native = Ours::native(program, setup, modules);
    let (mut asm, mut interp, mut native) = match (Asm::asm(program, setup), interp, native) {
        (Ok(asm), Ok(interp), Ok(native)) => (asm, interp, native),
        (asm, interp, native) => return same_refusal([asm.err(), interp.err(), native.err()]),
    };
    let mut stop = 0;
    loop {
        let limit = limits[stop];
        let (a, b, c) = (asm.run(limit), interp.run(limit), native.run(limit));
        let found = compare((asm.name(), &a), (interp.name(), &b), Rule::Contract)
            .and_then(|()| compare((interp.name(), &b), (native.name(), &c), Rule::Everything));
        if let Err(difference) = found {
            let place = locate::first_difference(program, setup, modules);
            let place = place.map_or(String::new(), |trace| {
                format!(", first in the trace at {trace}")
            });
            return Err(format!(
                "{}: at limit {limit}{place}: {difference}",
                program.name
            ));
        }
        stop += 1;
        if stop == limits.len() || !a.verdict.is_cycles_exceeded() {
            return Ok(Agreement {
                asm: Ok(a),
                native: Some(c),
                exits: native.core().exits(),
            });
        }
    }
}

/// Compares CKB-VM's two engines: they agree on clean exits but for documented exceptions.
pub fn check_trace(
    program: &Program,
    setup: &Setup,
    limit: u64,
    agreement: &Agreement,
) -> Result<(), String> {
    if setup.profile.xlen == Xlen::X32 {
        // It was the reference.
        return Ok(());
    }
    match (Trace::trace(program, setup), &agreement.asm) {
        (Ok(mut trace), Ok(asm)) => {
            let outcome = trace.run(limit);
            compare(("asm", asm), ("trace", &outcome), Rule::CleanExits)
                .map_err(|difference| format!("{}: {difference}", program.name))
        }
        (Err(a), Err(b)) if a == *b => Ok(()),
        (trace, asm) => Err(format!(
            "{}: loading: trace {:?}, asm {:?}",
            program.name,
            trace.err(),
            asm.as_ref().err()
        )),
    }
}
