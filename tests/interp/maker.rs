//! Random programs: the machine, the memory, and the text as a list of pieces with jumps between them.
//!
//! What the pieces are is in `pieces.rs`.

use std::collections::BTreeMap;

use lockstep_isa::encode::encode;
use lockstep_isa::{Cost, Extensions, Inst, Op, Profile, Reg, Version, Xlen};

use lockstep_test_support::program::{
    FULL_MEMORY, Program, SMALL_MEMORY, Segment, Setup, write_elf,
};
use lockstep_test_support::random::{EDGES, Random};

/// Where text usually begins.
pub(super) const TEXT: u64 = 0x1_0000;
/// Where writable data begins; a page of read-only data follows it, and a page of code that one.
pub(super) const DATA: u64 = 0x2_0000;
/// Bytes of writable data.
pub(super) const DATA_SIZE: u64 = 0x3000;
/// Registers that hold addresses and are mostly left alone.
pub(super) const POINTERS: [u32; 5] = [2, 8, 9, 15, 20];
/// Registers that hold values.
pub(super) const VALUES: [u32; 9] = [0, 1, 5, 10, 11, 12, 13, 14, 31];
/// Counts the rounds of loops.
pub(super) const COUNTER: u32 = 30;
/// Holds the end of memory.
pub(super) const END: u32 = 29;
/// Holds 4 GiB.
pub(super) const FAR: u32 = 28;
/// Holds the address of a trace.
pub(super) const HERE: u32 = 27;

/// A part of a program.
pub(super) enum Piece {
    /// Instructions as they are.
    Code(Vec<u8>),
    /// A branch or jump to the start of a piece, off by some bytes.
    To(Inst, usize, i64),
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Code(bytes) => bytes.len(),
            Piece::To(..) => 4,
        }
    }
}

/// An instruction of four bytes.
pub(super) fn inst(op: Op, rd: u32, rs1: u32, rs2: u32, imm: i32) -> Inst {
    Inst {
        rd: Reg::new(rd),
        rs1: Reg::new(rs1),
        rs2: Reg::new(rs2),
        imm,
        ..Inst::bare(op, 4)
    }
}

/// Makes the text of one program.
pub(super) struct Maker {
    pub(super) random: Random,
    pub(super) profile: Profile,
    pub(super) pieces: Vec<Piece>,
    /// Pieces that there will be.
    pub(super) count: usize,
}

impl Maker {
    /// Adds instructions as a piece.
    pub(super) fn emit(&mut self, insts: &[Inst]) {
        let words = insts
            .iter()
            .map(|inst| encode(inst).unwrap_or_else(|| panic!("{inst:?} cannot be encoded")));
        let bytes = words.flat_map(u32::to_le_bytes).collect();
        self.pieces.push(Piece::Code(bytes));
    }

    /// The text: the pieces with their jumps resolved, and a clean exit behind them.
    fn link(&mut self) -> Vec<u8> {
        let code = self.random.between(-128, 127) as i32;
        let save = self.random.one_in(2);
        self.emit(&[
            inst(Op::Addi, 17, 0, 0, 93),
            inst(Op::Addi, 10, if save { 10 } else { 0 }, 0, code),
            inst(Op::Ecall, 0, 0, 0, 0),
        ]);
        let mut starts = Vec::new();
        let mut end = 0;
        for piece in &self.pieces {
            starts.push(end as i64);
            end += piece.len();
        }
        let mut text = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Code(bytes) => text.extend_from_slice(bytes),
                Piece::To(inst, place, off) => {
                    let target = starts[(*place).min(starts.len() - 1)] + off;
                    let mut inst = *inst;
                    inst.imm = (target - text.len() as i64) as i32;
                    let word = encode(&inst).or_else(|| encode(&Inst { imm: 4, ..inst }));
                    text.extend_from_slice(&word.expect("4 is in reach").to_le_bytes());
                }
            }
        }
        text
    }

    /// Values at the edges; addresses at page ends, in code, at the end of memory and beyond.
    fn registers(&mut self, base: u64, len: u64, memory: u64) -> Vec<(usize, u64)> {
        let mut registers = BTreeMap::new();
        for reg in VALUES.into_iter().filter(|reg| *reg != 0) {
            let value = match self.random.below(3) {
                0 => self.random.next(),
                _ => self.random.pick(&EDGES),
            };
            registers.insert(reg as usize, value);
        }
        for reg in POINTERS {
            let value = match self.random.below(24) {
                0 => memory - self.random.below(16),
                1 => base + self.random.below(len),
                2 => self.random.pick(&EDGES),
                3 => memory - 0x1000 + self.random.below(16),
                4 => DATA + DATA_SIZE + 0x1000 + self.random.below(16),
                5..=12 => DATA + 0x1000 * self.random.below(5) + self.random.below(24) - 12,
                _ => DATA + 8 * self.random.below(0x200),
            };
            registers.insert(reg as usize, value);
        }
        registers.insert(COUNTER as usize, 1 + self.random.below(40));
        registers.insert(END as usize, memory);
        registers.insert(FAR as usize, 1 << 32);
        let somewhere = (base + self.random.below(len)) & !1;
        let high = if self.random.one_in(3) { 1 << 32 } else { 0 };
        registers.insert(6, somewhere + high * self.random.below(3));
        registers.into_iter().collect()
    }
}

/// The program of a seed, and the machine for it.
pub(super) fn make(seed: u64) -> (Program, Setup) {
    let mut random = Random::new(seed);
    let versions = [
        Version::V0,
        Version::V1,
        Version::V1,
        Version::V2,
        Version::V2,
    ];
    let version = random.pick(&versions);
    let extensions = Extensions {
        b: !random.one_in(4),
        mop: if version == Version::V0 {
            random.one_in(50)
        } else {
            !random.one_in(4)
        },
        a: random.one_in(2),
    };
    let profile = Profile {
        version,
        extensions,
        xlen: Xlen::X64,
    };
    let memory_size = if random.one_in(8) {
        FULL_MEMORY
    } else {
        SMALL_MEMORY
    };
    let cost = random.pick(&[Cost::Estimate, Cost::Constant]);
    let count = 4 + random.below(40) as usize;
    let mut maker = Maker {
        random,
        profile,
        pieces: Vec::new(),
        count,
    };
    while maker.pieces.len() < count {
        maker.piece();
    }
    let text = maker.link();
    let (len, memory) = (text.len() as u64, memory_size as u64);
    // Sometimes the text ends with its page, and sometimes that is the last page of memory.
    let base = match maker.random.below(8) {
        0 => memory - len,
        1 => TEXT + len.next_multiple_of(0x1000) - len,
        _ => TEXT,
    };
    let registers = maker.registers(base, len, memory);
    let base = if version == Version::V0 {
        base & !0xfff
    } else {
        base
    };
    let mut segments = vec![
        (base, Segment::TEXT, text),
        (DATA, Segment::DATA, vec![0x5a; DATA_SIZE as usize]),
        (DATA + DATA_SIZE, Segment::RODATA, vec![0xa5; 0x100]),
    ];
    if maker.random.one_in(4) {
        let code = [1, 0, 1, 0].repeat(0x400);
        segments.push((DATA + DATA_SIZE + 0x1000, Segment::TEXT, code));
    }
    let segments: Vec<Segment> = segments
        .into_iter()
        .map(|(addr, flags, bytes)| Segment { addr, flags, bytes })
        .collect();
    let program = Program {
        name: format!("seed {seed}"),
        elf: write_elf(base, &segments),
        args: Vec::new(),
        registers,
    };
    let setup = Setup {
        profile,
        cost,
        memory_size,
    };
    (program, setup)
}
