//! What is said of a module that was built, and the guest-to-native map.

use lockstep_contract::module::{Module, Span};
use lockstep_translator::Report;
use serde::Serialize;

use super::super::{guest, translation};

/// Lines of what is left to the interpreter that are printed for people.
const LEFT_LINES: usize = 20;

/// One module, for `--json`.
#[derive(Serialize)]
pub(super) struct Built {
    pub(super) key: String,
    pub(super) path: Option<String>,
    pub(super) base: String,
    pub(super) guest_bytes: u64,
    pub(super) target: String,
    pub(super) cpu: String,
    pub(super) units: usize,
    pub(super) blocks: usize,
    pub(super) instructions: usize,
    pub(super) code_bytes: usize,
    /// Of what one module may weigh: above 1 the rest stays interpreted.
    pub(super) budget: f64,
    /// Hot heads of the code region that the translation was given.
    pub(super) heat: usize,
    pub(super) module_bytes: usize,
    pub(super) translate_seconds: f64,
    pub(super) left: Vec<Left>,
    pub(super) emitted: Vec<String>,
}

/// A place that is left to the interpreter.
#[derive(Serialize)]
pub(super) struct Left {
    pub(super) pc: String,
    pub(super) reason: String,
}

impl From<&Report> for Built {
    fn from(report: &Report) -> Built {
        let left = report.left.iter().map(|(pc, reason)| Left {
            pc: format!("{pc:#x}"),
            reason: reason.to_string(),
        });
        Built {
            units: report.units,
            blocks: report.blocks,
            instructions: report.instructions,
            code_bytes: report.code_bytes,
            budget: translation::budget(report),
            left: left.collect(),
            key: String::new(),
            path: None,
            base: String::new(),
            guest_bytes: 0,
            target: String::new(),
            cpu: String::new(),
            heat: 0,
            module_bytes: 0,
            translate_seconds: 0.0,
            emitted: Vec::new(),
        }
    }
}

pub(super) fn describe(module: &Built) -> String {
    let instructions = module.instructions.max(1);
    let mut text = format!(
        "Translated: {} bytes of code at {}: {} instructions, {} blocks, {} units\n\
         Native code: {} bytes ({:.1} an instruction) for {}{}\n\
         Budget: {:.1}% of what the translation of one module may cost\n\
         Time: {:.3} s\n\
         Key: {}\n",
        module.guest_bytes,
        module.base,
        module.instructions,
        module.blocks,
        module.units,
        module.code_bytes,
        module.code_bytes as f64 / instructions as f64,
        module.target,
        if module.cpu.is_empty() {
            String::new()
        } else {
            format!(" with {}", module.cpu)
        },
        100.0 * module.budget,
        module.translate_seconds,
        module.key,
    );
    if module.heat > 0 {
        text += &format!("Heat: {} heads\n", module.heat);
    }
    text += &format!("Left to the interpreter: {}\n", module.left.len());
    for left in module.left.iter().take(LEFT_LINES) {
        text += &format!("  {}: {}\n", left.pc, left.reason);
    }
    if module.left.len() > LEFT_LINES {
        text += &format!(
            "  and {} more; --json lists all\n",
            module.left.len() - LEFT_LINES
        );
    }
    match &module.path {
        Some(path) => text += &format!("Written: {path} ({} bytes)\n", module.module_bytes),
        None => text += "Written: nothing (--no-cache without -o)\n",
    }
    for path in &module.emitted {
        text += &format!("Written: {path}\n");
    }
    text
}

/// The guest-to-native map: a line for each piece of native code, in its order.
pub(super) fn map(module: &Module) -> String {
    let mut text = String::from("# native range, guest range, instructions, cycles\n");
    let ends = module.map.iter().skip(1).map(|span| span.start);
    let ends = ends.chain([module.code.len() as u32]);
    for (span, end) in module.map.iter().zip(ends) {
        text += &format!("{:#010x}..{end:#010x} ", span.start);
        let block = module
            .blocks
            .binary_search_by_key(&span.head, |block| block.head)
            .ok()
            .filter(|_| span.head != Span::NO_BLOCK)
            .map(|index| module.blocks[index]);
        match block {
            Some(block) => {
                let head = module.key.base + u64::from(block.head);
                let range = guest::range(head, u64::from(block.len));
                text += &format!("{range} {} {}\n", block.entries, block.cycles);
            }
            None => text += "-\n",
        }
    }
    text
}
