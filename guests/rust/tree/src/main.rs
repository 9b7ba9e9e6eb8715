//! A tree of processes: each splits what it is given, hands the halves to two children through pipes, and hashes
//! what they answer; a leaf hashes what it is given. The root does all of it alone as well, and compares.
//!
//! The script's arguments are the number of levels, one byte; what is hashed is the first witness. The children run
//! the code of the first dependency, which is this program.

#![no_std]
#![no_main]

use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use ckb_hash::new_blake2b;
use ckb_std::ckb_constants::Source;
use ckb_std::env;
use ckb_std::error::SysError;
use ckb_std::high_level::{inherited_fds, load_script, load_witness};
use ckb_std::syscalls::{SpawnArgs, close, pipe, read, spawn, wait, write};

ckb_std::entry!(main);
ckb_std::default_alloc!();

type Digest = [u8; 32];

fn main() -> i8 {
    let done = match env::argv() {
        [] => root(),
        [levels, ..] => child(levels.to_bytes()),
    };
    match done {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(_) => 2,
    }
}

fn root() -> Result<bool, SysError> {
    let levels = load_script()?.args().raw_data().first().copied().unwrap_or(0);
    let bytes = load_witness(0, Source::Input)?;
    Ok(with_children(levels, &bytes)? == alone(levels, &bytes))
}

/// Answers one question of the parent: the first descriptor has it, the second takes the answer.
fn child(levels: &[u8]) -> Result<bool, SysError> {
    let levels = levels.first().map_or(0, |digit| digit - b'0');
    let descriptors = inherited_fds();
    let [question, answer] = descriptors[..] else {
        return Ok(false);
    };
    let mut length = [0; 8];
    read_all(question, &mut length)?;
    let mut bytes = vec![0; u64::from_le_bytes(length) as usize];
    read_all(question, &mut bytes)?;
    write_all(answer, &with_children(levels, &bytes)?)?;
    close(answer)?;
    Ok(true)
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut hasher = new_blake2b();
    for part in parts {
        hasher.update(part);
    }
    let mut digest = [0; 32];
    hasher.finalize(&mut digest);
    digest
}

fn alone(levels: u8, bytes: &[u8]) -> Digest {
    if levels == 0 {
        return hash(&[bytes]);
    }
    let (left, right) = bytes.split_at(bytes.len() / 2);
    hash(&[&alone(levels - 1, left), &alone(levels - 1, right)])
}

fn with_children(levels: u8, bytes: &[u8]) -> Result<Digest, SysError> {
    if levels == 0 {
        return Ok(hash(&[bytes]));
    }
    let (left, right) = bytes.split_at(bytes.len() / 2);
    let children = [start(levels - 1, left)?, start(levels - 1, right)?];
    let mut answers = Vec::new();
    for (process, answer) in children {
        let mut digest = [0; 32];
        read_all(answer, &mut digest)?;
        answers.extend(digest);
        if wait(process)? != 0 {
            return Err(SysError::WaitFailure);
        }
    }
    Ok(hash(&[&answers]))
}

/// Starts a child and asks it. Gives its number and where it answers.
fn start(levels: u8, bytes: &[u8]) -> Result<(u64, u64), SysError> {
    let (question, to_child) = pipe()?;
    let (from_child, answer) = pipe()?;
    let levels = format!("{levels}\0");
    let arguments = [levels.as_ptr().cast()];
    let descriptors = [question, answer, 0];
    let mut process = 0;
    let mut how = SpawnArgs {
        argc: 1,
        argv: arguments.as_ptr(),
        process_id: &mut process,
        inherited_fds: descriptors.as_ptr(),
    };
    spawn(0, Source::CellDep, 0, 0, &mut how)?;
    write_all(to_child, &(bytes.len() as u64).to_le_bytes())?;
    write_all(to_child, bytes)?;
    close(to_child)?;
    Ok((process, from_child))
}

fn read_all(descriptor: u64, mut bytes: &mut [u8]) -> Result<(), SysError> {
    while !bytes.is_empty() {
        let count = read(descriptor, bytes)?;
        bytes = &mut bytes[count..];
    }
    Ok(())
}

fn write_all(descriptor: u64, mut bytes: &[u8]) -> Result<(), SysError> {
    while !bytes.is_empty() {
        let count = write(descriptor, bytes)?;
        bytes = &bytes[count..];
    }
    Ok(())
}
