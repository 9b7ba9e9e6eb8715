//! Many machines of one script on one thread and on all: verifications a second, CPU time of each, and
//! memory for native code, through `ckb-script` as in a node, with the module in memory.
//!
//! What scales here has the same CPU time for a verification on all threads as on one, and the same memory for
//! code; verifications a second also depend on what else the machine has to do.
//!
//! `cargo bench --bench scale [-- ROUNDS] [--save]`; Linux only.

use lockstep_test_support::record;
use std::fs;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use ckb_types::core::ScriptHashType;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::Engine;
use lockstep::ckb::{NativeMachine, install};
use lockstep::engine::{Mode, Translate};
use lockstep::transaction::Transaction;
use lockstep_isa::Version;
use lockstep_test_support::record::{median, table};
use lockstep_test_support::transaction::silent;
use lockstep_test_support::transaction::system::{Signature, sighash};
use rustix::time::{ClockId, clock_gettime};

/// Rounds without an argument.
const ROUNDS: usize = 9;
/// Verifications of a thread in a round.
const BATCH: usize = 400;
/// The assembly machine's, which takes about eight times as long.
const SLOW_BATCH: usize = 50;
const PLENTY: u64 = 70_000_000;

/// What a round found.
#[derive(Default)]
struct Found {
    /// Verifications a second, on the clock.
    rate: Vec<f64>,
    /// Microseconds of CPU time for one.
    each: Vec<f64>,
    /// KiB of native code that is mapped.
    code: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.iter().find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let engine = Engine::builder()
        .mode(Mode::Native)
        .translate(Translate::Now);
    install(Arc::new(engine.no_cache().no_warm().build()));
    let mock = sighash(ScriptHashType::Data1, Signature::Good);
    let transaction = Transaction::new(&mock).expect("all cells are there");
    verify::<NativeMachine>(&transaction);
    let all = thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, all, 4 * all];
    counts.dedup();
    let mut found: Vec<(Found, Found)> = counts.iter().map(|_| Default::default()).collect();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for (&threads, (ours, asm)) in counts.iter().zip(&mut found) {
            measure::<NativeMachine>(&transaction, threads, BATCH, ours);
            measure::<AsmMachine>(&transaction, threads, SLOW_BATCH, asm);
        }
    }
    let figures = report(&counts, &found, rounds);
    let save = arguments.iter().any(|word| word == "--save");
    record::publish(
        "scale",
        "cargo bench --bench scale -- --save",
        &figures,
        save,
    );
}

fn verify<M: DefaultMachineRunner>(transaction: &Transaction) {
    let verifier = transaction.verifier::<M>(Version::V2, silent());
    black_box(verifier.verify(PLENTY).expect("the signature is good"));
}

/// All threads begin together, each verifies so often.
fn measure<M: DefaultMachineRunner>(
    transaction: &Transaction,
    threads: usize,
    batch: usize,
    found: &mut Found,
) {
    let barrier = Barrier::new(threads + 1);
    let run = || {
        barrier.wait();
        let start = thread_seconds();
        (0..batch).for_each(|_| verify::<M>(transaction));
        thread_seconds() - start
    };
    let (elapsed, cpu) = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        barrier.wait();
        let start = Instant::now();
        let times = workers.into_iter().map(|worker| worker.join());
        let cpu: f64 = times
            .map(|time| time.expect("no verification panics"))
            .sum();
        (start.elapsed().as_secs_f64(), cpu)
    });
    let verified = (threads * batch) as f64;
    found.rate.push(verified / elapsed);
    found.each.push(cpu * 1e6 / verified);
    found.code = native_code();
}

/// CPU seconds of this thread.
fn thread_seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// KiB of this process's mappings that hold native code: executable, and of no file.
fn native_code() -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux shows them");
    let size = |line: &str| {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next()?, words.next()?);
        let name = words.nth(3).unwrap_or_default();
        let ours = rights.contains('x') && (name.is_empty() || name.starts_with("/memfd:"));
        let (from, to) = range.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        ours.then_some((number(to)? - number(from)?) / 1024)
    };
    maps.lines().filter_map(size).sum()
}

fn report(counts: &[usize], found: &[(Found, Found)], rounds: usize) -> String {
    let head = [
        "threads",
        "a second",
        "CPU µs each",
        "KiB of native code",
        "assembly machine: a second",
        "CPU µs each",
        "ratio of CPU time",
    ];
    let mut lines = vec![head.map(String::from).to_vec()];
    for (threads, (ours, asm)) in counts.iter().zip(found) {
        let (each, each_asm) = (median(&ours.each), median(&asm.each));
        lines.push(vec![
            threads.to_string(),
            format!("{:.0}", median(&ours.rate)),
            format!("{each:.1}"),
            ours.code.to_string(),
            format!("{:.0}", median(&asm.rate)),
            format!("{each_asm:.1}"),
            format!("{:.2}", each_asm / each),
        ]);
    }
    format!(
        "Verifications of `secp256k1_blake160_sighash_all`, one module for all machines; medians of {rounds} \
         interleaved rounds of {BATCH} on each thread ({SLOW_BATCH} of the assembly machine):\n\n{}",
        table(&lines)
    )
}
