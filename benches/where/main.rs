//! Where the time goes against a native build, guest by guest: instructions of the host for each instruction of
//! the guest, by what they are for, and how often native code was left and why.
//!
//! Counted, not timed, so it is the same on a busy machine: each guest runs once under `valgrind
//! --tool=callgrind`, which counts every instruction at its address, and `where/kinds.rs` tells from the
//! instruction and its place what it is for. An instruction is not a time: what waits for memory or
//! for a wrongly predicted branch is not in this table.
//!
//! `cargo bench --bench where [-- NAME…] [--hot N] [--save]`; `--hot` shows the N hottest intervals of native code of
//! each guest. It needs valgrind, and what `cargo xtask guests --third-party` and `--native` build.

mod kinds;

use lockstep_test_support::{callgrind, record};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use kinds::Kind;
use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Machine as Running, Platform, Program};
use lockstep_isa::{Cost, Extensions};
use lockstep_runtime::{CostTable, Environment, Exits, Machine, Outcome};
use lockstep_test_support::guests::{Guest, guests};

/// The part of a bench's work that is counted.
const PART: u64 = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--child", cache, elf, argument] = words[..] {
        return child(cache, elf, argument);
    }
    let mut save = false;
    let mut hot = 0;
    let mut names = Vec::new();
    let mut rest = words.into_iter();
    while let Some(word) = rest.next() {
        match word {
            "--bench" => {}
            "--save" => save = true,
            "--hot" => hot = rest.next().and_then(|text| text.parse().ok()).unwrap_or(20),
            name => names.push(name),
        }
    }
    let wanted = |guest: &Guest| {
        let named = names.iter().any(|name| guest.name.contains(name));
        guest.bench_argument != "0" && (names.is_empty() || named)
    };
    let rows: Vec<Row> = guests()
        .iter()
        .filter(|guest| wanted(guest))
        .map(|guest| measure(guest, hot))
        .collect();
    record::publish(
        "where",
        "cargo bench --bench where -- --save",
        &tables(&rows),
        save,
    );
}

/// One guest's counts.
struct Row {
    name: String,
    /// Instructions that the guest executed.
    guest: f64,
    /// Instructions of native code, by what they are for.
    kinds: Vec<(Kind, u64)>,
    /// Instructions outside of native code, between the first and the last of the guest.
    outside: u64,
    /// Instructions of the build for this machine.
    native: Option<u64>,
    exits: Exits,
}

fn measure(guest: &Guest, hot: usize) -> Row {
    eprintln!("{}", guest.name);
    let whole: u64 = guest.bench_argument.parse().expect("a number");
    let argument = (whole / PART).max(1).to_string();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = folder.path().join("cache");
    let elf = guest.elf.to_str().expect("a plain path");
    // Translates, so that the child that is counted only loads.
    run(&engine(&cache), &std::fs::read(elf).expect("a guest"), "1");
    let this = std::env::current_exe().expect("this program has a path");
    let cache = cache.to_str().expect("a plain path").to_owned();
    let mut command = Command::new(this);
    command.args(["--child", &cache, elf, &argument]);
    let counted = callgrind::count(&command, Some("measured_run"));
    let said = Said::read(&counted.output);
    let in_code: Vec<(u64, u64)> = counted
        .addresses
        .iter()
        .filter_map(|(&at, &count)| {
            let offset = at.checked_sub(said.start)?;
            (offset < said.code.len() as u64).then_some((offset, count))
        })
        .collect();
    let native_count: u64 = in_code.iter().map(|(_, count)| count).sum();
    assert!(
        native_count > 0,
        "{}: no native code was counted",
        guest.name
    );
    let executed = kinds::classify(&said.code, &in_code);
    if hot > 0 {
        println!("{}\n{}", guest.name, kinds::hottest(&executed, hot));
    }
    Row {
        name: guest.name.clone(),
        guest: instructions(elf, &argument) as f64,
        kinds: kinds::sums(&executed),
        outside: counted.total - native_count,
        native: guest
            .native
            .as_deref()
            .filter(|file| file.exists())
            .map(|file| {
                // Starting the process is not what is compared.
                let total = |argument: &str| {
                    let mut command = Command::new(file);
                    callgrind::count(command.arg(argument), None).total
                };
                total(&argument) - total("0")
            }),
        exits: said.exits,
    }
}

/// An engine with modules in that folder.
fn engine(cache: &Path) -> Engine {
    let builder = Engine::builder().mode(Mode::Native).no_warm();
    builder.translate(Translate::Now).cache(cache).build()
}

/// A guest with its argument, not run yet.
fn load(elf: &[u8], argument: &str, platform: &Platform) -> Running {
    let mut program = Program::load(elf, platform).expect("a good ELF");
    let stack = program.core_mut().initialize_stack(&[argument.as_bytes()]);
    stack.expect("it fits");
    Machine::new(program.into_core())
}

