//! Chaos mode: random programs on memory that is full of pseudo-random bytes, on CKB-VM's assembly
//! machine and on ours, in pieces and with a host that reads and writes in between. Every byte and the
//! seed that is left are the same, so the frames were touched first in the same order.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` sets the number of programs, `LOCKSTEP_FUZZ_SEED` the first seed.

use ckb_vm::{Memory, SupportMachine};
use lockstep::ckb::{NativeCore, NativeMachine};
use lockstep_isa::Size;
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::{Outcome, Rule, Verdict, compare};
use lockstep_test_support::programs::start::Start;
use lockstep_test_support::programs::{campaign, shrink, source, start};
use lockstep_test_support::random::Random;
use lockstep_test_support::reference::{Asm, Reference};

/// Programs when nothing else is said.
const ITERATIONS: u64 = if cfg!(debug_assertions) { 60 } else { 1500 };
/// Where endless programs end.
const PLENTY: u64 = 30_000;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

/// The three machines of a program: CKB-VM's, ours, ours behind CKB-VM's traits.
struct Machines {
    asm: Asm,
    ours: Ours,
    adapter: Reference<NativeMachine>,
}

/// What the host does between two runs; the answer as text, to be compared.
#[derive(Clone, Copy)]
enum Act {
    Read(u64, u64),
    Load(u64),
    Store(u64),
    Clear(u64, u64),
    Fetch(u64),
}

fn act(random: &mut Random, size: u64) -> Act {
    let frame = random.below(size >> 18) << 18;
    let addr = frame + random.pick(&[0, 8, 4094, 0x20000, 0x3f000, 0x3fffc, 0x3ffff]);
    match random.below(5) {
        // CKB-VM does not guard reads behind a memory smaller than the largest: it fills what lies there.
        0 => Act::Read(
            addr,
            random.pick(&[0, 1, 8, 5000, 1 << 18]).min(size - addr),
        ),
        1 => Act::Load(addr),
        2 => Act::Store(addr),
        3 => Act::Clear(addr, random.pick(&[0, 1, 9000])),
        _ => Act::Fetch(addr),
    }
}

fn on_ckb_vm<M: SupportMachine<REG = u64>>(machine: &mut M, act: Act) -> String {
    fn text<T: std::fmt::Debug>(result: Result<T, ckb_vm::Error>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(error) => Verdict::fault(&error).to_string(),
        }
    }
    let memory = machine.memory_mut();
    match act {
        Act::Read(addr, size) => text(memory.load_bytes(addr, size).map(|bytes| bytes.to_vec())),
        Act::Load(addr) => text(memory.load64(&addr)),
        Act::Store(addr) => text(memory.store32(&addr, &7)),
        Act::Clear(addr, size) => text(memory.store_byte(addr, size, 0)),
        Act::Fetch(addr) => text(memory.execute_load32(addr)),
    }
}

fn on_ours(core: &mut lockstep_runtime::Core, act: Act) -> String {
    fn text<T: std::fmt::Debug>(result: Result<T, lockstep_runtime::Trap>) -> String {
        match result {
            Ok(value) => format!("{value:?}"),
            Err(trap) => trap.name().to_string(),
        }
    }
    let memory = core.memory_mut();
    match act {
        Act::Read(addr, size) => text(memory.load_bytes(addr, size)),
        Act::Load(addr) => text(memory.load(addr, Size::D)),
        Act::Store(addr) => text(memory.store(addr, Size::W, 7)),
        Act::Clear(addr, size) => text(memory.store_byte(addr, size, 0)),
        Act::Fetch(addr) => text(memory.fetch32(addr)),
    }
}

impl Machines {
    /// All in chaos mode with the same seed, with the program on them; nothing when it is refused.
    fn start(
        start: &Start,
        source: &source::Source,
        seed: u32,
    ) -> Result<Option<Machines>, String> {
        let setup = &source.setup;
        let mut asm: Asm = Reference::blank("asm", setup);
        let core = asm.inner_mut();
        (core.chaos_mode, core.chaos_seed) = (1, seed);
        // Native code is there to be used, and is not.
        let mut ours = Ours::fresh("ours", setup, Some(Modules::new()));
        ours.core_mut().set_chaos(Some(seed));
        let mut adapter: Reference<NativeMachine> = Reference::blank("adapter", setup);
        adapter.inner_mut().set_chaos(Some(seed));
        let refusals = [
            start.put_reference(&mut asm).err(),
            start.put_ours(ours.core_mut()).err(),
            start.put_reference(&mut adapter).err(),
        ];
        if refusals[0] != refusals[1] || refusals[0] != refusals[2] {
            return Err(format!("loading: {refusals:?}"));
        }
        Ok(refusals[0]
            .is_none()
            .then_some(Machines { asm, ours, adapter }))
    }

