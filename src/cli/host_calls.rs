//! The host calls that `ckb-debugger` has for scripts under test and the chain has not: files, standard streams, the time,
//! random numbers. They are there with `--allow-files DIR` only, and files are those in DIR only.
//!
//! None of them charges anything: a script pays for the instruction that calls, and for nothing that the host does. Memory
//! that a script names is read and written with the checks of every host call, so a wrong address ends the run.
//! `files` opens what is in the folder; `guests` connects both kinds of machine.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::failure::Failure;
use super::guest;

mod bytes;
mod files;
mod guests;
mod streams;

use bytes::FAILED;
use files::Files;

/// What scripts under test may ask of the host.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct HostOptions {
    /// Give the guest the host calls of ckb-debugger: files, of this folder only; standard input, output and error; the time; random numbers. They charge no cycles
    #[arg(long, value_name = "DIR", conflicts_with = "compare")]
    allow_files: Option<PathBuf>,
    /// Give the guest this file by the host call that reads it (9000); - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "compare")]
    read_file: Option<PathBuf>,
}

/// The host's side of the calls. Processes of a script share it.
#[derive(Clone)]
pub(crate) struct HostCalls {
    files: Option<Arc<Mutex<Files>>>,
    /// What the call that reads a file reads. Each machine reads it from its start.
    file: Option<Arc<[u8]>>,
    read: usize,
    /// Standard output is for the command's one JSON object.
    json: bool,
}

/// What a call needs of a guest.
trait Guest {
    type Error;

    /// Arguments, from 0.
    fn argument(&self, at: usize) -> u64;
    fn load(&mut self, addr: u64, len: u64) -> Result<Vec<u8>, Self::Error>;
    fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// What gives a guest a call that it has not; none for numbers that are no host call.
pub(crate) fn hint(number: u64) -> Option<&'static str> {
    match number {
        9000 => Some("this host call of ckb-debugger reads the file of --read-file FILE"),
        57 | 62..=64 | 66 | 80 | 9001..=9013 => {
            Some("--allow-files DIR gives the guest this host call of ckb-debugger")
        }
        _ => None,
    }
}

/// Bytes that one call moves at most.
const LARGEST_TRANSFER_BYTES: u64 = 3 << 20;
/// Bytes of a name at most.
const LARGEST_NAME_BYTES: u64 = 4096;

impl HostOptions {
    /// What the options allow; none where they allow nothing.
    pub(crate) fn open(&self, json: bool) -> Result<Option<HostCalls>, Failure> {
        if self.allow_files.is_none() && self.read_file.is_none() {
            return Ok(None);
        }
        let files = self.allow_files.as_deref().map(Files::open).transpose()?;
        let file = self
            .read_file
            .as_deref()
            .map(guest::read_input)
            .transpose()?;
        Ok(Some(HostCalls {
            files: files.map(|files| Arc::new(Mutex::new(files))),
            file: file.map(Arc::from),
            read: 0,
            json,
        }))
    }
}

impl HostCalls {
    /// For a new machine.
    fn for_machine(&self) -> HostCalls {
        HostCalls {
            read: 0,
            ..self.clone()
        }
    }

