//! A node under load: transactions are verified on several threads while modules are compiled in
//! the background, evicted and quarantined, scripts are switched off and on, the kill switch is thrown,
//! and the engine is replaced, all at random. Every verdict and cycle count is CKB-VM's.
//!
//! `LOCKSTEP_CONCURRENCY` is how many verifications there are for each number of threads; without it, a
//! share that takes some seconds. What another thread does when cannot be repeated, so there is no
//! seed: what is compared does not depend on it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ckb_types::core::ScriptHashType;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, counters, install};
use lockstep::engine::{Mode, Translate};
use lockstep::transaction::Transaction;
use lockstep_isa::Version;
use lockstep_test_support::transaction::scripts::{self, HashLock};
use lockstep_test_support::transaction::system::{self, Signature};
use lockstep_test_support::transaction::{Case, silent};

/// Far more than any script here needs.
const PLENTY: u64 = 70_000_000;
/// Verifications for each number of threads, where nothing else is said.
const SHARE: usize = 300;
/// Cycles after which code is worth translating: soon, so that much is.
const THRESHOLD: u64 = 30_000;

fn count() -> usize {
    match std::env::var("LOCKSTEP_CONCURRENCY") {
        Ok(text) => text.parse().expect("LOCKSTEP_CONCURRENCY is a number"),
        Err(_) => SHARE,
    }
}

/// A transaction with CKB-VM's answers.
struct Known {
    name: String,
    transaction: Transaction,
    /// Limits, and what comes of them: cycles, or the error.
    answers: Vec<(u64, Result<u64, String>)>,
}

fn verify<M: DefaultMachineRunner>(transaction: &Transaction, limit: u64) -> Result<u64, String> {
    let verifier = transaction.verifier::<M>(Version::V2, silent());
    verifier.verify(limit).map_err(|error| error.to_string())
}

fn know(case: Case) -> Known {
    let transaction = case.transaction();
    let whole = verify::<AsmMachine>(&transaction, PLENTY);
    assert_eq!(whole.is_ok(), case.valid, "{}: {whole:?}", case.name);
    let mut limits = vec![PLENTY];
    if let Ok(cycles) = whole {
        limits.extend([cycles, cycles - 1, cycles / 2]);
    }
    let answer = |limit| (limit, verify::<AsmMachine>(&transaction, limit));
    let answers = limits.into_iter().map(answer).collect();
    Known {
        name: case.name,
        transaction,
        answers,
    }
}

/// What is verified: the real scripts, and processes, exec and libraries.
fn cases() -> Vec<Known> {
    let lock = HashLock {
        hash_type: ScriptHashType::Data2,
        function: "sha256d",
        copies: 2,
        good: true,
    };
    let mut cases = system::cases();
    // Most of what a node verifies is this.
    for _ in 0..4 {
        for signature in [Signature::Good, Signature::BitFlipped] {
            let mock = system::sighash(ScriptHashType::Type, signature);
            let valid = signature == Signature::Good;
            cases.push(Case::new(format!("sighash {signature:?}"), mock, valid));
        }
    }
    cases.push(Case::new("tree", scripts::spawn_tree(3, 9000), true));
    cases.push(Case::new("library", scripts::hash_lock(lock), true));
    let some = |cases: Vec<Case>, step| cases.into_iter().step_by(step);
    // One that never ends would be most of the time.
    let spawned = scripts::spawn_cases();
    let spawned = spawned
        .into_iter()
        .filter(|case| case.name != "processes_l");
    cases.extend(spawned);
    cases.extend(some(scripts::exec_cases(), 3));
    cases.extend(some(scripts::library_cases(), 2));
    cases.into_iter().map(know).collect()
}

/// Numbers that look random.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// What was done to the engine.
#[derive(Clone, Copy, Default, Debug)]
struct Interference {
    replaced: usize,
    switched: usize,
    scripts: usize,
    evicted: usize,
    quarantined: usize,
    translations: u64,
    from_cache: u64,
}

impl Interference {
    /// With what this engine did until now.
    fn with(mut self, engine: &Engine) -> Interference {
        let stats = engine.stats();
        self.translations += stats.translations;
        self.from_cache += stats.cache_hits;
        self
    }

    /// Whether everything happened that is to happen in a round of so many verifications.
    fn has_everything_happened(&self, count: usize) -> bool {
        let often = [self.switched, self.scripts, self.evicted];
        let seldom = [self.replaced, self.quarantined];
        self.translations > 0
            && often.iter().all(|times| *times > 0)
            && (count < 10 * SHARE || self.from_cache > 0 && seldom.iter().all(|times| *times > 0))
    }
}

/// An engine as a node's, with modules from the cache in this folder.
fn engine(folder: &Path, translate: Translate) -> Arc<Engine> {
    let engine = Engine::builder()
        .mode(Mode::Auto)
        .translate(translate)
        .threshold(THRESHOLD)
        .workers(2)
        .no_warm()
        .cache(folder)
        .key_file(folder.join("key"))
        .build();
    Arc::new(engine)
}

/// Engines in one round, at least.
const ENGINES: usize = 6;

/// How long to wait until everything happened, which takes seconds on an idle machine.
const LONG: Duration = Duration::from_secs(600);

