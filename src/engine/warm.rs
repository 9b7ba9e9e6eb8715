//! The warm list: code that is to be native before anybody runs it.
//!
//! A text file. Each line names a program or a module; `#` begins a comment; empty lines are skipped.
//!
//! ```text
//! # programs, by the path of their ELF; relative paths are relative to the list
//! scripts/lock.elf
//! "with spaces/lock.elf" version=1 isa=imc,b,mop cost=estimate memory=4194304
//! # modules of the cache, by id; what stands behind is for people, but for `code`
//! 3b0c…64 digits…9f code=77aa…64 digits…01 cycles=123456
//! # any code with this BLAKE3 digest of its text: translated as soon as it is first seen
//! 77aa…64 digits…01
//! ```
//!
//! Programs are translated, or taken from the cache, by the threads that translate, at their low
//! priority. Modules are mapped by the thread that loads, and wait for the first machine that has their
//! text. A module that the cache does not have, because it was emptied or the translator is a new one,
//! is looked for by its `code`, if the line says so. What is wrong with a line is a warning.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lockstep_cache::Miss;
use lockstep_contract::key::KeyId;
use lockstep_contract::pages::MAX_MEMORY;
use lockstep_isa::{Cost, Extensions, Profile, Version};
use lockstep_runtime::NativeModule;
use lockstep_translator::CodeRegion;

use super::entry::State;
use super::pool::Job;
use super::shared::Shared;
use super::{Mode, Origin, Translate, lock};
use crate::program::{Platform, Program};

/// Bytes of a list, and of a program in it, at most.
const LARGEST: u64 = 64 << 20;

/// How far the warm list is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Warming {
    /// Lines that name something.
    pub all: usize,
    /// Those that are done with, one way or the other.
    pub done: usize,
    /// Modules taken from the cache.
    pub loaded: usize,
    /// Modules made.
    pub translated: usize,
    /// Lines that did not lead to a module: malformed, unreadable, not in the cache, not translated.
    pub failed: usize,
}

impl Warming {
    /// Whether there is nothing left to do.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done == self.all
    }
}

/// Told after each line how far it is, by a worker thread.
#[derive(Clone)]
pub(super) struct Progress(pub(super) Arc<dyn Fn(Warming) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// A program of the list.
#[derive(Debug)]
pub(super) struct WarmElf {
    line: Line,
    path: PathBuf,
    platform: Platform,
}

/// A module of the list.
#[derive(Debug)]
pub(super) struct WarmModule {
    line: Line,
    id: KeyId,
    code: Option<KeyId>,
}

/// Where something stands, for messages.
#[derive(Clone, Debug)]
struct Line {
    list: Arc<Path>,
    number: usize,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}", self.list.display(), self.number)
    }
}

/// What came of a line.
#[derive(Clone, Copy, Default)]
struct WarmOutcome {
    loaded: usize,
    translated: usize,
    failed: bool,
}

impl WarmOutcome {
    const FAILED: WarmOutcome = WarmOutcome {
        loaded: 0,
        translated: 0,
        failed: true,
    };
}

/// Modules that wait for the first machine with their text, the code that is to be translated when it
/// is seen, and how far the list is.
#[derive(Debug, Default)]
pub(super) struct Preloaded(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    modules: BTreeMap<KeyId, Arc<NativeModule>>,
    codes: BTreeSet<[u8; 32]>,
    warming: Warming,
}

impl Preloaded {
    /// The module of this id, which then has its text.
    pub(super) fn take(&self, id: &KeyId) -> Option<Arc<NativeModule>> {
        lock(&self.0).modules.remove(id)
    }

    /// Whether there may be a module for this text: one of its address and size.
    pub(super) fn may_have(&self, region: &CodeRegion<'_>) -> bool {
        let len = region.bytes.len() as u64;
        let modules = &lock(&self.0).modules;
        let mut keys = modules.values().map(|module| module.key());
        keys.any(|key| (key.base, key.len) == (region.base, len))
    }

