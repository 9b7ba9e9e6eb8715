//! `translate cache quarantine` and `translate cache release`: what an operator says of a module that must not run.

use clap::Args;
use lockstep_cache::{self as cache, Authority, Locations};
use lockstep_contract::key::KeyId;
use serde::Serialize;

use super::super::answer::Answer;
use super::super::code;
use super::super::failure::Failure;
use super::folder::Folder;
use super::ids::IdPrefix;

/// Keeps modules from running, in all processes with this cache, until they are released
#[derive(Args)]
#[command(
    after_help = "Example:\n  translate cache quarantine 0123 --reason 'differs on our node'"
)]
pub(super) struct Quarantine {
    /// Ids of modules, or first digits that name one
    #[arg(required = true, value_name = "ID", value_parser = IdPrefix::parse)]
    ids: Vec<IdPrefix>,
    /// Why, for whoever reads the list
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    reason: String,
    #[command(flatten)]
    folder: Folder,
}

/// Lets quarantined modules run again, in processes that start from now on
#[derive(Args)]
#[command(after_help = "Example:\n  translate cache release 0123")]
pub(super) struct Release {
    /// Ids of quarantined modules, or first digits that name one
    #[arg(required = true, value_name = "ID", value_parser = IdPrefix::parse)]
    ids: Vec<IdPrefix>,
    #[command(flatten)]
    folder: Folder,
}

/// What was changed, for `--json`.
#[derive(Serialize)]
struct Object {
    folder: String,
    /// The modules that are on the list now and were not, or the reverse.
    modules: Vec<String>,
    /// How many modules are on the list now.
    quarantined: usize,
}

impl Quarantine {
    pub(super) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let folder = self.folder.path()?;
        let authority = Authority::present(&Locations::from_environment());
        let entries = cache::list(&folder).map_err(|error| Failure::cache(&error))?;
        let mut changed = Vec::new();
        for prefix in &self.ids {
            let id = prefix.resolve(&folder)?;
            // A module with heat is quarantined together with the one without: another heat would take its place.
            let entry = entries.iter().find(|entry| entry.id == id);
            let module = entry.and_then(|entry| cache::examine(entry, &authority).ok());
            let key = module.map(|found| found.module.key.with_heat(None).id());
            for id in key.filter(|without| *without != id).into_iter().chain([id]) {
                cache::quarantine(&folder, &id, &self.reason)
                    .map_err(|error| Failure::cache(&error))?;
                changed.push(id);
            }
        }
        answer(&folder, &changed, json, |object| {
            format!(
                "Quarantined {} modules in {}; running processes heed that at their next look into the cache\n",
                object.modules.len(),
                object.folder
            )
        })
    }
}

impl Release {
    pub(super) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let folder = self.folder.path()?;
        let mut changed = Vec::new();
        for prefix in &self.ids {
            let id = prefix.resolve(&folder)?;
            if cache::release(&folder, &id).map_err(|error| Failure::cache(&error))? {
                changed.push(id);
            }
        }
        answer(&folder, &changed, json, |object| {
            format!(
                "Released {} of {} modules in {}; {} stay quarantined. Processes that run now keep to the old list: \
                 restart them\n",
                object.modules.len(),
                self.ids.len(),
                object.folder,
                object.quarantined
            )
        })
    }
}

fn answer(
    folder: &std::path::Path,
    changed: &[KeyId],
    json: bool,
    text: impl FnOnce(&Object) -> String,
) -> Result<Answer, Failure> {
    let object = Object {
        folder: folder.display().to_string(),
        modules: changed.iter().map(KeyId::to_string).collect(),
        quarantined: cache::quarantined(folder).map_or(0, |list| list.len()),
    };
    Answer::new(json, &object, || text(&object), code::SUCCESS)
}
