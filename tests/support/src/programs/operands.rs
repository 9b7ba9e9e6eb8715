//! Tier 2: valid instructions, edge operands, edge addresses, and branches within reach.

use crate::programs::source::{Source, pick_word};
use crate::random::Random;
use lockstep_isa::table::Format;
use lockstep_isa::{Effect, Op, Profile};

use crate::programs::start::Entry;

/// What is computed with. Few, so that instructions depend on each other.
pub const VALUES: [&str; 12] = [
    "a0", "a1", "a2", "a3", "a4", "a5", "t0", "t1", "s2", "ra", "zero", "a6",
];
/// What holds addresses.
const POINTERS: [&str; 5] = ["s0", "s1", "t3", "t4", "sp"];
/// The numbers of those.
const POINTER_NUMBERS: [usize; 5] = [8, 9, 28, 29, 2];
/// Of both, what 16-bit instructions can name.
const POPULAR: [&str; 6] = ["a0", "a1", "a2", "a3", "a4", "a5"];

/// A program of instructions that are what they seem.
pub fn generate(random: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut source = Source::new(random, profile, entry);
    set_registers(&mut source, random);
    let text = source.pick_text(random);
    source.push(format!(".text {text:#x}"));
    let count = random.between(2, 90);
    for number in 0..count {
        source.push(format!("l{number}:"));
        let line = if random.one_in(3) {
            compressed(random, number, count)
        } else {
            let op = source.pick_op(random);
            plain(op, random, number, count)
        };
        source.push(line);
    }
    source.push(format!("l{count}:"));
    source.push("exit");
    source.push(".data 0x20000");
    for _ in 0..8 {
        source.push(format!(".dword {:#x}", pick_word(random)));
    }
    source.push(".zero 0x1fc0");
    source.push(".rodata 0x18000");
    source.push(".dword 0x0123456789abcdef, l0, l1");
    source
}

/// Values and addresses to begin with.
pub fn set_registers(source: &mut Source, random: &mut Random) {
    for register in [1, 5, 6, 10, 11, 12, 13, 14, 15, 16, 18] {
        source.registers.push((register, pick_word(random)));
    }
    for register in POINTER_NUMBERS {
        let safe = !random.one_in(6);
        let address = source.pick_address(random, safe);
        source.registers.push((register, address));
    }
}

/// A label not far away, mostly ahead.
fn pick_target(random: &mut Random, number: i64, count: i64) -> String {
    let distance = if random.one_in(6) {
        random.between(-8, 0)
    } else {
        random.between(1, 12)
    };
    format!("l{}", (number + distance).clamp(0, count))
}

/// A register to be written: an address now and then.
fn pick_destination(random: &mut Random) -> &'static str {
    if random.one_in(25) {
        random.pick(&POINTERS)
    } else {
        random.pick(&VALUES)
    }
}

fn pick_immediate(random: &mut Random) -> i64 {
    match random.below(4) {
        0 => random.pick(&[-2048, 2047, -1, 0, 1, 255, -256]),
        1 => random.between(-2048, 2047),
        _ => random.between(-16, 16),
    }
}

/// An instruction of the table.
pub fn plain(op: Op, random: &mut Random, number: i64, count: i64) -> String {
    let row = op.row();
    let name = row.mnemonic;
    let rd = pick_destination(random);
    let (a, b) = (random.pick(&VALUES), random.pick(&VALUES));
    let base = random.pick(&POINTERS);
    let near = random.between(-24, 24);
    match row.format {
        Format::R => format!("{name} {rd}, {a}, {b}"),
        Format::Unary => format!("{name} {rd}, {a}"),
        Format::I => format!("{name} {rd}, {a}, {}", pick_immediate(random)),
        Format::Shift5 => format!("{name} {rd}, {a}, {}", random.below(32)),
        Format::Shift6 => format!("{name} {rd}, {a}, {}", random.below(64)),
        Format::Load => format!("{name} {rd}, {near}({base})"),
        Format::Store => format!("{name} {a}, {near}({base})"),
        Format::Branch => format!("{name} {a}, {b}, {}", pick_target(random, number, count)),
        Format::Upper => format!("{name} {rd}, {:#x}", random.next() & 0xf_ffff),
        Format::Jal => format!("{name} {rd}, {}", pick_target(random, number, count)),
        // Anywhere, mostly: the pointers name data.
        Format::Jalr if random.one_in(8) => format!("{name} {rd}, {near}({a})"),
        Format::Jalr => format!("jal ra, {}", pick_target(random, number, count)),
        Format::Atomic => format!("{name} {rd}, {a}, ({base})"),
        Format::LoadReserved => format!("{name} {rd}, ({base})"),
        Format::Bare if op.effect() == Effect::Ecall => "nop".to_string(),
        Format::Bare | Format::Fence => name.to_string(),
        _ => "nop".to_string(),
    }
}

/// A 16-bit instruction.
pub fn compressed(random: &mut Random, number: i64, count: i64) -> String {
    let (rd, rs) = (random.pick(&POPULAR), random.pick(&POPULAR));
    let base = random.pick(&["s0", "s1"]);
    let target = pick_target(random, number, count);
    let immediate = random.between(-32, 31);
    match random.below(18) {
        0 => format!("c.addi {rd}, {}", immediate | 1),
        1 => format!("c.addiw {rd}, {immediate}"),
        2 => format!("c.li {rd}, {immediate}"),
        3 => format!("c.lui {rd}, {}", immediate | 1),
        4 => format!("c.slli {rd}, {}", random.between(1, 63)),
        5 => format!(
            "{} {rd}, {}",
            random.pick(&["c.srli", "c.srai"]),
            random.below(64)
        ),
        6 => format!("c.andi {rd}, {immediate}"),
        7 => format!("c.mv {rd}, {rs}"),
        8 => format!("c.add {rd}, {rs}"),
        9 => {
            let names = ["c.sub", "c.xor", "c.or", "c.and", "c.subw", "c.addw"];
            format!("{} {rd}, {rs}", random.pick(&names))
        }
        10 => format!(
            "{} {rd}, {}({base})",
            random.pick(&["c.lw", "c.sw"]),
            4 * random.below(8)
        ),
        11 => format!(
            "{} {rd}, {}({base})",
            random.pick(&["c.ld", "c.sd"]),
            8 * random.below(8)
        ),
        12 => format!(
            "{} {rd}, {}(sp)",
            random.pick(&["c.lwsp", "c.swsp"]),
            4 * random.below(8)
        ),
        13 => format!(
            "{} {rd}, {}(sp)",
            random.pick(&["c.ldsp", "c.sdsp"]),
            8 * random.below(8)
        ),
        14 => format!("{} {rd}, {target}", random.pick(&["c.beqz", "c.bnez"])),
        15 => format!("c.j {target}"),
        16 => format!("c.addi4spn {rd}, sp, {}", 4 * random.between(1, 20)),
        _ => "c.nop".to_string(),
    }
}
