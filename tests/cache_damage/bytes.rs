//! Bytes that are not those that were written.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockstep::engine::Translate;
use lockstep_cache::{Authority, Locations, SigningKey};
use lockstep_contract::module::Module;
use lockstep_contract::seal::Seal;

use crate::fixture::{Fixture, Seen, said};
use lockstep_test_support::trusted::trusted;

const DIGEST: usize = 32;

pub(crate) fn module_cut(fixture: &Fixture) -> Seen {
    let length = fixture.below(fixture.good.len());
    fixture.put(&fixture.good[..length], &fixture.seal);
    fixture.noticed()
}

pub(crate) fn seal_cut(fixture: &Fixture) -> Seen {
    let length = fixture.below(fixture.seal.len());
    fixture.put(&fixture.good, &fixture.seal[..length]);
    fixture.noticed()
}

/// A bit in any region: header, section table, key, hints, table, blocks, map, code, padding, digest,
/// all of them as often.
fn flip(fixture: &Fixture) -> Vec<u8> {
    let mut module = fixture.good.clone();
    let mut regions = vec![0..32, 32..176, module.len() - DIGEST..module.len()];
    for section in 0..6 {
        let number = |at: usize| {
            let bytes = module[at..at + 8].try_into().expect("eight bytes");
            u64::from_le_bytes(bytes) as usize
        };
        let row = 32 + section * 24;
        let (offset, len) = (number(row + 8), number(row + 16));
        // The padding behind it too.
        regions.push(offset..(offset + len).next_multiple_of(16).max(offset + 1));
    }
    let region = regions[fixture.below(regions.len())].clone();
    let at = region.start + fixture.below(region.len());
    module[at] ^= 1 << fixture.below(8);
    module
}

pub(crate) fn module_flipped(fixture: &Fixture) -> Seen {
    let module = flip(fixture);
    fixture.put(&module, &fixture.seal);
    fixture.noticed()
}

/// As somebody would who means it: the digest in the module is right, and so is all in the seal that
/// takes no key.
pub(crate) fn module_flipped_resealed(fixture: &Fixture) -> Seen {
    let mut module = flip(fixture);
    let end = module.len() - DIGEST;
    let digest = blake3::hash(&module[..end]);
    module[end..].copy_from_slice(digest.as_bytes());
    if module == fixture.good {
        // The flipped bit was one of the digest's.
        module[40] ^= 1;
    }
    let mut seal = Seal::read(&fixture.seal).expect("a seal");
    if fixture.below(2) == 0 {
        seal.module = *blake3::hash(&module).as_bytes();
    }
    fixture.put(&module, &seal.to_bytes());
    fixture.noticed()
}

/// A bit in any line: each field as often, whatever its length.
pub(crate) fn seal_flipped(fixture: &Fixture) -> Seen {
    let mut seal = fixture.seal.clone();
    let ends = seal.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = ends.map(|(at, _)| at + 1).collect();
    let line = fixture.below(ends.len());
    let start = line.checked_sub(1).map_or(0, |before| ends[before]);
    let at = start + fixture.below(ends[line] - start);
    seal[at] ^= 1 << fixture.below(8);
    fixture.put(&fixture.good, &seal);
    fixture.noticed()
}

/// The module, the seal or both of another program, which this machine made.
pub(crate) fn swapped(fixture: &Fixture) -> Seen {
    match fixture.below(3) {
        0 => fixture.put(&fixture.other, &fixture.seal),
        1 => fixture.put(&fixture.good, &fixture.other_seal),
        _ => fixture.put(&fixture.other, &fixture.other_seal),
    }
    fixture.noticed()
}

/// Code that exits with something else, in a whole module under the right key; beside it the best seal
/// that can be made without this machine's key.
pub(crate) fn foreign(fixture: &Fixture) -> Seen {
    let module = Module::read(&fixture.foreign).expect("a module");
    let mut seal = Seal::new(&module.key, &fixture.foreign);
    let foreign = fixture
        .folder
        .path()
        .join(format!("foreign{}", fixture.below(4)));
    match fixture.below(5) {
        0 => seal = Seal::read(&fixture.seal).expect("a seal"),
        1 => {
            let others = Locations::default().with_key(foreign.with_extension("key"));
            let others = Authority::obtain(&others).expect("a key");
            others.seal(&mut seal, &trusted(module));
        }
        2 => {
            let signer = SigningKey::read(&foreign).or_else(|_| SigningKey::generate(&foreign));
            signer.expect("a key").sign(&mut seal);
        }
        // The MAC of the good one, and its signature.
        3 => {
            let good = Seal::read(&fixture.seal).expect("a seal");
            seal.notes = good.notes;
            seal.mac = good.mac;
        }
        _ => {}
    }
    fixture.put(&fixture.foreign, &seal.to_bytes());
    fixture.noticed()
}

/// Somebody writes into the file, in place, all the time, while others start: foreign code, the good
/// one, pieces of both.
pub(crate) fn rewritten_while_read(fixture: &Fixture) -> Seen {
    fixture.mend();
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let start = fixture.below(fixture.good.len());
    let seen = thread::scope(|scope| {
        let (begun, done) = (&begun, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                for bytes in [&fixture.foreign, &fixture.good] {
                    // A start replaces the file: each round opens what is there then.
                    let Ok(mut file) = OpenOptions::new().write(true).open(&fixture.path) else {
                        continue;
                    };
                    let from = start.min(bytes.len());
                    let _ = file.seek(SeekFrom::Start(from as u64));
                    let _ = file.write_all(&bytes[from..]);
                    let _ = file.set_len((bytes.len() - from / 2) as u64);
                    begun.store(true, Ordering::Relaxed);
                }
            }
        });
        while !begun.load(Ordering::Relaxed) {
            thread::yield_now();
        }
        let seen = fixture.start_twice(false);
        done.store(true, Ordering::Relaxed);
        seen
    });
    // And when it is over.
    let rest = fixture.start_twice(true);
    Seen {
        starts: seen.starts + rest.starts,
        translated: seen.translated + rest.translated,
        said: [seen.said, rest.said].concat(),
    }
}

/// A machine has the module, and then its file is rewritten, cut or removed.
pub(crate) fn rewritten_while_mapped(fixture: &Fixture) -> Seen {
    fixture.mend();
    let engine = fixture.engine(Translate::Never).build();
    let first = fixture.run(&engine);
    fixture.is_right(&first);
    assert_eq!(first.stats.cache_hits, 1, "{}", fixture.at);
    let file = OpenOptions::new().write(true).open(&fixture.path);
    let mut file = file.expect("the entry");
    match fixture.below(4) {
        0 => file.write_all(&fixture.foreign).expect("writing"),
        1 => file.set_len(0).expect("cutting"),
        2 => file
            .write_all(&vec![0xcc; fixture.good.len()])
            .expect("writing"),
        _ => fs::remove_file(&fixture.path).expect("removing"),
    }
    let mapped = fixture.run(&engine);
    fixture.is_right(&mapped);
    assert_eq!(mapped.stats.cache_hits, 1, "{}", fixture.at);
    let next = fixture.start_twice(true);
    Seen {
        starts: 2 + next.starts,
        translated: next.translated,
        said: [vec![said(&first.stats)], next.said].concat(),
    }
}
