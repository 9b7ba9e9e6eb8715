//! What is counted, as a recorder sees it: names, labels and amounts.

use std::sync::Arc;

use lockstep::engine::Translate;
use lockstep::engine::meter::METRICS;
use lockstep_contract::key::KeyId;

use crate::guest::{background, elf, run, wait_until};
use lockstep_test_support::recorder::Page;

#[test]
fn what_an_engine_does_is_on_the_page() {
    let page = Arc::new(Page::default());
    let text = elf(1000);
    // Everything on this thread: the recorder is this thread's.
    metrics::with_local_recorder(&*page, || {
        lockstep::engine::meter::describe_metrics();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let builder = || {
            let builder = background()
                .cache(folder.path().join("cache"))
                .key_file(folder.path().join("key"));
            builder.translate(Translate::Now)
        };
        let engine = builder().build();
        run(&text, &engine);
        run(&text, &engine);
        run(&text, &builder().build());
        let id = engine.modules()[0];
        engine.disable_script(&id);
        run(&text, &engine);
        engine.quarantine(&id, "a test");
        run(&text, &engine);
        let refusing = builder().no_cache().compiler(|_, _, _, _| {
            Err(lockstep_translator::TranslateError::Compiler(
                "a test".to_owned(),
            ))
        });
        run(&text, &refusing.build());
        engine.disable();
    });
    let shown = page.render();
    for line in [
        "ckb_lockstep_translations{outcome=\"made\"} 1",
        "ckb_lockstep_translations{outcome=\"refused\"} 1",
        "ckb_lockstep_translate_seconds_count 2",
        "ckb_lockstep_module_bytes_count 1",
        "ckb_lockstep_cache_misses{cause=\"absent\"} 1",
        "ckb_lockstep_cache_hits 1",
        "ckb_lockstep_load_seconds_count 1",
        "ckb_lockstep_hits 1",
        "ckb_lockstep_fallbacks{cause=\"script_off\"} 1",
        "ckb_lockstep_fallbacks{cause=\"quarantined\"} 1",
        "ckb_lockstep_fallbacks{cause=\"failed\"} 1",
        "ckb_lockstep_quarantined 1",
        "ckb_lockstep_negative 1",
        "ckb_lockstep_enabled 0",
        "# TYPE ckb_lockstep_translations counter",
        "# TYPE ckb_lockstep_enabled gauge",
        "# TYPE ckb_lockstep_translate_seconds histogram",
    ] {
        assert!(
            shown.lines().any(|shown| shown == line),
            "{line} in:\n{shown}"
        );
    }
    // Nothing is shown that the list does not name.
    for line in shown.lines().filter(|line| !line.starts_with('#')) {
        let is = |name: &str| line.starts_with(name);
        assert!(METRICS.iter().any(|(name, _, _)| is(name)), "{line}");
    }
}

#[test]
fn what_has_no_labels_is_on_the_page_from_the_start() {
    let page = Arc::new(Page::default());
    metrics::with_local_recorder(&*page, lockstep::engine::meter::describe_metrics);
    let shown = page.render();
    for line in [
        "ckb_lockstep_mismatches 0",
        "ckb_lockstep_quarantined 0",
        "ckb_lockstep_translate_seconds_count 0",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}");
    }
}

#[test]
fn a_quarantine_of_the_past_is_on_the_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = || {
        let builder = background()
            .cache(folder.path().join("cache"))
            .key_file(folder.path().join("key"));
        builder.translate(Translate::Now).build()
    };
    let text = elf(1000);
    let first = engine();
    run(&text, &first);
    first.quarantine(&first.modules()[0], "a test");
    // A restart, as soon as it looks into its cache.
    let page = Arc::new(Page::default());
    metrics::with_local_recorder(&*page, || {
        let second = engine();
        assert_eq!(page.gauge("ckb_lockstep_enabled"), Some(1.0));
        run(&elf(2000), &second);
    });
    assert_eq!(page.gauge("ckb_lockstep_quarantined"), Some(1.0));
}

#[test]
fn the_documentation_names_every_metric() {
    let text = include_str!("../../docs/node.md");
    for (name, kind, meaning) in METRICS {
        let kind = format!("{kind:?}").to_lowercase();
        let row = format!("| `{name}` | {kind} | {meaning} |");
        assert!(text.lines().any(|line| line == row), "missing: {row}");
    }
}

#[test]
fn what_is_resident_is_what_is_loaded() {
    let page = Arc::new(Page::default());
    metrics::with_local_recorder(&*page, || {
        let engine = background().translate(Translate::Now).build();
        for rounds in [1000, 2000, 3000] {
            run(&elf(rounds), &engine);
        }
        let value = |name: &str| page.gauge(name).expect("it was set");
        assert_eq!(value("ckb_lockstep_modules"), 3.0);
        let bytes = value("ckb_lockstep_resident_bytes");
        let first: KeyId = engine.modules()[0];
        engine.evict(&first);
        assert_eq!(value("ckb_lockstep_modules"), 2.0);
        assert!(value("ckb_lockstep_resident_bytes") < bytes);
        engine.evict_all();
        assert_eq!(value("ckb_lockstep_resident_bytes"), 0.0);
    });
}

#[test]
fn a_worker_counts_as_well() {
    // Workers report to the recorder of the process; the engine's own figures show the same.
    let engine = background().threshold(1000).build();
    let elf = elf(100_000);
    wait_until("native code", || run(&elf, &engine) > 0);
    // That one may have got it while it ran; this one finds it.
    assert!(run(&elf, &engine) > 0);
    let stats = engine.stats();
    assert_eq!((stats.translations, stats.failures), (1, 0));
    assert!(stats.registry_hits >= 1);
    // The first machine; whether the worker had looked into the cache by then is not to be known.
    assert!(stats.fallbacks.values().sum::<u64>() >= 1);
    assert!(stats.translate_seconds > 0.0);
}
