//! Runs of many seeds: which program belongs to a seed, and the report of the first difference.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lockstep_isa::Profile;

use crate::programs::contest::Contest;
use crate::programs::source::Source;
use crate::programs::start::Entry;
use crate::programs::tally::{Summary, Tally};
use crate::programs::{bytes, operands, outlined, profiles, shrink, structured, wild};
use crate::random::Random;

/// A kind of program.
pub struct Tier {
    /// For reports.
    pub name: &'static str,
    /// Makes one.
    pub generate: fn(&mut Random, Profile, Entry) -> Source,
}

/// All of them.
pub const TIERS: [Tier; 5] = [
    Tier {
        name: "bytes",
        generate: bytes::generate,
    },
    Tier {
        name: "operands",
        generate: operands::generate,
    },
    Tier {
        name: "structured",
        generate: structured::generate,
    },
    Tier {
        name: "wild",
        generate: wild::generate,
    },
    Tier {
        name: "outlined",
        generate: outlined::generate,
    },
];

/// The program of a seed. Without a profile, the seeds go through all of them.
pub fn program(tier: &Tier, profile: Option<Profile>, seed: u64) -> Source {
    // The turn of the profile decides how it gets there, so that each has its share of every way.
    let (number, turn) = match profile {
        Some(profile) => (profiles::number(profile), seed),
        None => (seed % profiles::COUNT, seed / profiles::COUNT),
    };
    let profile = profiles::numbered(number);
    let entry = Entry::numbered(turn);
    let mut random = Random::new(seed ^ number << 48);
    (tier.generate)(&mut random, profile, entry)
}

/// Runs the programs of these seeds. The first difference is made smaller and panicked with.
pub fn run(tier: &Tier, profile: Option<Profile>, seeds: Range<u64>) -> Tally {
    let mut contest = Contest::default();
    let mut tally = Tally::default();
    for seed in seeds {
        let source = program(tier, profile, seed);
        match attempt(&mut contest, &source, seed) {
            Ok(summary) => tally.add(&summary, source.entry),
            Err(difference) => report(tier.name, seed, source, &difference),
        }
    }
    tally
}

/// Runs a program; an error tells the difference between two engines, or the panic.
pub fn attempt(contest: &mut Contest, source: &Source, seed: u64) -> Result<Summary, String> {
    catch_unwind(AssertUnwindSafe(|| contest.run(source, seed)))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", region_of(&*panic))))
}

fn region_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}

/// Panics with a program that is as small as it can be made.
pub fn report(tier: &str, seed: u64, source: Source, difference: &str) -> ! {
    let profile = profiles::name(source.setup.profile);
    let (small, reason) = shrink::shrink(source, difference.to_string(), &|source| {
        attempt(&mut Contest::default(), source, seed).err()
    });
    panic!("{tier}, {profile}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}");
}
