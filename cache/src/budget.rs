//! The budget of a cache: how many bytes and modules it may hold, and what a collection removes.
//!
//! A collection first removes files that cannot be used: temporary files of writers that were killed, seals
//! without a module, and modules without a seal. Then it removes the modules of all translators but the two
//! whose modules were used last. Then it removes the least recently used modules until the rest is within
//! the budget. It never removes a pinned module, but counts it. It does not tell running nodes: for them a
//! module that was removed is a miss.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lockstep_contract::key::KeyId;
use lockstep_contract::seal::{self, Seal};

use super::ages::{WRITING, age, age_at};
use super::authority::{read, seal_name};
use super::error::CacheError;
use super::files::{free_space, is_alive};
use super::listing::{Alone, Group, Listing, Total, remove};
use super::tally;

/// The most that a cache may hold. `None` means the default.
///
/// ```
/// use lockstep_cache::Budget;
/// let budget = Budget::default().with_bytes(64 << 20).with_entries(100);
/// assert_eq!(budget.limits(&std::env::temp_dir(), 0), (64 << 20, 100));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// Bytes; by default 1 GiB, or a twentieth of what the disk has room for if that is less.
    pub bytes: Option<u64>,
    /// Modules; by default 10 000.
    pub entries: Option<u64>,
}

/// A variable of the environment must hold a number, and does not.
///
/// ```
/// use lockstep_cache::{Budget, InvalidBudget};
/// let budget = Budget::try_from_environment().unwrap_or_else(|error: InvalidBudget| {
///     eprintln!("{}: {:?} is ignored", error.variable, error.value);
///     Budget::default()
/// });
/// # let _ = budget;
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "{variable}={value:?} is not a number; set it to a number of bytes or modules, or unset it"
)]
#[non_exhaustive]
pub struct InvalidBudget {
    /// The variable.
    pub variable: &'static str,
    /// What it holds.
    pub value: String,
}

const BYTES_VARIABLE: &str = "LOCKSTEP_CACHE_BYTES";
const ENTRIES_VARIABLE: &str = "LOCKSTEP_CACHE_ENTRIES";

/// The number that a variable holds, if it is set.
fn number(variable: &'static str) -> Result<Option<u64>, InvalidBudget> {
    let Some(value) = super::locations::named(variable) else {
        return Ok(None);
    };
    let value = value.to_string_lossy();
    match value.replace('_', "").parse() {
        Ok(number) => Ok(Some(number)),
        Err(_) => Err(InvalidBudget {
            variable,
            value: value.into_owned(),
        }),
    }
}

/// The most bytes that a cache may hold by default.
const DEFAULT_BYTES: u64 = 1 << 30;
/// By default a cache may hold one part of so many parts of the disk's free space and its own bytes.
const SHARE_OF_FREE_SPACE: u64 = 20;
/// Modules that a cache may hold by default.
const DEFAULT_MODULES: u64 = 10_000;
/// The modules of so many translators stay; translators differ by version.
const TRANSLATORS_THAT_STAY: usize = 2;
/// A temporary file older than this is removed even when a process with its writer's number runs: the
/// number may belong to another process by then.
const UNFINISHED_OF_A_LIVE_PROCESS: Duration = Duration::from_secs(24 * 3600);
/// A module without a seal, or a seal without a module, is removed when it is older than this.
const HALF_AN_ENTRY: Duration = Duration::from_secs(600);

/// A module that was removed.
///
/// ```
/// use lockstep_cache::Collected;
/// /// A line for each module that was removed.
/// fn lines(collected: &Collected) -> Vec<String> {
///     let line = |gone: &lockstep_cache::Gone| format!("{} {}", gone.id, gone.why.name());
///     collected.gone.iter().map(line).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Gone {
    /// The id of its key.
    pub id: KeyId,
    /// Bytes of its files.
    pub bytes: u64,
    /// Why.
    pub why: WhyGone,
}

/// Why a module was removed.
///
/// ```
/// use lockstep_cache::WhyGone;
/// assert_eq!(WhyGone::Generation.name(), "generation");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyGone {
    /// It had no seal, or there was a seal without a module.
    Half,
    /// It is of another translator than the two whose modules were used last.
    Generation,
    /// The budget was exceeded, and it was the one that had not been used for the longest time.
    Unused,
}

impl WhyGone {
    /// One word, as the command prints it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            WhyGone::Half => "half",
            WhyGone::Generation => "generation",
            WhyGone::Unused => "unused",
        }
    }
}

