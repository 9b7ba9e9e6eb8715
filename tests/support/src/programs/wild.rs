//! Wild programs, as no compiler makes them: irreducible graphs, jumps into the middle of traces and
//! beyond 2^32, strides of half the address space, known addresses, atomics, text at odd places.

use crate::programs::operands::{compressed, plain};
use crate::programs::source::Source;
use crate::programs::start::Entry;
use crate::random::Random;
use lockstep_isa::table::Format;
use lockstep_isa::{Profile, Version};

const R: [&str; 8] = ["a0", "a1", "a2", "a3", "s2", "t0", "a4", "ra"];
const P: [&str; 4] = ["s0", "s1", "t3", "t4"];

fn arith(s: &Source, r: &mut Random) -> String {
    loop {
        let op = s.pick_op(r);
        let f = [
            Format::R,
            Format::Unary,
            Format::I,
            Format::Shift5,
            Format::Shift6,
        ];
        if f.contains(&op.row().format) {
            let l = plain(op, r, 0, 0);
            return l;
        }
    }
}

fn reg(r: &mut Random) -> &'static str {
    r.pick(&R)
}

fn memory(s: &Source, r: &mut Random, out: &mut Vec<String>) {
    let p = r.pick(&P);
    let far = r.pick(&[8i64, 64, 2047, 2047, 2047]);
    for _ in 0..r.between(1, 10) {
        let v = reg(r);
        let o = r.between(-far - 1, far);
        match r.below(12) {
            0..=3 => out.push(format!(
                "{} {v}, {o}({p})",
                r.pick(&["lb", "lhu", "lw", "ld", "lwu"])
            )),
            4..=6 => out.push(format!(
                "{} {v}, {o}({p})",
                r.pick(&["sb", "sh", "sw", "sd"])
            )),
            7 => out.push(format!("addi {p}, {p}, {o}")),
            8 => {
                let hi = r.pick(&[
                    1u64, 2, 8, 15, 16, 17, 0xffff0, 0xfffff, 0xffff1, 0x80000, 0x7ffff,
                ]);
                out.push(format!("lui t2, {hi:#x}"));
                let q = r.pick(&P);
                let op = r.pick(&["add", "sub"]);
                out.push(format!("{op} {q}, {p}, t2"));
                if r.one_in(2) {
                    out.push(format!(
                        "{} {v}, {o}({q})",
                        r.pick(&["lb", "ld", "sd", "sb"])
                    ));
                }
            }
            9 => {
                // Known addresses.
                let safe = !r.one_in(5);
                let a = s.pick_address(r, safe);
                out.push(format!("li {p}, {a:#x}"));
            }
            10 if s.setup.profile.extensions.a => {
                let l = r.pick(&[
                    "lr.w a0, (B)",
                    "lr.d B, (B)",
                    "sc.d a1, a2, (B)",
                    "sc.w B, B, (B)",
                    "sc.w a1, a2, (B)",
                    "amoadd.w a3, a4, (B)",
                    "amomaxu.w a3, a4, (B)",
                    "amoswap.d B, B, (B)",
                    "amomin.w zero, a4, (B)",
                ]);
                out.push(l.replace('B', p));
            }
            _ => out.push(format!(
                "{} {p}, {}({})",
                r.pick(&["ld", "lw"]),
                r.between(-16, 16),
                r.pick(&P)
            )),
        }
    }
}

