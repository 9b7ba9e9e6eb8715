//! Whole transactions through `ckb-script`: the time of one verification warm and cold, and of its parts.
//!
//! What a node does before it knows the transaction's cells is not in it.

use std::hint::black_box;
use std::sync::Arc;

use ckb_chain_spec::consensus::Consensus;
use ckb_script::RunMode;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{DefaultMachineRunner, Error};
use lockstep::ckb::{NativeMachine, counters};
use lockstep::transaction::{Transaction, Verifier, consensus};
use lockstep_isa::Version;
use lockstep_test_support::clock;
use lockstep_test_support::transaction::silent;

use crate::counts::Counts;
use crate::report::Pair;

/// More than any of them needs.
const PLENTY: u64 = 10_000_000_000;
/// What one measurement takes at least, unless one verification takes longer: seconds.
const BATCH_SECONDS: f64 = 4e-3;
/// Cold verifications in one round.
const COLD: usize = 3;
/// Bytes of other memory that are read before a cold verification: more than the caches of a core hold.
const OTHER_BYTES: usize = 48 << 20;

/// What is measured warm. Each phase contains the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// The verifier and a scheduler for each script are made: groups and hashes of the transaction.
    Made,
    /// All programs are loaded, before the first instruction of each, and dropped.
    Loaded,
    /// All of it.
    Verified,
}

/// One transaction, being measured. Times are seconds for one verification.
pub(crate) struct Whole {
    pub(crate) name: String,
    transaction: Transaction,
    consensus: Arc<Consensus>,
    pub(crate) cycles: u64,
    /// The part of the guests' cycles that native code charged, 0 to 1.
    pub(crate) native_share: f64,
    pub(crate) made: Pair,
    pub(crate) loaded: Pair,
    pub(crate) warm: Pair,
    pub(crate) cold: Pair,
    pub(crate) counts: Option<Counts>,
}

impl Whole {
    /// Translates, and verifies once on each machine.
    pub(crate) fn new(name: &str, transaction: Transaction) -> Whole {
        let mut whole = Whole {
            name: name.to_owned(),
            transaction,
            consensus: consensus(Version::V2),
            cycles: 0,
            native_share: 0.0,
            made: Pair::default(),
            loaded: Pair::default(),
            warm: Pair::default(),
            cold: Pair::default(),
            counts: None,
        };
        let asm = whole.verify::<AsmMachine>();
        whole.verify::<NativeMachine>();
        let before = counters();
        whole.cycles = whole.verify::<NativeMachine>();
        assert_eq!(whole.cycles, asm, "{name}: cycles of the two machines");
        let after = counters();
        let charged = (after.charged_cycles - before.charged_cycles).max(1);
        whole.native_share = (after.native_cycles - before.native_cycles) as f64 / charged as f64;
        whole
    }

    /// One round of both machines. Who goes first changes, so that neither always finds the other's caches.
    pub(crate) fn measure(&mut self, round: usize, other: &OtherMemory) {
        let phases = [Phase::Made, Phase::Loaded, Phase::Verified];
        for turn in [round, round + 1] {
            let asm = turn % 2 == 0;
            let warm = phases.map(|phase| match asm {
                true => self.warm::<AsmMachine>(phase),
                false => self.warm::<NativeMachine>(phase),
            });
            let cold: Vec<f64> = (0..COLD)
                .map(|_| match asm {
                    true => self.cold::<AsmMachine>(other),
                    false => self.cold::<NativeMachine>(other),
                })
                .collect();
            let pairs = [&mut self.made, &mut self.loaded, &mut self.warm];
            for (pair, seconds) in pairs.into_iter().zip(warm) {
                pair.of(asm).push(seconds);
            }
            self.cold.of(asm).extend(cold);
        }
    }

    /// Seconds for one of a batch.
    fn warm<M: DefaultMachineRunner>(&self, phase: Phase) -> f64 {
        let start = clock::thread_seconds();
        self.perform::<M>(phase);
        let mut seconds = clock::thread_seconds() - start;
        let mut count = (BATCH_SECONDS / seconds).ceil();
        if count > 1.0 {
            count = count.min(2000.0);
            let start = clock::thread_seconds();
            for _ in 0..count as u32 {
                self.perform::<M>(phase);
            }
            seconds = (clock::thread_seconds() - start) / count;
        }
        seconds
    }

    /// Seconds for the first verification after other memory was read.
    fn cold<M: DefaultMachineRunner>(&self, other: &OtherMemory) -> f64 {
        other.read();
        let start = clock::thread_seconds();
        self.verify::<M>();
        clock::thread_seconds() - start
    }

    fn verifier<M: DefaultMachineRunner>(&self) -> Verifier<M> {
        let consensus = Arc::clone(&self.consensus);
        self.transaction.verifier_on(consensus, silent())
    }

    fn verify<M: DefaultMachineRunner>(&self) -> u64 {
        let cycles = self.verifier::<M>().verify(PLENTY);
        cycles.unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    fn perform<M: DefaultMachineRunner>(&self, phase: Phase) {
        if phase == Phase::Verified {
            black_box(self.verify::<M>());
            return;
        }
        let verifier = self.verifier::<M>();
        for (_, group) in verifier.groups() {
            let mut scheduler = verifier.create_scheduler(group).expect("its code");
            if phase == Phase::Loaded {
                let stopped = scheduler.run(RunMode::LimitCycles(0));
                assert!(
                    matches!(stopped, Err(Error::CyclesExceeded)),
                    "{}",
                    self.name
                );
            }
            black_box(scheduler);
        }
    }

    /// Performs one phase on our machine, to be counted: its name is what `callgrind` looks for.
    #[inline(never)]
    pub(crate) fn measured_phase(&self, phase: Phase) {
        self.perform::<NativeMachine>(phase);
    }
}

/// Memory that has nothing to do with a verification: reading it drives everything else out of the caches.
pub(crate) struct OtherMemory(Vec<u64>);

impl OtherMemory {
    pub(crate) fn new() -> OtherMemory {
        // Not zeros: the system would have one page for all of them.
        OtherMemory((0..(OTHER_BYTES / 8) as u64).collect())
    }

    fn read(&self) {
        black_box(
            self.0
                .iter()
                .fold(0, |sum: u64, word| sum.wrapping_add(*word)),
        );
    }
}
