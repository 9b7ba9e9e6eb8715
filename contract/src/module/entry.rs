//! A row of the entry table: which function, and which of its entries.
//!
//! One `u32` holds both, so that a transfer from one function to another takes one load. A function numbers
//! its entries densely, because a jump table over numbers has four bytes for each entry, while one over
//! addresses has four bytes for each halfword of guest code.

/// Bits of the entry's number.
const NUMBER_BITS: u32 = 12;
/// Functions that have entries start at multiples of this.
pub const START_ALIGN: u32 = 16;

/// Where the functions of a module end, at most: no start beyond fits a row.
pub const CODE_LIMIT: usize = 1 << (u32::BITS - NUMBER_BITS + START_ALIGN.trailing_zeros());

/// A row: the function's start in the code, divided by [`START_ALIGN`], above the entry's number. 0 where
/// there is no entry: the function at the start of the code leaves at once.
///
/// ```
/// use lockstep_contract::module::Entry;
/// let entry = Entry::new(64, 3).unwrap();
/// assert_eq!((entry.start(), entry.number()), (64, 3));
/// assert_eq!(Entry::new(65, 3), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(pub u32);

impl Entry {
    /// How far a row is shifted down to be the start, [`START_SHIFT`](Self::START_SHIFT) of 16 bytes
    /// a step included; what is left of the number's bits below is cleared by
    /// [`START_MASK`](Self::START_MASK).
    pub const START_SHIFT: u32 = NUMBER_BITS - START_ALIGN.trailing_zeros();
    /// The bits that are the start after the shift.
    pub const START_MASK: u32 = !(START_ALIGN - 1);
    /// The bits of a row that are the number.
    pub const NUMBER_MASK: u32 = (1 << NUMBER_BITS) - 1;

    /// The row for an entry; `None` where the numbers do not fit one.
    #[must_use]
    pub const fn new(start: u32, number: usize) -> Option<Entry> {
        let fits = start.is_multiple_of(START_ALIGN)
            && (start as usize) < CODE_LIMIT
            && number <= Self::NUMBER_MASK as usize;
        match fits {
            true => Some(Entry((start << Self::START_SHIFT) | number as u32)),
            false => None,
        }
    }

    /// Offset of the function in the code.
    #[must_use]
    pub const fn start(self) -> u32 {
        (self.0 >> Self::START_SHIFT) & Self::START_MASK
    }

    /// Which of the function's entries, from 0.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 & Self::NUMBER_MASK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_both_and_refuses_what_does_not_fit() {
        let last = CODE_LIMIT as u32 - START_ALIGN;
        for (start, number) in [(0, 0), (16, 1), (0x1230, 4095), (last, 4095), (last, 0)] {
            let entry = Entry::new(start, number).unwrap();
            assert_eq!((entry.start(), entry.number()), (start, number as u32));
        }
        for (start, number) in [(8, 0), (16, 4096), (CODE_LIMIT as u32, 0), (u32::MAX, 0)] {
            assert_eq!(Entry::new(start, number), None, "{start:#x} {number}");
        }
    }
}
