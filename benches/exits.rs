//! What leaving native code costs: a call of the host, a side exit at a store, and a script of which only a
//! part can be entered natively.
//!
//! `cargo bench --bench exits [-- ROUNDS] [--save]`

use lockstep_test_support::record;
use lockstep_test_support::trusted::trusted;
use std::fs;
use std::path::Path;

use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::pages::{DIRTY, PAGE_SHIFT};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Event, Machine, Outcome, Runner};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::clock;
use lockstep_test_support::record::{median, table};
use lockstep_translator as translator;

/// Rounds without an argument.
const ROUNDS: usize = 15;
const PARTS: &str = "guests/elf/strings.elf";
/// Calls of the host in a run.
const CALLS: u64 = 100_000;
/// Where the guest stores.
const DATA: u64 = 0x20_0000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.iter().find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let figures = [costs(rounds), in_part(rounds)];
    let save = arguments.iter().any(|word| word == "--save");
    record::publish(
        "exits",
        "cargo bench --bench exits -- --save",
        &figures.join("\n"),
        save,
    );
}

/// Host calls, with and without a side exit between two of them.
fn costs(rounds: usize) -> String {
    let program = |access: &str| {
        let source = format!(
            ".text 0x10000\n li s0, {CALLS}\n li s1, {DATA}\n\
             loop: {access}\n li a7, 2177\n ecall\n addi s0, s0, -1\n bnez s0, loop\n exit\n"
        );
        assemble(&source).expect("a program").elf()
    };
    let (plain, storing) = (program("ld t1, 0(s1)"), program("sd s0, 0(s1)"));
    let engine = |mode| {
        let builder = Engine::builder().no_cache().no_warm().no_helper();
        builder.mode(mode).translate(Translate::Now).build()
    };
    let (native, interpreter) = (engine(Mode::Native), engine(Mode::Interp));
    let mut times = [const { Vec::new() }; 4];
    for round in 0..=rounds {
        let runs = [
            (&native, &plain, 0),
            (&native, &storing, CALLS),
            (&interpreter, &plain, 0),
            (&interpreter, &storing, 0),
        ];
        for ((engine, elf, exits), times) in runs.into_iter().zip(&mut times) {
            let time = call_host(engine, elf, exits);
            // The first round translates.
            if round > 0 {
                times.push(time);
            }
        }
    }
    let [plain, storing, plain_slow, storing_slow] = times.map(|times| median(&times));
    let line = |what: &str, time: f64| vec![what.to_string(), format!("{time:.0}")];
    let lines = vec![
        vec!["what".to_string(), "ns".into()],
        line("a call of the host and back, native code", plain),
        line(
            "the same, left at a store before it: the interpreter does both",
            storing,
        ),
        line(
            "so a side exit with the interpreter's turn, beyond the call",
            storing - plain,
        ),
        line("a call of the host and back, interpreter", plain_slow),
        line("the same with the store before it", storing_slow),
    ];
    format!(
        "The host takes the page's dirty mark away at each call, so that the next store to it is not plain; CPU \
         time, medians of {rounds} rounds of {CALLS}:\n\n{}",
        table(&lines)
    )
}

/// Nanoseconds for each call of the host by this guest, which leaves native code so often at a store.
fn call_host(engine: &Engine, elf: &[u8], exits: u64) -> f64 {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let mut guest = Runner::new(program.into_core());
    let table = CostTable::from(Cost::Estimate);
    let environment = engine.environment(&table);
    let mut calls = 0;
    let start = clock::thread_seconds();
    loop {
        let event = guest
            .advance(&environment)
            .expect("nothing goes wrong in it");
        assert_eq!(event, Event::Ecall);
        if calls == CALLS {
            break;
        }
        calls += 1;
        let cleared = guest
            .core_mut()
            .memory_mut()
            .clear_flag(DATA >> PAGE_SHIFT, DIRTY);
        cleared.expect("there is such a page");
    }
    let time = clock::thread_seconds() - start;
    // The first one finds the page as it was loaded.
    let seen = guest.core().exits().store + guest.core().exits().other;
    assert!(seen + 1 >= exits, "{:?}", guest.core().exits());
    time * 1e9 / CALLS as f64
}

fn run(engine: &Engine, machine: &mut lockstep::Machine) {
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)));
}

/// A script of which only a part can be entered natively.
fn in_part(rounds: usize) -> String {
    let elf = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(PARTS)).expect("it is committed");
    let shares = [100, 99, 95, 90, 75, 50, 0];
    let engines = shares.map(|share| {
        let builder = Engine::builder().no_cache().no_warm().no_helper();
        let builder = builder.mode(Mode::Native).translate(Translate::Now);
        let builder = builder.compiler(move |text, hints, options, progress| {
            let mut made = translator::translate_while(text, hints, options, progress)?;
            let mut module = made.module.into_module();
            for (row, entry) in module.table.iter_mut().enumerate() {
                // Well mixed, and the same each time.
                let mixed = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
                if mixed % 100 >= share {
                    *entry = 0;
                }
            }
            made.module = trusted(module);
            Ok(made)
        });
        builder.build()
    });
    let mut times = shares.map(|_| Vec::new());
    let mut seen = shares.map(|_| (0, 0, 0));
    for round in 0..=rounds.min(9) {
        for ((engine, times), seen) in engines.iter().zip(&mut times).zip(&mut seen) {
            let mut program = Program::load(&elf, &Platform::default()).expect("a good ELF");
            program
                .core_mut()
                .initialize_stack(&[b"8"])
                .expect("it fits");
            let mut machine = Machine::new(program.into_core());
            let start = clock::thread_seconds();
            run(engine, &mut machine);
            // The first round translates.
            if round > 0 {
                times.push((clock::thread_seconds() - start) * 1e3);
            }
            let core = machine.core();
            let exits: u64 = core.exits().by_name().iter().map(|(_, count)| count).sum();
            *seen = (
                core.cycles(),
                core.native_cycles(),
                exits - core.exits().interpreted,
            );
        }
    }
    let times = times.map(|times| median(&times));
    let (cycles, ..) = seen[0];
    let slow = times[shares.len() - 1];
    let mut lines = vec![
        [
            "entries kept",
            "ms",
            "native share of cycles",
            "times native code was left",
            "of the interpreter's time",
        ]
        .map(String::from)
        .to_vec(),
    ];
    for ((share, time), (_, native, exits)) in shares.into_iter().zip(times).zip(seen) {
        let native = native as f64 / cycles as f64;
        lines.push(vec![
            format!("{share} %"),
            format!("{time:.2}"),
            format!("{:.1} %", native * 100.0),
            exits.to_string(),
            format!("{:.0} %", 100.0 * time / slow),
        ]);
    }
    format!(
        "A script of which a part of the native entries is taken away ({PARTS}, {:.1} million cycles; CPU time, \
         medians):\n\n{}",
        cycles as f64 / 1e6,
        table(&lines)
    )
}
