//! Fusion as a property: every pattern, with every aliasing of its registers, in mixed lengths,
//! entered at its head, in its middle, or from above, on the assembly machine, our interpreter and
//! our native code.
//!
//! That the decoders agree is tested in `isa.rs`; here it is that what they decoded costs and does
//! the same wherever control comes from. Many instances make one program: each loads its registers,
//! is entered, and saves them. The programs stop on the way too, so that the cycles of each part count
//! and not only their sum.
//!
//! `LOCKSTEP_FUSION_ROUNDS` asks for more than one way in and mix of lengths for each instance.

use lockstep_isa::fuse::{Operand, SEQUENCES, Sequence};
use lockstep_isa::{Cost, Op, Version};
use lockstep_test_support::asm::assemble;
use lockstep_test_support::check;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::random::{EDGES, Random};

/// `x0`, `ra`, and three that every compressed form can name.
const REGISTERS: [&str; 5] = ["zero", "ra", "a0", "a1", "a2"];
/// Instances of one program.
const INSTANCES: usize = 400;
/// No program runs longer.
const PLENTY: u64 = 10_000_000;
/// Stops of a program on the way.
const STOPS: u64 = 12;

/// A pattern with registers in it, a line an instruction.
type Instance = Vec<String>;

fn variables(sequence: &Sequence) -> u32 {
    let of = |t: &lockstep_isa::fuse::Template| [t.1 as u32, t.2 as u32, t.3.var() as u32];
    1 + sequence.templates.iter().flat_map(of).max().unwrap_or(0)
}

/// Every choice of registers for the variables of every pattern.
fn sequences(random: &mut Random) -> Vec<Instance> {
    let mut all = Vec::new();
    for sequence in SEQUENCES {
        let count = REGISTERS.len().pow(variables(sequence));
        for number in 0..count {
            let register =
                |var: usize| REGISTERS[number / REGISTERS.len().pow(var as u32) % REGISTERS.len()];
            let line = |t: &lockstep_isa::fuse::Template| {
                let second = match t.3 {
                    // Whatever it names.
                    Operand::Unchecked(_) if random.one_in(2) => random.pick(&REGISTERS),
                    operand => register(operand.var() as usize),
                };
                let (rd, first) = (register(t.1 as usize), register(t.2 as usize));
                format!("{} {rd}, {first}, {second}", t.0.mnemonic())
            };
            all.push(sequence.templates.iter().map(line).collect());
        }
    }
    all
}

/// Pairs with immediates: constants at the edges of their sums, and jumps to the next line.
fn pairs(version: Version) -> Vec<Instance> {
    let mut all = Vec::new();
    for first in ["lui", "auipc"] {
        for second in [Op::Addiw, Op::Addi, Op::Xori] {
            for upper in [0, 1, 0x7_ffff, 0x8_0000, 0xf_ffff] {
                for lower in [-2048, -1, 0, 1, 2047] {
                    for [rd, rs, to] in [
                        ["a0"; 3],
                        ["a0", "a0", "a1"],
                        ["a0", "a1", "a0"],
                        ["zero"; 3],
                    ] {
                        all.push(vec![
                            format!("{first} {rd}, {upper:#x}"),
                            format!("{} {to}, {rs}, {lower}", second.mnemonic()),
                        ]);
                    }
                }
            }
        }
    }
    // Through `x0` only what is fused gets anywhere.
    let through = if version == Version::V1 {
        &["ra", "a0", "zero"][..]
    } else {
        &["ra", "a0"]
    };
    for (register, link) in through
        .iter()
        .flat_map(|r| ["ra", "zero", "a1"].map(|link| (r, link)))
    {
        if *register == "zero" && link != "ra" {
            continue;
        }
        all.push(vec![
            format!("lui {register}, %hi(behind)"),
            format!("jalr {link}, %lo(behind)({register})"),
        ]);
        all.push(vec![
            format!("auipc {register}, 0"),
            format!("jalr {link}, 8({register})"),
        ]);
    }
    all
}

/// The 16-bit form, where there is one.
fn shorten(line: &str) -> Option<String> {
    let words: Vec<&str> = line
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .collect();
    let [op, rd, rs1, rs2] = words[..] else {
        return None;
    };
    let popular = |register: &str| register.starts_with('a');
    match op {
        "add" if rd != "zero" && rs2 != "zero" && rd == rs1 => Some(format!("c.add {rd}, {rs2}")),
        "add" if rd != "zero" && rs2 != "zero" && rs1 == "zero" => {
            Some(format!("c.mv {rd}, {rs2}"))
        }
        "or" | "sub" if rd == rs1 && popular(rd) && popular(rs2) => {
            Some(format!("c.{op} {rd}, {rs2}"))
        }
        _ => None,
    }
}

/// Where control enters an instance.
#[derive(Clone, Copy)]
enum Way {
    /// From the line above.
    Above,
    /// By a jump to this line.
    At(usize),
}

