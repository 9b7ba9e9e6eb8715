//! The module reader: no input makes it panic or take memory out of proportion, what it accepts has
//! one form only, and its key can be written, read and compared.
//!
//! A digest over the whole file would stop nearly every mutation at the door. So mutations are made
//! inside the sections of a file, and its lengths, offsets and digest put right afterwards: most of
//! the time, because wrong ones are inputs too.
#![no_main]

mod count;

use count::Count;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use lockstep_contract::key::FORMAT;
use lockstep_contract::module::{Kind, Module};

/// The layout of the file, as `lockstep_contract::module` documents it.
const HEADER: usize = 32;
const ROW: usize = 24;
const SECTIONS: usize = 6;
const FIRST: usize = HEADER + SECTIONS * ROW;
const DIGEST: usize = 32;

static COUNT: Count = Count::new("passed frame and digest");
static ACCEPTED: Count = Count::new("were accepted");

fuzz_target!(|file: &[u8]| {
    let read = Module::read(file);
    let framed = match &read {
        Ok(_) => true,
        // What the frame refuses comes before the content of the sections.
        Err(error) => !matches!(
            error.kind,
            Kind::Foreign | Kind::Format | Kind::Length | Kind::Digest
        ),
    };
    COUNT.add(framed);
    ACCEPTED.add(read.is_ok());
    match read {
        Ok(module) => accepted(file, &module),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// What must hold of a file that was accepted.
fn accepted(file: &[u8], module: &Module) {
    assert_eq!(module.to_bytes(), file, "a file has one form");
    assert_eq!(module.check(), Ok(()));
    let key = &module.key;
    assert_eq!(key.difference(&key.clone()), None);
    let id = key.id();
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(
        key.features().count(),
        key.cpu.split(',').filter(|name| !name.is_empty()).count()
    );
    // A digest finds any damage of a single byte.
    let at = file.len() / 2;
    let mut damaged = file.to_vec();
    damaged[at] ^= 1;
    assert!(Module::read(&damaged).is_err());
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = match sections(&data[..size]) {
        Some(mut parts) if !seed.is_multiple_of(8) => {
            let enter = data[24..28].to_vec();
            let picked = (seed / 8) as usize % (SECTIONS + 1);
            if let Some(part) = parts.get_mut(picked) {
                let before = part.len();
                part.resize(before + 64, 0);
                let after = fuzzer_mutate(part, before, before + 64);
                parts[picked].truncate(after);
            }
            let mut file = frame(&enter, &parts);
            if picked == SECTIONS {
                fuzzer_mutate(&mut file[24..28], 4, 4);
            }
            if file.len() > max_size {
                return size;
            }
            data[..file.len()].copy_from_slice(&file);
            file.len()
        }
        _ => fuzzer_mutate(data, size, max_size),
    };
    if !(seed >> 16).is_multiple_of(16) {
        seal(&mut data[..size]);
    }
    size
});

/// The sections of a file that has them where they belong.
fn sections(file: &[u8]) -> Option<Vec<Vec<u8>>> {
    let body = &file[..file.len().checked_sub(DIGEST)?];
    (0..SECTIONS)
        .map(|index| {
            let row = body.get(HEADER + index * ROW..)?;
            let number =
                |at: usize| Some(u64::from_le_bytes(row.get(at..at + 8)?.try_into().ok()?));
            let (offset, len) = (number(8)? as usize, number(16)? as usize);
            body.get(offset..offset.checked_add(len)?)
                .map(<[u8]>::to_vec)
        })
        .collect()
}

/// A file of these sections.
fn frame(enter: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"LOCKSTEP".to_vec();
    file.extend(FORMAT.to_le_bytes());
    file.extend((SECTIONS as u32).to_le_bytes());
    file.extend([0; 8]);
    file.extend(enter);
    file.resize(FIRST, 0);
    for (index, part) in parts.iter().enumerate() {
        let row = HEADER + index * ROW;
        file[row] = index as u8 + 1;
        let (offset, len) = (file.len() as u64, part.len() as u64);
        file[row + 8..row + 16].copy_from_slice(&offset.to_le_bytes());
        file[row + 16..row + 24].copy_from_slice(&len.to_le_bytes());
        file.extend(part);
        file.resize(file.len().next_multiple_of(16), 0);
    }
    file.resize(file.len() + DIGEST, 0);
    file
}

/// Puts size and digest right.
fn seal(file: &mut [u8]) {
    if file.len() < FIRST + DIGEST {
        return;
    }
    let size = file.len() as u64;
    file[16..24].copy_from_slice(&size.to_le_bytes());
    let (body, digest) = file.split_at_mut(size as usize - DIGEST);
    digest.copy_from_slice(blake3::hash(body).as_bytes());
}
