//! Guests × engines: the build for this machine, CKB-VM's assembly machine and trace machine, our
//! interpreter, our native code, and with `--peers` Wasmtime and PolkaVM (`benches/peers`). Tables in Markdown,
//! and `target/bench/guests.{md,json,svg}`; with `--save` the tables go into BENCHMARKS.md, the other two into
//! `docs/bench`.
//!
//! CPU time, loading and translation left out; all engines in turn, round after round, so that a
//! noisy minute hits all of them; medians. Every run must exit with 0 and, on the machines for RISC-V that we
//! compare with, with the same cycles. The trace machine runs a shorter argument and its time is scaled by
//! cycles, marked `~`: it is about three times slower than the assembly machine.
//!
//! `cargo bench --bench guests -- [NAME…] [--peers] [--rounds N] [--quick] [--save]`
//!
//! What is built on demand comes from `cargo xtask guests` with `--third-party`, `--native`, `--wasm` and
//! `--polkavm`.

mod chart;
mod peers;
mod report;

use lockstep_test_support::record;
use std::sync::Arc;

use lockstep_isa::Version;
use lockstep_test_support::clock;
use lockstep_test_support::guests::{Guest, guests};
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::reference::{Asm, Trace};
use lockstep_translator::Options;
use peers::Peers;
use report::{Engine, Report, Row, Sample};

/// Rounds when nothing else is said.
const ROUNDS: usize = 7;
/// Rounds with `--quick`.
const QUICK_ROUNDS: usize = 3;
/// The trace machine's part of the work.
const TRACE_PART: u64 = 8;
/// With `--quick`, every engine's part of the work.
const QUICK_PART: u64 = 8;
/// No limit.
const PLENTY: u64 = u64::MAX;

/// What was asked for on the command line.
struct Request {
    filters: Vec<String>,
    rounds: usize,
    quick: bool,
    peers: bool,
    save: bool,
}

const USAGE: &str =
    "usage: cargo bench --bench guests -- [NAME…] [--peers] [--rounds N] [--quick] [--save]";

fn main() {
    let request = match read_arguments(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            std::process::exit(64);
        }
    };
    let wanted = |guest: &Guest| {
        let named = |filter: &String| guest.name.contains(filter.as_str());
        let is_for_benches = guest.bench_argument != "0";
        is_for_benches && (request.filters.is_empty() || request.filters.iter().any(named))
    };
    let guests: Vec<Guest> = guests().into_iter().filter(wanted).collect();
    if guests.is_empty() {
        eprintln!("no guest has any of {:?} in its name", request.filters);
        std::process::exit(64);
    }
    let mut peers = request.peers.then(|| {
        Peers::start().unwrap_or_else(|error| {
            eprintln!("{error}");
            std::process::exit(70);
        })
    });
    let mut benches: Vec<Bench> = guests
        .iter()
        .map(|guest| Bench::new(guest, &request))
        .collect();
    for round in 0..request.rounds {
        eprintln!("round {} of {}", round + 1, request.rounds);
        for bench in &mut benches {
            bench.measure(peers.as_mut());
        }
    }
    let report = Report {
        rounds: request.rounds,
        quick: request.quick,
        rows: benches.into_iter().map(|bench| bench.row).collect(),
        peers: peers.map(|peers| peers.engines.clone()).unwrap_or_default(),
    };
    write(&report, &request);
}

/// The tables, the figures and the chart.
fn write(report: &Report, request: &Request) {
    let json = format!("{:#}\n", report.json());
    let chart = chart::draw(report);
    record::write(&record::target_file("guests.json"), &json);
    record::write(&record::target_file("guests.svg"), &chart);
    if request.save {
        record::write(&record::committed_file("guests.json"), &json);
        record::write(&record::committed_file("guests.svg"), &chart);
    }
    let peers = if request.peers { " --peers" } else { "" };
    let command = format!("cargo bench --bench guests --{peers} --save");
    record::publish("guests", &command, &report.markdown(), request.save);
}

fn read_arguments(args: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut request = Request {
        filters: Vec::new(),
        rounds: 0,
        quick: false,
        peers: false,
        save: false,
    };
    let mut args = args;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            // Cargo's own.
            "--bench" => {}
            "--quick" => request.quick = true,
            "--peers" => request.peers = true,
            "--save" => request.save = true,
            "--rounds" => {
                let rounds = args.next().and_then(|text| text.parse().ok());
                request.rounds = rounds
                    .filter(|n| *n > 0)
                    .ok_or("--rounds takes a number above 0")?;
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}")),
            filter => request.filters.push(filter.to_string()),
        }
    }
    if request.rounds == 0 {
        request.rounds = if request.quick { QUICK_ROUNDS } else { ROUNDS };
    }
    Ok(request)
}

