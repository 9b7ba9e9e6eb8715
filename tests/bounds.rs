//! The limits of translation on programs that are made to be dear, in units that are the same on every
//! machine: what they weigh, how much code comes out, what is left to the interpreter. Time and memory
//! are measured by `cargo bench --bench adversarial`, with the same programs.

use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::module::CODE_LIMIT;
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Environment, Machine, Outcome};
use lockstep_test_support::adversarial::{KINDS, Kind};
use lockstep_translator::{
    COPIES_WEIGHT_LIMIT, MODULE_WEIGHT_LIMIT, Options, Reason, Report, translate,
};

/// More than one block can weigh: 16 entries, an access each, and what every block has.
const BLOCK: usize = 128;
/// Ten times the input may give so many times the output.
const GROWTH: usize = 12;
/// What every module has, of each figure.
const FLOOR: usize = 2000;

/// What came of each text of a program.
fn reports(elf: &[u8]) -> Vec<Report> {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let texts = program.code_regions();
    let made = texts.iter().map(|text| {
        let made = translate(
            text,
            &program.hints(text),
            &Options::default(),
            &mut |_, _| {},
        );
        made.expect("a module").report
    });
    made.collect()
}

#[test]
fn ten_times_the_input_gives_about_ten_times_the_output() {
    for kind in KINDS {
        let figures = |pages| {
            let reports = reports(&kind.elf(pages));
            assert!(
                reports.iter().all(|report| report.failures.is_empty()),
                "{kind:?}"
            );
            let sum = |figure: fn(&Report) -> usize| reports.iter().map(figure).sum::<usize>();
            [
                sum(|r| r.weight),
                sum(|r| r.code_bytes),
                sum(|r| r.units),
                sum(|r| r.left.len()),
            ]
        };
        let (small, large) = (figures(2), figures(20));
        println!(
            "{}: weight, code, units, left: {small:?}, {large:?}",
            kind.name
        );
        for (small, large) in small.into_iter().zip(large) {
            assert!(
                large <= GROWTH * small.max(FLOOR),
                "{}: {small} {large}",
                kind.name
            );
        }
    }
}

/// Where many registers are live at many branches, moving them would be most of the code and of the time.
#[test]
fn branches_do_not_move_registers() {
    for (name, bytes) in [("branches", 100), ("loops", 140)] {
        let report = reports(&Kind::named(name).expect("a kind").elf(20)).remove(0);
        let (code, instructions) = (report.code_bytes, report.instructions);
        println!("{name}: {code} bytes for {instructions} instructions");
        assert!(code < bytes * instructions, "{name}");
    }
}

#[test]
fn what_is_over_the_budget_is_left_and_said() {
    // Cheap ones, with short and with long blocks.
    for name in ["short", "breaks", "overlap"] {
        let kind = Kind::named(name).expect("a kind");
        let report = reports(&kind.elf(1000)).remove(0);
        println!(
            "{name}: {} of {MODULE_WEIGHT_LIMIT}, {} left",
            report.weight,
            report.left.len()
        );
        assert!(
            (MODULE_WEIGHT_LIMIT..MODULE_WEIGHT_LIMIT + BLOCK).contains(&report.weight),
            "{name}"
        );
        assert!(report.code_bytes <= CODE_LIMIT, "{name}");
        let budget = |(_, reason): &(u64, Reason)| *reason == Reason::Budget;
        assert!(report.left.iter().any(budget), "{name}");
        assert!(report.instructions > 0, "{name}");
        // Less than the budget is translated whole.
        let report = reports(&kind.elf(10)).remove(0);
        assert!(!report.left.iter().any(budget), "{name}");
    }
}

/// Copies of inlined functions have a limit of their own, which calls in a part of the program reach.
#[test]
fn copies_of_inlined_functions_are_limited() {
    let kind = Kind::named("outlined").expect("a kind");
    for pages in [2, 100] {
        let report = reports(&kind.elf(pages)).remove(0);
        println!("{pages} pages: copies weigh {}", report.copies_weight);
        let limit = match pages {
            // The copies of a unit have at most as many instructions as the unit has itself.
            2 => 1000..=COPIES_WEIGHT_LIMIT / 4,
            _ => COPIES_WEIGHT_LIMIT - 8 * BLOCK..=COPIES_WEIGHT_LIMIT,
        };
        assert!(limit.contains(&report.copies_weight), "{pages} pages");
        assert!(
            report.weight <= MODULE_WEIGHT_LIMIT + BLOCK,
            "{pages} pages"
        );
    }
}

/// Code behind stores in loops is translated twice, but no more of it than copies may weigh.
#[test]
fn landings_are_limited() {
    let kind = Kind::named("walks").expect("a kind");
    for pages in [2, 100] {
        let report = reports(&kind.elf(pages)).remove(0);
        println!("{pages} pages: copies weigh {}", report.copies_weight);
        let limit = match pages {
            2 => 1000..=COPIES_WEIGHT_LIMIT / 2,
            _ => COPIES_WEIGHT_LIMIT * 3 / 4..=COPIES_WEIGHT_LIMIT,
        };
        assert!(limit.contains(&report.copies_weight), "{pages} pages");
    }
    // Whatever the code is.
    for kind in KINDS {
        for report in reports(&kind.elf(20)) {
            assert!(report.copies_weight <= COPIES_WEIGHT_LIMIT, "{}", kind.name);
        }
    }
}

/// A guest that runs through more code than one module may have.
#[test]
fn what_was_left_is_interpreted() {
    let kind = Kind::named("short").expect("a kind");
    let mut elf = kind.elf(1000);
    // Not to the exit at the start but behind it, and through all that follows to the end of the text,
    // where nothing is.
    let entry = lockstep_test_support::asm::TEXT_BASE + 12;
    elf[24..32].copy_from_slice(&entry.to_le_bytes());
    let run = |engine: Option<&Engine>| {
        let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
        let mut machine = Machine::new(program.into_core());
        machine.core_mut().initialize_stack(&[]).expect("it fits");
        let cost = CostTable::from(Cost::Estimate);
        let environment = match engine {
            Some(engine) => engine.environment(&cost),
            None => Environment::new(&cost),
        };
        let outcome: Result<Outcome, _> = machine.run(&environment);
        let core = machine.core();
        let end = (
            outcome.map_err(|error| error.to_string()),
            core.cycles(),
            core.pc(),
        );
        (end, core.registers().to_vec(), core.native_cycles())
    };
    let engine = Engine::builder()
        .no_cache()
        .no_warm()
        .no_helper()
        .mode(Mode::Native)
        .translate(Translate::Now)
        .build();
    let (end, registers, native) = run(Some(&engine));
    println!("{end:?}, {native} cycles native");
    assert_eq!((end.clone(), registers), {
        let (end, registers, _) = run(None);
        (end, registers)
    });
    assert!(native > 300_000 && native < end.1 / 2, "{native}");
}