/// How far a round is.
#[derive(Default)]
struct Round {
    /// Verifications that were begun.
    done: AtomicUsize,
    /// How many there are to be, at least.
    count: usize,
    /// The interference has begun, and it is over.
    begun: AtomicBool,
    ended: AtomicBool,
}

/// Tells the verifying threads when the interference ends, also by unwinding.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Changes everything that can be changed at run time until so many are done and everything happened.
fn interfere(folder: &Path, round: &Round, share: &dyn Fn() -> f64) -> Interference {
    let count = round.count;
    let (mut random, mut interference) = (Random(count as u64), Interference::default());
    let mut generation = 0;
    let mut turn = 0;
    let mut fresh = |generation: usize| {
        // Threads of low priority translate little while all processors are busy verifying.
        let translate = [Translate::Now, Translate::Background][turn % 2];
        turn += 1;
        let engine = engine(&folder.join(generation.to_string()), translate);
        install(Arc::clone(&engine));
        engine
    };
    let mut now = fresh(generation);
    round.begun.store(true, Ordering::SeqCst);
    let started = Instant::now();
    let mut off = Vec::new();
    loop {
        let progress = round.done.load(Ordering::Relaxed);
        // Both engines ran, and what ends now changes that little.
        let mixed = (0.03..0.998).contains(&share());
        if progress >= count && mixed && interference.with(&now).has_everything_happened(count) {
            break;
        }
        // What did not happen by then is asserted by the caller.
        if started.elapsed() > LONG {
            break;
        }
        let due = progress * ENGINES / count > interference.replaced;
        let modules = now.modules();
        let some = (!modules.is_empty()).then(|| modules[random.below(modules.len())]);
        let choice = if due { 0 } else { random.below(100) };
        match (choice, some) {
            // A new process: sometimes with an old cache, quarantined modules and all.
            (0, _) => {
                interference = interference.with(&now);
                interference.replaced += 1;
                generation += random.below(2);
                now = fresh(generation);
                off.clear();
            }
            (1..=8, _) => {
                now.disable();
                std::thread::sleep(Duration::from_micros(random.below(1500) as u64));
                now.enable();
                interference.switched += 1;
            }
            (9..=16, Some(id)) => {
                interference.scripts += usize::from(now.disable_script(&id));
                off.push(id);
            }
            (17..=30, _) => {
                if let Some(id) = off.pop() {
                    now.enable_script(&id);
                }
            }
            (31..=38, Some(id)) => interference.evicted += now.evict(&id),
            (39, _) => interference.evicted += now.evict_all(),
            (40..=41, Some(id)) => {
                interference.quarantined += usize::from(now.quarantine(&id, "interference"))
            }
            _ => {}
        }
        std::thread::sleep(Duration::from_micros(random.below(4000) as u64));
    }
    interference.with(&now)
}

/// Verifies so many on so many threads, with the interference beside them.
fn verify_round(cases: &[Known], threads: usize, count: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let wrong = Mutex::new(Vec::new());
    let before = counters();
    let share = || {
        let after = counters();
        let charged = after.charged_cycles - before.charged_cycles;
        let native = after.native_cycles - before.native_cycles;
        native as f64 / charged.max(1) as f64
    };
    let round = Round {
        count,
        ..Round::default()
    };
    let interference = std::thread::scope(|scope| {
        let interference = scope.spawn(|| {
            let _end = End(&round.ended);
            interfere(folder.path(), &round, &share)
        });
        let verifiers: Vec<_> = (0..threads)
            .map(|number| {
                let (round, wrong) = (&round, &wrong);
                scope.spawn(move || {
                    let mut random = Random(1000 + number as u64);
                    // Not before there is an engine that leaves the user's cache alone.
                    while !round.begun.load(Ordering::SeqCst) && !round.ended.load(Ordering::SeqCst)
                    {
                        std::thread::yield_now();
                    }
                    while !round.ended.load(Ordering::SeqCst) {
                        round.done.fetch_add(1, Ordering::Relaxed);
                        let case = &cases[random.below(cases.len())];
                        // Half of them in one go, the others up to some limit.
                        let choice = random.below(2 * case.answers.len());
                        let (limit, expected) =
                            case.answers.get(choice).unwrap_or(&case.answers[0]);
                        let ours = verify::<NativeMachine>(&case.transaction, *limit);
                        if ours != *expected {
                            let name = &case.name;
                            let text = format!("{name}, limit {limit}: {ours:?}, not {expected:?}");
                            wrong.lock().expect("nobody panics").push(text);
                        }
                    }
                })
            })
            .collect();
        for verifier in verifiers {
            verifier.join().expect("nobody panics");
        }
        interference.join().expect("nobody panics")
    });
    let (wrong, share) = (wrong.into_inner().expect("nobody panics"), share());
    let done = round.done.into_inner();
    assert!(wrong.is_empty(), "{} of {done}: {wrong:#?}", wrong.len());
    println!(
        "{done} on {threads} threads: {:.1} % native, {interference:?}",
        100.0 * share
    );
    // Both engines ran, and everything happened.
    assert!(share > 0.02 && share < 0.999, "{share}");
    assert!(done >= count);
    assert!(
        interference.has_everything_happened(count),
        "{interference:?}"
    );
}

#[test]
fn verdicts_are_the_same_whatever_happens_to_the_engine() {
    let (cases, count) = (cases(), count());
    for threads in [1, 2, 4] {
        verify_round(&cases, threads, count);
    }
}
