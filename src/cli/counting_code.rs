//! Native code that counts: what `translate profile` runs in the place of an engine's modules.
//!
//! A code region is translated when the guest first gets there, in this process and for this run alone. Such modules stay
//! out of the cache: they depend on the names of functions that are wanted, and nobody else can use them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lockstep::engine::{hints_in_memory, processors};
use lockstep_contract::key::Key;
use lockstep_runtime::{CodeSource, NativeModule, Request, SharedRegion};
use lockstep_translator::{CodeRegion, Counting, Options, translate};

use super::progress::Progress;
use super::stderr;

/// Makes modules that count, and keeps them for all processes of the run.
pub(crate) struct CountingCode {
    options: Options,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    modules: Vec<(Key, Arc<SharedRegion>)>,
    time: Duration,
}

impl CountingCode {
    /// For a program with these functions: where they start and where they end.
    pub(crate) fn new(bounds: impl IntoIterator<Item = u64>) -> CountingCode {
        let counting = Some(Counting::new(bounds));
        let options = Options::default()
            .with_threads(processors())
            .with_counting(counting);
        CountingCode {
            options,
            made: Mutex::default(),
        }
    }

    /// The time that translation took so far.
    pub(crate) fn translation(&self) -> Duration {
        let made = self.made.lock();
        made.unwrap_or_else(PoisonError::into_inner).time
    }

    fn make(&self, region: &CodeRegion<'_>, request: &Request<'_>) -> Result<NativeModule, String> {
        let hints = hints_in_memory(region, request.memory, request.pc);
        let mut progress = Progress::new();
        let made = translate(region, &hints, &self.options, &mut |done, all| {
            progress.show(done, all);
        });
        let made = made.map_err(|error| error.to_string())?;
        NativeModule::map(made.module).map_err(|error| error.to_string())
    }
}

impl CodeSource for CountingCode {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        let region = CodeRegion {
            profile: request.profile,
            cost: request.cost,
            memory_size: request.memory_size as u64,
            base: request.base,
            bytes: request.region,
        };
        let started = Instant::now();
        let key = lockstep_translator::key(&region, &self.options).ok()?;
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shared)) = made.modules.iter().find(|(known, _)| *known == key) {
            let shared = Arc::clone(shared);
            made.time += started.elapsed();
            return Some(shared);
        }
        let shared = Arc::new(SharedRegion::new());
        match self.make(&region, request) {
            Ok(module) => shared.put(Arc::new(module)),
            Err(error) => stderr::warn(format_args!(
                "the code at {:#x} is interpreted, which takes longer: {error}",
                request.base
            )),
        }
        made.time += started.elapsed();
        made.modules.push((key, Arc::clone(&shared)));
        Some(shared)
    }
}

impl fmt::Debug for CountingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingCode").finish_non_exhaustive()
    }
}
