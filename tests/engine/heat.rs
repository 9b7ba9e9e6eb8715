//! A second module in the background: of code that goes on to be interpreted because its first module does
//! not have it. The guests here jump to an address that nothing names, so that their loops are never found.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockstep::engine::{EngineBuilder, Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::heat::Heat;
use lockstep_contract::key::KeyId;
use lockstep_contract::module::TrustedModule;
use lockstep_runtime::NativeModule;
use lockstep_test_support::hidden::hidden_loop;
use lockstep_translator::{self as translator, Options};

use crate::guest::{background, machine, pause_when_native, run, wait_until};

/// Interpreted cycles after which something is done.
const THRESHOLD: u64 = 20_000;

fn with_cache(folder: &Path, translate: Translate) -> EngineBuilder {
    let builder = Engine::builder()
        .cache(folder.join("cache"))
        .key_file(folder.join("key"));
    let builder = builder.mode(Mode::Auto).shadow(Share::NONE).no_warm();
    builder.translate(translate).threshold(THRESHOLD)
}

/// Runs a guest until most of it is native. The id of its module then.
fn run_until_native(engine: &Engine, elf: &[u8], cycles: u64) -> KeyId {
    wait_until("native code", || run(elf, engine) > cycles / 2);
    let modules = engine.modules();
    assert_eq!(modules.len(), 1);
    modules[0]
}

/// The id of the module without heat.
fn plain(elf: &[u8]) -> KeyId {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    lockstep::engine::key_id(&program.code_regions()[0]).expect("a key")
}

#[test]
fn what_the_first_module_lacks_is_in_the_second() {
    let engine = background().threshold(THRESHOLD).build();
    let elf = hidden_loop(5000);
    let hot = run_until_native(&engine, &elf, 20_000);
    assert_ne!(hot, plain(&elf));
    assert_eq!(engine.stats().translations, 2);
    // It is whole now, so there is no third.
    for _ in 0..200 {
        assert!(run(&elf, &engine) > 10_000);
    }
    wait_until("an end of all work", || engine.backlog().is_empty());
    assert_eq!(engine.stats().translations, 2);
}

#[test]
fn a_machine_that_runs_gets_it() {
    let engine = background().threshold(THRESHOLD).build();
    let mut machine = machine(&hidden_loop(1 << 40));
    pause_when_native(&mut machine, &engine);
    assert_eq!(engine.stats().translations, 2);
}

#[test]
fn code_that_runs_natively_gets_no_second_module() {
    let engine = background().threshold(1000).build();
    let elf = crate::guest::elf(50_000);
    let first = run_until_native(&engine, &elf, 100_000);
    for _ in 0..100 {
        run(&elf, &engine);
    }
    wait_until("an end of all work", || engine.backlog().is_empty());
    assert_eq!(
        (engine.modules(), engine.stats().translations),
        (vec![first], 1)
    );
}

#[test]
fn where_none_comes_of_it_the_first_one_stays() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let engine =
        background()
            .threshold(THRESHOLD)
            .compiler(move |text, hints, options, progress| {
                counted.fetch_add(1, Ordering::SeqCst);
                assert!(options.heat.is_empty(), "a compiler that cannot do it");
                translator::translate_while(text, hints, options, progress)
            });
    let engine = engine.build();
    let elf = hidden_loop(5000);
    wait_until("a second translation", || {
        run(&elf, &engine);
        calls.load(Ordering::SeqCst) == 2
    });
    wait_until("an end of all work", || engine.backlog().is_empty());
    assert_eq!(engine.modules(), [plain(&elf)]);
    // The few cycles that are native still are.
    assert!(run(&elf, &engine) > 0);
    // It is not tried for ever.
    for _ in 0..2000 {
        run(&elf, &engine);
    }
    wait_until("an end of all work", || engine.backlog().is_empty());
    assert!(calls.load(Ordering::SeqCst) <= 5);
}

#[test]
fn a_later_process_finds_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = hidden_loop(5000);
    let hot = run_until_native(
        &with_cache(folder.path(), Translate::Background).build(),
        &elf,
        20_000,
    );
    for translate in [Translate::Never, Translate::Now] {
        let engine = with_cache(folder.path(), translate).build();
        assert!(run(&elf, &engine) > 10_000);
        assert_eq!(engine.modules(), [hot]);
        let stats = engine.stats();
        assert_eq!((stats.cache_hits, stats.translations), (1, 0));
    }
    // So does one whose warm list names the module without heat.
    let list = folder.path().join("warm.txt");
    std::fs::write(&list, format!("{}\n", plain(&elf))).expect("a temporary file");
    let engine = with_cache(folder.path(), Translate::Never)
        .warm(list)
        .build();
    wait_until("warm", || engine.warming().is_done());
    assert!(run(&elf, &engine) > 10_000);
    assert_eq!(engine.modules(), [hot]);
    // What is wrong with the preference costs speed alone.
    let preference = folder.path().join(format!("cache/{}.heat", plain(&elf)));
    let mut bytes = std::fs::read(&preference).expect("it is there");
    bytes[100] ^= 1;
    std::fs::write(&preference, &bytes).expect("room");
    let engine = with_cache(folder.path(), Translate::Never).build();
    assert!(run(&elf, &engine) < 1000);
    assert_eq!(engine.modules(), [plain(&elf)]);
    // And so does a module that is gone.
    bytes[100] ^= 1;
    std::fs::write(&preference, &bytes).expect("room");
    std::fs::remove_file(folder.path().join(format!("cache/{hot}.lkm"))).expect("it is there");
    let engine = with_cache(folder.path(), Translate::Never).build();
    assert!(run(&elf, &engine) < 1000);
    assert_eq!(engine.modules(), [plain(&elf)]);
}

