//! A miscompiled module in a node: caught by shadow checking, quarantined, reported with a bundle; and
//! with confirmation, never seen by the host at all.
//!
//! The compiler is one that injects a fault and says nothing of it: the module has the key of a sound
//! one. The scripts are the real lock, driven by `ckb-script`, and a guest of two pieces of code.

// As a node's page of metrics; it is looked at, and not shown.
// This test uses a part of it.

use lockstep_test_support::transaction;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ckb_types::core::ScriptHashType;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::{Confirm, EngineBuilder, Mode, Share, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_cache::Cache;
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::{Cost, Profile, Version};
use lockstep_runtime::{Core, CostTable, Machine, Outcome};
use lockstep_test_support::recorder::Page;
use lockstep_test_support::transaction::system::{Signature, sighash, system_cell};
use lockstep_test_support::transaction::{Case, silent};
use lockstep_test_support::trusted::trusted;
use lockstep_translator::{Fault, Injection, key, translate_while};

const PLENTY: u64 = 70_000_000;
const LOCK: &str = "secp256k1_blake160_sighash_all";

/// A compiler that injects a fault where it finds the block, under the key of a sound module.
fn miscompiling(builder: EngineBuilder, injection: Injection) -> EngineBuilder {
    builder.compiler(move |text, hints, options, progress| {
        let injected = (options.clone()).with_injection(
            (text.base..text.end())
                .contains(&injection.block)
                .then_some(injection),
        );
        let mut translation = translate_while(text, hints, &injected, progress)?;
        let mut module = translation.module.into_module();
        module.key = key(text, options)?;
        translation.module = trusted(module);
        Ok(translation)
    })
}

fn builder(folder: &Path) -> EngineBuilder {
    Engine::builder()
        .mode(Mode::Auto)
        .translate(Translate::Now)
        .cache(folder)
        .key_file(folder.join("key"))
        .no_warm()
        .shadow(Share::NONE)
        .confirm(Confirm::Nothing)
}

fn share(share: f64) -> Share {
    Share::new(share).expect("it is one")
}

/// The page of this process: shadow checking has a thread of its own.
fn page() -> &'static Page {
    static PAGE: OnceLock<&'static Page> = OnceLock::new();
    PAGE.get_or_init(|| {
        let page: &Page = Box::leak(Box::default());
        metrics::set_global_recorder(page).expect("there is no other");
        page
    })
}

