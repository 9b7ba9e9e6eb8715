//! The guest, natively.

use std::sync::OnceLock;
use std::sync::mpsc::channel;

use lockstep::engine::{Mode, Translate};
use lockstep::runtime::{CostTable, DebugPrint};
use lockstep::{Engine, Machine, Outcome, Platform, Program as Loaded};
use lockstep_test_support::transaction::scripts;

/// More than a transaction may have.
const PLENTY: u64 = 5_000_000_000;

pub(crate) struct Guest {
    loaded: Loaded,
    engine: Engine,
}

impl Guest {
    /// The guest, which is translated once for all tests.
    pub(crate) fn load() -> &'static Guest {
        static GUEST: OnceLock<Guest> = OnceLock::new();
        GUEST.get_or_init(|| {
            let elf = scripts::guest("rust_move").to_vec();
            Guest {
                loaded: Loaded::load(&elf, &Platform::default()).expect("the guest is an ELF"),
                engine: Engine::builder()
                    .no_cache()
                    .mode(Mode::Native)
                    .translate(Translate::Now)
                    .build(),
            }
        })
    }

    /// Its exit code, and the lines that it prints.
    pub(crate) fn run(&self, arguments: &[String]) -> (i8, Vec<String>) {
        let mut core = self
            .loaded
            .core()
            .fork()
            .expect("there is memory for a guest");
        core.set_max_cycles(PLENTY);
        let (lines, printed) = channel();
        let print = DebugPrint::new(move |text: &[u8]| {
            let _ = lines.send(String::from_utf8_lossy(text).into_owned());
        });
        let mut machine = Machine::new(core).with(print);
        let arguments = arguments.iter().map(|text| text.as_bytes().to_vec());
        let arguments: Vec<Vec<u8>> = arguments.collect();
        let cost = CostTable::from(Platform::default().cost);
        let environment = self.engine.environment(&cost);
        let outcome = machine
            .initialize(arguments.iter().map(Ok))
            .and_then(|_| machine.run(&environment));
        match outcome {
            Ok(Outcome::Exit(code)) => (code, printed.try_iter().collect()),
            other => panic!("{other:?}"),
        }
    }
}

/// What the library says to the same arguments: an exit code and the last line.
pub(crate) fn library(arguments: &[String]) -> (i8, String) {
    match movevm::run::run(arguments) {
        Ok(line) => (0, line),
        Err(wrong) => (wrong.code as i8, wrong.to_string()),
    }
}
