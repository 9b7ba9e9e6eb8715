//! Random work on several memories at once, beside a model that writes every byte at once and holds nothing.
//!
//! The axes: stores of all sizes across pages that are and are not touched; zeros and other bytes from the host; large
//! data, of which several guests load the same, nearly the same and different pieces at the same and at other places;
//! flags that come and go; resets; guests that end and leave their mapping to others; copies. After every step memory,
//! flags and the table of pages must be what the model has.

use std::sync::Arc;

use lockstep_contract::pages::{DIRTY, EXECUTABLE, FREEZED};

use super::*;
use crate::memory::remembered::SMALLEST_HELD_BYTES;

/// A size that no other test uses: the spare mappings are the process's.
const PAGES: usize = 97;
const BYTES: usize = PAGES * PAGE_SIZE;
const STEPS: usize = if cfg!(debug_assertions) {
    6_000
} else {
    40_000
};

/// What memory is, done as plainly as can be.
#[derive(Clone)]
struct Model {
    bytes: Vec<u8>,
    flags: Vec<u8>,
}

impl Model {
    fn new() -> Model {
        Model {
            bytes: vec![0; BYTES],
            flags: vec![0; PAGES],
        }
    }

    fn store(&mut self, addr: u64, data: &[u8]) -> Result<(), Trap> {
        if data.is_empty() {
            return Ok(());
        }
        let last = addr.saturating_add(data.len() as u64 - 1);
        for page in addr >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            let flags = self.flags.get_mut(page as usize);
            let flags = flags.ok_or(Trap::MemOutOfBound)?;
            if *flags & EXECUTABLE != 0 {
                return Err(Trap::MemWriteOnExecutablePage);
            }
            *flags |= DIRTY;
        }
        self.bytes[addr as usize..][..data.len()].copy_from_slice(data);
        Ok(())
    }

    fn init_pages(
        &mut self,
        page: u64,
        pages: u64,
        flags: u8,
        data: &[u8],
        offset: usize,
    ) -> Result<(), Trap> {
        let range = page as usize..(page + pages) as usize;
        if self.flags[range.clone()]
            .iter()
            .any(|flags| flags & FREEZED != 0)
        {
            return Err(Trap::MemWriteOnFreezedPage);
        }
        let mut content = vec![0; range.len() * PAGE_SIZE];
        let taken = data.len().min(content.len() - offset);
        content[offset..offset + taken].copy_from_slice(&data[..taken]);
        // In three stores, each of which may be refused.
        let addr = page << PAGE_SHIFT;
        let (front, rest) = content.split_at(offset);
        let (middle, back) = rest.split_at(taken);
        self.store(addr, front)?;
        self.store(addr + offset as u64, middle)?;
        self.store(addr + (offset + taken) as u64, back)?;
        for page in range {
            self.flags[page] |= flags;
        }
        Ok(())
    }
}

/// Xorshift: any generator would do.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: u64) -> u64 {
        (self.next() >> 16) % bound
    }
}

/// Large data: two pieces that differ in their last byte, one that differs early, one of zeros.
fn pieces() -> Vec<Arc<[u8]>> {
    let mut random = Random(99);
    let bytes = (SMALLEST_HELD_BYTES + 5 * PAGE_SIZE) as u64;
    let one: Vec<u8> = (0..bytes).map(|_| random.next() as u8).collect();
    let (mut late, mut early) = (one.clone(), one.clone());
    *late.last_mut().unwrap() ^= 1;
    early[17] ^= 1;
    let zeros = vec![0; one.len()];
    [one, late, early, zeros].map(Arc::from).to_vec()
}

struct Guest {
    memory: Memory,
    model: Model,
}

impl Guest {
    fn new() -> Guest {
        let (memory, model) = (Memory::new(BYTES).unwrap(), Model::new());
        let guest = Guest { memory, model };
        guest.compare("a new guest");
        guest
    }

    fn compare(&self, what: &str) {
        assert_eq!(self.memory.flags(), self.model.flags, "{what}");
        if self.memory.as_bytes() != self.model.bytes {
            let mut bytes = self.memory.as_bytes().iter().zip(&self.model.bytes);
            let at = bytes.position(|(one, other)| one != other).unwrap();
            let (one, other) = (self.memory.as_bytes()[at], self.model.bytes[at]);
            panic!("{what}: byte {at:#x} is {one}, not {other}");
        }
        exact(&self.memory);
    }

    /// A store as an instruction does it.
    fn store(&mut self, addr: u64, size: Size, value: u64) -> Result<(), Trap> {
        let view = self.memory.view();
        let (mut bytes, mut pages) = (view.bytes, view.pages);
        let freely = match size {
            Size::B => bytes.write(pages.writable, addr, (value as u8).to_le_bytes()),
            Size::H => bytes.write(pages.writable, addr, (value as u16).to_le_bytes()),
            Size::W => bytes.write(pages.writable, addr, (value as u32).to_le_bytes()),
            Size::D => bytes.write(pages.writable, addr, value.to_le_bytes()),
        };
        if freely {
            return Ok(());
        }
        pages.open_store(addr, size)?;
        bytes.all()[addr as usize..][..size.bytes() as usize]
            .copy_from_slice(&value.to_le_bytes()[..size.bytes() as usize]);
        Ok(())
    }

    /// Stores data on both; whether the guest moved for it.
    fn load(&mut self, addr: u64, data: &[u8]) -> bool {
        let place = self.memory.context_pointer();
        let result = self.memory.store_bytes(addr, data);
        assert_eq!(result, self.model.store(addr, data));
        self.memory.context_pointer() != place
    }

