//! Programs that are made to cost a translator as much as can be: as many blocks, edges, exits, entries
//! or bytes of native code as fit a text.
//!
//! Each kind fills a text of any number of pages in the same way, so that the cost of one ten times as
//! large can be compared. They end at once when they are run: what they cost comes before that.

use lockstep_isa::encode::encode;
use lockstep_isa::{Inst, Op, Reg};

use super::asm::TEXT_BASE;
use super::program::{Segment, write_elf};
use super::random::Random;

/// Bytes of a page.
const PAGE: u64 = 4096;
/// `c.jr a0` and `c.jalr a0`.
const C_JR: u16 = 0x8502;
const C_JALR: u16 = 0x9502;
/// `c.j .+2`
const C_J_NEXT: u16 = 0xa009;
/// `c.addi a0, 1`
const C_ADDI: u16 = 0x0505;
/// Exits with 0.
const EXIT: [(Op, u32, u32, u32, i32); 3] = [
    (Op::Addi, 17, 0, 0, 93),
    (Op::Addi, 10, 0, 0, 0),
    (Op::Ecall, 0, 0, 0, 0),
];

/// A kind of program.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// One word, for tables.
    pub name: &'static str,
    /// What it consists of.
    pub what: &'static str,
    fill: fn(&mut Filler),
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind(
        "straight",
        "one giant block: plain arithmetic, no jump",
        straight,
    ),
    kind("short", "the same in 16-bit instructions", |f| {
        f.halves(|_| C_ADDI)
    }),
    kind("multiplies", "one giant block of multiplications", |f| {
        f.arithmetic(&[Op::Mul, Op::Mulh, Op::Mulhu, Op::Mulhsu, Op::Mulw]);
    }),
    kind("divides", "one giant block of divisions", |f| {
        f.arithmetic(&[Op::Div, Op::Divu, Op::Rem, Op::Remu, Op::Divw, Op::Remuw]);
    }),
    kind(
        "bits",
        "one giant block of carry-less products and counts",
        |f| {
            f.arithmetic(&[Op::Clmul, Op::Clmulh, Op::Clmulr, Op::Rol, Op::Bext]);
        },
    ),
    kind("loads", "one giant block of loads by every register", loads),
    kind(
        "stores",
        "one giant block of stores by every register",
        stores,
    ),
    kind(
        "blocks",
        "blocks of two bytes: jumps to the next instruction",
        |f| {
            f.halves(|_| C_J_NEXT);
        },
    ),
    kind(
        "breaks",
        "blocks of one instruction that go on to the next",
        |f| {
            f.words(|_, r| word(Op::Auipc, any(r), 0, 0, r.below(1 << 19) as i32 & !0xfff));
        },
    ),
    kind(
        "branches",
        "nothing but branches to anywhere near",
        branches,
    ),
    kind("jumps", "nothing but jumps to anywhere", jumps),
    kind(
        "overlap",
        "branches into every halfword of straight code",
        overlap,
    ),
    kind(
        "memory",
        "branches, loads and stores by every register",
        memory,
    ),
    kind("calls", "a call to anywhere every two instructions", calls),
    kind(
        "outlined",
        "calls of small functions, which are inlined",
        outlined,
    ),
    kind(
        "loops",
        "interpreter loops that call small functions: indirect jumps, branches, stores, and pointers",
        |f| {
            loops(f);
            f.pointer_step = 32;
        },
    ),
    kind(
        "walks",
        "small loops of stores and branches, of which most is translated twice",
        walks,
    ),
    kind(
        "recursion",
        "calls of the function itself, and returns",
        recursion,
    ),
    kind("jr", "indirect jumps everywhere", |f| f.halves(|_| C_JR)),
    kind(
        "jr-pointers",
        "the same, and pointers to all of them",
        |f| {
            f.halves(|_| C_JR);
            f.pointer_step = 2;
        },
    ),
    kind("jalr", "indirect calls everywhere", |f| {
        f.halves(|_| C_JALR)
    }),
    kind(
        "switches",
        "indirect jumps between branches, and pointers to all of it",
        |f| {
            switches(f);
            f.pointer_step = 2;
        },
    ),
    kind("ecalls", "a host call every two instructions", |f| {
        f.words(|f, r| match f.at % 8 {
            0 => word(Op::Ecall, 0, 0, 0, 0),
            _ => word(Op::Add, any(r), any(r), any(r), 0),
        });
    }),
    kind(
        "wide",
        "a host call and a far jump, with nothing between",
        |f| gaps(f, 1600),
    ),
    kind("wider", "the same, further apart", |f| gaps(f, 4200)),
    kind(
        "ordinary",
        "the mix of instructions that compilers make",
        ordinary,
    ),
    kind(
        "pages",
        "branches, and some calls, in texts of one page each",
        |f| {
            f.apart = true;
            f.words(|f, r| match f.at % 64 {
                0 => word(Op::Jal, 1, 0, 0, f.near(r, 4092)),
                _ => branch(f, r),
            });
        },
    ),
    kind("noise", "random bytes", |f| f.halves(|r| r.next() as u16)),
];

