//! The generators of `tests/engines`, fed by the fuzzer: each input is a stream of choices, the
//! program it makes runs on the assembly machine, our interpreter and our native code, and is
//! compared at every stop as there.
//!
//! The first three bytes choose the kind of program, the machine and the way onto it; the rest are
//! the choices, a byte or two for each. Where they run out, the stream goes on as a seed's does.
#![no_main]
// The tests use more of what is shared with them.
#![allow(dead_code)]

#[path = "../../tests/common/mod.rs"]
mod common;

#[path = "../../tests/engines/bytes.rs"]
mod bytes;
#[path = "../../tests/engines/campaign.rs"]
mod campaign;
#[path = "../../tests/engines/contest.rs"]
mod contest;
mod count;
#[path = "../../tests/engines/operands.rs"]
mod operands;
#[path = "../../tests/engines/patterns.rs"]
mod patterns;
#[path = "../../tests/engines/profiles.rs"]
mod profiles;
#[path = "../../tests/engines/shrink.rs"]
mod shrink;
#[path = "../../tests/engines/source.rs"]
mod source;
#[path = "../../tests/engines/start.rs"]
mod start;
#[path = "../../tests/engines/structured.rs"]
mod structured;
#[path = "../../tests/engines/tally.rs"]
mod tally;
#[path = "../../tests/engines/wild.rs"]
mod wild;

use std::cell::RefCell;

use campaign::TIERS;
use common::random::Random;
use contest::Contest;
use count::Count;
use libfuzzer_sys::fuzz_target;
use start::Entry;

static COUNT: Count = Count::new("ran natively");
static EXITS: Count = Count::new("exited by themselves");

thread_local! {
    static CONTEST: RefCell<Contest> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let [tier, profile, entry, choices @ ..] = data else {
        return;
    };
    let tier = &TIERS[usize::from(*tier) % TIERS.len()];
    let profile = profiles::numbered(u64::from(*profile));
    let entry = Entry::numbered(u64::from(*entry));
    let source = (tier.generate)(&mut Random::from_bytes(choices), profile, entry);
    let seed = choices.len() as u64;
    match CONTEST.with_borrow_mut(|contest| contest.run(&source, seed)) {
        Ok(summary) => {
            COUNT.add(summary.native_cycles > 0);
            EXITS.add(summary.is_exit);
        }
        Err(difference) => campaign::report(tier.name, seed, source, &difference),
    }
});