/// The result of a collection.
///
/// ```
/// use std::path::Path;
/// use lockstep_cache::{Budget, Collected, collect};
/// // A folder that is not there is an empty cache.
/// let collected = collect(Path::new("no/such/folder"), Budget::default()).unwrap();
/// assert_eq!(collected, Collected::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collected {
    /// The modules that were removed.
    pub gone: Vec<Gone>,
    /// How many temporary files were removed.
    pub unfinished: usize,
    /// Modules that stay.
    pub entries: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Budget {
    /// With so many bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: impl Into<Option<u64>>) -> Budget {
        self.bytes = bytes.into();
        self
    }

    /// With so many modules.
    #[must_use]
    pub fn with_entries(mut self, entries: impl Into<Option<u64>>) -> Budget {
        self.entries = entries.into();
        self
    }

    /// Reads `LOCKSTEP_CACHE_BYTES` and `LOCKSTEP_CACHE_ENTRIES`. A value that is not a number is ignored
    /// with a warning.
    #[must_use]
    pub fn from_environment() -> Budget {
        let number = |variable| {
            number(variable).unwrap_or_else(|error| {
                tracing::warn!("{error}; the default is used");
                None
            })
        };
        Budget {
            bytes: number(BYTES_VARIABLE),
            entries: number(ENTRIES_VARIABLE),
        }
    }

    /// The same, where the caller wants an error for a value that is not a number.
    ///
    /// # Errors
    /// When one of the two variables holds no number.
    pub fn try_from_environment() -> Result<Budget, InvalidBudget> {
        Ok(Budget {
            bytes: number(BYTES_VARIABLE)?,
            entries: number(ENTRIES_VARIABLE)?,
        })
    }

    /// Bytes and modules that a folder may hold which holds `held` bytes.
    #[must_use]
    pub fn limits(&self, folder: &Path, held: u64) -> (u64, u64) {
        let by_disk = || {
            let room =
                free_space(folder).map(|free| free.saturating_add(held) / SHARE_OF_FREE_SPACE);
            room.unwrap_or(DEFAULT_BYTES).min(DEFAULT_BYTES)
        };
        (
            self.bytes.unwrap_or_else(by_disk),
            self.entries.unwrap_or(DEFAULT_MODULES),
        )
    }

    /// Whether this total leaves less than a sixteenth of the budget.
    pub(super) fn is_near(&self, folder: &Path, total: Total) -> bool {
        let (bytes, entries) = self.limits(folder, total.bytes);
        let near = |limit: u64, held: u64| held > limit - limit / 16;
        near(bytes, total.bytes) || near(entries, total.entries)
    }

    pub(super) fn is_exceeded(&self, folder: &Path, total: Total) -> bool {
        let (bytes, entries) = self.limits(folder, total.bytes);
        total.bytes > bytes || total.entries > entries
    }
}

/// Brings a folder within a budget.
///
/// # Errors
/// When the folder cannot be listed or a file cannot be removed.
pub fn collect(folder: &Path, budget: Budget) -> Result<Collected, CacheError> {
    let _alone = Alone::in_folder(folder);
    tally::forget(folder);
    let Listing { groups, unfinished } = Listing::of(folder)?;
    let mut collected = Collected::default();
    for (file, process) in unfinished {
        let age = age(file.changed);
        if age > UNFINISHED_OF_A_LIVE_PROCESS || age > WRITING && !is_alive(process) {
            collected.unfinished += usize::from(remove(&file.path)?);
        }
    }
    let held = groups.values().map(Group::size).sum();
    let (bytes, entries) = budget.limits(folder, held);
    let generations = Generations::of(groups.values());
    let mut kept: Vec<(KeyId, Group)> = Vec::new();
    for (id, group) in groups {
        // A preference alone is whole: the module that it leads to has a name of its own.
        let half = match group.module {
            Some(_) => !group.sealed,
            None => !group.preference,
        };
        let why = match () {
            () if group.pinned && group.module.is_some() => None,
            () if half && age(group.changed()) > HALF_AN_ENTRY => Some(WhyGone::Half),
            () if generations.is_old(&group) => Some(WhyGone::Generation),
            () => None,
        };
        match why {
            Some(why) => collected.remove(id, &group, why)?,
            None => kept.push((id, group)),
        }
    }
    let now = SystemTime::now();
    kept.sort_by_key(|(_, group)| {
        let changed = group.changed();
        (Reverse(age_at(now, changed)), changed)
    });
    collected.bytes = kept.iter().map(|(_, group)| group.size()).sum();
    collected.entries = kept.len() as u64;
    for (id, group) in kept {
        if collected.bytes <= bytes && collected.entries <= entries {
            break;
        }
        if !group.pinned {
            collected.remove(id, &group, WhyGone::Unused)?;
            collected.bytes -= group.size();
            collected.entries -= 1;
        }
    }
    Ok(collected)
}

impl Collected {
    fn remove(&mut self, id: KeyId, group: &Group, why: WhyGone) -> Result<(), CacheError> {
        group.remove()?;
        let bytes = group.size();
        self.gone.push(Gone { id, bytes, why });
        Ok(())
    }
}

/// The translators whose modules stay: those whose modules were used last. Version numbers do not decide,
/// because they do not order two builds of one version.
struct Generations(BTreeSet<String>);

impl Generations {
    fn of<'a>(groups: impl Iterator<Item = &'a Group>) -> Generations {
        let now = SystemTime::now();
        let mut youngest: BTreeMap<String, Duration> = BTreeMap::new();
        for group in groups {
            if let Some(translator) = translator(group) {
                let age = age_at(now, group.changed());
                let youngest = youngest.entry(translator).or_insert(age);
                *youngest = age.min(*youngest);
            }
        }
        let mut names: Vec<_> = youngest
            .into_iter()
            .map(|(name, age)| (age, name))
            .collect();
        names.sort();
        let stay = names.into_iter().take(TRANSLATORS_THAT_STAY);
        Generations(stay.map(|(_, name)| name).collect())
    }

    fn is_old(&self, group: &Group) -> bool {
        translator(group).is_some_and(|translator| !self.0.contains(&translator))
    }
}

/// The translator that a module's seal names. It is not authenticated: the worst that a false one can cause
/// is that modules are translated again.
fn translator(group: &Group) -> Option<String> {
    let path = seal_name(&group.module.as_ref()?.path);
    let bytes = read(&path, seal::LARGEST_SEAL_BYTES as u64, &|found| {
        (!found.is_file()).then(String::new)
    });
    let name = Seal::read(&bytes.ok()?).ok()?.translator;
    // Translators of tests have more words behind a space.
    name.split(' ').next().map(str::to_owned)
}

#[cfg(test)]
mod tests;
