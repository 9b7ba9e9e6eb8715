//! Tests of the engine with a program that ships with the repository.

use std::thread;

use lockstep_contract::key::KeyId;
use lockstep_contract::pages::PAGE_SIZE;
use lockstep_isa::Reg;
use lockstep_runtime::{CostTable, Machine, Outcome};

use super::*;
use crate::{Platform, Program};

const FIB: &[u8] = include_bytes!("../../guests/elf/fib.elf");

fn program() -> Program {
    Program::load(FIB, &Platform::default()).expect("a good ELF")
}

fn run(engine: &Engine) -> Machine {
    let mut machine = Machine::new(program().into_core());
    machine
        .core_mut()
        .initialize_stack(&[])
        .expect("an empty stack");
    let cost = CostTable::from(Platform::default().cost);
    let environment = engine.environment(&cost);
    assert_eq!(machine.run(&environment), Ok(Outcome::Exit(0)));
    machine
}

#[test]
fn machines_that_ask_at_once_share_one_translation() {
    let engine = Engine::builder()
        .no_cache()
        .mode(Mode::Auto)
        .translate(Translate::Now);
    let engine = engine.build();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert!(run(&engine).core().native_cycles() > 0));
        }
    });
    let stats = engine.stats();
    assert_eq!(stats.translations, 1);
    assert_eq!(stats.registry_hits, 3);
    assert!(stats.translate_seconds > 0.0);
}

#[test]
fn the_interpreter_alone_gives_the_same() {
    let auto = Engine::builder()
        .no_cache()
        .mode(Mode::Auto)
        .translate(Translate::Now);
    let interp = Engine::builder().no_cache().mode(Mode::Interp).build();
    let (auto, interp) = (run(&auto.build()), run(&interp));
    assert_eq!(interp.core().native_cycles(), 0);
    assert_eq!(auto.core().cycles(), interp.core().cycles());
    assert_eq!(auto.core().registers(), interp.core().registers());
    assert_eq!(auto.core().registers()[Reg::A7.index()], 93);
}

#[test]
fn without_translation_there_is_what_the_cache_has() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = |translate| {
        let builder = Engine::builder()
            .cache(folder.path().join("cache"))
            .key_file(folder.path().join("key"));
        builder.mode(Mode::Auto).translate(translate).build()
    };
    let never = engine(Translate::Never);
    assert_eq!(run(&never).core().native_cycles(), 0);
    assert!(never.stats().cache_misses.get("absent") >= Some(&1));
    assert!(native_cycles(&engine(Translate::Now)) > 0);
    let later = engine(Translate::Never);
    assert!(run(&later).core().native_cycles() > 0);
    assert_eq!(later.stats().cache_hits, 1);
    assert_eq!(later.stats().translations, 0);
}

#[test]
fn the_regions_of_a_memory_are_runs_of_fixed_pages() {
    let program = program();
    let code_regions = program.code_regions();
    let regions = regions(program.core().memory());
    assert_eq!(code_regions.len(), regions.len());
    for (code, region) in code_regions.iter().zip(&regions) {
        assert_eq!(code.base, region.start as u64);
        assert_eq!(code.end(), region.end as u64);
        assert!(region.start.is_multiple_of(PAGE_SIZE));
    }
}

/// The id of the only module of an engine.
fn only_module(engine: &Engine) -> KeyId {
    let modules = engine.modules();
    assert_eq!(modules.len(), 1);
    modules[0]
}

fn native_cycles(engine: &Engine) -> u64 {
    run(engine).core().native_cycles()
}

#[test]
fn the_switches_turn_native_code_off_and_on() {
    let engine = Engine::builder().no_cache().translate(Translate::Now);
    let engine = engine.mode(Mode::Auto).build();
    assert!(native_cycles(&engine) > 0);
    assert!(engine.disable());
    assert!(!engine.is_enabled());
    assert_eq!(native_cycles(&engine), 0);
    assert!(!engine.enable());
    assert!(native_cycles(&engine) > 0);

    let id = only_module(&engine);
    let region = KeyId(lockstep_contract::key::digest(
        program().code_regions()[0].bytes,
    ));
    for id in [id, region] {
        assert!(engine.disable_script(&id));
        assert!(!engine.disable_script(&id));
        assert_eq!(native_cycles(&engine), 0);
        assert!(engine.enable_script(&id));
        assert!(native_cycles(&engine) > 0);
    }
    assert_eq!(engine.stats().translations, 1);

    // A switch may be thrown before the script is known.
    engine.disable_script(&region);
    assert_eq!(engine.evict(&id), 1);
    assert_eq!(native_cycles(&engine), 0);
    assert_eq!(engine.stats().translations, 2);
    engine.enable_script(&region);
    assert!(native_cycles(&engine) > 0);
}

#[test]
fn a_quarantine_holds_for_other_engines_with_the_same_cache() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = || {
        let builder = Engine::builder()
            .cache(folder.path().join("cache"))
            .key_file(folder.path().join("key"));
        builder.mode(Mode::Auto).translate(Translate::Now).build()
    };
    let (one, two) = (engine(), engine());
    assert!(native_cycles(&one) > 0);
    let id = only_module(&one);
    let path = one.cache().expect("a cache").path(&id);
    assert!(path.exists());
    assert!(one.quarantine(&id, "a test"));
    assert!(!one.quarantine(&id, "again"));
    assert!(!path.exists());
    assert_eq!(native_cycles(&one), 0);
    assert_eq!(one.quarantined(), [(id, "a test".to_owned())]);
    // Neither made again nor taken by one that started before or after.
    one.evict_all();
    for engine in [one, two, engine()] {
        assert_eq!(native_cycles(&engine), 0);
        assert_eq!(engine.modules(), []);
        assert_eq!(engine.quarantined(), [(id, "a test".to_owned())]);
        assert!(engine.stats().translations <= 1);
    }
    assert!(!path.exists());
}
