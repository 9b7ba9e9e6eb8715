//! Modules that were made with heat: other names, the same bytes from the same heat, the hottest code within
//! the budget, and never more than the budget, whatever the heat says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep::engine::{Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::heat::{HEAT_HEADS, Heat};
use lockstep_contract::module::{CODE_LIMIT, Module};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Environment, Machine, NativeModule, Outcome, Recorder, Tally};
use lockstep_test_support::adversarial::{KINDS, Kind};
use lockstep_test_support::asm::TEXT_BASE;
use lockstep_test_support::guests::guests;
use lockstep_test_support::hidden::hidden_loop;
use lockstep_test_support::random::Random;
use lockstep_translator::{MODULE_WEIGHT_LIMIT, Options, Reason, Translation, key, translate};

/// Translates the first code region of a program.
fn translation(elf: &[u8], options: &Options) -> Translation {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let region = program.code_regions()[0];
    let hints = program.hints(&region);
    let made = translate(&region, &hints, options, &mut |_, _| {}).expect("a module");
    let named = key(&region, options).expect("a key");
    assert_eq!(made.module.key, named, "the key is known before");
    assert_eq!(made.report.failures, Vec::<String>::new());
    made
}

fn heads(module: &Module) -> Vec<u64> {
    let block = |block: &lockstep_contract::module::Block| module.key.base + u64::from(block.head);
    module.blocks.iter().map(block).collect()
}

fn machine(elf: &[u8]) -> Machine {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let mut machine = Machine::new(program.into_core());
    machine.core_mut().initialize_stack(&[]).expect("it fits");
    machine
}

/// The cycles of each head.
#[derive(Default)]
struct Counts(BTreeMap<u64, u64>);

impl Recorder for Counts {
    fn trace(&mut self, head: u64, cycles: u64) {
        *self.0.entry(head).or_default() += cycles;
    }
}

/// What the interpreter runs, counted trace by trace.
fn heat_of(elf: &[u8]) -> (Heat, u64) {
    let tally = RefCell::new(Tally::new(Counts::default()));
    let cost = CostTable::from(Cost::Estimate);
    let mut machine = machine(elf);
    let outcome = machine.run(&Environment::new(&cost).with_tally(&tally));
    assert!(matches!(outcome, Ok(Outcome::Exit(_))), "{outcome:?}");
    let counts = tally.into_inner().finish();
    (Heat::new(counts.0), machine.core().cycles())
}

/// The native cycles and all cycles of a run with a module that has this heat.
fn run(elf: &[u8], options: &Options) -> (u64, u64) {
    let engine = Engine::builder().no_cache().no_warm().no_helper();
    let engine = engine.mode(Mode::Native).translate(Translate::Never);
    let engine = engine.shadow(Share::NONE).build();
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let module = NativeModule::map(translation(elf, options).module).expect("it can be mapped");
    let region = program.code_regions()[0];
    (engine.adopt(&region, Arc::new(module))).expect("nothing is switched off");
    let mut machine = machine(elf);
    let cost = CostTable::from(Cost::Estimate);
    let outcome = machine.run(&engine.environment(&cost));
    assert!(matches!(outcome, Ok(Outcome::Exit(_))), "{outcome:?}");
    (machine.core().native_cycles(), machine.core().cycles())
}

#[test]
fn heat_is_in_the_name_and_the_same_heat_gives_the_same_bytes() {
    let small = guests().into_iter().map(|guest| guest.program(&[]).elf);
    for elf in small.filter(|elf| elf.len() < 16 << 10) {
        let plain = translation(&elf, &Options::default());
        assert_eq!((plain.module.key.heat, plain.module.heat.len()), (None, 0));
        let head = heads(&plain.module)[0];
        let with = |heat: &Heat| translation(&elf, &Options::default().with_heat(heat.clone()));
        let heat = Heat::new([(head, 3), (head + 2, 1)]);
        let hot = with(&heat);
        assert_eq!(hot.module.key.heat, heat.digest());
        assert_ne!(hot.module.key.id(), plain.module.key.id());
        assert_eq!(hot.module.key.with_heat(None), plain.module.key);
        // The budget suffices for all, so nothing that was translated without heat is missing.
        assert!(
            heads(&plain.module)
                .iter()
                .all(|head| heads(&hot.module).contains(head))
        );
        let bytes = hot.module.to_bytes();
        assert!(bytes == with(&heat).module.to_bytes());
        for threads in [1, 2, 5] {
            let options = Options::default()
                .with_heat(heat.clone())
                .with_threads(threads);
            assert!(bytes == translation(&elf, &options).module.to_bytes());
        }
        let read = Module::read(&bytes).expect("what was written can be read");
        assert!(bytes == with(&Heat::from_recorded(&read.heat)).module.to_bytes());
        // Every head and every weight counts.
        for other in [[(head, 3)].as_slice(), &[(head, 4), (head + 2, 1)]] {
            let other = with(&Heat::new(other.iter().copied()));
            assert_ne!(other.module.key.id(), hot.module.key.id());
        }
        // What is not about this code is as if it were not there.
        let end = plain.module.key.base + plain.module.key.len;
        let elsewhere = with(&Heat::new([(end, 9), (0, 9), (u64::MAX - 1, 9)]));
        assert!(elsewhere.module.to_bytes() == plain.module.to_bytes());
    }
}

