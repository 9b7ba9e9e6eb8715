//! The part of a profile that one program of one process has. A program that runs by itself is the only part.

use std::cell::OnceCell;

use lockstep_isa::Cost;

use super::instructions::{Instruction, instructions};
use super::recorder::Recorder;
use lockstep::debug_info::DebugInfo;

/// What a program cost.
pub(super) struct Part {
    /// Which program it is, where there are several.
    pub(super) program: Option<String>,
    /// Which process ran it, where there are several.
    pub(super) process: Option<u64>,
    pub(super) recorder: Recorder,
    cost: Cost,
    /// The ELF with names and lines.
    symbols: Vec<u8>,
    instructions: OnceCell<Vec<Instruction>>,
}

impl Part {
    pub(super) fn new(recorder: Recorder, cost: Cost, symbols: Vec<u8>) -> Part {
        Part {
            program: None,
            process: None,
            recorder,
            cost,
            symbols,
            instructions: OnceCell::new(),
        }
    }

    /// The instructions, with their lines: looked up once, because not every table needs them.
    pub(super) fn instructions(&self) -> &[Instruction] {
        self.instructions.get_or_init(|| {
            let info = DebugInfo::read(&self.symbols);
            instructions(&self.recorder, self.cost, &info)
        })
    }

    /// All cycles of it.
    pub(super) fn cycles(&self) -> u64 {
        let host: u64 = self
            .recorder
            .host_calls
            .values()
            .map(|calls| calls.cycles)
            .sum();
        self.instruction_cycles() + host
    }

    /// Those that instructions were charged.
    pub(super) fn instruction_cycles(&self) -> u64 {
        self.recorder
            .traces
            .values()
            .map(|trace| trace.cycles)
            .sum()
    }

    /// A function's name, with the program where there are several.
    pub(super) fn name(&self, function: usize) -> String {
        self.prefixed(self.recorder.names().name(function))
    }

    /// Any name, with the program where there are several.
    pub(super) fn prefixed(&self, name: &str) -> String {
        match &self.program {
            Some(program) => format!("{program}: {name}"),
            None => name.to_owned(),
        }
    }

    /// The frame below all others, where there are several processes.
    pub(super) fn outermost(&self) -> Option<String> {
        let process = self.process?;
        Some(match &self.program {
            Some(program) => format!("process {process}, {program}"),
            None => format!("process {process}"),
        })
    }
}
