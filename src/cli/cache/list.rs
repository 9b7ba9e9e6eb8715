//! `translate cache ls` and `translate cache stats`: what is in the cache, module by module and in all.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

use lockstep::engine::BUNDLES_FOLDER;
use lockstep_cache::{self as cache, Budget, Locations, denied_maker};
use lockstep_contract::key::KeyId;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::failure::Failure;
use super::super::{code, width};
use super::table::{Row, lines, short, size};

/// The modules of a folder, for `--json`.
#[derive(Serialize)]
struct Listing {
    folder: String,
    modules: Vec<Module>,
    bytes: u64,
}

/// A module in the cache, for `--json`.
#[derive(Serialize)]
struct Module {
    key: String,
    bytes: u64,
    path: String,
    /// Seconds since 1970.
    used: u64,
    sealed: bool,
    /// From the seal, where it can be read.
    translator: Option<String>,
    target: Option<String>,
    pinned: bool,
    /// What is to be known of it, as the table has it.
    marks: Vec<&'static str>,
}

fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

/// The modules of a folder, with what their seals say and what keeps them from running.
fn rows(folder: &Path, quarantined: &[(KeyId, String)]) -> Result<Vec<Row>, Failure> {
    let deny = Locations::from_environment().deny;
    let entries = cache::list(folder).map_err(|error| Failure::cache(&error))?;
    let row = |entry: cache::Entry| {
        let seal = cache::seal_of(&entry).ok();
        let denied = seal.as_ref().is_some_and(|seal| {
            denied_maker(&seal.translator, &seal.compiler, deny.as_deref()).is_some()
        });
        Row {
            quarantined: quarantined.iter().any(|(id, _)| *id == entry.id),
            denied,
            seal,
            entry,
        }
    };
    Ok(entries.into_iter().map(row).collect())
}

/// The list of quarantined modules, or why it cannot be read.
fn quarantined(folder: &Path) -> Result<Vec<(KeyId, String)>, Failure> {
    cache::quarantined(folder).map_err(|miss| {
        let message = format!(
            "the list of quarantined modules in {} cannot be used: {miss}; while that is so, no module of this cache runs",
            folder.display()
        );
        Failure::new(code::FILE, "Quarantine", message)
    })
}

pub(super) fn list(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let quarantined = quarantined(folder)?;
    let rows = rows(folder, &quarantined)?;
    let bytes = rows.iter().map(|row| row.entry.size).sum();
    let module = |row: &Row| Module {
        key: row.entry.id.to_string(),
        bytes: row.entry.size,
        path: row.entry.path.display().to_string(),
        used: seconds(row.entry.used),
        sealed: row.entry.sealed,
        translator: row.seal.as_ref().map(|seal| seal.translator.clone()),
        target: row.seal.as_ref().map(|seal| seal.target.clone()),
        pinned: row.entry.pinned,
        marks: row.marks(),
    };
    let listing = Listing {
        folder: folder.display().to_string(),
        modules: rows.iter().map(module).collect(),
        bytes,
    };
    let text = || {
        let mut text = lines(&rows, width::of_standard_output(), SystemTime::now());
        for (id, reason) in &quarantined {
            text += &format!("quarantined {}: {reason}\n", short(id));
        }
        let (count, size) = (rows.len(), size(bytes));
        let many = if count == 1 { "module" } else { "modules" };
        text + &format!("{count} {many}, {size} in {}\n", folder.display())
    };
    Answer::new(json, &listing, text, code::SUCCESS)
}

/// What a cache holds in all, for `--json`.
#[derive(Serialize)]
struct Stats {
    folder: String,
    modules: usize,
    bytes: u64,
    max_modules: u64,
    max_bytes: u64,
    free_bytes: Option<u64>,
    pinned: usize,
    unsealed: usize,
    denied: usize,
    quarantined: usize,
    divergences: usize,
    /// Seconds since 1970.
    oldest_use: Option<u64>,
    newest_use: Option<u64>,
    by_translator: BTreeMap<String, Share>,
    by_target: BTreeMap<String, Share>,
}

/// Part of the modules.
#[derive(Serialize, Default)]
struct Share {
    modules: usize,
    bytes: u64,
}

pub(super) fn stats(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let quarantined = quarantined(folder)?;
    let rows = rows(folder, &quarantined)?;
    let bytes = rows.iter().map(|row| row.entry.size).sum();
    let budget = Budget::try_from_environment().map_err(Failure::usage)?;
    let (max_bytes, max_modules) = budget.limits(folder, bytes);
    let count = |which: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| which(row)).count();
    let used = || rows.iter().map(|row| seconds(row.entry.used));
    let by = |of: &dyn Fn(&lockstep_contract::seal::Seal) -> String| {
        let mut shares: BTreeMap<String, Share> = BTreeMap::new();
        for row in &rows {
            let name = row.seal.as_ref().map_or("unknown".to_owned(), of);
            let share = shares.entry(name).or_default();
            share.modules += 1;
            share.bytes += row.entry.size;
        }
        shares
    };
    let stats = Stats {
        folder: folder.display().to_string(),
        modules: rows.len(),
        bytes,
        max_modules,
        max_bytes,
        free_bytes: cache::free_bytes(folder),
        pinned: count(&|row| row.entry.pinned),
        unsealed: count(&|row| row.seal.is_none()),
        denied: count(&|row| row.denied),
        quarantined: quarantined.len(),
        divergences: bundles(folder),
        oldest_use: used().min(),
        newest_use: used().max(),
        by_translator: by(&|seal| seal.translator.clone()),
        by_target: by(&|seal| seal.target.clone()),
    };
    Answer::new(json, &stats, || stats.text(), code::SUCCESS)
}

/// Bundles of divergences in the folder beside the modules.
pub(crate) fn bundles(folder: &Path) -> usize {
    fs::read_dir(folder.join(BUNDLES_FOLDER)).map_or(0, |found| found.flatten().count())
}

impl Stats {
    fn text(&self) -> String {
        let free = self.free_bytes.map_or("unknown".to_owned(), size);
        let mut text = format!(
            "Folder: {}\nModules: {} of at most {}\nBytes: {} of at most {}; free on the disk: {free}\n\
             Pinned: {}\nWithout a seal that can be read: {}\nDenied: {}\nQuarantined: {}\nBundles of divergences: {}\n",
            self.folder,
            self.modules,
            self.max_modules,
            size(self.bytes),
            size(self.max_bytes),
            self.pinned,
            self.unsealed,
            self.denied,
            self.quarantined,
            self.divergences,
        );
        for (title, shares) in [
            ("translator", &self.by_translator),
            ("target", &self.by_target),
        ] {
            for (name, share) in shares {
                let (modules, all, size) = (share.modules, self.modules, size(share.bytes));
                text += &format!("By {title}: {name}: {modules} of {all} modules, {size}\n");
            }
        }
        text
    }
}
