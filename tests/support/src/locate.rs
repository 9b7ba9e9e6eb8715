//! Which instruction a failure belongs to: the address and the disassembly of what ran last before it.
//!
//! All engines stop at ends of traces only, so what is named is a trace: from its first instruction to its
//! last. A run is repeated limit by limit for that, which takes a while; nobody does so unless a test fails.

use std::sync::Arc;

use lockstep_isa::decode::{Code, decode};
use lockstep_isa::{Profile, Reg, Xlen};

use crate::agreement::Subject;
use crate::ours::{Modules, Ours};
use crate::outcome::{Outcome, Rule, compare};
use crate::program::{Program, Setup};
use crate::reference::Asm;

/// Limits that are tried, in cycles; a difference behind them is not located.
const LARGEST_LIMIT: u64 = 4096;
/// Instructions of a trace that are shown.
const SHOWN_INSTRUCTIONS: usize = 8;

/// The trace at this address in the memory of an outcome, as text.
pub fn disassemble(outcome: &Outcome, profile: Profile) -> String {
    let mut code = Code::new(0, &outcome.memory);
    let (mut pc, mut lines) = (outcome.pc, Vec::new());
    while lines.len() < SHOWN_INSTRUCTIONS {
        match decode(&mut code, pc, profile) {
            Ok(inst) => {
                lines.push(inst.at(pc).to_string());
                if inst.op.effect().ends_trace() {
                    break;
                }
                pc += u64::from(inst.len);
            }
            Err(error) => {
                lines.push(format!("{error:?}"));
                break;
            }
        }
    }
    format!("{:#x}: {}", outcome.pc, lines.join("; "))
}

/// Where the engines differ first: the last trace before it. Nothing is said where they do not differ within
/// [`LARGEST_LIMIT`] cycles, or for RV32, whose reference stops elsewhere.
pub fn first_difference(
    program: &Program,
    setup: &Setup,
    modules: &Arc<Modules>,
) -> Option<String> {
    if setup.profile.xlen == Xlen::X32 {
        return None;
    }
    let mut asm = Asm::asm(program, setup).ok()?;
    let mut interp = Ours::interpreter(program, setup).ok()?;
    let mut native = Ours::native(program, setup, modules).ok()?;
    let mut before: Option<Outcome> = None;
    for limit in 0..=LARGEST_LIMIT {
        let (a, b, c) = (asm.run(limit), interp.run(limit), native.run(limit));
        let same = compare((asm.name(), &a), (interp.name(), &b), Rule::Contract)
            .and_then(|()| compare((interp.name(), &b), (native.name(), &c), Rule::Everything));
        if same.is_err() {
            return Some(disassemble(before.as_ref()?, setup.profile));
        }
        if !a.verdict.is_cycles_exceeded() {
            return None;
        }
        before = Some(a);
    }
    None
}

/// The last trace that changed a register, or with no register the last one that ran, on our interpreter.
pub fn last_trace(program: &Program, setup: &Setup, register: Option<Reg>) -> Option<String> {
    let mut interp = Ours::interpreter(program, setup).ok()?;
    let (mut before, mut found) = (interp.run(0), None);
    for limit in 1..=LARGEST_LIMIT {
        let after = interp.run(limit);
        let moved = (after.pc, after.cycles) != (before.pc, before.cycles);
        let changed = match register {
            None => moved || !after.verdict.is_cycles_exceeded(),
            Some(reg) => after.registers[reg.index()] != before.registers[reg.index()],
        };
        if changed {
            found = Some(disassemble(&before, setup.profile));
        }
        if !after.verdict.is_cycles_exceeded() {
            break;
        }
        before = after;
    }
    found
}
