//! RISC-V as gdb's protocol has it: x0 to x31 and the pc, of 32 or 64 bits.

use gdbstub::arch::{Arch, Registers};

/// The names by which gdb knows `x0` to `x31`.
const NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

/// RISC-V with either width: numbers of the protocol are long enough for both.
#[derive(Debug)]
pub(super) enum Riscv {}

impl Arch for Riscv {
    type Usize = u64;
    type Registers = All;
    type BreakpointKind = usize;
    type RegId = ();
}

/// All registers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct All {
    pub(super) general: [u64; 32],
    pub(super) pc: u64,
    /// They have 32 bits.
    pub(super) narrow: bool,
}

impl Registers for All {
    type ProgramCounter = u64;

    fn pc(&self) -> u64 {
        self.pc
    }

    fn gdb_serialize(&self, mut write: impl FnMut(Option<u8>)) {
        let bytes = if self.narrow { 4 } else { 8 };
        for value in self.general.iter().chain([&self.pc]) {
            for byte in &value.to_le_bytes()[..bytes] {
                write(Some(*byte));
            }
        }
    }

    fn gdb_deserialize(&mut self, bytes: &[u8]) -> Result<(), ()> {
        let width = match bytes.len() {
            132 => 4,
            264 => 8,
            _ => return Err(()),
        };
        self.narrow = width == 4;
        let fields = self.general.iter_mut().chain([&mut self.pc]);
        for (field, bytes) in fields.zip(bytes.chunks(width)) {
            let mut value = [0; 8];
            value[..width].copy_from_slice(bytes);
            *field = u64::from_le_bytes(value);
        }
        Ok(())
    }
}

/// The description of the machine that gdb asks for.
pub(super) fn description(bits: u32) -> String {
    let register = |name: &str, kind: &str| {
        format!("<reg name=\"{name}\" bitsize=\"{bits}\" type=\"{kind}\"/>")
    };
    let kind = |name: &str| match name {
        "ra" => "code_ptr",
        "sp" | "gp" | "tp" | "fp" => "data_ptr",
        _ => "int",
    };
    let general: String = NAMES
        .iter()
        .map(|name| register(name, kind(name)))
        .collect();
    let pc = register("pc", "code_ptr");
    format!(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">\
         <architecture>riscv:rv{bits}</architecture>\
         <feature name=\"org.gnu.gdb.riscv.cpu\">{general}{pc}</feature></target>"
    )
}
