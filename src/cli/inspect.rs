//! `translate inspect`: what is in an ELF or in a module.
//!
//! An ELF is looked at as the machine of the options would see it: loaded, and translated in memory
//! to know its blocks and what is left to the interpreter. A module holds no guest code; with the ELF
//! it was made from (`--elf`) that is shown too.

use std::path::{Path, PathBuf};

use clap::Args;
use lockstep::Program;
use lockstep::disasm::{self, Shown, Wanted};
use lockstep::engine::key_id;
use lockstep_contract::module::{Block, Module};
use lockstep_contract::pages::{DIRTY, EXECUTABLE, FREEZED, PAGE_SIZE};
use lockstep_translator::{CodeRegion, Options, Output, Translation};

use super::answer::Answer;
use super::args::{GuestOptions, number};
use super::failure::Failure;
use super::guest_code::GuestCode;
use super::{code, guest, named_module, translation};
use lockstep::debug_info::DebugInfo;

mod objects;
mod refused;
mod seal;
mod text;
mod views;

use views::Place;

use objects::{BlockObject, Coverage, ElfObject, ModuleObject, Pages, Region, Segment};

/// Names that are shown where a function is not found.
const SIMILAR_NAMES: usize = 5;

/// Shows what is in an ELF or a module
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate inspect guests/elf/fib.elf --disasm 0x11000..0x11020"
)]
pub(crate) struct Inspect {
    /// An ELF or a module; - is standard input
    file: Option<PathBuf>,
    /// Show the code: all blocks, those that hold an address, those that begin in a range, or those of a function
    #[arg(long, value_name = "ADDR[..ADDR]|NAME", num_args = 0..=1)]
    disasm: Option<Option<String>>,
    /// With a module: the ELF that it was made from, to show guest code beside the native
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,
    /// With --disasm: show the native code under the guest instruction that it was made of
    #[arg(long, requires = "disasm")]
    native: bool,
    /// Show how often each operation stands in the code
    #[arg(long)]
    histogram: bool,
    /// Print the blocks of a function as a graph, for dot of Graphviz
    #[arg(long, value_name = "NAME", conflicts_with_all = ["disasm", "histogram"])]
    cfg: Option<String>,
    /// Take names from this ELF, for a file that has been stripped
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    #[command(flatten)]
    guest: GuestOptions,
}

