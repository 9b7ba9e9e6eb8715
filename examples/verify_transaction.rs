//! Verifies the transactions in files as a node would, natively, and says how that compares with the
//! reference's assembly machine.
//!
//! A file is in the format of `ckb-debugger --tx-file`; `ckb-cli mock-tx dump` writes one of any
//! transaction on the chain. A node has cells and headers in its store; the rest is the same there.
//!
//! `cargo run --release --example verify_transaction -- examples/transactions/sighash_good.json`
//!
//! The exit code is 0 when all transactions are valid, 1 when one is not, 2 when a file is no
//! transaction or the two machines differ.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use ckb_types::packed::Byte32;
use ckb_vm::DefaultMachineRunner;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::ckb::{NativeMachine, counters, install};
use lockstep::engine::{EngineBuilder, Translate};
use lockstep::transaction::{FileError, Transaction};
use lockstep_isa::Version;
use rustix::time::{ClockId, clock_gettime};

/// The limit of a block on CKB's main net.
const MAX_CYCLES: u64 = 3_500_000_000;
/// Verifications that are timed; the fastest counts.
const ROUNDS: usize = 10;

/// Cycles, or why the transaction is refused; and the CPU time of the fastest round, in seconds.
struct Verified {
    verdict: Result<u64, String>,
    seconds: f64,
}

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    if files.is_empty() {
        eprintln!("usage: verify_transaction FILE…");
        return ExitCode::from(2);
    }
    // The settings come from the environment, as without this call. But nothing is left to later: code
    // is translated when it is first met, in the first of the rounds.
    match EngineBuilder::from_env() {
        Ok(builder) => install(Arc::new(builder.translate(Translate::Now).build())),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    }
    let mut code = 0;
    for file in files {
        match report(Path::new(&file)) {
            Ok(result) => code = code.max(result),
            Err(error) => {
                eprintln!("error: {file}: {error}");
                code = 2;
            }
        }
    }
    ExitCode::from(code)
}

/// Verifies a file on both machines and prints what came of it.
fn report(file: &Path) -> Result<u8, FileError> {
    let transaction = Transaction::read(file)?;
    let before = counters();
    let ours = verify::<NativeMachine>(&transaction);
    let after = counters();
    let asm = verify::<AsmMachine>(&transaction);
    println!("{}", file.display());
    match &ours.verdict {
        Ok(cycles) => println!("  valid, {cycles} cycles"),
        Err(error) => println!("  refused: {error}"),
    }
    let charged = after.charged_cycles - before.charged_cycles;
    let native = after.native_cycles - before.native_cycles;
    println!(
        "  {:.1} µs of CPU time, {:.2} % of the instructions' cycles native; AsmMachine {:.1} µs: {:.1} times as long",
        ours.seconds * 1e6,
        100.0 * native as f64 / charged.max(1) as f64,
        asm.seconds * 1e6,
        asm.seconds / ours.seconds
    );
    if ours.verdict != asm.verdict {
        eprintln!("error: AsmMachine says {:?}", asm.verdict);
        return Ok(2);
    }
    Ok(u8::from(ours.verdict.is_err()))
}

/// All scripts of a transaction, as a node verifies them.
fn verify<M: DefaultMachineRunner>(transaction: &Transaction) -> Verified {
    let print = Arc::new(|_: &Byte32, message: &str| eprintln!("  script: {message}"));
    let verifier = transaction.verifier::<M>(Version::V2, print);
    let mut best = Verified {
        verdict: Err("not run".to_owned()),
        seconds: f64::INFINITY,
    };
    for _ in 0..ROUNDS {
        let started = cpu_seconds();
        let verdict = verifier.verify(MAX_CYCLES);
        let seconds = cpu_seconds() - started;
        best.verdict = verdict.map_err(|error| error.to_string());
        best.seconds = best.seconds.min(seconds);
    }
    best
}

/// What this thread has used: other programs on the machine do not count.
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
