//! A type script that counts tokens: as many go out as come in, unless the owner takes part.
//!
//! Sixteen bytes of each cell's data are its amount, and the script's arguments are the hash of the owner's lock. Its
//! heap makes a `.bss` of 1.4 MB, of which a run touches a few pages: what scripts with `ckb-std` often have.

#![no_std]
#![no_main]
// The macro that makes the heap needs braces where others would not.
#![allow(unused_braces)]

use ckb_std::ckb_constants::Source;
use ckb_std::high_level::{QueryIter, load_cell_data, load_cell_lock_hash, load_script};

ckb_std::entry!(main);
ckb_std::default_alloc!({ 16 * 1024 }, { 1400 * 1024 }, 64);

/// What is wrong with the transaction.
enum Wrong {
    Arguments = 5,
    Data = 6,
    Sum = 7,
    Amount = 8,
}

fn main() -> i8 {
    match check() {
        Ok(()) => 0,
        Err(wrong) => wrong as i8,
    }
}

fn check() -> Result<(), Wrong> {
    let script = load_script().map_err(|_| Wrong::Arguments)?;
    let owner = script.args().raw_data();
    if owner.len() != 32 {
        return Err(Wrong::Arguments);
    }
    let mut locks = QueryIter::new(load_cell_lock_hash, Source::Input);
    if locks.any(|lock| owner[..] == lock[..]) {
        return Ok(());
    }
    if sum(Source::GroupInput)? < sum(Source::GroupOutput)? {
        return Err(Wrong::Amount);
    }
    Ok(())
}

fn sum(source: Source) -> Result<u128, Wrong> {
    QueryIter::new(load_cell_data, source).try_fold(0_u128, |sum, data| {
        let amount = data.first_chunk::<16>().ok_or(Wrong::Data)?;
        sum.checked_add(u128::from_le_bytes(*amount)).ok_or(Wrong::Sum)
    })
}
