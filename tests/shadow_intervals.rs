//! Observed native code: intervals between two host calls repeated on the interpreter, later or at
//! once, and failures confirmed. A library of this test says what is to be watched and notes what it is
//! told; what the product's engine does with that is tested in `shadow.rs`.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use lockstep::bundle::{self, Evidence};
use lockstep_isa::{Cost, Version};
use lockstep_runtime::{
    CodeSource, Interval, Mismatch, Observer, OnFailure, Outcome, Repeat, Request, ShadowPlan,
    SharedRegion, Trap,
};
use lockstep_test_support::driver::{Guest, interpreter};
use lockstep_test_support::guests::guests;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::{Program, Segment, write_elf};
use lockstep_translator::{Entries, Fault, Injection, Options};

/// A source of modules, with an injected fault or without, and an observer that notes what it is told.
struct Observed {
    modules: Arc<Modules>,
    plan: ShadowPlan,
    intervals: Mutex<Vec<Interval>>,
    mismatches: Mutex<Vec<(Interval, Mismatch)>>,
}

fn modules(entries: Entries, inject: Option<Injection>) -> Arc<Modules> {
    Modules::with(
        Options::default()
            .with_entries(entries)
            .with_injection(inject),
    )
}

impl Observed {
    fn new(plan: ShadowPlan, inject: Option<Injection>) -> Observed {
        Observed {
            modules: modules(Entries::WhereNeeded, inject),
            plan,
            intervals: Mutex::default(),
            mismatches: Mutex::default(),
        }
    }

    fn mismatches(&self) -> Vec<(Interval, Mismatch)> {
        std::mem::take(&mut *self.mismatches.lock().expect("nobody panicked"))
    }
}

impl CodeSource for Observed {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        self.modules.find(request)
    }
}

impl Observer for Observed {
    fn shadow_plan(&self) -> ShadowPlan {
        self.plan
    }

    fn repeat(&self, interval: Interval) {
        let mut intervals = self.intervals.lock().expect("nobody panicked");
        intervals.push(interval);
    }

    fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        let mut mismatches = self.mismatches.lock().expect("nobody panicked");
        mismatches.push((interval, mismatch));
    }
}

const NOW: ShadowPlan = ShadowPlan {
    repeat: Some(Repeat::Now),
    on_failure: OnFailure::Accept,
};
const LATER: ShadowPlan = ShadowPlan {
    repeat: Some(Repeat::Later),
    on_failure: OnFailure::Accept,
};
const FAILURES: ShadowPlan = ShadowPlan {
    repeat: None,
    on_failure: OnFailure::Repeat,
};

fn listed(name: &str) -> Guest {
    let guests = guests();
    let found = guests.iter().find(|guest| guest.name == name);
    Guest::of(&found.expect("it is listed").program(&[]), Version::V2)
}

/// A block that runs often, some way into the guest.
fn busy(guest: &Guest) -> u64 {
    let heads = guest.heads(20_000);
    let middle = heads[heads.len() / 2];
    assert!(heads.iter().filter(|head| **head == middle).count() > 3);
    middle
}

fn register(block: u64, register: u8) -> Option<Injection> {
    let fault = Fault::Register { register, xor: 4 };
    Some(Injection { block, fault })
}

/// What a block does to a register may not matter at the end of an interval; this always does.
fn cycles(block: u64) -> Option<Injection> {
    let fault = Fault::Cycles { more: 1 };
    Some(Injection { block, fault })
}

#[test]
fn sound_code_is_repeated_without_a_difference() {
    for name in ["print", "sha256", "strings"] {
        let guest = listed(name);
        let alone = guest.run(&interpreter());
        for plan in [NOW, LATER, FAILURES] {
            let library = Observed::new(plan, None);
            let trip = guest.run_with(&library);
            assert_eq!(trip.end, alone.end, "{name} {plan:?}");
            assert!(trip.native_cycles * 100 > trip.end.cycles * 98, "{name}");
            assert!(library.mismatches().is_empty(), "{name} {plan:?}");
            let intervals = library.intervals.lock().expect("nobody panicked");
            assert_eq!(intervals.is_empty(), plan != LATER, "{name}");
            for interval in &*intervals {
                let mismatch = interval.repeat().expect("there is memory");
                assert!(mismatch.is_none(), "{name}: {mismatch:?}");
            }
        }
    }
}

#[test]
fn a_fault_is_seen_later_in_the_interval_that_has_it() {
    let guest = listed("sha256");
    let block = busy(&guest);
    let library = Observed::new(LATER, cycles(block));
    guest.run_with(&library);
    let intervals = std::mem::take(&mut *library.intervals.lock().expect("nobody panicked"));
    assert!(!intervals.is_empty());
    let mut seen = 0;
    for interval in intervals {
        let Some(mismatch) = interval.repeat().expect("there is memory") else {
            continue;
        };
        seen += 1;
        let blocks = modules(Entries::EveryBlock, cycles(block));
        let found = interval
            .locate(mismatch, &*blocks)
            .expect("there is memory");
        assert_eq!(found.blocks, [block]);
        assert_eq!(found.before.pc(), block);
    }
    assert!(seen > 0);
}

