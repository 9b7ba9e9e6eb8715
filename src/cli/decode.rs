//! `translate decode-instruction`: one instruction from its bits, in the lines of `ckb-debugger --mode decode-instruction`.

use std::fmt::Write as _;

use clap::Args;
use lockstep_isa::decode::decode_bits;
use lockstep_isa::table::Ext;
use lockstep_isa::{Extensions, Profile, Version, Xlen};
use serde::Serialize;

use super::answer::Answer;
use super::args::number;
use super::code;
use super::failure::Failure;

/// Says what the bits of an instruction mean
#[derive(Args)]
#[command(after_help = "Example:\n  translate decode-instruction 0x00c58533")]
pub(crate) struct Decode {
    /// The bits, as a number: 0x00c58533; of a compressed instruction the lower 16. Where `inspect --disasm` shows the halves
    /// 8533 00c5, the second one is the upper
    #[arg(value_name = "BITS", value_parser = bits)]
    instruction: u32,
}

/// An instruction, in the order of its fields.
#[derive(Serialize)]
struct Object {
    assembly: Option<String>,
    hexadecimal: String,
    binary: String,
    /// The instruction set that has it: I, M, A, C or B.
    instruction_set: Option<&'static str>,
}

fn bits(text: &str) -> Result<u32, String> {
    let value = number(text).map_err(|error| match halves(text) {
        Some(value) => format!("digits without 0x are decimal; write it as {value:#x}"),
        None => error,
    })?;
    u32::try_from(value).map_err(|_| "an instruction has 32 bits".to_owned())
}

/// The bits of a line of `translate inspect --disasm`: halves of four hexadecimal digits, the lower one first.
fn halves(text: &str) -> Option<u32> {
    let half = |text: &str| {
        let digits = text.bytes().all(|digit| digit.is_ascii_hexdigit()) && text.len() == 4;
        digits.then(|| u32::from_str_radix(text, 16).ok())?
    };
    match text.split_once(' ') {
        Some((low, high)) => Some(half(low)? | half(high)? << 16),
        None => half(text),
    }
}

impl Decode {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let object = self.find()?;
        let text = || {
            let mut text = String::new();
            // Writing to a string does not fail.
            let mut line = |name: &str, value: &str| {
                let _ = writeln!(text, "{name:>15} = {value}");
            };
            line("Assembly", object.assembly.as_deref().unwrap_or("?"));
            line("Binary", &object.binary);
            line("Hexadecimal", &object.hexadecimal);
            line("Instruction set", object.instruction_set.unwrap_or("?"));
            text
        };
        let code = match object.assembly {
            Some(_) => code::SUCCESS,
            None => code::DATA,
        };
        Answer::new(json, &object, text, code)
    }

    fn find(&self) -> Result<Object, Failure> {
        let compressed = self.instruction & 3 != 3;
        let profile = Profile {
            version: Version::V2,
            extensions: "imc,b,a".parse::<Extensions>().map_err(Failure::defect)?,
            xlen: Xlen::X64,
        };
        let inst = decode_bits(self.instruction, profile);
        let instruction_set = inst.map(|inst| match inst.op.row().ext {
            _ if compressed => "C",
            Ext::I => "I",
            Ext::M => "M",
            Ext::A => "A",
            Ext::Zba | Ext::Zbb | Ext::Zbc | Ext::Zbs => "B",
            // Bits of one instruction are never two.
            Ext::Mop => "MOP",
        });
        let bits = self.instruction;
        let (hexadecimal, binary) = match compressed {
            true => (format!("{bits:04x}"), format!("{bits:016b}")),
            false => (format!("{bits:08x}"), format!("{bits:032b}")),
        };
        Ok(Object {
            assembly: inst.map(|inst| inst.to_string()),
            hexadecimal,
            binary,
            instruction_set,
        })
    }
}
