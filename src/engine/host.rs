//! How modules that are to run on this machine are made.

use lockstep_contract::key::KeyId;
use lockstep_translator::{CodeRegion, Cpu, Options};

use super::prepared::Unavailable;

/// Threads that a translation gets at most while somebody waits for it.
const MAX_WAITED_FOR_THREADS: usize = 8;

/// Threads that a translation may have which somebody waits for: the processors, at most 8.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism()
        .map_or(1, |number| number.get().min(MAX_WAITED_FOR_THREADS))
}

/// The translator's options for modules that run on this machine.
pub(super) fn host_options() -> Options {
    Options {
        target: None,
        cpu: Cpu::Baseline,
        // The compiler's checks of its own intermediate form are for tests.
        verify: cfg!(debug_assertions),
        emit: false,
        ..Options::default()
    }
}

/// The id of the module that this machine uses for a code region.
///
/// # Errors
/// When no module can be made for it.
pub fn key_id(region: &CodeRegion<'_>) -> Result<KeyId, Unavailable> {
    let key = lockstep_translator::key(region, &host_options()).map_err(Unavailable::new)?;
    Ok(key.id())
}
