//! Seven workloads for the Move guest: CKB-VM's assembly machine, our interpreter, our native code, and the same library
//! built for this machine (`cargo xtask guests --native`).
//!
//! CPU time, loading and translation left out; all engines in turn, round after round; medians. A workload runs often
//! enough that starting the guest does not count, and checks its result each time. What it costs to read, verify and link
//! the module are the cycles of a run that calls nothing.
//!
//! `cargo bench --bench movevm -- [ROUNDS] [--save]`

use std::sync::Arc;

use lockstep_isa::Version;
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::reference::Asm;
use lockstep_test_support::{clock, record, root};
use lockstep_translator::Options;

/// Rounds when nothing else is said.
const ROUNDS: usize = 7;
const PLENTY: u64 = u64::MAX;
/// Cycles of a sample, about.
const SAMPLE_CYCLES: u64 = 150_000_000;
/// What the pool of a node accepts, and what a block may have.
const POOL_CYCLES: u64 = 70_000_000;
const BLOCK_CYCLES: u64 = 3_500_000_000;

/// The workloads of `guests/rust/movevm/src/workloads.rs`.
const NAMES: [&str; 7] = [
    "loops",
    "recursion",
    "vectors",
    "structs",
    "generics",
    "wide",
    "storage",
];

/// One program with what was measured.
struct Bench {
    name: &'static str,
    program: Program,
    argument: String,
    cycles: u64,
    native_share: f64,
    gas: u64,
    cycles_of_gas: u64,
    cycles_before: u64,
    times: [Vec<f64>; 4],
}

fn main() {
    let rounds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let elf = root().join("guests/elf/rust_move.elf");
    let elf = std::fs::read(elf).expect("the guest is committed");
    let setup = Setup::ckb(Version::V2);
    let modules = Modules::with(Options::default());
    let mut benches: Vec<Bench> = (NAMES.into_iter())
        .map(|name| prepare(name, &elf, &setup, &modules))
        .collect();
    let host = root().join("target/guests/native/rust_move");
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for bench in &mut benches {
            bench.measure(&setup, &modules, host.exists().then_some(host.as_path()));
        }
    }
    let save = std::env::args().any(|word| word == "--save");
    record::publish(
        "movevm",
        "cargo bench --bench movevm -- --save",
        &tables(&benches),
        save,
    );
}

fn prepare(name: &'static str, elf: &[u8], setup: &Setup, modules: &Arc<Modules>) -> Bench {
    let program = |rounds: u64| Program {
        name: name.to_string(),
        elf: elf.to_vec(),
        args: ["workload", name, &rounds.to_string()]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        registers: Vec::new(),
    };
    let [before, once] = [0, 1].map(|rounds| native(&program(rounds), setup, modules).cycles());
    let round = once - before;
    let rounds = (SAMPLE_CYCLES / round).max(1);
    let gas = gas_of(name);
    let program = program(rounds);
    let ours = native(&program, setup, modules);
    Bench {
        name,
        argument: format!("{name}={rounds}"),
        cycles: ours.cycles(),
        native_share: ours.native_cycles() as f64 / ours.cycles() as f64,
        gas,
        cycles_of_gas: round,
        cycles_before: before,
        times: Default::default(),
        program,
    }
}

/// The gas of one round, as the library counts it.
fn gas_of(name: &str) -> u64 {
    let line = movevm::workloads::line(name).expect("the workloads run");
    let used = line
        .split("\"gas_used\":")
        .nth(1)
        .and_then(|text| text.split(',').next());
    used.and_then(|text| text.parse().ok())
        .expect("it says the gas")
}

fn native(program: &Program, setup: &Setup, modules: &Arc<Modules>) -> Ours {
    let mut ours = Ours::native(program, setup, modules)
        .unwrap_or_else(|verdict| panic!("loading: {verdict}"));
    assert_eq!(
        ours.run_quietly(PLENTY),
        Verdict::Exit(0),
        "{}",
        program.name
    );
    ours
}

impl Bench {
    /// One sample of each engine.
    fn measure(&mut self, setup: &Setup, modules: &Arc<Modules>, host: Option<&std::path::Path>) {
        let failed = |verdict| -> ! { panic!("loading: {verdict}") };
        let mut asm = Asm::asm(&self.program, setup).unwrap_or_else(|verdict| failed(verdict));
        self.times[0].push(timed(|| asm.run_quietly(PLENTY)));
        assert_eq!(asm.cycles(), self.cycles, "{}", self.name);
        let mut interpreter =
            Ours::interpreter(&self.program, setup).unwrap_or_else(|verdict| failed(verdict));
        self.times[1].push(timed(|| interpreter.run_quietly(PLENTY)));
        assert_eq!(interpreter.cycles(), self.cycles, "{}", self.name);
        let mut native =
            Ours::native(&self.program, setup, modules).unwrap_or_else(|verdict| failed(verdict));
        self.times[2].push(timed(|| native.run_quietly(PLENTY)));
        if let Some(host) = host {
            let start = clock::child_seconds(host, "0");
            let whole = clock::child_seconds(host, &self.argument);
            self.times[3].push((whole - start).max(0.0));
        }
    }
}

fn timed(run: impl FnOnce() -> Verdict) -> f64 {
    let start = clock::thread_seconds();
    let verdict = run();
    let seconds = clock::thread_seconds() - start;
    assert_eq!(verdict, Verdict::Exit(0));
    seconds
}

fn tables(benches: &[Bench]) -> String {
    let heads = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| (*text).to_string())
            .collect::<Vec<String>>()
    };
    let mut speed = vec![heads(&[
        "program",
        "cycles",
        "assembly machine",
        "interpreter",
        "native",
        "x86-64",
        "times as fast as the assembly machine",
        "native ÷ x86-64",
        "native share",
    ])];
    let mut gas = vec![heads(&[
        "program",
        "gas",
        "cycles",
        "cycles for a unit of gas",
        "cycles to read, verify and link",
        "gas in 70 M cycles",
        "gas in 3.5 G cycles",
    ])];
    for bench in benches {
        let [asm, interpreter, native, host] =
            bench.times.each_ref().map(|times| match times.is_empty() {
                true => f64::NAN,
                false => record::median(times),
            });
        let milliseconds = |seconds: f64| format!("{:.1} ms", seconds * 1e3);
        speed.push(vec![
            bench.name.to_string(),
            format!("{:.1} M", bench.cycles as f64 / 1e6),
            milliseconds(asm),
            milliseconds(interpreter),
            milliseconds(native),
            milliseconds(host),
            format!("{:.1}", asm / native),
            format!("{:.2}", native / host),
            format!("{:.3} %", bench.native_share * 100.0),
        ]);
        let each = bench.cycles_of_gas as f64 / bench.gas as f64;
        let fits = |cycles: u64| {
            format!(
                "{:.2} M",
                cycles.saturating_sub(bench.cycles_before) as f64 / each / 1e6
            )
        };
        gas.push(vec![
            bench.name.to_string(),
            bench.gas.to_string(),
            bench.cycles_of_gas.to_string(),
            format!("{each:.1}"),
            bench.cycles_before.to_string(),
            fits(POOL_CYCLES),
            fits(BLOCK_CYCLES),
        ]);
    }
    format!("{}\n\n{}", record::table(&speed), record::table(&gas))
}
