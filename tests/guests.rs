//! Every guest program on the assembly machine, our interpreter and our native code: the same exit
//! code, cycles, pc, registers, memory and page flags, at the end and at random limits on the way;
//! and nearly all of its cycles are charged by native code.
//!
//! `cargo test --test guests -- --nocapture` shows the figures.

use std::fs;

use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_contract::pages::EXECUTABLE;
use lockstep_isa::Version;
use lockstep_runtime::image::Segment;
use lockstep_test_support::guests::{Guest, guests, narrow_guests};
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::Setup;
use lockstep_test_support::random::Random;
use lockstep_test_support::{check, check_trace};
use lockstep_translator::Hints;

/// No guest runs longer than this without arguments.
const PLENTY: u64 = 20_000_000_000;
/// Guests above this are not stopped on their way: comparing takes a while.
const SMALL: u64 = 20_000_000;
/// Stops on the way.
const STOPPING_POINTS: usize = if cfg!(debug_assertions) { 12 } else { 40 };
/// Per cent of its cycles that every guest runs natively, at least.
const NATIVE_SHARE: f64 = 99.0;

#[test]
fn the_manifest_is_true() {
    for guest in guests().into_iter().chain(narrow_guests()) {
        let elf = fs::read(&guest.elf).expect("it was there a moment ago");
        let digest = blake3::hash(&elf).to_string();
        assert_eq!(digest, guest.digest, "{}: the ELF has changed", guest.name);
    }
}

/// What steers a translation: an engine has a machine's memory, a tool has the file. Both come to the
/// same, so that the module is the same.
#[test]
fn what_an_engine_finds_in_memory_is_what_the_file_says() {
    let engine = Engine::builder()
        .no_cache()
        .mode(Mode::Native)
        .translate(Translate::Now)
        .build();
    let library = engine.code_source().expect("it runs natively");
    for guest in guests() {
        let file = fs::read(&guest.elf).expect("it was there a moment ago");
        let program = Program::load(&file, &Platform::default()).expect("a good ELF");
        let image = program.image();
        for text in program.code_regions() {
            let mut hints = Hints::new(&text, image.entry);
            hints.add_symbols(&image.symbols);
            let data = |segment: &&Segment| segment.flags & EXECUTABLE == 0;
            for segment in image.segments.iter().filter(data) {
                let bytes = &file[segment.source.clone()];
                hints.scan(segment.addr + segment.offset, bytes);
            }
            let expected = hints.recorded();
            let name = &guest.name;
            assert_eq!(program.hints(&text).recorded(), expected, "{name}");
            let known = library.find(&program.request(&text));
            let module = known.and_then(|known| known.module());
            let found = module.expect("a module").to_module().into_module().hints;
            assert_eq!(found, expected, "{name}");
        }
    }
}

#[test]
fn every_guest_is_the_same_on_all_engines() {
    let mut slow = Vec::new();
    for guest in guests() {
        for version in [Version::V1, Version::V2] {
            let (cycles, native) = compare_whole(&guest, version);
            let share = native as f64 * 100.0 / cycles as f64;
            let line = format!(
                "{:12} {version:?} {cycles:>12} cycles, {share:.3} % native",
                guest.name
            );
            println!("{line}");
            if share < NATIVE_SHARE {
                slow.push(line);
            }
        }
    }
    assert!(
        slow.is_empty(),
        "less native code than there should be:\n{}",
        slow.join("\n")
    );
}

fn compare_whole(guest: &Guest, version: Version) -> (u64, u64) {
    let (program, setup) = (guest.program(&[]), Setup::ckb(version));
    let agreement = check(&program, &setup, &[PLENTY], &Modules::new())
        .unwrap_or_else(|difference| panic!("{version:?}: {difference}"));
    assert_eq!(*agreement.verdict(), Verdict::Exit(0), "{}", guest.name);
    let cycles = agreement.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    if version == Version::V2 && guest.default_cycles != 0 {
        assert_eq!(cycles, guest.default_cycles, "{}", guest.name);
    }
    if cycles < SMALL {
        check_trace(&program, &setup, PLENTY, &agreement)
            .unwrap_or_else(|difference| panic!("{version:?}: {difference}"));
    }
    (cycles, agreement.native_cycles())
}

#[test]
fn every_guest_stops_alike_at_random_limits() {
    for guest in guests() {
        let version = Version::V2;
        let program = guest.program(&[]);
        let whole = check(&program, &Setup::ckb(version), &[PLENTY], &Modules::new());
        let total = whole.map_or(0, |whole| whole.asm.map_or(0, |outcome| outcome.cycles));
        if total == 0 || total >= SMALL {
            continue;
        }
        let mut random = Random::new(total);
        let mut limits: Vec<u64> = (0..STOPPING_POINTS).map(|_| random.below(total)).collect();
        limits.extend([total - 1, total]);
        limits.sort_unstable();
        let modules = Modules::new();
        // All the way in one run, and each stop in a run of its own.
        check(&program, &Setup::ckb(version), &limits, &modules).unwrap_or_else(|e| panic!("{e}"));
        for limit in limits {
            check(&program, &Setup::ckb(version), &[limit], &modules)
                .unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
