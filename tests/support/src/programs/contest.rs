//! One program on all engines, compared at every stop.
//!
//! First the assembly machine alone, in pieces of random length, to learn where it can stand; then
//! all engines without a stop on the way; then all of them from stop to stop, at the totals that were
//! learned and one cycle beside them, because those are exact for one trace and one short for another.
//!
//! Most of a small program's time would go into copying memories that are equal. So states are
//! compared in place, on the way only in pages that the flags call written, at the end in every byte;
//! a copy is made of states that differ, for the report. The assembly machine's two megabytes of
//! trace slots are cleared by use, not as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use ckb_vm::machine::asm::inited_memory;
use lockstep_contract::heat::Heat;
use lockstep_contract::pages::{DIRTY, PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::Cost;
use lockstep_runtime::Core;
use lockstep_translator::{Options, Verify};

use crate::agreement::Subject;
use crate::asm::TEXT_BASE;
use crate::ours::{Modules, Ours};
use crate::outcome::{Rule, Verdict, compare};
use crate::program::Setup;
use crate::programs::source::Source;
use crate::programs::start::{Entry, Start};
use crate::programs::tally::Summary;
use crate::random::Random;
use crate::reference::{Asm, Reference, Trace};

/// Where endless programs are stopped.
pub const PLENTY: u64 = 60_000;
/// Random stops on the way.
const STOPS: u64 = 4;
/// One program in so many is translated with the compiler's own checks, and runs on the trace machine
/// even when it fails on the assembly machine: both take long, and say little of what is compared.
const RARELY: u64 = 4;

/// Of one program in so many, only a part is translated, as of one that is too large: the hottest by a random heat.
const PARTLY: u64 = 7;

/// The options for a module that holds a part of the code.
fn partly(options: Options, seed: u64) -> Options {
    let mut random = Random::new(seed ^ 0x6865_6174);
    let heads = (0..random.below(40)).map(|_| {
        // Odd addresses, middles of instructions and places outside of the code too.
        let reach = [0x40, 0x400, 0x4000, 1 << 30][random.below(4) as usize];
        (TEXT_BASE + random.below(reach), random.below(5))
    });
    let heads: Vec<(u64, u64)> = heads.collect();
    let limit = random.below(3000) as usize;
    (options.with_heat(Heat::new(heads))).with_weight_limit(Some(limit))
}

/// Whether the trace machine is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opinion {
    /// No.
    Never,
    /// When the assembly machine's guest exited: only then do the two agree in more than having failed.
    OnExit,
    /// For every program.
    Always,
}

/// The assembly machines that are used over and over.
#[derive(Default)]
pub struct Contest {
    spare: BTreeMap<(usize, bool), Vec<Asm>>,
}

impl Contest {
    /// Runs a program; an error tells the difference between two engines.
    pub fn run(&mut self, source: &Source, seed: u64) -> Result<Summary, String> {
        // Eight seeds in a row go through the ways onto a machine.
        let rare = (seed / 8).is_multiple_of(RARELY);
        let options = Options::default().with_verify(match rare {
            true => Verify::IntermediateForm,
            false => Verify::Nothing,
        });
        let modules = Modules::with(match (seed / 8).is_multiple_of(PARTLY) {
            true => partly(options, seed),
            false => options,
        });
        let opinion = if rare {
            Opinion::Always
        } else {
            Opinion::OnExit
        };
        self.run_with(source, seed, &modules, opinion)
    }

    /// The same with native code from this library.
    pub fn run_with(
        &mut self,
        source: &Source,
        seed: u64,
        modules: &Arc<Modules>,
        opinion: Opinion,
    ) -> Result<Summary, String> {
        let setup = &source.setup;
        let mut random = Random::new(!seed);
        let assembly = source.assembly()?;
        let mut start = match source.entry {
            Entry::Pages => Start::pages(&assembly, &source.registers, setup),
            Entry::File | Entry::Resumed => Start::file(&assembly, &source.registers),
        };
        if source.entry == Entry::Resumed {
            let resumed = self.suspend(&start, setup, &mut random)?;
            start = resumed.unwrap_or(start);
        }
        let limits = self.explore(&start, setup, &mut random)?;
        let summary = self.race(&start, setup, &[PLENTY], modules, opinion)?;
        if !limits.is_empty() {
            self.race(&start, setup, &limits, modules, Opinion::Never)
                .map_err(|difference| format!("in pieces {limits:?}: {difference}"))?;
        }
        Ok(summary)
    }

