//! Reproducible random numbers: the same seed gives the same program on every machine.
//!
//! SplitMix64 (Steele, Lea and Flood 2014). Not for secrets.

/// A stream of numbers.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
    /// What is used up first, and how much of it is.
    given: Vec<u8>,
    taken: usize,
}

impl Random {
    /// The stream that belongs to a seed.
    pub fn new(seed: u64) -> Random {
        Random {
            state: seed,
            given: Vec::new(),
            taken: 0,
        }
    }

    /// The stream that begins with these bytes, as few of them for a number as its bound needs, and
    /// goes on as a seed's: a fuzzer that changes one byte changes one choice.
    pub fn from_bytes(given: &[u8]) -> Random {
        Random {
            state: given.len() as u64,
            given: given.to_vec(),
            taken: 0,
        }
    }

    /// A number of so many bytes from those that were given, if any are left.
    fn take(&mut self, bytes: usize) -> Option<u64> {
        let rest = self
            .given
            .get(self.taken..)
            .filter(|rest| !rest.is_empty())?;
        let mut word = [0; 8];
        let count = bytes.min(rest.len());
        word[..count].copy_from_slice(&rest[..count]);
        self.taken += count;
        Some(u64::from_le_bytes(word))
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "the numbers have no end")]
    pub fn next(&mut self) -> u64 {
        if let Some(number) = self.take(8) {
            return number;
        }
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let bytes = (u64::BITS - (bound - 1).leading_zeros()).div_ceil(8);
        let number = self.take(bytes as usize).unwrap_or_else(|| self.next());
        number % bound
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low.wrapping_add(self.below((high - low) as u64 + 1) as i64)
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of the items.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len() as u64) as usize]
    }
}

/// Words at which arithmetic goes wrong when it goes wrong.
pub const EDGES: [u64; 22] = [
    0,
    1,
    2,
    3,
    7,
    31,
    32,
    63,
    64,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x0123_4567_89ab_cdef,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];
