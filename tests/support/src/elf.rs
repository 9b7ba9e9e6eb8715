//! ELFs made by hand, in either byte order, and numbers that look random and never change.
//!
//! Also used by the comparison with CKB-VM in the root package.

/// Bytes of a 64-bit file header and of a 64-bit program header.
pub const EHDR: usize = 64;
pub const PHDR: usize = 56;

pub const LOAD: u32 = 1;
pub const R: u32 = 4;
pub const W: u32 = 2;
pub const X: u32 = 1;

/// A program header; the fields that nobody reads are left out.
#[derive(Clone, Copy, Debug)]
pub struct Phdr {
    pub kind: u32,
    pub flags: u32,
    pub offset: u64,
    pub vaddr: u64,
    pub filesz: u64,
    pub memsz: u64,
}

/// A loadable segment with content of the same size in file and memory.
pub fn load(flags: u32, vaddr: u64, offset: u64, size: u64) -> Phdr {
    Phdr {
        kind: LOAD,
        flags,
        offset,
        vaddr,
        filesz: size,
        memsz: size,
    }
}

/// Writes numbers in the byte order of a file.
struct Writer {
    big: bool,
    bytes: Vec<u8>,
}

impl Writer {
    fn put(&mut self, value: u64, size: usize) {
        let bytes = value.to_le_bytes();
        let bytes = &bytes[..size];
        if self.big {
            self.bytes.extend(bytes.iter().rev());
        } else {
            self.bytes.extend(bytes);
        }
    }
}

/// A 64-bit ELF: file header, program headers behind it, zeros up to `len`.
pub fn elf(big: bool, entry: u64, headers: &[Phdr], len: usize) -> Vec<u8> {
    let mut ident = vec![0x7f, b'E', b'L', b'F', 2, if big { 2 } else { 1 }, 1];
    ident.resize(16, 0);
    let mut w = Writer { big, bytes: ident };
    w.put(2, 2); // e_type
    w.put(243, 2); // e_machine
    w.put(1, 4); // e_version
    w.put(entry, 8);
    w.put(EHDR as u64, 8); // e_phoff
    w.put(0, 8); // e_shoff
    w.put(0, 4); // e_flags
    w.put(EHDR as u64, 2);
    w.put(PHDR as u64, 2);
    w.put(headers.len() as u64, 2);
    w.put(64, 2); // e_shentsize
    w.put(0, 2);
    w.put(0, 2);
    for header in headers {
        w.put(header.kind.into(), 4);
        w.put(header.flags.into(), 4);
        w.put(header.offset, 8);
        w.put(header.vaddr, 8);
        w.put(header.vaddr, 8);
        w.put(header.filesz, 8);
        w.put(header.memsz, 8);
        w.put(0x1000, 8);
    }
    let len = len.max(w.bytes.len());
    w.bytes.resize(len, 0);
    w.bytes
}

/// A 32-bit ELF with one segment.
pub fn elf32(vaddr: u32, flags: u32) -> Vec<u8> {
    let mut ident = vec![0x7f, b'E', b'L', b'F', 1, 1, 1];
    ident.resize(16, 0);
    let mut w = Writer {
        big: false,
        bytes: ident,
    };
    w.put(2, 2);
    w.put(243, 2);
    w.put(1, 4);
    w.put(vaddr.into(), 4);
    w.put(52, 4); // e_phoff
    w.put(0, 4); // e_shoff
    w.put(0, 4);
    for field in [52, 32, 1, 40, 0, 0] {
        w.put(field, 2);
    }
    for field in [LOAD, 0x100, vaddr, vaddr, 0x10, 0x10, flags, 0x1000] {
        w.put(field.into(), 4);
    }
    w.bytes.resize(0x200, 0);
    w.bytes
}

/// A file with two segments, a symbol table and section headers: what a linker leaves.
pub fn elf_with_symbols(symbols: &[(u64, u8, u16)]) -> Vec<u8> {
    let headers = [
        load(R | X, 0x10000, 0, 0x400),
        load(R | W, 0x12000, 0x400, 0x80),
    ];
    let mut file = elf(false, 0x10100, &headers, 0x500);
    let table = file.len() as u64;
    for (value, info, section) in symbols {
        file.extend([0; 4]);
        file.extend([*info, 0]);
        file.extend(section.to_le_bytes());
        file.extend(value.to_le_bytes());
        file.extend([0; 8]);
    }
    let sections = file.len() as u64;
    file.extend([0; 64]);
    let mut row = [0; 64];
    row[4] = 2; // SHT_SYMTAB
    row[24..32].copy_from_slice(&table.to_le_bytes());
    row[32..40].copy_from_slice(&(24 * symbols.len() as u64).to_le_bytes());
    row[56] = 24;
    file.extend(row);
    file[0x28..0x30].copy_from_slice(&sections.to_le_bytes());
    file[0x3c] = 2; // e_shnum
    file
}

/// xorshift64*: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    #[expect(clippy::should_implement_trait, reason = "the numbers have no end")]
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number that is likely to matter: small, a page more or less, near a power of two, near 2^64.
    pub fn edge(&mut self) -> u64 {
        let near = self.below(5).wrapping_sub(2);
        let base = match self.below(6) {
            0 => 0,
            1 => 0x1000 * self.below(8),
            2 => 1 << self.below(64),
            3 => 4 << 20,
            4 => return self.next(),
            _ => self.below(0x2000),
        };
        base.wrapping_add(near)
    }
}
