//! The conditions that every module must meet, whether it comes from a file or from a translator in this
//! process.

use super::{
    ALIGN, BLOCK, ENTRY, Entry, FIRST, HINT, HOT_HEAD, Kind, Module, ModuleError, SPAN, Section,
    Span,
};
use crate::heat::{self, HEAT_HEADS};
use crate::key::{FORMAT, hex};
use crate::pages::{PAGE_SIZE, is_memory_size};

/// Entries of a block, at most: a trace of CKB-VM.
const MAX_ENTRIES: u8 = 16;
/// Bytes of a block stay below this: CKB-VM keeps the length of a trace in 8 bits and goes on at
/// the wrong place after a longer one, which is for the interpreter to imitate.
const MAX_BYTES: u16 = 256;

impl Module {
    /// Checks all that [the format](super) asks of the content. Offsets in errors are those of the
    /// file that [`Module::to_bytes`] gives.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check(&self) -> Result<(), ModuleError> {
        self.check_to_run()?;
        self.check_hints()?;
        self.check_heat()?;
        self.check_blocks()?;
        self.check_map()
    }

    /// The part of [`Module::check`] that is about what running the module relies on: the key, the code, and the
    /// table of entries.
    ///
    /// # Errors
    /// The first thing that does not hold.
    pub fn check_to_run(&self) -> Result<(), ModuleError> {
        self.check_key()?;
        self.check_code()
    }

    /// Where a section begins in the file.
    fn offset(&self, section: Section) -> usize {
        let lengths = [
            self.key.encode().len(),
            self.hints.len() * HINT,
            self.heat.len() * HOT_HEAD,
            self.table.len() * ENTRY,
            self.blocks.len() * BLOCK,
            self.map.len() * SPAN,
        ];
        lengths[..section as usize]
            .iter()
            .fold(FIRST, |at, len| (at + len).next_multiple_of(ALIGN))
    }

    fn check_key(&self) -> Result<(), ModuleError> {
        let key = &self.key;
        let at = self.offset(Section::Key);
        let refuse = |what, offset: usize, found: u64, expected: String| {
            Err(ModuleError::number(what, at + offset, found, expected))
        };
        if key.format != FORMAT {
            let expected = format!("{FORMAT:#x}");
            return refuse("key: format", 0, key.format.into(), expected);
        }
        if !is_memory_size(key.memory_size) {
            let expected = "0x1 to 0x400 pages of 0x1000 bytes".into();
            return refuse("key: memory size", 8, key.memory_size, expected);
        }
        let page = PAGE_SIZE as u64;
        if key.base >= key.memory_size || !key.base.is_multiple_of(page) {
            let expected = format!("the address of a page below {:#x}", key.memory_size);
            return refuse("key: base", 16, key.base, expected);
        }
        let room = key.memory_size - key.base;
        if key.len == 0 || key.len > room || !key.len.is_multiple_of(page) {
            let expected = format!("whole pages, at most {room:#x}");
            return refuse("key: len", 24, key.len, expected);
        }
        let features = key.cpu.split(',');
        if !key.cpu.is_empty() && (key.cpu.starts_with(',') || !features.is_sorted_by(|a, b| a < b))
        {
            let at = at + key.encode().len() - key.cpu.len();
            let (found, expected) = (format!("{:?}", key.cpu), "ascending names");
            return Err(ModuleError::new(
                Kind::Content,
                "key: cpu",
                at,
                found,
                expected,
            ));
        }
        Ok(())
    }

    fn check_code(&self) -> Result<(), ModuleError> {
        let len = self.code.len();
        if len == 0 || u32::try_from(len).is_err() {
            let at = self.offset(Section::Code);
            let expected = "0x1 to 0xffffffff bytes";
            return Err(ModuleError::number("code", at, len as u64, expected));
        }
        let step = if self.key.target.starts_with("aarch64") {
            4
        } else {
            1
        };
        let good = |offset: u32| (offset as usize) < len && offset.is_multiple_of(step);
        let expected = format!("a multiple of {step:#x} below {len:#x}");
        if !good(self.enter) {
            return Err(ModuleError::number("enter", 24, self.enter, expected));
        }
        let at = self.offset(Section::Table);
        if self.table.len() as u64 != self.key.len / 2 {
            let (found, expected) = (self.table.len() as u64, self.key.len / 2);
            let expected = format!("{expected:#x} entries");
            return Err(ModuleError::number("table", at, found, expected));
        }
        let outside = |entry: &u32| Entry(*entry).start() as usize >= len;
        // The first one is looked for where there is one. This looks at many at a time, because it is a plain fold;
        // the iterator's own maximum takes them one by one.
        let starts = self.table.iter().map(|entry| Entry(*entry).start());
        if (starts.fold(0, u32::max) as usize) < len {
            return Ok(());
        }
        match self.table.iter().position(outside) {
            None => Ok(()),
            Some(index) => {
                let (at, found) = (at + index * ENTRY, self.table[index]);
                let expected = format!("the entry of a function below {len:#x}");
                Err(ModuleError::number("table entry", at, found, expected))
            }
        }
    }

    fn check_hints(&self) -> Result<(), ModuleError> {
        match disorder(self.hints.iter()) {
            None => Ok(()),
            Some(index) => {
                let at = self.offset(Section::Hints) + index * HINT;
                let found = self.hints[index];
                let expected = format!("above {:#x}", self.hints[index - 1]);
                Err(ModuleError::number("hint", at, found, expected))
            }
        }
    }

    fn check_heat(&self) -> Result<(), ModuleError> {
        let at = self.offset(Section::Heat);
        let refuse = |index: usize, offset: usize, found: u64, expected: String| {
            let at = at + index * HOT_HEAD + offset;
            Err(ModuleError::number("hot head", at, found, expected))
        };
        if self.heat.len() > HEAT_HEADS {
            let found = self.heat.len() as u64;
            let expected = format!("at most {HEAT_HEADS:#x} heads");
            return Err(ModuleError::number("heat", at, found, expected));
        }
        if let Some(index) = disorder(self.heat.iter().map(|hot| hot.head)) {
            let expected = format!("above {:#x}", self.heat[index - 1].head);
            return refuse(index, 0, self.heat[index].head, expected);
        }
        let place = self.key.place();
        for (index, hot) in self.heat.iter().enumerate() {
            if !place.contains(hot.head) || !hot.head.is_multiple_of(2) {
                let expected = "an even address in the code region".to_owned();
                return refuse(index, 0, hot.head, expected);
            }
            if hot.weight == 0 {
                return refuse(index, 8, 0, "not 0".to_owned());
            }
        }
        let digest = heat::digest(&self.heat);
        match self.key.heat == digest {
            true => Ok(()),
            false => {
                let words = |digest: Option<[u8; 32]>| digest.map_or("none".into(), |it| hex(&it));
                let (found, expected) = (words(digest), words(self.key.heat));
                let what = "digest of the heat";
                Err(ModuleError::new(Kind::Content, what, at, found, expected))
            }
        }
    }

    fn check_blocks(&self) -> Result<(), ModuleError> {
        let refuse = |what, index: usize, offset: usize, found: u64, expected: String| {
            let at = self.offset(Section::Blocks) + index * BLOCK + offset;
            Err(ModuleError::number(what, at, found, expected))
        };
        if let Some(index) = disorder(self.blocks.iter().map(|block| block.head)) {
            let expected = format!("above {:#x}", self.blocks[index - 1].head);
            let found = self.blocks[index].head.into();
            return refuse("head of block", index, 0, found, expected);
        }
        for (index, block) in self.blocks.iter().enumerate() {
            let (head, len) = (u64::from(block.head), u64::from(block.len));
            if head >= self.key.len || !head.is_multiple_of(2) {
                let expected = format!("even and below {:#x}", self.key.len);
                return refuse("head of block", index, 0, head, expected);
            }
            if !(1..=MAX_ENTRIES).contains(&block.entries) {
                let (found, expected) = (block.entries.into(), "0x1 to 0x10".into());
                return refuse("entries of block", index, 6, found, expected);
            }
            let least = 2 * u64::from(block.entries);
            let most = (self.key.len - head).min(u64::from(MAX_BYTES) - 2);
            if !(least..=most).contains(&len) || !len.is_multiple_of(2) {
                let expected = format!("even, {least:#x} to {most:#x}");
                return refuse("length of block", index, 4, len, expected);
            }
        }
        Ok(())
    }

    fn check_map(&self) -> Result<(), ModuleError> {
        let refuse = |what, index: usize, offset: usize, found: u32, expected: String| {
            let at = self.offset(Section::Map) + index * SPAN + offset;
            Err(ModuleError::number(what, at, found, expected))
        };
        if let Some(index) = disorder(self.map.iter().map(|span| span.start)) {
            let expected = format!("above {:#x}", self.map[index - 1].start);
            return refuse("start of span", index, 0, self.map[index].start, expected);
        }
        for (index, span) in self.map.iter().enumerate() {
            if span.start as usize >= self.code.len() {
                let expected = format!("below {:#x}", self.code.len());
                return refuse("start of span", index, 0, span.start, expected);
            }
            let inside = u64::from(span.head) < self.key.len && span.head.is_multiple_of(2);
            if !inside && span.head != Span::NO_BLOCK {
                let expected = format!("even and below {:#x}, or all ones", self.key.len);
                return refuse("head of span", index, 4, span.head, expected);
            }
        }
        Ok(())
    }
}

/// The index of the first item that is not above the one before it.
fn disorder<T: Ord>(items: impl Iterator<Item = T> + Clone) -> Option<usize> {
    let next = items.clone().skip(1);
    let found = items.zip(next).position(|(item, next)| item >= next);
    found.map(|index| index + 1)
}