fn wait(engine: &Engine) {
    let started = Instant::now();
    while !engine.shadow_is_idle() {
        assert!(started.elapsed() < Duration::from_secs(600), "it hangs");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The first block of the lock, and one that every run comes through that stores nothing.
fn entry() -> u64 {
    let elf = system_cell(LOCK);
    let platform = Platform::default().with_profile(Profile::of(Version::V2));
    let program = Program::load(&elf, &platform).expect("it can be loaded");
    program.image().entry
}

fn good() -> Case {
    Case::new(
        "good",
        sighash(ScriptHashType::Data2, Signature::Good),
        true,
    )
}

fn bad() -> Case {
    let mock = sighash(ScriptHashType::Data2, Signature::BitFlipped);
    Case::new("bad", mock, false)
}

/// Cycles, or the error's text.
fn verify<M: DefaultMachineRunner>(case: &Case) -> Result<u64, String> {
    let verifier = case.transaction().verifier::<M>(case.latest, silent());
    verifier.verify(PLENTY).map_err(|error| error.to_string())
}

fn verify_on(engine: &Arc<Engine>, case: &Case) -> Result<u64, String> {
    with_engine(Arc::clone(engine), || verify::<NativeMachine>(case))
}

/// More cycles than it costs: seen whatever the script does afterwards.
fn dear(block: u64) -> Injection {
    let fault = Fault::Cycles { more: 1 };
    Injection { block, fault }
}

#[test]
fn a_miscompiled_module_is_caught_quarantined_and_reported() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = miscompiling(builder(folder.path()), dear(entry())).shadow(share(1.0));
    let engine = Arc::new(engine.build());
    let right = verify::<AsmMachine>(&good());
    let counted = |name: &str| page().counter(name).unwrap_or(0);
    let metrics = [
        "ckb_lockstep_mismatches",
        "ckb_lockstep_shadowed{outcome=\"different\"}",
    ];
    let before = metrics.map(counted);

    // Shadow checking comes later: this verdict has been given.
    let wrong = verify_on(&engine, &good());
    assert_eq!(wrong, right.clone().map(|cycles| cycles + 1));
    wait(&engine);

    let stats = engine.stats();
    assert_eq!(stats.mismatches, 1, "{stats:?}");
    assert_eq!(stats.shadowed.get("different"), Some(&1));
    // Other tests of this process count on the same page.
    for (name, before) in metrics.into_iter().zip(before) {
        assert!(counted(name) > before, "{name}");
    }
    let quarantined = engine.quarantined();
    assert_eq!(quarantined.len(), 1);
    let (id, reason) = &quarantined[0];
    assert!(reason.starts_with("cycles is "), "{reason}");
    let cache = engine.cache().expect("there is one");
    assert!(!cache.path(id).exists());
    assert_eq!(cache.quarantined().expect("the list can be read")[0].0, *id);

    let found = &engine.divergences()[0];
    assert_eq!(found.blocks, [entry()]);
    let bundle = found.bundle.as_ref().expect("it was written");
    for name in ["README.txt", "module.lkm", "before.pages", "block.clif"] {
        assert!(bundle.join(name).exists(), "{name}");
    }

    // From here on verdicts are right, and the script is interpreted.
    let before = lockstep::ckb::counters();
    for case in [good(), bad(), good()] {
        assert_eq!(verify_on(&engine, &case), verify::<AsmMachine>(&case));
    }
    let after = lockstep::ckb::counters();
    assert!(after.charged_cycles > before.charged_cycles);

    // After a restart too, though the compiler is a sound one now.
    let again = Arc::new(builder(folder.path()).build());
    assert_eq!(verify_on(&again, &good()), right);
    assert!(again.modules().is_empty());
}

#[test]
fn a_small_share_catches_it_soon() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = miscompiling(builder(folder.path()), dear(entry())).shadow(share(0.05));
    let engine = Arc::new(engine.build());
    let right = verify::<AsmMachine>(&good());
    let mut wrong = 0;
    while engine.quarantined().is_empty() {
        let verdict = verify_on(&engine, &good());
        wrong += usize::from(verdict != right);
        assert!(wrong < 1000, "it is never sampled");
        wait(&engine);
    }
    assert!(wrong > 0);
    for _ in 0..10 {
        assert_eq!(verify_on(&engine, &good()), right);
    }
}

#[test]
fn where_samples_are_confirmed_the_first_verdict_is_right() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = miscompiling(builder(folder.path()), dear(entry()))
        .shadow(share(1.0))
        .confirm(Confirm::Sampled);
    let engine = Arc::new(engine.build());
    for case in [good(), bad()] {
        assert_eq!(verify_on(&engine, &case), verify::<AsmMachine>(&case));
    }
    wait(&engine);
    assert_eq!(engine.stats().mismatches, 1);
    assert_eq!(engine.quarantined().len(), 1);
    assert_eq!(engine.divergences()[0].blocks, [entry()]);
}

