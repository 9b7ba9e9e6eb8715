//! Nothing that happens to the files of a module cache does more than cost a translation: modules that
//! are cut, flipped, exchanged, rewritten while they are read, replaced by links and devices; writers
//! that are killed; processes that write and collect at once; a disk that is full.
//!
//! Each run does one such damage and starts twice. Each start must come to the interpreter's exit code
//! and cycles. Modules that an attacker would put there are whole, with right digests, for the right key,
//! and exit with another code: code that ran without being authenticated shows itself. What the cache
//! said is counted by kind of damage.
//!
//! `LOCKSTEP_CACHE_DAMAGES=10000 cargo test --release --test cache_damage -- --nocapture` does as many, and prints the
//! counts; without, it is a few hundred. `LOCKSTEP_CACHE_DAMAGE_SEED` gives other faults.

#![cfg(unix)]

mod bytes;
mod disk;
mod file_kinds;
mod fixture;
mod keys;
mod processes;

use std::collections::BTreeMap;

use fixture::{Fixture, Seen};

/// A kind of damage: its name, how many of a hundred, and what does it.
type Kind = (&'static str, usize, fn(&Fixture) -> Seen);

const KINDS: &[Kind] = &[
    ("module cut", 9, bytes::module_cut),
    ("seal cut", 7, bytes::seal_cut),
    ("bit flipped in the module", 14, bytes::module_flipped),
    (
        "bit flipped, digest right",
        10,
        bytes::module_flipped_resealed,
    ),
    ("bit flipped in the seal", 13, bytes::seal_flipped),
    ("swapped with another", 10, bytes::swapped),
    ("foreign under the right key", 8, bytes::foreign),
    ("rewritten while read", 4, bytes::rewritten_while_read),
    ("rewritten while mapped", 4, bytes::rewritten_while_mapped),
    ("replaced by something else", 12, file_kinds::replaced),
    ("key of the machine", 3, keys::key_faults),
    ("writer killed", 3, processes::writer_killed),
    ("processes at once", 2, processes::at_once),
    ("disk full or read-only", 1, disk::full),
];

fn faults() -> usize {
    let wanted = std::env::var("LOCKSTEP_CACHE_DAMAGES").ok();
    wanted.map_or(300, |wanted| {
        wanted.parse().expect("LOCKSTEP_CACHE_DAMAGES is a number")
    })
}

#[test]
fn no_fault_does_more_than_cost_a_translation() {
    let faults = faults();
    let seed = std::env::var("LOCKSTEP_CACHE_DAMAGE_SEED")
        .map_or(1, |seed| seed.parse().expect("a number"));
    println!("| fault | runs | starts | translated again | what the cache said |");
    println!("| --- | --- | --- | --- | --- |");
    let (mut runs, mut starts) = (0, 0);
    for (number, (name, share, damage)) in KINDS.iter().enumerate() {
        let mut fixture = Fixture::new(seed * 1000 + number as u64);
        let count = (faults * share / 100).max(1);
        let mut said: BTreeMap<String, usize> = BTreeMap::new();
        let (mut kind_starts, mut translated) = (0, 0);
        for run in 0..count {
            fixture.at = format!("{name}, run {run} of seed {seed}");
            let seen = damage(&fixture);
            kind_starts += seen.starts;
            translated += seen.translated;
            for word in seen.said {
                *said.entry(word).or_insert(0) += 1;
            }
        }
        let said: Vec<String> = said
            .iter()
            .map(|(word, times)| format!("{word} {times}"))
            .collect();
        println!(
            "| {name} | {count} | {kind_starts} | {translated} | {} |",
            said.join(", ")
        );
        runs += count;
        starts += kind_starts;
    }
    println!("| all | {runs} | {starts} | | |");
}

/// The faults above could not fail if foreign code could not show itself: authenticated, it does.
#[test]
fn foreign_code_shows_itself_where_it_is_authenticated() {
    let fixture = Fixture::new(0);
    let foreign = fixture.foreign.clone();
    fixture.put(&foreign, &fixture.sealed_by_us(&foreign));
    let ran = fixture.start(lockstep::engine::Translate::Never);
    assert_eq!(ran.exit, fixture::FOREIGN_EXIT);
    assert_eq!(ran.stats.cache_hits, 1);
}
