//! A type script whose cell is the state of an EVM: it accepts a transaction of CKB exactly if the transaction of
//! Ethereum in its witness leads from the input cell's state to the output cell's.
//!
//! It is a program of its own, apart from the one with a command line, because each byte of code on the chain costs.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec;
use alloc::vec::Vec;

use evm::molecule;
use evm::verify::verify;
use evm::wrong::Wrong;
use shell::Arguments;

const LOAD_SCRIPT: u64 = 2052;
const LOAD_WITNESS: u64 = 2074;
const LOAD_CELL_DATA: u64 = 2092;

/// The cells of the script's group.
const GROUP_INPUT: u64 = 0x0100_0000_0000_0001;
const GROUP_OUTPUT: u64 = 0x0100_0000_0000_0002;

const SUCCESS: u64 = 0;
const INDEX_OUT_OF_BOUND: u64 = 1;

#[no_mangle]
fn guest(_: Arguments) -> i8 {
    match check() {
        Ok(()) => 0,
        Err(wrong) => wrong as i8,
    }
}

fn check() -> Result<(), Wrong> {
    let script = load(LOAD_SCRIPT, 0, 0)?.ok_or(Wrong::SystemCall)?;
    let arguments = molecule::script_arguments(&script).ok_or(Wrong::SystemCall)?;
    let output = load(LOAD_CELL_DATA, 0, GROUP_OUTPUT)?.ok_or(Wrong::Cells)?;
    let input = load(LOAD_CELL_DATA, 0, GROUP_INPUT)?;
    let more = load(LOAD_CELL_DATA, 1, GROUP_OUTPUT)?.is_some()
        || load(LOAD_CELL_DATA, 1, GROUP_INPUT)?.is_some();
    if more {
        return Err(Wrong::Cells);
    }
    let witness = load(LOAD_WITNESS, 0, GROUP_INPUT)?;
    let witness = witness.as_deref().and_then(molecule::input_type);
    verify(arguments, input.as_deref(), &output, witness)
}

/// Loads something whole; nothing if there is none at that index.
fn load(call: u64, index: u64, source: u64) -> Result<Option<Vec<u8>>, Wrong> {
    let (result, size) = shell::load(call, &mut [], index, source);
    match result {
        SUCCESS => {}
        INDEX_OUT_OF_BOUND => return Ok(None),
        _ => return Err(Wrong::SystemCall),
    }
    let mut buffer = vec![0; size];
    match shell::load(call, &mut buffer, index, source) {
        (SUCCESS, same) if same == size => Ok(Some(buffer)),
        _ => Err(Wrong::SystemCall),
    }
}
