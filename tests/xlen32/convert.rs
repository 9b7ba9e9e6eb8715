//! A 64-bit random program as a 32-bit one: what exists for 64 bits only becomes its 32-bit sibling,
//! everything else, the words that are written as numbers too, stays.
//!
//! So the generators are the same for both widths. Tables of 8-byte pointers work: their low halves are
//! the addresses.

use lockstep_isa::table::Base;
use lockstep_isa::{Op, Xlen};
use lockstep_test_support::asm_operand::parse_number;
use lockstep_test_support::programs::source::Source;

/// The program for a machine of 32 bits.
pub(crate) fn narrow(mut source: Source) -> Source {
    source.setup.profile.xlen = Xlen::X32;
    for line in &mut source.lines {
        *line = narrow_line(line);
    }
    source
}

fn narrow_line(line: &str) -> String {
    let Some((word, rest)) = line.split_once(' ') else {
        return line.to_string();
    };
    if word == "li" {
        return constant(rest);
    }
    format!("{} {rest}", sibling(word))
}

/// `li` in two instructions of 32 bits.
fn constant(operands: &str) -> String {
    let (register, number) = operands.split_once(',').expect("li has two operands");
    let number = parse_number(number.trim()).expect("li takes a number");
    format!("la {register}, {}", number as i32)
}

/// What a mnemonic becomes.
fn sibling(mnemonic: &str) -> String {
    let name = match mnemonic {
        "ld" | "lwu" => "lw",
        "sd" => "sw",
        "zext.h" => "sext.h",
        "c.addiw" => "c.addi",
        "c.addw" => "c.add",
        "c.subw" => "c.sub",
        "c.ld" => "c.lw",
        "c.sd" => "c.sw",
        "c.ldsp" => "c.lwsp",
        "c.sdsp" => "c.swsp",
        other => other,
    };
    let wide_only = |op: &Op| op.mnemonic() == name && op.row().base == Base::Rv64;
    // clzw exists for both widths, as two operations.
    if name == "clzw" || !Op::ALL.iter().any(wide_only) {
        return name.to_string();
    }
    match name.strip_suffix(".d") {
        Some(stem) => format!("{stem}.w"),
        None => name.strip_suffix('w').unwrap_or(name).to_string(),
    }
}
