//! A hash lock that reads its whole transaction: molecule and blake2b, as scripts with `ckb-std` use them.
//!
//! Its arguments are the hash of a preimage, which the witness holds. It also makes the transaction's hash and the
//! hash of each output's lock from their molecule bytes, and compares these with what the chain says.

#![no_std]
#![no_main]

use ckb_hash::new_blake2b;
use ckb_std::ckb_constants::Source;
use ckb_std::ckb_types::prelude::*;
use ckb_std::error::SysError;
use ckb_std::high_level::{
    load_cell_lock_hash, load_script, load_transaction, load_tx_hash, load_witness_args,
};

ckb_std::entry!(main);
ckb_std::default_alloc!();

fn main() -> i8 {
    match check() {
        Ok(code) => code,
        Err(SysError::ItemMissing) => 2,
        Err(_) => 3,
    }
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = new_blake2b();
    for part in parts {
        hasher.update(part);
    }
    let mut digest = [0; 32];
    hasher.finalize(&mut digest);
    digest
}

fn check() -> Result<i8, SysError> {
    let script = load_script()?;
    let witness = load_witness_args(0, Source::GroupInput)?;
    let preimage = witness.lock().to_opt().ok_or(SysError::ItemMissing)?;
    if script.args().raw_data()[..] != hash(&[&preimage.raw_data()])[..] {
        return Ok(10);
    }
    let transaction = load_transaction()?;
    let raw = transaction.raw();
    if hash(&[raw.as_slice()]) != load_tx_hash()? {
        return Ok(11);
    }
    let mut capacity = 0_u64;
    for (index, output) in raw.outputs().into_iter().enumerate() {
        let lock = hash(&[output.lock().as_slice()]);
        if lock != load_cell_lock_hash(index, Source::Output)? {
            return Ok(12);
        }
        let bytes: [u8; 8] = output.capacity().raw_data()[..].try_into().unwrap_or_default();
        capacity = capacity.wrapping_add(u64::from_le_bytes(bytes));
    }
    let inputs = raw.inputs().into_iter();
    let known = inputs.filter(|input| !input.previous_output().tx_hash().raw_data().is_empty());
    Ok(if known.count() == 0 || capacity == 0 { 13 } else { 0 })
}