impl Inspect {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let (file, wanted) = self.arguments()?;
        let bytes = guest::read_input(&file)?;
        if bytes.starts_with(b"LOCKSTEP") {
            return self.module(&file, &bytes, wanted, json);
        }
        if self.elf.is_some() {
            return Err(Failure::usage(format!(
                "--elf is for inspecting a module, and {} is not one; leave out --elf",
                guest::shown(&file)
            )));
        }
        guest::warn_of_machine(&file, &bytes);
        self.elf(&file, &bytes, wanted, json)
    }

    /// The file, and what of it is to be disassembled. `--disasm FILE` means all of FILE: what is no
    /// address is the file when there is none else.
    fn arguments(&self) -> Result<(PathBuf, Option<Place>), Failure> {
        let missing = || Failure::usage("there is nothing to inspect: name an ELF or a module");
        let refuse = |text: &str, why: String| {
            Failure::usage(format!(
                "invalid value {text:?} for --disasm ADDR[..ADDR]|NAME: {why}"
            ))
        };
        match (&self.disasm, &self.file) {
            (None, file) => Ok((file.clone().ok_or_else(missing)?, None)),
            (Some(None), file) => Ok((
                file.clone().ok_or_else(missing)?,
                Some(Place::At(Wanted::All)),
            )),
            (Some(Some(text)), None) => match parse_wanted(text) {
                Ok(_) => Err(missing()),
                Err(_) => Ok((text.into(), Some(Place::At(Wanted::All)))),
            },
            (Some(Some(text)), Some(file)) => match parse_wanted(text) {
                Ok(wanted) => Ok((file.clone(), Some(Place::At(wanted)))),
                // No function has a name that begins with a digit.
                Err(why) if text.starts_with(|first: char| first.is_ascii_digit()) => {
                    Err(refuse(text, why))
                }
                Err(_) => Ok((file.clone(), Some(Place::Named(text.clone())))),
            },
        }
    }

    fn elf(
        &self,
        path: &Path,
        bytes: &[u8],
        wanted: Option<Place>,
        json: bool,
    ) -> Result<Answer, Failure> {
        let program = match guest::load(path, bytes, &self.guest.platform()) {
            Ok(program) => program,
            Err(failure) if failure.code == code::DATA => {
                return refused::show(bytes, failure, json);
            }
            Err(failure) => return Err(failure),
        };
        let symbols = self.symbols.as_deref().map(guest::read_elf).transpose()?;
        let info = DebugInfo::read(symbols.as_deref().unwrap_or(bytes));
        let regions = program.code_regions();
        let options = Options::default();
        let code = |region| GuestCode::new(&program, region, &options, &info);
        let codes: Vec<GuestCode> = regions.iter().map(code).collect();
        if let Some(name) = &self.cfg {
            return graph(path, &codes, name, json);
        }
        if let Some(Place::Named(name)) = &wanted
            && codes.iter().all(|code| code.named(name).is_empty())
        {
            return Err(no_function(path, &codes, name));
        }
        let mut shown = Vec::new();
        let mut listing = wanted.as_ref().map(|_| String::new());
        for (region, code) in regions.iter().zip(&codes) {
            let (object, made) = inspect_region(&program, region, self.native)?;
            if let (Some(listing), Some(place)) = (&mut listing, &wanted) {
                let native = self.native.then(|| views::native(&made));
                if regions.len() == 1 || !views::addresses(code, place).is_empty() {
                    *listing += &views::listing(code, region, place, native.as_ref());
                }
            }
            shown.push(object);
        }
        let image = program.image();
        let object = ElfObject {
            kind: "elf",
            bytes: bytes.len(),
            entry: format!("{:#x}", image.entry),
            symbols: image.symbols.len(),
            segments: image.segments.iter().map(Segment::from).collect(),
            page_flags: page_flags(program.core().memory().flags()),
            regions: shown,
            histogram: self.histogram.then(|| views::operations(codes.iter())),
            disasm: listing,
        };
        Answer::new(json, &object, || text::elf(&object), code::SUCCESS)
    }

    fn module(
        &self,
        path: &Path,
        bytes: &[u8],
        wanted: Option<Place>,
        json: bool,
    ) -> Result<Answer, Failure> {
        let named = named_module::open(path, bytes)?;
        let module = named.module();
        let wanted = match wanted {
            None => None,
            Some(Place::At(wanted)) if !self.native => Some(wanted),
            Some(_) => return Err(needs_elf("--native and names of functions")),
        };
        if self.histogram || self.cfg.is_some() {
            return Err(needs_elf("--histogram and --cfg"));
        }
        let listing = match (wanted, &self.elf) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Failure::usage(
                    "--elf names the guest code that --disasm shows; add --disasm, or leave out --elf",
                ));
            }
            (Some(wanted), None) => {
                Some(disasm::listing(module, None, wanted, Shown::GuestAndNative))
            }
            (Some(wanted), Some(elf)) => {
                let file = guest::read_elf(elf)?;
                let program = guest::load(elf, &file, &translation::platform(&module.key))?;
                let regions = program.code_regions();
                let options = translation::options(module);
                let region = translation::find(path, &module.key, &regions, &options)?;
                Some(disasm::listing(
                    module,
                    Some(region),
                    wanted,
                    Shown::GuestAndNative,
                ))
            }
        };
        let object = ModuleObject {
            kind: "module",
            bytes: bytes.len(),
            id: module.key.id().to_string(),
            key: module.key.fields().into_iter().collect(),
            seal: seal::SealObject::of(path, bytes),
            hints: module.hints.len(),
            heat: module.heat.len(),
            entries: module.table.iter().filter(|entry| **entry != 0).count(),
            code_bytes: module.code.len(),
            coverage: coverage(module, module.key.len),
            disasm: listing,
        };
        Answer::new(
            json,
            &object,
            || text::module(module, &object),
            code::SUCCESS,
        )
    }
}

/// What only the guest's code can answer.
fn needs_elf(what: &str) -> Failure {
    Failure::usage(format!(
        "{what} are for inspecting an ELF, and a module holds no guest code: inspect the ELF that it was made from"
    ))
}

fn no_function(path: &Path, codes: &[GuestCode], name: &str) -> Failure {
    let similar = codes.iter().flat_map(|code| code.similar(name));
    let similar: Vec<&str> = similar.take(SIMILAR_NAMES).collect();
    let similar = match similar.is_empty() {
        true => String::new(),
        false => format!(" (but {})", similar.join(", ")),
    };
    Failure::usage(format!(
        "{} has no function {name:?}{similar}; translate inspect --disasm {0} shows the names, and --symbols FILE takes \
         them from another ELF",
        guest::shown(path)
    ))
}

