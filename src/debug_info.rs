//! What an ELF says of its own code: functions, files, lines, call frames.
//!
//! All of it is for people. Debug information is not what CKB-VM looks at, so nothing here refuses a file: what is
//! missing, damaged or compressed is left out.

use addr2line::Context;
use addr2line::gimli::{
    self, BaseAddresses, CfaRule, DebugFrame, EhFrame, EndianSlice, LittleEndian, Register,
    RegisterRule, UnwindContext, UnwindSection as _,
};
use goblin::elf::Elf;
use goblin::elf::program_header::{PT_LOAD, ProgramHeader};
use goblin::elf::section_header::SHF_COMPRESSED;
use goblin::elf::sym::{STT_FUNC, STT_NOTYPE};

/// Bytes of a section.
type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// `x1`, the return address, and `x2`, the stack pointer, as DWARF counts registers.
const RA: usize = 1;
const SP: usize = 2;

/// The functions, lines and call frames of one ELF.
pub struct DebugInfo<'a> {
    /// Address, end, name; sorted.
    functions: Vec<(u64, u64, &'a str)>,
    lines: Option<Context<Bytes<'a>>>,
    debug_frame: Option<DebugFrame<Bytes<'a>>>,
    eh_frame: Option<(EhFrame<Bytes<'a>>, BaseAddresses)>,
}

/// A place in the source.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    pub function: Option<String>,
    pub file: Option<String>,
    pub line: Option<u32>,
}

/// What a function's caller had in its registers, as far as that is known.
pub type Registers = [Option<u64>; 32];

impl<'a> DebugInfo<'a> {
    /// Reads as much as there is.
    pub fn read(file: &'a [u8]) -> DebugInfo<'a> {
        let elf = Elf::parse(file).ok().filter(|elf| elf.little_endian);
        let section = |name: &str| elf.as_ref().and_then(|elf| contents(elf, file, name));
        let reader =
            |name: &str| Bytes::new(section(name).map_or(&[], |found| found.1), LittleEndian);
        let dwarf = gimli::Dwarf::load(|id| Ok::<_, gimli::Error>(reader(id.name())));
        let has_lines = section(".debug_info").is_some();
        DebugInfo {
            functions: elf.as_ref().map(functions).unwrap_or_default(),
            lines: (dwarf.ok().filter(|_| has_lines))
                .and_then(|dwarf| Context::from_dwarf(dwarf).ok()),
            debug_frame: section(".debug_frame")
                .map(|(_, bytes)| DebugFrame::new(bytes, LittleEndian)),
            eh_frame: section(".eh_frame").map(|(address, bytes)| {
                let bases = BaseAddresses::default().set_eh_frame(address);
                (EhFrame::new(bytes, LittleEndian), bases)
            }),
        }
    }

    /// The name of the function that holds an address, from the symbols.
    fn symbol(&self, at: u64) -> Option<String> {
        let behind = self.functions.partition_point(|function| function.0 <= at);
        let &(_, end, name) = self.functions.get(behind.checked_sub(1)?)?;
        let name = addr2line::demangle_auto(name.into(), None);
        (at < end).then(|| name.into_owned())
    }

    /// The functions that the symbols name: address, address behind the end, name. Sorted; one without a size reaches to
    /// the next.
    pub fn functions(&self) -> impl Iterator<Item = (u64, u64, String)> {
        self.functions.iter().map(|&(start, end, name)| {
            let name = addr2line::demangle_auto(name.into(), None);
            (start, end, name.into_owned())
        })
    }

    /// Whether it has lines of source files.
    pub fn has_lines(&self) -> bool {
        self.lines.is_some()
    }

    /// Where an instruction comes from: the innermost place first, then the places that it was inlined into. There is
    /// at least one, which may say nothing.
    pub fn places(&self, at: u64) -> Vec<Place> {
        let mut places = self.places_by_lines(at).unwrap_or_default();
        if places.is_empty() {
            places.push(Place::default());
        }
        if let Some(outermost) = places.last_mut()
            && outermost.function.is_none()
        {
            outermost.function = self.symbol(at);
        }
        places
    }

    fn places_by_lines(&self, at: u64) -> Option<Vec<Place>> {
        let mut frames = self.lines.as_ref()?.find_frames(at).skip_all_loads().ok()?;
        let mut places = Vec::new();
        while let Ok(Some(frame)) = frames.next() {
            let name = frame.function.as_ref();
            let name = name.and_then(|name| name.demangle().ok().map(|name| name.into_owned()));
            let location = frame.location.as_ref();
            places.push(Place {
                function: name,
                file: location.and_then(|location| location.file.map(str::to_owned)),
                // 0 means that the compiler knows no line.
                line: location
                    .and_then(|location| location.line)
                    .filter(|line| *line != 0),
            });
        }
        Some(places)
    }

    /// What the caller of the function at `at` had in its registers, by the tables that the compiler made for that.
    /// `load` reads a register's worth of guest memory. Nothing if there are no such tables, or if they say that there
    /// is no caller.
    pub fn caller(
        &self,
        at: u64,
        registers: &Registers,
        load: &dyn Fn(u64) -> Option<u64>,
    ) -> Option<Registers> {
        let mut context = UnwindContext::new();
        let bases = BaseAddresses::default();
        let by_debug_frame = self.debug_frame.as_ref().and_then(|section| {
            let find = DebugFrame::cie_from_offset;
            let row = section.unwind_info_for_address(&bases, &mut context, at, find);
            row.ok().cloned()
        });
        let row = by_debug_frame.or_else(|| {
            let (section, bases) = self.eh_frame.as_ref()?;
            let mut context = UnwindContext::new();
            let find = EhFrame::cie_from_offset;
            let row = section.unwind_info_for_address(bases, &mut context, at, find);
            row.ok().cloned()
        })?;
        let CfaRule::RegisterAndOffset { register, offset } = row.cfa() else {
            return None;
        };
        let base = registers.get(usize::from(register.0)).copied()??;
        let frame = base.wrapping_add(*offset as u64);
        let mut callers = *registers;
        for (number, value) in callers.iter_mut().enumerate().skip(1) {
            *value = match row.register(Register(number as u16)) {
                // What no rule names is as it was; a function must restore it.
                None | Some(RegisterRule::SameValue) => *value,
                Some(RegisterRule::Offset(at)) => load(frame.wrapping_add(at as u64)),
                Some(RegisterRule::ValOffset(at)) => Some(frame.wrapping_add(at as u64)),
                Some(RegisterRule::Register(from)) => {
                    registers.get(usize::from(from.0)).copied().flatten()
                }
                _ => None,
            };
        }
        if row.register(Register(SP as u16)).is_none() {
            callers[SP] = Some(frame);
        }
        callers[RA].is_some().then_some(callers)
    }
}

/// Whether an ELF has code, and all of it lies in these bytes, which begin at the address `base`. Stripping an ELF does not
/// change the answer.
pub fn has_code(file: &[u8], base: u64, bytes: &[u8]) -> bool {
    let Ok(elf) = Elf::parse(file) else {
        return false;
    };
    let mut segments = (elf.program_headers.iter())
        .filter(|header| header.p_type == PT_LOAD && header.is_executable() && header.p_filesz > 0)
        .peekable();
    segments.peek().is_some()
        && segments.all(|header| {
            let start = header.p_vaddr.checked_sub(base).map(|at| at as usize);
            let place =
                start.and_then(|at| bytes.get(at..at.checked_add(header.p_filesz as usize)?));
            let own = file_range(header).and_then(|range| file.get(range));
            place.is_some() && place == own
        })
}

/// Where the bytes of a segment are in its file.
fn file_range(header: &ProgramHeader) -> Option<std::ops::Range<usize>> {
    let start = usize::try_from(header.p_offset).ok()?;
    let len = usize::try_from(header.p_filesz).ok()?;
    Some(start..start.checked_add(len)?)
}

/// The address and the bytes of a section, unless they are compressed.
fn contents<'a>(elf: &Elf<'_>, file: &'a [u8], name: &str) -> Option<(u64, &'a [u8])> {
    let header = (elf.section_headers.iter())
        .find(|header| elf.shdr_strtab.get_at(header.sh_name) == Some(name))?;
    if header.sh_flags & u64::from(SHF_COMPRESSED) != 0 {
        return None;
    }
    let range = header.file_range()?;
    Some((header.sh_addr, file.get(range)?))
}

