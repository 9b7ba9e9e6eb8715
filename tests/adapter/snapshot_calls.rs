//! The second kind of snapshot call by call: whatever is noted, stored, taken and resumed in whatever
//! order, our context answers as CKB-VM's does and leaves the same state.

use ckb_vm::{Bytes, CoreMachine, DefaultMachineRunner, Memory, snapshot};
use lockstep_contract::pages::PAGE_SIZE;
use lockstep_isa::Version;
use lockstep_runtime::{Snapshot, Snapshot2, Trap};

use crate::driver::{Asm, machine};
use lockstep_test_support::ours::Ours;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{SMALL_MEMORY, Setup};
use lockstep_test_support::random::Random;
use lockstep_test_support::snapshots::{
    CkbVmContext, Files, OurContext, ckb_vm_second, first_of, second_of,
};

/// Both machines with their contexts, for calls that are made on both.
struct Pair {
    asm: Asm,
    ours: Ours,
    asm_context: CkbVmContext,
    our_context: OurContext,
}

/// The name of an error, the same for both sides.
fn name_of<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<T, String> {
    result.map_err(|error| Verdict::fault(&error).to_string())
}

impl Pair {
    fn new(files: Vec<Bytes>) -> Pair {
        let setup = Setup {
            memory_size: SMALL_MEMORY,
            ..Setup::ckb(Version::V2)
        };
        Pair {
            asm: machine(&setup, Vec::new()),
            ours: Ours::fresh("ours", &setup, None),
            asm_context: CkbVmContext::new(Files(files.clone())),
            our_context: OurContext::new(Files(files)),
        }
    }

    /// Takes a snapshot of both and compares.
    fn taken(&mut self) -> Snapshot2<u8> {
        let asm = self
            .asm_context
            .make_snapshot(self.asm.inner_mut())
            .unwrap();
        let ours = self
            .our_context
            .make_snapshot(self.ours.core_mut())
            .unwrap();
        let texts = (serde_json::to_string(&ours), serde_json::to_string(&asm));
        assert!(
            texts.0.unwrap() == texts.1.unwrap(),
            "written out they are one"
        );
        assert!(ours == second_of(asm));
        let first = snapshot::make_snapshot(self.asm.inner_mut()).unwrap();
        assert!(Snapshot::of(self.ours.core_mut()) == first_of(&first));
        ours
    }

    fn resume(&mut self, taken: &Snapshot2<u8>) -> Result<(), String> {
        let asm = (self.asm_context).resume(self.asm.inner_mut(), &ckb_vm_second(taken));
        let ours = self.our_context.resume(self.ours.core_mut(), taken);
        let (asm, ours) = (name_of(asm), name_of(ours));
        assert_eq!(ours, asm);
        self.look();
        ours
    }

    /// Asserts that both are in the same state, whatever happened.
    fn look(&mut self) {
        let asm = crate::driver::look(&mut self.asm, Verdict::Exit(0));
        let core = self.ours.core_mut();
        assert_eq!(*core.registers(), asm.registers);
        assert_eq!((core.pc(), core.cycles()), (asm.pc, asm.cycles));
        assert_eq!(core.memory().flags(), asm.flags);
        assert!(core.memory().as_bytes() == asm.memory);
        assert_eq!(core.memory().reservation(), asm.reservation);
    }

    /// The same random call on both.
    fn call(&mut self, random: &mut Random) {
        let page = PAGE_SIZE as u64;
        let near = |random: &mut Random| match random.below(8) {
            0 => random.next(),
            1 => SMALL_MEMORY as u64 - random.below(3 * page),
            2 => u64::MAX - random.below(3 * page),
            3..=5 => random.below(9) * page,
            _ => random.below(9 * page),
        };
        let (addr, offset, length) = (near(random), near(random), near(random));
        let id = random.below(3) as u8;
        let (asm, ours) = (self.asm.inner_mut(), self.ours.core_mut());
        let (a, b) = match random.below(6) {
            0 => (
                name_of(self.asm_context.track_pages(asm, addr, length, &id, offset)),
                name_of(
                    self.our_context
                        .track_pages(ours, addr, length, &id, offset),
                ),
            ),
            1 => (
                name_of(self.asm_context.untrack_pages(asm, addr, length)),
                name_of(self.our_context.untrack_pages(ours, addr, length)),
            ),
            2 | 3 => {
                let at = near(random);
                let a = self
                    .asm_context
                    .store_bytes(asm, addr, &id, offset, length, at);
                let b = self
                    .our_context
                    .store_bytes(ours, addr, &id, offset, length, at);
                let (a, b) = (name_of(a), name_of(b));
                assert_eq!(b, a, "{addr:#x} {id} {offset:#x} {length:#x} {at:#x}");
                (a.map(drop), b.map(drop))
            }
            4 => {
                let number = addr / page % 64;
                let flag = random.below(8) as u8;
                (
                    name_of(asm.memory_mut().set_flag(number, flag & !2)),
                    name_of(ours.memory_mut().set_flag(number, flag & !2)),
                )
            }
            _ => {
                let bytes = offset.to_le_bytes();
                (
                    name_of(asm.memory_mut().store_bytes(addr, &bytes)),
                    name_of(ours.memory_mut().store_bytes(addr, &bytes)),
                )
            }
        };
        assert_eq!(b, a, "{addr:#x} {id} {offset:#x} {length:#x}");
    }
}

