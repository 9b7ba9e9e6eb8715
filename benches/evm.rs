//! Six programs for the EVM guest: CKB-VM's assembly machine, our interpreter, our native code, and the same library built
//! for this machine (`cargo xtask guests --native`).
//!
//! CPU time, loading and translation left out; all engines in turn, round after round; medians. A program runs often
//! enough that starting the guest does not count, and checks its result each time. Cycles for a unit of gas come from a
//! run of the program alone, less the cycles of the same call with a code that stops at once, which is what the call
//! costs before its first operation.
//!
//! `cargo bench --bench evm -- [ROUNDS] [--save]`

use std::sync::Arc;
use std::sync::mpsc::channel;

use lockstep::engine::{Mode, Translate};
use lockstep::runtime::{CostTable, DebugPrint};
use lockstep::{Engine, Machine, Outcome, Platform, Program as Loaded};
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

/// The caller's tokens: a million at the hash of its address and slot 0.
const TOKENS: &str = "\"a1fa0f4d4de4704fed791c619db7782f1d7be77097b3fc91fc0feeb0dfa38b45\":\"00000000000000000000000000000000000000000000000000000000000f4240\"";

/// A workload of `guests/rust/evm/src/workloads.rs`.
struct Workload {
    name: &'static str,
    /// Its code with more iterations, where that is an argument of the code, and its data.
    code: String,
    data: String,
    accounts: String,
}

fn workloads() -> Vec<Workload> {
    let token = root().join("guests/rust/evm/token/runtime.hex");
    let token = std::fs::read_to_string(token).expect("the token is committed");
    let modulus = format!("7f{}fefffffc2f", "ff".repeat(27));
    let seed = "7f0123456789abcdeffedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1f0600052";
    let accounts = |storage: &str| {
        let own = "c0".repeat(20);
        format!("{{\"accounts\":{{\"{own}\":{{\"nonce\":1,\"storage\":{{{storage}}}}}}}}}")
    };
    let workload = |name, code: String, data: String, storage| Workload {
        name,
        code,
        data,
        accounts: accounts(storage),
    };
    vec![
        workload("loop", "61ffff5b600190038060035700".into(), String::new(), ""),
        workload("hashing", "60ff5b6040600020600052600190038060025760206000f3".into(), String::new(), ""),
        workload(
            "arithmetic",
            format!("{seed}60ff5b{modulus}6000518060010109600390046005900a{modulus}90600051086000526001900380602657 60206000f3").replace(' ', ""),
            String::new(),
            "",
        ),
        workload("storage", "60ff5b80600f16805482019055600190038060025700".into(), String::new(), ""),
        workload(
            "calls",
            "60003580600c5760206000f35b806001900360005260206000602060006000305af1600051010160005260206000f3".into(),
            format!("{:064x}", 60),
            "",
        ),
        workload(
            "token",
            token,
            format!("a9059cbb{:0>64}{:064x}", "dd".repeat(20), 1000),
            TOKENS,
        ),
    ]
}

/// One program with what was measured.
struct Bench {
    workload: Workload,
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
    let elf = root().join("guests/elf/rust_evm.elf");
    let elf = std::fs::read(elf).expect("the guest is committed");
    let setup = Setup::ckb(Version::V2);
    let modules = Modules::with(Options::default());
    let mut benches: Vec<Bench> = (workloads().into_iter())
        .map(|workload| prepare(workload, &elf, &setup, &modules))
        .collect();
    let host = root().join("target/guests/native/rust_evm");
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        for bench in &mut benches {
            bench.measure(&setup, &modules, host.exists().then_some(host.as_path()));
        }
    }
    let save = std::env::args().any(|word| word == "--save");
    record::publish(
        "evm",
        "cargo bench --bench evm -- --save",
        &tables(&benches),
        save,
    );
}

/// Runs of the guest that end well, with the cycles of each and what it printed.
fn run(elf: &[u8], arguments: &[&str]) -> (u64, String) {
    let loaded = Loaded::load(elf, &Platform::default()).expect("the guest is an ELF");
    let engine = Engine::builder()
        .no_cache()
        .mode(Mode::Interp)
        .translate(Translate::Never)
        .build();
    let (lines, printed) = channel();
    let print = DebugPrint::new(move |text: &[u8]| {
        let _ = lines.send(String::from_utf8_lossy(text).into_owned());
    });
    let mut machine = Machine::new(loaded.into_core()).with(print);
    let arguments: Vec<Vec<u8>> = arguments
        .iter()
        .map(|text| text.as_bytes().to_vec())
        .collect();
    let cost = CostTable::from(Platform::default().cost);
    let outcome = machine
        .initialize(arguments.iter().map(Ok))
        .and_then(|_| machine.run(&engine.environment(&cost)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)), "{arguments:?}");
    (machine.core().cycles(), printed.try_iter().collect())
}

fn prepare(workload: Workload, elf: &[u8], setup: &Setup, modules: &Arc<Modules>) -> Bench {
    const GAS: u64 = 100_000_000;
    let gas = GAS.to_string();
    let call = |code: &str| {
        let arguments = [
            "run",
            "--code",
            code,
            "--data",
            &workload.data,
            "--gas",
            &gas,
            "--accounts",
            &workload.accounts,
        ];
        run(elf, &arguments)
    };
    let (whole, printed) = call(&workload.code);
    let (cycles_before, _) = call("00");
    assert!(
        printed.contains("\"status\":\"success\""),
        "{}: {printed}",
        workload.name
    );
    let left = printed
        .split("\"gas_left\":")
        .nth(1)
        .and_then(|text| text.split(',').next());
    let left: u64 = left
        .and_then(|text| text.parse().ok())
        .expect("it prints the gas that is left");
    let program = |rounds: u64| Program {
        name: workload.name.to_string(),
        elf: elf.to_vec(),
        args: ["workload", workload.name, &rounds.to_string()]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
        registers: Vec::new(),
    };
    let once = native(&program(1), setup, modules).cycles();
    let rounds = (SAMPLE_CYCLES / once).max(1);
    let program = program(rounds);
    let ours = native(&program, setup, modules);
    Bench {
        argument: format!("{}={rounds}", workload.name),
        cycles: ours.cycles(),
        native_share: ours.native_cycles() as f64 / ours.cycles() as f64,
        gas: GAS - left,
        cycles_of_gas: whole.saturating_sub(cycles_before),
        cycles_before,
        times: Default::default(),
        workload,
        program,
    }
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
        assert_eq!(asm.cycles(), self.cycles, "{}", self.workload.name);
        let mut interpreter =
            Ours::interpreter(&self.program, setup).unwrap_or_else(|verdict| failed(verdict));
        self.times[1].push(timed(|| interpreter.run_quietly(PLENTY)));
        assert_eq!(interpreter.cycles(), self.cycles, "{}", self.workload.name);
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
        "cycles before the first operation",
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
            bench.workload.name.to_string(),
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
            bench.workload.name.to_string(),
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
