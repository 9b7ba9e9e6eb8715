//! A recorder that works beside the guest: what a run tells is kept in batches, and another thread hands them on.
//!
//! Recording a move takes longer than making it. On a thread of its own it costs the guest no time, as long as there is a
//! processor for it. Short runs do not fill a batch, and start no thread; where none can be started, the guest's does both.
//! What is told, and in which order, is the same in any case.

use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use lockstep_contract::counting::Move;
use lockstep_contract::exit::Exit;
use lockstep_runtime::{NativeStay, Recorder};

use super::failure::Failure;

/// Takes what is told of a run, calls of the host among it.
pub(crate) trait Counter: Recorder + 'static {
    /// The host was called so often with this number, and charged so many cycles for it.
    fn host_call(&mut self, number: u64, calls: u64, cycles: u64) {
        let _ = (number, calls, cycles);
    }
}

/// Moves that fill a batch.
const BATCH_MOVES: usize = 1 << 13;
/// Other things that fill it.
const BATCH_EVENTS: usize = 1 << 12;
/// Batches that wait for the thread, at most.
const WAITING_BATCHES: usize = 4;

/// Something that is told of a run.
enum Event {
    Region {
        base: u64,
        code: Vec<u8>,
    },
    Trace {
        head: u64,
        cycles: u64,
    },
    Stay {
        pc: u64,
        given: u64,
        /// How many moves of the batch are its own.
        moves: usize,
        left: u64,
        end: u64,
        exit: Option<Exit>,
    },
    Counted {
        head: u64,
        runs: u64,
    },
    HostCall {
        number: u64,
        calls: u64,
        cycles: u64,
    },
}

/// Things that are told one after the other.
#[derive(Default)]
struct Batch {
    events: Vec<Event>,
    moves: Vec<Move>,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.moves.len() >= BATCH_MOVES || self.events.len() >= BATCH_EVENTS
    }

    /// Tells all of it, and leaves nothing.
    fn tell(&mut self, recorder: &mut impl Counter) {
        let mut all = &self.moves[..];
        for event in self.events.drain(..) {
            match event {
                Event::Region { base, code } => recorder.region(base, &code),
                Event::Trace { head, cycles } => recorder.trace(head, cycles),
                Event::Stay {
                    pc,
                    given,
                    moves,
                    left,
                    end,
                    exit,
                } => {
                    let (moves, others) = all.split_at(moves);
                    all = others;
                    recorder.stay(&NativeStay {
                        pc,
                        given,
                        moves,
                        left,
                        end,
                        exit,
                    });
                }
                Event::Counted { head, runs } => recorder.counted(head, runs),
                Event::HostCall {
                    number,
                    calls,
                    cycles,
                } => recorder.host_call(number, calls, cycles),
            }
        }
        self.moves.clear();
    }
}

/// A thread that has the recorder.
struct Worker<R> {
    batches: SyncSender<Batch>,
    /// Batches that were told, to be filled again.
    told: Receiver<Batch>,
    thread: JoinHandle<Option<R>>,
}

/// Where the recorder is.
enum Place<R> {
    Here(R),
    There(Worker<R>),
}

/// Hands on to a recorder what is told of a run.
pub(crate) struct Beside<R> {
    batch: Batch,
    /// Always there, but for a moment in [`Beside::hand_on`].
    place: Option<Place<R>>,
}

impl<R: Counter> Beside<R> {
    pub(crate) fn new(recorder: R) -> Beside<R> {
        Beside {
            batch: Batch::default(),
            place: Some(Place::Here(recorder)),
        }
    }

    /// The recorder, when it has heard everything.
    pub(crate) fn finish(mut self) -> Result<R, Failure> {
        match self.place {
            Some(Place::Here(mut recorder)) => {
                self.batch.tell(&mut recorder);
                Ok(recorder)
            }
            Some(Place::There(worker)) => {
                // Only a thread that panicked hears nothing, and then joining it says so.
                let _ = worker.batches.send(self.batch);
                drop(worker.batches);
                let recorder = worker.thread.join().ok().flatten();
                recorder.ok_or_else(|| Failure::defect("the recorder of the profile panicked"))
            }
            None => Err(Failure::defect("the recorder is lost")),
        }
    }

    fn push(&mut self, event: Event) {
        self.batch.events.push(event);
        if self.batch.is_full() {
            self.hand_on();
        }
    }

    /// Hands on a batch that is full: the first time to a thread that is started for it.
    #[cold]
    fn hand_on(&mut self) {
        self.place = self.place.take().map(|place| match place {
            Place::Here(recorder) => start(recorder),
            there => there,
        });
        match &mut self.place {
            Some(Place::Here(recorder)) => self.batch.tell(recorder),
            Some(Place::There(worker)) => {
                let next = worker.told.try_recv().unwrap_or_default();
                let _ = worker.batches.send(mem::replace(&mut self.batch, next));
            }
            None => {}
        }
    }
}

/// Starts the thread of a recorder, if that is possible.
fn start<R: Counter>(recorder: R) -> Place<R> {
    let (batches, waiting) = sync_channel::<Batch>(WAITING_BATCHES);
    let (back, told) = sync_channel::<Batch>(WAITING_BATCHES);
    // It is put here when the thread runs, so that it is not lost where there is none.
    let (give, take) = sync_channel::<R>(1);
    let work = move || {
        let mut recorder = take.recv().ok()?;
        while let Ok(mut batch) = waiting.recv() {
            batch.tell(&mut recorder);
            let _ = back.try_send(batch);
        }
        Some(recorder)
    };
    let thread = thread::Builder::new().name("recorder".to_owned());
    match thread.spawn(work) {
        Ok(thread) => match give.send(recorder) {
            Ok(()) => Place::There(Worker {
                batches,
                told,
                thread,
            }),
            Err(back) => Place::Here(back.0),
        },
        Err(_) => Place::Here(recorder),
    }
}

impl<R: Counter> Recorder for Beside<R> {
    fn trace(&mut self, head: u64, cycles: u64) {
        self.push(Event::Trace { head, cycles });
    }

    fn region(&mut self, base: u64, code: &[u8]) {
        let code = code.to_vec();
        self.push(Event::Region { base, code });
    }

    fn stay(&mut self, stay: &NativeStay<'_>) {
        self.batch.moves.extend_from_slice(stay.moves);
        self.push(Event::Stay {
            pc: stay.pc,
            given: stay.given,
            moves: stay.moves.len(),
            left: stay.left,
            end: stay.end,
            exit: stay.exit,
        });
    }

    fn counted(&mut self, head: u64, runs: u64) {
        self.push(Event::Counted { head, runs });
    }
}

impl<R: Counter> Counter for Beside<R> {
    fn host_call(&mut self, number: u64, calls: u64, cycles: u64) {
        self.push(Event::HostCall {
            number,
            calls,
            cycles,
        });
    }
}
