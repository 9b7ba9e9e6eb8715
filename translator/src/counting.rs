//! Which functions code has that counts: a module for a profile counts its blocks and records moves between functions.
//!
//! The functions are what a profile shows, so whoever makes one says where they start. Calls and returns are recorded
//! wherever they go; the starts decide which other jumps leave a function. What is recorded, `lockstep_contract::counting`
//! says; the code for it is in `lift::counts`.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use lockstep_contract::{counting, key};

/// Bytes of the digest of the starts that a translator's name has.
const DIGEST_BYTES: usize = 8;

/// Where functions start.
///
/// ```
/// use lockstep_translator::{Counting, Options};
/// let options = Options::default().with_counting(Some(Counting::new([0x10000, 0x10200])));
/// // The modules of such a translation are others, so their keys are too.
/// assert_ne!(options.translator(), Options::default().translator());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counting {
    /// Guest addresses, ascending.
    starts: Arc<[u64]>,
}

impl Counting {
    /// Functions that start at these guest addresses, in any order. One ends where the next one starts.
    #[must_use]
    pub fn new(starts: impl IntoIterator<Item = u64>) -> Counting {
        let mut starts: Vec<u64> = starts.into_iter().collect();
        starts.sort_unstable();
        starts.dedup();
        Counting {
            starts: starts.into(),
        }
    }

    /// The addresses of the function that holds this one.
    ///
    /// ```
    /// use lockstep_translator::Counting;
    /// let counting = Counting::new([0x10000, 0x10200]);
    /// assert_eq!(counting.function(0x10004), 0x10000..0x10200);
    /// assert_eq!(counting.function(0x20), 0..0x10000);
    /// ```
    #[must_use]
    pub fn function(&self, address: u64) -> Range<u64> {
        let behind = self.starts.partition_point(|start| *start <= address);
        let start = behind.checked_sub(1).map_or(0, |at| self.starts[at]);
        start..self.starts.get(behind).copied().unwrap_or(u64::MAX)
    }
}

/// As the name of a translator has it. Other starts give another name.
impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = (self.starts.iter())
            .flat_map(|start| start.to_le_bytes())
            .collect();
        f.write_str(counting::MARK)?;
        (key::digest(&bytes)[..DIGEST_BYTES].iter()).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
