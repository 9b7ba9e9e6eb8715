//! The past of a guest: copies of it now and then, and what its host did at each call. A guest is deterministic between
//! calls of its host, so every earlier place can be run to again; calls are not repeated, their effects are.
//!
//! Memory is bounded: there are at most [`COPIES`] copies, and when the effects of calls are too many, the oldest past
//! is forgotten.

use lockstep_contract::pages::{PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::Reg;
use lockstep_runtime::{Core, CostTable, Stepped};

use super::walker::{Halt, Position, Stops, Walker, Watch};

/// Copies of the guest at most; each has up to 4 MiB.
const COPIES: usize = 24;
/// Bytes of effects of calls at most.
const EFFECT_BYTES: usize = 64 << 20;
/// Cycles between two copies at first.
const COPY_CYCLES: u64 = 500_000;
/// Cycles before a place that are looked at one by one to find the instruction before it; more than a trace has.
const NEAR_CYCLES: u64 = 4096;
/// All flags of a page.
const ALL_FLAGS: u8 = 0xff;

/// What a call of the host changed.
struct Effect {
    registers: Vec<(Reg, u64)>,
    pc: u64,
    cycles: u64,
    reservation: u64,
    /// Number, flags and content of each page that is different.
    pages: Vec<(usize, u8, Vec<u8>)>,
}

/// A copy of the guest, at the head of a trace.
struct Copy {
    at: Position,
    core: Core,
}

/// A guest in the past.
pub(super) struct Past {
    pub(super) core: Core,
    pub(super) walker: Walker,
}

/// The past.
pub(super) struct History {
    copies: Vec<Copy>,
    apart_cycles: u64,
    /// The effect of call `first`, and of those behind it.
    effects: Vec<Effect>,
    first: u64,
    bytes: usize,
}

impl History {
    pub(super) fn new() -> History {
        History {
            copies: Vec::new(),
            apart_cycles: COPY_CYCLES,
            effects: Vec::new(),
            first: 0,
            bytes: 0,
        }
    }

    /// Forgets the past before a place that is known from now on.
    pub(super) fn restart(&mut self, core: &Core, walker: &Walker) {
        self.copies.clear();
        self.effects.clear();
        self.first = walker.segment;
        self.bytes = 0;
        self.copy(core, walker);
    }

    /// Where the next copy is wanted.
    pub(super) fn next_copy(&self, here: Position) -> Position {
        // A host may set the cycles back at a call.
        let last = self.copies.last().map_or(0, |copy| copy.at.cycles);
        let last = last.min(here.cycles);
        Position {
            segment: here.segment,
            cycles: last.saturating_add(self.apart_cycles).max(here.cycles + 1),
            done: 0,
        }
    }

    /// Copies the guest, if it is at the head of a trace. Without memory for that there are fewer copies.
    pub(super) fn copy(&mut self, core: &Core, walker: &Walker) {
        let at = walker.position(core);
        let is_known = self.copies.last().is_some_and(|last| last.at >= at);
        if walker.steps.is_inside() || is_known {
            return;
        }
        if self.copies.len() >= COPIES {
            // Every second one goes; the oldest stays.
            let mut number = 0;
            self.copies.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.apart_cycles = self.apart_cycles.saturating_mul(2);
        }
        if let Ok(core) = core.fork() {
            self.copies.push(Copy { at, core });
        }
    }

    /// Notes what the host did at a call.
    pub(super) fn note(&mut self, before: &Core, after: &Core) {
        let pages = (0..after.memory().pages()).filter_map(|page| {
            let range = page << PAGE_SHIFT..(page << PAGE_SHIFT) + PAGE_SIZE;
            let (old, new) = (before.memory(), after.memory());
            let content = &new.as_bytes()[range.clone()];
            let differs =
                old.flags()[page] != new.flags()[page] || old.as_bytes()[range] != *content;
            differs.then(|| (page, new.flags()[page], content.to_vec()))
        });
        let effect = Effect {
            registers: Reg::all().map(|reg| (reg, after.register(reg))).collect(),
            pc: after.pc(),
            cycles: after.cycles(),
            reservation: after.reservation(),
            pages: pages.collect(),
        };
        self.bytes += effect.bytes();
        self.effects.push(effect);
        if self.bytes > EFFECT_BYTES {
            self.forget_half();
        }
    }

    /// Forgets the older half of the calls, and what is before.
    fn forget_half(&mut self) {
        let half = self.effects.len().div_ceil(2);
        self.effects.drain(..half);
        self.first += half as u64;
        self.bytes = self.effects.iter().map(Effect::bytes).sum();
        let first = self.first;
        self.copies.retain(|copy| copy.at.segment >= first);
    }

    /// The guest as it was at a place that it came through, if that is not forgotten.
    pub(super) fn at(&self, place: Position, cost: &CostTable) -> Option<Past> {
        let mut past = self.copy_before(place, true)?;
        self.run(&mut past, place, cost)?;
        Some(past)
    }

    /// The oldest place that is known.
    pub(super) fn oldest(&self) -> Option<Position> {
        self.copies.first().map(|copy| copy.at)
    }

    /// The place of the instruction before.
    pub(super) fn before(&self, place: Position, cost: &CostTable) -> Option<Position> {
        if place.done > 0 {
            let done = place.done - 1;
            return Some(Position { done, ..place }).filter(|at| Some(*at) >= self.oldest());
        }
        let near = Position {
            cycles: place.cycles.saturating_sub(NEAR_CYCLES),
            ..place
        };
        let last = |mut past: Past| {
            let mut last = None;
            let mut see = |past: &mut Past| last = Some(past.walker.position(&past.core));
            self.scan(&mut past, place, cost, &mut see)?;
            last
        };
        // The instruction may also be the system call before, which stands in front of all that is near.
        let nearby = self.at(near, cost).and_then(last);
        nearby.or_else(|| last(self.copy_before(place, false)?))
    }

    /// The last place at which a guest that comes back from `place` has to stop. It may be `place` itself, where an access
    /// right before it is watched, unless `is_told` says that the client knows that.
    pub(super) fn stop_before(
        &self,
        place: Position,
        is_told: bool,
        stops: &Stops,
        cost: &CostTable,
        poll: &mut dyn FnMut() -> bool,
    ) -> Option<(Position, Halt)> {
        let mut end = place;
        while let Some(mut past) = self.copy_before(end, false) {
            let begin = past.walker.position(&past.core);
            let (mut found, mut touched) = (None, None);
            self.scan(&mut past, end, cost, &mut |past| {
                let at = past.walker.position(&past.core);
                if let Some(watch) = touched.take() {
                    found = Some((at, Halt::Watch(watch)));
                }
                if stops.breaks(past.walker.pc(&past.core)) {
                    found = Some((at, Halt::Break));
                }
                let Past { core, walker } = past;
                touched = walker.touches(core, cost, stops).ok().flatten();
            })?;
            if let Some(watch) = touched.filter(|_| end != place || !is_told) {
                found = Some((end, Halt::Watch(watch)));
            }
            if found.is_some() {
                return found;
            }
            if poll() {
                return Some((begin, Halt::Interrupted));
            }
            end = begin;
        }
        None
    }

    /// The watchpoint that the instruction at a place touches.
    pub(super) fn touched(
        &self,
        place: Position,
        stops: &Stops,
        cost: &CostTable,
    ) -> Option<Watch> {
        if stops.watches.is_empty() {
            return None;
        }
        let Past {
            mut core,
            mut walker,
        } = self.at(place, cost)?;
        walker.touches(&mut core, cost, stops).ok().flatten()
    }

    /// Runs to a place, and shows each instruction before it runs.
    fn scan(
        &self,
        past: &mut Past,
        place: Position,
        cost: &CostTable,
        see: &mut dyn FnMut(&mut Past),
    ) -> Option<()> {
        while past.walker.position(&past.core) < place {
            see(past);
            let Past { core, walker } = past;
            if walker.steps.step(core, cost).ok()? != Stepped::On {
                self.repeat_call(past)?;
            }
        }
        Some(())
    }

    /// Runs to a place.
    fn run(&self, past: &mut Past, place: Position, cost: &CostTable) -> Option<()> {
        loop {
            let Past { core, walker } = past;
            let stops = Stops::default();
            match walker.walk(core, cost, &stops, place, true, &mut || false) {
                Halt::Reached => return Some(()),
                Halt::Ecall | Halt::Ebreak => self.repeat_call(past)?,
                _ => return None,
            }
        }
    }

    /// Does again what the host did at the call behind which the guest stands.
    pub(super) fn repeat_call(&self, past: &mut Past) -> Option<()> {
        let number = past.walker.segment.checked_sub(self.first)?;
        let effect = self.effects.get(usize::try_from(number).ok()?)?;
        effect.apply(&mut past.core)?;
        past.walker.segment += 1;
        Some(())
    }

    /// The last copy before a place, or at it.
    fn copy_before(&self, place: Position, or_at: bool) -> Option<Past> {
        let suits = |copy: &&Copy| copy.at < place || (or_at && copy.at == place);
        let copy = self.copies.iter().rev().find(suits)?;
        let mut core = copy.core.fork().ok()?;
        // It came through here, so no limit stopped it.
        core.set_max_cycles(u64::MAX);
        let walker = Walker {
            segment: copy.at.segment,
            ..Walker::default()
        };
        Some(Past { core, walker })
    }
}

impl Effect {
    fn bytes(&self) -> usize {
        size_of::<Effect>() + 32 * size_of::<(Reg, u64)>() + self.pages.len() * PAGE_SIZE
    }

    fn apply(&self, core: &mut Core) -> Option<()> {
        for (reg, value) in &self.registers {
            core.set_register(*reg, *value);
        }
        core.set_pc(self.pc);
        core.set_cycles(self.cycles);
        for (page, flags, content) in &self.pages {
            let number = *page as u64;
            core.memory_mut().clear_flag(number, ALL_FLAGS).ok()?;
            (core.memory_mut().store_bytes(number << PAGE_SHIFT, content)).ok()?;
            core.memory_mut().clear_flag(number, ALL_FLAGS).ok()?;
            core.memory_mut().set_flag(number, *flags).ok()?;
        }
        core.set_reservation(self.reservation);
        Some(())
    }
}
