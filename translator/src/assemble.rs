//! The assembler: puts compiled units together to a module.
//!
//! It appends the code of each unit, fills the table from guest addresses to native code, and records
//! which native code belongs to which block. At the end, when all entries are known, it writes the
//! distances of the jumps from unit to unit, so that a module needs no relocation. It compiles nothing.

use lockstep_contract::heat::HotHead;
use lockstep_contract::key::Key;
use lockstep_contract::module::{Block, CODE_LIMIT, Entry, Module, Span, TrustedModule};

use crate::code_region::CodeRegion;
use crate::codegen::{Compiled, Compiler};
use crate::link::Jump;
use crate::location::{self, Location};
use crate::native_place::NativePlace;
use crate::trusted::made_here;
use crate::units::Unit;
use crate::{Report, TranslateError};

/// The head of a span of native code that belongs to no block.
const NO_BLOCK: u32 = u32::MAX;

/// A module that grows unit by unit.
pub(crate) struct Assembler {
    module: Module,
    /// Jumps from unit to unit whose distances are not written yet.
    jumps: Vec<Jump>,
    alignment: usize,
    padding: u8,
    texts: Texts,
    has_places: bool,
}

/// What is made for people, beside the module.
#[derive(Default)]
pub(crate) struct Texts {
    pub clif: String,
    pub asm: String,
    pub places: Vec<NativePlace>,
}

impl Assembler {
    /// A module with the two functions that every module has: the one that exits because an address has
    /// no entry, and the one that the host calls.
    pub(crate) fn new(
        key: Key,
        hints: Vec<u64>,
        heat: Vec<HotHead>,
        region: &CodeRegion<'_>,
        compiler: &mut Compiler,
    ) -> Result<Assembler, TranslateError> {
        let mut assembler = Assembler {
            module: Module {
                key,
                hints,
                heat,
                enter: 0,
                table: vec![0; region.bytes.len() / 2],
                code: Vec::new(),
                blocks: Vec::new(),
                map: Vec::new(),
            },
            jumps: Vec::new(),
            alignment: compiler.alignment(),
            padding: compiler.padding(),
            texts: Texts::default(),
            has_places: compiler.output().has_places(),
        };
        // It must be at offset 0, because rows of the table without an entry hold 0.
        assembler.append(compiler.miss()?, "no entry")?;
        assembler.module.enter = assembler.append(compiler.enter()?, "enter")?;
        Ok(assembler)
    }

    /// Whether the module can take no more code.
    pub(crate) fn full(&self) -> bool {
        self.module.code.len() > CODE_LIMIT - self.alignment
    }

    /// Appends a function's code with its jumps and locations; returns its offset in the code.
    fn append(&mut self, compiled: Compiled, name: &str) -> Result<u32, TranslateError> {
        let module = &mut self.module;
        let start = module.code.len().next_multiple_of(self.alignment);
        module.code.resize(start, self.padding);
        module.code.extend_from_slice(&compiled.code);
        let start = u32::try_from(start)
            .map_err(|_| TranslateError::Compiler(format!("code of {start:#x} bytes")))?;
        let jumps = compiled.jumps.into_iter();
        self.jumps.extend(jumps.map(|jump| jump.moved(start)));
        module.map.push(Span {
            start,
            head: NO_BLOCK,
        });
        let base = module.key.base;
        if self.has_places {
            add_places(&mut self.texts.places, start, base, &compiled.locations);
        }
        for (offset, location) in compiled.locations {
            let span = Span {
                start: start + offset,
                head: location.map_or(NO_BLOCK, |location| location.block),
            };
            match module.map.last_mut() {
                Some(last) if last.start == span.start => *last = span,
                Some(last) if last.head == span.head => {}
                _ => module.map.push(span),
            }
        }
        for (all, one) in [
            (&mut self.texts.clif, compiled.clif),
            (&mut self.texts.asm, compiled.asm),
        ] {
            if let Some(one) = one {
                let one = location::by_address(&one, base);
                all.push_str(&format!("; {name}, native offset {start:#x}\n{one}\n"));
            }
        }
        Ok(start)
    }

    /// Adds a compiled unit, its entries and its blocks.
    pub(crate) fn add(
        &mut self,
        region: &CodeRegion<'_>,
        unit: &Unit<'_>,
        compiled: Compiled,
    ) -> Result<(), TranslateError> {
        let first = unit.heads.keys().next().copied().unwrap_or(region.base);
        let start = self.append(compiled, &format!("unit at {first:#x}"))?;
        for (head, number) in unit.entries() {
            // A row has few bits for the number. The interpreter runs the entries beyond them.
            if let Some(entry) = Entry::new(start, number) {
                let row = (head - region.base) / 2;
                self.module.table[row as usize] = entry.0;
            }
        }
        for chain in &unit.chains {
            for block in &chain.blocks {
                self.module.blocks.push(Block {
                    head: (block.head - region.base) as u32,
                    len: block.len as u16,
                    entries: block.instructions.len() as u8,
                    cycles: block.cycles as u32,
                });
            }
        }
        Ok(())
    }

    /// Finishes the module. Returns it with what is for people; what was not asked for is empty.
    ///
    /// # Errors
    /// When a jump cannot be resolved, which is a defect of this project.
    pub(crate) fn finish(
        mut self,
        report: &mut Report,
    ) -> Result<(TrustedModule, Texts), TranslateError> {
        for jump in &self.jumps {
            // A unit that was not compiled has no entry. The jump then goes to offset 0, which exits.
            let row = self.module.table.get(jump.row as usize);
            let target = row.map_or(0, |row| Entry(*row).start());
            jump.resolve(&mut self.module.code, target)?;
        }
        // A block whose function is inlined is in several units.
        self.module.blocks.sort_unstable_by_key(|block| block.head);
        self.module.blocks.dedup_by_key(|block| block.head);
        report.blocks = self.module.blocks.len();
        report.instructions = Report::of_module(&self.module).instructions;
        report.code_bytes = self.module.code.len();
        Ok((made_here(self.module), self.texts))
    }
}

/// Adds where the native code of a function comes from. The function starts at this offset.
fn add_places(
    places: &mut Vec<NativePlace>,
    start: u32,
    base: u64,
    locations: &[(u32, Option<Location>)],
) {
    places.push(NativePlace::new(start, base, None));
    for &(offset, location) in locations {
        let place = NativePlace::new(start + offset, base, location);
        match places.last_mut() {
            Some(last) if last.start == place.start => *last = place,
            Some(last) if last.guest() == place.guest() => {}
            _ => places.push(place),
        }
    }
}