const fn kind(name: &'static str, what: &'static str, fill: fn(&mut Filler)) -> Kind {
    Kind { name, what, fill }
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Kind> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// A program with so many pages of text. Not more than a thousand, which is what fits with a stack.
    pub fn elf(&self, pages: u64) -> Vec<u8> {
        assert!((1..=1000).contains(&pages), "{pages} pages");
        let mut filler = Filler {
            code: Vec::new(),
            at: TEXT_BASE,
            end: TEXT_BASE + pages * PAGE,
            random: Random::new(1),
            pointer_step: 0,
            apart: false,
        };
        for (op, rd, rs1, rs2, imm) in EXIT {
            filler.push(word(op, rd, rs1, rs2, imm));
        }
        (self.fill)(&mut filler);
        filler.elf()
    }
}

/// A text that is being filled.
struct Filler {
    code: Vec<u8>,
    /// Address of the next instruction.
    at: u64,
    /// Address behind the text.
    end: u64,
    random: Random,
    /// What the pages before the code hold pointers to, as far as there is room: the addresses from the first to the
    /// last in steps of so many bytes; none if it is 0.
    pointer_step: u64,
    /// Every page is a segment, and every second one is left out.
    apart: bool,
}

impl Filler {
    fn push(&mut self, word: u32) {
        self.code.extend(word.to_le_bytes());
        self.at += 4;
    }

    fn full(&self) -> bool {
        self.at + 4 > self.end
    }

    /// Fills it with words.
    fn words(&mut self, mut next: impl FnMut(&Filler, &mut Random) -> u32) {
        let mut random = self.random.clone();
        while !self.full() {
            let word = next(self, &mut random);
            self.push(word);
        }
    }

    /// Fills it with halfwords.
    fn halves(&mut self, mut next: impl FnMut(&mut Random) -> u16) {
        while self.at + 2 <= self.end {
            let half = next(&mut self.random);
            self.code.extend(half.to_le_bytes());
            self.at += 2;
        }
    }

    /// Fills it with operations on any three registers.
    fn arithmetic(&mut self, ops: &[Op]) {
        self.words(|_, r| word(one_of(r, ops), any(r), any(r), any(r), 0));
    }

    /// The offset to somewhere in the text, at most so far away.
    fn near(&self, r: &mut Random, most: u64) -> i32 {
        let from = self.at.saturating_sub(most).max(TEXT_BASE);
        let to = (self.at + most).min(self.end);
        let target = from + r.below((to - from) / 4) * 4;
        target.wrapping_sub(self.at) as i32
    }

    fn elf(self) -> Vec<u8> {
        let segment = |addr: u64, flags: u32, bytes: &[u8]| Segment {
            addr,
            flags,
            bytes: bytes.to_vec(),
        };
        let pages = self.code.chunks(PAGE as usize).zip(0u64..);
        let mut segments: Vec<Segment> = match self.apart {
            true => pages
                .filter(|(_, number)| number % 2 == 0)
                .map(|(page, number)| segment(TEXT_BASE + number * PAGE, Segment::TEXT, page))
                .collect(),
            false => vec![segment(TEXT_BASE, Segment::TEXT, &self.code)],
        };
        if self.pointer_step > 0 {
            // Before the text is as much room as behind it, whatever its size.
            let pointers = (TEXT_BASE..self.end)
                .step_by(self.pointer_step as usize)
                .take(7 * 1024);
            let bytes: Vec<u8> = pointers.flat_map(u64::to_le_bytes).collect();
            segments.push(segment(PAGE, Segment::RODATA, &bytes));
        }
        write_elf(TEXT_BASE, &segments)
    }
}

