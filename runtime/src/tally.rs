//! What a run is told of where it is counted: each trace that was interpreted, and each stay in native code.
//!
//! A profile is made of it. Native code counts its blocks in a [`Tally`] and records moves from function to function in
//! it, if it is a module that counts (`lockstep_contract::counting`). Other modules are not entered in such a run, because
//! what they did would be missing. Nothing that a guest can see depends on any of this.

use std::collections::BTreeMap;
use std::ops::Range;

use lockstep_contract::counting::{self, Move};
use lockstep_contract::exit::Exit;
use lockstep_contract::key::Key;
use lockstep_contract::pages::PAGE_SHIFT;

use crate::memory::Memory;

/// Moves that there is room for: native code leaves when it has filled it.
const MOVES: usize = 1 << 12;

/// Takes what is told of a run, in the order in which it happens.
///
/// ```
/// use lockstep_runtime::{Recorder, Tally};
///
/// /// The cycles of a run that is interpreted.
/// #[derive(Default)]
/// struct Cycles(u64);
///
/// impl Recorder for Cycles {
///     fn trace(&mut self, _head: u64, cycles: u64) {
///         self.0 += cycles;
///     }
/// }
///
/// let tally = Tally::new(Cycles::default());
/// assert_eq!(tally.recorder().0, 0);
/// ```
pub trait Recorder: Send {
    /// A trace was interpreted. `head` is its guest address, `cycles` what was charged for it.
    fn trace(&mut self, head: u64, cycles: u64);

    /// The guest is about to run a code region, or did, that was not told of before. `base` is its guest address, `code` its
    /// bytes.
    fn region(&mut self, base: u64, code: &[u8]) {
        let _ = (base, code);
    }

    /// Native code ran.
    fn stay(&mut self, stay: &NativeStay<'_>) {
        let _ = stay;
    }

    /// Native code ran the block at this guest address so often. This is told when the run is over, and for the blocks of a
    /// code region before there is other code in its place.
    fn counted(&mut self, head: u64, runs: u64) {
        let _ = (head, runs);
    }
}

/// A stay in native code.
///
/// ```
/// use lockstep_runtime::NativeStay;
///
/// /// The cycles that were charged in it.
/// fn cycles(stay: &NativeStay<'_>) -> u64 {
///     stay.given - stay.left
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NativeStay<'a> {
    /// Guest address at which it began.
    pub pc: u64,
    /// The budget in cycles at its start.
    pub given: u64,
    /// Where control moved from function to function, in order.
    pub moves: &'a [Move],
    /// The budget at its end.
    pub left: u64,
    /// Guest address at which it ended.
    pub end: u64,
    /// Why it ended; `None` if native code gave no reason that there is.
    pub exit: Option<Exit>,
}

/// The counters of a run, with who is told of it.
///
/// ```
/// use std::cell::RefCell;
/// use lockstep_isa::Cost;
/// use lockstep_runtime::{Core, CostTable, Environment, Recorder, Runner, Tally};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// # core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// # core.set_pc(0x1000);
///
/// /// The heads of traces that the interpreter ran.
/// #[derive(Default)]
/// struct Heads(Vec<u64>);
///
/// impl Recorder for Heads {
///     fn trace(&mut self, head: u64, _cycles: u64) {
///         self.0.push(head);
///     }
/// }
///
/// let tally = RefCell::new(Tally::new(Heads::default()));
/// let cost = CostTable::from(Cost::Estimate);
/// Runner::new(core).advance(&Environment::new(&cost).with_tally(&tally))?;
/// assert_eq!(tally.into_inner().finish().0, [0x1000]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tally<R: ?Sized> {
    /// By the guest address of the code region.
    counters: BTreeMap<u64, Counters>,
    moves: Box<[Move]>,
    /// Code regions that were told of because the interpreter ran them.
    told: Vec<Range<u64>>,
    recorder: R,
}

/// The counters of a code region: one for each halfword.
#[derive(Debug)]
struct Counters {
    /// The digest of the code.
    digest: [u8; 32],
    runs: Box<[u64]>,
}

impl Counters {
    /// Tells how often each block ran, if it ran.
    fn tell(&self, base: u64, recorder: &mut (impl Recorder + ?Sized)) {
        for (head, runs) in (base..).step_by(2).zip(&self.runs) {
            if *runs > 0 {
                recorder.counted(head, *runs);
            }
        }
    }
}

impl<R> Tally<R> {
    /// Nothing was counted yet.
    pub fn new(recorder: R) -> Tally<R> {
        Tally {
            counters: BTreeMap::new(),
            moves: Box::default(),
            told: Vec::new(),
            recorder,
        }
    }

    /// Who is told of the run.
    pub fn recorder(&self) -> &R {
        &self.recorder
    }

    /// Who is told of the run, to be asked or changed.
    pub fn recorder_mut(&mut self) -> &mut R {
        &mut self.recorder
    }
}

impl<R: Recorder> Tally<R> {
    /// Ends the run: who was told of it has heard everything then.
    pub fn finish(mut self) -> R {
        for (base, counters) in &self.counters {
            counters.tell(*base, &mut self.recorder);
        }
        self.recorder
    }
}

impl<R: Recorder + ?Sized> Tally<R> {
    /// A trace was interpreted in this memory.
    pub(crate) fn trace(&mut self, head: u64, cycles: u64, memory: &Memory) {
        if !self.told.iter().any(|region| region.contains(&head)) {
            self.tell_region(head, memory);
        }
        self.recorder.trace(head, cycles);
    }

    /// Tells of the code region that holds an address.
    #[cold]
    fn tell_region(&mut self, address: u64, memory: &Memory) {
        let page = address >> PAGE_SHIFT;
        let mut runs = memory.code_runs();
        let pages = runs.find(|pages| pages.contains(&(page as usize)));
        let bytes = pages.map(|pages| pages.start << PAGE_SHIFT..pages.end << PAGE_SHIFT);
        if let Some(bytes) = bytes {
            let base = bytes.start as u64;
            self.told.push(base..bytes.end as u64);
            self.recorder.region(base, &memory.as_bytes()[bytes]);
        }
    }

    /// Room for a module that counts. `code` are the bytes of its code region.
    pub(crate) fn room(&mut self, key: &Key, code: &[u8]) -> Room<'_> {
        let before = self.counters.get(&key.base);
        if before.is_none_or(|before| before.digest != key.digest) {
            let new = Counters {
                digest: key.digest,
                runs: vec![0; counting::counters(key.len)].into(),
            };
            if let Some(before) = self.counters.insert(key.base, new) {
                before.tell(key.base, &mut self.recorder);
            }
            self.recorder.region(key.base, code);
        }
        if self.moves.is_empty() {
            self.moves = vec![Move::default(); MOVES].into();
        }
        Room {
            counters: (self.counters.get_mut(&key.base)).map_or(&mut [], |all| &mut all.runs),
            moves: &mut self.moves,
            used: 0,
        }
    }

    /// Native code ran, and recorded so many moves.
    pub(crate) fn stay(&mut self, used: usize, stay: NativeStay<'_>) {
        let moves = &self.moves[..used];
        self.recorder.stay(&NativeStay { moves, ..stay });
    }
}

/// Room for what native code counts.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    /// One for each halfword of the code region.
    pub(crate) counters: &'a mut [u64],
    pub(crate) moves: &'a mut [Move],
    /// Moves that were recorded.
    pub(crate) used: usize,
}
