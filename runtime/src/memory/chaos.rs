//! Memory that is not zero before it is written: CKB-VM's chaos mode.
//!
//! A frame that is touched for the first time is filled with pseudo-random bytes. So a script that reads what it never
//! wrote behaves differently from run to run. The bytes are those of CKB-VM: the generator is the one behind `rand`
//! 0.7's `StdRng`, seeded with the machine's seed, and the number that it gives after the frame is the next seed. So
//! the bytes depend on the order of first touches. Every access is a touch, loads and fetches too. Which access
//! touches which frame is decided where the access is.
//!
//! Chaos mode is for tests of scripts, not for production. Native code does not run in it.

use core::ops::Range;

use lockstep_contract::pages::{MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

use super::writable::Writable;

/// Bytes of CKB-VM's frame, which is filled at once.
const FRAME_BYTES: usize = 256 << 10;
/// log2 of the pages in a frame.
const FRAME_PAGES_SHIFT: u32 = FRAME_BYTES.trailing_zeros() - PAGE_SHIFT;

/// What is left to be filled, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Chaos {
    seed: u32,
    /// A bit a frame.
    untouched: u16,
}

const _: () = assert!(MAX_MEMORY / FRAME_BYTES == u16::BITS as usize);

impl Chaos {
    /// Nothing was touched but these pages.
    pub(super) fn new(seed: u32, touched: impl IntoIterator<Item = usize>) -> Chaos {
        let mut chaos = Chaos { seed, untouched: 0 };
        chaos.forget();
        for page in touched {
            chaos.untouched &= !bit(page);
        }
        chaos
    }

    /// The seed for the next frame.
    pub(super) fn seed(&self) -> u32 {
        self.seed
    }

    /// All frames are to be filled again, the seed goes on.
    pub(super) fn forget(&mut self) {
        self.untouched = u16::MAX;
    }

    /// Fills the page's frame, if this is the first touch of it. The page is in memory.
    pub(crate) fn touch(&mut self, page: usize, bytes: &mut [u8], writable: &mut Writable) {
        if self.untouched & bit(page) == 0 {
            return;
        }
        self.untouched &= !bit(page);
        let start = (page >> FRAME_PAGES_SHIFT) * FRAME_BYTES;
        let frame = start..(start + FRAME_BYTES).min(bytes.len());
        let mut generator = ChaCha20Rng::seed_from_u64(u64::from(self.seed));
        generator.fill_bytes(&mut bytes[frame.clone()]);
        self.seed = generator.next_u32();
        writable.note_filled(pages(frame));
    }
}

/// The bit of a page's frame.
fn bit(page: usize) -> u16 {
    1 << (page >> FRAME_PAGES_SHIFT)
}

fn pages(bytes: Range<usize>) -> Range<usize> {
    bytes.start / PAGE_SIZE..bytes.end / PAGE_SIZE
}
