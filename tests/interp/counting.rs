//! Runs that are counted: native code that counts and the interpreter tell the same of a guest, and the guest comes to the
//! same end as one that nobody counts. The programs are those of the comparison with CKB-VM.

use std::cell::RefCell;
use std::collections::BTreeMap;

use lockstep::engine::code_regions;
use lockstep_contract::exit::Exit;
use lockstep_isa::{Cost, Profile, Reg, Version};
use lockstep_runtime::{
    Core, CostTable, Environment, Event, NativeStay, Recorder, Runner, Tally, Trap,
};
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::random::Random;
use lockstep_translator::{CodeRegion, Counting, End, Entries, GuestBlock, Options, guest_block};

use super::ENOUGH;
use crate::maker::make;

/// What was told of a run.
#[derive(Default, PartialEq, Eq, Debug)]
struct Told {
    /// How often each block ran, by its head.
    runs: BTreeMap<u64, u64>,
    cycles: u64,
    /// Where control moved from function to function.
    moves: Vec<(u64, u64)>,
}

/// Takes what is told. Moves of the interpreter follow from the blocks.
struct Listener {
    told: Told,
    profile: Profile,
    cost: Cost,
    memory_size: u64,
    counting: Counting,
    regions: BTreeMap<u64, Vec<u8>>,
    /// The last instruction of the block that ran last, where it is not known what came behind.
    last: Option<u64>,
    /// Cycles in native code.
    native: u64,
}

impl Listener {
    fn block(&self, address: u64) -> Option<GuestBlock> {
        let (&base, bytes) = self.regions.range(..=address).next_back()?;
        let region = CodeRegion {
            profile: self.profile,
            cost: self.cost,
            memory_size: self.memory_size,
            base,
            bytes,
        };
        guest_block(&region, address)
    }

    fn arrive(&mut self, pc: u64) {
        let Some(site) = self.last.take() else { return };
        // What stands behind a single instruction may be no code.
        let block = self.block(site);
        let only = block.as_ref().filter(|block| block.instructions.len() == 1);
        let always = only.is_some_and(|block| match block.end {
            End::Call(_) | End::IndirectCall => true,
            End::IndirectJump => [Reg::RA, Reg::new(5)].contains(&block.instructions[0].rs1),
            _ => false,
        });
        let host = only.is_some_and(|block| matches!(block.end, End::HostCall | End::Breakpoint));
        if always || (!host && !self.counting.function(site).contains(&pc)) {
            self.told.moves.push((site, pc));
        }
    }
}

impl Recorder for Listener {
    fn region(&mut self, base: u64, code: &[u8]) {
        self.regions.insert(base, code.to_vec());
    }

    fn trace(&mut self, head: u64, cycles: u64) {
        self.arrive(head);
        *self.told.runs.entry(head).or_default() += 1;
        self.told.cycles += cycles;
        self.last = self
            .block(head)
            .and_then(|block| Some(block.places().last()?.0));
    }

    fn stay(&mut self, stay: &NativeStay<'_>) {
        self.arrive(stay.pc);
        let mut budget = stay.given;
        for one in stay.moves {
            assert!(one.budget <= budget, "{one:x?} gives cycles back");
            budget = one.budget;
            self.told.moves.push((one.site, one.target));
        }
        assert!(stay.left <= budget, "cycles are given back at the end");
        self.told.cycles += stay.given - stay.left;
        self.native += stay.given - stay.left;
        if let Some(Exit::Side { entries }) = stay.exit {
            let block = self.block(stay.end).expect("native code was made of it");
            let last = block.places().nth(usize::from(entries) - 1);
            self.last = last.map(|(pc, _)| pc);
        }
    }

    fn counted(&mut self, head: u64, runs: u64) {
        *self.told.runs.entry(head).or_default() += runs;
    }
}

/// Runs a guest to its first call or failure.
fn run(
    core: Core,
    cost: &CostTable,
    counting: &Counting,
    modules: Option<&Modules>,
) -> (Core, Result<Event, Trap>, Listener) {
    let listener = Listener {
        told: Told::default(),
        profile: core.profile(),
        cost: cost.model().expect("a model of the chain"),
        memory_size: core.memory().size() as u64,
        counting: counting.clone(),
        regions: BTreeMap::new(),
        last: None,
        native: 0,
    };
    let tally = RefCell::new(Tally::new(listener));
    let mut environment = Environment::new(cost).with_tally(&tally);
    if let Some(modules) = modules {
        environment = environment.with_code(modules);
    }
    let mut runner = Runner::new(core);
    let result = runner.advance(&environment);
    let (core, mut listener) = (runner.into_core(), tally.into_inner().finish());
    // Native code tells of a move before the block behind it begins, the interpreter when it does.
    listener.arrive(core.pc());
    (core, result, listener)
}

#[test]
fn native_code_that_counts_tells_what_the_interpreter_tells() {
    let (mut native, mut cycles, mut moves, mut versions) = (0, 0, 0, Vec::new());
    for seed in 0..1_500 {
        let (program, setup) = make(seed);
        let Ok(ours) = Ours::interpreter(&program, &setup) else {
            continue;
        };
        let cost = CostTable::from(setup.cost);
        let mut random = Random::new(seed);
        let regions = code_regions(ours.core().memory(), setup.profile, setup.cost);
        // Functions start anywhere, also inside of instructions.
        let starts: Vec<u64> = (regions.iter())
            .flat_map(|region| (region.base..region.end()).step_by(2))
            .filter(|_| random.one_in(40))
            .collect();
        let counting = Counting::new(starts);
        let entries = match seed % 3 {
            0 => Entries::EveryBlock,
            _ => Entries::WhereNeeded,
        };
        let options = Options::default()
            .with_counting(Some(counting.clone()))
            .with_entries(entries);
        let modules = Modules::with(options);
        for limit in [ENOUGH, 50 + seed % 200] {
            let fork = || {
                let mut core = ours.core().fork().expect("memory for a guest");
                core.set_max_cycles(limit);
                core
            };
            let mut plain = Runner::new(fork());
            let expected = plain.advance(&Environment::new(&cost));
            let (interpreted, end, slow) = run(fork(), &cost, &counting, None);
            assert_eq!(end, expected, "seed {seed}, {setup:?}");
            let (ran, end, quick) = run(fork(), &cost, &counting, Some(&modules));
            assert_eq!(end, expected, "seed {seed}, {setup:?}");
            for core in [&interpreted, &ran] {
                let what = super::single::difference(core, plain.core());
                assert_eq!(what, None, "seed {seed}, {setup:?}");
            }
            assert_eq!(slow.told.cycles, plain.core().cycles(), "seed {seed}");
            assert_eq!(
                quick.told, slow.told,
                "seed {seed}, {setup:?}, limit {limit}"
            );
            native += quick.native;
            cycles += quick.told.cycles;
            moves += quick.told.moves.len();
        }
        versions.push(setup.profile.version);
    }
    assert!(
        native * 2 > cycles,
        "{native} of {cycles} cycles are native"
    );
    assert!(moves > 10_000, "{moves} moves");
    for version in [Version::V0, Version::V1, Version::V2] {
        assert!(versions.contains(&version));
    }
}
