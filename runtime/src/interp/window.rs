//! Guest memory as the instructions of a trace access it: loads and stores of single integers.
//!
//! The usual case is a few comparisons. What seldom happens (the first store to a page, a store across pages) is in
//! functions of their own that get the fields they need: nothing may take the address of a [`Window`], because the
//! compiler then keeps its fields in registers, which is most of the interpreter's speed.

use lockstep_isa::{Extend, Profile, Size};

use crate::memory::raw::Bytes;
use crate::memory::writable::Writable;
use crate::memory::{Code, Pages};
use crate::trap::Trap;
use crate::value;

/// Why an instruction did not finish. Small, because it travels through the hot loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// `MemOutOfBound`.
    OutOfBound,
    /// `MemWriteOnExecutablePage`.
    Executable,
    /// It was an `ecall`.
    Ecall,
    /// It was an `ebreak`.
    Ebreak,
}

/// The bytes and the pages of a guest's memory.
pub(super) struct Window<'a> {
    bytes: Bytes<'a>,
    writable: &'a mut Writable,
    flags: &'a mut [u8],
    /// Where loads must end: the end of memory, or a byte before it. At least a page less a byte.
    readable: u64,
}

impl<'a> Window<'a> {
    /// All of this memory, by the rules of the profile.
    pub(super) fn new(bytes: Bytes<'a>, pages: Pages<'a>, profile: Profile) -> Window<'a> {
        let size = bytes.len() as u64;
        Window {
            bytes,
            writable: pages.writable,
            flags: pages.flags,
            readable: size - u64::from(!profile.version.last_bytes_readable()),
        }
    }

    /// What decoding reads, outside of chaos mode.
    pub(super) fn code(&mut self) -> Code<'_> {
        Code {
            bytes: self.bytes.all(),
            flags: self.flags,
            chaos: None,
            refused: false,
        }
    }

    /// What a load instruction reads.
    #[inline(always)]
    pub(super) fn load(&self, at: u64, size: Size, how: Extend) -> Result<u64, Stop> {
        if at > self.readable - size.bytes() {
            return Err(Stop::OutOfBound);
        }
        self.read(at, size, how)
    }

    /// An integer from memory, anywhere in it: what atomics read.
    #[inline(always)]
    pub(super) fn read(&self, at: u64, size: Size, how: Extend) -> Result<u64, Stop> {
        let value = match size {
            Size::B => (self.bytes.read(at)).map(|raw| u64::from(u8::from_le_bytes(raw))),
            Size::H => (self.bytes.read(at)).map(|raw| u64::from(u16::from_le_bytes(raw))),
            Size::W => (self.bytes.read(at)).map(|raw| u64::from(u32::from_le_bytes(raw))),
            Size::D => self.bytes.read(at).map(u64::from_le_bytes),
        };
        match value {
            Some(value) => Ok(value::extend(how, size, value)),
            None => Err(Stop::OutOfBound),
        }
    }

    /// Writes an integer.
    #[inline(always)]
    pub(super) fn put(&mut self, at: u64, size: Size, value: u64) -> Result<(), Stop> {
        if self.write(at, size, value) {
            return Ok(());
        }
        self.open(at, size)?;
        let len = size.bytes() as usize;
        put_anywhere(self.bytes.all(), at, &value.to_le_bytes()[..len]);
        Ok(())
    }

    /// Makes the pages of a store ready, whatever that takes.
    #[inline(always)]
    pub(super) fn open(&mut self, at: u64, size: Size) -> Result<(), Stop> {
        // Built from the fields, so that the address of the whole window goes nowhere.
        let pages = Pages {
            flags: &mut *self.flags,
            writable: &mut *self.writable,
        };
        open(pages, at, size)
    }

    /// Writes an integer where that needs nothing else; `false` where it needs more.
    #[inline(always)]
    fn write(&mut self, at: u64, size: Size, value: u64) -> bool {
        let writable = &*self.writable;
        match size {
            Size::B => self.bytes.write(writable, at, (value as u8).to_le_bytes()),
            Size::H => self.bytes.write(writable, at, (value as u16).to_le_bytes()),
            Size::W => self.bytes.write(writable, at, (value as u32).to_le_bytes()),
            Size::D => self.bytes.write(writable, at, value.to_le_bytes()),
        }
    }
}

/// The first store to a page, a store across pages, or one that fails.
#[cold]
#[inline(never)]
fn open(mut pages: Pages<'_>, at: u64, size: Size) -> Result<(), Stop> {
    pages.open_store(at, size).map_err(|trap| match trap {
        Trap::MemWriteOnExecutablePage => Stop::Executable,
        _ => Stop::OutOfBound,
    })
}

/// Writes bytes to pages that are ready.
#[cold]
#[inline(never)]
fn put_anywhere(memory: &mut [u8], at: u64, bytes: &[u8]) {
    memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
}
