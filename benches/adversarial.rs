//! What hostile code costs the translator: every kind of `tests/support/src/adversarial.rs` at three sizes,
//! each ten times the one before, in a process of its own.
//!
//! Printed, and written to `target/bench/adversarial.md`: CPU time, peak memory, bytes of native code a
//! translated guest instruction, what was left to the interpreter and why. It ends with an error when
//! something costs more than it may. Time has limits here only: the translator's own are counted in
//! instructions, blocks and bytes, so that its output does not depend on the machine.
//!
//! `cargo bench --bench adversarial [-- NAME…]`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::{Command, ExitCode};
use std::{env, fs};

use lockstep::{Platform, Program};
use lockstep_test_support::adversarial::{KINDS, Kind};
use lockstep_translator::{Options, translate};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// Pages of text.
const SIZES: [u64; 3] = [10, 100, 1000];
/// CPU seconds that one module may take.
const SECONDS: f64 = 10.0;
/// KiB of memory that any of them may take, the process itself included.
const MEMORY: u64 = 256 << 10;
/// Ten times the input may cost so many times the time. It is more than ten, because the larger program may not fit the
/// module's budget. Where a block was left out, its neighbours need exits, which cost up to half as much again for each
/// instruction. What grows with the square of the input costs a hundred times as much.
const GROWTH: f64 = 15.0;
/// Seconds below which a ratio says nothing: what every process does takes as long.
const FLOOR: f64 = 0.05;
/// The argument by which the process knows that it is a child.
const CHILD: &str = "--child";

/// What one translation cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Cost {
    /// CPU, of all modules of the program.
    seconds: f64,
    /// CPU, of the worst of them.
    worst: f64,
    /// Peak, in KiB.
    memory: u64,
    instructions: usize,
    blocks: usize,
    units: usize,
    code: usize,
    module: usize,
    /// Heads that were left, by reason.
    left: BTreeMap<String, usize>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [flag, name, pages] = arguments.as_slice()
        && flag == CHILD
    {
        let kind = Kind::named(name).expect("the parent knows the names");
        let cost = measure(kind, pages.parse().expect("the parent writes a number"));
        println!("{}", serde_json::to_string(&cost).expect("plain figures"));
        return ExitCode::SUCCESS;
    }
    let names: Vec<&String> = (arguments.iter())
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let wanted = |kind: &&Kind| names.is_empty() || names.iter().any(|name| *name == kind.name);
    let mut table = String::from(HEADER);
    print!("{HEADER}");
    let mut wrong = Vec::new();
    for kind in KINDS.iter().filter(wanted) {
        let costs = SIZES.map(|pages| in_a_process(kind, pages));
        let row = row(kind, &costs);
        print!("{row}");
        table += &row;
        judge(kind, &costs, &mut wrong);
    }
    fs::create_dir_all("target/bench").expect("a folder for results");
    fs::write("target/bench/adversarial.md", &table).expect("it can be written");
    for line in &wrong {
        eprintln!("over its budget: {line}");
    }
    match wrong.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Translates all texts of a program, as an engine does.
fn measure(kind: &Kind, pages: u64) -> Cost {
    let elf = kind.elf(pages);
    let before = clock();
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let mut cost = Cost::default();
    for text in program.code_regions() {
        let started = clock();
        let hints = program.hints(&text);
        let made = translate(&text, &hints, &Options::default(), &mut |_, _| {});
        let made = made.expect("a module, however little is in it");
        cost.worst = cost.worst.max(clock() - started);
        cost.instructions += made.report.instructions;
        cost.blocks += made.report.blocks;
        cost.units += made.report.units;
        cost.code += made.report.code_bytes;
        cost.module += made.module.to_bytes().len();
        for (_, reason) in &made.report.left {
            let reason = reason.to_string();
            let short = reason.split(" at ").next().unwrap_or_default();
            *cost.left.entry(short.to_owned()).or_default() += 1;
        }
    }
    cost.seconds = clock() - before;
    cost.memory = peak();
    cost
}

/// CPU seconds of this process, all threads.
fn clock() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// KiB that this process had in memory at most.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.expect("Linux shows the peak")
}

fn in_a_process(kind: &Kind, pages: u64) -> Cost {
    let output = Command::new(env::current_exe().expect("it runs"))
        .args([CHILD, kind.name, &pages.to_string()])
        .output()
        .expect("a child");
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| {
        panic!(
            "{} of {pages} pages: {error}: {}\n{text}\n{}",
            kind.name,
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

const HEADER: &str = "\
| Kind | CPU s at 10, 100, 1000 pages | Times for 10 × | Peak MiB | Instructions | Blocks | Units | Code bytes an instruction | Left to the interpreter |
|---|---|---|---|---|---|---|---|---|
";

fn row(kind: &Kind, costs: &[Cost; 3]) -> String {
    let mut row = String::new();
    let [small, middle, large] = costs;
    let times = |a: &Cost, b: &Cost| match a.seconds < FLOOR {
        true => "-".to_owned(),
        false => format!("{:.1}", b.seconds / a.seconds),
    };
    let left: Vec<String> = (large.left.iter())
        .map(|(reason, count)| format!("{count}: {reason}"))
        .collect();
    writeln!(
        row,
        "| {}: {} | {:.2} {:.2} {:.2} | {} {} | {} | {} | {} | {} | {:.1} | {} |",
        kind.name,
        kind.what,
        small.seconds,
        middle.seconds,
        large.seconds,
        times(small, middle),
        times(middle, large),
        large.memory >> 10,
        large.instructions,
        large.blocks,
        large.units,
        large.code as f64 / large.instructions.max(1) as f64,
        left.join("; "),
    )
    .expect("a string takes it");
    row
}

/// What costs more than it may.
fn judge(kind: &Kind, costs: &[Cost; 3], wrong: &mut Vec<String>) {
    for (cost, pages) in costs.iter().zip(SIZES) {
        if cost.worst > SECONDS {
            wrong.push(format!(
                "{} of {pages} pages: {:.2} s",
                kind.name, cost.worst
            ));
        }
        if cost.memory > MEMORY {
            wrong.push(format!(
                "{} of {pages} pages: {} KiB",
                kind.name, cost.memory
            ));
        }
    }
    for pair in costs.windows(2) {
        let times = pair[1].seconds / pair[0].seconds.max(FLOOR);
        if times > GROWTH {
            wrong.push(format!(
                "{}: {times:.1} times for ten times the input",
                kind.name
            ));
        }
    }
}
