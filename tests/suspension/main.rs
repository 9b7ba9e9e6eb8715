//! Guests, case files and random programs, stopped anywhere: by a limit or a pause, on any engine. What a snapshot
//! of either kind keeps goes on, on a fresh machine of any engine, to the end that the uninterrupted
//! run comes to.
//!
//! In versions 0 and 1 a guest can see which traces ran since its machine was made, so there a
//! resumed one must come to the end of CKB-VM's assembly machine, resumed at the same point.
//!
//! `LOCKSTEP_SUSPENSIONS` sets the number of stopping points, `LOCKSTEP_SUSPENSION_SEED` the first seed.

mod machines;
mod relay;

use lockstep_test_support::programs::{campaign, shrink, source, start};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lockstep_isa::Version;
use lockstep_test_support::case::Case;
use lockstep_test_support::guests::guests;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::random::Random;
use relay::{Guest, Tally};

/// Stopping points when nothing else is said.
const STOPPING_POINTS: u64 = if cfg!(debug_assertions) { 60 } else { 400 };
/// One program in so many is a guest of the repository, one a case file's, the others are random.
const SHARE: u64 = 6;
/// Where endless random programs end.
const PLENTY: u64 = 60_000;
/// Where endless case files end.
const CASE_PLENTY: u64 = 1_000_000;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

/// The guests that end within a few million cycles.
fn short_guests() -> Vec<Guest> {
    guests()
        .iter()
        .filter(|guest| (1..3_000_000).contains(&guest.default_cycles))
        .flat_map(|guest| {
            let program = guest.program(&[]);
            let modules = Modules::new();
            [Version::V0, Version::V1, Version::V2].map(|version| {
                let start = start::Start::File(program.clone());
                Guest::new(start, Setup::ckb(version), u64::MAX, modules.clone())
            })
        })
        .collect()
}

/// The programs of case files, each with a machine it is for: among them those that look for the
/// difference between a machine that ran all the time and one that was resumed.
fn case_programs() -> Vec<(Program, Setup)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut programs = Vec::new();
    for folder in ["rules", "control", "cycles", "memory", "atomic", "fuse"] {
        let entries = fs::read_dir(root.join(folder)).expect("the folder of cases is there");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("it can be listed").path())
            .collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).expect("a case file is text");
            let name = file.display().to_string();
            let cases = Case::parse_file(&name, &text).expect("it is a case file");
            for case in cases.iter().filter(|case| !case.is_table()) {
                for setup in &case.setups {
                    let runs = case.programs().into_iter();
                    programs.extend(runs.map(|program| (program, *setup)));
                }
            }
        }
    }
    programs
}

#[test]
fn every_stop_leads_to_the_same_end() {
    let wanted = number("LOCKSTEP_SUSPENSIONS", STOPPING_POINTS);
    let mut seed = number("LOCKSTEP_SUSPENSION_SEED", 1);
    let (guests, cases) = (short_guests(), case_programs());
    let mut tally = Tally::default();
    while tally.points() < wanted {
        let mut random = Random::new(seed);
        if seed.is_multiple_of(SHARE) && !guests.is_empty() {
            let guest = &guests[random.below(guests.len() as u64) as usize];
            if let Err(difference) = guest.interrupt(&mut random, &mut tally) {
                panic!("{}, seed {seed}: {difference}", guest.name());
            }
            tally.guests += 1;
        } else if seed % SHARE == 1 {
            let (program, setup) = &cases[random.below(cases.len() as u64) as usize];
            let start = start::Start::File(program.clone());
            let guest = Guest::new(start, *setup, CASE_PLENTY, Modules::new());
            if let Err(difference) = guest.interrupt(&mut random, &mut tally) {
                panic!("{}, seed {seed}: {difference}", guest.name());
            }
            tally.cases += 1;
        } else {
            let tier = &campaign::TIERS[(seed / SHARE) as usize % campaign::TIERS.len()];
            let source = campaign::program(tier, None, seed);
            if let Err(difference) = attempt(&source, seed, &mut tally) {
                let fails = |source: &_| attempt(source, seed, &mut Tally::default()).err();
                let (small, reason) = shrink::shrink(source, difference.clone(), &fails);
                panic!(
                    "{}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}",
                    tier.name
                );
            }
            tally.programs += 1;
        }
        seed += 1;
    }
    println!("{tally}");
    assert!(tally.is_varied(), "{tally}");
}

/// Stops a random program; an error tells the difference between two engines, or the panic.
fn attempt(source: &source::Source, seed: u64, tally: &mut Tally) -> Result<(), String> {
    let assembly = source.assembly()?;
    let start = match source.entry {
        start::Entry::Pages => start::Start::pages(&assembly, &source.registers, &source.setup),
        _ => start::Start::file(&assembly, &source.registers),
    };
    let guest = Guest::new(start, source.setup, PLENTY, Modules::new());
    let mut random = Random::new(!seed);
    let run = AssertUnwindSafe(|| guest.interrupt(&mut random, tally));
    catch_unwind(run).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map_or("", String::as_str);
        Err(format!("panicked: {text}"))
    })
}
