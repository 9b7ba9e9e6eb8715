//! Scripts of transactions through `ckb-script`: CKB-VM's assembly machine against ours, with the
//! native modules in memory. The smallest script there is, and the lock that most cells have.
//!
//! Prints CPU time a verification (medians of interleaved rounds) and their ratio, then where the
//! time goes: making the verifier, making and loading the machine, running the guest. What a node
//! does before it knows the transaction's cells is not in it.
//!
//! `cargo bench --bench ckb_script [-- ROUNDS] [--save]`

use lockstep_test_support::record;
use lockstep_test_support::transaction;
use std::sync::Arc;
use std::time::Duration;

use ckb_chain_spec::consensus::Consensus;
use ckb_mock_tx_types::MockTransaction;
use ckb_script::RunMode;
use ckb_types::core::ScriptHashType;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{DefaultMachineRunner, Error, SupportMachine};
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, counters, install, with_engine};
use lockstep::engine::{Confirm, Mode, Share, Translate};
use lockstep::transaction::{Transaction, Verifier, consensus};
use lockstep_isa::Version;
use lockstep_test_support::transaction::scripts::nothing;
use lockstep_test_support::transaction::silent;
use lockstep_test_support::transaction::system::{Signature, sighash};
use rustix::time::{ClockId, clock_gettime};

/// Rounds without an argument; each measures both machines in turn.
const ROUNDS: usize = 15;
/// Verifications in one measurement.
const BATCH: u32 = 50;
const PLENTY: u64 = 70_000_000;

macro_rules! say {
    ($($words:tt)*) => { record::say(&format!($($words)*)) };
}

fn main() {
    // Cargo hands over `--bench`.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let engine = Engine::builder()
        .mode(Mode::Native)
        .translate(Translate::Now)
        .no_cache()
        .build();
    install(Arc::new(engine));
    say!("CPU time of one verification, medians of {rounds} interleaved rounds of {BATCH}");
    for hash_type in [ScriptHashType::Data1, ScriptHashType::Data2] {
        Case::new(&nothing(hash_type)).report(&format!("always_success, {hash_type:?}"), rounds);
    }
    for hash_type in [ScriptHashType::Data1, ScriptHashType::Data2] {
        let lock = sighash(hash_type, Signature::Good);
        Case::new(&lock).report(&format!("secp256k1_blake160, {hash_type:?}"), rounds);
    }
    let small = Case::new(&nothing(ScriptHashType::Data2));
    small.report_watching("always_success", rounds);
    let lock = Case::new(&sighash(ScriptHashType::Data2, Signature::Good));
    lock.report_watching("secp256k1_blake160", rounds);
    let save = std::env::args().any(|word| word == "--save");
    record::publish_said(
        "ckb_script",
        "cargo bench --bench ckb_script -- --save",
        save,
    );
}

/// One transaction on one chain.
struct Case {
    transaction: Transaction,
    consensus: Arc<Consensus>,
}

/// What is measured. Each phase contains the ones before it.
#[derive(Clone, Copy)]
enum Phase {
    /// The verifier is made: groups and hashes of the transaction.
    Verifier,
    /// A bare machine is made and dropped.
    Machine,
    /// A machine with its program, before its first instruction.
    Loaded,
    /// All of it.
    Verified,
}

impl Case {
    fn new(mock: &MockTransaction) -> Case {
        Case {
            transaction: transaction::transaction(mock),
            consensus: consensus(Version::V2),
        }
    }

    fn report(&self, name: &str, rounds: usize) {
        let asm = self.verify::<AsmMachine>();
        let before = counters();
        let ours = self.verify::<NativeMachine>();
        let after = counters();
        assert_eq!(asm, ours, "cycles of the two machines");
        let native = after.native_cycles - before.native_cycles;
        let charged = after.charged_cycles - before.charged_cycles;
        let share = 100.0 * native as f64 / charged as f64;
        say!("\n{name}: {ours} cycles, {share:.2} % of the guest's natively");
        say!("{:>22} {:>10} {:>10} {:>7}", "", "asm", "ours", "ratio");
        for (name, phase) in [
            ("making the verifier", Phase::Verifier),
            ("a bare machine", Phase::Machine),
            ("a loaded machine", Phase::Loaded),
            ("the whole verification", Phase::Verified),
        ] {
            let (mut asm, mut ours) = (Vec::new(), Vec::new());
            for round in 0..rounds {
                // Who goes first changes, so that neither always finds the other's caches.
                if round % 2 == 0 {
                    asm.push(self.measure::<AsmMachine>(phase));
                    ours.push(self.measure::<NativeMachine>(phase));
                } else {
                    ours.push(self.measure::<NativeMachine>(phase));
                    asm.push(self.measure::<AsmMachine>(phase));
                }
            }
            let (asm, ours) = (median(asm), median(ours));
            let ratio = asm / ours;
            say!("{name:>22} {asm:>7.1} µs {ours:>7.1} µs {ratio:>7.2}");
        }
    }

