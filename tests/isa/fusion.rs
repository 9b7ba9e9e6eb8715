//! Fusion: every pattern, with all aliasings of its registers, mixed lengths, and near misses.

use std::collections::HashMap;

use lockstep_isa::compressed::expand;
use lockstep_isa::encode::encode;
use lockstep_isa::fuse::{PAIRS, SEQUENCES, Sequence};
use lockstep_isa::{Inst, Op, Profile, Reg, Version};

use super::common::{Pair, WIDTHS, profile};
use lockstep_test_support::random::Random;

/// `x0`, `ra`, and registers that most compressed instructions can name.
const REGS: [u32; 6] = [0, 1, 8, 9, 10, 11];

const PC: u64 = 0x1_0000;

fn fusing() -> impl Iterator<Item = Profile> {
    let profiles = [Version::V1, Version::V2].map(|version| profile(version, 7));
    let wide = profiles.into_iter();
    wide.flat_map(|profile| WIDTHS.map(|xlen| Profile { xlen, ..profile }))
}

/// Instructions without their lengths, and the shortest that means each.
struct Compressor(HashMap<Inst, u16>);

impl Compressor {
    fn new() -> Compressor {
        let any = profile(Version::V2, 7);
        let expansion = |bits| {
            Some((
                Inst {
                    len: 4,
                    ..expand(bits, any)?
                },
                bits,
            ))
        };
        Compressor((0..=u16::MAX).filter_map(expansion).collect())
    }

    /// Adds the instruction to the code; in two bytes if so wished and possible.
    fn add(&self, inst: &Inst, short: bool, code: &mut Vec<u8>) {
        match self.0.get(inst) {
            Some(bits) if short => code.extend(bits.to_le_bytes()),
            _ => code.extend(encode(inst).expect("a plain instruction").to_le_bytes()),
        }
    }

    /// Code of these instructions, then a word that is no instruction.
    fn code(&self, insts: &[Inst], random: &mut Random) -> Vec<u8> {
        let mut code = Vec::new();
        for inst in insts {
            self.add(inst, random.one_in(2), &mut code);
        }
        code.extend([0; 4]);
        code
    }
}

fn register_inst(op: Op, [rd, rs1, rs2]: [Reg; 3]) -> Inst {
    Inst {
        rd,
        rs1,
        rs2,
        ..Inst::bare(op, 4)
    }
}

/// The sequence with these values for its variables.
fn instance(sequence: &Sequence, values: [Reg; 5]) -> Vec<Inst> {
    let reg = |var| values[var as usize];
    let inst =
        |t: &lockstep_isa::fuse::Template| register_inst(t.0, [reg(t.1), reg(t.2), reg(t.3.var())]);
    sequence.templates.iter().map(inst).collect()
}

/// Every choice of five of the registers.
fn choices() -> impl Iterator<Item = [Reg; 5]> {
    let count = REGS.len().pow(5);
    (0..count).map(|n| {
        let digit = |place: u32| Reg::new(REGS[n / REGS.len().pow(place) % REGS.len()]);
        [0, 1, 2, 3, 4].map(digit)
    })
}

#[test]
fn every_sequence_with_every_aliasing() {
    let compressor = Compressor::new();
    let mut random = Random::new(1);
    for mut pair in fusing().map(Pair::new) {
        let mut fused: HashMap<Op, u32> = HashMap::new();
        for sequence in SEQUENCES {
            for values in choices() {
                let insts = instance(sequence, values);
                let found = pair.check(PC, &compressor.code(&insts, &mut random));
                *fused.entry(found.expect("legal").inst.op).or_default() += 1;
            }
        }
        for sequence in SEQUENCES.iter().filter(|s| (s.rule)(pair.profile.version)) {
            assert!(fused[&sequence.op] > 100, "{:?}", sequence.op);
        }
    }
}

#[test]
fn sequences_with_one_register_or_operation_changed() {
    let compressor = Compressor::new();
    let mut random = Random::new(2);
    for mut pair in fusing().map(Pair::new) {
        for sequence in SEQUENCES {
            for values in choices().step_by(7) {
                let mut insts = instance(sequence, values);
                let place = random.below(insts.len() as u64) as usize;
                let reg = Reg::new(random.pick(&REGS));
                match random.below(4) {
                    0 => insts[place].rd = reg,
                    1 => insts[place].rs1 = reg,
                    2 => insts[place].rs2 = reg,
                    _ => insts[place].op = random.pick(&[Op::Add, Op::Sub, Op::Sltu, Op::Or]),
                }
                pair.check(PC, &compressor.code(&insts, &mut random));
            }
        }
    }
}

