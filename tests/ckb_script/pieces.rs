//! Limits: scripts that run out of cycles, and scripts that are run in pieces.

use ckb_vm::machine::asm::AsmMachine;
use lockstep::ckb::NativeMachine;

use super::{PLENTY, cases, compare, observe, verify};
use lockstep_test_support::transaction::{scripts, system};

#[test]
fn limits_are_met_alike() {
    for case in cases() {
        let whole = verify::<AsmMachine>(&case, PLENTY).unwrap_or(1_500_000);
        let around = [
            0,
            1,
            10_000,
            300_000,
            whole / 3,
            whole / 2,
            whole - 1,
            whole,
        ];
        for limit in around {
            assert_eq!(
                verify::<NativeMachine>(&case, limit),
                verify::<AsmMachine>(&case, limit),
                "{}: limit {limit}",
                case.name
            );
        }
    }
}

/// Enough for the first system calls of a script that verifies a signature. They charge without
/// looking at the limit, and a scheduler whose machine went beyond its piece cannot go on.
const FIRST_PIECE: u64 = 600_000;

#[test]
fn pieces_stop_at_the_same_places_and_add_up() {
    for case in cases() {
        for piece in [20_011, 170_003, 500_009] {
            compare(&case, || {
                let mut first = true;
                Box::new(move || {
                    if std::mem::take(&mut first) {
                        FIRST_PIECE
                    } else {
                        piece
                    }
                })
            });
        }
    }
}

#[test]
fn small_pieces_stop_at_the_same_places() {
    // Processes charge more for a system call than such a piece has.
    let cases = system::cases().into_iter().chain(scripts::library_cases());
    for case in cases.filter(|case| !case.name.contains("multisig")) {
        compare(&case, || {
            let mut first = true;
            Box::new(move || {
                if std::mem::take(&mut first) {
                    FIRST_PIECE
                } else {
                    1_009
                }
            })
        });
    }
}

/// Many processes, of which four at a time have a machine: the others are suspended and resumed.
#[test]
fn processes_stopped_anywhere_are_the_same() {
    let tree = super::Case::new("tree", scripts::spawn_tree(3, 8_000), true);
    let whole = observe::<AsmMachine>(&tree, &mut || PLENTY);
    let cycles = whole[0].calls[0].1;
    for part in 1..=24 {
        let limit = cycles * part / 24 - part % 2;
        compare(&tree, || Box::new(move || limit));
    }
}