fn word(op: Op, rd: u32, rs1: u32, rs2: u32, imm: i32) -> u32 {
    let inst = Inst {
        rd: Reg::new(rd),
        rs1: Reg::new(rs1),
        rs2: Reg::new(rs2),
        imm,
        ..Inst::bare(op, 4)
    };
    encode(&inst).unwrap_or_else(|| panic!("{inst:?} has no encoding"))
}

/// Any register but 0.
fn any(r: &mut Random) -> u32 {
    1 + r.below(31) as u32
}

fn one_of<T: Copy>(r: &mut Random, choices: &[T]) -> T {
    choices[r.below(choices.len() as u64) as usize]
}

fn displacement(r: &mut Random) -> i32 {
    r.below(4096) as i32 - 2048
}

fn plain(r: &mut Random) -> u32 {
    let op = one_of(r, &[Op::Add, Op::Sub, Op::Xor, Op::Sltu, Op::Sll, Op::Addw]);
    word(op, any(r), any(r), any(r), 0)
}

fn load(r: &mut Random) -> u32 {
    let op = one_of(r, &[Op::Ld, Op::Lw, Op::Lbu]);
    word(op, any(r), any(r), 0, displacement(r))
}

fn store(r: &mut Random) -> u32 {
    let op = one_of(r, &[Op::Sd, Op::Sw, Op::Sb]);
    word(op, 0, any(r), any(r), displacement(r))
}

fn branch(f: &Filler, r: &mut Random) -> u32 {
    let op = one_of(r, &[Op::Beq, Op::Bne, Op::Blt, Op::Bge, Op::Bltu, Op::Bgeu]);
    word(op, 0, any(r), any(r), f.near(r, 4092))
}

fn jump(f: &Filler, r: &mut Random, rd: u32) -> u32 {
    word(Op::Jal, rd, 0, 0, f.near(r, 0xf_fff0))
}

fn straight(f: &mut Filler) {
    f.words(|_, r| plain(r));
}

fn loads(f: &mut Filler) {
    f.words(|_, r| load(r));
}

fn stores(f: &mut Filler) {
    f.words(|_, r| store(r));
}

fn branches(f: &mut Filler) {
    f.words(branch);
}

/// How many outlined functions there are.
const OUTLINED_FUNCTIONS: usize = 8;
/// How many instructions an outlined function has in front of its return.
const OUTLINED: usize = 39;

/// Pushes the outlined functions, of such instructions, and a jump over them; their addresses.
fn outlined_functions(f: &mut Filler, instruction: fn(&mut Random) -> u32) -> Vec<u64> {
    let mut random = f.random.clone();
    let mut functions = Vec::new();
    let size = OUTLINED_FUNCTIONS * (OUTLINED + 1) * 4;
    f.push(word(Op::Jal, 0, 0, 0, 4 + size as i32));
    for _ in 0..OUTLINED_FUNCTIONS {
        functions.push(f.at);
        for _ in 0..OUTLINED {
            f.push(instruction(&mut random));
        }
        f.push(word(Op::Jalr, 0, 5, 0, 0));
    }
    functions
}

/// A call of one of these functions by `t0`, if one can be reached.
fn call_outlined(f: &Filler, r: &mut Random, functions: &[u64]) -> u32 {
    let function = one_of(r, functions);
    match f.at - function < 0xf_fff0 {
        true => word(Op::Jal, 5, 0, 0, function.wrapping_sub(f.at) as i32),
        false => plain(r),
    }
}

fn outlined(f: &mut Filler) {
    let functions = outlined_functions(f, |r| {
        // Loads to any register but `t0`.
        let load = load(r);
        if load >> 7 & 31 == 5 {
            load ^ 1 << 7
        } else {
            load
        }
    });
    f.words(|f, r| call_outlined(f, r, &functions));
}

/// The dispatch of a loop finds its targets by pointers, one for each eight instructions.
fn loops(f: &mut Filler) {
    let functions = outlined_functions(f, store);
    f.words(|f, r| match f.at / 4 % 8 {
        7 => word(Op::Jalr, 0, 10, 0, 0),
        2 => branch(f, r),
        3 | 4 => call_outlined(f, r, &functions),
        _ => store(r),
    });
}

