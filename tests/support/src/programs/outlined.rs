//! Tier 5: calls of small functions by other link registers than `ra`, as LLVM's machine outliner makes
//! them, and everything that may go wrong when a translator inlines such a call.
//!
//! Code calls pieces `o1`, `o2`, ... that are mostly straight and come back by `jr t0`. Some move the link
//! register, change it, go on elsewhere, call, loop, branch or fault; accesses go to page edges and pages that
//! nobody wrote. Others jump into the middle of a piece, to the instruction behind a call, or call a piece by a
//! pointer.

use crate::programs::operands::{VALUES, compressed, plain, set_registers};
use crate::programs::source::{DATA, Source, pick_word};
use crate::random::Random;
use lockstep_isa::Profile;
use lockstep_isa::table::Format;

use crate::programs::start::Entry;

/// Pieces of a program at most.
const PIECES: u64 = 7;

struct Generator<'r> {
    random: &'r mut Random,
    source: Source,
    labels: u64,
    pieces: u64,
    /// Labels behind calls, to which others go, too.
    points: Vec<String>,
}

/// A program with outlined pieces.
pub fn generate(random: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut source = Source::new(random, profile, entry);
    set_registers(&mut source, random);
    // The stack has to be sound for returns to work.
    source.registers.retain(|(register, _)| *register != 2);
    let text = source.pick_text(random);
    source.push(format!(".text {text:#x}"));
    let pieces = 1 + random.below(PIECES);
    let mut generator = Generator {
        random,
        source,
        labels: 0,
        pieces,
        points: Vec::new(),
    };
    generator.program();
    generator.source
}

