//! Data that its owner never changes and that many guests load, kept alive here, so that its address says what it is.
//!
//! Comparing a megabyte with what a mapping holds ([`super::held`]) takes longer than anything else about loading it. An
//! address alone says nothing: the allocation may be gone, and another one in its place. But as long as a share of the
//! data is kept here, its allocation is not gone, and any bytes at these addresses are its bytes. Each piece of data gets
//! a number that no other piece had or will have. So number and offset name the bytes for ever.
//!
//! This decides nothing: data that is not known here is compared.

use std::any::Any;
use std::sync::{PoisonError, RwLock};

/// Bytes from which on data is held. Moving a guest costs about as much as copying 30 pages.
pub(super) const SMALLEST_HELD_BYTES: usize = 128 << 10;

/// Pieces of data that are kept alive. More than one or two are seldom in use at a time.
const REMEMBERED_PIECES: usize = 16;
/// Bytes of all of them together.
const REMEMBERED_BYTES: usize = 32 << 20;

static REMEMBERED: RwLock<Remembered> = RwLock::new(Remembered {
    next: 0,
    pieces: Vec::new(),
});

struct Remembered {
    /// The number of the next piece. 64 bits do not run out.
    next: u64,
    /// The oldest first.
    pieces: Vec<Piece>,
}

/// One piece of data.
struct Piece {
    number: u64,
    /// The address of its first byte.
    start: usize,
    len: usize,
    /// Whose bytes these are.
    _owner: Box<dyn Any + Send + Sync>,
}

/// Names bytes: those of one piece from an offset on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Origin {
    number: u64,
    offset: usize,
}

/// Remembers data that guests are going to load, such as the data of a cell. What is stored to a guest's memory from
/// within it is then recognised by its address, and need not be compared with what another guest loaded before. Data of
/// less than 128 KiB is not worth that and is left out. At most 16 pieces and 32 MiB are kept alive; the oldest are
/// given up for new ones.
///
/// The bytes must never change, and clones of `data` must share them, as those of `Arc<[u8]>` and `bytes::Bytes` do.
/// Data that changes may be taken for what it was before.
pub fn remember_data<D>(data: &D)
where
    D: AsRef<[u8]> + Clone + Send + Sync + 'static,
{
    if data.as_ref().len() < SMALLEST_HELD_BYTES || origin(data.as_ref()).is_some() {
        return;
    }
    let owner = Box::new(data.clone());
    let bytes: &[u8] = (*owner).as_ref();
    let (start, len) = (bytes.as_ptr().addr(), bytes.len());
    if len > REMEMBERED_BYTES {
        return;
    }
    let mut remembered = REMEMBERED.write().unwrap_or_else(PoisonError::into_inner);
    let number = remembered.next;
    remembered.next += 1;
    remembered.pieces.push(Piece {
        number,
        start,
        len,
        _owner: owner,
    });
    let mut excess = 0;
    let mut bytes: usize = remembered.pieces.iter().map(|piece| piece.len).sum();
    while bytes > REMEMBERED_BYTES || remembered.pieces.len() - excess > REMEMBERED_PIECES {
        bytes -= remembered.pieces[excess].len;
        excess += 1;
    }
    let given_up: Vec<Piece> = remembered.pieces.drain(..excess).collect();
    // Owners may do anything when they are dropped.
    drop(remembered);
    drop(given_up);
}

/// The name of these bytes, if they are part of a piece that is remembered.
pub(super) fn origin(bytes: &[u8]) -> Option<Origin> {
    let remembered = REMEMBERED.read().unwrap_or_else(PoisonError::into_inner);
    let start = bytes.as_ptr().addr();
    remembered.pieces.iter().rev().find_map(|piece| {
        let offset = start.checked_sub(piece.start)?;
        let room = piece.len.checked_sub(offset)?;
        (bytes.len() <= room).then_some(Origin {
            number: piece.number,
            offset,
        })
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn data(byte: u8) -> Arc<[u8]> {
        vec![byte; SMALLEST_HELD_BYTES + 100].into()
    }

    #[test]
    fn bytes_within_remembered_data_have_a_name() {
        let (one, other) = (data(1), data(1));
        assert_eq!(origin(&one), None);
        remember_data(&one);
        remember_data(&one);
        let name = origin(&one).unwrap();
        assert_eq!(origin(&one[..10]), Some(name), "named by where they begin");
        let part = origin(&one[100..]).unwrap();
        assert_eq!((part.number, part.offset), (name.number, 100));
        assert_eq!(origin(&other), None);
        remember_data(&other);
        assert_ne!(origin(&other).unwrap().number, name.number);
        remember_data(&Arc::<[u8]>::from(vec![1; 5]));
        assert_eq!(origin(&[1; 5]), None);
    }
}