    /// What shadow checking and confirmation cost the thread that verifies, and the process.
    fn report_watching(&self, name: &str, rounds: usize) {
        say!("\n{name}, watched: one verification in all, this thread's and the process's time");
        let settings = [
            ("unwatched", 0.0, Confirm::Nothing),
            ("LOCKSTEP_SHADOW=0.001", 0.001, Confirm::Nothing),
            ("LOCKSTEP_SHADOW=0.01", 0.01, Confirm::Nothing),
            ("LOCKSTEP_SHADOW=0.1", 0.1, Confirm::Nothing),
            ("LOCKSTEP_CONFIRM=failures", 0.0, Confirm::Failures),
            ("both, all sampled", 1.0, Confirm::Sampled),
        ];
        let engines = settings.map(|(_, share, confirm)| {
            let engine = Engine::builder()
                .mode(Mode::Native)
                .translate(Translate::Now)
                .no_cache()
                .shadow(Share::new(share).unwrap_or_default())
                .confirm(confirm);
            let engine = Arc::new(engine.build());
            with_engine(Arc::clone(&engine), || self.verify::<NativeMachine>());
            engine
        });
        let mut times = settings.map(|_| (Vec::new(), Vec::new()));
        for _ in 0..rounds {
            for (engine, (thread, process)) in engines.iter().zip(&mut times) {
                let start = process_time();
                let measure = || self.measure::<NativeMachine>(Phase::Verified);
                thread.push(with_engine(Arc::clone(engine), measure));
                while !engine.shadow_is_idle() {
                    std::thread::sleep(Duration::from_micros(200));
                }
                process.push((process_time() - start) / f64::from(BATCH));
            }
        }
        for ((name, ..), (thread, process)) in settings.iter().zip(times) {
            let (thread, process) = (median(thread), median(process));
            say!("{name:>26} {thread:>9.1} µs {process:>9.1} µs");
        }
    }

    fn verifier<M: DefaultMachineRunner>(&self) -> Verifier<M> {
        let consensus = Arc::clone(&self.consensus);
        self.transaction.verifier_on(consensus, silent())
    }

    fn verify<M: DefaultMachineRunner>(&self) -> u64 {
        let cycles = self.verifier::<M>().verify(PLENTY);
        cycles.expect("the transaction is valid")
    }

    /// Microseconds of CPU time for one of a batch.
    fn measure<M: DefaultMachineRunner>(&self, phase: Phase) -> f64 {
        let start = cpu_time();
        for _ in 0..BATCH {
            self.perform::<M>(phase);
        }
        (cpu_time() - start) / f64::from(BATCH)
    }

    fn perform<M: DefaultMachineRunner>(&self, phase: Phase) {
        match phase {
            Phase::Verifier => {
                std::hint::black_box(self.verifier::<M>());
            }
            Phase::Machine => {
                std::hint::black_box(M::Inner::new(3, 2, u64::MAX));
            }
            Phase::Loaded => {
                let verifier = self.verifier::<M>();
                let (_, group) = verifier.groups().next().expect("one lock script");
                let mut scheduler = verifier.create_scheduler(group).expect("its code");
                let stopped = scheduler.run(RunMode::LimitCycles(0));
                assert!(matches!(stopped, Err(Error::CyclesExceeded)));
            }
            Phase::Verified => {
                self.verify::<M>();
            }
        }
    }
}

/// Microseconds of CPU time that this thread has used.
fn cpu_time() -> f64 {
    microseconds(ClockId::ThreadCPUTime)
}

/// Microseconds of CPU time that all threads have used.
fn process_time() -> f64 {
    microseconds(ClockId::ProcessCPUTime)
}

fn microseconds(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