/// Adds an instance to a program: loads, entry, lines, saves.
fn write(
    number: usize,
    instance: &Instance,
    way: Way,
    random: &mut Random,
    lines: &mut Vec<String>,
) {
    for (place, register) in REGISTERS.iter().enumerate().skip(1) {
        let offset = 8 * random.below(200);
        lines.push(format!("ld {register}, {offset}(s0)  # {place}"));
    }
    if let Way::At(line) = way {
        lines.push(format!("j i{number}l{line}"));
    }
    // A jump's distance is that of the long form.
    let is_jump = instance.last().is_some_and(|line| line.starts_with("jalr"));
    for (place, line) in instance.iter().enumerate() {
        lines.push(format!("i{number}l{place}:"));
        let short = shorten(line).filter(|_| !is_jump && random.one_in(2));
        let line = short.unwrap_or_else(|| line.clone());
        lines.push(line.replace("behind", &format!("i{number}behind")));
    }
    lines.push(format!("i{number}behind:"));
    for (place, register) in REGISTERS.iter().enumerate().skip(1) {
        lines.push(format!("sd {register}, {}(s1)", 8 * place - 8));
    }
    lines.push("addi s1, s1, 32".to_string());
}

fn program(instances: &[(Instance, Way)], random: &mut Random) -> Program {
    // The pages of results are made dirty first, and the rest is a function: a side exit in straight
    // code leaves much of it to the interpreter.
    let opening = "li s0, 0x200000
        li s1, 0x210000
        li s3, 0x214000
    touch:
        addi s3, s3, -2048
        sd zero, 0(s3)
        bne s3, s1, touch
        call begin
    begin:";
    let mut lines: Vec<String> = opening.lines().map(str::to_string).collect();
    for (number, (instance, way)) in instances.iter().enumerate() {
        write(number, instance, *way, random, &mut lines);
    }
    lines.extend(["exit", ".data 0x200000"].map(str::to_string));
    for _ in 0..200 {
        let word = match random.below(3) {
            0 => random.next(),
            1 => random.pick(&EDGES),
            _ => random.pick(&EDGES).wrapping_neg(),
        };
        lines.push(format!(".dword {word:#x}"));
    }
    let source = lines.join("\n");
    let elf = assemble(&source)
        .unwrap_or_else(|error| panic!("{error}"))
        .elf();
    Program {
        name: "fusion".to_string(),
        elf,
        ..Program::default()
    }
}

/// Runs some instances in one program: whole, and with stops.
fn run(instances: &[(Instance, Way)], setup: &Setup, seed: u64) -> Result<f64, String> {
    let mut random = Random::new(seed);
    let program = program(instances, &mut random);
    let modules = Modules::new();
    let whole = check(&program, setup, &[PLENTY], &modules)?;
    let cycles = whole.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    if !whole.verdict().is_exit() {
        return Err(format!("ends with {}", whole.verdict()));
    }
    let mut limits: Vec<u64> = (0..STOPS).map(|_| random.below(cycles)).collect();
    limits.sort_unstable();
    limits.push(PLENTY);
    check(&program, setup, &limits, &modules)?;
    Ok(whole.native_cycles() as f64 / cycles as f64)
}

/// The instance that makes the difference, for the report.
fn blame(instances: &[(Instance, Way)], setup: &Setup, seed: u64, whole: &str) -> String {
    let alone = instances.iter().find_map(|one| {
        let error = run(std::slice::from_ref(one), setup, seed).err()?;
        Some(format!("{}\n{error}", one.0.join("\n")))
    });
    alone.unwrap_or_else(|| format!("only together: {whole}"))
}

#[test]
fn every_pattern_in_every_way_on_every_engine() {
    let rounds = match std::env::var("LOCKSTEP_FUSION_ROUNDS") {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => 1,
    };
    let (mut count, mut native) = (0, Vec::new());
    for version in [Version::V1, Version::V2] {
        for round in 0..rounds {
            let mut random = Random::new(round);
            let mut all = sequences(&mut random);
            all.extend(pairs(version));
            let ways = |(number, instance): (usize, Instance)| {
                // All of them in turn.
                let way = match (number + round as usize) % (instance.len() + 1) {
                    0 => Way::Above,
                    place => Way::At(place - 1),
                };
                // Into the middle of a jump is a jump to anywhere.
                let is_jump = instance.last().is_some_and(|line| line.starts_with("jalr"));
                let way = if is_jump { Way::At(0) } else { way };
                (instance, way)
            };
            let all: Vec<(Instance, Way)> = all.into_iter().enumerate().map(ways).collect();
            let mut setup = Setup::ckb(version);
            setup.cost = if round % 2 == 0 {
                Cost::Estimate
            } else {
                Cost::Constant
            };
            for (number, part) in all.chunks(INSTANCES).enumerate() {
                let seed = round * 1000 + number as u64;
                match run(part, &setup, seed) {
                    Ok(share) => native.push(share),
                    Err(error) => panic!("{version:?}: {}", blame(part, &setup, seed, &error)),
                }
                count += part.len();
            }
        }
    }
    let share = native.iter().sum::<f64>() / native.len() as f64;
    println!("{count} instances, {:.2} % native", 100.0 * share);
    assert!(share > 0.9, "hardly anything ran natively: {share}");
}
