//! The instructions of a program with what each cost, and its line.

use std::collections::BTreeMap;

use lockstep_isa::Cost;

use super::recorder::Recorder;
use lockstep::debug_info::DebugInfo;

/// One instruction.
pub(super) struct Instruction {
    pub(super) pc: u64,
    pub(super) text: String,
    pub(super) function: usize,
    pub(super) runs: u64,
    pub(super) cycles: u64,
    pub(super) file: Option<String>,
    pub(super) line: Option<u32>,
}

/// The instructions. One in several blocks counts once, with all that it ran. A fused one has the address of its first.
pub(super) fn instructions(
    recorder: &Recorder,
    cost: Cost,
    info: &DebugInfo<'_>,
) -> Vec<Instruction> {
    let mut all: BTreeMap<(u64, u8), Instruction> = BTreeMap::new();
    for (&head, trace) in &recorder.traces {
        let Some(block) = &trace.block else {
            // Nobody knows its instructions: all of it counts for its head.
            let unknown = Instruction {
                pc: head,
                text: "[unknown]".to_owned(),
                function: trace.function,
                runs: trace.runs,
                cycles: trace.cycles,
                file: None,
                line: None,
            };
            all.insert((head, 0), unknown);
            continue;
        };
        for (pc, inst) in block.places() {
            let entry = all.entry((pc, inst.len)).or_insert_with(|| {
                let place = info.places(pc).into_iter().next().unwrap_or_default();
                Instruction {
                    pc,
                    text: inst.at(pc).to_string(),
                    function: recorder.names().function_at(pc),
                    runs: 0,
                    cycles: 0,
                    file: place.file,
                    line: place.line,
                }
            });
            entry.runs += trace.runs;
            entry.cycles += trace.runs * cost.cycles(inst.op);
        }
    }
    all.into_values().collect()
}
