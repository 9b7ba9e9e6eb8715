//! One program stopped at random points: what every machine makes of the snapshots.

use std::fmt;
use std::sync::Arc;

use lockstep_isa::Version;

use crate::machines::{KINDS, Kind, Machine, Shop};
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::{Outcome, Rule, Verdict, compare};
use lockstep_test_support::program::Setup;
use lockstep_test_support::programs::start::Start;
use lockstep_test_support::random::Random;
use lockstep_test_support::snapshots::Files;

/// Stops of one program, one after the other, at most.
const STOPS: u64 = 3;

/// A program, and the machine it runs on.
pub(crate) struct Guest {
    start: Start,
    shop: Shop,
    /// Where it is ended if it does not end by itself.
    limit: u64,
}

/// What happened.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) programs: u64,
    pub(crate) guests: u64,
    pub(crate) cases: u64,
    limits: u64,
    pauses: u64,
    first_kind: u64,
    second_kind: u64,
    stopped_on: [u64; 4],
    resumed: u64,
    changed: u64,
    /// Cycles of resumed machines with native code, and those of them that were native.
    cycles: u64,
    native: u64,
    /// Where CKB-VM, resumed, comes to another end than uninterrupted.
    other_ends: u64,
}

impl Tally {
    /// Stopping points.
    pub(crate) fn points(&self) -> u64 {
        self.limits + self.pauses
    }

    /// Whether there was something of everything.
    pub(crate) fn is_varied(&self) -> bool {
        let counts = [
            self.programs,
            self.limits,
            self.pauses,
            self.first_kind,
            self.second_kind,
            self.changed,
            self.native,
        ];
        counts
            .iter()
            .chain(&self.stopped_on)
            .all(|count| *count > 0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [asm, adapter, interp, native] = self.stopped_on;
        let share = 100.0 * self.native as f64 / self.cycles.max(1) as f64;
        write!(
            f,
            "{} stopping points, {} by a limit and {} by a pause, of {} random programs, {} \
             case files and {} runs of guests; stopped on asm {asm}, adapter {adapter}, interpreter {interp}, native \
             {native}; {} snapshots of the first kind, {} of the second; {} machines resumed, \
             {share:.1} % of the cycles native where there was native code; {} went on in place on \
             the other engine; {} resumed ends differ from the uninterrupted one, all in versions 0 \
             and 1 and as CKB-VM's do",
            self.points(),
            self.limits,
            self.pauses,
            self.programs,
            self.cases,
            self.guests,
            self.first_kind,
            self.second_kind,
            self.resumed,
            self.changed,
            self.other_ends,
        )
    }
}

impl Guest {
    pub(crate) fn new(start: Start, setup: Setup, limit: u64, modules: Arc<Modules>) -> Guest {
        let files = match &start {
            Start::File(program) => vec![program.elf.clone().into()],
            _ => Vec::new(),
        };
        Guest {
            start,
            shop: Shop::new(setup, modules, Files(files)),
            limit,
        }
    }

    /// For reports.
    pub(crate) fn name(&self) -> String {
        let version = self.shop.setup.profile.version;
        match &self.start {
            Start::File(program) => format!("{} in {version:?}", program.name),
            _ => format!("a program in {version:?}"),
        }
    }

