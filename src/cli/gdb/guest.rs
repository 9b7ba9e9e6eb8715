//! The guest as the client sees it: where it is, in the present or in the past, and how it goes on from there.

use gdbstub::common::Signal;
use gdbstub::stub::SingleThreadStopReason;
use gdbstub::target::ext::base::reverse_exec::ReplayLogPosition;
use gdbstub::target::ext::breakpoints::WatchKind;
use lockstep_runtime::{Core, CostTable, Event, Runner, Stepped, Trap};

use super::super::fault::Report;
use super::history::{History, Past};
use super::walker::{Halt, Position, Stops, Walker, Watch, Watched};

/// Why a guest stopped, as the client hears it.
pub(super) type Reason = SingleThreadStopReason<u64>;

/// What the client asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Resume {
    Step,
    Continue,
    StepBack,
    ContinueBack,
}

/// What is to be told when the host has done a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Pending {
    Nothing,
    Stepped,
    Ebreak,
}

/// Where a guest came to.
pub(super) enum Went {
    /// The host has to do something.
    Host(Event),
    /// The client may want something.
    Interrupted,
    /// It stopped; with a text for the client's console.
    Stop(Reason, Option<String>),
    /// It cannot go on, and the client was told so before.
    Dies(Signal, Trap),
}

/// The guest.
pub(super) struct Guest {
    pub(super) runner: Runner,
    pub(super) cost: CostTable,
    walker: Walker,
    /// The guest where the host was called.
    before: Option<Core>,
    is_begun: bool,
    history: History,
    past: Option<Past>,
    pub(super) stops: Stops,
    /// Why it cannot go on.
    pub(super) failed: Option<Trap>,
    resume: Resume,
    pending: Pending,
    /// The breakpoint where it stands was told.
    leaves: bool,
    /// The client wrote to registers or memory.
    pub(super) is_changed: bool,
    /// The ELF with its symbols.
    pub(super) elf: Vec<u8>,
}

impl Guest {
    pub(super) fn new(runner: Runner, cost: CostTable) -> Guest {
        Guest {
            runner,
            cost,
            walker: Walker::default(),
            before: None,
            is_begun: false,
            history: History::new(),
            past: None,
            stops: Stops::default(),
            failed: None,
            resume: Resume::Continue,
            pending: Pending::Nothing,
            leaves: true,
            is_changed: false,
            elf: Vec::new(),
        }
    }

    /// The guest that is looked at.
    pub(super) fn core(&self) -> &Core {
        match &self.past {
            Some(past) => &past.core,
            None => self.runner.core(),
        }
    }

    pub(super) fn pc(&self) -> u64 {
        match &self.past {
            Some(past) => past.walker.pc(&past.core),
            None => self.walker.pc(self.runner.core()),
        }
    }

    fn walker(&self) -> &Walker {
        match &self.past {
            Some(past) => &past.walker,
            None => &self.walker,
        }
    }

    fn walker_mut(&mut self) -> &mut Walker {
        match &mut self.past {
            Some(past) => &mut past.walker,
            None => &mut self.walker,
        }
    }

    /// Where the guest that is looked at is.
    pub(super) fn position(&self) -> Position {
        match &self.past {
            Some(past) => past.walker.position(&past.core),
            None => self.walker.position(self.runner.core()),
        }
    }

    /// Whether the guest that is looked at has begun a trace, which is charged.
    pub(super) fn is_inside(&self) -> bool {
        match &self.past {
            Some(past) => past.walker.steps.is_inside(),
            None => self.walker.steps.is_inside(),
        }
    }

    pub(super) fn is_in_the_past(&self) -> bool {
        self.past.is_some()
    }

    /// The guest, to be written to. The past is fixed.
    pub(super) fn change(&mut self) -> Option<&mut Core> {
        if self.past.is_some() {
            return None;
        }
        self.is_changed = true;
        self.failed = None;
        Some(self.runner.core_mut())
    }

    /// Sets where the guest goes on. What is left of its trace does not run, and stays charged.
    pub(super) fn jump(&mut self, pc: u64) {
        self.walker.steps.forget();
        self.runner.core_mut().set_pc(pc);
    }

    /// After a change: what was before cannot be run to again.
    pub(super) fn changed(&mut self) {
        self.history.restart(self.runner.core(), &self.walker);
    }

    /// The client wants the guest to go on.
    pub(super) fn resume(&mut self, how: Resume) {
        self.resume = how;
        self.leaves = true;
    }

