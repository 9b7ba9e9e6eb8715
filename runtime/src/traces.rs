//! Decoded traces, in slots as CKB-VM's assembly machine has them.
//!
//! A trace is what runs between two checks of the cycle limit: up to sixteen entries, which are instructions or fused
//! pairs, decoded together before the first of them runs. A trace stands in the slot that its address selects. These slots are a
//! cache of decoded code and no more. In versions where the guest can see which trace ran last, that is noted in the
//! guest's mapping, where native code notes it too (`lockstep_contract::context::HEADS`).
//!
//! A trace that lost its slot is remembered behind the one that has it, so that two heads that share a slot are not
//! decoded again and again. Remembered traces are dropped when pages become executable, because decoding looks ahead
//! into such pages.
//!
//! A trace that has a slot keeps it, as in the assembly machine, even where decoding would now find another pattern.
//! That happens where code ended with the first half of a pattern, and the second half was put behind it later. Such
//! a trace is *stale*. While there is one, only the interpreter knows what the assembly machine would run.
//!
//! An entry is stored as the instructions that it is made of. No part of a fused entry can fail, and none reads its
//! own address, so running them one by one is the same. The cost is that of the entry.

use lockstep_contract::context::slot;
use lockstep_isa::decode::{DecodeError, Fetch, decode};
use lockstep_isa::{Inst, Op, Profile, fuse};

use crate::cost_table::CostTable;
use crate::memory::{Code, Memory};
use crate::trap::Trap;

mod decoded;
mod slots;
mod trace;

use decoded::Extent;
pub(crate) use decoded::{DecodedTraces, Shared};
use slots::Slots;
pub(crate) use trace::Trace;

/// The most entries that a trace has.
const TRACE_ENTRIES: usize = 16;
/// Instructions that may be stored before traces without a slot are dropped: 12 MiB.
const STORED_INSTRUCTIONS: usize = 1 << 20;
/// What the record of a trace counts for, in instructions.
const TRACE_AS_INSTRUCTIONS: usize = 4;

/// What is seldom asked about a trace, and therefore not stored in it.
#[derive(Clone, Copy, Debug)]
struct Note {
    /// Fusion looked for code where there was none.
    open: bool,
    /// It is open, and would now be decoded into something else.
    stale: bool,
}

/// All traces of a guest.
#[derive(Clone, Debug)]
pub(crate) struct Traces {
    /// The trace in front of each slot.
    slots: Slots,
    traces: Vec<Trace>,
    /// Of each trace.
    notes: Vec<Note>,
    code: Vec<Inst>,
    /// How much was left when traces without a slot were last dropped.
    kept: usize,
    /// Of the code pages, when traces were last decoded.
    generation: u64,
    /// Slots with a stale trace.
    stale: usize,
}

impl Traces {
    pub(crate) fn new() -> Traces {
        Traces {
            slots: Slots::default(),
            traces: Vec::new(),
            notes: Vec::new(),
            code: Vec::new(),
            kept: 0,
            generation: 0,
            stale: 0,
        }
    }

    /// Whether a slot holds a trace that would be decoded into something else now.
    #[inline]
    pub(crate) fn are_stale(&self) -> bool {
        self.stale > 0
    }

    /// Forgets all traces.
    pub(crate) fn clear(&mut self) {
        if !self.traces.is_empty() {
            *self = Traces::new();
        }
    }

    /// The trace for an address, if it is in front of its slot.
    #[inline(always)]
    pub(crate) fn find(&self, pc: u64) -> Option<Trace> {
        let number = self.slots.at_place(pc);
        let trace = self.traces.get(number.wrapping_sub(1) as usize)?;
        (trace.start == pc).then_some(*trace)
    }

    /// The number of the trace in front of an address's slot; 0 for none.
    fn front(&self, pc: u64) -> u32 {
        let number = self.slots.at_place(pc);
        match self.traces.get(number.wrapping_sub(1) as usize) {
            Some(trace) if slot(trace.start) == slot(pc) => number,
            _ => 0,
        }
    }

