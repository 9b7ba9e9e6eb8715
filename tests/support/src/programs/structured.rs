//! Tier 3: programs with functions, loops, calls, jump tables, memory at page and frame edges,
//! fused patterns in all their near misses, and now and then a fault.
//!
//! Functions call only functions behind them, loops count down, so that most programs end.

use crate::programs::operands::{VALUES, compressed, plain, set_registers};
use crate::programs::patterns::{PATTERNS, shorten};
use crate::programs::source::{DATA, Source, pick_word};
use crate::random::Random;
use lockstep_isa::Profile;
use lockstep_isa::table::Format;

use crate::programs::start::Entry;

/// Functions of a program at most.
const FUNCTIONS: u64 = 5;
/// Registers of loops, by depth.
const COUNTERS: [&str; 3] = ["s5", "s6", "s7"];

struct Generator<'r> {
    random: &'r mut Random,
    source: Source,
    labels: u64,
    functions: u64,
    /// The one being made.
    function: u64,
    /// Jump tables, each with its labels.
    tables: Vec<(String, Vec<String>)>,
    /// Code that stands in data, each with its label.
    pieces: Vec<(String, Vec<String>)>,
}

/// A program as a compiler could have made it, or nearly.
pub fn generate(random: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut source = Source::new(random, profile, entry);
    set_registers(&mut source, random);
    // The stack has to be sound for returns to work.
    source.registers.retain(|(register, _)| *register != 2);
    let text = source.pick_text(random);
    source.push(format!(".text {text:#x}"));
    let functions = random.below(FUNCTIONS);
    let mut generator = Generator {
        random,
        source,
        labels: 0,
        functions,
        function: 0,
        tables: Vec::new(),
        pieces: Vec::new(),
    };
    generator.program();
    generator.source
}

