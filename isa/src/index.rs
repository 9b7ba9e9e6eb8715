//! An index of the table: from the bits of a 32-bit word to the few rows that can match it.
//!
//! The decoder would otherwise compare a word with every row. The compiler builds the index from the
//! table at compile time, so the two cannot disagree. Compressed instructions are not in it: they have
//! no rows.

use crate::rules::Xlen;
use crate::table::{Op, Row, TABLE};

/// The table's rows by major opcode and `funct3`.
pub(crate) static INDEX: Index = Index::build();

/// One bucket for each value of the major opcode's five bits and of the three bits of `funct3`.
const BUCKETS: usize = 256;
/// Places for rows in all buckets together. `lui`, `auipc` and `jal` have no `funct3` and are in eight
/// buckets each; every other row is in one.
const BUCKET_ROWS: usize = Op::COUNT + 3 * 7;

/// The table's rows, sorted into buckets.
pub(crate) struct Index {
    /// Where each bucket starts in `entries`; one more for the end.
    starts: [u8; BUCKETS + 1],
    entries: [Op; BUCKET_ROWS],
}

impl Index {
    /// The row that a 32-bit word matches on a machine of this width, if any, whatever its extension.
    #[inline]
    pub(crate) fn find(&self, word: u32, xlen: Xlen) -> Option<&'static Row> {
        let bucket = Self::bucket(word);
        let (start, end) = (self.starts[bucket], self.starts[bucket + 1]);
        self.entries[start as usize..end as usize]
            .iter()
            .map(|op| op.row())
            .find(|row| row.matches(word) && row.base.has(xlen))
    }

    /// The bucket of a word: its bits 6 to 2 and 14 to 12. Bits 1 and 0 are in the mask of every row.
    const fn bucket(word: u32) -> usize {
        ((word >> 2 & 31) << 3 | word >> 12 & 7) as usize
    }

    const fn build() -> Index {
        let mut index = Index {
            starts: [0; BUCKETS + 1],
            entries: [Op::Addi; BUCKET_ROWS],
        };
        let mut filled = 0;
        let mut bucket = 0;
        while bucket < BUCKETS {
            index.starts[bucket] = filled as u8;
            let mut row = 0;
            while row < Op::COUNT {
                if Self::belongs(&TABLE[row], bucket) {
                    index.entries[filled] = TABLE[row].op;
                    filled += 1;
                }
                row += 1;
            }
            bucket += 1;
        }
        assert!(filled <= u8::MAX as usize);
        index.starts[BUCKETS] = filled as u8;
        index
    }

    /// Whether words of this bucket can match the row. `JalrLinkFirst` shares the encoding of `Jalr`
    /// and is not in the index: the decoder chooses between them by version.
    const fn belongs(row: &Row, bucket: usize) -> bool {
        let fixed = Self::bucket(row.mask);
        !row.is_fused()
            && !matches!(row.op, Op::JalrLinkFirst)
            && bucket & fixed == Self::bucket(row.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_finds_every_row() {
        for row in Op::ALL.iter().map(|op| op.row()) {
            if row.is_fused() || row.op == Op::JalrLinkFirst {
                continue;
            }
            for xlen in [Xlen::X32, Xlen::X64] {
                let expected = row.base.has(xlen).then_some(row);
                if expected.is_some() || row.op != Op::Clzw && row.op != Op::ClzwShort {
                    assert_eq!(INDEX.find(row.bits, xlen), expected);
                    assert_eq!(INDEX.find(row.bits | !row.mask, xlen), expected);
                }
            }
        }
    }
}