#[test]
fn a_failure_is_confirmed_before_it_is_reported() {
    // Beyond all memory: the script cannot but fail.
    let fault = Fault::Register {
        register: 2,
        xor: 1 << 40,
    };
    let injection = Injection {
        block: entry(),
        fault,
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unwatched = Arc::new(
        miscompiling(builder(folder.path()), injection)
            .no_cache()
            .build(),
    );
    let wrong = verify_on(&unwatched, &good());
    assert!(
        wrong
            .as_ref()
            .is_err_and(|error| error.contains("MemOutOfBound")),
        "{wrong:?}"
    );

    let engine = miscompiling(builder(folder.path()), injection).confirm(Confirm::Failures);
    let engine = Arc::new(engine.build());
    for case in [good(), bad()] {
        assert_eq!(verify_on(&engine, &case), verify::<AsmMachine>(&case));
    }
    wait(&engine);
    assert_eq!(engine.quarantined().len(), 1);
    assert_eq!(engine.divergences()[0].blocks, [entry()]);

    // Sound code is confirmed and stays.
    let sound = builder(folder.path()).no_cache().confirm(Confirm::Failures);
    let sound = Arc::new(sound.build());
    for case in [good(), bad()] {
        assert_eq!(verify_on(&sound, &case), verify::<AsmMachine>(&case));
    }
    assert_eq!((sound.stats().mismatches, sound.modules().len()), (0, 1));
}

#[test]
fn sound_code_is_watched_without_a_difference() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = Arc::new(builder(folder.path()).shadow(share(1.0)).build());
    let scripts = transaction::scripts::cases();
    for case in transaction::system::cases().into_iter().chain(scripts) {
        assert_eq!(
            verify_on(&engine, &case),
            verify::<AsmMachine>(&case),
            "{}",
            case.name
        );
        wait(&engine);
    }
    let stats = engine.stats();
    assert!(stats.shadowed.get("same") > Some(&50), "{stats:?}");
    assert_eq!(
        (stats.shadowed.get("different"), stats.mismatches),
        (None, 0)
    );
    assert!(engine.quarantined().is_empty());
}

/// Of two modules that ran in one interval, the one with the fault goes and the other comes back.
#[test]
fn of_several_modules_the_guilty_one_is_quarantined() {
    let words = |words: &[u32]| -> Vec<u8> { words.iter().flat_map(|w| w.to_le_bytes()).collect() };
    // lui t0, 0x20; jalr ra, t0; li a7, 93; ecall
    let main = words(&[0x0002_02b7, 0x0002_80e7, 0x05d0_0893, 0x73]);
    // li a0, 0; ret
    let callee = words(&[0x0000_0513, 0x0000_8067]);
    let machine = || {
        let mut core = Core::new(Profile::of(Version::V2), 1 << 20, 1 << 20).expect("memory");
        for (addr, code) in [(0x1_0000, &main), (0x2_0000, &callee)] {
            let flags = EXECUTABLE | FREEZED;
            (core.memory_mut().init_pages(addr, 0x1000, flags, code, 0)).expect("there is room");
        }
        core.set_pc(0x1_0000);
        Machine::new(core)
    };
    let cost = CostTable::from(Cost::Estimate);
    let run = |engine: &Engine| {
        let mut machine = machine();
        let outcome = machine.run(&engine.environment(&cost));
        assert_eq!(outcome, Ok(Outcome::Exit(0)));
        (machine.core().cycles(), machine.core().native_cycles())
    };
    let alone = Engine::builder().mode(Mode::Interp).no_cache().build();
    let (right, _) = run(&alone);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = miscompiling(builder(folder.path()), dear(0x2_0000)).shadow(share(1.0));
    let engine = engine.build();
    assert_eq!(run(&engine), (right + 1, right + 1));
    wait(&engine);
    assert_eq!(engine.divergences()[0].blocks, [0x2_0000]);
    assert_eq!(engine.quarantined().len(), 1);
    let cache: &Cache = engine.cache().expect("there is one");
    // Both were made; one is left, and runs.
    let left = lockstep_cache::list(cache.folder()).expect("it can be listed");
    assert_eq!(left.len(), 1);
    let (cycles, native) = run(&engine);
    assert_eq!(cycles, right);
    assert!(native > 0 && native < right, "{native} of {right}");
}