impl Generator<'_> {
    fn program(&mut self) {
        // Jumps that could go on for ever use this up.
        self.push("li s6, 12");
        let turns = self.random.between(1, 9);
        self.push(format!("li s5, {turns}"));
        self.push("turn:");
        self.body(8, "f");
        self.push("addi s5, s5, -1");
        self.push("bnez s5, turn");
        self.push("exit");
        self.push("f:");
        self.push("addi sp, sp, -32");
        self.push("sd ra, 8(sp)");
        self.body(3, "o1");
        self.push("ld ra, 8(sp)");
        self.push("addi sp, sp, 32");
        self.push("ret");
        for piece in 1..=self.pieces {
            self.piece(piece);
        }
        self.push("exit");
        self.push(".rodata 0x18000");
        let points = std::mem::take(&mut self.points);
        self.push("points: .dword turn");
        for point in points.iter().filter(|_| self.random.one_in(4)) {
            self.source.push(format!(".dword {point}"));
        }
        self.push(format!(".data {DATA:#x}"));
        for _ in 0..8 {
            let word = pick_word(self.random);
            self.push(format!(".dword {word:#x}"));
        }
    }

    fn push(&mut self, line: impl Into<String>) {
        self.source.push(line);
    }

    fn label(&mut self) -> String {
        self.labels += 1;
        format!("b{}", self.labels)
    }

    fn value(&mut self) -> &'static str {
        self.random.pick(&VALUES)
    }

    /// Code that calls pieces, and now and then a function.
    fn body(&mut self, parts: i64, callee: &str) {
        for _ in 0..self.random.between(2, parts) {
            match self.random.below(16) {
                0 | 1 => self.straight(6),
                2 => self.memory(),
                3 => self.choice(),
                4 => self.jump_to_point(),
                5 => self.push(format!("jal ra, {callee}")),
                _ => self.call(),
            }
        }
    }

    /// Arithmetic that leaves the link registers alone, mostly.
    fn straight(&mut self, count: i64) {
        for _ in 0..self.random.between(1, count) {
            let line = self.arithmetic();
            self.push(line);
        }
    }

    fn arithmetic(&mut self) -> String {
        loop {
            let line = if self.random.one_in(3) {
                let line = compressed(self.random, 0, 0);
                if line.contains(['(', 'l']) && !line.starts_with("c.li") {
                    continue;
                }
                line
            } else {
                let op = self.source.pick_op(self.random);
                let formats = [
                    Format::R,
                    Format::Unary,
                    Format::I,
                    Format::Shift5,
                    Format::Shift6,
                ];
                if !formats.contains(&op.row().format) {
                    continue;
                }
                plain(op, self.random, 0, 0)
            };
            let links = [" t0,", " ra,"].iter().any(|register| {
                let destination = line.find(',').map(|end| &line[..=end]);
                destination.is_some_and(|destination| destination.ends_with(register))
            });
            if !links || self.random.one_in(12) {
                return line;
            }
        }
    }

    /// Accesses by one base.
    fn memory(&mut self) {
        let base = self.random.pick(&["s0", "s1", "t3", "t4", "sp"]);
        if base != "sp" && self.random.one_in(4) {
            let safe = !self.random.one_in(10);
            let address = self.source.pick_address(self.random, safe);
            self.push(format!("li {base}, {address:#x}"));
        }
        for _ in 0..self.random.between(1, 4) {
            let offset = self.random.between(-32, 32);
            let line = match self.random.below(6) {
                0..=2 => {
                    let load = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"];
                    let value = self.random.pick(&["a0", "a1", "a2", "a3"]);
                    format!("{} {value}, {offset}({base})", self.random.pick(&load))
                }
                3 | 4 => {
                    let store = self.random.pick(&["sb", "sh", "sw", "sd"]);
                    format!("{store} {}, {offset}({base})", self.value())
                }
                _ => self.arithmetic(),
            };
            self.push(line);
        }
    }

    /// A branch, often into the middle of what comes before a call.
    fn choice(&mut self) {
        let end = self.label();
        let (a, b) = (self.value(), self.value());
        let branch = self.random.pick(&["beq", "bne", "blt", "bgeu"]);
        self.push(format!("{branch} {a}, {b}, {end}"));
        if self.random.one_in(2) {
            self.call();
        } else {
            self.straight(12);
        }
        self.push(format!("{end}:"));
        if self.random.one_in(2) {
            self.call();
        }
    }

    /// A jump to the instruction behind some call, of which there are not too many.
    fn jump_to_point(&mut self) {
        if self.points.is_empty() {
            return self.straight(3);
        }
        let at = self.random.below(self.points.len() as u64) as usize;
        let (point, end) = (self.points[at].clone(), self.label());
        self.push("addi s6, s6, -1");
        self.push(format!("blt s6, zero, {end}"));
        if self.random.one_in(2) {
            self.push(format!("j {point}"));
        } else {
            self.push(format!("la t6, {point}"));
            self.push("jr t6");
        }
        self.push(format!("{end}:"));
    }

    /// A call of a piece, in one of the ways in which calls are written.
    fn call(&mut self) {
        let piece = 1 + self.random.below(self.pieces);
        match self.random.below(14) {
            0 => {
                let link = self.random.pick(&["ra", "t1", "t2", "a0"]);
                self.push(format!("jal {link}, o{piece}"));
            }
            1 => {
                self.push(format!("auipc t0, %pcrel_hi(o{piece})"));
                self.push(format!("jalr t0, %pcrel_lo(o{piece})(t0)"));
            }
            2 => {
                self.push(format!("lui t0, %hi(o{piece})"));
                self.push(format!("jalr t0, %lo(o{piece})(t0)"));
            }
            3 => {
                // By a pointer.
                self.push(format!("la t6, o{piece}"));
                self.push("jalr t0, 0(t6)");
            }
            4 => {
                // Into the middle.
                let back = self.label();
                self.push(format!("la t0, {back}"));
                self.push(format!("j m{piece}"));
                self.push(format!("{back}:"));
            }
            5 => self.push(format!("jal t0, m{piece}")),
            _ => self.push(format!("jal t0, o{piece}")),
        }
        if self.random.one_in(3) {
            let point = self.label();
            self.push(format!("{point}:"));
            self.points.push(point);
        }
    }

    /// A piece, with a label in its middle.
    fn piece(&mut self, piece: u64) {
        let is_last = piece == self.pieces;
        let next = piece + 1;
        self.push(format!("o{piece}:"));
        let kind = self.random.below(24);
        let link = if kind == 0 { "t2" } else { "t0" };
        if kind == 0 {
            self.push("mv t2, t0");
        }
        self.inside();
        self.push(format!("m{piece}:"));
        self.inside();
        match kind {
            1 if !is_last => return self.push(format!("j o{next}")),
            2 if !is_last => return,
            3 => {
                // Behind the instruction that it was called in front of, or in the middle of it.
                let distance = self.random.pick(&[2, 4, 4, 8]);
                self.push(format!("addi t0, t0, {distance}"));
            }
            4 => {
                let distance = self.random.pick(&[1, 2, 4, 4, -2]);
                return self.push(format!("jalr zero, {distance}(t0)"));
            }
            5 => return self.push("ret"),
            6 => {
                let (a, b, end) = (self.value(), self.value(), self.label());
                self.push(format!("bltu {a}, {b}, {end}"));
                self.inside();
                self.push(format!("{end}:"));
            }
            7 => {
                let (turn, count) = (self.label(), self.random.between(1, 4));
                self.push(format!("li s8, {count}"));
                self.push(format!("{turn}:"));
                self.inside();
                self.push("addi s8, s8, -1");
                self.push(format!("bnez s8, {turn}"));
            }
            8 if !is_last => {
                self.push("mv t2, t0");
                self.push(format!("jal t0, o{next}"));
                return self.push("jr t2");
            }
            9 if !is_last => self.push(format!("jal t0, o{next}")),
            10 if !self.points.is_empty() => {
                let at = self.random.below(self.points.len() as u64) as usize;
                let (point, end) = (self.points[at].clone(), self.label());
                self.push("addi s6, s6, -1");
                self.push(format!("blt s6, zero, {end}"));
                self.push(format!("la t0, {point}"));
                self.push(format!("{end}:"));
            }
            11 => {
                // Back and forth.
                self.push("jalr t0, 0(t0)");
                self.inside();
            }
            12 => {
                let line = self.random.pick(&["fence", "ebreak", ".half 0x0000"]);
                self.push(line);
            }
            13 => {
                let call = self
                    .random
                    .pick(&["li a7, 2177", "li a7, 2177", "li a7, 93"]);
                self.push(call);
                self.push("la a0, 0x20000");
                self.push("ecall");
            }
            14 => {
                // A branch whose way is known.
                let end = self.label();
                self.push("li s8, 1");
                self.push(format!("bnez s8, {end}"));
                self.push("li s9, 1");
                self.push(format!("{end}:"));
            }
            _ => {}
        }
        self.push(format!("jr {link}"));
    }

    /// Straight code in a piece; now and then more than one trace of it.
    fn inside(&mut self) {
        let count = self.random.pick(&[1, 3, 3, 6, 18]);
        if self.random.one_in(3) {
            self.memory();
        } else {
            self.straight(count);
        }
    }
}
