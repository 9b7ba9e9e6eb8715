//! The bundle: everything that is needed to look at a divergence, in one folder.
//!
//! Written where native code and interpreter were found in different states: by the command's check
//! engine, by a node's, and by shadow checking. It holds the state before the piece of code, both
//! states after it, the native module with its intermediate form and both disassemblies, and what
//! the host adds (the ELF, the arguments). `translate replay FOLDER` runs the piece again.
//!
//! The folder of bundles is private, like the module cache: a bundle holds native code and whatever
//! the guest had in memory. A bundle appears whole, under a name that was free, or not at all; there
//! are never more than [`BUNDLES_PER_FOLDER`], the first ones stay.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use lockstep_cache::write_all;
use lockstep_contract::heat::Heat;
use lockstep_contract::module::Module;
use lockstep_isa::Cost;
use lockstep_runtime::{Divergence, Step, Trap};
use lockstep_translator::{CodeRegion, Hints, Options, Output, translator_version};

use crate::disasm::{self, Shown, Wanted};

pub mod state;

/// Bundles that are kept in one folder.
pub const BUNDLES_PER_FOLDER: usize = 16;

/// What a bundle holds beside the divergence itself.
///
/// ```
/// use lockstep::bundle::Evidence;
/// use lockstep::Engine;
///
/// let mut evidence = Evidence::default();
/// evidence.command = Some("node --verify".to_owned());
/// evidence.files.push(("lock.elf".to_owned(), b"its bytes".to_vec()));
/// let builder = Engine::builder().evidence(evidence);
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Evidence {
    /// The command line that led to it.
    pub command: Option<String>,
    /// Files by name: the ELF, the arguments.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Files whose names others rely on.
pub mod name {
    /// What happened, in words, and how to see it again.
    pub const README: &str = "README.txt";
    /// The same for programs.
    pub const REPORT: &str = "report.json";
    /// The native module.
    pub const MODULE: &str = "module.lkm";
    /// The state before; its pages are in `before.pages`.
    pub const BEFORE: &str = "before";
    /// The interpreter's state after; the pages that are not as before.
    pub const INTERPRETER: &str = "interpreter";
    /// Native code's state after; the pages that are not as before.
    pub const NATIVE: &str = "native";
}

/// Writes a bundle into `folder`, which is made if it is missing. Gives the bundle's own folder, or
/// nothing where there are [`BUNDLES_PER_FOLDER`] already.
///
/// # Errors
/// What the operating system says; nothing half written is left under a bundle's name.
pub fn write(
    folder: &Path,
    divergence: &Divergence,
    cost: Cost,
    options: &Options,
    evidence: &Evidence,
) -> io::Result<Option<PathBuf>> {
    create_private(folder, true)?;
    let folder = fs::canonicalize(folder)?;
    for number in 1..=BUNDLES_PER_FOLDER {
        let path = folder.join(format!("{number:04}"));
        let unfinished = folder.join(format!(".{number:04}.{}.tmp", std::process::id()));
        // It is left behind where the process dies.
        if path.exists() || create_private(&unfinished, false).is_err() {
            continue;
        }
        let written = fill(&unfinished, &path, divergence, cost, options, evidence)
            .and_then(|()| fs::rename(&unfinished, &path));
        let Err(error) = written else {
            return Ok(Some(path));
        };
        let _ = fs::remove_dir_all(&unfinished);
        // Whoever was faster has the number.
        if !path.exists() {
            return Err(error);
        }
    }
    Ok(None)
}

fn fill(
    folder: &Path,
    path: &Path,
    divergence: &Divergence,
    cost: Cost,
    options: &Options,
    evidence: &Evidence,
) -> io::Result<()> {
    let put = |name: &str, bytes: &[u8]| write_all(&mut create(&folder.join(name))?, bytes);
    let before = &divergence.before;
    for (name, core, base) in [
        (name::BEFORE, before, None),
        (
            name::INTERPRETER,
            &divergence.interpreter.core,
            Some(before),
        ),
        (name::NATIVE, &divergence.native.core, Some(before)),
    ] {
        let (state, pages) = state::write(core, cost, base);
        put(&format!("{name}.json"), state.as_bytes())?;
        put(&format!("{name}.pages"), &pages)?;
    }
    if let Some(native) = &divergence.module {
        let module = &native.to_module();
        put(name::MODULE, &module.to_bytes())?;
        if let Some(region) = region_of(module, divergence) {
            put(
                "guest.txt",
                listing(module, &region, divergence, Shown::Guest).as_bytes(),
            )?;
            put(
                "native.txt",
                listing(module, &region, divergence, Shown::GuestAndNative).as_bytes(),
            )?;
            put(
                "block.clif",
                clif(module, &region, divergence, options).as_bytes(),
            )?;
        }
        put("key.txt", key(module).as_bytes())?;
    }
    for (name, bytes) in &evidence.files {
        put(name, bytes)?;
    }
    put(name::REPORT, report(divergence).as_bytes())?;
    put(name::README, readme(path, divergence, evidence).as_bytes())
}

/// The code region that a module was made from, in the state before.
fn region_of<'a>(module: &Module, divergence: &'a Divergence) -> Option<CodeRegion<'a>> {
    let memory = divergence.before.memory();
    CodeRegion::in_memory(module.key.place(), memory.as_bytes())
}

