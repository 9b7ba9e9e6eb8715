//! Making ready what a warm list names, and how far that is.
//!
//! The threads of the background do this; which thread does what is decided there. A line that cannot
//! be made ready is a warning and is counted, and the rest goes on.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use lockstep_contract::key::KeyId;

use super::entry::State;
use super::mode::Translate;
use super::module_builder::Patience;
use super::prepared::Origin;
use super::provider::Provider;
use super::sync::lock;
use super::warm_list::{self, Line, WarmModule, WarmProgram};
use crate::program::{Platform, Program};

/// How far the warm list is.
///
/// ```
/// use lockstep::Engine;
///
/// // Without a list there is nothing to wait for.
/// let engine = Engine::builder().no_cache().no_warm().build();
/// assert!(engine.warming().is_done());
/// ```
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

/// Told after each line how far the list is, by the thread that did the line.
#[derive(Clone)]
pub(super) struct WarmingObserver(pub(super) Arc<dyn Fn(Warming) + Send + Sync>);

impl fmt::Debug for WarmingObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WarmingObserver")
    }
}

/// What came of a line.
#[derive(Clone, Copy, Default)]
pub(super) struct LineResult {
    loaded: usize,
    translated: usize,
    failed: bool,
}

impl LineResult {
    /// It led to no module.
    pub(super) const FAILED: LineResult = LineResult {
        loaded: 0,
        translated: 0,
        failed: true,
    };
}

/// How far the list is, counted by all threads.
#[derive(Debug)]
pub(super) struct WarmingCounter {
    warming: Mutex<Warming>,
    observer: Option<WarmingObserver>,
}

impl WarmingCounter {
    pub(super) fn new(observer: Option<WarmingObserver>) -> WarmingCounter {
        WarmingCounter {
            warming: Mutex::default(),
            observer,
        }
    }

    pub(super) fn warming(&self) -> Warming {
        *lock(&self.warming)
    }

    /// So many lines are to be done.
    pub(super) fn begin(&self, lines: usize) {
        lock(&self.warming).all += lines;
    }