    /// Puts the trace with this number in front of its slot, which is that of `pc`.
    fn put_in_front(&mut self, pc: u64, number: u32) {
        let Traces { slots, traces, .. } = self;
        slots.put(pc, number, |number| traces[number as usize - 1].start);
    }

    /// The instructions of a trace.
    #[inline(always)]
    pub(crate) fn code(&self, trace: &Trace) -> &[Inst] {
        let first = trace.first as usize;
        &self.code[first..first + usize::from(trace.count)]
    }

    /// Puts the trace at `pc` into its slot. It is decoded if neither this machine nor those with which it shares
    /// traces know it.
    ///
    /// # Errors
    /// Whatever is wrong with any instruction of the trace; the slot keeps what it has.
    pub(crate) fn load(
        &mut self,
        code: &mut Code<'_>,
        pc: u64,
        profile: Profile,
        cost: &CostTable,
        shared: Option<Shared<'_>>,
    ) -> Result<(), Trap> {
        if self.recall(pc) {
            return Ok(());
        }
        if self.stored() > self.kept + STORED_INSTRUCTIONS {
            self.forget();
        }
        let mut trace = self.obtain(code, pc, Extent::Whole, profile, shared, |op| {
            cost.cycles(op)
        })?;
        if trace.len == 0 {
            self.discard(&trace);
            return Err(Trap::TraceLengthError);
        }
        trace.behind = self.behind(self.front(pc));
        self.traces.push(trace);
        self.notes.push(Note {
            open: code.refused,
            stale: false,
        });
        self.put_in_front(pc, self.traces.len() as u32);
        Ok(())
    }

    /// The first trace that is remembered when this one loses its slot: this one, or the one behind it if this one is
    /// open, because it may be decoded into something else when it is needed again.
    fn behind(&mut self, front: u32) -> u32 {
        let index = front.wrapping_sub(1) as usize;
        match self.notes.get(index) {
            Some(note) if note.open => {
                self.stale -= usize::from(note.stale);
                self.traces[index].behind
            }
            _ => front,
        }
    }

    /// Moves the trace at `pc` to the front of its slot, if it is known.
    fn recall(&mut self, pc: u64) -> bool {
        let front = self.front(pc);
        let mut before = 0;
        let mut number = front;
        while let Some(trace) = self.traces.get(number.wrapping_sub(1) as usize).copied() {
            if trace.start == pc {
                if before != 0 {
                    self.traces[before as usize - 1].behind = trace.behind;
                    self.traces[number as usize - 1].behind = self.behind(front);
                    self.put_in_front(pc, number);
                }
                return true;
            }
            before = number;
            number = trace.behind;
        }
        false
    }

    /// Notices that pages changed which decoding may look at. What has a slot keeps it, as in the
    /// assembly machine.
    #[inline]
    pub(crate) fn follow(&mut self, memory: &mut Memory, profile: Profile) {
        if self.generation != memory.generation() {
            self.generation = memory.generation();
            self.forget();
            self.find_stale(&mut memory.code().untouched(), profile);
        }
    }

    /// Finds out which traces would now be decoded into something else.
    fn find_stale(&mut self, code: &mut Code<'_>, profile: Profile) {
        self.stale = 0;
        for number in 0..self.traces.len() {
            if !self.notes[number].open {
                continue;
            }
            let trace = self.traces[number];
            let stale = match self.append(code, trace.start, TRACE_ENTRIES, profile, |_| 0) {
                Ok((now, _)) => {
                    let other = self.code(&now) != self.code(&trace);
                    self.discard(&now);
                    other
                }
                // It could not be decoded any more: pages stopped being executable, which no host does.
                Err(_) => true,
            };
            self.notes[number].stale = stale;
            self.stale += usize::from(stale);
        }
    }

    /// How much is kept.
    fn stored(&self) -> usize {
        self.code.len() + TRACE_AS_INSTRUCTIONS * self.traces.len()
    }

