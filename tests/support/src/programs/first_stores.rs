//! Programs about the first store to a page: the pages where they store are untouched, and what comes next may stop
//! the guest.
//!
//! Frames, groups of stores and loops lie at the ends of pages and across them. Stores of all sizes are mixed with
//! loads and pointers that may be bad, with pages of code, which take no store, with system calls, and with more
//! instructions than a trace has.

use lockstep_isa::Profile;

use crate::programs::source::{DATA, RODATA, Source};
use crate::programs::start::Entry;
use crate::random::Random;

/// Registers that point to where stores go.
const POINTERS: [&str; 3] = ["s0", "s1", "s2"];
/// Their numbers.
const POINTER_NUMBERS: [usize; 3] = [8, 9, 18];
/// Registers that are stored and loaded.
const VALUES: [&str; 6] = ["a0", "a1", "a2", "t0", "s4", "zero"];
/// Where the code begins.
const TEXT: u64 = 0x1_0000;
/// Functions that parts may call.
const FUNCTIONS: u64 = 2;
/// Pieces of a few instructions, which a translator may copy to where they are called.
const PIECES: u64 = 2;

struct Generator<'r> {
    random: &'r mut Random,
    source: Source,
    labels: u64,
}

/// A program of a few parts.
pub fn generate(random: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut source = Source::new(random, profile, entry);
    source.push(format!(".text {TEXT:#x}"));
    let mut generator = Generator {
        random,
        source,
        labels: 0,
    };
    for number in POINTER_NUMBERS {
        let address = generator.address();
        generator.source.registers.push((number, address));
    }
    if generator.random.one_in(3) {
        let address = generator.page() & !15;
        generator.source.registers.push((2, address));
    }
    for _ in 0..generator.random.between(1, 4) {
        generator.part(true);
    }
    generator.push("exit");
    for function in 0..FUNCTIONS {
        generator.push(format!("f{function}:"));
        for _ in 0..generator.random.between(1, 2) {
            generator.part(false);
        }
        generator.push("ret");
    }
    for piece in 0..PIECES {
        generator.push(format!("p{piece}:"));
        generator.group();
        if generator.random.one_in(3) {
            generator.filler();
        }
        generator.push("jr t5");
    }
    generator.push(format!(".rodata {RODATA:#x}"));
    generator.push(".dword 1");
    generator.push(format!(".data {DATA:#x}"));
    generator.push(".dword 2");
    generator.source
}

