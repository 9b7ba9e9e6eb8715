//! What a verification waits for: nothing. The latency of verifications beside a thread that translates
//! the largest script without end, against the same without it; the first run of a script while the
//! compiler hangs, against the interpreter's; and what a machine pays for looking its code up.
//!
//! Wall clock, because latency is what it is about, and beside it the CPU time of the thread that
//! verifies, which is what it does itself, whatever else the machine is busy with. Run it with all
//! threads on one processor (`taskset -c 0`) to see what the low priority of translation is worth.
//! Rounds are interleaved.
//!
//! `cargo bench --bench latency [-- ROUNDS] [--save]`

use lockstep_test_support::record;
use std::fs;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ckb_types::core::ScriptHashType;
use lockstep::ckb::{NativeMachine, with_engine};
use lockstep::engine::{EngineBuilder, Mode, Translate};
use lockstep::transaction::Transaction;
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Version;
use lockstep_runtime::CodeSource;
use lockstep_test_support::transaction::silent;
use lockstep_test_support::transaction::system::{Signature, sighash, system_cell};
use lockstep_translator as translator;
use rustix::time::{ClockId, clock_gettime};

/// Rounds without an argument.
const ROUNDS: usize = 10;
/// Verifications in a round of the first measurement.
const BATCH: usize = 50;
/// First runs in a round of the second one.
const FIRST: usize = 10;
const PLENTY: u64 = 70_000_000;

macro_rules! say {
    ($($words:tt)*) => { record::say(&format!($($words)*)) };
}

fn main() {
    // Cargo hands over `--bench`.
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let mock = sighash(ScriptHashType::Data1, Signature::Good);
    let transaction = Transaction::new(&mock).expect("all cells are there");
    look_up();
    beside_a_translation(&transaction, rounds);
    while_the_compiler_hangs(&transaction, rounds);
    let save = std::env::args().any(|word| word == "--save");
    record::publish_said("latency", "cargo bench --bench latency -- --save", save);
}

/// An engine that nothing outside can change.
fn engine(translate: Translate) -> EngineBuilder {
    let builder = Engine::builder().no_cache().no_warm();
    builder.mode(Mode::Auto).translate(translate)
}

/// Milliseconds of one verification: on the clock, and of CPU time.
fn verify(transaction: &Transaction) -> (f64, f64) {
    let (started, cpu) = (Instant::now(), cpu_time());
    let verifier = transaction.verifier::<NativeMachine>(Version::V2, silent());
    black_box(verifier.verify(PLENTY).expect("the signature is good"));
    (started.elapsed().as_secs_f64() * 1e3, cpu_time() - cpu)
}

/// Milliseconds of CPU time that this thread has used.
fn cpu_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

/// The script with the largest text.
fn largest() -> (&'static str, Vec<u8>, usize) {
    let names = [
        "secp256k1_blake160_sighash_all",
        "secp256k1_blake160_multisig_all",
        "dao",
    ];
    let scripts = names.map(|name| {
        let elf = system_cell(name).to_vec();
        let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
        let size = program
            .code_regions()
            .iter()
            .map(|text| text.bytes.len())
            .sum();
        (name, elf, size)
    });
    let largest = scripts.into_iter().max_by_key(|(_, _, size)| *size);
    largest.expect("there are some")
}

/// What a machine pays for finding the native code of a text that is known.
fn look_up() {
    let (name, elf, size) = largest();
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let engine = engine(Translate::Now).build();
    let request = program.request(&program.code_regions()[0]);
    engine.find(&request).expect("a text");
    const TIMES: u32 = 10_000;
    let measure = |what: &dyn Fn()| {
        let started = Instant::now();
        (0..TIMES).for_each(|_| what());
        started.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
    };
    let found = measure(&|| drop(black_box(engine.find(&request))));
    let digest = measure(&|| {
        black_box(lockstep_contract::key::digest(request.region));
    });
    say!("A machine finds the code of {name}, {size} bytes of text: {found:.2} µs");
    say!("(the digest of that text alone would take {digest:.2} µs)\n");
}

/// Verifications with native code, with and without a translation on another thread.
fn beside_a_translation(transaction: &Transaction, rounds: usize) {
    let (name, elf, size) = largest();
    let busy = Busy::new(&elf);
    let engine = Arc::new(engine(Translate::Now).build());
    with_engine(engine, || {
        verify(transaction);
        let (mut alone, mut beside) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            busy.pause();
            alone.extend((0..BATCH).map(|_| verify(transaction)));
            busy.resume();
            beside.extend((0..BATCH).map(|_| verify(transaction)));
        }
        let count = alone.len();
        say!("A verification of secp256k1_blake160, native; {count} of each, in milliseconds");
        report("nothing else", alone);
        report("beside a translation", beside);
    });
    let units = busy.end();
    say!("({name}, {size} bytes of text: {units} functions were translated meanwhile)\n");
}