impl Generator<'_> {
    fn program(&mut self) {
        self.body(0, 6);
        self.push("exit");
        for function in 1..=self.functions {
            self.function = function;
            self.push(format!("f{function}:"));
            self.push("addi sp, sp, -32");
            self.push("sd ra, 8(sp)");
            self.push("sd s5, 16(sp)");
            self.body(0, 3);
            self.push("ld s5, 16(sp)");
            self.push("ld ra, 8(sp)");
            self.push("addi sp, sp, 32");
            self.push("ret");
        }
        self.push(".rodata 0x18000");
        for (table, labels) in std::mem::take(&mut self.tables) {
            self.push(format!("{table}:"));
            self.push(format!(".dword {}", labels.join(", ")));
        }
        self.push(format!(".data {DATA:#x}"));
        for _ in 0..8 {
            let word = pick_word(self.random);
            self.push(format!(".dword {word:#x}"));
        }
        for (label, lines) in std::mem::take(&mut self.pieces) {
            self.push(".align 4");
            self.push(format!("{label}:"));
            for line in lines {
                self.push(line);
            }
        }
        // Zeros behind the data, some pages of them: what stores meet there was never touched.
        if self.random.one_in(2) {
            let bytes = self.random.below(6 << 12);
            self.push(format!(".zero {bytes:#x}"));
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

    /// A sequence of parts.
    fn body(&mut self, depth: usize, parts: i64) {
        for _ in 0..self.random.between(1, parts) {
            match self.random.below(20) {
                0..=3 => self.straight(),
                4..=6 => self.fused(),
                7..=9 => self.memory(),
                10..=12 if depth < COUNTERS.len() => self.count_down(depth),
                13 | 14 if depth < COUNTERS.len() => self.choice(depth),
                15 | 16 => self.call(),
                17 => self.table(),
                18 if depth == 0 && self.random.one_in(3) => self.load_code(),
                18 => self.constants(),
                19 if self.random.one_in(4) => self.fault(),
                _ => self.jump_over(),
            }
        }
    }

    /// Arithmetic.
    fn straight(&mut self) {
        for _ in 0..self.random.between(1, 20) {
            let line = self.arithmetic();
            self.push(line);
        }
    }

    fn arithmetic(&mut self) -> String {
        loop {
            if self.random.one_in(3) {
                let line = compressed(self.random, 0, 0);
                if !line.contains(['(', 'l']) || line.starts_with("c.li") {
                    return line;
                }
                continue;
            }
            let op = self.source.pick_op(self.random);
            let formats = [
                Format::R,
                Format::Unary,
                Format::I,
                Format::Shift5,
                Format::Shift6,
            ];
            if formats.contains(&op.row().format) {
                return plain(op, self.random, 0, 0);
            }
        }
    }

    /// A pattern of fusion, with its variables at random: the conditions hold or fail by one.
    fn fused(&mut self) {
        let pattern = self.random.pick(&PATTERNS);
        // Distinct registers, of which one is then made like another, now and then.
        let mut names = ["a0", "a1", "a2", "a3", "a4"];
        let turn = self.random.below(5) as usize;
        names.rotate_left(turn);
        if self.random.one_in(3) {
            let (to, from) = (self.random.below(5), self.random.below(5));
            names[to as usize] = self.random.pick(&[names[from as usize], "zero"]);
        }
        let entry = self.random.below(12);
        if entry < 5 {
            // Into the middle of it.
            let (value, label) = (self.value(), self.label());
            self.push(format!("beqz {value}, {label}"));
            self.pattern(pattern, names, Some((entry, label)));
        } else {
            for _ in 0..self.random.pick(&[1, 1, 1, 2, 4]) {
                self.pattern(pattern, names, None);
            }
        }
    }

    fn pattern(&mut self, lines: &[&str], names: [&str; 5], entry: Option<(u64, String)>) {
        let short = self.random.one_in(3);
        let high = self
            .random
            .pick(&[0u64, 1, 0x12345, 0x7ffff, 0x80000, 0xfffff]);
        let low = self.random.pick(&[0i64, 1, -1, 2047, -2048, 291]);
        let last = lines.len() as u64 - 1;
        for (number, line) in lines.iter().enumerate() {
            if let Some((at, label)) = &entry
                && number as u64 == *at.min(&last)
            {
                self.push(format!("{label}:"));
            }
            let mut text = line.replace("HI", &format!("{high:#x}"));
            text = text.replace("LO", &low.to_string());
            for (variable, name) in ["R", "C", "D", "E", "F"].iter().zip(names) {
                text = text.replace(variable, name);
            }
            let text = if short { shorten(&text) } else { text };
            self.push(text);
        }
    }

    /// Accesses by one base, the base moved now and then.
    fn memory(&mut self) {
        let base = self.random.pick(&["s0", "s1", "t3", "t4"]);
        if self.random.one_in(2) {
            let safe = !self.random.one_in(10);
            let address = self.source.pick_address(self.random, safe);
            self.push(format!("li {base}, {address:#x}"));
        }
        for _ in 0..self.random.between(1, 8) {
            let value = self.value();
            let offset = self.random.between(-32, 32);
            let load = ["lb", "lbu", "lh", "lhu", "lw", "lwu", "ld"];
            let line = match self.random.below(8) {
                0..=2 => format!("{} {value}, {offset}({base})", self.random.pick(&load)),
                3..=5 => {
                    let store = self.random.pick(&["sb", "sh", "sw", "sd"]);
                    format!("{store} {value}, {offset}({base})")
                }
                6 => format!("addi {base}, {base}, {offset}"),
                _ if self.source.setup.profile.extensions.a => {
                    let pairs = ["lr.w a0, (B)", "sc.d a1, a2, (B)", "amoadd.w a3, a4, (B)"];
                    self.random.pick(&pairs).replace('B', base)
                }
                _ => self.arithmetic(),
            };
            self.push(line);
        }
    }

    /// A loop.
    fn count_down(&mut self, depth: usize) {
        let (counter, label) = (COUNTERS[depth], self.label());
        let count = self.random.between(1, 9);
        self.push(format!("li {counter}, {count}"));
        let middle = self.random.one_in(4).then(|| self.label());
        if let Some(middle) = &middle {
            self.push(format!("j {middle}"));
        }
        self.push(format!("{label}:"));
        self.body(depth + 1, 3);
        if let Some(middle) = &middle {
            self.push(format!("{middle}:"));
        }
        if self.random.one_in(2) {
            self.body(depth + 1, 2);
        }
        self.push(format!("addi {counter}, {counter}, -1"));
        let branch = self.random.pick(&["bnez", "bgtz"]);
        match branch {
            "bnez" => self.push(format!("bnez {counter}, {label}")),
            _ => self.push(format!("blt zero, {counter}, {label}")),
        }
    }

    /// One way or the other.
    fn choice(&mut self, depth: usize) {
        let (otherwise, end) = (self.label(), self.label());
        let (a, b) = (self.value(), self.value());
        let branch = self
            .random
            .pick(&["beq", "bne", "blt", "bge", "bltu", "bgeu"]);
        self.push(format!("{branch} {a}, {b}, {otherwise}"));
        self.body(depth + 1, 2);
        self.push(format!("j {end}"));
        self.push(format!("{otherwise}:"));
        self.body(depth + 1, 2);
        self.push(format!("{end}:"));
    }

    /// A call of a function behind this one, in one of the ways in which calls are written.
    fn call(&mut self) {
        if self.function == self.functions {
            return self.straight();
        }
        let behind = self.functions - self.function;
        let name = format!("f{}", self.function + 1 + self.random.below(behind));
        match self.random.below(6) {
            0 => {
                self.push(format!("auipc ra, %pcrel_hi({name})"));
                self.push(format!("jalr ra, %pcrel_lo({name})(ra)"));
            }
            1 => {
                self.push(format!("auipc t2, %pcrel_hi({name})"));
                self.push(format!("jalr ra, %pcrel_lo({name})(t2)"));
            }
            2 => {
                self.push(format!("lui ra, %hi({name})"));
                self.push(format!("jalr ra, %lo({name})(ra)"));
            }
            3 => {
                self.push(format!("la ra, {name}"));
                self.push("jalr ra, 0(ra)");
            }
            _ => self.push(format!("call {name}")),
        }
    }

    /// A jump by a table.
    fn table(&mut self) {
        let (table, end) = (self.label(), self.label());
        let labels: Vec<String> = (0..4).map(|_| self.label()).collect();
        let value = self.value();
        self.push(format!("andi t5, {value}, 3"));
        self.push("slli t5, t5, 3");
        self.push(format!("la t6, {table}"));
        self.push("add t6, t6, t5");
        self.push("ld t6, 0(t6)");
        self.push("jr t6");
        for label in &labels {
            self.push(format!("{label}:"));
            let line = self.arithmetic();
            self.push(line);
            if !self.random.one_in(4) {
                self.push(format!("j {end}"));
            }
        }
        self.push(format!("{end}:"));
        self.tables.push((table, labels));
    }

    /// Code that comes at run time, to a page of its own, and a call of it: now and then into the
    /// middle, not at all, or to where no code can go.
    fn load_code(&mut self) {
        let piece = self.label();
        let lines = std::mem::take(&mut self.source.lines);
        let turn = self.random.one_in(2).then(|| self.label());
        if let Some(turn) = &turn {
            self.push("li s8, 3");
            self.push(format!("{turn}:"));
        }
        for _ in 0..self.random.between(1, 3) {
            match self.random.below(3) {
                0 => self.straight(),
                1 => self.fused(),
                _ => self.memory(),
            }
        }
        if let Some(turn) = &turn {
            self.push("addi s8, s8, -1");
            self.push(format!("bnez s8, {turn}"));
        }
        self.push("ret");
        let code = std::mem::replace(&mut self.source.lines, lines);
        self.pieces.push((piece.clone(), code));
        let end = self.source.setup.memory_size as u64;
        let page = match self.random.below(16) {
            0 => 0x1_0000,
            1 => 0x3_0004,
            2 => end - 0x1000,
            3 => end,
            _ => (0x24 + self.random.below(0x18)) << 12,
        };
        let size = self.random.pick(&[0x1000, 0x1000, 0x1000, 0x2000, 0x800]);
        let start = page + self.random.pick(&[0, 0, 0, 0, 0, 2, 4]);
        self.push(format!("li a0, {page:#x}"));
        self.push(format!("li a1, {size:#x}"));
        self.push(format!("la a2, {piece}"));
        self.push("li a3, 0x1000");
        self.push("li a7, 2091");
        self.push("ecall");
        if !self.random.one_in(8) {
            self.push(format!("li t6, {start:#x}"));
            self.push("jalr ra, 0(t6)");
        }
    }

    /// Numbers, built as compilers build them.
    fn constants(&mut self) {
        for _ in 0..self.random.between(1, 4) {
            let (value, word) = (self.value(), pick_word(self.random));
            self.push(format!("li {value}, {word:#x}"));
        }
    }

    /// Bytes that are no code, jumped over.
    fn jump_over(&mut self) {
        let label = self.label();
        self.push(format!("j {label}"));
        for _ in 0..self.random.below(3) {
            let word = self.random.below(1 << 32);
            self.push(format!(".word {word:#010x}"));
        }
        self.push(format!("{label}:"));
    }

    /// Something that fails, or that looks as if.
    fn fault(&mut self) {
        let lines: &[&str] = self.random.pick(&[
            &["li t5, -8", "ld t5, 0(t5)"],
            &["la t5, 0x10000", "sw t5, 0(t5)"],
            &["la t5, 0x20000", "jr t5"],
            &["li t5, -2", "jr t5"],
            &[".word 0xffffffff"],
            &[".half 0x0000"],
            &["ebreak"],
            &["fence"],
            &["li a7, 77", "ecall"],
            &["la a0, 0x20000", "li a7, 2177", "ecall"],
            &["sd zero, 0(sp)", "sd sp, -8(sp)"],
        ]);
        for line in lines {
            self.push(*line);
        }
    }
}