pub fn generate(r: &mut Random, profile: Profile, entry: Entry) -> Source {
    let mut s = Source::new(r, profile, entry);
    let n = r.between(2, 24);
    for x in [1, 5, 10, 11, 12, 13, 14, 18] {
        s.registers.push((x, crate::programs::source::pick_word(r)));
    }
    for x in [8, 9, 28, 29] {
        let safe = !r.one_in(8);
        s.registers.push((x, s.pick_address(r, safe)));
    }
    let v2 = s.setup.profile.version == Version::V2;
    let base = match entry {
        Entry::File | Entry::Resumed => r.pick(&[0x10000u64, 0x10000, 0, 0x1000, 0x13000]),
        Entry::Pages => s.pick_text(r),
    };
    s.push(format!(".text {base:#x}"));
    let far = r.one_in(3); // long switch over a second text
    let label = |r: &mut Random| -> String { format!("b{}", r.below(n as u64)) };
    // A counter bounds loops: limit does anyway.
    let mut lines = Vec::new();
    for k in 0..n {
        if r.one_in(12) {
            lines.push(".align 4".to_string());
        }
        if far && k == n / 2 {
            let gap = r.pick(&[0u64, 0x1000, 0x2000]);
            let next = (base & !0xfff) + 0x2000 + gap;
            lines.push(format!(".text {next:#x}"));
        }
        lines.push(format!("b{k}:"));
        for _ in 0..r.below(3) {
            match r.below(6) {
                0..=1 => {
                    for _ in 0..r.between(1, 22) {
                        if r.one_in(10) {
                            lines.push(format!("m{}:", lines.len()));
                        }
                        if r.one_in(4) {
                            let c = compressed(r, 0, 0);
                            if !c.contains(['(', 'l']) || c.starts_with("c.li") {
                                lines.push(c);
                            }
                        } else {
                            lines.push(arith(&s, r));
                        }
                    }
                }
                2..=4 => memory(&s, r, &mut lines),
                _ => {
                    let t = r.pick(&[
                        "fence",
                        "auipc a0, 0x1",
                        "auipc ra, 0",
                        "ebreak",
                        "ecall2177",
                        "lui ra, 0x10",
                    ]);
                    if t == "ecall2177" {
                        lines.push("li a7, 2177".into());
                        lines.push("li a0, 0x20000".into());
                        lines.push("ecall".into());
                    } else {
                        lines.push(t.into());
                    }
                }
            }
        }
        // terminator
        let t = label(r);
        match r.below(16) {
            0..=4 => {
                let b = r.pick(&["beq", "bne", "blt", "bge", "bltu", "bgeu"]);
                let (x, y) = (reg(r), r.pick(&["a0", "a1", "zero", "t0", "s2"]));
                let h = n / 2;
                let t = if !far {
                    t
                } else if k < h {
                    format!("b{}", r.below(h as u64))
                } else {
                    format!("b{}", h + r.below((n - h) as u64) as i64)
                };
                lines.push(format!("{b} {x}, {y}, {t}"));
            }
            5 => lines.push(format!("j {t}")),
            6 => lines.push(format!("jal {}, {t}", r.pick(&["ra", "t0", "a0"]))),
            7 => lines.push("ret".into()),
            8 | 9 => {
                // table jump
                let x = reg(r);
                let bits = r.pick(&[1, 3]);
                lines.push(format!("andi t5, {x}, {bits}"));
                lines.push("slli t5, t5, 3".into());
                lines.push("lui t6, %hi(tab)".into());
                lines.push("addi t6, t6, %lo(tab)".into());
                lines.push("add t6, t6, t5".into());
                lines.push("ld t6, 0(t6)".into());
                if !v2 && r.one_in(2) {
                    lines.push("li t5, 1".into());
                    lines.push(format!("slli t5, t5, {}", r.pick(&[32, 33, 63])));
                    lines.push("add t6, t6, t5".into());
                }
                lines.push(format!(
                    "jalr {}, {}(t6)",
                    r.pick(&["zero", "ra", "t6", "t0"]),
                    r.pick(&[0, 0, 0, 1, 2, 4])
                ));
            }
            10 => {
                lines.push(format!("la t6, {t}"));
                if !v2 && r.one_in(2) {
                    lines.push("li t5, 1".into());
                    lines.push(format!("slli t5, t5, {}", r.pick(&[32, 40])));
                    lines.push("or t6, t6, t5".into());
                }
                lines.push(format!(
                    "jalr {}, {}(t6)",
                    r.pick(&["zero", "ra", "t6"]),
                    r.pick(&[0, 2, 4, 8])
                ));
            }
            11 => {
                lines.push(format!("auipc ra, %pcrel_hi({t})"));
                lines.push(format!("jalr ra, %pcrel_lo({t})(ra)"));
            }
            12 => {
                let x = r.pick(&["t1", "ra", "zero"]);
                lines.push(format!("lui {x}, %hi({t})"));
                lines.push(format!("jalr ra, %lo({t})({x})"));
            }
            13 if r.one_in(4) => lines.push("exit".into()),
            14 => {
                lines.push("jalr ra, 0(ra)".into());
            }
            _ => {}
        }
    }
    lines.push("exit".into());
    for l in lines {
        s.push(l);
    }
    // tail at the end of a page
    if r.one_in(3) {
        let end = r.pick(&[0x1f000u64, s.setup.memory_size as u64, 0x1_8000]);
        let mut code = Vec::new();
        let mut size = 0u64;
        for _ in 0..r.between(1, 20) {
            if r.one_in(2) {
                code.push("c.addi a0, 1".to_string());
                size += 2;
            } else {
                code.push(arith(&s, r));
                size += 4;
            }
        }
        match r.below(4) {
            0 => {
                code.push("j b0".into());
                size += 4;
            }
            1 => {
                code.push("ret".into());
                size += 4;
            }
            2 => {
                code.push("ecall".into());
                size += 4;
            }
            _ => {}
        }
        s.push(format!(".text {:#x}", end - size));
        s.push("tail:");
        for c in code {
            s.push(c);
        }
        s.push(".rodata 0x18000");
        s.push(format!("tab: .dword b0, tail, b1, b{}", n - 1));
    } else {
        s.push(".rodata 0x18000");
        s.push(format!("tab: .dword b0, b{}, b1, b{}", n / 2, n - 1));
    }
    s.push(".data 0x20000");
    s.push(".dword 1, 2, 0x20010, 0x21ff8, 0x8000000000000000, 0xffffffffffffffff");
    s.push(".zero 0x1fd0");
    s
}
