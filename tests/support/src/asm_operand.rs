//! Operands of the test assembler: registers, numbers, labels with an offset, and the parts of
//! addresses that `lui`, `auipc` and their partners take.

use std::collections::BTreeMap;

use lockstep_isa::Reg;

/// A value that may need labels.
#[derive(Clone)]
pub struct Expression {
    part: Relocation,
    label: Option<String>,
    offset: i64,
}

/// Which part of a value is meant.
#[derive(Clone, Copy, PartialEq)]
enum Relocation {
    All,
    Hi,
    Lo,
    PcrelHi,
    PcrelLo,
}

/// A register by its ABI name, `fp`, or number.
pub fn parse_register(text: &str) -> Option<Reg> {
    if text == "fp" {
        return Some(Reg::new(8));
    }
    Reg::all().find(|reg| reg.name() == text).or_else(|| {
        let number: u32 = text.strip_prefix('x')?.parse().ok()?;
        (number < 32).then(|| Reg::new(number))
    })
}

/// A number in decimal or hexadecimal, with a sign and `_`; up to 64 bits, signed or unsigned.
pub fn parse_number(text: &str) -> Option<i64> {
    let clean = text.replace('_', "");
    let (negative, digits) = match clean.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, clean.as_str()),
    };
    let value = match digits.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    } as i64;
    Some(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

impl Expression {
    /// Reads one; an error tells what is wrong with it.
    pub fn parse(text: &str) -> Result<Expression, String> {
        let relocations = [
            ("%hi(", Relocation::Hi),
            ("%lo(", Relocation::Lo),
            ("%pcrel_hi(", Relocation::PcrelHi),
            ("%pcrel_lo(", Relocation::PcrelLo),
        ];
        for (prefix, part) in relocations {
            if let Some(inner) = text.strip_prefix(prefix).and_then(|t| t.strip_suffix(')')) {
                let inner = Expression::parse(inner)?;
                return Ok(Expression { part, ..inner });
            }
        }
        let part = Relocation::All;
        if let Some(offset) = parse_number(text) {
            let label = None;
            return Ok(Expression {
                part,
                label,
                offset,
            });
        }
        let split = text.find(['+', '-']).unwrap_or(text.len());
        let (label, offset) = text.split_at(split);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if label.is_empty() || !label.chars().all(is_name) {
            return Err(format!("neither a number nor a label: {text}"));
        }
        let offset = match offset.strip_prefix('+').unwrap_or(offset) {
            "" => 0,
            offset => parse_number(offset).ok_or_else(|| format!("bad offset: {text}"))?,
        };
        let label = Some(label.to_string());
        Ok(Expression {
            part,
            label,
            offset,
        })
    }

    /// Its value for an instruction at `pc`.
    pub fn value(&self, labels: &BTreeMap<String, u64>, pc: u64) -> Result<i64, String> {
        let base = match &self.label {
            None => 0,
            Some(label) => *labels
                .get(label)
                .ok_or_else(|| format!("unknown label {label}"))?,
        };
        let value = (base as i64).wrapping_add(self.offset);
        let pc = pc as i64;
        Ok(match self.part {
            Relocation::All => value,
            Relocation::Hi => high(value),
            Relocation::Lo => low(value),
            Relocation::PcrelHi => high(value.wrapping_sub(pc)),
            Relocation::PcrelLo => low(value.wrapping_sub(pc.wrapping_sub(4))),
        })
    }
}

/// The operand of `lui` that `low` completes.
pub fn high(value: i64) -> i64 {
    (value.wrapping_add(0x800) >> 12) & 0xf_ffff
}

/// The low twelve bits, signed.
pub fn low(value: i64) -> i64 {
    value << 52 >> 52
}