/// First verifications of a process, which begins with the compiler hanging, and with no native code.
fn while_the_compiler_hangs(transaction: &Transaction, rounds: usize) {
    let (mut interpreted, mut hanging) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        for _ in 0..FIRST {
            let interpreter = engine(Translate::Never).mode(Mode::Interp).build();
            let run = || verify(transaction);
            interpreted.push(with_engine(Arc::new(interpreter), run));
            let gate = Gate::default();
            let shut = gate.clone();
            // Queued with the first cycles that are counted, so that all there is to wait for is there.
            let hangs = engine(Translate::Background)
                .threshold(1)
                .compiler(move |text, hints, options, progress| {
                    shut.wait();
                    translator::translate_while(text, hints, options, progress)
                })
                .build();
            hanging.push(with_engine(Arc::new(hangs), run));
            gate.open();
        }
    }
    let count = hanging.len();
    say!("The first verification of a process; {count} of each, in milliseconds");
    report("the interpreter alone", interpreted);
    report("the compiler hangs", hanging);
}

fn report(what: &str, values: Vec<(f64, f64)>) {
    let (mut clock, mut cpu): (Vec<f64>, Vec<f64>) = values.into_iter().unzip();
    clock.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    let at = |values: &[f64], share: f64| values[((values.len() - 1) as f64 * share) as usize];
    say!(
        "{what:>24}: median {:.3}, 99th percentile {:.3}; CPU time {:.3} and {:.3}",
        at(&clock, 0.5),
        at(&clock, 0.99),
        at(&cpu, 0.5),
        at(&cpu, 0.99)
    );
}

/// A worker of an engine that translates one program over and over.
struct Busy {
    _engine: Engine,
    paused: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
    /// Functions that were begun.
    units: Arc<AtomicUsize>,
    _folder: tempfile::TempDir,
}

impl Busy {
    fn new(elf: &[u8]) -> Busy {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let list = folder.path().join("warm.txt");
        fs::write(folder.path().join("script.elf"), elf).expect("a file in it");
        fs::write(&list, "script.elf\n").expect("a file in it");
        let paused = Arc::new(AtomicBool::new(true));
        let ended = Arc::new(AtomicBool::new(false));
        let units = Arc::new(AtomicUsize::new(0));
        let (pausing, ending, counted) =
            (Arc::clone(&paused), Arc::clone(&ended), Arc::clone(&units));
        let endless = Duration::from_secs(1 << 30);
        let engine = engine(Translate::Background)
            .warm(list)
            .translation_time(endless)
            .compiler(move |text, hints, options, progress| {
                loop {
                    while pausing.load(Ordering::SeqCst) && !ending.load(Ordering::SeqCst) {
                        sleep(Duration::from_millis(1));
                    }
                    let made =
                        translator::translate_while(text, hints, options, &mut |done, all| {
                            counted.fetch_add(1, Ordering::SeqCst);
                            let go_on = progress(done, all);
                            while pausing.load(Ordering::SeqCst) && !ending.load(Ordering::SeqCst) {
                                sleep(Duration::from_millis(1));
                            }
                            go_on
                        });
                    if ending.load(Ordering::SeqCst) || made.is_err() {
                        return made;
                    }
                }
            })
            .build();
        Busy {
            _engine: engine,
            paused,
            ended,
            units,
            _folder: folder,
        }
    }

    /// Stops it at its next function, and waits that long.
    fn pause(&self) {
        self.paused.store(true, Ordering::SeqCst);
        sleep(Duration::from_millis(100));
    }

    fn resume(&self) {
        self.paused.store(false, Ordering::SeqCst);
        sleep(Duration::from_millis(20));
    }

    /// How many functions it translated.
    fn end(self) -> usize {
        self.ended.store(true, Ordering::SeqCst);
        self.units.load(Ordering::SeqCst)
    }
}

/// Shut until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn wait(&self) {
        let (open, changed) = &*self.0;
        let open = open.lock().expect("nobody panics here");
        drop(changed.wait_while(open, |open| !*open));
    }

    fn open(&self) {
        *self.0.0.lock().expect("nobody panics here") = true;
        self.0.1.notify_all();
    }
}