    /// Asserts that all stand at the same point. With `whole`, the host looks at all of memory, which
    /// is a touch of all of it.
    fn compare(&mut self, verdicts: [Verdict; 3], whole: bool) -> Result<(), String> {
        let [a, b, c] = verdicts;
        if a != b || a != c {
            return Err(format!("asm {a}, ours {b}, adapter {c}"));
        }
        let counts = a.is_exit() || a.is_cycles_exceeded();
        if !counts {
            return Ok(());
        }
        if whole {
            let size = self.asm.inner_mut().memory_size;
            (self.ours.core_mut().memory_mut().load_bytes(0, size)).expect("all of it can be read");
            let loaded = |outcome: Outcome| Outcome {
                loaded: 0,
                ..outcome
            };
            let (a, b) = (loaded(self.asm.outcome(a)), loaded(self.ours.outcome(b)));
            let c = loaded(self.adapter.outcome(c));
            compare(("asm", &a), ("ours", &b), Rule::Contract)?;
            compare(("asm", &a), ("adapter", &c), Rule::Contract)?;
        }
        let seed = Some(self.asm.inner_mut().chaos_seed);
        let ours = self.ours.core().memory().chaos_seed();
        let adapter = self.adapter.inner_mut().chaos_seed();
        if (ours, adapter) != (seed, seed) {
            return Err(format!(
                "seeds: asm {seed:x?}, ours {ours:x?}, adapter {adapter:x?}"
            ));
        }
        Ok(())
    }
}

/// Runs a program; an error tells the difference.
fn attempt(source: &source::Source, seed: u64) -> Result<u64, String> {
    let mut random = Random::new(!seed);
    let assembly = source.assembly()?;
    let start = match source.entry {
        start::Entry::Pages => Start::pages(&assembly, &source.registers, &source.setup),
        _ => Start::file(&assembly, &source.registers),
    };
    let size = source.setup.memory_size as u64;
    let Some(mut machines) = Machines::start(&start, source, random.next() as u32)? else {
        return Ok(0);
    };
    let mut limit = 0;
    loop {
        limit += 1 << random.between(3, 12);
        let limit = if random.one_in(4) {
            PLENTY
        } else {
            limit.min(PLENTY)
        };
        let verdicts = [
            machines.asm.run_quietly(limit),
            machines.ours.run_quietly(limit),
            machines.adapter.run_quietly(limit),
        ];
        let ends = limit == PLENTY || !verdicts[0].is_cycles_exceeded();
        machines.compare(verdicts, ends)?;
        if ends {
            break;
        }
        let act = act(&mut random, size);
        let asm = on_ckb_vm(machines.asm.inner_mut(), act);
        let adapter = on_ckb_vm::<NativeCore>(machines.adapter.inner_mut(), act);
        let ours = on_ours(machines.ours.core_mut(), act);
        if asm != ours || asm != adapter {
            return Err("the host sees something else".to_string());
        }
    }
    if machines.ours.native_cycles() + machines.adapter.inner_mut().native_cycles() > 0 {
        return Err("native code ran".to_string());
    }
    Ok(machines.asm.cycles())
}

#[test]
fn random_programs_on_random_memory() {
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let iterations = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let (mut cycles, mut ran) = (0, 0);
    for seed in first..first + iterations {
        let tier = &campaign::TIERS[seed as usize % campaign::TIERS.len()];
        let source = campaign::program(tier, None, seed);
        match attempt(&source, seed) {
            Ok(more) => {
                cycles += more;
                ran += u64::from(more > 0);
            }
            Err(difference) => {
                let fails = |source: &_| attempt(source, seed).err();
                let (small, reason) = shrink::shrink(source, difference.clone(), &fails);
                panic!(
                    "{}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}",
                    tier.name
                );
            }
        }
    }
    println!("{iterations} programs, {ran} of them ran, {cycles} cycles");
    assert!(ran * 2 > iterations, "{ran} of {iterations} ran");
}