/// Loops of 64 instructions: a store and a branch around the next one, again and again, and the last branch around the
/// jump back.
fn walks(f: &mut Filler) {
    f.words(|f, r| match f.at / 4 % 64 {
        63 => word(Op::Jal, 0, 0, 0, -252),
        place if place % 2 == 0 && place < 62 => store(r),
        _ => word(Op::Bne, 0, any(r), any(r), 8),
    });
}

fn jumps(f: &mut Filler) {
    f.words(|f, r| jump(f, r, 0));
}

/// Pieces of 4 KiB: the first half branches into the second.
fn overlap(f: &mut Filler) {
    let mut half = 0;
    while !f.full() {
        let place = (f.at - TEXT_BASE) % PAGE;
        if place < PAGE / 2 {
            let target = f.at - place + PAGE / 2 + half * 2 % (PAGE / 2 - 4);
            half += 1;
            let offset = (target - f.at) as i32;
            f.push(word(Op::Beq, 0, 10, 11, offset));
        } else {
            f.push(u32::from(C_ADDI) << 16 | u32::from(C_ADDI));
        }
    }
}

fn memory(f: &mut Filler) {
    f.words(|f, r| match r.below(20) {
        0..3 => branch(f, r),
        3..10 => store(r),
        _ => load(r),
    });
}

fn calls(f: &mut Filler) {
    f.words(|f, r| match f.at % 8 {
        0 => jump(f, r, 1),
        _ => plain(r),
    });
}

/// Functions of some two hundred instructions, each with three calls of itself and many returns.
fn recursion(f: &mut Filler) {
    let mut start = f.at;
    let mut count = 0;
    f.words(|f, r| {
        count += 1;
        if count % 200 == 0 {
            start = f.at;
        }
        match (count % 60, count % 5) {
            (59, _) => word(Op::Jal, 1, 0, 0, start.wrapping_sub(f.at) as i32),
            // Around the return that follows.
            (_, 0) => word(Op::Beq, 0, any(r), any(r), 8),
            (_, 1) => word(Op::Jalr, 0, 1, 0, 0),
            (_, 2) => branch(f, r),
            _ => plain(r),
        }
    });
}

fn switches(f: &mut Filler) {
    f.words(|f, r| match f.at % 16 {
        0 => word(Op::Jalr, 0, any(r), 0, 0),
        8 => branch(f, r),
        _ => plain(r),
    });
}

fn gaps(f: &mut Filler, step: u64) {
    while !f.full() {
        f.push(word(Op::Ecall, 0, 0, 0, 0));
        if f.at + step > f.end {
            break;
        }
        f.push(word(Op::Jal, 0, 0, 0, step as i32 - 4));
        let next = f.code.len() + step as usize - 8;
        f.code.resize(next, 0);
        f.at += step - 8;
    }
    let rest = (f.end - f.at) as usize;
    f.code.resize(f.code.len() + rest, 0);
    f.at = f.end;
}

/// About what compiled C has: functions of a hundred instructions, short branches, calls, a frame.
fn ordinary(f: &mut Filler) {
    let mut count = 0;
    f.words(|f, r| {
        count += 1;
        match (count % 100, r.below(100)) {
            (0, _) => word(Op::Jalr, 0, 1, 0, 0),
            (1, _) => word(Op::Addi, 2, 2, 0, -64),
            (_, 0..14) => {
                let op = one_of(r, &[Op::Beq, Op::Bne, Op::Blt, Op::Bgeu]);
                word(op, 0, any(r), any(r), f.near(r, 200))
            }
            (_, 14..18) => jump(f, r, 1),
            (_, 18..36) => word(
                Op::Ld,
                any(r),
                one_of(r, &[2, 8, 10]),
                0,
                r.below(256) as i32 & !7,
            ),
            (_, 36..46) => word(
                Op::Sd,
                0,
                one_of(r, &[2, 8, 10]),
                any(r),
                r.below(256) as i32 & !7,
            ),
            (_, 46..50) => load(r),
            (_, 50..75) => word(Op::Addi, any(r), any(r), 0, displacement(r)),
            (_, 75..77) => word(Op::Mul, any(r), any(r), any(r), 0),
            _ => plain(r),
        }
    });
}
