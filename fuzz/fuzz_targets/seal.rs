//! The reader of seals: no input makes it panic or take memory out of proportion, what it accepts has one
//! form only, and says the same when it is written and read again.
//!
//! Mutations are made inside one line at a time, most of the time, so that the other lines stay good.
#![no_main]

mod count;

use count::Count;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lockstep_contract::seal::{LARGEST_SEAL_BYTES, NOTES, Note, Seal};

static COUNT: Count = Count::new("passed the fixed lines");
static ACCEPTED: Count = Count::new("were accepted");

/// Lines that every seal begins with.
const FIXED: usize = 7;

fuzz_target!(|file: &[u8]| {
    let read = Seal::read(file);
    COUNT.add(read.as_ref().is_ok_and(|_| true) || read.as_ref().is_err_and(|e| e.line > FIXED));
    ACCEPTED.add(read.is_ok());
    match read {
        Ok(seal) => accepted(file, &seal),
        Err(error) => assert!(!error.to_string().is_empty() && error.to_string().len() < 1000),
    }
});

/// What must hold of a file that was accepted.
fn accepted(file: &[u8], seal: &Seal) {
    assert_eq!(seal.to_bytes(), file, "a seal has one form");
    assert!(file.len() <= LARGEST_SEAL_BYTES && seal.notes.len() <= NOTES);
    assert!(file.starts_with(&seal.body()));
    // A signature covers nothing of itself, and all before it.
    for (number, note) in seal.notes.iter().enumerate() {
        let covered = seal.covered(number);
        if let Note::Signature { .. } = note {
            let line = format!("{note}\n");
            let behind = seal.covered(number + 1);
            assert_eq!(behind, [&covered[..], line.as_bytes()].concat());
        }
    }
    // Without its MAC it is a seal too.
    let mut bare = seal.clone();
    bare.mac = None;
    assert_eq!(Seal::read(&bare.to_bytes()), Ok(bare));
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let lines: Vec<&[u8]> = data[..size]
        .split_inclusive(|byte| *byte == b'\n')
        .collect();
    if lines.is_empty() || seed.is_multiple_of(8) {
        return fuzzer_mutate(data, size, max_size);
    }
    let picked = (seed / 8) as usize % lines.len();
    let mut lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).collect();
    match (seed >> 16) % 4 {
        // Notes come and go in whole lines.
        0 => lines.insert(picked, lines[(seed >> 20) as usize % lines.len()].clone()),
        1 => drop(lines.remove(picked)),
        _ => {
            let line = &mut lines[picked];
            let before = line.len();
            line.resize(before + 32, 0);
            let after = fuzzer_mutate(line, before, before + 32);
            line.truncate(after);
        }
    }
    let file = lines.concat();
    if file.len() > max_size {
        return size;
    }
    data[..file.len()].copy_from_slice(&file);
    file.len()
});
