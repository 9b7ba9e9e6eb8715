//! Other engines, for the bench `guests`, which starts this program and lets it take turns with its own
//! engines. It is not part of Lockstep: a workspace of its own keeps these engines out of its builds.
//!
//! One request a line on standard input, fields separated by tabs, and one line on standard output for
//! each:
//!
//! | request | answer |
//! |---|---|
//! | `engines` | `ok`, then for each engine its name, kind of file, title and settings |
//! | `run ENGINE FILE ROUNDS` | `ok`, then nanoseconds of CPU time |
//!
//! or `error` and why. Compiling and instantiating are left out of the time; each run has an instance of
//! its own. A program is compiled at its first run and kept.
#![deny(unsafe_code)]

mod polka;
mod wasm;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::path::Path;

/// What can go wrong here is for people to read.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Programs compiled for one engine with its settings.
pub(crate) trait Peer {
    /// As requests have it; it begins with the engine's place in the order.
    fn name(&self) -> &'static str;
    /// The file name's end of the programs that it runs.
    fn extension(&self) -> &'static str;
    /// The head of its column.
    fn title(&self) -> &'static str;
    /// What its figures depend on.
    fn settings(&self) -> &'static str;
    /// Nanoseconds of CPU time that the program's function `run` takes; it must return 0.
    fn run(&mut self, file: &Path, rounds: u64) -> Result<u64, Failure>;
}

fn main() -> Result<(), Failure> {
    let mut peers: BTreeMap<&str, Box<dyn Peer>> = BTreeMap::new();
    for peer in wasm::peers().into_iter().chain(polka::peers()) {
        peers.insert(peer.name(), peer);
    }
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match answer(&mut peers, &line?) {
            Ok(answer) => format!("ok\t{answer}"),
            Err(error) => format!("error\t{}", describe(&*error)),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

/// An error and its causes in one line, whatever the engine has to say.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text.replace(['\n', '\t'], " ")
}

fn answer(peers: &mut BTreeMap<&str, Box<dyn Peer>>, line: &str) -> Result<String, Failure> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields[..] {
        ["engines"] => {
            let describe = |peer: &Box<dyn Peer>| {
                [peer.name(), peer.extension(), peer.title(), peer.settings()].join("\t")
            };
            Ok(peers.values().map(describe).collect::<Vec<_>>().join("\t"))
        }
        ["run", engine, file, rounds] => {
            let peer = peers.get_mut(engine).ok_or("no such engine")?;
            Ok(peer.run(Path::new(file), rounds.parse()?)?.to_string())
        }
        _ => Err("a request is `engines` or `run ENGINE FILE ROUNDS`".into()),
    }
}