/// One guest being measured.
struct Bench {
    guest: Guest,
    setup: Setup,
    modules: Arc<Modules>,
    /// What all engines run but the trace machine.
    program: Program,
    argument: u64,
    /// What the trace machine runs.
    short: Program,
    row: Row,
}

impl Bench {
    fn new(guest: &Guest, request: &Request) -> Bench {
        let whole: u64 = guest
            .bench_argument
            .parse()
            .expect("the bench argument of a guest is a number");
        let part = |parts: u64| (whole / parts).max(1);
        let argument = if request.quick {
            part(QUICK_PART)
        } else {
            whole
        };
        let short = part(TRACE_PART);
        let options = Options::default();
        let mut bench = Bench {
            setup: Setup::ckb(Version::V2),
            modules: Modules::with(options),
            program: guest.program(&[&argument.to_string()]),
            argument,
            short: guest.program(&[&short.to_string()]),
            row: Row::new(&guest.name),
            guest: guest.clone(),
        };
        bench.translate();
        bench
    }

    /// Makes the module and the first touch of everything, outside the measurement.
    fn translate(&mut self) {
        let mut native = self.ours(&self.program, true);
        expect_success(&self.guest, native.run_quietly(PLENTY));
        self.row.cycles = native.cycles();
        self.row.native_share = native.native_cycles() as f64 / native.cycles() as f64;
        for made in self.modules.take_made() {
            let translation = &mut self.row.translation;
            translation.seconds += made.seconds;
            translation.instructions += made.report.instructions;
            translation.code_bytes += made.report.code_bytes;
            translation.units += made.report.units;
        }
    }

    fn ours(&self, program: &Program, native: bool) -> Ours {
        let loaded = if native {
            Ours::native(program, &self.setup, &self.modules)
        } else {
            Ours::interpreter(program, &self.setup)
        };
        loaded.unwrap_or_else(|verdict| panic!("{}: loading: {verdict}", self.guest.name))
    }

    /// One run of each engine.
    fn measure(&mut self, peers: Option<&mut Peers>) {
        let mut asm = Asm::asm(&self.program, &self.setup)
            .unwrap_or_else(|verdict| panic!("{}: loading: {verdict}", self.guest.name));
        let sample = timed(&self.guest, || asm.run_quietly(PLENTY));
        self.record(Engine::Asm, sample, asm.cycles());

        let mut trace = Trace::trace(&self.short, &self.setup)
            .unwrap_or_else(|verdict| panic!("{}: loading: {verdict}", self.guest.name));
        let sample = timed(&self.guest, || trace.run_quietly(PLENTY));
        let scale = self.row.cycles as f64 / trace.cycles() as f64;
        self.row.add(Engine::Trace, sample * scale);

        for (engine, native) in [(Engine::Interpreter, false), (Engine::Native, true)] {
            let mut ours = self.ours(&self.program, native);
            let sample = timed(&self.guest, || ours.run_quietly(PLENTY));
            self.record(engine, sample, ours.cycles());
        }
        if let Some(file) = self.guest.native.as_ref().filter(|file| file.exists()) {
            // Starting the process is not what is compared.
            let start = clock::child_seconds(file, "0");
            let whole = clock::child_seconds(file, &self.argument.to_string());
            let sample = (whole - start).max(0.0);
            self.row.add(Engine::Host, sample);
        }
        let Some(peers) = peers else { return };
        for number in 0..peers.engines.len() {
            if let Some(sample) = peers.run(number, &self.guest.name, self.argument) {
                self.row.add(Engine::Peer(number), sample);
            }
        }
    }

    fn record(&mut self, engine: Engine, sample: Sample, cycles: u64) {
        assert_eq!(
            cycles, self.row.cycles,
            "{}: cycles of {engine:?}",
            self.guest.name
        );
        self.row.add(engine, sample);
    }
}

/// CPU seconds of a run that must succeed.
fn timed(guest: &Guest, run: impl FnOnce() -> Verdict) -> Sample {
    let start = clock::thread_seconds();
    let verdict = run();
    let seconds = clock::thread_seconds() - start;
    expect_success(guest, verdict);
    seconds
}

fn expect_success(guest: &Guest, verdict: Verdict) {
    assert_eq!(verdict, Verdict::Exit(0), "{}", guest.name);
}
