//! Bytes that are not those that were written.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use lockstep::engine::Translate;
use lockstep_cache::{Authority, Locations, SigningKey};
use lockstep_contract::module::Module;
use lockstep_contract::seal::Seal;

use crate::fixture::{Ground, Seen, said};
use lockstep_test_support::trusted::trusted;

const DIGEST: usize = 32;

pub(crate) fn module_cut(ground: &Ground) -> Seen {
    let length = ground.below(ground.good.len());
    ground.put(&ground.good[..length], &ground.seal);
    ground.noticed()
}

pub(crate) fn seal_cut(ground: &Ground) -> Seen {
    let length = ground.below(ground.seal.len());
    ground.put(&ground.good, &ground.seal[..length]);
    ground.noticed()
}

/// A bit in any region: header, section table, key, hints, table, blocks, map, code, padding, digest,
/// all of them as often.
fn flip(ground: &Ground) -> Vec<u8> {
    let mut module = ground.good.clone();
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
    let region = regions[ground.below(regions.len())].clone();
    let at = region.start + ground.below(region.len());
    module[at] ^= 1 << ground.below(8);
    module
}

pub(crate) fn module_flipped(ground: &Ground) -> Seen {
    let module = flip(ground);
    ground.put(&module, &ground.seal);
    ground.noticed()
}

/// As somebody would who means it: the digest in the module is right, and so is all in the seal that
/// takes no key.
pub(crate) fn module_flipped_resealed(ground: &Ground) -> Seen {
    let mut module = flip(ground);
    let end = module.len() - DIGEST;
    let digest = blake3::hash(&module[..end]);
    module[end..].copy_from_slice(digest.as_bytes());
    if module == ground.good {
        // The flipped bit was one of the digest's.
        module[40] ^= 1;
    }
    let mut seal = Seal::read(&ground.seal).expect("a seal");
    if ground.below(2) == 0 {
        seal.module = *blake3::hash(&module).as_bytes();
    }
    ground.put(&module, &seal.to_bytes());
    ground.noticed()
}

/// A bit in any line: each field as often, whatever its length.
pub(crate) fn seal_flipped(ground: &Ground) -> Seen {
    let mut seal = ground.seal.clone();
    let ends = seal.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let ends: Vec<usize> = ends.map(|(at, _)| at + 1).collect();
    let line = ground.below(ends.len());
    let start = line.checked_sub(1).map_or(0, |before| ends[before]);
    let at = start + ground.below(ends[line] - start);
    seal[at] ^= 1 << ground.below(8);
    ground.put(&ground.good, &seal);
    ground.noticed()
}

/// The module, the seal or both of another program, which this machine made.
pub(crate) fn swapped(ground: &Ground) -> Seen {
    match ground.below(3) {
        0 => ground.put(&ground.other, &ground.seal),
        1 => ground.put(&ground.good, &ground.other_seal),
        _ => ground.put(&ground.other, &ground.other_seal),
    }
    ground.noticed()
}

/// Code that exits with something else, in a whole module under the right key; beside it the best seal
/// that can be made without this machine's key.
pub(crate) fn planted(ground: &Ground) -> Seen {
    let module = Module::read(&ground.planted).expect("a module");
    let mut seal = Seal::new(&module.key, &ground.planted);
    let foreign = ground
        .folder
        .path()
        .join(format!("foreign{}", ground.below(4)));
    match ground.below(5) {
        0 => seal = Seal::read(&ground.seal).expect("a seal"),
        1 => {
            let others = Locations {
                key: Some(foreign.with_extension("key")),
                ..Locations::default()
            };
            let others = Authority::obtain(&others).expect("a key");
            others.seal(&mut seal, &trusted(module));
        }
        2 => {
            let signer = SigningKey::read(&foreign).or_else(|_| SigningKey::generate(&foreign));
            signer.expect("a key").sign(&mut seal);
        }
        // The MAC of the good one, and its signature.
        3 => {
            let good = Seal::read(&ground.seal).expect("a seal");
            seal.notes = good.notes;
            seal.mac = good.mac;
        }
        _ => {}
    }
    ground.put(&ground.planted, &seal.to_bytes());
    ground.noticed()
}

/// Somebody writes into the file, in place, all the time, while others start: planted code, the good
/// one, pieces of both.
pub(crate) fn rewritten_while_read(ground: &Ground) -> Seen {
    ground.mend();
    let (begun, done) = (AtomicBool::new(false), AtomicBool::new(false));
    let start = ground.below(ground.good.len());
    let seen = thread::scope(|scope| {
        let (begun, done) = (&begun, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                for bytes in [&ground.planted, &ground.good] {
                    // A start replaces the file: each round opens what is there then.
                    let Ok(mut file) = OpenOptions::new().write(true).open(&ground.path) else {
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
        let seen = ground.start_twice(false);
        done.store(true, Ordering::Relaxed);
        seen
    });
    // And when it is over.
    let rest = ground.start_twice(true);
    Seen {
        starts: seen.starts + rest.starts,
        translated: seen.translated + rest.translated,
        said: [seen.said, rest.said].concat(),
    }
}

/// A machine has the module, and then its file is rewritten, cut or removed.
pub(crate) fn rewritten_while_mapped(ground: &Ground) -> Seen {
    ground.mend();
    let engine = ground.engine(Translate::Never).build();
    let first = ground.run(&engine);
    ground.is_right(&first);
    assert_eq!(first.stats.cache_hits, 1, "{}", ground.at);
    let file = OpenOptions::new().write(true).open(&ground.path);
    let mut file = file.expect("the entry");
    match ground.below(4) {
        0 => file.write_all(&ground.planted).expect("writing"),
        1 => file.set_len(0).expect("cutting"),
        2 => file
            .write_all(&vec![0xcc; ground.good.len()])
            .expect("writing"),
        _ => fs::remove_file(&ground.path).expect("removing"),
    }
    let mapped = ground.run(&engine);
    ground.is_right(&mapped);
    assert_eq!(mapped.stats.cache_hits, 1, "{}", ground.at);
    let next = ground.start_twice(true);
    Seen {
        starts: 2 + next.starts,
        translated: next.translated,
        said: [vec![said(&first.stats)], next.said].concat(),
    }
}
