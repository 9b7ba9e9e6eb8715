//! A type script whose cell is a world of Move: it accepts a transaction exactly if the call in the witness leads from the
//! input cell's state to the output cell's.
//!
//! `movevm::face::verify` has the rules. A world begins in a transaction that spends no cell of it. Then the script's
//! arguments must be the hash of that transaction's first input and of the output's index, so no second world has them.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::ffi::CString;
use alloc::format;
use alloc::vec;
use alloc::vec::Vec;
use core::arch::asm;

use movevm::face::verify::{first, transition, Around};
use movevm::face::{molecule, state::Hash};
use movevm::wrong::{Code, Wrong};
use shell::Arguments;

const LOAD_SCRIPT_HASH: u64 = 2062;
const LOAD_SCRIPT: u64 = 2052;
const LOAD_INPUT: u64 = 2073;
const LOAD_WITNESS: u64 = 2074;
const LOAD_CELL_BY_FIELD: u64 = 2081;
const LOAD_CELL_DATA: u64 = 2092;

const INPUT: u64 = 1;
const OUTPUT: u64 = 2;
const CELL_DEP: u64 = 3;
/// The cells of the script's group.
const GROUP_INPUT: u64 = 0x0100_0000_0000_0001;
const GROUP_OUTPUT: u64 = 0x0100_0000_0000_0002;

/// Fields of a cell.
const DATA_HASH: u64 = 1;
const LOCK_HASH: u64 = 3;
const TYPE_HASH: u64 = 5;

const SUCCESS: u64 = 0;
const INDEX_OUT_OF_BOUND: u64 = 1;
const ITEM_MISSING: u64 = 2;

#[no_mangle]
fn guest(_: Arguments) -> i8 {
    match check() {
        Ok(()) => 0,
        Err(wrong) => {
            if let Ok(text) = CString::new(format!("{wrong}")) {
                shell::print(&text);
            }
            wrong.code as i8
        }
    }
}

fn refused() -> Wrong {
    Wrong::new(Code::SystemCall, "the chain refused a system call")
}

fn check() -> Result<(), Wrong> {
    let cells = || Wrong::new(Code::Cells, "the group has not one input and one output");
    let output = load(LOAD_CELL_DATA, 0, GROUP_OUTPUT)?.ok_or_else(cells)?;
    let input = load(LOAD_CELL_DATA, 0, GROUP_INPUT)?;
    let more = load(LOAD_CELL_DATA, 1, GROUP_OUTPUT)?.is_some()
        || load(LOAD_CELL_DATA, 1, GROUP_INPUT)?.is_some();
    if more {
        return Err(cells());
    }
    let around = Around {
        module: &module,
        signs: &|address| each(INPUT, LOCK_HASH, address).is_some(),
    };
    let Some(input) = input else {
        check_arguments()?;
        return first(&output, &around);
    };
    let witness = load(LOAD_WITNESS, 0, GROUP_INPUT)?;
    let witness = witness.as_deref().and_then(molecule::input_type);
    let witness = witness.ok_or_else(|| Wrong::new(Code::Witness, "there is none"))?;
    transition(&input, &output, witness, &around)
}

/// The script's arguments are the hash of the first input and the output's index.
fn check_arguments() -> Result<(), Wrong> {
    let script = load(LOAD_SCRIPT, 0, 0)?.ok_or_else(refused)?;
    let arguments = molecule::script_arguments(&script).ok_or_else(refused)?;
    let first = load(LOAD_INPUT, 0, INPUT)?.ok_or_else(refused)?;
    let mut own: Hash = [0; 32];
    if shell::load(LOAD_SCRIPT_HASH, &mut own, 0, 0) != (SUCCESS, 32) {
        return Err(refused());
    }
    let index = each(OUTPUT, TYPE_HASH, &own).ok_or_else(refused)?;
    let mut hasher = ckb_hash::new_blake2b();
    hasher.update(&first);
    hasher.update(&index.to_le_bytes());
    let mut expected: Hash = [0; 32];
    hasher.finalize(&mut expected);
    match arguments == expected {
        true => Ok(()),
        false => Err(Wrong::new(
            Code::Configuration,
            "the script's arguments are not the hash of the first input and the output's index",
        )),
    }
}

/// A module among the cells that the transaction depends on.
fn module(hash: &Hash) -> Option<Vec<u8>> {
    let index = each(CELL_DEP, DATA_HASH, hash)?;
    load(LOAD_CELL_DATA, index, CELL_DEP).ok()?
}

/// The first cell of a source whose field is a hash.
fn each(source: u64, field: u64, wanted: &Hash) -> Option<u64> {
    for index in 0.. {
        let mut found: Hash = [0; 32];
        match load_field(&mut found, index, source, field) {
            SUCCESS if found == *wanted => return Some(index),
            SUCCESS | ITEM_MISSING => {}
            _ => return None,
        }
    }
    None
}

/// Loads 32 bytes of a field of a cell. Returns the call's result.
fn load_field(found: &mut Hash, index: u64, source: u64, field: u64) -> u64 {
    let mut size = found.len();
    let mut result = found.as_mut_ptr() as u64;
    // SAFETY: the call writes at most `size` bytes to the array, and `size`.
    unsafe {
        asm!(
            "ecall",
            in("a7") LOAD_CELL_BY_FIELD,
            inlateout("a0") result,
            in("a1") &mut size,
            in("a2") 0,
            in("a3") index,
            in("a4") source,
            in("a5") field,
        );
    }
    result
}

/// Loads something whole; nothing if there is none at that index.
fn load(call: u64, index: u64, source: u64) -> Result<Option<Vec<u8>>, Wrong> {
    let (result, size) = shell::load(call, &mut [], index, source);
    match result {
        SUCCESS => {}
        INDEX_OUT_OF_BOUND => return Ok(None),
        _ => return Err(refused()),
    }
    let mut buffer = vec![0; size];
    match shell::load(call, &mut buffer, index, source) {
        (SUCCESS, same) if same == size => Ok(Some(buffer)),
        _ => Err(refused()),
    }
}
