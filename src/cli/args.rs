//! Options that several verbs share, and how their values are written.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

/// What the guest runs on: everything that decides what its bytes mean.
#[derive(Args, Clone, Debug)]
pub(crate) struct GuestOptions {
    /// VM version: 0, 1 or 2 (hash types data, data1, data2)
    #[arg(long, value_name = "N", default_value = "2", value_parser = version)]
    pub(crate) vm_version: Version,
    /// Instruction sets, a list of imc, b, mop and a [default: imc for version 0, imc,b,mop for 1 and 2]
    #[arg(long, value_name = "LIST", value_parser = str::parse::<Extensions>)]
    pub(crate) isa: Option<Extensions>,
    /// Register width: 64, or 32 for RV32 (which CKB does not use)
    #[arg(long, value_name = "BITS", default_value = "64", value_parser = xlen)]
    pub(crate) xlen: Xlen,
    /// What an instruction costs: CKB's cycles (estimate), or 1 cycle (constant)
    #[arg(long, value_name = "MODEL", default_value = "estimate")]
    pub(crate) cost: CostName,
    /// Bytes of guest memory: a multiple of 4096, at most 4 MiB
    #[arg(long, value_name = "BYTES", default_value = "0x400000", value_parser = number)]
    pub(crate) memory: u64,
}

/// The cost models by their names on the command line.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(crate) enum CostName {
    /// CKB's model
    Estimate,
    /// 1 for each instruction
    Constant,
}

impl GuestOptions {
    /// The profile that the options describe.
    pub(crate) fn profile(&self) -> Profile {
        Profile {
            version: self.vm_version,
            extensions: self.isa.unwrap_or(self.vm_version.default_extensions()),
            xlen: self.xlen,
        }
    }

    /// Whether they describe a machine that the chain does not have.
    #[cfg(feature = "tx")]
    pub(crate) fn are_of_a_program(&self) -> bool {
        self.isa.is_some()
            || self.xlen != Xlen::X64
            || self.cost() != Cost::Estimate
            || self.memory != CHAIN_MEMORY_BYTES
    }

    /// The cost model.
    pub(crate) fn cost(&self) -> Cost {
        match self.cost {
            CostName::Estimate => Cost::Estimate,
            CostName::Constant => Cost::Constant,
        }
    }

    /// Bytes of guest memory; a size that no machine has is refused when the machine is made.
    pub(crate) fn memory(&self) -> usize {
        usize::try_from(self.memory).unwrap_or(usize::MAX)
    }
}

/// Where modules are kept.
#[derive(Args, Clone, Debug)]
pub(crate) struct CacheOptions {
    /// Folder of the module cache [default: LOCKSTEP_CACHE_DIR, else lockstep/ in the user's cache folder]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,
    /// Neither look into the module cache nor write to it
    #[arg(long)]
    pub(crate) no_cache: bool,
}

/// A number: decimal, or `0x…`, with `_` anywhere between digits.
pub(crate) fn number(text: &str) -> Result<u64, String> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err("it is not a number; write it as 4096, 0x1000 or 4_096".to_owned());
    }
    u64::from_str_radix(&digits, radix)
        .map_err(|_| "the number does not fit into 64 bits".to_owned())
}

/// Bytes of memory that a script has on the chain.
#[cfg(feature = "tx")]
const CHAIN_MEMORY_BYTES: u64 = 4 << 20;

/// Cycles that the transactions of one block of the chain may use in all: `max_block_cycles` of the mainnet.
pub(crate) const BLOCK_CYCLES: u64 = 3_500_000_000;

/// How a limit of cycles is written.
const CYCLES_FORMS: &str = "it is not a number of cycles; write it as 70000000, 70_000_000, 0x42c1d80, 70K (thousands), 70M \
                            (millions), 3G (thousand millions) or unlimited";

/// What is wrong with a limit that has no unit.
fn of_cycles(text: &str, why: String) -> String {
    let digits = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match digits && why.contains("64 bits") {
        true => why,
        false => CYCLES_FORMS.to_owned(),
    }
}

/// A limit of cycles: a number, also in thousands (`70K`), millions (`70M`) or thousand millions (`3G`), or `unlimited`.
pub(crate) fn cycles(text: &str) -> Result<u64, String> {
    if text == "unlimited" {
        return Ok(u64::MAX);
    }
    let unit = match text.as_bytes().last() {
        Some(b'k' | b'K') => 1_000,
        Some(b'm' | b'M') => 1_000_000,
        Some(b'g' | b'G') => 1_000_000_000,
        _ => return number(text).map_err(|why| of_cycles(text, why)),
    };
    let count = &text[..text.len() - 1];
    if !count.starts_with(|first: char| first.is_ascii_digit()) || count.starts_with("0x") {
        return Err(CYCLES_FORMS.to_owned());
    }
    number(count)
        .map_err(|_| CYCLES_FORMS.to_owned())?
        .checked_mul(unit)
        .ok_or_else(|| "the number does not fit into 64 bits".to_owned())
}

/// A VM version by its number.
pub(crate) fn version(text: &str) -> Result<Version, String> {
    number(text)
        .ok()
        .and_then(|number| u32::try_from(number).ok())
        .and_then(Version::from_number)
        .ok_or_else(|| "the version is 0, 1 or 2".to_owned())
}

fn xlen(text: &str) -> Result<Xlen, String> {
    match text {
        "64" => Ok(Xlen::X64),
        "32" => Ok(Xlen::X32),
        _ => Err("the width is 64 or 32".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_written_as_people_write_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("70M", Some(70_000_000)),
            ("70m", Some(70_000_000)),
            ("3_500K", Some(3_500_000)),
            ("18G", Some(18_000_000_000)),
            ("0x10", Some(16)),
            ("unlimited", Some(u64::MAX)),
            ("M", None),
            ("", None),
            ("0x7M", None),
            ("-1M", None),
            ("1.5M", None),
            ("70 M", None),
            ("99999999999G", None),
            ("7Mü", None),
            ("7X", None),
        ] {
            assert_eq!(cycles(text).ok(), expected, "{text}");
        }
        for text in ["7X", "", "M", "1.5M", "0x7M", "-1"] {
            let why = cycles(text).unwrap_err();
            assert!(
                why.contains("70M") && why.contains("unlimited"),
                "{text}: {why}"
            );
        }
        assert!(
            cycles("99999999999999999999")
                .unwrap_err()
                .contains("64 bits")
        );
    }
}
