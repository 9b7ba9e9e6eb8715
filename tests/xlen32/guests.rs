//! The guests that clang makes for RV32, on every version and instruction set that they run on: to
//! their end, and stopped on the way.

use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

use lockstep_test_support::check;
use lockstep_test_support::guests::{Guest, narrow_guests};
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{FULL_MEMORY, Setup};
use lockstep_test_support::random::Random;

/// No guest runs longer than this.
const PLENTY: u64 = 20_000_000;
/// Stops on the way.
const STOPS: usize = 30;
/// Per cent of its cycles that every guest runs natively, at least.
const NATIVE_SHARE: f64 = 99.0;

fn setup(version: Version, bits: u8) -> Setup {
    Setup {
        profile: Profile {
            version,
            extensions: Extensions::from_bits(bits),
            xlen: Xlen::X32,
        },
        cost: Cost::Estimate,
        memory_size: FULL_MEMORY,
    }
}

/// Runs a guest to its end; its cycles, and those that ran natively.
fn run(guest: &Guest, setup: &Setup, args: &[&str]) -> (Verdict, u64, u64) {
    let found = check(&guest.program(args), setup, &[PLENTY], &Modules::new());
    let found = found.unwrap_or_else(|difference| panic!("{:?}: {difference}", setup.profile));
    let cycles = found.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    (found.verdict().clone(), cycles, found.native_cycles())
}

#[test]
fn every_guest_ends_alike() {
    let guests = narrow_guests();
    assert!(guests.len() >= 5, "the guests for RV32 are committed");
    for guest in guests {
        for version in [Version::V1, Version::V2] {
            let setup = setup(version, 3);
            let (verdict, cycles, native) = run(&guest, &setup, &[]);
            assert_eq!(verdict, Verdict::Exit(0), "{}", guest.name);
            let share = native as f64 * 100.0 / cycles as f64;
            println!(
                "{:16} {version:?} {cycles} cycles, {share:.3} % native",
                guest.name
            );
            assert!(share > NATIVE_SHARE, "{}: {share} % native", guest.name);
            if version == Version::V2 {
                assert_eq!(cycles, guest.default_cycles, "{}", guest.name);
            }
        }
    }
}

/// A guest without extensions, whatever the machine has beyond. It gets an argument that is no number:
/// version 0 refuses to read the last bytes of memory, where `argc` is without arguments, and the end of the
/// first argument with them.
#[test]
fn a_guest_without_extensions_runs_everywhere() {
    let guests = narrow_guests();
    let guest = guests.iter().find(|guest| guest.name == "narrow");
    let guest = guest.expect("it is committed");
    for version in Version::ALL {
        for bits in 0..8 {
            let setup = setup(version, bits);
            if !setup.profile.runs() {
                continue;
            }
            let (verdict, ..) = run(guest, &setup, &["as usual"]);
            assert_eq!(verdict, Verdict::Exit(0), "{version:?} {bits}");
        }
    }
}

#[test]
fn every_guest_stops_alike() {
    for guest in narrow_guests() {
        let setup = setup(Version::V2, 3);
        let program = guest.program(&["1"]);
        let (_, total, _) = run(&guest, &setup, &["1"]);
        let mut random = Random::new(total);
        let mut limits: Vec<u64> = (0..STOPS).map(|_| random.below(total)).collect();
        limits.extend([total - 1, total]);
        limits.sort_unstable();
        check(&program, &setup, &limits, &Modules::new()).unwrap_or_else(|e| panic!("{e}"));
    }
}
