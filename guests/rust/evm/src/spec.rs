//! The specifications by their names, oldest first.

use revm::primitives::hardfork::SpecId;

/// Every specification that the machine has.
pub const SPECIFICATIONS: [(&str, SpecId); 15] = [
    ("frontier", SpecId::FRONTIER),
    ("homestead", SpecId::HOMESTEAD),
    ("tangerine", SpecId::TANGERINE),
    ("spurious", SpecId::SPURIOUS_DRAGON),
    ("byzantium", SpecId::BYZANTIUM),
    ("petersburg", SpecId::PETERSBURG),
    ("istanbul", SpecId::ISTANBUL),
    ("berlin", SpecId::BERLIN),
    ("london", SpecId::LONDON),
    ("merge", SpecId::MERGE),
    ("shanghai", SpecId::SHANGHAI),
    ("cancun", SpecId::CANCUN),
    ("prague", SpecId::PRAGUE),
    ("osaka", SpecId::OSAKA),
    ("amsterdam", SpecId::AMSTERDAM),
];

/// The specification of this name.
pub fn named(name: &str) -> Option<SpecId> {
    SPECIFICATIONS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, spec)| *spec)
}

/// The specification of this number, which counts from Frontier.
pub fn numbered(number: u64) -> Option<SpecId> {
    let index = usize::try_from(number).ok()?;
    SPECIFICATIONS.get(index).map(|(_, spec)| *spec)
}

/// The number of a specification.
pub fn number(spec: SpecId) -> u64 {
    SPECIFICATIONS
        .iter()
        .position(|(_, known)| *known == spec)
        .map_or(0, |at| at as u64)
}
