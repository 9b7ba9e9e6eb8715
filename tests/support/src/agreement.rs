//! One program on every engine: they agree, or the difference is told.
//!
//! How states are compared is in `outcome.rs`.

use std::sync::Arc;

use crate::ours::{Modules, Ours};
use crate::outcome::{Outcome, Rule, Verdict, compare};
use crate::program::{Program, Setup};
use crate::reference::{Asm, Trace};
use lockstep_isa::Xlen;
use lockstep_runtime::Exits;

/// An engine with a loaded guest.
pub trait Subject {
    /// For reports.
    fn name(&self) -> &'static str;
    /// Runs on under this limit on the total of cycles, and shows the state.
    fn run(&mut self, limit: u64) -> Outcome;
}

/// What a comparison of the engines came to.
pub struct Agreement {
    /// The assembly machine's last outcome, or why it did not load.
    pub asm: Result<Outcome, Verdict>,
    /// Our native code's last outcome.
    pub native: Option<Outcome>,
    /// How native code was left.
    pub exits: Exits,
}

impl Agreement {
    /// How it ended.
    pub fn verdict(&self) -> &Verdict {
        match &self.asm {
            Ok(outcome) => &outcome.verdict,
            Err(verdict) => verdict,
        }
    }

    /// Cycles that native code charged.
    pub fn native_cycles(&self) -> u64 {
        self.native
            .as_ref()
            .and_then(|outcome| outcome.native_cycles)
            .unwrap_or(0)
    }
}

/// Runs a program on the assembly machine, our interpreter and our native code, each under the
/// limits in turn as long as it runs out of cycles, and compares at every stop. The reference for RV32
/// is the oracle's trace machine.
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
            return Err(format!("{}: at limit {limit}: {difference}", program.name));
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

/// Compares the oracle's two engines: they agree on clean exits but for documented exceptions.
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

pub(crate) fn same_refusal(errors: [Option<Verdict>; 3]) -> Result<Agreement, String> {
    let [asm, interp, native] = errors;
    match asm {
        Some(verdict) if interp.as_ref() == Some(&verdict) && interp == native => Ok(Agreement {
            asm: Err(verdict),
            native: None,
            exits: Exits::default(),
        }),
        asm => Err(format!(
            "loading: asm {asm:?}, interpreter {interp:?}, native {native:?}"
        )),
    }
}
