//! The first store to a page, by random programs that are stopped at every limit and at every pause.
//!
//! Native code leaves in front of such a store, the page is made ready, and native code goes on. Until the store has
//! happened nothing may stop the guest, because the page is dirty already. So page flags are compared at each stop,
//! with CKB-VM's where the limit stops the guest, and with the interpreter's everywhere.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` and `LOCKSTEP_FUZZ_SEED` set the number of programs and the first seed.

use std::sync::Arc;

use lockstep::engine::{Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, NativeModule, Outcome};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::programs::campaign::{Tier, program, report};
use lockstep_test_support::programs::contest::Contest;
use lockstep_test_support::programs::first_stores::generate;
use lockstep_test_support::programs::start::Entry;
use lockstep_test_support::programs::tally::Tally;
use lockstep_translator::{Entries, Options, translate};

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

/// The part of its cycles that a program runs natively.
fn native_share(source: &str) -> f64 {
    let elf = assemble(source)
        .unwrap_or_else(|error| panic!("{error}"))
        .elf();
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let region = program.code_regions()[0];
    let hints = program.hints(&region);
    let made = translate(&region, &hints, &Options::default(), &mut |_, _| {}).expect("a module");
    let engine = Engine::builder().no_cache().no_warm().no_helper();
    let engine = engine.mode(Mode::Native).translate(Translate::Never);
    let engine = engine.shadow(Share::NONE).build();
    let module = NativeModule::map(made.module).expect("it can be mapped");
    (engine.adopt(&region, Arc::new(module))).expect("nothing is switched off");
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let mut machine = Machine::new(program.into_core());
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)), "{source}");
    let core = machine.core();
    core.native_cycles() as f64 / core.cycles() as f64
}

/// Loops that store to a page in every round, and do something else behind it.
#[test]
fn behind_a_first_store_in_a_loop_native_code_goes_on() {
    let long = "addi a3, a3, 1\n".repeat(50);
    // What is in the round, and what is behind the program.
    let rounds = [
        (
            "behind a load through memory",
            format!("ld t4, 0(s2)\n lw a1, 0(t4)\n sd a2, 0(s1)\n bnez zero, again\n {long}"),
            String::new(),
        ),
        (
            "in the middle of a chain",
            format!(
                "add a4, a4, a3\n mv t4, s1\n ld t4, 0(s2)\n add t4, t4, s1\n sub t4, t4, s2\n sd a2, 0(t4)\n {long}"
            ),
            String::new(),
        ),
        (
            "in front of a call",
            format!("sd a2, 0(s1)\n {long} jal ra, function"),
            "function:\n beqz a2, over\n addi a2, a2, 1\n over: ret\n".to_owned(),
        ),
        (
            "in a piece that is called",
            format!("jal t5, piece\n {long}"),
            "piece:\n lw a1, 0(s2)\n sd a2, 0(s1)\n jr t5\n".to_owned(),
        ),
    ];
    for (name, round, behind) in rounds {
        let source = format!(
            ".text 0x10000
            li s1, 0x100000
            li s2, 0x20000
            li s6, 60
            li s7, 4096
            jal zero, again
            again:
            addi a2, a2, 1
            beqz a2, never
            {round}
            add s1, s1, s7
            addi s6, s6, -1
            bnez s6, again
            never:
            li a0, 0
            exit
            {behind}
            .data 0x20000
            .dword 0x20000"
        );
        let share = native_share(&source);
        println!("{name}: {share}");
        assert!(share > 0.97, "{name}: {share}");
    }
}