    /// Stops the program at random points, each on a machine that was resumed from the stop before.
    /// An error tells the difference between two engines.
    pub(crate) fn interrupt(&self, random: &mut Random, tally: &mut Tally) -> Result<(), String> {
        let mark = random.one_in(2);
        let Ok(mut whole) = self.shop.started(Kind::Asm, &self.start, mark) else {
            return Ok(());
        };
        let end = self.finish(&mut whole);
        let total = end.cycles;
        if total == 0 {
            return Ok(());
        }
        let mut kind = random.pick(&KINDS);
        let mut machine = (self.shop.started(kind, &self.start, mark))
            .map_err(|verdict| format!("{kind:?} does not load it: {verdict}"))?;
        let mut expected = end.clone();
        for stop in 0..random.below(STOPS) + 1 {
            let first = (stop == 0).then_some(mark);
            let Some(by_pause) = self.stop(&mut machine, total, first, random)? else {
                return Ok(());
            };
            *(if by_pause {
                &mut tally.pauses
            } else {
                &mut tally.limits
            }) += 1;
            tally.stopped_on[kind as usize] += 1;

            let second = mark || random.one_in(2);
            *(if second {
                &mut tally.second_kind
            } else {
                &mut tally.first_kind
            }) += 1;
            let taken = machine.take(second)?;
            let at = machine.cycles().0;
            let describe = |what: String| format!("stop {stop}, on {kind:?}, at {at}: {what}");

            let mut asm = self.shop.resumed(Kind::Asm, &taken)?;
            let reference = self.finish(&mut asm);
            tally.resumed += 1;
            let same = alike(("uninterrupted", &end), ("resumed on asm", &reference));
            if self.shop.setup.profile.version == Version::V2 {
                same.map_err(describe)?;
            } else {
                tally.other_ends += u64::from(same.is_err());
            }
            for other in &KINDS[1..] {
                let mut resumed = self.shop.resumed(*other, &taken)?;
                let (before, _) = resumed.cycles();
                let found = self.finish(&mut resumed);
                tally.resumed += 1;
                if *other != Kind::Interpreter {
                    let (after, native) = resumed.cycles();
                    tally.cycles += after - before;
                    tally.native += native;
                }
                alike(
                    ("resumed on asm", &reference),
                    (&format!("{other:?}"), &found),
                )
                .map_err(describe)?;
            }
            // The machine that stopped goes on too, on our other engine.
            if let Some(mut changed) = machine.changed(&self.shop) {
                tally.changed += 1;
                let found = self.finish(&mut changed);
                alike(("not resumed", &expected), ("on the other engine", &found))
                    .map_err(describe)?;
            }
            kind = random.pick(&KINDS);
            machine = self.shop.resumed(kind, &taken)?;
            expected = reference;
        }
        Ok(())
    }

    /// Runs to the end.
    fn finish(&self, machine: &mut Machine) -> Outcome {
        let verdict = machine.run(self.limit);
        machine.look(verdict)
    }

    /// Runs to a random point before the end. Whether it was a pause; nothing when it ended first.
    /// From the start, with or without marked pages, CKB-VM comes to the same point.
    fn stop(
        &self,
        machine: &mut Machine,
        total: u64,
        from_start: Option<bool>,
        random: &mut Random,
    ) -> Result<Option<bool>, String> {
        let (at, _) = machine.cycles();
        if at >= total {
            return Ok(None);
        }
        let limit = at + random.below(total - at);
        let verdict = machine.run(limit);
        if !verdict.is_cycles_exceeded() {
            // A resumed guest of version 0 or 1 may end earlier; nobody else may.
            let early = from_start.is_none() && self.shop.setup.profile.version != Version::V2;
            return match early {
                true => Ok(None),
                false => Err(format!("{verdict} under the limit {limit} of {total}")),
            };
        }
        if let Some(mark) = from_start {
            let mut asm = (self.shop.started(Kind::Asm, &self.start, mark))
                .map_err(|verdict| format!("CKB-VM loads once only: {verdict}"))?;
            let verdict = asm.run(limit);
            let expected = asm.look(verdict.clone());
            let found = machine.look(verdict);
            // Tracking pages clears dirty flags.
            let found = Outcome {
                flags: expected.flags.clone(),
                ..found
            };
            alike(("asm", &expected), ("stopped", &found))?;
        }
        if !random.one_in(3) {
            return Ok(Some(false));
        }
        match machine.run_to_pause(self.limit, random) {
            Verdict::Fault(name) if name == "Pause" => Ok(Some(true)),
            _ => Ok(None),
        }
    }
}

/// Whether two ends are the same by the contract.
fn alike(a: (&str, &Outcome), b: (&str, &Outcome)) -> Result<(), String> {
    compare(a, b, Rule::Contract)
}
