//! Guest code as people think of it: functions with names, the blocks of each, and targets with names.
//!
//! Names come from the symbols, and lines from the debug information. The blocks are those of the translator, because
//! cycles are charged by them; see [`GuestBlock`].
//!
//! This file prints nothing.

use std::collections::BTreeSet;

use lockstep::Program;
pub(crate) use lockstep::guest_functions::Function;
use lockstep::guest_functions::functions;
use lockstep_isa::Inst;
use lockstep_translator::{CodeRegion, End, GuestBlock, Options, guest_blocks};

use lockstep::debug_info::DebugInfo;

/// The code of one region.
pub(crate) struct GuestCode {
    /// By address.
    pub(crate) blocks: Vec<GuestBlock>,
    /// By address; together they have all blocks.
    pub(crate) functions: Vec<Function>,
}

impl GuestCode {
    /// Finds the functions and blocks of a region.
    pub(crate) fn new(
        program: &Program,
        region: &CodeRegion<'_>,
        options: &Options,
        info: &DebugInfo<'_>,
    ) -> GuestCode {
        let blocks = guest_blocks(region, &program.hints(region), options);
        let functions = functions(region, &blocks, info.functions());
        GuestCode { blocks, functions }
    }

    /// The function that holds an address.
    pub(crate) fn function_at(&self, address: u64) -> Option<usize> {
        let behind = (self.functions).partition_point(|function| function.range.start <= address);
        let number = behind.checked_sub(1)?;
        (address < self.functions[number].range.end).then_some(number)
    }

    /// The functions with this name, or with a name that ends with it behind `::`, or that a compiler made of it, as
    /// `name.constprop.0`.
    pub(crate) fn named(&self, name: &str) -> Vec<usize> {
        let exact = self.matching(|full| full == name);
        if !exact.is_empty() {
            return exact;
        }
        let suffix = format!("::{name}");
        let in_a_path =
            self.matching(|full| full.ends_with(&suffix) || without_hash(full).ends_with(&suffix));
        if !in_a_path.is_empty() {
            return in_a_path;
        }
        let prefix = format!("{name}.");
        self.matching(|full| full.starts_with(&prefix))
    }

    /// The names that have this text in them.
    pub(crate) fn similar(&self, text: &str) -> impl Iterator<Item = &str> {
        let text = text.to_lowercase();
        let names = self.functions.iter().map(|function| &function.name[..]);
        names.filter(move |name| name.to_lowercase().contains(&text))
    }

    fn matching(&self, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
        let all = self.functions.iter().enumerate();
        all.filter(|(_, function)| wanted(&function.name))
            .map(|(number, _)| number)
            .collect()
    }

    /// The blocks of a function.
    pub(crate) fn blocks_of(&self, function: &Function) -> &[GuestBlock] {
        &self.blocks[function.blocks.clone()]
    }

    /// The block with this head.
    pub(crate) fn block_at(&self, head: u64) -> Option<usize> {
        self.blocks
            .binary_search_by_key(&head, |block| block.head)
            .ok()
    }

    /// An address by the name of its function: `name`, or `name+0x10` inside it.
    pub(crate) fn label(&self, address: u64) -> Option<String> {
        let function = &self.functions[self.function_at(address)?];
        Some(label(&function.name, address - function.range.start))
    }

    /// An instruction as text, with targets as addresses, and the names of targets behind it.
    pub(crate) fn text(&self, block: &GuestBlock, pc: u64, inst: &Inst) -> String {
        let text = inst.at(pc).to_string();
        let is_last = pc + u64::from(inst.len) == block.behind();
        let target = match block.end {
            End::Branch(target) | End::Jump(target) | End::Call(target) if is_last => target,
            _ => return text,
        };
        match self.label(target) {
            Some(label) => format!("{text} <{label}>"),
            None => text,
        }
    }

    /// The functions that each function calls or jumps to, by number: its own blocks are left out.
    pub(crate) fn calls(&self, function: &Function) -> BTreeSet<usize> {
        let targets = self
            .blocks_of(function)
            .iter()
            .filter_map(|block| match block.end {
                End::Call(target) | End::Jump(target) | End::Branch(target) => Some(target),
                _ => None,
            });
        targets
            .filter(|target| !function.range.contains(target))
            .filter_map(|target| self.function_at(target))
            .collect()
    }
}

/// A place in a function, so many bytes behind its start.
pub(crate) fn label(function: &str, distance: u64) -> String {
    match distance {
        0 => function.to_owned(),
        distance => format!("{function}+{distance:#x}"),
    }
}

/// The name of a function of Rust without the digits that the compiler puts behind it.
fn without_hash(name: &str) -> &str {
    match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()) => {
            path
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep::Platform;

    const ELF: &[u8] = include_bytes!("../../examples/faults/faults.elf");

    fn code(info: &DebugInfo<'_>) -> GuestCode {
        let program = Program::load(ELF, &Platform::default()).unwrap();
        let region = &program.code_regions()[0];
        GuestCode::new(&program, region, &Options::default(), info)
    }

    /// Every block is in one function, with names and without.
    #[test]
    fn functions_divide_the_blocks() {
        for info in [DebugInfo::read(ELF), DebugInfo::read(b"stripped")] {
            let code = code(&info);
            assert!(code.functions.len() > 3);
            let mut next = 0;
            for function in &code.functions {
                assert_eq!(function.blocks.start, next, "{}", function.name);
                next = function.blocks.end;
                let head = code.blocks[function.blocks.start].head;
                assert!(function.range.contains(&head), "{}", function.name);
            }
            assert_eq!(next, code.blocks.len());
        }
    }

    #[test]
    fn targets_have_names() {
        let info = DebugInfo::read(ELF);
        let code = code(&info);
        let poke = code.named("poke");
        assert_eq!(poke.len(), 1);
        let start = code.functions[poke[0]].range.start;
        assert_eq!(code.label(start).as_deref(), Some("poke"));
        assert_eq!(code.label(start + 2).as_deref(), Some("poke+0x2"));
        let callers = (code.functions.iter())
            .filter(|function| code.calls(function).contains(&poke[0]))
            .count();
        assert!(callers > 0, "nobody calls poke");
        let texts = code.blocks.iter().flat_map(|block| {
            let texts = block.places().map(|(pc, inst)| code.text(block, pc, inst));
            texts.collect::<Vec<_>>()
        });
        assert!(texts.into_iter().any(|text| text.contains("<poke>")));
    }

    #[test]
    fn a_function_is_found_by_the_name_in_the_source() {
        let info = DebugInfo::read(ELF);
        let mut code = code(&info);
        let poke = code.named("poke");
        code.functions[poke[0]].name = "poke.constprop.0".to_owned();
        assert_eq!(code.named("poke"), poke);
        assert_eq!(
            code.similar("POK").collect::<Vec<_>>(),
            ["poke.constprop.0"]
        );
        assert!(code.named("pok").is_empty());
    }

    #[test]
    fn a_function_is_found_by_the_end_of_its_path() {
        assert_eq!(without_hash("a::b::h0123456789abcdef"), "a::b");
        assert_eq!(without_hash("a::b::hello"), "a::b::hello");
    }
}