    /// One step, the same on both. The answer names it. Counts how often a guest moved.
    fn step(&mut self, random: &mut Random, pieces: &[Arc<[u8]>], moves: &mut usize) -> String {
        let Guest { memory, model } = self;
        let page = random.below(PAGES as u64);
        let addr = match random.below(3) {
            0 => ((page + 1) << PAGE_SHIFT) - 1 - random.below(9),
            _ => (page << PAGE_SHIFT) + random.below(PAGE_SIZE as u64),
        };
        match random.below(16) {
            0..5 => {
                let size = [Size::B, Size::H, Size::W, Size::D][random.below(4) as usize];
                let value = random.next();
                let data = &value.to_le_bytes()[..size.bytes() as usize];
                let expected = model.store(addr, data);
                let through_host = random.below(2) == 0;
                let result = match through_host {
                    true => memory.store(addr, size, value),
                    false => self.store(addr, size, value),
                };
                assert_eq!(result, expected);
                format!(
                    "{} bytes to {addr:#x}, by the host: {through_host}",
                    data.len()
                )
            }
            5..7 => {
                let data = vec![random.next() as u8; random.below(3 * PAGE_SIZE as u64) as usize];
                assert_eq!(memory.store_bytes(addr, &data), model.store(addr, &data));
                format!("{} bytes to {addr:#x}", data.len())
            }
            7..9 => {
                let bytes = random.below(20 * PAGE_SIZE as u64);
                let value = [0, 0, 0, 7][random.below(4) as usize];
                let data = vec![value; bytes as usize];
                assert_eq!(
                    memory.store_byte(addr, bytes, value),
                    model.store(addr, &data)
                );
                format!("{bytes} times {value} to {addr:#x}")
            }
            9..12 => {
                let data = &pieces[random.below(pieces.len() as u64) as usize];
                if random.below(8) == 0 {
                    crate::remember_data(data);
                }
                // Few places, so that guests meet what others left.
                let addr =
                    [8 * PAGE, 8 * PAGE + 16, 20 * PAGE - 1, 80 * PAGE][random.below(4) as usize];
                let data = &data[..data.len() - [0, 0, 1, 4000][random.below(4) as usize]];
                *moves += usize::from(self.load(addr, data));
                format!("data of {} bytes to {addr:#x}", data.len())
            }
            12 => {
                let pages = random.below(6).min(PAGES as u64 - page);
                let flags = [0, 0, 0, FREEZED, EXECUTABLE | FREEZED][random.below(5) as usize];
                let data = vec![3; random.below(4 * PAGE_SIZE as u64) as usize];
                let offset = random.below((pages << PAGE_SHIFT) + 1);
                let result = memory.init_pages(
                    page << PAGE_SHIFT,
                    pages << PAGE_SHIFT,
                    flags,
                    &data,
                    offset,
                );
                assert_eq!(
                    result,
                    model.init_pages(page, pages, flags, &data, offset as usize)
                );
                format!(
                    "{pages} pages from {page}, {} bytes at {offset}, flags {flags}",
                    data.len()
                )
            }
            13 => {
                let flags = random.below(8) as u8;
                memory.set_flag(page, flags).unwrap();
                model.flags[page as usize] |= flags;
                format!("flags {flags} of page {page} are set")
            }
            14 => {
                // Most pages stay writable.
                for page in 0..PAGES as u64 {
                    memory.clear_flag(page, EXECUTABLE | FREEZED).unwrap();
                    model.flags[page as usize] &= !(EXECUTABLE | FREEZED);
                }
                let flags = random.below(8) as u8;
                memory.clear_flag(page, flags).unwrap();
                model.flags[page as usize] &= !flags;
                format!("flags {flags} of page {page} are cleared")
            }
            _ => match random.below(8) {
                0 => {
                    memory.reset();
                    *model = Model::new();
                    "a reset".to_owned()
                }
                1 => {
                    let mut copy = Memory::new(BYTES).unwrap();
                    copy.copy_from(memory);
                    assert_eq!(copy.difference(memory, true), None);
                    *memory = copy;
                    "a copy".to_owned()
                }
                _ => {
                    // Most guests change what they load. So some do nothing else, and leave it to the next one.
                    let loads = random.below(3);
                    for _ in 0..loads {
                        *self = Guest::new();
                        let data = &pieces[random.below(2) as usize];
                        *moves += usize::from(self.load(8 * PAGE, data));
                    }
                    if loads == 0 {
                        *self = Guest::new();
                    }
                    format!("another guest, after {loads} that loaded data")
                }
            },
        }
    }
}

#[test]
fn memory_is_what_a_plain_model_says() {
    let pieces = pieces();
    let mut random = Random(0x5eed);
    let mut guests = [Guest::new(), Guest::new(), Guest::new()];
    let (mut moves, mut holding) = (0, 0);
    for step in 0..STEPS {
        let guest = &mut guests[random.below(3) as usize];
        let what = guest.step(&mut random, &pieces, &mut moves);
        guest.compare(&format!("step {step}, {what}"));
        let writable = guest.memory.region.writable();
        let held = writable.held();
        holding += usize::from(!held.is_empty() && !writable.any_touched(&held));
    }
    assert!(moves > STEPS / 200, "{moves} guests moved");
    assert!(holding > STEPS / 50, "{holding} steps with untouched data");
}