    /// Drops the traces that have no slot.
    pub(crate) fn forget(&mut self) {
        if self.traces.is_empty() {
            // Then no slot has one.
            return;
        }
        let traces = std::mem::take(&mut self.traces);
        let notes = std::mem::take(&mut self.notes);
        let code = std::mem::take(&mut self.code);
        for number in self.slots.iter_mut() {
            let mut trace = traces[*number as usize - 1];
            self.notes.push(notes[*number as usize - 1]);
            let first = trace.first as usize;
            trace.first = self.code.len() as u32;
            trace.behind = 0;
            self.code
                .extend_from_slice(&code[first..first + usize::from(trace.count)]);
            self.traces.push(trace);
            *number = self.traces.len() as u32;
        }
        self.kept = self.stored();
    }

    /// Decodes the last `entries` entries of a trace, from `pc` on, for one use: it costs nothing and
    /// is in no slot. [`Traces::discard`] it afterwards.
    ///
    /// # Errors
    /// As for [`Traces::load`]; there are none where the whole trace was decoded before.
    pub(crate) fn decode_rest(
        &mut self,
        code: &mut Code<'_>,
        pc: u64,
        entries: u8,
        profile: Profile,
        shared: Option<Shared<'_>>,
    ) -> Result<Trace, Trap> {
        let extent = Extent::Rest(entries.min(TRACE_ENTRIES as u8));
        self.obtain(code, pc, extent, profile, shared, |_| 0)
    }

    /// Appends a part of a trace to the store: a copy of a shared one, or else decoded.
    fn obtain(
        &mut self,
        code: &mut Code<'_>,
        pc: u64,
        extent: Extent,
        profile: Profile,
        shared: Option<Shared<'_>>,
        cost: impl Fn(Op) -> u64,
    ) -> Result<Trace, Trap> {
        let known = shared.and_then(|shared| shared.copy(pc, extent, &mut self.code));
        if let Some(trace) = known {
            return Ok(trace);
        }
        let entries = match extent {
            Extent::Whole => TRACE_ENTRIES,
            Extent::Rest(entries) => usize::from(entries),
        };
        let (trace, end) = self.append(code, pc, entries, profile, cost)?;
        if let Some(shared) = shared
            && !code.refused
        {
            let insts = &self.code[trace.first as usize..];
            shared.keep(extent, &trace, end, insts);
        }
        Ok(trace)
    }

    /// Drops a trace that is in no slot. Nothing was decoded since.
    pub(crate) fn discard(&mut self, trace: &Trace) {
        self.code.truncate(trace.first as usize);
    }

    /// Decodes up to `entries` entries to the end of the store. With the address behind them.
    fn append(
        &mut self,
        fetch: &mut impl Fetch<Error = Trap>,
        pc: u64,
        entries: usize,
        profile: Profile,
        cost: impl Fn(Op) -> u64,
    ) -> Result<(Trace, u64), Trap> {
        let first = self.code.len();
        let mut trace = Trace {
            start: pc,
            cycles: 0,
            first: first as u32,
            behind: 0,
            count: 0,
            len: 0,
            last: 0,
        };
        let mut at = pc;
        for _ in 0..entries {
            let inst = match decode(fetch, at, profile) {
                Ok(inst) => inst,
                Err(error) => {
                    self.code.truncate(first);
                    return Err(match error {
                        DecodeError::Fetch(trap) => trap,
                        DecodeError::Illegal { pc, bits } => Trap::InvalidInstruction { pc, bits },
                    });
                }
            };
            self.code.extend_from_slice(&fuse::parts(&inst));
            trace.cycles = trace.cycles.wrapping_add(cost(inst.op));
            trace.last = inst.len;
            at = at.wrapping_add(u64::from(inst.len));
            if inst.op.effect().ends_trace() {
                break;
            }
        }
        trace.count = (self.code.len() - first) as u16;
        trace.len = at.wrapping_sub(pc) as u8;
        Ok((trace, at))
    }
}

#[cfg(test)]
mod tests;
