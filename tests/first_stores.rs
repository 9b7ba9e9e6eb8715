//! The first store to a page, by random programs that are stopped at every limit and at every pause.
//!
//! Native code leaves in front of such a store, the page is made ready, and native code goes on. Until the store has
//! happened nothing may stop the guest, because the page is dirty already. So page flags are compared at each stop,
//! with CKB-VM's where the limit stops the guest, and with the interpreter's everywhere.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` and `LOCKSTEP_FUZZ_SEED` set the number of programs and the first seed.

use lockstep_test_support::ours::Modules;
use lockstep_test_support::programs::campaign::{Tier, program, report};
use lockstep_test_support::programs::contest::Contest;
use lockstep_test_support::programs::first_stores::generate;
use lockstep_test_support::programs::start::Entry;
use lockstep_test_support::programs::tally::Tally;
use lockstep_translator::{Entries, Options};

/// Programs when nothing else is said.
const ITERATIONS: u64 = if cfg!(debug_assertions) { 40 } else { 400 };
/// Of so many programs one runs with a module in which every block is an entry.
const EVERY_BLOCK_ONE_IN: u64 = 5;

const TIER: Tier = Tier {
    name: "first stores",
    generate,
};

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

#[test]
fn nothing_comes_between_a_page_that_is_made_ready_and_the_store() {
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let count = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let mut tally = Tally::default();
    for seed in first..first + count {
        let mut source = program(&TIER, None, seed);
        if source.entry == Entry::Resumed {
            source.entry = Entry::File;
        }
        let entries = match seed % EVERY_BLOCK_ONE_IN {
            0 => Entries::EveryBlock,
            _ => Entries::default(),
        };
        // Each program is run many times with the same modules.
        let modules = Modules::with(Options::default().with_entries(entries));
        match Contest::default().run_to_every_stop(&source, &modules) {
            Ok(summary) => tally.add(&summary, source.entry),
            Err(difference) => report(TIER.name, seed, source, &difference),
        }
    }
    println!("{tally}");
    // A program of which nothing runs natively says nothing.
    assert!(tally.native_share() > 0.5, "{tally}");
}