    /// The state at a random stop of the assembly machine; nothing when it does not load.
    fn suspend(
        &mut self,
        start: &Start,
        setup: &Setup,
        random: &mut Random,
    ) -> Result<Option<Start>, String> {
        let mut asm = self.blank(setup);
        let snapshot = match start.put_reference(&mut asm) {
            Ok(()) => {
                asm.run_quietly(PLENTY);
                let cycles = asm.cycles().min(PLENTY);
                let limit = random.below(cycles.max(1));
                asm.recycle(setup);
                start
                    .put_reference(&mut asm)
                    .map_err(|verdict| format!("CKB-VM loads once only: {verdict}"))?;
                asm.run_quietly(limit);
                Some(Start::snapshot(&mut asm)?)
            }
            Err(_) => None,
        };
        self.keep(asm, setup);
        Ok(snapshot)
    }

    /// Limits for a run in pieces: random ones, the totals at which the assembly machine then stands,
    /// and one cycle beside those. None when it does not load.
    fn explore(
        &mut self,
        start: &Start,
        setup: &Setup,
        random: &mut Random,
    ) -> Result<Vec<u64>, String> {
        let mut asm = self.blank(setup);
        let mut limits = Vec::new();
        if start.put_reference(&mut asm).is_ok() {
            // Where it ends is not known yet; ends are mostly near.
            let first = asm.cycles();
            let mut stops: Vec<u64> = (0..STOPS)
                .map(|_| {
                    let scale = random.between(4, 16);
                    first + random.below(1 << scale)
                })
                .collect();
            stops.sort_unstable();
            for stop in stops {
                let verdict = asm.run_quietly(stop);
                let total = asm.cycles();
                limits.extend([stop, total, total + 1, total.saturating_sub(1)]);
                limits.retain(|limit| *limit < PLENTY);
                if !verdict.is_cycles_exceeded() {
                    break;
                }
            }
            limits.sort_unstable();
            limits.dedup();
            limits.push(PLENTY);
        }
        self.keep(asm, setup);
        Ok(limits)
    }

    /// All engines from the start, under each limit in turn as long as they run out of cycles.
    pub(super) fn race(
        &mut self,
        start: &Start,
        setup: &Setup,
        limits: &[u64],
        modules: &Arc<Modules>,
        opinion: Opinion,
    ) -> Result<Summary, String> {
        let mut asm = self.blank(setup);
        let refusal = start.put_reference(&mut asm).err();
        let result = match (
            refusal,
            ours(start, setup, None),
            ours(start, setup, Some(modules)),
        ) {
            (None, Ok(interp), Ok(native)) => {
                let mut contestants = Contestants {
                    asm: &mut asm,
                    interp,
                    native,
                };
                contestants.run(start, setup, limits, opinion)
            }
            (Some(a), Err(b), Err(c)) if a == b && b == c => Ok(Summary::default()),
            (a, b, c) => Err(format!(
                "loading: asm {a:?}, interpreter {:?}, native {:?}",
                b.err(),
                c.err()
            )),
        };
        self.keep(asm, setup);
        result
    }

    /// A machine without a program.
    fn blank(&mut self, setup: &Setup) -> Asm {
        let spare = self.spare.entry(class(setup)).or_default().pop();
        match spare {
            Some(mut asm) => {
                asm.recycle(setup);
                asm
            }
            None => Reference::blank("asm", setup),
        }
    }

    /// Keeps a machine for the next program.
    fn keep(&mut self, asm: Asm, setup: &Setup) {
        self.spare.entry(class(setup)).or_default().push(asm);
    }
}

/// What is fixed in a machine when it is made.
fn class(setup: &Setup) -> (usize, bool) {
    (setup.memory_size, setup.cost == Cost::Constant)
}

/// An engine of ours with the program on it.
pub(super) fn ours(
    start: &Start,
    setup: &Setup,
    modules: Option<&Arc<Modules>>,
) -> Result<Ours, Verdict> {
    let mut core = Core::new(setup.profile, setup.memory_size, u64::MAX)
        .expect("the tests ask for valid memory sizes");
    let loaded = start.put_ours(&mut core)?;
    Ok(Ours::over(core, loaded, setup, modules))
}

/// The engines on their way through one program.
struct Contestants<'a> {
    asm: &'a mut Asm,
    interp: Ours,
    native: Ours,
}