/// Guest code of the blocks, with the native code of each beside it.
fn listing(
    module: &Module,
    region: &CodeRegion<'_>,
    divergence: &Divergence,
    shown: Shown,
) -> String {
    let mut seen = divergence.blocks.clone();
    seen.sort_unstable();
    seen.dedup();
    let wanted = |head: &u64| disasm::listing(module, Some(region), Wanted::From(*head), shown);
    seen.iter().map(wanted).collect()
}

/// The compiler's intermediate form of the unit with the first block: translated again, for a module
/// does not hold it.
fn clif(
    module: &Module,
    region: &CodeRegion<'_>,
    divergence: &Divergence,
    options: &Options,
) -> String {
    let options = (options.clone())
        .with_heat(Heat::from_recorded(&module.heat))
        .with_output(Output::ModuleAndListings);
    let hints = Hints::from_recorded(region, &module.hints);
    let again = lockstep_translator::translate(region, &hints, &options, &mut |_, _| {});
    let (again, clif) = match again {
        Ok(again) => (again.module, again.clif.unwrap_or_default()),
        Err(error) => return format!("; translating again failed: {error}\n"),
    };
    let mut result = String::new();
    if again.code != module.code {
        result.push_str("; translating again gives other code than the module has\n");
    }
    let head = divergence.blocks.first().copied().unwrap_or_default();
    let head = head.wrapping_sub(region.base);
    let at = again.map.iter().find(|span| u64::from(span.head) == head);
    let start = at.map_or(0, |span| span.start);
    // Each unit stands behind a line with its place in the code.
    let units = clif.split_inclusive("\n\n").filter(|unit| {
        let first = unit.lines().next().unwrap_or_default();
        let offset = first.rsplit("native offset 0x").next();
        let offset = offset.and_then(|hex| u32::from_str_radix(hex.trim(), 16).ok());
        offset.is_some_and(|offset| offset <= start)
    });
    match units.last() {
        Some(unit) if at.is_some() => result.push_str(unit),
        _ => result.push_str("; no native code for this block\n"),
    }
    result
}

fn key(module: &Module) -> String {
    let mut text = format!("id {}\n", module.key.id());
    for (field, value) in module.key.fields() {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{field} {value}");
    }
    text
}

/// The report, in the order of its fields.
#[derive(serde::Serialize)]
struct Report<'a> {
    difference: &'a str,
    blocks: Vec<String>,
    interpreter: String,
    native: String,
    key: Option<String>,
    translator: &'static str,
}

fn report(divergence: &Divergence) -> String {
    let report = Report {
        difference: &divergence.difference,
        blocks: hex(&divergence.blocks),
        interpreter: words(&divergence.interpreter.result),
        native: words(&divergence.native.result),
        key: (divergence.module.as_ref()).map(|module| module.key().id().to_string()),
        translator: translator_version(),
    };
    // Strings only: this cannot fail.
    serde_json::to_string_pretty(&report).unwrap_or_default() + "\n"
}

fn hex(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|head| format!("{head:#x}")).collect()
}

fn words(result: &Result<Step, Trap>) -> String {
    match result {
        Ok(Step::Head) => "the next block".to_owned(),
        Ok(Step::Ecall) => "ecall".to_owned(),
        Ok(Step::Ebreak) => "ebreak".to_owned(),
        Err(trap) => format!("{}: {trap}", trap.name()),
    }
}

/// Shell words.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

fn readme(path: &Path, divergence: &Divergence, evidence: &Evidence) -> String {
    let translator = translator_version();
    let blocks = match divergence.blocks.as_slice() {
        [one] => format!("the block at {one:#x}"),
        many => format!("the {} blocks {}", many.len(), hex(many).join(" ")),
    };
    let mut text = format!(
        "Native code and interpreter came to different states.\n\n\
         Where:      {blocks}\n\
         Difference: {}\n\
         Translator: {translator}\n\n\
         See it again, with the native code of this bundle (code runs with all your rights: only for\n\
         a bundle that you trust), or with code translated anew:\n\n\
         \x20 translate replay --recorded {path}\n\
         \x20 translate replay {path}\n",
        divergence.difference,
        path = quoted(path)
    );
    if let Some(command) = &evidence.command {
        let _ = write!(text, "\nIt was found by\n\n  {command}\n");
    }
    text.push_str(
        "\nFiles:\n\
         \x20 before.json, .pages       the state before: registers, counters, pages that are not zero\n\
         \x20 interpreter.json, .pages  the interpreter's state after; pages that are not as before\n\
         \x20 native.json, .pages       native code's state after; pages that are not as before\n\
         \x20 guest.txt, native.txt     the blocks, disassembled\n\
         \x20 block.clif                the compiler's intermediate form of the unit\n\
         \x20 module.lkm, key.txt       the native module and its key\n\
         \x20 report.json               this, for programs\n",
    );
    for (name, _) in &evidence.files {
        let _ = writeln!(text, "  {name:<24}  from the command");
    }
    text
}

#[cfg(unix)]
fn create_private(folder: &Path, parents: bool) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new()
        .recursive(parents)
        .mode(0o700)
        .create(folder)
}

#[cfg(not(unix))]
fn create_private(folder: &Path, parents: bool) -> io::Result<()> {
    DirBuilder::new().recursive(parents).create(folder)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}