    /// The host gives the guest back, after a call or for the first time.
    pub(super) fn enter(&mut self) {
        match self.before.take() {
            Some(before) => {
                self.history.note(&before, self.runner.core());
                self.walker.segment += 1;
                self.leaves = false;
            }
            None if self.is_begun => {
                // There was no memory to remember the call.
                self.walker.segment += 1;
                self.changed();
            }
            None => self.changed(),
        }
        self.is_begun = true;
    }

    /// Goes on as the client said.
    pub(super) fn go(&mut self, poll: &mut dyn FnMut() -> bool) -> Went {
        match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Stepped => return Went::Stop(Reason::DoneStep, None),
            Pending::Ebreak => return Went::Stop(Reason::Signal(Signal::SIGTRAP), None),
            Pending::Nothing => {}
        }
        match self.resume {
            Resume::Step => self.step(),
            Resume::Continue => self.run(poll),
            Resume::StepBack => self.step_back(),
            Resume::ContinueBack => {
                let here = self.position();
                let is_told = self.walker().told == Some(here);
                let (stops, cost) = (&self.stops, &self.cost);
                let found = self.history.stop_before(here, is_told, stops, cost, poll);
                let told = found.as_ref().map(|(place, _)| *place);
                let went = self.travel(found.map(|(place, halt)| (place, reason(&halt))));
                self.walker_mut().told = told;
                went
            }
        }
    }

    fn step_back(&mut self) -> Went {
        let here = self.position();
        let target = self.history.before(here, &self.cost);
        if self.walker().told != Some(here) {
            let touched = |place| self.history.touched(place, &self.stops, &self.cost);
            if let Some(watch) = target.and_then(touched) {
                self.walker_mut().told = Some(here);
                return Went::Stop(hit(&watch), None);
            }
        }
        self.travel(target.map(|place| (place, Reason::DoneStep)))
    }

    /// Goes to a place in the past, or to the oldest that is known.
    fn travel(&mut self, target: Option<(Position, Reason)>) -> Went {
        let begin = Reason::ReplayLog {
            tid: None,
            pos: ReplayLogPosition::Begin,
        };
        let (place, reason) = match target {
            Some(target) => target,
            None => match self.history.oldest() {
                Some(oldest) => (oldest, begin),
                None => return Went::Stop(begin, None),
            },
        };
        match self.history.at(place, &self.cost) {
            Some(past) => {
                self.past = Some(past);
                Went::Stop(reason, None)
            }
            None => Went::Stop(begin, Some("There is no memory to go back.\n".to_owned())),
        }
    }

    fn step(&mut self) -> Went {
        let here = self.position();
        let (core, walker) = match &mut self.past {
            Some(past) => (&mut past.core, &mut past.walker),
            None => (self.runner.core_mut(), &mut self.walker),
        };
        if walker.told != Some(here)
            && let Ok(Some(watch)) = walker.touches(core, &self.cost, &self.stops)
        {
            walker.told = Some(here);
            return Went::Stop(hit(&watch), None);
        }
        if let Some(past) = &mut self.past {
            let stepped = past.walker.steps.step(&mut past.core, &self.cost);
            if matches!(stepped, Ok(Stepped::Ecall | Stepped::Ebreak)) {
                let _ = self.history.repeat_call(past);
            }
            self.leave_the_past();
            return Went::Stop(Reason::DoneStep, None);
        }
        if let Some(trap) = self.failed.clone() {
            return Went::Dies(signal(&trap), trap);
        }
        if here >= self.history.next_copy(here) {
            self.history.copy(self.runner.core(), &self.walker);
        }
        match self.walker.steps.step(self.runner.core_mut(), &self.cost) {
            Ok(Stepped::On) => Went::Stop(Reason::DoneStep, None),
            Ok(Stepped::Ecall) => self.call(Event::Ecall, Pending::Stepped),
            Ok(Stepped::Ebreak) => self.call(Event::Ebreak, Pending::Ebreak),
            Err(trap) => self.fail(trap),
        }
    }

    fn run(&mut self, poll: &mut dyn FnMut() -> bool) -> Went {
        let end = self.walker.position(self.runner.core());
        while let Some(past) = &mut self.past {
            let Past { core, walker } = past;
            let leaves = std::mem::replace(&mut self.leaves, false);
            match walker.walk(core, &self.cost, &self.stops, end, leaves, poll) {
                // Without its effect the call cannot be repeated; the present is known.
                Halt::Ecall | Halt::Ebreak => {
                    if self.history.repeat_call(past).is_none() {
                        self.past = None;
                    }
                }
                Halt::Reached | Halt::Failed(_) => self.past = None,
                Halt::Interrupted => {
                    self.leaves = true;
                    return Went::Interrupted;
                }
                halt => return self.stop(&halt),
            }
        }
        if let Some(trap) = self.failed.clone() {
            if self.leaves {
                return Went::Dies(signal(&trap), trap);
            }
            return self.fail(trap);
        }
        loop {
            let here = self.walker.position(self.runner.core());
            let limit = self.history.next_copy(here);
            let leaves = std::mem::replace(&mut self.leaves, false);
            let core = self.runner.core_mut();
            let halt = (self.walker).walk(core, &self.cost, &self.stops, limit, leaves, poll);
            match halt {
                Halt::Reached => self.history.copy(self.runner.core(), &self.walker),
                Halt::Ecall => return self.call(Event::Ecall, Pending::Nothing),
                Halt::Ebreak => return self.call(Event::Ebreak, Pending::Ebreak),
                Halt::Interrupted => {
                    self.leaves = true;
                    return Went::Interrupted;
                }
                Halt::Failed(trap) => return self.fail(trap),
                halt => {
                    self.leave_the_past();
                    return self.stop(&halt);
                }
            }
        }
    }

    fn stop(&mut self, halt: &Halt) -> Went {
        let mut text = None;
        if *halt == Halt::Cycles {
            self.stops.cycles = None;
            text = Some(format!("{} cycles are charged.\n", self.core().cycles()));
        }
        Went::Stop(reason(halt), text)
    }

    /// Gives the guest to its host.
    fn call(&mut self, event: Event, pending: Pending) -> Went {
        self.before = self.runner.core().fork().ok();
        self.pending = pending;
        Went::Host(event)
    }

    /// Back in the present, if that is where the guest is.
    fn leave_the_past(&mut self) {
        if self.past.is_some() && self.position() >= self.walker.position(self.runner.core()) {
            self.past = None;
        }
    }

    /// The guest cannot go on.
    pub(super) fn fail(&mut self, trap: Trap) -> Went {
        let text = self.explain(&trap);
        let signal = signal(&trap);
        self.failed = Some(trap);
        Went::Stop(Reason::Signal(signal), Some(text))
    }

    /// What is known of a failure.
    pub(super) fn explain(&mut self, trap: &Trap) -> String {
        let core = self.runner.core_mut();
        match trap {
            Trap::CyclesExceeded => {
                let limit = core.max_cycles();
                format!("Cycles exceeded: {limit} are allowed; --max-cycles N allows more.\n")
            }
            Trap::InvalidEcall(number) => {
                let hint = "nobody serves it here";
                Report::of_system_call(*number, core, &self.elf, hint).describe()
            }
            trap => {
                let name = format!("{}: {trap}\n", trap.name());
                match self.walker.steps.fault(core) {
                    Some(fault) => name + &Report::new(&fault, core, &self.elf).describe(),
                    None => name,
                }
            }
        }
    }

    /// Ends the trace that was begun, so that the guest is in a state that a plain run shows, and is in the present.
    pub(super) fn finish(&mut self) -> Option<Result<Event, Trap>> {
        self.past = None;
        if let Some(trap) = self.failed.clone() {
            return Some(Err(trap));
        }
        if !self.walker.steps.is_inside() {
            return None;
        }
        let core = self.runner.core_mut();
        match self.walker.steps.finish(core, &self.cost) {
            Ok(Stepped::On) => None,
            Ok(Stepped::Ecall) => Some(Ok(Event::Ecall)),
            Ok(Stepped::Ebreak) => Some(Ok(Event::Ebreak)),
            Err(trap) => Some(Err(trap)),
        }
    }
}

fn hit(watch: &Watch) -> Reason {
    Reason::Watch {
        tid: (),
        kind: match watch.kind {
            Watched::Write => WatchKind::Write,
            Watched::Read => WatchKind::Read,
            Watched::Access => WatchKind::ReadWrite,
        },
        addr: watch.address,
    }
}

fn reason(halt: &Halt) -> Reason {
    match halt {
        Halt::Watch(watch) => hit(watch),
        Halt::Break => Reason::SwBreak(()),
        Halt::Interrupted => Reason::Signal(Signal::SIGINT),
        _ => Reason::Signal(Signal::SIGTRAP),
    }
}

/// The signal that a kernel would send.
fn signal(trap: &Trap) -> Signal {
    match trap {
        Trap::InvalidInstruction { .. } => Signal::SIGILL,
        Trap::InvalidEcall(_) => Signal::SIGSYS,
        Trap::CyclesExceeded | Trap::CyclesOverflow => Signal::SIGXCPU,
        _ => Signal::SIGSEGV,
    }
}