#[test]
fn a_quarantine_of_either_holds_for_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = hidden_loop(5000);
    let engine = with_cache(folder.path(), Translate::Background).build();
    let hot = run_until_native(&engine, &elf, 20_000);
    assert!(engine.quarantine(&hot, "a test"));
    assert_eq!(run(&elf, &engine), 0);
    let later = with_cache(folder.path(), Translate::Now).build();
    assert_eq!(run(&elf, &later), 0);
    assert_eq!(later.modules(), []);
    // The other way round, in another cache.
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = with_cache(folder.path(), Translate::Background).build();
    run_until_native(&engine, &elf, 20_000);
    assert!(engine.quarantine(&plain(&elf), "a test"));
    assert_eq!(run(&elf, &engine), 0);
    let later = with_cache(folder.path(), Translate::Now).build();
    assert_eq!(run(&elf, &later), 0);
    assert_eq!(later.modules(), []);
}

/// A module of an ELF with this heat, wherever the heads are.
fn module(elf: &[u8], heat: &[(u64, u64)]) -> TrustedModule {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let region = program.code_regions()[0];
    let heads = heat
        .iter()
        .map(|&(offset, weight)| (region.base + offset, weight));
    let options = Options::default().with_heat(Heat::new(heads));
    let made = translator::translate(&region, &program.hints(&region), &options, &mut |_, _| {});
    made.expect("a module").module
}

/// An engine that makes nothing, with this warm list.
fn reader(folder: &Path, list: &str) -> Engine {
    let path = folder.join("warm.txt");
    std::fs::write(&path, list).expect("a temporary file");
    let engine = with_cache(folder, Translate::Never).warm(path).build();
    wait_until("warm", || engine.warming().is_done());
    engine
}

#[test]
fn after_a_quarantine_no_module_with_another_heat_takes_the_place() {
    let elf = hidden_loop(5000);
    let one = module(&elf, &[(0, 1)]);
    let other = module(&elf, &[(0, 2)]);
    let (one_id, other_id) = (one.key.id(), other.key.id());
    assert_ne!(one_id, other_id);
    // Where the module is known from: the registry, a warm list, or the cache.
    for known_from in ["registry", "list", "cache"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        let cache = |engine: &Engine| {
            let cache = engine.cache().expect("a cache");
            cache.store(&one).expect("room");
        };
        cache(&with_cache(folder, Translate::Never).build());
        let engine = match known_from {
            "list" => reader(folder, &format!("{one_id}\n")),
            _ => with_cache(folder, Translate::Never).build(),
        };
        if known_from == "registry" {
            assert!(run(&elf, &engine) > 0);
            assert_eq!(engine.modules(), [one_id]);
        }
        assert!(engine.quarantine(&one_id, "a test"));
        let listed: Vec<KeyId> = engine.quarantined().into_iter().map(|(id, _)| id).collect();
        assert!(listed.contains(&one_id) && listed.contains(&plain(&elf)) && listed.len() == 2);
        assert_eq!(run(&elf, &engine), 0, "{known_from}");
        // Another process makes one with another heat, which is looked for first from now on.
        let writer = with_cache(folder, Translate::Never).build();
        (writer.cache().expect("a cache").store(&other)).expect("room");
        drop(writer);
        for translate in [Translate::Never, Translate::Now] {
            let later = with_cache(folder, translate).build();
            assert_eq!(run(&elf, &later), 0, "{known_from}");
            assert_eq!(later.modules(), []);
        }
        // It does not come by a warm list, nor by being handed over.
        let later = reader(folder, &format!("{other_id}\n"));
        assert_eq!((later.warming().loaded, later.warming().failed), (0, 1));
        assert_eq!(run(&elf, &later), 0);
        let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
        let native = NativeModule::map(other.clone()).expect("it can be mapped");
        let region = program.code_regions()[0];
        assert!(later.adopt(&region, Arc::new(native)).is_err());
        assert_eq!(run(&elf, &later), 0);
    }
}

#[test]
fn a_quarantine_takes_modules_with_another_heat_from_machines() {
    let elf = hidden_loop(5000);
    let [one, other] = [1, 2].map(|weight| module(&elf, &[(0, weight)]));
    let folder = tempfile::tempdir().expect("a temporary folder");
    // One engine has the first, and a later one the second.
    let stored = |module: &TrustedModule| {
        let engine = with_cache(folder.path(), Translate::Never).build();
        (engine.cache().expect("a cache").store(module)).expect("room");
        assert!(run(&elf, &engine) > 0);
        assert_eq!(engine.modules(), [module.key.id()]);
        engine
    };
    let engines = [stored(&one), stored(&other)];
    assert!(engines[0].quarantine(&one.key.id(), "a test"));
    assert_eq!(run(&elf, &engines[0]), 0);
    // The other one reads the list when it next looks into the cache.
    assert!(run(&crate::guest::elf(1000), &engines[1]) == 0);
    assert_eq!(run(&elf, &engines[1]), 0);
    assert_eq!(engines[1].modules(), []);
}

#[test]
fn an_id_of_which_no_more_is_known_keeps_the_preferred_heat_from_running() {
    let elf = hidden_loop(5000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = module(&elf, &[(0, 1)]);
    let engine = with_cache(folder.path(), Translate::Now).build();
    assert!(run(&elf, &engine) > 0);
    (engine.cache().expect("a cache").store(&one)).expect("room");
    // As somebody without the module, who has read of it, may write it.
    let list = folder.path().join("cache/quarantine");
    std::fs::write(&list, format!("{} a test\n", one.key.id())).expect("room");
    let later = with_cache(folder.path(), Translate::Now).build();
    assert_eq!(run(&elf, &later), 0);
    assert_eq!(later.modules(), []);
}
