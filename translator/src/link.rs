//! Jumps from unit to unit whose target is known: which entry they go to, and where in the code its
//! distance has to be written.
//!
//! They are the only references between compiled functions, and the assembler resolves them before the
//! module is whole, so that a module has no relocation. Everything else goes through the table from
//! guest address to code, which is slower by an indirect jump and what leads to it.

use std::collections::BTreeMap;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::{FinalizedMachReloc, FinalizedRelocTarget, ir};
use lockstep_contract::module::Entry;

use crate::TranslateError;
use crate::units::Unit;

/// The entries of all units, by guest address, with their numbers in their units.
pub(crate) struct Links(BTreeMap<u64, u32>);

impl Links {
    /// No entry.
    pub(crate) const NONE: &Links = &Links(BTreeMap::new());

    pub(crate) fn new(units: &[Unit<'_>]) -> Links {
        // Others have no row in the table either.
        let fits = |number: &u32| *number <= Entry::NUMBER_MASK;
        let entries = units.iter().flat_map(Unit::entries);
        let numbered = entries.filter_map(|(head, number)| {
            let number = u32::try_from(number).ok().filter(fits)?;
            Some((head, number))
        });
        Links(numbered.collect())
    }

    /// The number of the entry at an address, if there is one.
    pub(crate) fn number(&self, head: u64) -> Option<u32> {
        self.0.get(&head).copied()
    }
}

/// A jump to an entry whose distance is still missing.
pub(crate) struct Jump {
    /// Where in the code it is written.
    offset: u32,
    /// The halfword of the code region where the entry is.
    pub row: u32,
    kind: Reloc,
    addend: i64,
}

/// The name of the entry at a halfword of the code region.
pub(crate) fn name(row: u32) -> ir::UserExternalName {
    ir::UserExternalName::new(0, row)
}

impl Jump {
    /// What the compiler left open.
    ///
    /// # Errors
    /// Anything that is no jump to an entry: a defect.
    pub(crate) fn new(
        function: &ir::Function,
        open: &FinalizedMachReloc,
    ) -> Result<Jump, TranslateError> {
        let row = match &open.target {
            FinalizedRelocTarget::ExternalName(ir::ExternalName::User(name)) => {
                function.params.user_named_funcs().get(*name)
            }
            _ => None,
        };
        match (row, open.kind) {
            (Some(name), Reloc::X86CallPCRel4 | Reloc::Arm64Call) => Ok(Jump {
                offset: open.offset,
                row: name.index,
                kind: open.kind,
                addend: open.addend,
            }),
            _ => Err(TranslateError::Compiler(format!(
                "a relocation is left: {open:?}"
            ))),
        }
    }

    /// The same in code that was moved behind other code.
    pub(crate) fn moved(self, by: u32) -> Jump {
        Jump {
            offset: self.offset + by,
            ..self
        }
    }

    /// Writes the distance to the function that starts at `target`.
    ///
    /// # Errors
    /// A distance that the jump cannot span: a defect, since code is limited.
    pub(crate) fn resolve(&self, code: &mut [u8], target: u32) -> Result<(), TranslateError> {
        let fail = || TranslateError::Compiler(format!("a jump to {target:#x} has no place"));
        let place = (code.get_mut(self.offset as usize..)).and_then(|code| code.first_chunk_mut());
        let place: &mut [u8; 4] = place.ok_or_else(fail)?;
        let distance = i64::from(target) - i64::from(self.offset) + self.addend;
        let word = match self.kind {
            Reloc::X86CallPCRel4 => i32::try_from(distance).map_err(|_| fail())? as u32,
            // The low 26 bits of the instruction, in words.
            _ => {
                let words = distance >> 2;
                if distance & 3 != 0 || words.unsigned_abs() >= 1 << 25 {
                    return Err(fail());
                }
                u32::from_le_bytes(*place) & !0x03ff_ffff | words as u32 & 0x03ff_ffff
            }
        };
        *place = word.to_le_bytes();
        Ok(())
    }
}
