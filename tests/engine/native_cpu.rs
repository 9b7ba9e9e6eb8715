//! Modules that use all instructions of one CPU: the command builds them, and an engine takes one from
//! the cache where its CPU has the same features. The module that every CPU can run is the fallback.

use std::fs;
use std::path::Path;

use lockstep::engine::{EngineBuilder, Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::key::KeyId;
use lockstep_contract::module::{Module, TrustedModule};
use lockstep_runtime::{MapError, NativeModule};
use lockstep_test_support::trusted::trusted;
use lockstep_translator::{Cpu, Options, translate};

use crate::guest::{elf, run, wait_until};

/// An engine with a cache in this folder.
fn builder(folder: &Path) -> EngineBuilder {
    let builder = Engine::builder()
        .cache(folder.join("cache"))
        .key_file(folder.join("key"));
    builder.mode(Mode::Auto).shadow(Share::NONE).no_warm()
}

fn engine(folder: &Path, translate: Translate) -> Engine {
    builder(folder).translate(translate).build()
}

/// The module of a guest for such a CPU.
fn module(elf: &[u8], cpu: Cpu) -> TrustedModule {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let region = program.code_regions()[0];
    let options = Options::default().with_cpu(cpu);
    let translation = translate(&region, &program.hints(&region), &options, &mut |_, _| {});
    translation.expect("a module").module
}

/// Puts a module into the cache in this folder, as `translate build` does.
fn store(folder: &Path, module: &TrustedModule) -> KeyId {
    let engine = engine(folder, Translate::Never);
    let cache = engine.cache().expect("a cache");
    cache.store(module).expect("room");
    module.key.id()
}

#[test]
fn a_module_for_this_cpu_is_taken_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, elf) = (folder.path(), elf(1000));
    let native = module(&elf, Cpu::Native);
    assert_ne!(native.key.cpu, "", "this CPU has features");
    let native = store(folder, &native);
    for with_both in [false, true] {
        if with_both {
            store(folder, &module(&elf, Cpu::Baseline));
        }
        let engine = engine(folder, Translate::Never);
        assert!(run(&elf, &engine) > 0);
        assert_eq!(engine.modules(), [native]);
        let stats = engine.stats();
        assert_eq!((stats.cache_hits, stats.translations), (1, 0));
        assert!(stats.cache_misses.is_empty(), "{:?}", stats.cache_misses);
    }
}

#[test]
fn where_there_is_none_for_this_cpu_one_miss_is_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = engine(folder.path(), Translate::Now);
    let elf = elf(1000);
    assert!(run(&elf, &engine) > 0);
    assert_eq!(engine.modules(), [module(&elf, Cpu::Baseline).key.id()]);
    let misses = engine.stats().cache_misses;
    assert_eq!(misses.into_iter().collect::<Vec<_>>(), [("absent", 1)]);
}

#[test]
fn switches_and_quarantine_hold_for_a_module_for_this_cpu() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, elf) = (folder.path(), elf(1000));
    let native = module(&elf, Cpu::Native);
    let every = module(&elf, Cpu::Baseline).key.id();
    store(folder, &native);
    let id = native.key.id();
    // A switch by the id of either, or by the digest of the code.
    for switch in [id, every, KeyId(native.key.digest)] {
        let engine = engine(folder, Translate::Never);
        engine.disable_script(&switch);
        assert_eq!(run(&elf, &engine), 0);
        engine.enable_script(&switch);
        assert!(run(&elf, &engine) > 0);
        assert_eq!(engine.modules(), [id]);
    }
    // Quarantined, it is not taken again, although somebody puts it back; the other one is.
    let first = engine(folder, Translate::Now);
    assert!(run(&elf, &first) > 0);
    assert!(first.quarantine(&id, "a test"));
    assert_eq!(run(&elf, &first), 0);
    store(folder, &native);
    let second = engine(folder, Translate::Now);
    assert!(run(&elf, &second) > 0);
    assert_eq!(second.modules(), [every]);
}

#[test]
fn a_quarantine_of_the_module_for_every_cpu_holds_for_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, elf) = (folder.path(), elf(1000));
    store(folder, &module(&elf, Cpu::Native));
    let engine = engine(folder, Translate::Now);
    engine.quarantine(&module(&elf, Cpu::Baseline).key.id(), "a test");
    assert_eq!(run(&elf, &engine), 0);
    assert_eq!(engine.modules(), []);
}

#[test]
fn a_module_with_features_that_this_cpu_lacks_is_not_taken() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (folder, elf) = (folder.path(), elf(1000));
    let native = module(&elf, Cpu::Native);
    let mut other: Module = (*native).clone();
    other.key.cpu.push_str(",has_telepathy");
    let other = trusted(other);
    let id = store(folder, &other);
    // Not by its code, and not by its id.
    let list = folder.join("warm.txt");
    fs::write(&list, format!("{id}\n")).expect("a temporary file");
    let engine = builder(folder).translate(Translate::Never).warm(list);
    let engine = engine.build();
    wait_until("warm", || engine.warming().is_done());
    assert_eq!(engine.warming().failed, 1);
    assert_eq!(run(&elf, &engine), 0);
    assert_eq!(engine.modules(), []);
    match NativeModule::map(other) {
        Err(MapError::Feature { feature }) => assert_eq!(feature, "has_telepathy"),
        other => panic!("{other:?}"),
    }
}
