//! Random programs on the assembly machine, the trace machine, our interpreter and our native code:
//! equal at random limits on the way and at the end.
//!
//! Four tiers: bytes that mostly are no program; valid instructions with edge operands and edge
//! addresses; structured programs as compilers make them, with fused patterns, jump tables, memory at
//! page and frame edges and faults of their own making; wild ones, as no compiler makes them. Seeds
//! are fixed, so a run is reproducible; they go through every version with every instruction set that
//! the oracle runs, and through the three ways onto a machine (file, pages, snapshot).
//! A failure is made smaller line by line and printed with its seed: as assembly that can be put
//! into a case file, and with what odd words decode to.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` sets the number of programs a tier, `LOCKSTEP_FUZZ_SEED` the first seed,
//! `LOCKSTEP_FUZZ_PROFILE` one machine for all of them (`2:bma`, say). Millions of programs are the
//! business of `cargo xtask soak`, which runs this test with these variables.

mod common;

#[path = "engines/bytes.rs"]
mod bytes;
#[path = "engines/campaign.rs"]
mod campaign;
#[path = "engines/contest.rs"]
mod contest;
#[path = "engines/operands.rs"]
mod operands;
#[path = "engines/patterns.rs"]
mod patterns;
#[path = "engines/profiles.rs"]
mod profiles;
#[path = "engines/shrink.rs"]
mod shrink;
#[path = "engines/source.rs"]
mod source;
#[path = "engines/start.rs"]
mod start;
#[path = "engines/structured.rs"]
mod structured;
#[path = "engines/wild.rs"]
mod wild;

use campaign::TIERS;

/// Programs of a tier when nothing else is said.
const ITERATIONS: u64 = if cfg!(debug_assertions) { 160 } else { 3200 };

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

fn run_tier(name: &str) {
    let tier = TIERS.iter().find(|tier| tier.name == name);
    let tier = tier.expect("a test names a tier");
    let profile = std::env::var("LOCKSTEP_FUZZ_PROFILE").ok();
    let profile = profile.map(|name| profiles::named(&name).expect("the variable is a profile"));
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let count = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let tally = campaign::run(tier, profile, first..first + count);
    let share = 100.0 * tally.native_share();
    println!("{name}: {share:.2} % native; tally: {tally}");
}

#[test]
fn random_bytes() {
    run_tier("bytes");
}

#[test]
fn valid_instructions_with_edge_operands() {
    run_tier("operands");
}

#[test]
fn structured_programs() {
    run_tier("structured");
}

#[test]
fn wild_programs() {
    run_tier("wild");
}