/// Runs a guest to its end and returns the machine.
fn run(engine: &Engine, elf: &[u8], argument: &str) -> Running {
    let mut machine = load(elf, argument, &Platform::default());
    measured_run(&mut machine, engine);
    machine
}

/// What is counted: its name is what `callgrind` looks for.
#[inline(never)]
fn measured_run(machine: &mut Running, engine: &Engine) {
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)));
}

/// Instructions that the guest executes: its cycles where each costs one and none is fused.
fn instructions(elf: &str, argument: &str) -> u64 {
    let mut platform = Platform::default().with_cost(Cost::Constant);
    // B without MOP.
    platform.profile.extensions = Extensions::from_bits(1);
    let elf = std::fs::read(elf).expect("a guest");
    let mut machine = load(&elf, argument, &platform);
    let outcome = machine.run(&Environment::new(&CostTable::from(Cost::Constant)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)));
    machine.core().cycles()
}

/// Runs the guest with the module of the cache, and says where its code is, what it is, and how often it was
/// left.
fn child(cache: &str, elf: &str, argument: &str) {
    let engine = engine(Path::new(cache));
    let elf = std::fs::read(elf).expect("a guest");
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let request = program.request(&program.code_regions()[0]);
    let library = engine.code_source().expect("native code");
    let module = library.find(&request).and_then(|known| known.module());
    let module: Arc<_> = module.expect("the cache has it");
    let machine = run(&engine, &elf, argument);
    let code = module.code_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("code {} {hex}", code.as_ptr() as u64);
    for (name, count) in machine.core().exits().by_name() {
        println!("exits {name} {count}");
    }
}

/// What the child says.
struct Said {
    start: u64,
    code: Vec<u8>,
    exits: Exits,
}

impl Said {
    fn read(output: &str) -> Said {
        let mut said = Said {
            start: 0,
            code: Vec::new(),
            exits: Exits::default(),
        };
        for line in output.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["code", start, hex] => {
                    said.start = start.parse().expect("an address");
                    let byte = |pair: &[u8]| {
                        let text = std::str::from_utf8(pair).expect("hex");
                        u8::from_str_radix(text, 16).expect("hex")
                    };
                    said.code = hex.as_bytes().chunks(2).map(byte).collect();
                }
                ["exits", name, count] => {
                    let count = count.parse().expect("a count");
                    let exits = &mut said.exits;
                    match name {
                        "limit" => exits.limit = count,
                        "lookup" => exits.lookup = count,
                        "load" => exits.load = count,
                        "store" => exits.store = count,
                        "atomic" => exits.atomic = count,
                        "ecall" => exits.ecall = count,
                        "ebreak" => exits.ebreak = count,
                        "interpreted" => exits.interpreted = count,
                        _ => exits.other = count,
                    }
                }
                _ => {}
            }
        }
        said
    }
}

fn tables(rows: &[Row]) -> String {
    let mut head = vec!["guest".to_string(), "x86-64 build".into(), "ours".into()];
    head.extend(Kind::ALL.iter().map(|kind| kind.title().to_string()));
    head.push("interpreter and loader".into());
    let mut lines = vec![head];
    for row in rows {
        let each = |count: u64| format!("{:.2}", count as f64 / row.guest);
        let all: u64 = row.kinds.iter().map(|(_, count)| count).sum();
        let mut line = vec![row.name.clone()];
        line.push(row.native.map_or("-".into(), each));
        line.push(format!("**{}**", each(all + row.outside)));
        line.extend(row.kinds.iter().map(|(_, count)| each(*count)));
        line.push(each(row.outside));
        lines.push(line);
    }
    let mut text = format!(
        "Host instructions for each instruction of the guest, an {PART}th of the bench's work, counted by \
         callgrind:\n\n{}\n",
        record::table(&lines)
    );
    for kind in Kind::ALL {
        text += &format!("- *{}*: {}.\n", kind.title(), kind.meaning());
    }
    text += "- *interpreter and loader*: everything outside of native code from the first instruction to the last: \
             finding code, the first store to each page, traces without native code.\n\n";
    text += "How often native code was left, and the interpreter was entered at the head of a trace, in the \
             same runs:\n\n";
    let mut lines = Vec::new();
    for row in rows {
        let by_name = row.exits.by_name();
        if lines.is_empty() {
            let mut head = vec!["guest".to_string(), "million guest instructions".into()];
            head.extend(by_name.iter().map(|(name, _)| (*name).to_string()));
            lines.push(head);
        }
        let mut line = vec![row.name.clone(), format!("{:.1}", row.guest / 1e6)];
        line.extend(by_name.iter().map(|(_, count)| count.to_string()));
        lines.push(line);
    }
    text + &record::table(&lines)
}
