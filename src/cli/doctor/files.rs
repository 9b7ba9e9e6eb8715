//! The files that decide what is trusted, and the folder of the cache.

use std::path::Path;

use lockstep_cache::{
    self as cache, Budget, Cache, CacheError, FolderState, Locations, Trusted, denied_maker,
};
use lockstep_translator::{COMPILER_VERSION, translator_version};

use super::super::cache::size;
use super::finding::Finding;

/// Free bytes below which a disk counts as full: fewer than a large module may have.
const LEAST_FREE_BYTES: u64 = 64 << 20;

pub(super) fn findings() -> Vec<Finding> {
    let places = Locations::from_environment();
    let mut findings = vec![key(places.key.as_deref()), trust(places.trusted.as_deref())];
    findings.extend(deny(places.deny.as_deref()));
    match Cache::default_folder() {
        Ok(path) => findings.extend([folder(&path), disk(&path), budget(&path)]),
        Err(error) => findings.push(Finding::wrong(
            "cache",
            error.to_string(),
            "export LOCKSTEP_CACHE_DIR=/path/to/a/private/folder",
        )),
    }
    findings
}

fn key(file: Option<&Path>) -> Finding {
    let Some(file) = file else {
        return Finding::wrong(
            "key",
            "there is no place for the key of this machine, so nothing can be sealed",
            "export LOCKSTEP_KEY_FILE=/path/to/a/private/folder/module.key",
        );
    };
    match cache::check_key(file) {
        Ok(true) => Finding::ok("key", file.display().to_string()),
        Ok(false) => Finding::note(
            "key",
            format!(
                "{} is not there yet; the first use of the cache makes it",
                file.display()
            ),
        ),
        Err(cache::KeyError::NotPrivate { reason, advice, .. }) => {
            Finding::wrong("key", format!("{}: {reason}", file.display()), advice)
        }
        Err(error) => Finding::wrong(
            "key",
            error.to_string(),
            format!(
                "ls -l {}; the user of the node must be able to read it",
                file.display()
            ),
        ),
    }
}

fn trust(file: Option<&Path>) -> Finding {
    let Some(file) = file else {
        return Finding::note("trust list", "it has no place, so no signature counts");
    };
    match Trusted::read(file) {
        Ok(trusted) if trusted.0.is_empty() => Finding::ok(
            "trust list",
            "no key is trusted: modules of other machines are not used",
        ),
        Ok(trusted) => Finding::ok(
            "trust list",
            format!("{} keys in {}", trusted.0.len(), file.display()),
        ),
        Err(error) => Finding::wrong(
            "trust list",
            format!("{error}; no signature counts"),
            format!(
                "chmod 600 {0}, or correct the file; translate cache trust --list shows it",
                file.display()
            ),
        ),
    }
}

/// What the list holds, and whether it refuses what this build makes.
fn deny(file: Option<&Path>) -> Vec<Finding> {
    let list = match file.map(|file| (file, cache::check_deny_list(file))) {
        None => Finding::note("deny-list", "it has no place; the list of this build holds"),
        Some((_, Ok(0))) => Finding::ok("deny-list", "nothing beside what this build refuses"),
        Some((file, Ok(lines))) => {
            Finding::ok("deny-list", format!("{lines} lines in {}", file.display()))
        }
        Some((file, Err(why))) => Finding::wrong(
            "deny-list",
            format!("{why}; while that is so, all native code is refused"),
            format!("correct or remove {}", file.display()),
        ),
    };
    let readable = list.mend.is_none();
    let denied = denied_maker(translator_version(), COMPILER_VERSION, file);
    let denied = denied.filter(|_| readable).map(|reason| {
        Finding::wrong(
            "translator",
            format!("{reason}: nothing is translated or taken from the cache"),
            "install a release that the deny-list does not name (docs/upgrade.md)",
        )
    });
    std::iter::once(list).chain(denied).collect()
}

fn folder(path: &Path) -> Finding {
    let shown = path.display();
    match cache::look_at(path) {
        Ok(FolderState::Writable) => Finding::ok("cache", shown.to_string()),
        Ok(FolderState::Absent) => Finding::note(
            "cache",
            format!("{shown} is not there yet; the first use makes it"),
        ),
        Ok(_) => Finding::wrong(
            "cache",
            format!("{shown} cannot be written to, so modules are only read from it"),
            format!("chown -R $(id -u) {shown}, or mount its disk for writing"),
        ),
        Err(error) => {
            let mend = match &error {
                CacheError::Shared { at, .. } => format!("chmod go-w {}", at.display()),
                CacheError::Owner { .. } => {
                    format!(
                        "chown -R $(id -u) {shown}, or name another folder with LOCKSTEP_CACHE_DIR"
                    )
                }
                _ => "export LOCKSTEP_CACHE_DIR=/path/to/a/private/folder".to_owned(),
            };
            Finding::wrong("cache", error.to_string(), mend)
        }
    }
}

fn disk(path: &Path) -> Finding {
    match cache::free_bytes(path) {
        Some(free) if free < LEAST_FREE_BYTES => Finding::wrong(
            "disk",
            format!(
                "{} are free where the cache is, so modules may not be stored; code is then translated in each process",
                size(free)
            ),
            format!(
                "df -h {}; free some space, or translate cache gc --max-bytes N",
                path.display()
            ),
        ),
        Some(free) => Finding::ok(
            "disk",
            format!("{} are free where the cache is", size(free)),
        ),
        None => Finding::note(
            "disk",
            "how much is free where the cache is cannot be known",
        ),
    }
}

fn budget(path: &Path) -> Finding {
    let budget = match Budget::try_from_environment() {
        Ok(budget) => budget,
        Err(error) => {
            return Finding::wrong(
                "budget",
                error.to_string(),
                "set the variable to a number, or unset it",
            );
        }
    };
    let entries = cache::list(path).unwrap_or_default();
    let held = entries.iter().map(|entry| entry.size).sum();
    let (bytes, modules) = budget.limits(path, held);
    Finding::ok(
        "budget",
        format!(
            "{} of {modules} modules, {} of {}",
            entries.len(),
            size(held),
            size(bytes)
        ),
    )
}
