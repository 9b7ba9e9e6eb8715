//! The check engine: it finds nothing where nothing is wrong, and a fault that was injected into one
//! block of native code is reported at that block, with a bundle that shows it again.

use lockstep_test_support::driver;
use std::collections::BTreeMap;
use std::fs;

use lockstep::bundle;
use lockstep::engine::WhenDiverged;
use lockstep_isa::{Op, Version, decode, decode::Code};
use lockstep_runtime::{Defect, Outcome, Trap};
use lockstep_test_support::driver::{Guest, Trip, checking};
use lockstep_test_support::guests::guests;
use lockstep_test_support::root;
use lockstep_translator::{Fault, Injection};

/// Guests above this take too long block by block.
const SMALL: u64 = 4_000_000;

#[test]
fn nothing_is_found_in_guests_and_all_of_them_is_looked_at() {
    let mut cycles = 0;
    for listed in guests() {
        if listed.default_cycles > SMALL {
            continue;
        }
        for version in [Version::V0, Version::V1, Version::V2] {
            let guest = Guest::of(&listed.program(&[]), version);
            let alone = guest.run(&driver::interpreter());
            let trip = guest.run(&checking(None));
            assert_eq!(trip.found, None, "{} {version:?}", listed.name);
            assert_eq!(trip.end, alone.end, "{} {version:?}", listed.name);
            let ran = matches!(trip.end.result, Ok(Outcome::Exit(_)));
            let share = trip.native_cycles * 100 / trip.end.cycles.max(1);
            assert!(!ran || share >= 99, "{}: {share} % native", listed.name);
            cycles += trip.native_cycles;
        }
    }
    assert!(cycles > 1_000_000, "{cycles}");
}

/// Blocks of a guest by how often they ran, those that ran too seldom to be native left out.
fn frequent(guest: &Guest) -> Vec<u64> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for head in guest.heads(200_000) {
        *counts.entry(head).or_default() += 1;
    }
    counts.retain(|_, count| *count > 2);
    counts.into_keys().collect()
}

fn listed(name: &str) -> Guest {
    let guests = guests();
    let found = guests.iter().find(|guest| guest.name == name);
    Guest::of(&found.expect("it is listed").program(&[]), Version::V2)
}

/// Runs with an injected fault and gives what was found, which must be one block.
fn caught(guest: &Guest, block: u64, fault: Fault) -> (u64, String) {
    let trip = guest.run(&checking(Some(Injection { block, fault })));
    let stopped = Err(Trap::Defect(Defect::Diverged { block }));
    assert_eq!(trip.end.result, stopped, "{fault:?} at {block:#x}");
    let (blocks, difference) = trip.found.expect("it was found");
    assert_eq!(blocks, [block], "{fault:?}: {difference}");
    (trip.end.cycles, difference)
}

#[test]
fn a_wrong_register_is_reported_at_its_block() {
    for name in ["fib", "sha256", "sorthash", "jumps"] {
        let guest = listed(name);
        let heads = frequent(&guest);
        let total = guest.run(&driver::interpreter()).end.cycles;
        for (round, at) in [0, 1, 2, 3, 4].into_iter().enumerate() {
            let block = heads[at * (heads.len() - 1) / 4];
            let register = [10, 2, 31, 5, 8][round];
            let xor = [1, 1 << 63, 1 << 32, u64::MAX, 8][round];
            let (cycles, difference) = caught(&guest, block, Fault::Register { register, xor });
            let named = format!("x{register} is ");
            assert!(difference.starts_with(&named), "{name}: {difference}");
            assert!(cycles < total, "{name}: at the end only");
        }
    }
}

#[test]
fn wrong_cycles_are_reported_at_their_block() {
    let guest = listed("sorthash");
    for (round, block) in frequent(&guest).into_iter().step_by(9).take(5).enumerate() {
        let more = [1, 2, 100, 7, 1 << 20][round];
        let (_, difference) = caught(&guest, block, Fault::Cycles { more });
        assert!(!difference.is_empty());
    }
}

/// Whether a block stores to memory.
fn stores(guest: &Guest, head: u64) -> bool {
    let (base, text) = guest.text();
    let mut code = Code::new(base, text);
    let mut pc = head;
    for _ in 0..16 {
        let Ok(inst) = decode(&mut code, pc, guest.profile()) else {
            return false;
        };
        if matches!(inst.op, Op::Sb | Op::Sh | Op::Sw | Op::Sd) {
            return true;
        }
        if inst.op.effect().ends_trace() {
            return false;
        }
        pc += u64::from(inst.len);
    }
    false
}

#[test]
fn wrong_stores_are_reported_at_their_block() {
    for name in ["sha256", "sorthash"] {
        let guest = listed(name);
        let mut heads = frequent(&guest);
        heads.retain(|head| stores(&guest, *head));
        assert!(heads.len() >= 3, "{name}");
        let middle = heads[heads.len() / 2];
        caught(&guest, middle, Fault::Value { xor: 0x80 });
        caught(&guest, middle, Fault::Address { distance: 8 });
        caught(&guest, middle, Fault::Address { distance: -0x5000 });
    }
}