impl Generator<'_> {
    fn push(&mut self, line: impl Into<String>) {
        self.source.push(line);
    }

    /// The start of a page that was not stored to when the program begins.
    fn page(&mut self) -> u64 {
        let first = (DATA >> 12) + 2;
        let end = self.source.setup.memory_size as u64 >> 12;
        (first + self.random.below(end - first)) << 12
    }

    /// An address, mostly near the start of an untouched page.
    fn address(&mut self) -> u64 {
        let base = match self.random.below(12) {
            0 => TEXT,
            1 => TEXT + 0x1000,
            2 => RODATA,
            3 => DATA,
            4 => self.source.setup.memory_size as u64,
            _ => self.page(),
        };
        base.wrapping_add(self.random.between(-24, 24) as u64)
    }

    fn value(&mut self) -> &'static str {
        self.random.pick(&VALUES)
    }

    fn pointer(&mut self) -> &'static str {
        self.random.pick(&POINTERS)
    }

    fn part(&mut self, may_call: bool) {
        match self.random.below(14) {
            12 | 13 => self.walk(may_call),
            0 | 1 => self.frame(),
            2..=4 => self.group(),
            5 | 6 => self.through_memory(),
            7 => self.count_down(),
            8 if may_call => {
                let function = self.random.below(FUNCTIONS);
                self.push(format!("jal ra, f{function}"));
            }
            8 | 9 => self.filler(),
            10 => self.push("ebreak"),
            _ => self.branch(),
        }
    }

    /// A frame on the stack, as functions begin.
    fn frame(&mut self) {
        let size = self.random.pick(&[16, 64, 400, 2032, 2048]);
        self.push(format!("addi sp, sp, -{size}"));
        if self.random.one_in(3) {
            let far = self.random.pick(&[1, 8, 16]);
            self.push(format!("lui t1, {far}"));
            self.push("sub sp, sp, t1");
        }
        for _ in 0..self.random.between(1, 18) {
            let value = self.value();
            let slot = 8 * self.random.below(size / 8);
            let line = match self.random.below(8) {
                0 => format!("ld {value}, {slot}(sp)"),
                1 => "addi s4, s4, 3".to_string(),
                _ => format!("sd {value}, {slot}(sp)"),
            };
            self.push(line);
        }
    }

    /// Accesses around one to three pointers.
    fn group(&mut self) {
        let reach = self.random.pick(&[8, 40, 2000]);
        let count = self.random.between(1, 7);
        let one = self.pointer();
        for _ in 0..count {
            let pointer = match self.random.one_in(3) {
                true => self.pointer(),
                false => one,
            };
            self.access(pointer, reach);
        }
    }

    fn access(&mut self, pointer: &str, reach: i64) {
        let (value, offset) = (self.value(), self.random.between(-reach, reach));
        let store = self.random.pick(&["sb", "sh", "sw", "sd"]);
        let load = self.random.pick(&["lbu", "lh", "lw", "ld"]);
        let atomic = self
            .random
            .pick(&["amoadd.d s4, a0, (B)", "sc.w s4, a1, (B)"]);
        let has_atomics = self.source.setup.profile.extensions.a;
        let line = match self.random.below(10) {
            0 | 1 => format!("{load} {value}, {offset}({pointer})"),
            2 => format!("addi {pointer}, {pointer}, {offset}"),
            3 if has_atomics => atomic.replace('B', pointer),
            _ => format!("{store} {value}, {offset}({pointer})"),
        };
        self.push(line);
    }

    /// A pointer out of memory, so that its check stands in the middle of a chain.
    fn through_memory(&mut self) {
        let pointer = self.pointer();
        let address = match self.random.one_in(6) {
            true => u64::MAX - 7,
            false => self.address(),
        };
        self.push(format!("li t3, {address:#x}"));
        let before = self.random.one_in(2);
        if before {
            self.access(pointer, 16);
        }
        self.push(format!("sd t3, 0({pointer})"));
        self.push(format!("ld t4, 0({pointer})"));
        for _ in 0..self.random.between(1, 3) {
            self.access("t4", 16);
            let pointer = self.pointer();
            self.access(pointer, 64);
        }
    }

    /// A loop that stores along a pointer.
    fn count_down(&mut self) {
        let (pointer, label) = (self.pointer(), self.label());
        let step = self.random.pick(&[1, 7, 8, 512, 2040]);
        let turns = self.random.between(2, 12);
        self.push(format!("li s5, {turns}"));
        self.push(format!("{label}:"));
        for _ in 0..self.random.between(1, 3) {
            self.access(pointer, 8);
        }
        self.push(format!("addi {pointer}, {pointer}, {step}"));
        self.push("addi s5, s5, -1");
        self.push(format!("bnez s5, {label}"));
    }

    /// A loop that walks over pages, with stores that are not at its head: behind a branch or a load through memory, in a
    /// piece that is called, or in the middle of more instructions than a trace has. What comes behind them in the
    /// round is of all kinds too.
    fn walk(&mut self, may_call: bool) {
        let (pointer, again) = (self.pointer(), self.label());
        let step = self.random.pick(&[8, 520, 2040, 4096, 4104]);
        let turns = self.random.between(2, 6);
        self.push(format!("li s6, {turns}"));
        self.push(format!("li s7, {step}"));
        self.push(format!("{again}:"));
        for _ in 0..self.random.between(1, 2) {
            match self.random.below(5) {
                0 => self.branch(),
                1 => self.filler(),
                2 => self.push(format!("ld t4, 0({pointer})")),
                3 => {
                    let piece = self.random.below(PIECES);
                    self.push(format!("jal t5, p{piece}"));
                }
                _ => self.group(),
            }
        }
        for _ in 0..self.random.between(1, 2) {
            self.access(pointer, 16);
        }
        for _ in 0..self.random.between(0, 2) {
            match self.random.below(6) {
                0 | 1 => self.branch(),
                2 => self.filler(),
                3 => {
                    let piece = self.random.below(PIECES);
                    self.push(format!("jal t5, p{piece}"));
                }
                4 if may_call => {
                    let function = self.random.below(FUNCTIONS);
                    self.push(format!("jal ra, f{function}"));
                }
                _ => self.count_down(),
            }
        }
        self.push(format!("add {pointer}, {pointer}, s7"));
        self.push("addi s6, s6, -1");
        self.push(format!("bnez s6, {again}"));
    }

    /// A way around some accesses.
    fn branch(&mut self) {
        let (value, label) = (self.value(), self.label());
        self.push(format!("bnez {value}, {label}"));
        self.group();
        self.push(format!("{label}:"));
    }

    /// So many instructions that a trace may end among them.
    fn filler(&mut self) {
        for _ in 0..self.random.between(1, 18) {
            self.push("addi a2, a2, 5");
        }
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("b{}", self.labels)
    }
}
