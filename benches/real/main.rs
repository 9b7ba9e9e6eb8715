//! Real scripts against CKB-VM's assembly machine: those of the registries, JavaScript on the chain's JavaScript
//! machine, and guests in Rust.
//!
//! Each script that needs a transaction is verified as a whole transaction (`whole.rs`): warm, which is one
//! verification after the other, and cold, which is the first one after other memory was read, as in a node. What
//! needs none runs alone (`alone.rs`). Both machines take turns, round after round; medians. Every verification must
//! succeed, and with the same cycles on both machines.
//!
//! `cargo bench --bench real -- [NAME…] [--rounds N] [--count] [--save]`
//!
//! `--count` adds the instructions of the host, which callgrind counts (`counts.rs`); that needs valgrind and some
//! minutes. Packages that are not here are fetched from their registries.

mod alone;
mod counts;
mod report;
mod whole;

use std::path::Path;
use std::sync::Arc;

use alone::Alone;
use lockstep::Engine;
use lockstep::ckb::install;
use lockstep::engine::{Mode, Translate};
use lockstep_test_support::record;
use lockstep_test_support::transaction::real::transactions;
use report::Report;
use whole::{OtherMemory, Whole};

/// Rounds when nothing else is said.
const ROUNDS: usize = 15;

const USAGE: &str = "usage: cargo bench --bench real -- [NAME…] [--rounds N] [--count] [--save]";

/// What was asked for on the command line.
struct Request {
    names: Vec<String>,
    rounds: usize,
    count: bool,
    save: bool,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["--child", cache, kind, name] => counts::child(Path::new(cache), kind, name),
        _ => read(&words).and_then(|request| run(&request)),
    };
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(64);
    }
}

fn read(words: &[&str]) -> Result<Request, String> {
    let mut request = Request {
        names: Vec::new(),
        rounds: ROUNDS,
        count: false,
        save: false,
    };
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            // Cargo's own.
            "--bench" => {}
            "--count" => request.count = true,
            "--save" => request.save = true,
            "--rounds" => {
                let rounds = words.next().and_then(|text| text.parse().ok());
                request.rounds = rounds
                    .filter(|rounds| *rounds > 0)
                    .ok_or("--rounds takes a number above 0")?;
            }
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}\n{USAGE}"));
            }
            name => request.names.push(name.to_owned()),
        }
    }
    Ok(request)
}

fn run(request: &Request) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("a temporary folder: {error}"))?;
    let engine = Arc::new(engine(folder.path()));
    install(Arc::clone(&engine));
    let wanted = |name: &str| {
        let names = &request.names;
        names.is_empty() || names.iter().any(|part| name.contains(part.as_str()))
    };
    let mut alone = Vec::new();
    for program in alone::programs()? {
        if wanted(&program.name) {
            alone.push(Alone::new(program, &engine));
        }
    }
    let mut whole = Vec::new();
    for real in transactions() {
        if wanted(&real.name) {
            whole.push(Whole::new(&real.name, real.transaction()?));
        }
    }
    if alone.is_empty() && whole.is_empty() {
        return Err(format!(
            "nothing has any of {:?} in its name",
            request.names
        ));
    }
    let other = OtherMemory::new();
    for round in 0..request.rounds {
        eprintln!("round {} of {}", round + 1, request.rounds);
        for alone in &mut alone {
            alone.measure(round, &engine);
        }
        for whole in &mut whole {
            whole.measure(round, &other);
        }
    }
    if request.count {
        for alone in &mut alone {
            alone.counts = Some(counts::alone(folder.path(), alone));
        }
        for whole in &mut whole {
            whole.counts = Some(counts::whole(folder.path(), whole));
        }
    }
    let report = Report {
        rounds: request.rounds,
        alone,
        whole,
    };
    let command = "cargo bench --bench real -- --count --save";
    record::publish("real", command, &report.markdown(), request.save);
    Ok(())
}

/// An engine that keeps its modules in this folder, so that the processes that are counted find them.
fn engine(cache: &Path) -> Engine {
    let builder = Engine::builder().mode(Mode::Native).no_warm();
    builder.translate(Translate::Now).cache(cache).build()
}