impl Contestants<'_> {
    fn run(
        &mut self,
        start: &Start,
        setup: &Setup,
        limits: &[u64],
        opinion: Opinion,
    ) -> Result<Summary, String> {
        let first = self.asm.cycles();
        let mut verdict = Verdict::Exit(0);
        for (index, limit) in limits.iter().enumerate() {
            verdict = self.asm.run_quietly(*limit);
            let ours = [
                self.interp.run_quietly(*limit),
                self.native.run_quietly(*limit),
            ];
            let is_last = index + 1 == limits.len() || !verdict.is_cycles_exceeded();
            if !self.agree(&verdict, &ours, is_last) {
                return Err(format!(
                    "at limit {limit}: {}",
                    self.difference(verdict, ours)
                ));
            }
            if is_last {
                break;
            }
        }
        let is_traced = match opinion {
            Opinion::Never => false,
            Opinion::OnExit => verdict.is_exit(),
            Opinion::Always => true,
        };
        if is_traced {
            second_opinion(start, setup, limits, &verdict, self.asm)?;
        }
        let native = self.native.core();
        Ok(Summary {
            is_exit: verdict.is_exit(),
            is_traced,
            cycles: native.cycles() - first,
            native_cycles: native.native_cycles(),
            exits: native.exits(),
        })
    }

    /// Whether they are where the contract wants them to be.
    fn agree(&mut self, verdict: &Verdict, ours: &[Verdict; 2], whole: bool) -> bool {
        let (interp, native) = (self.interp.core(), self.native.core());
        if ours.iter().any(|ours| ours != verdict) || !same(interp, native, whole) {
            return false;
        }
        let counts = verdict.is_exit() || verdict.is_cycles_exceeded();
        !counts || (self.asm.loaded() == self.interp.loaded() && same_as(self.asm, interp, whole))
    }

    /// What is different, in words.
    fn difference(&mut self, verdict: Verdict, ours: [Verdict; 2]) -> String {
        let a = self.asm.outcome(verdict);
        let [b, c] = ours;
        let (b, c) = (self.interp.outcome(b), self.native.outcome(c));
        let found = compare(("asm", &a), ("interpreter", &b), Rule::Contract)
            .and_then(|()| compare(("interpreter", &b), ("native", &c), Rule::Everything));
        match found {
            Err(difference) => difference,
            Ok(()) => "compared in place they differ, compared as copies they do not".to_string(),
        }
    }
}

/// CKB-VM's trace machine, whose clean exits are the assembly machine's.
fn second_opinion(
    start: &Start,
    setup: &Setup,
    limits: &[u64],
    verdict: &Verdict,
    asm: &mut Asm,
) -> Result<(), String> {
    let mut trace: Trace = Reference::blank("trace", setup);
    start
        .put_reference(&mut trace)
        .map_err(|verdict| format!("loading: trace {verdict}, asm loads"))?;
    let outcome = trace.run(limits[limits.len() - 1]);
    if !verdict.is_exit() && !outcome.verdict.is_exit() {
        return Ok(());
    }
    let asm = asm.outcome(verdict.clone());
    compare(("asm", &asm), ("trace", &outcome), Rule::CleanExits)
}

/// Whether two guests of ours are equal.
pub(super) fn same(a: &Core, b: &Core, whole: bool) -> bool {
    let (x, y) = (a.memory(), b.memory());
    (a.pc(), a.cycles(), x.reservation()) == (b.pc(), b.cycles(), y.reservation())
        && a.registers() == b.registers()
        && x.flags() == y.flags()
        && same_bytes(x.as_bytes(), y.as_bytes(), x.flags(), whole)
}

/// Whether a guest of ours is equal to CKB-VM's.
fn same_as(asm: &mut Asm, core: &Core, whole: bool) -> bool {
    let (asm, memory) = (asm.inner_mut(), core.memory());
    let state = (asm.pc, asm.cycles, asm.load_reservation_address);
    if state != (core.pc(), core.cycles(), memory.reservation())
        || asm.registers != *core.registers()
        || asm.flags[..memory.pages()] != *memory.flags()
    {
        return false;
    }
    if whole {
        for frame in 0..asm.frames_size {
            if asm.frames[frame as usize] == 0 {
                // As CKB-VM does before anyone looks.
                inited_memory(frame, asm);
                asm.frames[frame as usize] = 1;
            }
        }
    }
    same_bytes(
        &asm.memory[..memory.size()],
        memory.as_bytes(),
        memory.flags(),
        whole,
    )
}

/// Whether memories are equal: in all bytes, or in those of pages that were written.
fn same_bytes(a: &[u8], b: &[u8], flags: &[u8], whole: bool) -> bool {
    if whole {
        return a == b;
    }
    let written = flags
        .iter()
        .enumerate()
        .filter(|(_, flags)| *flags & DIRTY != 0);
    written
        .map(|(page, _)| page << PAGE_SHIFT)
        .all(|at| a[at..at + PAGE_SIZE] == b[at..at + PAGE_SIZE])
}