#[test]
fn where_it_is_repeated_at_once_the_interpreter_decides() {
    for name in ["sha256", "sorthash", "strings"] {
        let guest = listed(name);
        let block = busy(&guest);
        let library = Observed::new(NOW, cycles(block));
        let trip = guest.run_with(&library);
        assert_eq!(trip.end, guest.run(&interpreter()).end, "{name}");
        let (interval, mismatch) = library.mismatches().remove(0);
        // Without modules that leave after every block, the shortest interval that there is.
        let found = interval
            .locate(mismatch, &Nothing)
            .expect("there is memory");
        assert!(found.blocks.contains(&block), "{name}: {:x?}", found.blocks);
        assert!(found.blocks.len() < 100, "{name}: {}", found.blocks.len());
    }
}

/// Of several that write into one folder at once, each has a number, and no number is left out.
#[test]
fn bundles_that_are_written_at_once_are_all_kept() {
    let guest = listed("fib");
    let library = Observed::new(NOW, cycles(busy(&guest)));
    guest.run_with(&library);
    let (interval, mismatch) = library.mismatches().remove(0);
    let found = interval
        .locate(mismatch, &Nothing)
        .expect("there is memory");
    let write = |folder: &Path| {
        let (options, evidence) = (Options::default(), Evidence::default());
        let written = bundle::write(folder, &found, Cost::Estimate, &options, &evidence);
        written.expect("it can be written").expect("there is room")
    };
    // What happens depends on when threads are where.
    for _ in 0..12 {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().canonicalize().expect("it is there");
        let mut bundles: Vec<_> = thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| [(); bundle::BUNDLES_PER_FOLDER / 4].map(|()| write(&folder)))
                })
                .collect();
            let written = writers.into_iter().map(|writer| writer.join());
            let written = written.flat_map(|written| written.expect("it does not panic"));
            written.collect()
        });
        bundles.sort();
        let expected =
            (1..=bundle::BUNDLES_PER_FOLDER).map(|number| folder.join(format!("{number:04}")));
        assert!(
            bundles.iter().eq(&expected.collect::<Vec<_>>()),
            "{bundles:?}"
        );
    }
}

/// A library without native code.
struct Nothing;

impl CodeSource for Nothing {
    fn find(&self, _: &Request<'_>) -> Option<Arc<SharedRegion>> {
        None
    }
}

/// Runs with failures confirmed, and without that.
fn confirmed(guest: &Guest, inject: Option<Injection>) -> (Result<Outcome, Trap>, usize) {
    let accepting = Observed::new(ShadowPlan::default(), inject);
    let wrong = guest.run_with(&accepting).end.result;
    let library = Observed::new(FAILURES, inject);
    let trip = guest.run_with(&library);
    assert_eq!(trip.end, guest.run(&interpreter()).end, "{wrong:?}");
    (wrong, library.mismatches().len())
}

#[test]
fn a_failure_of_native_code_alone_is_none() {
    let guest = listed("fib");
    let heads = guest.heads(usize::MAX);
    let last = heads[heads.len() - 1];
    // A wrong exit code.
    let (wrong, seen) = confirmed(&guest, register(last, 10));
    assert_eq!((wrong, seen), (Ok(Outcome::Exit(4)), 1));
    // A system call that nobody knows.
    let (wrong, seen) = confirmed(&guest, register(last, 17));
    assert_eq!((wrong, seen), (Err(Trap::InvalidEcall(93 ^ 4)), 1));
    // A fault.
    let fault = Fault::Register {
        register: 2,
        xor: 1 << 40,
    };
    let block = heads[0];
    let (wrong, seen) = confirmed(&guest, Some(Injection { block, fault }));
    assert_eq!((wrong, seen), (Err(Trap::MemOutOfBound), 1));
}

#[test]
fn a_failure_of_the_guest_is_confirmed() {
    // li a0, 7; li a7, 93; ecall
    let exits = [0x0070_0513, 0x05d0_0893, 0x73];
    // ld a0, -8(zero)
    let faults = [0xff80_3503, 0x05d0_0893, 0x73];
    // li a0, 7; li a7, 94; ecall
    let calls = [0x0070_0513, 0x05e0_0893, 0x73];
    for (code, expected) in [
        (exits, Ok(Outcome::Exit(7))),
        (faults, Err(Trap::MemOutOfBound)),
        (calls, Err(Trap::InvalidEcall(94))),
    ] {
        let bytes = code.into_iter().flat_map(u32::to_le_bytes).collect();
        let text = Segment {
            addr: 0x10000,
            flags: Segment::TEXT,
            bytes,
        };
        let program = Program {
            name: "fails".to_owned(),
            elf: write_elf(0x10000, &[text]),
            ..Program::default()
        };
        let guest = Guest::of(&program, Version::V2);
        assert_eq!(confirmed(&guest, None), (expected, 0));
    }
}