    /// Whether the code of this digest is wanted at once.
    pub(super) fn wants(&self, digest: &[u8; 32]) -> bool {
        lock(&self.0).codes.contains(digest)
    }

    /// Forgets a module that must not run.
    pub(super) fn bar(&self, id: &KeyId) {
        lock(&self.0).modules.remove(id);
    }

    pub(super) fn warming(&self) -> Warming {
        lock(&self.0).warming
    }
}

impl Shared {
    /// Reads a warm list and queues what it names. A list that cannot be read is a warning.
    pub(super) fn read_warm_list(self: &Arc<Shared>, list: &Path) {
        if self.mode == Mode::Interp {
            return;
        }
        let text = match read(list) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                tracing::warn!(
                    "the warm list {}: {error}; nothing is warmed",
                    list.display()
                );
                return;
            }
        };
        let path: Arc<Path> = list.into();
        let lines = (text.lines().enumerate()).filter_map(|(index, text)| {
            let line = Line {
                list: Arc::clone(&path),
                number: index + 1,
            };
            parse(&line, text).transpose().map(|job| (line, job))
        });
        let lines: Vec<_> = lines.collect();
        lock(&self.preloaded.0).warming.all += lines.len();
        tracing::info!(list = %path.display(), lines = lines.len(), "warming");
        for (line, job) in lines {
            match job {
                Ok(job) => self.push(job),
                Err(error) => {
                    tracing::warn!("{line}: {error}; the line is skipped");
                    self.warmed(WarmOutcome::FAILED);
                }
            }
        }
    }

    /// Maps a module of the cache.
    pub(super) fn preload(self: &Arc<Shared>, wanted: WarmModule) {
        let WarmModule { line, id, code } = wanted;
        let _span = tracing::debug_span!("warm", module = %id).entered();
        let outcome = match self.map_stored(&id) {
            Ok(module) => {
                lock(&self.preloaded.0).modules.insert(id, Arc::new(module));
                // A machine may have been faster.
                for entry in self.registry.named(&id) {
                    self.load(&entry, |state| matches!(state, State::Missing(_)));
                }
                WarmOutcome {
                    loaded: 1,
                    ..WarmOutcome::default()
                }
            }
            Err(error) => {
                // A hash that is no module's may be that of a text.
                let code = code.unwrap_or(id);
                lock(&self.preloaded.0).codes.insert(code.0);
                tracing::warn!(
                    "{line}: the module {id}: {error}; code with the digest {code} is translated \
                     when it is first seen"
                );
                WarmOutcome::FAILED
            }
        };
        self.warmed(outcome);
    }

    fn map_stored(&self, id: &KeyId) -> Result<NativeModule, String> {
        if let Some(reason) = self.switches.quarantine_of(id) {
            return Err(reason.to_string());
        }
        let cache = self.cache().ok_or("there is no cache")?;
        if !self.follow_quarantine(cache) {
            return Err("the cache's list of quarantined modules cannot be read".to_owned());
        }
        let module = cache
            .find_by_id(id)
            .map_err(|miss: Miss| miss.to_string())?;
        NativeModule::map(module).map_err(|error| error.to_string())
    }

    /// Loads or makes the modules of a program.
    pub(super) fn warm(self: &Arc<Shared>, program: WarmElf) {
        let WarmElf {
            line,
            path,
            platform,
        } = program;
        let _span = tracing::info_span!("warm", path = %path.display()).entered();
        let outcome = match self.warm_program(&path, &platform) {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::warn!("{line}: {}: {error}", path.display());
                WarmOutcome::FAILED
            }
        };
        self.warmed(outcome);
    }

    fn warm_program(&self, path: &Path, platform: &Platform) -> Result<WarmOutcome, String> {
        let bytes = read(path).map_err(|error| error.to_string())?;
        let program = Program::load(&bytes, platform).map_err(|error| error.to_string())?;
        let mut outcome = WarmOutcome::default();
        for region in program.code_regions() {
            let entry = self.registry.entry(&region);
            // What another thread is at needs no help.
            let idle =
                |state: &State| matches!(state, State::New | State::Queued | State::Missing(_));
            let Some(work) = entry.take(idle) else {
                continue;
            };
            let mut hints = || program.hints(&region);
            let obtained = self.obtain(&entry, false, &mut hints, &mut self.watch());
            let prepared = self.conclude(&entry, obtained);
            drop(work);
            match prepared.map(|prepared| prepared.origin) {
                Ok(Origin::Translated { .. }) => outcome.translated += 1,
                Ok(_) => outcome.loaded += 1,
                Err(reason) if self.translate == Translate::Never => {
                    return Err(reason.to_string());
                }
                // The reason is in the log.
                Err(_) => outcome.failed = true,
            }
        }
        Ok(outcome)
    }

    /// Counts a line, and says so.
    fn warmed(&self, outcome: WarmOutcome) {
        let warming = {
            let mut waiting = lock(&self.preloaded.0);
            let warming = &mut waiting.warming;
            warming.done += 1;
            warming.loaded += outcome.loaded;
            warming.translated += outcome.translated;
            warming.failed += usize::from(outcome.failed);
            *warming
        };
        if let Some(progress) = &self.progress {
            progress.0(warming);
        }
        tracing::debug!(?warming, "warming");
        if warming.is_done() {
            let Warming {
                all,
                loaded,
                translated,
                failed,
                ..
            } = warming;
            tracing::info!(lines = all, loaded, translated, failed, "warm");
        }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "more than {LARGEST:#x} bytes"
        )));
    }
    Ok(bytes)
}