/// The functions that the symbols name. One without a size reaches to the next.
fn functions<'a>(elf: &Elf<'a>) -> Vec<(u64, u64, &'a str)> {
    let mut functions: Vec<(u64, u64, &str)> = (elf.syms.iter())
        .filter(|symbol| matches!(symbol.st_type(), STT_FUNC | STT_NOTYPE) && !symbol.is_import())
        .filter_map(|symbol| {
            let name = elf.strtab.get_at(symbol.st_name)?;
            // `$x` and the like mark code and data; `.L` are labels of the compiler.
            let is_name = !name.is_empty() && !name.starts_with(['$', '.']);
            is_name.then_some((
                symbol.st_value,
                symbol.st_value.saturating_add(symbol.st_size),
                name,
            ))
        })
        .collect();
    functions.sort_unstable();
    functions.dedup_by_key(|function| function.0);
    for number in 0..functions.len() {
        let next = functions.get(number + 1).map_or(u64::MAX, |next| next.0);
        let function = &mut functions[number];
        if function.1 == function.0 {
            function.1 = next;
        }
    }
    functions
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELF: &[u8] = include_bytes!("../examples/faults/faults.elf");

    #[test]
    fn a_file_names_its_functions_and_lines() {
        let info = DebugInfo::read(ELF);
        let places = info.places(0x110d4);
        assert_eq!(places.len(), 1, "{places:?}");
        assert_eq!(places[0].function.as_deref(), Some("poke"));
        assert_eq!(places[0].line, Some(24));
        assert_eq!(info.places(0x5000), [Place::default()]);
        assert_eq!(
            DebugInfo::read(b"no ELF").places(0x110d4),
            [Place::default()]
        );
    }

    /// Whatever a file says, it is read to an end, without a panic.
    #[test]
    fn damaged_files_say_less() {
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % below
        };
        let registers: Registers = [Some(0x3f_0000); 32];
        let mut fewer = 0;
        for _ in 0..2000 {
            let mut file = ELF.to_vec();
            for _ in 0..=random(8) {
                // From the debug sections on, the section table and the symbols.
                let at = 0x2000 + random(file.len() - 0x2000);
                file[at] = random(256) as u8;
            }
            file.truncate(file.len() - random(2) * random(0x800));
            let info = DebugInfo::read(&file);
            let mut named = 0;
            for at in (0x11000..0x11120).step_by(2) {
                named += usize::from(info.places(at)[0].line.is_some());
                info.caller(at, &registers, &|_| Some(0x11050));
            }
            fewer += usize::from(named < 0x80);
        }
        assert!(fewer > 100, "{fewer}");
    }
}
