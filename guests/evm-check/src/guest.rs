//! Runs the guests, natively, with what they print and what they load.

use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use lockstep::engine::{Mode, Translate};
use lockstep::runtime::{Core, CostTable, DebugPrint, Syscall};
use lockstep::{Engine, Machine, Outcome, Platform, Program, Trap};
use lockstep_isa::Reg;

/// More cycles than any program here needs. What runs into it counts as a hang.
pub const CYCLES: u64 = 3_500_000_000;

/// A guest that was translated.
pub struct Guest {
    program: Program,
    engine: Engine,
    cost: CostTable,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code, or the fault.
    pub result: Result<i8, String>,
    /// What it printed.
    pub lines: Vec<String>,
    /// Cycles in all, and those that native code charged.
    pub cycles: u64,
    pub native: u64,
}

/// What a type script can load.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    pub script: Vec<u8>,
    pub inputs: Vec<Vec<u8>>,
    pub outputs: Vec<Vec<u8>>,
    pub witness: Option<Vec<u8>>,
}

const SOURCE_INPUT: u64 = 0x0100_0000_0000_0001;
const SOURCE_OUTPUT: u64 = 0x0100_0000_0000_0002;

impl Syscall for Chain {
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
        let [number, address, size_address, offset, index, source] =
            [17, 10, 11, 12, 13, 14].map(|register| core.register(Reg::new(register)));
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let found = match (number, source) {
            (2052, _) => Some(&self.script),
            (2074, SOURCE_INPUT) if index == 0 => self.witness.as_ref(),
            (2092, SOURCE_INPUT) => self.inputs.get(index),
            (2092, SOURCE_OUTPUT) => self.outputs.get(index),
            (2074, _) => None,
            _ => return Ok(false),
        };
        let Some(data) = found else {
            core.set_register(Reg::A0, 1);
            return Ok(true);
        };
        let size = core.memory_mut().load_bytes(size_address, 8)?;
        let size = u64::from_le_bytes(size[..8].try_into().expect("eight bytes"));
        let rest = &data[usize::try_from(offset).unwrap_or(0).min(data.len())..];
        let taken = &rest[..rest.len().min(usize::try_from(size).unwrap_or(usize::MAX))];
        core.memory_mut()
            .store_bytes(size_address, &(rest.len() as u64).to_le_bytes())?;
        core.memory_mut().store_bytes(address, taken)?;
        core.set_register(Reg::A0, 0);
        Ok(true)
    }
}

impl Guest {
    /// Reads and translates an ELF.
    pub fn load(path: &Path) -> Guest {
        let elf = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let program = Program::load(&elf, &Platform::default()).expect("the guest is an ELF");
        let engine = Engine::builder()
            .no_cache()
            .mode(Mode::Native)
            .translate(Translate::Now)
            .build();
        Guest {
            program,
            engine,
            cost: CostTable::from(Platform::default().cost),
        }
    }

    /// Runs it with these arguments.
    pub fn run<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Ended {
        let arguments: Vec<Vec<u8>> = arguments
            .into_iter()
            .map(|text| text.as_bytes().to_vec())
            .collect();
        self.start(&arguments, Chain::default())
    }

    /// Runs it with arguments that need not be text.
    pub fn run_bytes(&self, arguments: &[Vec<u8>]) -> Ended {
        self.start(arguments, Chain::default())
    }

    /// Runs it as a type script.
    pub fn verify(&self, chain: Chain) -> Ended {
        self.start(&[], chain)
    }

    fn start(&self, arguments: &[Vec<u8>], chain: Chain) -> Ended {
        let mut core = self
            .program
            .core()
            .fork()
            .expect("there is memory for a guest");
        core.set_max_cycles(CYCLES);
        let (lines, printed): (Sender<String>, _) = channel();
        let print = DebugPrint::new(move |text: &[u8]| {
            let _ = lines.send(String::from_utf8_lossy(text).into_owned());
        });
        let mut machine = Machine::new(core).with(print).with(chain);
        let environment = self.engine.environment(&self.cost);
        let result = machine
            .initialize(arguments.iter().map(Ok))
            .and_then(|_| machine.run(&environment));
        let result = match result {
            Ok(Outcome::Exit(code)) => Ok(code),
            Ok(Outcome::Paused) => Err("Pause".to_string()),
            Err(trap) => Err(trap.name().to_string()),
        };
        let core = machine.into_core();
        Ended {
            result,
            lines: printed.try_iter().collect(),
            cycles: core.cycles(),
            native: core.native_cycles(),
        }
    }
}
