//! What somebody who wants native code for a code region gets: a module, or the reason why not.

use std::sync::Arc;

use lockstep_runtime::NativeModule;
use lockstep_translator::Report;

/// A module that is ready to run, and where it came from.
///
/// ```
/// use lockstep::engine::Prepared;
/// use lockstep::{Engine, Platform, Program};
///
/// # let elf = std::fs::read("guests/elf/fib.elf")?;
/// # let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().no_cache().build();
/// let region = &program.code_regions()[0];
/// let prepared: Prepared =
///     engine.prepare(region, &mut || program.hints(region), &mut |_done, _all| {})?;
/// assert_eq!(prepared.module.key().base, region.base);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Prepared {
    /// The module.
    pub module: Arc<NativeModule>,
    /// Its source.
    pub origin: Origin,
}

/// Where a module came from.
///
/// ```
/// use lockstep::engine::Origin;
/// use lockstep::{Engine, Platform, Program};
///
/// # let elf = std::fs::read("guests/elf/fib.elf")?;
/// # let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().no_cache().build();
/// let region = &program.code_regions()[0];
/// let mut prepare = || engine.prepare(region, &mut || program.hints(region), &mut |_, _| {});
/// assert!(matches!(prepare()?.origin, Origin::Translated { .. }));
/// assert!(matches!(prepare()?.origin, Origin::Registry));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Origin {
    /// It was already loaded in this process.
    Registry,
    /// The module cache.
    Cache,
    /// It was made now.
    Translated {
        /// Time it took.
        seconds: f64,
        /// What was translated and what not.
        report: Report,
    },
}

/// Why there is no module for some code. Shared between all who ask for it.
///
/// ```
/// use lockstep::engine::{Translate, Unavailable};
/// use lockstep::{Engine, Platform, Program};
///
/// # let elf = std::fs::read("guests/elf/fib.elf")?;
/// # let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().translate(Translate::Never).no_cache().build();
/// let region = &program.code_regions()[0];
/// let reason: Unavailable = engine
///     .prepare(region, &mut || program.hints(region), &mut |_, _| {})
///     .unwrap_err();
/// assert!(!reason.to_string().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub Arc<str>);

impl Unavailable {
    pub(super) fn new(reason: impl ToString) -> Unavailable {
        Unavailable(reason.to_string().into())
    }
}
