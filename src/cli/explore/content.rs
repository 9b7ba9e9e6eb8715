//! What a page says: functions, their guest code by blocks, the intermediate form and the native code of each.
//!
//! All of it is one JSON object inside the page. The names of its fields are short where they stand in every line. The
//! page has a bound, and a script may be large; then the hottest functions are shown, or those with the lowest
//! addresses, and the others are named.

use std::collections::BTreeSet;

use lockstep::Program;
use lockstep_contract::heat::Heat;
use lockstep_translator::{CodeRegion, End, GuestBlock, Translation};
use serde::Serialize;

use super::native::{Line, Piece, intermediate_form, native};
use super::sources::{File, Sources};
use crate::cli::code;
use crate::cli::failure::Failure;
use crate::cli::guest_code::{Function, GuestCode};
use lockstep::debug_info::DebugInfo;

/// A code region, translated.
pub(super) struct Part<'a> {
    pub(super) region: CodeRegion<'a>,
    pub(super) made: Translation,
    pub(super) code: GuestCode,
}

/// The content of a page as it grows.
pub(super) struct Content {
    title: String,
    facts: Vec<(&'static str, String)>,
    pub(super) functions: Vec<Shown>,
    has_heat: bool,
    /// The functions that were asked for by name: for each name their numbers.
    named: Vec<(String, Vec<usize>)>,
}

/// A function, for the page.
#[derive(Serialize)]
pub(super) struct Shown {
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "a")]
    start: u64,
    /// Cycles that were run in it, by the heat.
    #[serde(rename = "w")]
    weight: u64,
    /// The functions that it calls, by number.
    #[serde(rename = "c")]
    calls: BTreeSet<usize>,
    /// Its code, where it is shown.
    #[serde(rename = "d")]
    detail: Option<Detail>,
    /// Source files of its lines, by number.
    #[serde(skip)]
    files: BTreeSet<usize>,
}

#[derive(Serialize)]
struct Detail {
    #[serde(rename = "b")]
    blocks: Vec<Block>,
    #[serde(rename = "i")]
    form: Vec<Line>,
    #[serde(rename = "x")]
    native: Vec<Line>,
}

#[derive(Serialize)]
struct Block {
    #[serde(rename = "h")]
    head: u64,
    #[serde(rename = "c")]
    cycles: u64,
    #[serde(rename = "w")]
    weight: u64,
    /// Heads of the blocks that may come next.
    #[serde(rename = "s")]
    next: Vec<u64>,
    /// How it ends, in a word.
    #[serde(rename = "e")]
    end: &'static str,
    #[serde(rename = "i")]
    instructions: Vec<Instruction>,
}

#[derive(Serialize)]
struct Instruction {
    #[serde(rename = "p")]
    pc: u64,
    #[serde(rename = "t")]
    text: String,
    #[serde(rename = "c")]
    cycles: u64,
    /// File by number, and line.
    #[serde(rename = "l", skip_serializing_if = "Option::is_none")]
    line: Option<(usize, u32)>,
}

/// The whole object.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    pub(super) title: &'a str,
    facts: &'a [(&'static str, String)],
    functions: &'a [Shown],
    files: &'a [File],
    has_heat: bool,
}

impl Content {
    /// Nothing yet. `names` are the functions that are asked for; none means all.
    pub(super) fn new(
        title: &str,
        program: &Program,
        elf_bytes: usize,
        names: &[String],
    ) -> Content {
        let entry = program.image().entry;
        let facts = vec![("ELF", format!("{elf_bytes} bytes, entry {entry:#x}"))];
        Content {
            title: title.to_owned(),
            facts,
            functions: Vec::new(),
            has_heat: false,
            named: names
                .iter()
                .map(|name| (name.clone(), Vec::new()))
                .collect(),
        }
    }

    /// Adds the functions of a region.
    pub(super) fn add(
        &mut self,
        part: &Part<'_>,
        info: &DebugInfo<'_>,
        heat: Option<&Heat>,
        sources: &mut Sources,
    ) {
        self.has_heat |= heat.is_some();
        self.describe(part);
        let first = self.functions.len();
        for (name, numbers) in &mut self.named {
            numbers.extend(part.code.named(name).iter().map(|number| first + number));
        }
        for function in &part.code.functions {
            let mut shown = shown(part, function, info, heat, sources);
            shown.calls = shown.calls.iter().map(|number| first + number).collect();
            self.functions.push(shown);
        }
        let mut give = |pieces: Vec<Piece>, field: fn(&mut Detail) -> &mut Vec<Line>| {
            for piece in pieces {
                let number = part.code.function_at(piece.address);
                let shown = number.and_then(|number| self.functions.get_mut(first + number));
                if let Some(detail) = shown.and_then(|shown| shown.detail.as_mut()) {
                    field(detail).extend(piece.lines);
                }
            }
        };
        give(intermediate_form(&part.made), |detail| &mut detail.form);
        give(native(&part.made), |detail| &mut detail.native);
    }