/// Look-ahead that meets the end of the code, or something illegal, means no fusion.
#[test]
fn sequences_cut_short() {
    let compressor = Compressor::new();
    let mut random = Random::new(3);
    for mut pair in fusing().map(Pair::new) {
        for sequence in SEQUENCES {
            for values in choices().step_by(311) {
                let code = compressor.code(&instance(sequence, values), &mut random);
                for len in 0..code.len() {
                    for pc in [PC, PC + 0xff6, PC + 0xffe, PC + 0xfff] {
                        pair.check(pc, &code[..len]);
                        let mut broken = code[..len].to_vec();
                        broken.extend([0; 8]);
                        pair.check(pc, &broken);
                    }
                }
            }
        }
    }
}

/// Five instructions drawn from those that occur in patterns, over few registers.
#[test]
fn random_sequences() {
    const OPS: [Op; 12] = [
        Op::Add,
        Op::Add,
        Op::Sltu,
        Op::Sltu,
        Op::Sub,
        Op::Or,
        Op::Mul,
        Op::Mulhu,
        Op::Div,
        Op::Rem,
        Op::Remu,
        Op::Divu,
    ];
    let compressor = Compressor::new();
    let mut random = Random::new(4);
    for mut pair in fusing().map(Pair::new) {
        for _ in 0..400_000 {
            let mut reg = || Reg::new(random.pick(&REGS[1..4]));
            let regs: [[Reg; 3]; 5] = std::array::from_fn(|_| [reg(), reg(), reg()]);
            let insts = regs.map(|regs| register_inst(random.pick(&OPS), regs));
            pair.check(PC, &compressor.code(&insts, &mut random));
        }
    }
}

/// Upper and lower immediates at their edges, every register, every place that matters to sums.
#[test]
fn every_pair_with_immediates() {
    let uppers = [
        0, 1, 0x1_0000, 0x7_fffe, 0x7_ffff, 0x8_0000, 0x8_0001, 0xf_fffe, 0xf_ffff,
    ];
    let lowers = [-2048, -2047, -32, -2, -1, 0, 1, 2, 31, 1024, 2046, 2047];
    let seconds = [Op::Addiw, Op::Addi, Op::Jalr, Op::Ld, Op::Xori];
    let pcs = [
        0,
        2,
        PC,
        0x7fff_f000,
        0x7fff_fff0,
        0x7fff_fffe,
        0x8000_0000,
        0x1_0000_0000,
    ];
    let regs = [0, 1, 8].map(Reg::new);
    let compressor = Compressor::new();
    let mut random = Random::new(5);
    for mut pair in fusing().map(Pair::new) {
        let mut fused: HashMap<Op, u32> = HashMap::new();
        for upper in uppers {
            for first in [Op::Lui, Op::Auipc] {
                for (n, second) in lowers.iter().flat_map(|l| seconds.map(|s| (l, s))) {
                    for ([a, b, c], pc) in triples(regs).flat_map(|t| pcs.map(|pc| (t, pc))) {
                        let head = Inst {
                            rd: a,
                            imm: upper << 12,
                            ..Inst::bare(first, 4)
                        };
                        let tail = Inst {
                            rd: b,
                            rs1: c,
                            imm: *n,
                            ..Inst::bare(second, 4)
                        };
                        let code = compressor.code(&[head, tail], &mut random);
                        let found = pair.check(pc, &code).expect("legal");
                        *fused.entry(found.inst.op).or_default() += 1;
                    }
                }
            }
        }
        let Profile { version, xlen, .. } = pair.profile;
        for rule in PAIRS
            .iter()
            .filter(|rule| (rule.rule)(version) && rule.second.row().base.has(xlen))
        {
            assert!(fused[&rule.op] > 100, "{:?}", rule.op);
        }
    }
}

fn triples(regs: [Reg; 3]) -> impl Iterator<Item = [Reg; 3]> {
    (0..27).map(move |n| [regs[n / 9], regs[n / 3 % 3], regs[n % 3]])
}

/// Without the option, or in version 0, nothing fuses. (CKB-VM's decoder would in version 0; no
/// machine runs it so.)
#[test]
fn nothing_fuses_without_the_option() {
    let compressor = Compressor::new();
    let mut random = Random::new(6);
    for version in Version::ALL {
        let mut pair = Pair::new(profile(version, 5));
        for sequence in SEQUENCES {
            for values in choices().step_by(97) {
                let code = compressor.code(&instance(sequence, values), &mut random);
                let found = pair.check(PC, &code).expect("legal");
                assert!(!found.inst.op.row().is_fused());
            }
        }
        assert!(!profile(Version::V0, 7).fuses());
        assert!(!profile(Version::V0, 7).runs());
    }
}
