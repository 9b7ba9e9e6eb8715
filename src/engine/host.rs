//! How modules that are to run on this machine are made, and by which keys they are found.
//!
//! This is about the machine. What an operator sets is in `settings`.

use std::sync::OnceLock;

use lockstep_contract::key::{Key, KeyId};
use lockstep_contract::pages::PAGE_SIZE;
use lockstep_translator::{CodeRegion, Cpu, Options, TranslateError, Verify, translator_version};

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
    Options::default().with_verify(Verify::IN_DEBUG_BUILDS)
}

/// The key of the module that uses all instructions of this CPU, where `key` is that of the module for
/// every CPU. `translate build --cpu native` makes such a module; an engine makes none, so that what it
/// makes can be used by other machines too. There is none where this CPU has no more than all have, and
/// none for an engine whose modules the command cannot make.
pub(super) fn native_key(
    key: &Key,
    region: &CodeRegion<'_>,
    options: &Options,
) -> Option<(Key, KeyId)> {
    let cpu = native_cpu(region);
    if cpu.is_empty() || cpu == key.cpu || options.translator() != translator_version() {
        return None;
    }
    let key = Key {
        cpu: cpu.to_owned(),
        ..key.clone()
    };
    let id = key.id();
    Some((key, id))
}

/// The features of this CPU as a key has them, found out once for the process; empty where they cannot
/// be. `region` is any code region for which a key can be made.
fn native_cpu(region: &CodeRegion<'_>) -> &'static str {
    static CPU: OnceLock<String> = OnceLock::new();
    CPU.get_or_init(|| {
        let options = host_options().with_cpu(Cpu::Native);
        // They are the same for all code, and a key takes a digest of it: one page of it is enough.
        let page = region.bytes.len().min(PAGE_SIZE);
        let first = CodeRegion {
            bytes: &region.bytes[..page],
            ..*region
        };
        let key = lockstep_translator::key(&first, &options);
        key.map(|key| key.cpu).unwrap_or_default()
    })
}

/// Why there can be no native code on this machine, whatever the code region, if that is so.
pub(super) fn unsupported(region: &CodeRegion<'_>, options: &Options) -> Option<String> {
    match lockstep_translator::key(region, options) {
        Err(error @ TranslateError::Target { .. }) => Some(error.to_string()),
        _ => None,
    }
}

/// The id of the module that this machine makes for a code region.
///
/// # Errors
/// When no module can be made for it.
pub fn key_id(region: &CodeRegion<'_>) -> Result<KeyId, Unavailable> {
    let key = lockstep_translator::key(region, &host_options()).map_err(Unavailable::new)?;
    Ok(key.id())
}