#[test]
fn any_order_of_calls_leaves_the_same() {
    let file = |length: usize, seed: u64| -> Bytes {
        let mut random = Random::new(seed);
        (0..length).map(|_| random.next() as u8).collect()
    };
    let files = vec![file(3 * PAGE_SIZE, 1), file(5 * PAGE_SIZE + 7, 2)];
    let (mut from_source, mut resumed) = (0, 0);
    for seed in 0..300 {
        let mut random = Random::new(seed);
        let mut pair = Pair::new(files.clone());
        for _ in 0..random.below(12) + 3 {
            pair.call(&mut random);
        }
        pair.look();
        let taken = pair.taken();
        from_source += taken.pages_from_source.len();
        // On a fresh pair, and on one that is not.
        let fresh = Pair::new(files.clone()).resume(&taken);
        resumed += usize::from(fresh.is_ok());
        if pair.resume(&taken).is_ok() {
            let _ = pair.taken();
        }
    }
    assert!(
        from_source > 100 && resumed > 100,
        "{from_source} {resumed}"
    );
}

#[test]
fn wrong_snapshots_are_refused_alike() {
    let files = vec![Bytes::from(vec![7; 2 * PAGE_SIZE])];
    let page = PAGE_SIZE as u64;
    let good = Snapshot2 {
        pages_from_source: vec![(page, 1, 0, 0, 2 * page)],
        dirty_pages: vec![(5 * page, 4, vec![9; PAGE_SIZE])],
        version: 2,
        registers: std::array::from_fn(|number| number as u64 * 3),
        pc: 0x1234,
        cycles: 77,
        max_cycles: 99,
        load_reservation_address: 8,
    };
    type Change = fn(&mut Snapshot2<u8>);
    let wrong: [(Change, &str); 11] = [
        (|s| s.version = 1, "InvalidVersion"),
        (|s| s.pages_from_source[0].0 += 1, "MemPageUnalignedAccess"),
        (|s| s.pages_from_source[0].2 = 9, "SnapshotDataLoadError"),
        (|s| s.pages_from_source[0].4 -= 1, "MemPageUnalignedAccess"),
        (|s| s.pages_from_source[0].3 = 1, "MemPageUnalignedAccess"),
        (|s| s.pages_from_source[0].0 = 0x40_0000, "MemOutOfBound"),
        (|s| s.pages_from_source[0].0 = 0x3_f000, "MemOutOfBound"),
        (|s| s.dirty_pages[0].0 += 2048, "MemPageUnalignedAccess"),
        (|s| s.dirty_pages[0].2.truncate(9), "MemPageUnalignedAccess"),
        (|s| s.dirty_pages[0].0 = 0x4_0000, "MemOutOfBound"),
        // The second piece of the same page finds it executable.
        (
            |s| s.dirty_pages = vec![(0, 7, vec![1; PAGE_SIZE]), (0, 4, vec![2; PAGE_SIZE])],
            "MemWriteOnExecutablePage",
        ),
    ];
    Pair::new(files.clone()).resume(&good).unwrap();
    for (change, name) in wrong {
        let mut snapshot = good.clone();
        change(&mut snapshot);
        assert_eq!(
            Pair::new(files.clone()).resume(&snapshot),
            Err(name.to_string())
        );
    }
    // A page that was noted in a larger guest.
    let mut pair = Pair::new(files);
    pair.resume(&good).unwrap();
    let small = Setup {
        memory_size: PAGE_SIZE,
        ..Setup::ckb(Version::V2)
    };
    let mut other = Ours::fresh("small", &small, None);
    let taken = pair.our_context.make_snapshot(other.core_mut());
    assert_eq!(taken, Err(Trap::MemOutOfBound));
}