/// Nothing but a comparison of all memory can see this one: no instruction writes that page.
#[test]
fn a_stray_store_is_reported_at_its_block() {
    let guest = listed("sha256");
    let heads = frequent(&guest);
    for block in [heads[3], heads[heads.len() - 2]] {
        let (_, difference) = caught(
            &guest,
            block,
            Fault::Stray {
                addr: 0x123,
                byte: 7,
            },
        );
        assert!(difference.starts_with("memory at 0x123 "), "{difference}");
    }
}

/// A fault in a module as it is shipped, where the one that leaves after every block has none, as a
/// damaged or exchanged entry of the cache would be.
#[test]
fn a_fault_in_the_shipped_module_alone_is_found_in_its_interval() {
    let guest = listed("sorthash");
    let block = frequent(&guest)[20];
    let fault = Fault::Register {
        register: 10,
        xor: 4,
    };
    let engine = checking(None);
    guest.adopt_injected(&engine, Injection { block, fault });
    let Trip { end, found, .. } = guest.run(&engine);
    let (blocks, difference) = found.expect("it was found");
    assert!(matches!(
        end.result,
        Err(Trap::Defect(Defect::Diverged { .. }))
    ));
    assert!(blocks.contains(&block), "{blocks:x?}: {difference}");
    assert!(blocks.len() < 50, "{} blocks", blocks.len());
}

/// In a node the interpreter decides: the guest goes on.
#[test]
fn a_guest_that_does_not_stop_ends_as_the_interpreter_does() {
    let guest = listed("sha256");
    let block = frequent(&guest)[5];
    let fault = Fault::Register {
        register: 10,
        xor: 4,
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let engine = driver::engine(Some(Injection { block, fault }))
        .bundles(folder.path())
        .build();
    let trip = guest.run(&engine);
    assert_eq!(trip.end, guest.run(&driver::interpreter()).end);
    let (blocks, _) = trip.found.expect("it was found");
    assert_eq!(blocks, [block]);
}

#[test]
fn bundles_hold_everything_and_are_bounded() {
    let guest = listed("fib");
    let block = frequent(&guest)[0];
    let fault = Fault::Register {
        register: 11,
        xor: 4,
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bundles = folder.path().join("made/on/demand");
    let mut evidence = bundle::Evidence::default();
    evidence.command = Some("a command".to_owned());
    evidence.files = vec![("guest.elf".to_owned(), vec![1, 2, 3])];
    for number in 1..=bundle::BUNDLES_PER_FOLDER + 2 {
        let engine = driver::engine(Some(Injection { block, fault }))
            .bundles(&bundles)
            .evidence(evidence.clone())
            .when_diverged(WhenDiverged::Stop)
            .build();
        guest.run(&engine);
        let found = &engine.divergences()[0];
        assert_eq!(found.bundle.is_some(), number <= bundle::BUNDLES_PER_FOLDER);
    }
    assert_eq!(
        fs::read_dir(&bundles).expect("it is there").count(),
        bundle::BUNDLES_PER_FOLDER
    );
    let first = bundles.join("0001");
    let text = |name: &str| fs::read_to_string(first.join(name)).expect(name);
    let hex = format!("{block:#x}");
    for (name, content) in [
        ("README.txt", "translate replay --recorded"),
        ("README.txt", "a command"),
        ("README.txt", hex.as_str()),
        ("report.json", "x11 is "),
        ("guest.txt", hex.as_str()),
        ("native.txt", "| "),
        ("block.clif", "function"),
        ("key.txt", "every-block fault"),
    ] {
        assert!(text(name).contains(content), "{name}: {}", text(name));
    }
    assert!(!text("block.clif").contains("other code"));
    assert_eq!(
        fs::read(first.join("guest.elf")).expect("it is there"),
        [1, 2, 3]
    );
    // The state is the one before the block.
    let pages = fs::read(first.join("before.pages")).expect("it is there");
    let (core, _) = bundle::state::read(&text("before.json"), &pages).expect("a whole state");
    assert_eq!(core.pc(), block);
    let code = guest.text();
    let range = code.0 as usize..code.0 as usize + code.1.len();
    assert_eq!(&core.memory().as_bytes()[range], code.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| {
            let found = fs::metadata(path).expect("it is there");
            found.permissions().mode() & 0o777
        };
        assert_eq!(mode(&bundles), 0o700);
        assert_eq!(mode(&first), 0o700);
        assert_eq!(mode(&first.join("before.pages")), 0o600);
    }
}

/// All case files: what each does is known from other tests; here only that check says the same.
#[test]
fn nothing_is_found_in_the_cases() {
    let mut runs = 0;
    for file in driver::case_files(&root().join("tests/cases")) {
        let text = fs::read_to_string(&file).expect("a case file is text");
        let name = file.display().to_string();
        let cases = lockstep_test_support::case::Case::parse_file(&name, &text)
            .expect("other tests parse it");
        // Tables of operands hold hundreds of programs that differ in registers alone; translating
        // each twice is what takes the time.
        for case in &cases {
            for setup in case.setups.iter().rev().take(1) {
                for program in case.programs().iter().take(1) {
                    let Some(guest) = Guest::load(program, setup) else {
                        continue;
                    };
                    let trip = guest.run(&checking(None));
                    assert_eq!(trip.found, None, "{}", program.name);
                    let alone = guest.run(&driver::interpreter());
                    assert_eq!(trip.end, alone.end, "{}", program.name);
                    runs += 1;
                }
            }
        }
    }
    assert!(runs > 100, "{runs}");
}
