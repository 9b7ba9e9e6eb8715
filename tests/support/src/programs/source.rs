//! A random program as text, and what its generators share: the machine, registers, addresses.

use std::fmt;

use crate::asm::{Assembly, assemble};
use crate::program::{SMALL_MEMORY, Setup};
use crate::random::{EDGES, Random};
use lockstep_isa::decode::decode_bits;
use lockstep_isa::table::Ext;
use lockstep_isa::{Cost, Op, Profile, Reg, Xlen};

use crate::programs::start::Entry;

/// A program, a line a line.
#[derive(Clone)]
pub struct Source {
    /// Assembly for `common::asm`.
    pub lines: Vec<String>,
    /// The machine to run it on.
    pub setup: Setup,
    /// Registers at the start.
    pub registers: Vec<(usize, u64)>,
    /// How it gets there.
    pub entry: Entry,
}

/// Where data begins: a page that the program brings along.
pub const DATA: u64 = 0x2_0000;
/// Where read-only data begins.
pub const RODATA: u64 = 0x1_8000;

impl Source {
    /// An empty program for a machine of this kind.
    pub fn new(random: &mut Random, profile: Profile, entry: Entry) -> Source {
        Source {
            lines: Vec::new(),
            setup: Setup {
                profile,
                cost: random.pick(&[Cost::Estimate, Cost::Estimate, Cost::Constant]),
                memory_size: SMALL_MEMORY * random.pick(&[1, 1, 2]),
            },
            registers: Vec::new(),
            entry,
        }
    }

    /// Where its text begins: where linkers put it, or at any page with room behind it for 32 KiB
    /// when there is no file that says.
    pub fn pick_text(&self, random: &mut Random) -> u64 {
        const ROOM: u64 = 0x8000;
        match self.entry {
            Entry::File | Entry::Resumed => 0x1_0000,
            Entry::Pages if random.one_in(2) => random.below(((RODATA - ROOM) >> 12) + 1) << 12,
            Entry::Pages => {
                let (first, end) = (DATA + 0x4000, self.setup.memory_size as u64 - ROOM);
                first + (random.below((end - first) >> 12) << 12)
            }
        }
    }

    /// The program to run, or why the text is none.
    pub fn assembly(&self) -> Result<Assembly, String> {
        assemble(&self.lines.join("\n"))
    }

    /// Adds a line.
    pub fn push(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// An operation that the machine knows and that an encoding exists for.
    pub fn pick_op(&self, random: &mut Random) -> Op {
        let extensions = self.setup.profile.extensions;
        loop {
            let op = random.pick(Op::ALL);
            let known = match op.row().ext {
                Ext::I | Ext::M => op != Op::JalrLinkFirst,
                Ext::A => extensions.a,
                Ext::Mop => false,
                _ => extensions.b,
            };
            if known {
                return op;
            }
        }
    }

    /// An address at which something may go wrong; `safe` ones can be written for 64 bytes on
    /// either side.
    pub fn pick_address(&self, random: &mut Random, safe: bool) -> u64 {
        let end = self.setup.memory_size as u64;
        let stack = end - end / 4;
        let near = random.between(-9, 9) as u64;
        if safe {
            let pages = [
                DATA + 0x80,
                DATA + 0x1000,
                DATA + 0x3000,
                stack,
                end - 0x1000,
                end - 0x80,
            ];
            return random.pick(&pages).wrapping_add(near);
        }
        let edges = [
            0,
            0x1_0000,
            0x1_1000,
            RODATA,
            DATA,
            end,
            end - 8,
            0x4_0000,
            1 << 32,
            u64::MAX - 7,
        ];
        random.pick(&edges).wrapping_add(near)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Profile {
            version,
            extensions,
            ..
        } = self.setup.profile;
        let names = [
            (extensions.b, ",b"),
            (extensions.mop, ",mop"),
            (extensions.a, ",a"),
        ];
        let isa: String = names
            .iter()
            .map(|(on, name)| if *on { *name } else { "" })
            .collect();
        writeln!(f, "#: versions = {}", version.number())?;
        if self.setup.profile.xlen == Xlen::X32 {
            writeln!(f, "#: xlen = 32")?;
        }
        writeln!(f, "#: isa = imc{isa}")?;
        writeln!(
            f,
            "#: cost = {}",
            if self.setup.cost == Cost::Constant {
                "constant"
            } else {
                "estimate"
            }
        )?;
        writeln!(f, "#: memory = {:#x}", self.setup.memory_size)?;
        if self.entry != Entry::File {
            writeln!(f, "# entered through {}", self.entry.name())?;
        }
        for (register, value) in &self.registers {
            writeln!(f, "#: set {} = {value:#x}", Reg::new(*register as u32))?;
        }
        for line in &self.lines {
            match self.decoded(line) {
                Some(inst) => writeln!(f, "{line:30} # {inst}")?,
                None => writeln!(f, "{line}")?,
            }
        }
        Ok(())
    }
}

impl Source {
    /// What a word that is written as a number means.
    fn decoded(&self, line: &str) -> Option<String> {
        let number = line
            .trim()
            .strip_prefix(".word 0x")
            .or_else(|| line.trim().strip_prefix(".half 0x"))?;
        let bits = u32::from_str_radix(number, 16).ok()?;
        decode_bits(bits, self.setup.profile).map(|inst| inst.to_string())
    }
}

/// A word from the edges, or any.
pub fn pick_word(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.next(),
        1 => random.pick(&EDGES).wrapping_neg(),
        _ => random.pick(&EDGES),
    }
}
