//! Every instruction over a grid of operands: a program for each, a loop over a table of word pairs,
//! with the results written side by side.
//!
//! Per instruction: the boundary words against each other and random pairs, with destinations and
//! sources equal in every way, `x0` everywhere, and immediates at their ends. What Spike refuses and
//! this machine allows (misaligned atomics) is left out.

use lockstep_isa::compressed::expand;
use lockstep_isa::table::Format;
use lockstep_isa::{Effect, Inst, Op, Profile, Reg};

use lockstep_test_support::random::{EDGES, Random};

/// The table of operands.
const TABLE: u64 = 0x20_0000;
/// Where results go.
const RESULTS: u64 = 0x28_0000;
/// Memory for loads, stores and atomics.
const BUFFER: u64 = 0x1f_0000;
/// Results of a program, about.
const PER_PROGRAM: usize = 20_000;

/// A program for an operation, or none where there is nothing to compute.
pub(crate) fn program(op: Op) -> Option<String> {
    let variants = variants(op)?;
    let stores: usize = variants.iter().map(|v| v.matches(STORE).count()).sum();
    let rows = (PER_PROGRAM / stores.max(1)).clamp(300, 4000);
    let mut random = Random::new(op as u64);
    let table: Vec<String> = pairs(rows, &mut random)
        .map(|[a, b]| format!(".dword {a:#x}, {b:#x}"))
        .collect();
    Some(format!(
        "
    la s0, table
    li s1, {RESULTS}
    li s3, {BUFFER}
    li s4, {rows}
loop:
{body}
    addi s0, s0, 16
    addi s4, s4, -1
    beqz s4, done
    j loop
done:
    exit
.data {TABLE:#x}
table:
{table}
",
        body = variants.join("\n"),
        table = table.join("\n"),
    ))
}

/// All edges against each other as far as there is room, then random words with edges among them.
fn pairs(rows: usize, random: &mut Random) -> impl Iterator<Item = [u64; 2]> {
    let edges = EDGES.len();
    (0..rows).map(move |row| match row < edges * edges {
        true => [EDGES[row / edges], EDGES[row % edges]],
        false => [any(random), any(random)],
    })
}

fn any(random: &mut Random) -> u64 {
    match random.below(4) {
        0 => random.pick(&EDGES).wrapping_neg(),
        1 => random.next() >> random.below(64),
        _ => random.next(),
    }
}

/// Begins what saves a result.
const STORE: &str = "sd ";

/// Saves a register.
fn save(register: &str) -> String {
    format!("{STORE}{register}, 0(s1)\n addi s1, s1, 8")
}

/// Both operands, and something in the destination.
const LOAD: &str = "ld a1, 0(s0)\n ld a2, 8(s0)\n xor a0, a1, a2";

/// Pieces of code that each execute the operation once.
fn variants(op: Op) -> Option<Vec<String>> {
    let name = op.mnemonic();
    let plain = |line: String| format!("{LOAD}\n {line}\n {}", save("a0"));
    let wide: Vec<String> = match op.row().format {
        Format::R => vec![
            plain(format!("{name} a0, a1, a2")),
            plain(format!("mv a0, a1\n {name} a0, a0, a2")),
            plain(format!("mv a0, a2\n {name} a0, a1, a0")),
            plain(format!("mv a0, a1\n {name} a0, a0, a0")),
            plain(format!("{name} a0, zero, a2")),
            plain(format!("{name} a0, a1, zero")),
            plain(format!("{name} zero, a1, a2\n mv a0, zero")),
        ],
        Format::Unary => vec![
            plain(format!("{name} a0, a1")),
            plain(format!("mv a0, a1\n {name} a0, a0")),
            plain(format!("{name} a0, zero")),
            plain(format!("{name} zero, a1\n mv a0, zero")),
        ],
        Format::I => [-2048, -1365, -1, 0, 1, 7, 1365, 2047]
            .iter()
            .map(|imm| plain(format!("{name} a0, a1, {imm}")))
            .collect(),
        Format::Shift5 => (0..32)
            .map(|n| plain(format!("{name} a0, a1, {n}")))
            .collect(),
        Format::Shift6 => (0..64)
            .map(|n| plain(format!("{name} a0, a1, {n}")))
            .collect(),
        Format::Upper => [0, 1, 0x7_ffff, 0x8_0000, 0xf_ffff, 0x1_2345]
            .iter()
            .map(|imm| plain(format!("{name} a0, {imm:#x}")))
            .collect(),
        Format::Load => [-2048, -3, 0, 5, 2047]
            .iter()
            .map(|imm| load(name, *imm))
            .collect(),
        Format::Store => [-2048, -3, 0, 5, 2047]
            .iter()
            .map(|imm| store(name, *imm))
            .collect(),
        Format::Branch => branches(name),
        Format::Jal => vec![
            plain(format!("{name} a0, there1\n mv a0, zero\nthere1:")),
            plain(format!("{name} zero, there2\n mv a0, zero\nthere2:")),
        ],
        Format::Jalr if op == Op::Jalr => vec![
            plain(format!(
                "la a3, there3\n andi a4, a1, 1\n add a3, a3, a4\n {name} a0, 0(a3)\n mv a0, zero\nthere3:"
            )),
            plain(format!(
                "la a0, there4+2047\n {name} a0, -2047(a0)\n mv a0, zero\nthere4:"
            )),
            plain(format!(
                "la a3, there5-2046\n {name} zero, 2047(a3)\n mv a0, zero\nthere5:"
            )),
        ],
        Format::Atomic => atomic(op),
        Format::LoadReserved => vec![atomic_at(name, "", "a0, (a3)", op)],
        Format::Fence => vec![plain(name.to_string())],
        Format::Bare if op.effect() != Effect::Ecall => vec![plain(name.to_string())],
        _ => return None,
    };
    Some(wide)
}

/// Both operands stand in memory, and the address is anywhere in them.
fn load(name: &str, imm: i64) -> String {
    format!(
        "{LOAD}\n sd a1, 0(s3)\n sd a2, 8(s3)\n andi a3, a1, 7\n add a3, a3, s3\n li a4, {imm}\n \
         sub a3, a3, a4\n {name} a0, {imm}(a3)\n {}\n {name} a3, {imm}(a3)\n {}",
        save("a0"),
        save("a3"),
    )
}

/// One operand stands in memory, the other is stored to anywhere in it.
fn store(name: &str, imm: i64) -> String {
    format!(
        "{LOAD}\n sd a1, 0(s3)\n sd a1, 8(s3)\n andi a3, a1, 7\n add a3, a3, s3\n li a4, {imm}\n \
         sub a3, a3, a4\n {name} a2, {imm}(a3)\n ld a0, 0(s3)\n ld a4, 8(s3)\n {}\n {}",
        save("a0"),
        save("a4"),
    )
}

fn branches(name: &str) -> Vec<String> {
    let operands = [("a1", "a2"), ("a1", "a1"), ("zero", "a2"), ("a1", "zero")];
    let branch = |(n, (a, b)): (usize, &(&str, &str))| {
        let skip = format!("li a0, 1\n {name} {a}, {b}, taken{n}\n li a0, 2\ntaken{n}:");
        format!("{LOAD}\n {skip}\n {}", save("a0"))
    };
    operands.iter().enumerate().map(branch).collect()
}

fn atomic(op: Op) -> Vec<String> {
    let name = op.mnemonic();
    // Success, another address, and none at all.
    let reservations: &[&str] = match op {
        Op::ScW => &[
            "lr.w a4, (a3)",
            "lr.w a4, (s5)",
            "sc.w a4, a2, (a3)",
            "lr.d a4, (s3)",
        ],
        Op::ScD => &[
            "lr.d a4, (a3)",
            "lr.d a4, (s5)",
            "sc.d a4, a2, (a3)",
            "lr.w a4, (a3)",
        ],
        _ => &[""],
    };
    let operands = [
        "a0, a2, (a3)",
        "a2, a2, (a3)",
        "a3, a2, (a3)",
        "a0, zero, (a3)",
        "zero, a2, (a3)",
    ];
    let each = |before: &&str| operands.map(|operands| atomic_at(name, before, operands, op));
    reservations.iter().flat_map(each).collect()
}

/// Aligned, as Spike wants it: at the first word, or for words at any of four.
fn atomic_at(name: &str, before: &str, operands: &str, op: Op) -> String {
    let mask = if name.ends_with(".w") { 12 } else { 8 };
    // After an SC in place of an LR the memory is that SC's.
    let again = if op == Op::ScW || op == Op::ScD {
        "sd a1, 0(s3)\n sd a1, 8(s3)"
    } else {
        ""
    };
    format!(
        "{LOAD}\n sd a1, 0(s3)\n sd a1, 8(s3)\n andi a3, a1, {mask}\n add a3, a3, s3\n addi s5, s3, 16\n \
         {before}\n {again}\n {name} {operands}\n ld a4, 0(s3)\n ld a5, 8(s3)\n {}\n {}\n {}\n {}",
        save("a0"),
        save("a2"),
        save("a4"),
        save("a5"),
    )
}

/// All 16-bit instructions that only compute, each with edges in the registers that it names.
/// A program for every few thousand of them.
pub(crate) fn compressed(profile: Profile) -> Vec<String> {
    let mut random = Random::new(16);
    let mut pieces = Vec::new();
    for bits in 0..=u16::MAX {
        let Some(inst) = expand(bits, profile) else {
            continue;
        };
        let computes = matches!(
            inst.op.row().format,
            Format::R | Format::I | Format::Shift5 | Format::Shift6 | Format::Upper
        );
        if computes && inst.op.effect() == Effect::Next {
            pieces.push(piece(bits, &inst, &mut random));
        }
    }
    assert!(pieces.len() > 16_000, "{}", pieces.len());
    let whole = |pieces: &[String]| {
        let table: Vec<String> = (0..256)
            .map(|_| format!(".dword {:#x}", any(&mut random)))
            .collect();
        format!(
            "j start\n.align 4\nstart:\n{}\n exit\n.data {TABLE:#x}\n{}",
            pieces.join("\n"),
            table.join("\n")
        )
    };
    pieces.chunks(4000).map(whole).collect()
}

/// Loads what the instruction reads, executes it, and saves what it writes.
fn piece(bits: u16, inst: &Inst, random: &mut Random) -> String {
    let named = [inst.rd, inst.rs1, inst.rs2];
    let base = [31, 30, 29, 28].map(Reg::new);
    let free = |reg: &&Reg| !named.contains(reg);
    let base = base
        .iter()
        .find(free)
        .expect("an instruction names three registers at most");
    let mut lines = vec![format!("lui {base}, {:#x}", TABLE >> 12)];
    for reg in named.iter().filter(|reg| **reg != Reg::ZERO) {
        lines.push(format!("ld {reg}, {}({base})", 8 * random.below(255)));
    }
    lines.push(format!(".half {bits:#x}"));
    let at = RESULTS + 8 * u64::from(bits);
    lines.push(format!("lui {base}, %hi({at:#x})"));
    lines.push(format!("sd {}, %lo({at:#x})({base})", inst.rd));
    lines.join("\n ")
}