    /// Counts a line that is done, and says so.
    pub(super) fn done(&self, result: LineResult) {
        let warming = {
            let mut warming = lock(&self.warming);
            warming.done += 1;
            warming.loaded += result.loaded;
            warming.translated += result.translated;
            warming.failed += usize::from(result.failed);
            *warming
        };
        if let Some(observer) = &self.observer {
            observer.0(warming);
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

/// Maps a module of the cache.
pub(super) fn warm_module(provider: &Provider, wanted: WarmModule) -> LineResult {
    let WarmModule { line, id, code } = wanted;
    let _span = tracing::debug_span!("warm", module = %id).entered();
    match provider.store.preload(&id) {
        Ok(()) => {
            // A machine may have been faster.
            for entry in provider.store.registry.named(&id) {
                provider.load(&entry, |state| matches!(state, State::Missing(_)));
            }
            LineResult {
                loaded: 1,
                ..LineResult::default()
            }
        }
        Err(error) => {
            // A hash that names no module may be that of a code region.
            let code = code.unwrap_or(id);
            let then = what_then(provider, &id, &code);
            tracing::warn!("{line}: the module {id}: {error}; {then}");
            LineResult::FAILED
        }
    }
}

/// What becomes of the code of a module that is not to be had. Where the code may be translated, it is wanted from now on.
fn what_then(provider: &Provider, id: &KeyId, code: &KeyId) -> String {
    if provider.translate == Translate::Never {
        return format!(
            "nothing is translated (LOCKSTEP_TRANSLATE=never), so code with the digest {code} is interpreted while \
             the cache has no module for it"
        );
    }
    if let Some(reason) = provider.store.denied_maker(&provider.builder.options) {
        return format!("code with the digest {code} is not translated either: {reason}");
    }
    provider.store.preloaded.want(code.0);
    match provider.store.switches.quarantine_of(id) {
        // Which module is made of the code is known when there is the code.
        Some(_) => format!(
            "code with the digest {code} is translated when it is first seen only if this translator makes another \
             module of it"
        ),
        None => format!("code with the digest {code} is translated when it is first seen"),
    }
}

/// Loads or makes the modules of a program.
pub(super) fn warm_program(provider: &Provider, wanted: WarmProgram) -> LineResult {
    let WarmProgram {
        line,
        path,
        platform,
    } = wanted;
    let _span = tracing::info_span!("warm", path = %path.display()).entered();
    match obtain_all(provider, &line, &path, &platform) {
        Ok(result) => result,
        Err(error) => {
            tracing::warn!("{line}: {}: {error}", path.display());
            LineResult::FAILED
        }
    }
}

fn obtain_all(
    provider: &Provider,
    line: &Line,
    path: &Path,
    platform: &Platform,
) -> Result<LineResult, String> {
    let bytes = warm_list::read(path).map_err(|error| error.to_string())?;
    let program = Program::load(&bytes, platform).map_err(|error| error.to_string())?;
    let mut result = LineResult::default();
    for region in program.code_regions() {
        let entry = provider.store.registry.entry(&region);
        // What another thread is at work on needs no help.
        let idle = |state: &State| matches!(state, State::New | State::Queued | State::Missing(_));
        let Some(work) = entry.take(idle) else {
            continue;
        };
        let mut hints = || program.hints(&region);
        let prepared = provider.work(&entry, false, &mut hints, &mut Patience::Background);
        drop(work);
        match prepared.map(|prepared| prepared.origin) {
            Ok(Origin::Translated { .. }) => result.translated += 1,
            Ok(_) => result.loaded += 1,
            // A failed translation is in the log already; what keeps the code from being translated is not.
            Err(reason) => {
                result.failed = true;
                if !matches!(entry.state(), State::Failed(_)) {
                    let base = region.base;
                    tracing::warn!(
                        "{line}: {}: the code at {base:#x}: {reason}",
                        path.display()
                    );
                }
            }
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use lockstep_cache::{Budget, Locations};

    use super::super::budgets::Budgets;
    use super::super::host::host_options;
    use super::super::module_builder::{BuildSettings, Compiler};
    use super::super::provider::ProviderSettings;
    use super::super::store::CacheSettings;
    use super::*;

    fn provider(translate: Translate, locations: Locations) -> Provider {
        Provider::new(ProviderSettings {
            cache: CacheSettings {
                folder: None,
                locations,
                budget: Budget::default(),
            },
            build: BuildSettings {
                options: host_options(),
                budgets: Budgets::default(),
                translate,
                compiler: Compiler::default(),
                helper: None,
                perf: None,
            },
        })
    }

    /// A list promises a translation where one is allowed, and nowhere else.
    #[test]
    fn no_translation_is_promised_that_will_not_be() {
        const PROMISE: &str = "is translated when it is first seen";
        let (id, code) = (KeyId([1; 32]), KeyId([2; 32]));
        let wanted = |provider: &Provider| provider.store.preloaded.wants(&code.0);
        let allowed = provider(Translate::Background, Locations::default());
        assert!(what_then(&allowed, &id, &code).ends_with(PROMISE));
        assert!(wanted(&allowed));
        let never = provider(Translate::Never, Locations::default());
        let said = what_then(&never, &id, &code);
        assert!(
            said.contains("LOCKSTEP_TRANSLATE=never") && !said.contains(PROMISE),
            "{said}"
        );
        assert!(!wanted(&never));
        // A folder cannot be read as a list, so everything is refused.
        let list = std::env::temp_dir();
        let denied = provider(Translate::Now, Locations::default().with_deny(list));
        let said = what_then(&denied, &id, &code);
        assert!(
            said.contains("deny-list") && !said.contains(PROMISE),
            "{said}"
        );
        assert!(!wanted(&denied));
        // Another module may be made of the code of a quarantined one, so it is wanted; that it will be is not said.
        let quarantined = provider(Translate::Now, Locations::default());
        assert!(quarantined.store.quarantine(&id, "a test"));
        let said = what_then(&quarantined, &id, &code);
        assert!(
            said.contains("only if this translator makes another module"),
            "{said}"
        );
        assert!(wanted(&quarantined));
    }
}
