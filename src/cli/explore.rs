//! `translate explore`: one page for a browser that shows a script's source, guest instructions, intermediate form
//! and native code side by side.
//!
//! The script is translated again, with what is only for people beside the module: which native code belongs to which
//! guest instruction. The page has everything in it. It needs no network and runs no code but its own. What is in the
//! page is gathered in `explore/content.rs`; how it looks and behaves is in `explore/page.*`.

use std::path::PathBuf;

use clap::Args;
use lockstep_cache::replace;
use lockstep_contract::module::Module;
use lockstep_translator::{CodeRegion, Options, Output, Translation};
use serde::Serialize;

use super::answer::Answer;
use super::args::{GuestOptions, number};
use super::failure::Failure;
use super::guest_code::GuestCode;
use super::{code, guest, heat, named_module, translation};
use lockstep::debug_info::DebugInfo;

mod content;
mod native;
mod page;
mod sources;

use content::{Content, Part};
use sources::Sources;

/// Bytes of a page, unless `--max-bytes` says otherwise. Browsers open such a page at once.
const PAGE_BYTES: u64 = 2 << 20;

/// Writes a page for a browser: source, guest code, intermediate form and native code side by side
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate heat guests/elf/sha256.elf -o sha256.heat -- 100\n  \
                  translate explore guests/elf/sha256.elf --heat sha256.heat -o sha256.html"
)]
pub(crate) struct Explore {
    /// An ELF or a module; - is standard input
    file: PathBuf,
    /// Write the page here
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// With a module: the ELF that it was made from
    #[arg(long, value_name = "FILE")]
    elf: Option<PathBuf>,
    /// Show which code is hot, the hottest first (`translate heat` writes such a file)
    #[arg(long, value_name = "FILE")]
    heat: Option<PathBuf>,
    /// Take names and lines from this ELF, where the script has been stripped
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,
    /// Put source files from this folder into the page; may be given several times
    #[arg(long, value_name = "DIR")]
    source: Vec<PathBuf>,
    /// Show the code of this function only; may be given several times
    #[arg(long, value_name = "NAME")]
    function: Vec<String>,
    /// Bytes of the page at most, about; code that does not fit is named, and not shown
    #[arg(long, value_name = "N", value_parser = number, default_value_t = PAGE_BYTES)]
    max_bytes: u64,
    #[command(flatten)]
    guest: GuestOptions,
}

/// The whole answer, for `--json`.
#[derive(Serialize)]
struct Object {
    result: &'static str,
    path: String,
    bytes: usize,
    /// Functions that the script has.
    functions: usize,
    /// Functions whose code is in the page.
    shown: usize,
    /// Source files in the page.
    sources: usize,
    /// Source files that the debug information names and that are not in the page.
    missing_sources: Vec<String>,
}

impl Explore {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let bytes = guest::read_input(&self.file)?;
        let module = match bytes.starts_with(b"LOCKSTEP") {
            true => Some(named_module::open(&self.file, &bytes)?),
            false => None,
        };
        let module = module.as_ref().map(|named| (named.module(), &bytes[..]));
        let elf = self.elf_bytes(&bytes, module.is_some())?;
        let platform = match module {
            Some((module, _)) => translation::platform(&module.key),
            None => self.guest.platform(),
        };
        let elf_path = self.elf.as_deref().unwrap_or(&self.file);
        let program = guest::load(elf_path, &elf, &platform)?;
        let symbols = self.symbols.as_deref().map(guest::read).transpose()?;
        let info = DebugInfo::read(symbols.as_deref().unwrap_or(&elf));
        let heat = self.heat.as_deref().map(heat::read).transpose()?;
        let mut sources = Sources::new(&self.source)?;
        let mut content = Content::new(&self.title(), &program, elf.len(), &self.function);
        for (region, made, options) in
            self.translations(&program.code_regions(), &program, module)?
        {
            let code = GuestCode::new(&program, &region, &options, &info);
            let part = Part { region, made, code };
            content.add(&part, &info, heat.as_ref(), &mut sources);
        }
        content.choose(self.max_bytes, &mut sources)?;
        let text = page::write(&content.finish(&sources)).map_err(Failure::defect)?;
        replace(&self.output, text.as_bytes())
            .map_err(|error| Failure::unwritable(self.output.display(), &error))?;
        let object = Object {
            result: "explore",
            path: self.output.display().to_string(),
            bytes: text.len(),
            functions: content.functions.len(),
            shown: content.shown(),
            sources: sources.embedded(),
            missing_sources: sources.missing(),
        };
        Answer::new(json, &object, || object.text(), code::SUCCESS)
    }

    /// The name of the file, without the folders: a page may go to others.
    fn title(&self) -> String {
        let name = self
            .file
            .file_name()
            .filter(|_| !guest::is_standard_input(&self.file));
        match name {
            Some(name) => name.to_string_lossy().into_owned(),
            None => "standard input".to_owned(),
        }
    }

    /// The bytes of the ELF.
    fn elf_bytes(&self, file: &[u8], is_module: bool) -> Result<Vec<u8>, Failure> {
        match (&self.elf, is_module) {
            (Some(elf), true) => guest::read_elf(elf),
            (None, true) => Err(Failure::usage(format!(
                "a module has no guest code: name the ELF that {} was made from with --elf FILE",
                guest::shown(&self.file)
            ))),
            (Some(_), false) => Err(Failure::usage(format!(
                "--elf is for a module, and {} is not one; leave out --elf",
                guest::shown(&self.file)
            ))),
            (None, false) => {
                guest::warn_of_machine(&self.file, file);
                Ok(file.to_vec())
            }
        }
    }

    /// Translates every code region, or the one of the module in the same way as the module was made.
    fn translations<'p>(
        &self,
        regions: &[CodeRegion<'p>],
        program: &lockstep::Program,
        module: Option<(&Module, &[u8])>,
    ) -> Result<Vec<(CodeRegion<'p>, Translation, Options)>, Failure> {
        let listings = Output::ModuleAndListings;
        let Some((module, bytes)) = module else {
            let options = Options::default()
                .with_threads(lockstep::engine::processors())
                .with_output(listings);
            return regions
                .iter()
                .map(|&region| {
                    let made = translation::translate(&region, &program.hints(&region), &options)?;
                    Ok((region, made, options.clone()))
                })
                .collect();
        };
        let options = translation::options(module);
        let region = *translation::find(&self.file, &module.key, regions, &options)?;
        match translation::make_again(module, bytes, &region, listings)? {
            Ok(made) => Ok(vec![(region, made, options)]),
            Err(_) => {
                let message = format!(
                    "{} is not what this translator makes of the ELF; translate verify shows the difference",
                    guest::shown(&self.file)
                );
                Err(Failure::new(code::DATA, "ModuleDamaged", message))
            }
        }
    }
}

impl Object {
    fn text(&self) -> String {
        let mut text = format!("Functions: {} of {} shown\n", self.shown, self.functions);
        if self.shown < self.functions {
            text += "The rest did not fit or was not asked for; see --max-bytes and --function\n";
        }
        text += &format!("Source files: {}\n", self.sources);
        if !self.missing_sources.is_empty() {
            text += &format!(
                "Not in the page: {}; name their folder with --source DIR\n",
                self.missing_sources.join(", ")
            );
        }
        text += &format!("Written: {} ({} bytes)\n", self.path, self.bytes);
        text
    }
}
