//! Compilers that hang, panic, refuse, or take too long: the machines must not notice.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::Duration;

use lockstep_translator::{self as translator, TranslateError};

use crate::guest::{Door, LONG, background, elf, run, wait_until};

#[test]
fn a_compiler_that_hangs_costs_its_worker_and_nothing_else() {
    let door = Door::default();
    let shut = door.clone();
    let hanging = elf(100_000);
    let engine = background()
        .threshold(1000)
        .workers(2)
        .compiler(move |text, hints, options, progress| {
            if text.bytes[..64] == elf_text(100_000)[..64] {
                shut.wait();
            }
            translator::translate_while(text, hints, options, progress)
        })
        .build();
    wait_until("the hanging translation", || {
        assert_eq!(run(&hanging, &engine), 0);
        door.waiting() == 1
    });
    // Others get native code, and the one that hangs is interpreted.
    let other = elf(300_000);
    wait_until("native code", || run(&other, &engine) > 0);
    assert_eq!(run(&hanging, &engine), 0);
    // An engine with a thread that hangs can be dropped.
    drop(engine);
    door.open();
}

fn elf_text(rounds: u64) -> Vec<u8> {
    let elf = elf(rounds);
    let program = lockstep::Program::load(&elf, &lockstep::Platform::default());
    program.expect("a good ELF").code_regions()[0]
        .bytes
        .to_vec()
}

#[test]
fn what_failed_is_tried_again_after_waits_that_double() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let engine = background()
        .threshold(1000)
        .compiler(move |text, hints, options, progress| {
            // Two failures, then it works.
            match counted.fetch_add(1, Ordering::SeqCst) {
                0 | 1 => Err(TranslateError::Compiler("a test".to_owned())),
                _ => translator::translate_while(text, hints, options, progress),
            }
        })
        .build();
    // Some 4000 cycles a run; waits are 64 and 128 thousand.
    let elf = elf(1000);
    let runs_until = |count: usize| {
        let mut runs = 0;
        while calls.load(Ordering::SeqCst) < count {
            let native = run(&elf, &engine);
            runs += 1;
            assert!(runs < 1000, "never tried");
            wait_until("idle threads", || engine.backlog().is_empty());
            // A slow run may see the module that was made during it.
            assert!(native == 0 || calls.load(Ordering::SeqCst) == 3, "{native}");
        }
        runs
    };
    let (first, second, third) = (runs_until(1), runs_until(2), runs_until(3));
    assert!(first <= 3, "{first}");
    assert!((14..=18).contains(&second), "{second}");
    assert!((28..=36).contains(&third), "{third}");
    assert_eq!(engine.stats().failures, 2);
    assert!(run(&elf, &engine) > 0);
}

#[test]
fn a_panic_is_a_failure_and_the_worker_goes_on() {
    let engine = background()
        .threshold(1000)
        .workers(1)
        .compiler(|text, hints, options, progress| {
            if text.bytes[..64] == elf_text(100_000)[..64] {
                // As a panic, without its message among the tests' output.
                panic::resume_unwind(Box::new("a test"));
            }
            translator::translate_while(text, hints, options, progress)
        })
        .build();
    let (bad, good) = (elf(100_000), elf(300_000));
    wait_until("the panic", || {
        assert_eq!(run(&bad, &engine), 0);
        engine.stats().failures >= 1
    });
    wait_until("native code", || run(&good, &engine) > 0);
    assert_eq!(run(&bad, &engine), 0);
}

#[test]
fn a_translation_over_its_budget_ends_between_two_units() {
    let engine = background()
        .threshold(1000)
        .translation_time(Duration::from_millis(20))
        .compiler(|_, _, _, progress| {
            while progress(0, 1).is_continue() {
                sleep(Duration::from_millis(1));
            }
            Err(TranslateError::Stopped { done: 0, all: 1 })
        })
        .build();
    let elf = elf(100_000);
    wait_until("the end of the budget", || {
        assert_eq!(run(&elf, &engine), 0);
        engine.stats().failures >= 1
    });
    // One that is as slow and has the time goes on to its end.
    let engine = background()
        .threshold(1000)
        .translation_time(LONG)
        .compiler(|text, hints, options, progress| {
            for unit in 0..20 {
                assert!(progress(unit, 20).is_continue());
                sleep(Duration::from_millis(1));
            }
            translator::translate_while(text, hints, options, progress)
        })
        .build();
    wait_until("native code", || run(&elf, &engine) > 0);
    assert_eq!(engine.stats().failures, 0);
}
