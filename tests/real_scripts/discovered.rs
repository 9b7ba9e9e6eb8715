//! Every trace that a real script runs begins where the translator found code: it is translated, or it is listed as
//! left with a reason. A region whose module's budget runs out is not judged: behind the code that is left for that
//! reason nothing was looked for.

use std::collections::BTreeSet;

use lockstep::transaction::{Transaction, consensus};
use lockstep::{Platform, Program};
use lockstep_isa::{Profile, Version};
use lockstep_test_support::real;
use lockstep_test_support::transaction::real::{Real, transactions};
use lockstep_test_support::transaction::silent;
use lockstep_translator::{Options, Reason, translate};

use crate::heads::{self, HeadMachine, Heads, digest};

/// More than any of the transactions needs.
const PLENTY: u64 = 1_000_000_000;

/// The heads that ran in a verification.
fn ran(transaction: &Transaction, name: &str) -> Heads {
    let verifier = transaction.verifier_on::<HeadMachine>(consensus(Version::V2), silent());
    let verdict = verifier.verify(PLENTY);
    verdict.unwrap_or_else(|error| panic!("{name}: {error}"));
    heads::take()
}

/// The programs among the cells that a transaction depends on, for this version: it decides where traces end.
fn programs(transaction: &Transaction, version: u32) -> Vec<Program> {
    let versions = [Version::V0, Version::V1, Version::V2];
    let known = versions.into_iter().find(|known| known.number() == version);
    let profile = Profile::of(known.expect("a version of CKB-VM"));
    let platform = Platform::default().with_profile(profile);
    let cells = transaction.resolved().resolved_cell_deps.iter();
    let data = cells.filter_map(|cell| cell.mem_cell_data.clone());
    data.filter_map(|data| Program::load(&data, &platform).ok())
        .collect()
}

/// The heads that ran and that no translation knows of, by region. `None` for a region that is no program's: a
/// library that a script loaded as code.
fn unknown(transaction: &Transaction, ran: &Heads) -> Vec<(u64, Option<Vec<u64>>)> {
    let mut found = Vec::new();
    for ((version, base, code), heads) in ran {
        let mut answer = None;
        for program in programs(transaction, *version) {
            for region in program.code_regions() {
                if region.base != *base || digest(region.bytes) != *code {
                    continue;
                }
                let hints = program.hints(&region);
                let made = translate(&region, &hints, &Options::default(), &mut |_, _| {});
                let made = made.expect("it can be translated");
                let left = &made.report.left;
                if left.iter().any(|(_, reason)| *reason == Reason::Budget) {
                    // What lies behind the code that is left was not looked for.
                    println!("{base:#x}: the module's budget ran out");
                    answer = Some(Vec::new());
                    continue;
                }
                let blocks = made.module.blocks.iter();
                let mut known: BTreeSet<u64> =
                    blocks.map(|block| base + u64::from(block.head)).collect();
                known.extend(left.iter().map(|(head, _)| *head));
                answer = Some(heads.difference(&known).copied().collect());
            }
        }
        found.push((*base, answer));
    }
    found
}

fn check(all: Vec<Real>) -> usize {
    let mut wrong = Vec::new();
    let mut count = 0;
    for real in all {
        let transaction = real.transaction().unwrap_or_else(|error| panic!("{error}"));
        let ran = ran(&transaction, &real.name);
        let heads: usize = ran.values().map(BTreeSet::len).sum();
        count += heads;
        println!("{}: {heads} trace heads ran", real.name);
        for (base, missing) in unknown(&transaction, &ran) {
            match missing {
                Some(missing) if !missing.is_empty() => {
                    wrong.push(format!("{} at {base:#x}: {missing:x?}", real.name));
                }
                Some(_) => {}
                None => println!("{}: {base:#x} is no program's code", real.name),
            }
        }
    }
    assert!(wrong.is_empty(), "never discovered:\n{}", wrong.join("\n"));
    count
}

#[test]
fn every_trace_of_scripts_in_rust_and_of_system_scripts_is_discovered() {
    let here = |real: &Real| !real.needs_fetching();
    let count = check(transactions().into_iter().filter(here).collect());
    assert!(count > 1000, "{count}");
}

#[test]
#[ignore = "fetches packages from the registries; `cargo xtask prove real` runs it"]
fn every_trace_of_real_scripts_is_discovered() {
    let count = check(transactions());
    assert!(count > 10_000, "{count}");
    assert!(real::javascript().len() >= 8);
}
