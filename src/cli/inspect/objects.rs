//! What `translate inspect` finds, as it stands in the JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use super::seal::SealObject;

/// An ELF, for `--json`.
#[derive(Serialize)]
pub(super) struct ElfObject {
    pub(super) kind: &'static str,
    pub(super) bytes: usize,
    pub(super) entry: String,
    pub(super) symbols: usize,
    pub(super) segments: Vec<Segment>,
    pub(super) page_flags: Vec<Pages>,
    pub(super) regions: Vec<Region>,
    /// How often each operation stands in the blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) histogram: Option<BTreeMap<String, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disasm: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Segment {
    pub(super) addr: String,
    pub(super) bytes: u64,
    pub(super) flags: String,
    pub(super) file_offset: usize,
    pub(super) file_bytes: usize,
}

#[derive(Serialize)]
pub(super) struct Pages {
    pub(super) addr: String,
    pub(super) bytes: usize,
    pub(super) flags: String,
}

/// Code of an ELF, for `--json`.
#[derive(Serialize)]
pub(super) struct Region {
    pub(super) base: String,
    pub(super) bytes: u64,
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) coverage: Coverage,
    /// Of what one module may cost to translate.
    pub(super) budget: f64,
    pub(super) left: Vec<(String, String)>,
}

/// A module, for `--json`.
#[derive(Serialize)]
pub(super) struct ModuleObject {
    pub(super) kind: &'static str,
    pub(super) bytes: usize,
    pub(super) id: String,
    pub(super) key: BTreeMap<&'static str, String>,
    pub(super) seal: SealObject,
    pub(super) hints: usize,
    /// Hot heads that the translation was given.
    pub(super) heat: usize,
    pub(super) entries: usize,
    pub(super) code_bytes: usize,
    #[serde(flatten)]
    pub(super) coverage: Coverage,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) disasm: Option<String>,
}

/// How much of a code region is translated.
#[derive(Serialize)]
pub(super) struct Coverage {
    pub(super) instructions: usize,
    pub(super) covered_bytes: u64,
    pub(super) coverage: f64,
    pub(super) blocks: Vec<BlockObject>,
}

#[derive(Serialize)]
pub(super) struct BlockObject {
    pub(super) head: String,
    pub(super) bytes: u16,
    pub(super) instructions: u8,
    pub(super) cycles: u32,
}