    fn describe(&mut self, part: &Part<'_>) {
        let Part { region, made, code } = part;
        let key = &made.module.key;
        let fields = key.fields();
        let field = |wanted: &str| {
            let found = fields.iter().find(|(name, _)| *name == wanted);
            found.map_or("", |(_, value)| value)
        };
        self.facts.extend([
            (
                "Machine",
                format!(
                    "version {}, RV{}, {}, costs: {}",
                    field("version"),
                    field("xlen"),
                    field("isa"),
                    field("cost")
                ),
            ),
            (
                "Code",
                format!("{} bytes at {:#x}", region.bytes.len(), region.base),
            ),
            (
                "Blocks",
                format!(
                    "{} in {} functions, {} left to the interpreter",
                    code.blocks.len(),
                    code.functions.len(),
                    made.report.left.len()
                ),
            ),
            (
                "Native code",
                format!("{} bytes for {}", made.module.code.len(), key.target),
            ),
            (
                "Translator",
                format!("{}, {}", key.translator, key.compiler),
            ),
            ("Module", key.id().to_string()),
        ]);
    }

    /// Decides which functions' code is shown: those that were asked for, or all; the hottest first, for as long as
    /// there is room. Source files take from the room too.
    pub(super) fn choose(&mut self, room: u64, sources: &mut Sources) -> Result<(), Failure> {
        if let Some((name, _)) = self.named.iter().find(|(_, numbers)| numbers.is_empty()) {
            return Err(self.no_function(name));
        }
        let wanted = |number: usize| {
            let mut lists = self.named.iter().map(|(_, numbers)| numbers);
            self.named.is_empty() || lists.any(|numbers| numbers.contains(&number))
        };
        let mut order: Vec<usize> = (0..self.functions.len()).collect();
        order.sort_by_key(|&number| {
            let shown = &self.functions[number];
            (u64::MAX - shown.weight, shown.start)
        });
        let mut room = room;
        for number in order {
            let shown = &mut self.functions[number];
            let bytes = match shown.detail.as_ref().map(serde_json::to_vec) {
                Some(Ok(json)) => json.len() as u64,
                _ => 0,
            };
            if !wanted(number) || bytes > room {
                shown.detail = None;
                continue;
            }
            room -= bytes;
            for &file in &shown.files {
                room -= sources.embed(file, room);
            }
        }
        Ok(())
    }

    fn no_function(&self, name: &str) -> Failure {
        let part = name.rsplit("::").next().unwrap_or(name);
        let names = self.functions.iter().map(|shown| &*shown.name);
        let near: Vec<&str> = names.filter(|known| known.contains(part)).take(5).collect();
        let advice = match near.is_empty() {
            true => "translate inspect --disasm lists the code".to_owned(),
            false => format!("there is {}", near.join(", ")),
        };
        let message = format!("there is no function {name:?}; {advice}");
        Failure::new(code::USAGE, "NoFunction", message)
    }

    /// Functions whose code is shown.
    pub(super) fn shown(&self) -> usize {
        let shown = self.functions.iter().filter(|shown| shown.detail.is_some());
        shown.count()
    }

    pub(super) fn finish<'a>(&'a self, sources: &'a Sources) -> Page<'a> {
        Page {
            title: &self.title,
            facts: &self.facts,
            functions: &self.functions,
            files: sources.files(),
            has_heat: self.has_heat,
        }
    }
}

fn shown(
    part: &Part<'_>,
    function: &Function,
    info: &DebugInfo<'_>,
    heat: Option<&Heat>,
    sources: &mut Sources,
) -> Shown {
    let mut files = BTreeSet::new();
    let blocks: Vec<Block> = (part.code.blocks_of(function).iter())
        .map(|block| Block {
            head: block.head,
            cycles: block.cycles,
            weight: heat.map_or(0, |heat| heat.weight(block.head)),
            next: (block.successors())
                .filter(|head| part.code.block_at(*head).is_some())
                .collect(),
            end: end_name(block.end),
            instructions: instructions(part, block, info, sources, &mut files),
        })
        .collect();
    Shown {
        name: function.name.clone(),
        start: function.range.start,
        weight: blocks.iter().map(|block| block.weight).sum(),
        calls: part.code.calls(function),
        detail: Some(Detail {
            blocks,
            form: Vec::new(),
            native: Vec::new(),
        }),
        files,
    }
}

fn instructions(
    part: &Part<'_>,
    block: &GuestBlock,
    info: &DebugInfo<'_>,
    sources: &mut Sources,
    files: &mut BTreeSet<usize>,
) -> Vec<Instruction> {
    let instructions = block.places().map(|(pc, inst)| {
        let place = info.places(pc).into_iter().next().unwrap_or_default();
        let line = place.file.zip(place.line).map(|(file, line)| {
            let number = sources.number(&file);
            files.insert(number);
            (number, line)
        });
        Instruction {
            pc,
            text: part.code.text(block, pc, inst),
            cycles: part.region.cost.cycles(inst.op),
            line,
        }
    });
    instructions.collect()
}

fn end_name(end: End) -> &'static str {
    match end {
        End::Next => "next",
        End::Branch(_) => "branch",
        End::Jump(_) => "jump",
        End::Call(_) => "call",
        End::IndirectJump => "indirect jump",
        End::IndirectCall => "indirect call",
        End::HostCall => "host call",
        End::Breakpoint => "breakpoint",
        _ => "",
    }
}