/// What a line asks for, if anything.
fn parse(line: &Line, text: &str) -> Result<Option<Job>, String> {
    let text = text.trim();
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => (quoted.split_once('"')).ok_or("the quotation mark is not closed")?,
        None if text.is_empty() || text.starts_with('#') => return Ok(None),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    let options = rest
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'))
        .map(|word| {
            word.split_once('=')
                .ok_or(format!("{word:?} is no NAME=VALUE"))
        });
    let options: Vec<(&str, &str)> = options.collect::<Result<_, _>>()?;
    let line = line.clone();
    if !text.starts_with('"')
        && let Ok(id) = name.parse()
    {
        let code = options.iter().find(|(name, _)| *name == "code");
        let code = code.map(|(_, code)| code.parse::<KeyId>());
        let code = code.transpose().map_err(|error| error.to_string())?;
        return Ok(Some(Job::Preload(WarmModule { line, id, code })));
    }
    let folder = line.list.parent().unwrap_or(Path::new(""));
    let path = folder.join(name);
    let platform = platform(&options)?;
    Ok(Some(Job::Warm(WarmElf {
        line,
        path,
        platform,
    })))
}

/// What a program runs on: CKB's latest, changed by the options.
fn platform(options: &[(&str, &str)]) -> Result<Platform, String> {
    let value = |wanted: &str| {
        options
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|o| o.1)
    };
    if let Some((name, _)) =
        (options.iter()).find(|(name, _)| !["version", "isa", "cost", "memory"].contains(name))
    {
        return Err(format!(
            "{name:?} is no option of a program: version, isa, cost, memory are"
        ));
    }
    let version = match value("version") {
        None => Version::V2,
        Some(number) => (number.parse().ok())
            .and_then(Version::from_number)
            .ok_or(format!("version={number}: it is 0, 1 or 2"))?,
    };
    let mut profile = Profile::of(version);
    if let Some(list) = value("isa") {
        profile.extensions =
            (list.parse::<Extensions>()).map_err(|error| format!("isa={list}: {error}"))?;
    }
    let cost = match value("cost") {
        None | Some("estimate") => Cost::Estimate,
        Some("constant") => Cost::Constant,
        Some(other) => return Err(format!("cost={other}: it is estimate or constant")),
    };
    let memory_size = match value("memory") {
        None => MAX_MEMORY,
        Some(bytes) => bytes
            .parse()
            .map_err(|error| format!("memory={bytes}: {error}"))?,
    };
    Ok(Platform {
        profile,
        cost,
        memory_size,
    })
}
