//! What a machine's cycle function charges, as a table of ours.
//!
//! The host hands over a boxed function on CKB-VM's own 64-bit encodings; a box cannot be
//! compared, so it is asked once for every operation. Where the answers are those of one of the two
//! known models, the table says so, and native code may be used. Only the opcode is asked about: a
//! function that looks at operands is outside the contract.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ckb_vm::InstructionCycleFunc;
use ckb_vm::instructions::{
    Instruction, blank_instruction, instruction_opcode_name, insts, set_instruction_length_4,
};
use lockstep_isa::Op;
use lockstep_runtime::CostTable;

/// CKB-VM's encoding of each operation of ours, by [`Op::index`].
type Encodings = Vec<Option<Instruction>>;

/// Loads and `jalr` have two opcodes: one of version 0, one of the later versions.
struct Generation {
    own_suffix: &'static str,
    other_suffix: &'static str,
}

const FIRST: Generation = Generation {
    own_suffix: "_VERSION0",
    other_suffix: "_VERSION1",
};
const LATER: Generation = Generation {
    own_suffix: "_VERSION1",
    other_suffix: "_VERSION0",
};

static ENCODINGS: LazyLock<[Encodings; 2]> =
    LazyLock::new(|| [encodings(&FIRST), encodings(&LATER)]);

/// The costs that this function gives in a machine of this version.
pub(super) fn table(function: &InstructionCycleFunc, version: u32) -> CostTable {
    let generation = usize::from(version != ckb_vm::machine::VERSION0);
    let encodings = &ENCODINGS[generation];
    CostTable::custom(|op| encodings[op.index()].map_or(0, function))
}

fn encodings(generation: &Generation) -> Encodings {
    let by_name = opcodes(generation);
    let encoding = |op: &Op| by_name.get(&plain(op.mnemonic())).copied();
    Op::ALL.iter().map(encoding).collect()
}

/// CKB-VM's opcodes by their plain names, without those of the other generation.
fn opcodes(generation: &Generation) -> BTreeMap<String, Instruction> {
    (insts::MINIMAL_OPCODE..=insts::MAXIMUM_OPCODE)
        .map(|opcode| (instruction_opcode_name(opcode), opcode))
        .filter(|(name, _)| !name.ends_with(generation.other_suffix))
        .map(|(name, opcode)| {
            let name = name.strip_suffix(generation.own_suffix).unwrap_or(name);
            let name = name.strip_prefix("CUSTOM_").unwrap_or(name);
            let encoding = set_instruction_length_4(blank_instruction(opcode));
            (plain(name), encoding)
        })
        .collect()
}

/// Letters and digits only: `sh1add.uw` and `SH1ADDUW` are one name.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use ckb_vm::cost_model::{constant_cycles, estimate_cycles};
    use ckb_vm::instructions::extract_opcode;
    use lockstep_isa::Cost;

    use super::*;

    #[test]
    fn every_operation_has_an_opcode_of_its_own() {
        for encodings in &*ENCODINGS {
            let mut names = BTreeMap::new();
            for op in Op::ALL {
                let encoding = encodings[op.index()];
                assert!(encoding.is_some(), "{op:?} has none");
                let other = names.insert(encoding, op.mnemonic());
                // Our two ways to run `jalr` are one instruction.
                assert!(other.is_none_or(|other| other == op.mnemonic()), "{op:?}");
            }
        }
    }

    #[test]
    fn known_models_are_recognised() {
        for version in 0..3 {
            let estimate = table(&estimate_cycles, version);
            assert_eq!(estimate.model(), Some(Cost::Estimate));
            let constant = table(&constant_cycles, version);
            assert_eq!(constant.model(), Some(Cost::Constant));
        }
    }

    #[test]
    fn any_other_function_is_taken_as_it_is() {
        let dear_loads = |i: Instruction| match extract_opcode(i) {
            insts::OP_LD_VERSION0 => 100,
            insts::OP_LD_VERSION1 => 200,
            _ => estimate_cycles(i),
        };
        for (version, cycles) in [(0, 100), (1, 200), (2, 200)] {
            let costs = table(&dear_loads, version);
            assert_eq!(costs.model(), None);
            assert_eq!(costs.cycles(Op::Ld), cycles);
            assert_eq!(costs.cycles(Op::Ecall), 500);
        }
    }
}
