//! Programs that need no transaction: JavaScript on the JavaScript machine, and the guests in Rust. The time of a
//! run is measured, that of loading is not.

use lockstep::{Engine, Machine as Running, Platform, Program};
use lockstep_isa::{Cost, Extensions, Version};
use lockstep_runtime::{CostTable, DebugPrint, Environment, Outcome};
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program as Guest, Setup};
use lockstep_test_support::reference::Asm;
use lockstep_test_support::{clock, guests, real};

use crate::counts::Counts;
use crate::report::Pair;

/// No limit.
const PLENTY: u64 = u64::MAX;
/// The part of a guest's bench that is run here, so that a round does not take long.
const GUEST_PART: u64 = 10;

/// One program with its arguments, being measured.
pub(crate) struct Alone {
    pub(crate) guest: Guest,
    pub(crate) cycles: u64,
    /// The part of its cycles that native code charged, 0 to 1.
    pub(crate) native_share: f64,
    /// Seconds.
    pub(crate) times: Pair,
    pub(crate) counts: Option<Counts>,
}

/// All of them. Those in JavaScript have names that begin with `js `, those in Rust with `rust_`.
pub(crate) fn programs() -> Result<Vec<Guest>, String> {
    let machine = real::javascript_machine().elf()?;
    let javascript = |(name, text): (String, String)| Guest {
        name: format!("js {name}"),
        elf: machine.clone(),
        args: vec![b"-e".to_vec(), text.into_bytes()],
        registers: Vec::new(),
    };
    let mut programs: Vec<Guest> = real::javascript().into_iter().map(javascript).collect();
    let guests = guests::guests().into_iter();
    for guest in guests.filter(|guest| guest.name.starts_with("rust_")) {
        let rounds: u64 = guest.bench_argument.parse().expect("a number");
        programs.push(guest.program(&[&(rounds / GUEST_PART).max(1).to_string()]));
    }
    Ok(programs)
}

impl Alone {
    /// Translates, and runs once.
    pub(crate) fn new(guest: Guest, engine: &Engine) -> Alone {
        let machine = run(&guest, engine);
        let core = machine.core();
        Alone {
            cycles: core.cycles(),
            native_share: core.native_cycles() as f64 / core.cycles() as f64,
            times: Pair::default(),
            counts: None,
            guest,
        }
    }

    /// One run on each machine. Who goes first changes, so that neither always finds the other's caches.
    pub(crate) fn measure(&mut self, round: usize, engine: &Engine) {
        for turn in [round, round + 1] {
            match turn % 2 {
                0 => self.times.asm.push(self.asm()),
                _ => {
                    let mut machine = load(&self.guest, &Platform::default());
                    let start = clock::thread_seconds();
                    measured_run(&mut machine, engine);
                    self.times.ours.push(clock::thread_seconds() - start);
                }
            }
        }
    }

    fn asm(&self) -> f64 {
        let name = &self.guest.name;
        let machine = Asm::asm(&self.guest, &Setup::ckb(Version::V2));
        let mut machine = machine.unwrap_or_else(|verdict| panic!("{name}: loading: {verdict}"));
        let start = clock::thread_seconds();
        let verdict = machine.run_quietly(PLENTY);
        let seconds = clock::thread_seconds() - start;
        assert_eq!(verdict, Verdict::Exit(0), "{name}");
        assert_eq!(machine.cycles(), self.cycles, "{name}: cycles");
        seconds
    }

    /// Instructions that the guest executes: its cycles where each costs one and none is fused.
    pub(crate) fn instructions(&self) -> u64 {
        let mut platform = Platform::default().with_cost(Cost::Constant);
        // B without MOP.
        platform.profile.extensions = Extensions::from_bits(1);
        let mut machine = load(&self.guest, &platform);
        let outcome = machine.run(&Environment::new(&CostTable::from(Cost::Constant)));
        assert_eq!(outcome, Ok(Outcome::Exit(0)), "{}", self.guest.name);
        machine.core().cycles()
    }
}

/// A guest with its arguments, not run yet. What it prints is dropped.
fn load(guest: &Guest, platform: &Platform) -> Running {
    let mut program = Program::load(&guest.elf, platform).expect("a good ELF");
    let args: Vec<&[u8]> = guest.args.iter().map(Vec::as_slice).collect();
    let stack = program.core_mut().initialize_stack(&args);
    stack.expect("it fits");
    Running::new(program.into_core()).with(DebugPrint::new(|_: &[u8]| {}))
}

/// Runs a guest to its end and returns the machine.
pub(crate) fn run(guest: &Guest, engine: &Engine) -> Running {
    let mut machine = load(guest, &Platform::default());
    measured_run(&mut machine, engine);
    machine
}

/// What is counted: its name is what `callgrind` looks for.
#[inline(never)]
fn measured_run(machine: &mut Running, engine: &Engine) {
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)));
}