    /// Serves a call, and gives what it answers in `a0`; none where there is no such call.
    fn serve<G: Guest>(&mut self, number: u64, guest: &mut G) -> Result<Option<u64>, G::Error> {
        if number == 9000 {
            return self.read_file(guest);
        }
        let Some(files) = &self.files else {
            return Ok(None);
        };
        let mut files = lock(files);
        let (first, second) = (guest.argument(0), guest.argument(1));
        Ok(Some(match number {
            57 => streams::close(first),
            62 => streams::seek(first, second as i64, guest.argument(2)),
            63 => {
                let len = guest.argument(2).min(LARGEST_TRANSFER_BYTES);
                let bytes = streams::read(first, len);
                match bytes {
                    Some(bytes) => {
                        guest.store(second, &bytes)?;
                        bytes.len() as u64
                    }
                    None => FAILED,
                }
            }
            64 => {
                let bytes = guest.load(second, guest.argument(2))?;
                streams::write(first, &bytes, self.json)
            }
            66 => write_vector(guest, self.json)?,
            80 => match streams::status(first) {
                Some(status) => {
                    guest.store(second, &status)?;
                    0
                }
                None => FAILED,
            },
            9001 => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.map_or(0, |now| now.as_nanos() as u64)
            }
            // As unpredictable as the keys of a hash table.
            9002 => RandomState::new().build_hasher().finish(),
            9003 => files.open_stream(&name(guest, first)?, &name(guest, second)?),
            9004 => {
                files.close(guest.argument(2));
                files.open_stream(&name(guest, first)?, &name(guest, second)?)
            }
            9005 => {
                let (size, count) = (second, guest.argument(2));
                let bytes = files.read(guest.argument(3), transfer(size, count));
                guest.store(first, &bytes)?;
                (bytes.len() as u64).checked_div(size).unwrap_or(0)
            }
            9006 => files.is_at_end(first),
            9007 => files.has_failed(first),
            9008 => match files.read(first, 1).first() {
                Some(byte) => u64::from(*byte),
                None => FAILED,
            },
            9009 => files.close(first),
            9010 => files.position(first),
            9011 => files.seek(first, second as i64, guest.argument(2)),
            9012 => {
                let (size, count) = (second, guest.argument(2));
                let bytes = guest.load(first, transfer(size, count))?;
                let written = files.write(guest.argument(3), &bytes);
                written.checked_div(size).unwrap_or(0)
            }
            9013 => {
                let name = name(guest, first)?;
                let bytes = guest.load(second, guest.argument(2))?;
                files.replace(&name, &bytes)
            }
            _ => return Ok(None),
        }))
    }

    /// The next bytes of the file of `--read-file`.
    fn read_file<G: Guest>(&mut self, guest: &mut G) -> Result<Option<u64>, G::Error> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let rest = &file[self.read.min(file.len())..];
        let len = usize::try_from(guest.argument(1)).unwrap_or(usize::MAX);
        let bytes = &rest[..rest.len().min(len)];
        if bytes.is_empty() {
            return Ok(Some(FAILED));
        }
        guest.store(guest.argument(0), bytes)?;
        self.read += bytes.len();
        Ok(Some(bytes.len() as u64))
    }
}

fn lock(files: &Mutex<Files>) -> MutexGuard<'_, Files> {
    files.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes of so many items; none where they are too many for one call.
fn transfer(size: u64, count: u64) -> u64 {
    let bytes = size.checked_mul(count);
    bytes
        .filter(|bytes| *bytes <= LARGEST_TRANSFER_BYTES)
        .unwrap_or(0)
}

/// A text that ends with a zero byte.
fn name<G: Guest>(guest: &mut G, addr: u64) -> Result<Vec<u8>, G::Error> {
    let mut name = Vec::new();
    for at in 0..LARGEST_NAME_BYTES {
        match guest.load(addr.wrapping_add(at), 1)?.first() {
            None | Some(0) => break,
            Some(byte) => name.push(*byte),
        }
    }
    Ok(name)
}

/// `writev`: pieces of memory, by address and length, one after the other.
fn write_vector<G: Guest>(guest: &mut G, json: bool) -> Result<u64, G::Error> {
    let (stream, vector, count) = (guest.argument(0), guest.argument(1), guest.argument(2));
    let mut written = 0u64;
    for at in 0..count {
        let entry = guest.load(vector.wrapping_add(at.wrapping_mul(16)), 16)?;
        let word = |at: usize| {
            let bytes = entry
                .get(at..at + 8)
                .and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(0, u64::from_le_bytes)
        };
        let bytes = guest.load(word(0), word(8))?;
        match streams::write(stream, &bytes, json) {
            FAILED => return Ok(FAILED),
            more => written = written.wrapping_add(more),
        }
    }
    Ok(written)
}