#[test]
fn the_hottest_code_is_translated_within_the_budget() {
    const LIMIT: usize = 60_000;
    for name in ["ordinary", "calls", "branches", "memory"] {
        let elf = Kind::named(name).expect("a kind").elf(20);
        let limited = Options::default().with_weight_limit(Some(LIMIT));
        let whole = translation(&elf, &Options::default());
        let cold = translation(&elf, &limited);
        // The last that would be found, and is not without heat.
        let missing = |head: &&u64| !heads(&cold.module).contains(head);
        let late: Vec<u64> = (heads(&whole.module).iter().rev().filter(missing))
            .take(20)
            .copied()
            .collect();
        assert_eq!(late.len(), 20, "{name}");
        let heat = Heat::new(late.iter().map(|&head| (head, 1)));
        let hot = translation(&elf, &limited.clone().with_heat(heat));
        for head in late {
            assert!(heads(&hot.module).contains(&head), "{name}: {head:#x}");
        }
        assert!(hot.report.weight <= LIMIT, "{name}: {}", hot.report.weight);
        // Hardly any of it is not used.
        assert!(
            hot.report.weight > LIMIT / 2,
            "{name}: {}",
            hot.report.weight
        );
        let over = |(_, reason): &(u64, Reason)| *reason == Reason::Budget;
        assert!(hot.report.left.iter().any(over), "{name}");
        // What is left and what is translated are two things.
        for (left, _) in &hot.report.left {
            assert!(!heads(&hot.module).contains(left), "{name}: {left:#x}");
        }
    }
}

#[test]
fn no_heat_exceeds_the_budget() {
    let mut random = Random::new(12);
    for kind in KINDS {
        let elf = kind.elf(4);
        for spread in [64, 4 << 12] {
            let heads = (0..HEAT_HEADS).map(|_| {
                let weight = [1, u64::MAX][random.below(2) as usize];
                (TEXT_BASE + (random.below(spread) & !1), weight)
            });
            let heat = Heat::new(heads.collect::<Vec<_>>());
            for limit in [None, Some(3000)] {
                let options = Options::default().with_weight_limit(limit);
                let report = translation(&elf, &options.with_heat(heat.clone())).report;
                let limit = limit.unwrap_or(MODULE_WEIGHT_LIMIT);
                assert!(report.weight <= limit, "{}: {}", kind.name, report.weight);
                // The last unit may begin below the limit and end above it.
                assert!(report.code_bytes <= CODE_LIMIT + (1 << 20), "{}", kind.name);
            }
        }
    }
}

#[test]
fn code_that_nothing_names_is_translated_where_it_is_hot() {
    let elf = hidden_loop(1000);
    let (heat, cycles) = heat_of(&elf);
    let (native, all) = run(&elf, &Options::default());
    assert_eq!(all, cycles);
    assert!(native < 100, "{native} of {all}");
    let (native, all) = run(&elf, &Options::default().with_heat(heat));
    assert_eq!(all, cycles);
    assert!(native > cycles - 100, "{native} of {all}");
}

#[test]
fn a_run_on_the_interpreter_tells_the_heat() {
    for guest in guests()
        .iter()
        .filter(|guest| ["fib", "strings"].contains(&guest.name.as_str()))
    {
        let elf = guest.program(&[]).elf;
        let (heat, cycles) = heat_of(&elf);
        let sum: u64 = heat.iter().map(|(_, weight)| weight).sum();
        assert_eq!(sum, cycles, "{}", guest.name);
        assert_eq!(heat_of(&elf).0, heat, "{}", guest.name);
        // With a tenth of the weight, nearly all that runs is native.
        let weight = translation(&elf, &Options::default()).report.weight;
        let options = Options::default().with_weight_limit(Some(weight / 2));
        let (cold, all) = run(&elf, &options);
        assert_eq!(all, cycles, "{}", guest.name);
        let (hot, all) = run(&elf, &options.with_heat(heat));
        assert_eq!(all, cycles, "{}", guest.name);
        assert!(hot >= cold, "{}: {hot} {cold}", guest.name);
    }
}
