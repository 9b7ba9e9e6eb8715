//! Translation beside the machines: when it begins, in which order, and when it takes effect.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_translator::{self as translator, TranslateError};

use crate::guest::{Door, LONG, background, elf, machine, pause_when_native, run, wait_until};

#[test]
fn a_module_takes_effect_in_a_machine_that_runs() {
    let engine = background().threshold(100_000).build();
    let mut machine = machine(&elf(1 << 40));
    pause_when_native(&mut machine, &engine);
    assert_eq!(engine.stats().translations, 1);
    let core = machine.core();
    assert!(core.native_cycles() > 0);
    assert!(core.cycles() - core.native_cycles() >= 100_000, "too early");
}

#[test]
fn what_runs_little_is_not_translated() {
    let engine = background().threshold(1_000_000).build();
    let elf = elf(1000);
    for _ in 0..100 {
        assert_eq!(run(&elf, &engine), 0);
    }
    assert_eq!(engine.stats().translations, 0);
    // Cycles add up over machines.
    wait_until("a translation", || {
        run(&elf, &engine);
        engine.stats().translations == 1
    });
    wait_until("native code", || run(&elf, &engine) > 0);
}

#[test]
fn a_text_is_queued_once_however_many_machines_run_it() {
    let calls = Arc::new(AtomicUsize::new(0));
    let door = Door::default();
    let (counted, shut) = (Arc::clone(&calls), door.clone());
    let engine = background()
        .threshold(1000)
        .workers(2)
        .compiler(move |text, hints, options, progress| {
            counted.fetch_add(1, Ordering::SeqCst);
            shut.wait();
            translator::translate_while(text, hints, options, progress)
        })
        .build();
    let elf = elf(200_000);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                // All of them until it is queued, and on.
                wait_until("a worker at the door", || {
                    assert_eq!(run(&elf, &engine), 0);
                    door.waiting() > 0
                });
                for _ in 0..5 {
                    assert_eq!(run(&elf, &engine), 0);
                }
            });
        }
    });
    assert_eq!(engine.backlog().translations, 0);
    door.open();
    wait_until("native code", || run(&elf, &engine) > 0);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn the_queue_is_bounded_and_what_ran_most_comes_first() {
    let door = Door::default();
    let order = Arc::new(Mutex::new(Vec::new()));
    let (shut, made) = (door.clone(), Arc::clone(&order));
    let engine = background()
        .threshold(1000)
        .workers(1)
        .queue(2)
        .compiler(move |text, hints, options, progress| {
            made.lock()
                .expect("nobody panics")
                .push(text.bytes.to_vec());
            shut.wait();
            translator::translate_while(text, hints, options, progress)
        })
        .build();
    let elfs = [30_000, 100_000, 1_000_000, 200_000].map(elf);
    // The first one keeps the only worker busy.
    wait_until("a worker at the door", || {
        run(&elfs[0], &engine);
        door.waiting() == 1
    });
    for elf in &elfs[1..] {
        // The first machine asks, a worker looks into the cache, the second machine is told to queue.
        run(elf, &engine);
        wait_until("a look into the cache", || {
            let backlog = engine.backlog();
            (backlog.loads, backlog.at_work) == (0, 1)
        });
        run(elf, &engine);
    }
    // The last one was put off as well while less of it had run than of what was waiting.
    run(&elfs[3], &engine);
    run(&elfs[3], &engine);
    assert_eq!(engine.backlog().translations, 2);
    assert!(engine.stats().put_off >= 1);
    door.open();
    wait_until("all of the queue", || engine.backlog().is_empty());
    let texts = elfs.map(|elf| text(&elf));
    let order = order.lock().expect("nobody panics").clone();
    let which = |made: &Vec<u8>| texts.iter().position(|text| text == made);
    let order: Vec<Option<usize>> = order.iter().map(which).collect();
    assert_eq!(order, [Some(0), Some(2), Some(3)]);
    // What gave way is not forgotten.
    let elf = elf(100_000);
    wait_until("native code", || run(&elf, &engine) > 0);
}

fn text(elf: &[u8]) -> Vec<u8> {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    program.code_regions()[0].bytes.to_vec()
}

#[test]
fn a_dropped_engine_ends_its_threads() {
    struct Gone(mpsc::Sender<()>);
    impl Drop for Gone {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (send, gone) = mpsc::channel();
    let (at, door) = (Door::default(), Door::default());
    let (came, shut) = (at.clone(), door.clone());
    let alive = Arc::new(AtomicUsize::new(0));
    let ended = Arc::clone(&alive);
    let engine = background()
        .threshold(1000)
        .compiler(move |_, _, _, progress| {
            let _gone = Gone(send.clone());
            came.open();
            shut.wait();
            // Between two units; the engine is gone by now.
            if progress(1, 2).is_break() {
                return Err(TranslateError::Stopped { done: 1, all: 2 });
            }
            ended.fetch_add(1, Ordering::SeqCst);
            Err(TranslateError::Compiler("nobody wants it".to_owned()))
        });
    let engine = engine.build();
    let elf = elf(100_000);
    wait_until("a translation", || {
        run(&elf, &engine);
        engine.backlog().translations == 0 && at.is_open()
    });
    drop(engine);
    door.open();
    gone.recv_timeout(LONG).expect("the translation ends");
    assert_eq!(alive.load(Ordering::SeqCst), 0, "it went on for nobody");
    // The compiler belongs to what the threads share.
    wait_until("the end of the threads", || Arc::strong_count(&alive) == 1);
}

#[test]
fn a_cache_that_another_process_fills_is_looked_into_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let with = |translate| {
        let builder = Engine::builder().no_warm().mode(Mode::Auto);
        let builder = builder
            .cache(folder.path().join("cache"))
            .key_file(folder.path().join("key"));
        builder.translate(translate).build()
    };
    let (never, now) = (with(Translate::Never), with(Translate::Now));
    let elf = elf(100_000);
    for _ in 0..3 {
        assert_eq!(run(&elf, &never), 0);
    }
    assert!(run(&elf, &now) > 0);
    wait_until("native code", || run(&elf, &never) > 0);
    let stats = never.stats();
    assert_eq!((stats.translations, stats.cache_hits), (0, 1));
    // Looking costs something, so it is not done for every machine.
    assert!(stats.cache_misses["absent"] <= 3, "{stats:?}");
}
