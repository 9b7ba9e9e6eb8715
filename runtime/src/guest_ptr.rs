//! Reads what a pointer of the guest points to: strings that end with 0, and arrays of pointers to such strings.
//!
//! System calls pass addresses. These functions read what is there, with CKB-VM's order of reads and its errors. A
//! length that the guest names is not trusted: no memory is allocated for it in advance. Nothing is cached.

use lockstep_isa::{Size, Xlen};

use crate::memory::Memory;
use crate::trap::Trap;

/// Reads a string up to its final 0, which is not part of it. Addresses wrap as those of a guest with
/// this register width do.
///
/// # Errors
/// `MemOutOfBound` when it does not end in memory.
pub fn c_string(memory: &mut Memory, xlen: Xlen, addr: u64) -> Result<Vec<u8>, Trap> {
    let mut string = Vec::new();
    let mut at = register(xlen, addr);
    loop {
        match memory.load(at, Size::B)? as u8 {
            0 => return Ok(string),
            byte => string.push(byte),
        }
        at = register(xlen, at.wrapping_add(1));
    }
}

/// Arguments that a guest hands over: an array of pointers to strings that end with 0, as C's `argv`
/// without its final NULL. CKB-VM's `FlattenedArgsReader`.
///
/// Each argument is read when it is asked for, so that whoever stops early has read no more. After an
/// error the same argument comes again.
///
/// ```
/// use lockstep_isa::{Size, Xlen};
/// use lockstep_runtime::{FlattenedArgs, Memory};
///
/// let mut memory = Memory::new(1 << 16)?;
/// memory.store_bytes(0x100, b"word\0")?;
/// memory.store(0x200, Size::D, 0x100)?; // argv[0]
/// let arguments: Result<Vec<_>, _> = FlattenedArgs::new(&mut memory, Xlen::X64, 1, 0x200).collect();
/// assert_eq!(arguments?, [b"word"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct FlattenedArgs<'a> {
    memory: &'a mut Memory,
    xlen: Xlen,
    /// Pointers left.
    left: u64,
    /// Address of the next pointer.
    argv: u64,
}

impl<'a> FlattenedArgs<'a> {
    /// `argc` arguments, whose pointers are at `argv`: four bytes each in a guest with 32-bit
    /// registers, eight in one with 64-bit registers.
    #[must_use]
    pub fn new(memory: &'a mut Memory, xlen: Xlen, argc: u64, argv: u64) -> FlattenedArgs<'a> {
        FlattenedArgs {
            memory,
            xlen,
            left: register(xlen, argc),
            argv: register(xlen, argv),
        }
    }

    /// The argument that the next pointer leads to.
    fn read(&mut self) -> Result<Vec<u8>, Trap> {
        let (_, size) = pointer(self.xlen);
        let addr = self.memory.load(self.argv, size)?;
        c_string(self.memory, self.xlen, addr)
    }
}

impl Iterator for FlattenedArgs<'_> {
    type Item = Result<Vec<u8>, Trap>;

    fn next(&mut self) -> Option<Result<Vec<u8>, Trap>> {
        if self.left == 0 {
            return None;
        }
        let argument = self.read();
        if argument.is_ok() {
            let (bytes, _) = pointer(self.xlen);
            self.left -= 1;
            self.argv = register(self.xlen, self.argv.wrapping_add(bytes));
        }
        Some(argument)
    }
}

/// Bytes of a pointer, and the load that reads one.
const fn pointer(xlen: Xlen) -> (u64, Size) {
    match xlen {
        Xlen::X32 => (4, Size::W),
        Xlen::X64 => (8, Size::D),
    }
}

/// An address as a register of this width holds it.
const fn register(xlen: Xlen, value: u64) -> u64 {
    match xlen {
        Xlen::X32 => value as u32 as u64,
        Xlen::X64 => value,
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::PAGE_SIZE;

    use super::*;

    const MEMORY_BYTES: u64 = 2 * PAGE_SIZE as u64;

    /// Strings at 0x100, pointers to them at 0x200 (eight bytes each) and at 0x300 (four).
    fn memory() -> Memory {
        let mut memory = Memory::new(MEMORY_BYTES as usize).unwrap();
        memory.store_bytes(0x100, b"one\0two\0\0").unwrap();
        for (index, addr) in [0x100, 0x104, 0x108].into_iter().enumerate() {
            let index = index as u64;
            memory.store(0x200 + 8 * index, Size::D, addr).unwrap();
            memory.store(0x300 + 4 * index, Size::W, addr).unwrap();
        }
        memory
    }

    #[test]
    fn pointers_have_the_size_of_a_register() {
        let mut memory = memory();
        for (xlen, argv) in [(Xlen::X64, 0x200), (Xlen::X32, 0x300)] {
            let args: Result<Vec<_>, Trap> =
                FlattenedArgs::new(&mut memory, xlen, 3, argv).collect();
            assert_eq!(args, Ok(vec![b"one".to_vec(), b"two".to_vec(), Vec::new()]));
        }
        assert_eq!(
            FlattenedArgs::new(&mut memory, Xlen::X64, 0, 0x200).next(),
            None
        );
    }

    #[test]
    fn what_lies_outside_is_an_error_when_it_is_read() {
        let mut memory = memory();
        memory.store(0x208, Size::D, MEMORY_BYTES - 1).unwrap();
        memory.store_bytes(MEMORY_BYTES - 1, b"x").unwrap();
        let mut args = FlattenedArgs::new(&mut memory, Xlen::X64, u64::MAX, 0x200);
        assert_eq!(args.next(), Some(Ok(b"one".to_vec())));
        assert_eq!(args.next(), Some(Err(Trap::MemOutOfBound)));
        assert_eq!(args.next(), Some(Err(Trap::MemOutOfBound)));
        let mut args = FlattenedArgs::new(&mut memory, Xlen::X64, 1, MEMORY_BYTES - 7);
        assert_eq!(args.next(), Some(Err(Trap::MemOutOfBound)));
    }
}
