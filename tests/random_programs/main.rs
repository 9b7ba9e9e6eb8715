//! Random programs on the assembly machine, the trace machine, our interpreter and our native code:
//! equal at random limits on the way and at the end.
//!
//! Five tiers: bytes that mostly are no program; valid instructions with edge operands and edge
//! addresses; structured programs as compilers make them, with fused patterns, jump tables, memory at
//! page and frame edges and faults of their own making; wild ones, as no compiler makes them; calls of outlined pieces, which the translator inlines. Seeds
//! are fixed, so a run is reproducible; they go through every version with every instruction set that
//! CKB-VM runs, and through the three ways onto a machine (file, pages, snapshot).
//! A failure is made smaller line by line and printed with its seed: as assembly that can be put
//! into a case file, and with what odd words decode to.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` sets the number of programs a tier, `LOCKSTEP_FUZZ_SEED` the first seed,
//! `LOCKSTEP_FUZZ_PROFILE` one machine for all of them (`2:bma`, say). Millions of programs are the
//! business of `cargo xtask soak`, which runs this test with these variables.

mod coverage;

use lockstep_test_support::asm::assemble;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::programs::campaign::TIERS;
use lockstep_test_support::programs::contest::{Contest, Opinion};
use lockstep_test_support::programs::source::Source;
use lockstep_test_support::programs::start::Entry;
use lockstep_test_support::programs::{campaign, profiles};
use lockstep_test_support::random::Random;

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

#[test]
fn programs_with_outlined_pieces() {
    run_tier("outlined");
}

/// No row of the instruction table is out of reach of random programs. With `BLESS=1` the counts go to
/// `tests/coverage.tsv`, for the ledger.
#[test]
fn together_they_run_every_row_of_the_table() {
    let programs = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let table = coverage::table(programs);
    if std::env::var_os("BLESS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage.tsv");
        std::fs::write(path, coverage::file(programs, &table)).expect("it can be written");
    }
    let total = |counts: &[u64]| counts.iter().sum::<u64>();
    let mut rare: Vec<_> = (table.iter())
        .map(|(op, counts)| (total(counts), op.mnemonic()))
        .collect();
    rare.sort_unstable();
    println!("{} rows, the rarest: {:?}", rare.len(), &rare[..12]);
    let enough = |(count, _): &(u64, &str)| *count >= 3 || programs < ITERATIONS;
    assert!(rare.iter().all(enough), "{:?}", &rare[..12]);
}

/// Programs of a few lines, each with a word for which wrong code is made, and what must be told.
/// Whoever looks at less than all of the state would miss one of them.
#[test]
fn wrong_native_code_is_noticed() {
    let cases = [
        (
            "register",
            "addi a1, zero, 5",
            "addi a1, zero, 6",
            "a1: 0x5 / 0x6",
        ),
        ("memory", "sd sp, -1024(sp)", "sd sp, -1032(sp)", "memory: "),
        (
            "flags",
            "sd zero, -2048(t0)",
            "ld zero, -2048(t0)",
            "page flags: ",
        ),
        (
            "reservation",
            "lr.d zero, (sp)",
            "lr.d zero, (t0)",
            "reservation: ",
        ),
        ("cycles", "addi a1, zero, 5", "mul a1, a2, a2", "cycles: "),
        (
            "exit code",
            "addi s1, zero, 5",
            "addi a0, zero, 5",
            "verdict: ",
        ),
    ];
    for entry in [Entry::File, Entry::Pages, Entry::Resumed] {
        for (what, line, wrong, expected) in cases {
            let mut source = Source::new(&mut Random::new(7), profiles::numbered(19), entry);
            source
                .registers
                .push((5, source.setup.memory_size as u64 - 0x3000));
            // A page that is written already, so that native code stores by itself, and a call,
            // because native code is entered again where it returns; a branch, so that it is not inlined.
            source.lines = [".text 0x10000", "sd zero, -1024(sp)", "jal ra, f"]
                .into_iter()
                .chain(["li a0, 0", line, "exit", "f: beqz a1, g", "g: ret"])
                .map(String::from)
                .collect();
            let modules = Modules::injected(word_of(line), word_of(wrong));
            let mut contest = Contest::default();
            let found = contest.run_with(&source, 1, &modules, Opinion::Never);
            let difference = found.expect_err(what);
            assert!(difference.contains(expected), "{what}: {difference}");
            contest.run(&source, 1).expect("right code is right");
        }
    }
}

/// The word that a line is assembled to.
fn word_of(line: &str) -> u32 {
    let assembly = assemble(&format!(".text 0x10000\n{line}")).expect("a line of the test");
    let bytes = assembly.segments[0].bytes[..4].try_into();
    u32::from_le_bytes(bytes.expect("an instruction of four bytes"))
}
