//! Linking: direct jumps from unit to unit.
//!
//! Where the target of a transfer is known, the code jumps to the other unit directly. Cranelift leaves
//! the distance of such a jump open. [`Jump`] says where in the code the distance belongs and which entry
//! it leads to; the assembler writes it once all units are placed. These jumps are the only references
//! between compiled functions, so a finished module needs no relocation.
//!
//! Transfers to addresses that are known only at run time are not here: they look the address up in the
//! module's table, which costs a load and an indirect jump.

use std::collections::BTreeMap;

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::{FinalizedMachReloc, FinalizedRelocTarget, ir};
use lockstep_contract::module::Entry;

use crate::TranslateError;
use crate::units::Unit;

/// The entries of all units: for each guest address, the number of the entry in its unit.
pub(crate) struct Links(BTreeMap<u64, u32>);

impl Links {
    /// No entry.
    pub(crate) const NONE: &Links = &Links(BTreeMap::new());

    pub(crate) fn new(units: &[Unit<'_>]) -> Links {
        // An entry with a larger number has no row in the module's table either.
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

/// A jump to an entry of another unit whose distance is not written yet.
pub(crate) struct Jump {
    /// The offset in the code where the distance belongs.
    offset: u32,
    /// The row of the module's table for the entry: its halfword in the code region.
    pub row: u32,
    /// How the instruction encodes the distance.
    kind: Reloc,
    /// What the distance is counted from, relative to `offset`.
    addend: i64,
}

/// The name under which Cranelift knows the entry at this halfword of the code region.
pub(crate) fn name(row: u32) -> ir::UserExternalName {
    ir::UserExternalName::new(0, row)
}

impl Jump {
    /// The jump that a relocation of Cranelift stands for.
    ///
    /// # Errors
    /// When the relocation is not a jump to an entry, which is a defect of this project.
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

    /// The jump after its code was moved `by` bytes further, behind other code.
    pub(crate) fn moved(self, by: u32) -> Jump {
        Jump {
            offset: self.offset + by,
            ..self
        }
    }

    /// Writes the distance to the function that starts at `target`.
    ///
    /// # Errors
    /// When the jump cannot span the distance. Code is limited so that this cannot happen: it is a defect.
    pub(crate) fn resolve(&self, code: &mut [u8], target: u32) -> Result<(), TranslateError> {
        let fail = || TranslateError::Compiler(format!("a jump to {target:#x} has no place"));
        let place = (code.get_mut(self.offset as usize..)).and_then(|code| code.first_chunk_mut());
        let place: &mut [u8; 4] = place.ok_or_else(fail)?;
        let distance = i64::from(target) - i64::from(self.offset) + self.addend;
        let word = match self.kind {
            Reloc::X86CallPCRel4 => i32::try_from(distance).map_err(|_| fail())? as u32,
            // The low 26 bits of the instruction hold the distance in 4-byte words.
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