/// The answer of `--cfg`.
fn graph(path: &Path, codes: &[GuestCode], name: &str, json: bool) -> Result<Answer, Failure> {
    #[derive(serde::Serialize)]
    struct Object {
        kind: &'static str,
        function: String,
        dot: String,
    }
    let mut named = codes.iter().flat_map(|code| {
        let numbers = code.named(name).into_iter();
        numbers.map(move |number| (code, &code.functions[number]))
    });
    let Some((code, function)) = named.next() else {
        return Err(no_function(path, codes, name));
    };
    if let Some((_, other)) = named.next() {
        return Err(Failure::usage(format!(
            "several functions are called {name:?}, {} and {} among them; give the whole path of one",
            function.name, other.name
        )));
    }
    let object = Object {
        kind: "cfg",
        function: function.name.clone(),
        dot: views::graph(code, function),
    };
    Answer::new(json, &object, || object.dot.clone(), code::SUCCESS)
}

/// Translates a region in memory, to see what becomes of it.
fn inspect_region(
    program: &Program,
    code: &CodeRegion<'_>,
    with_places: bool,
) -> Result<(Region, Translation), Failure> {
    let output = match with_places {
        true => Output::ModuleAndPlaces,
        false => Output::Module,
    };
    let options = Options::default().with_threads(lockstep::engine::processors());
    let options = options.with_output(output);
    let translation = translation::translate(code, &program.hints(code), &options)?;
    // The last page is filled up with zeros, which are no code.
    let used = code.bytes.iter().rposition(|byte| *byte != 0);
    let used = used.map_or(0, |last| last as u64 + 1);
    let left = translation.report.left.iter();
    let region = Region {
        base: format!("{:#x}", code.base),
        bytes: code.bytes.len() as u64,
        key: key_id(code).map_err(Failure::defect)?.to_string(),
        coverage: coverage(&translation.module, used),
        budget: translation::budget(&translation.report),
        left: left
            .map(|(pc, reason)| (format!("{pc:#x}"), reason.to_string()))
            .collect(),
    };
    Ok((region, translation))
}

/// How much of `len` bytes the blocks cover; they may overlap.
fn coverage(module: &Module, len: u64) -> Coverage {
    let mut covered = 0;
    let mut end = 0;
    for block in &module.blocks {
        let start = u64::from(block.head).max(end);
        end = end.max(u64::from(block.head) + u64::from(block.len));
        covered += end - start.min(end);
    }
    Coverage {
        instructions: module
            .blocks
            .iter()
            .map(|block| usize::from(block.entries))
            .sum(),
        covered_bytes: covered,
        coverage: if len == 0 {
            0.0
        } else {
            covered as f64 / len as f64
        },
        blocks: module
            .blocks
            .iter()
            .map(|block| BlockObject::new(module.key.base, block))
            .collect(),
    }
}

impl BlockObject {
    fn new(base: u64, block: &Block) -> BlockObject {
        BlockObject {
            head: format!("{:#x}", base + u64::from(block.head)),
            bytes: block.len,
            instructions: block.entries,
            cycles: block.cycles,
        }
    }
}

impl From<&lockstep_runtime::image::Segment> for Segment {
    fn from(segment: &lockstep_runtime::image::Segment) -> Segment {
        Segment {
            addr: format!("{:#x}", segment.addr),
            bytes: segment.size,
            flags: flag_names(segment.flags),
            file_offset: segment.source.start,
            file_bytes: segment.source.len(),
        }
    }
}

/// Runs of pages with equal flags; pages without any are left out.
fn page_flags(flags: &[u8]) -> Vec<Pages> {
    let mut page = 0;
    let mut runs = Vec::new();
    for run in flags.chunk_by(|a, b| a == b) {
        if run[0] != 0 {
            runs.push(Pages {
                addr: format!("{:#x}", page * PAGE_SIZE),
                bytes: run.len() * PAGE_SIZE,
                flags: flag_names(run[0]),
            });
        }
        page += run.len();
    }
    runs
}

fn flag_names(flags: u8) -> String {
    let names = [
        (FREEZED, "frozen"),
        (EXECUTABLE, "executable"),
        (DIRTY, "dirty"),
    ];
    let names = names.iter().filter(|(flag, _)| flags & flag != 0);
    let names: Vec<&str> = names.map(|(_, name)| *name).collect();
    if names.is_empty() {
        "writable".to_owned()
    } else {
        names.join(" ")
    }
}

/// Addresses as `ADDR` or `ADDR..ADDR`.
fn parse_wanted(text: &str) -> Result<Wanted, String> {
    match text.split_once("..") {
        None => number(text).map(Wanted::At),
        Some((start, end)) => {
            let (start, end) = (number(start)?, number(end)?);
            if start >= end {
                return Err(format!(
                    "the range ends at {end:#x}, which is not above its start {start:#x}"
                ));
            }
            Ok(Wanted::Within(start, end))
        }
    }
}
