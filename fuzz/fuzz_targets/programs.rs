//! The generators of `tests/support/src/programs`, fed by the fuzzer: each input is a stream of choices, the
//! program it makes runs on the assembly machine, our interpreter and our native code, and is
//! compared at every stop as there.
//!
//! The first three bytes choose the kind of program, the machine and the way onto it; the rest are
//! the choices, a byte or two for each. Where they run out, the stream goes on as a seed's does.
#![no_main]

mod count;

use lockstep_test_support::programs::{campaign, profiles};
use std::cell::RefCell;

use count::Count;
use libfuzzer_sys::fuzz_target;
use lockstep_test_support::programs::campaign::TIERS;
use lockstep_test_support::programs::contest::Contest;
use lockstep_test_support::programs::start::Entry;
use lockstep_test_support::random::Random;

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
