//! `translate replay`: runs the piece of code of a divergence bundle again, native code and interpreter
//! in lockstep, from the state that the bundle holds.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lockstep::Engine;
use lockstep::bundle::{name, state};
use lockstep::engine::{Found, Mode, Translate, WhenDiverged, code_regions};
use lockstep_contract::key::Key;
use lockstep_isa::Cost;
use lockstep_runtime::{Core, CostTable, Defect, NativeModule, Runner, Trap};
use lockstep_translator::{CodeRegion, Entries, Options, key};
use serde::Serialize;

use super::answer::Answer;
use super::failure::Failure;
use super::result_name::ResultName;
use super::{check, code, guest, named_module};

/// Blocks that run beyond those of the bundle: the module as it is shipped is compared where it next
/// looks at its budget, which may be later than in the run that was recorded.
const MORE: usize = 1 << 14;

/// Runs the code of a divergence bundle again and says whether native code and interpreter still differ
#[derive(Args)]
#[command(after_help = "Example:\n  translate replay divergences/0001")]
pub(crate) struct Replay {
    /// The bundle: the folder that was written when a difference was found
    bundle: PathBuf,
    /// Run the native code in the bundle instead of a new translation; it must be authenticated on this machine
    #[arg(long)]
    recorded: bool,
}

#[derive(Serialize)]
struct Object {
    result: ResultName,
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<check::Object>,
}

/// The parts of a bundle's report that matter here.
#[derive(serde::Deserialize)]
struct Report {
    blocks: Vec<String>,
}

impl Replay {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        let text = |name: &str| self.read(name).map(|bytes| lossy(&bytes));
        let pages = self.read(&format!("{}.pages", name::BEFORE))?;
        let before = text(&format!("{}.json", name::BEFORE))?;
        let (core, cost) =
            state::read(&before, &pages).map_err(|error| self.refuse(name::BEFORE, error))?;
        let report: Report = serde_json::from_str(&text(name::REPORT)?)
            .map_err(|error| self.refuse(name::REPORT, error))?;
        let engine = Engine::builder()
            .mode(Mode::Check)
            .translate(Translate::Now)
            .no_cache()
            .when_diverged(WhenDiverged::Stop)
            .build();
        if self.recorded {
            self.adopt(&core, cost, &engine)?;
        }
        let found = run(core, cost, &engine, report.blocks.len() + MORE)?;
        let result = match found {
            Some(_) => ResultName::Diverged,
            None => ResultName::Equal,
        };
        let object = Object {
            result,
            divergence: found.as_ref().map(check::Object::new),
        };
        let text = || match &found {
            Some(found) => format!("Replay: {}\n", check::describe(found)),
            None => "Replay: no difference\n".to_owned(),
        };
        Answer::new(json, &object, text, result.exit_code(None))
    }

    fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        guest::read(&self.bundle.join(name)).map_err(|failure| {
            let advice = "a bundle is the folder that a run with --engine check wrote";
            Failure::new(
                failure.code,
                failure.kind,
                format!("{}; {advice}", failure.message),
            )
        })
    }

    fn refuse(&self, name: &str, error: impl std::fmt::Display) -> Failure {
        let path = self.bundle.join(name);
        let message = format!(
            "{} does not belong to a divergence bundle: {error}; name the folder that a run with --engine check wrote",
            path.display()
        );
        Failure::new(code::DATA, "BundleDamaged", message)
    }

    /// Gives the engine the module of the bundle, in the place that it was found in.
    fn adopt(&self, core: &Core, cost: Cost, engine: &Engine) -> Result<(), Failure> {
        let path = self.bundle.join(name::MODULE);
        let module = named_module::read_own(&path)?;
        let every_block = Options::default().with_entries(Entries::EveryBlock);
        let engine = match (engine.blocks(), &module.key.translator) {
            (Some(blocks), translator) if translator.starts_with(&every_block.translator()) => {
                blocks
            }
            _ => engine,
        };
        let regions = code_regions(core.memory(), core.profile(), cost);
        let region = fitting(&path, &regions, &module.key)?;
        let module = NativeModule::map(module).map_err(|error| self.refuse(name::MODULE, error))?;
        (engine.adopt(&region, Arc::new(module))).map_err(|error| self.refuse(name::MODULE, error))
    }
}

/// The code region that a module was made from. What made it may differ in what its name says behind the
/// version: that is why it is looked at.
fn fitting<'a>(
    path: &Path,
    regions: &[CodeRegion<'a>],
    found: &Key,
) -> Result<CodeRegion<'a>, Failure> {
    let own = |region: &&CodeRegion<'_>| {
        let Ok(mut key) = key(region, &Options::default()) else {
            return false;
        };
        if found.translator.starts_with(&key.translator) {
            key.translator.clone_from(&found.translator);
        }
        key == *found
    };
    regions.iter().find(own).copied().ok_or_else(|| {
        let message = format!(
            "{} was not made for the code in the bundle by this version and for this machine; leave out --recorded \
             to translate the code again",
            path.display()
        );
        Failure::new(code::DATA, "ModuleForeign", message)
    })
}

/// Runs until there is a difference, the host would have to do something, or so many blocks ran.
fn run(core: Core, cost: Cost, engine: &Engine, blocks: usize) -> Result<Option<Found>, Failure> {
    let left = Cell::new(blocks);
    // Asked before every block.
    let pause = || match left.get() {
        0 => true,
        more => {
            left.set(more - 1);
            false
        }
    };
    let result = Runner::new(core).advance(
        &engine
            .environment(&CostTable::from(cost))
            .with_pause(&pause),
    );
    match result {
        Err(Trap::Defect(Defect::Diverged { .. })) => Ok(engine.divergences().pop()),
        Err(Trap::Defect(defect)) => Err(Failure::defect(defect)),
        _ => Ok(None),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
