//! The modules in the cache: which would run here, and why the others would not.

use std::collections::BTreeMap;

use lockstep_cache::{self as cache, Authority, Cache, Locations};
use lockstep_translator::translator_version;

use super::super::cache::bundles;
use super::finding::Finding;

/// Quarantined modules that are named, at most.
const NAMED_MODULES: usize = 4;

pub(super) fn findings() -> Vec<Finding> {
    // What is wrong with the folder itself is said elsewhere.
    let Ok(folder) = Cache::default_folder() else {
        return Vec::new();
    };
    let Ok(entries) = cache::list(&folder) else {
        return Vec::new();
    };
    let authority = Authority::present(&Locations::from_environment());
    let (mut ours, mut others) = (0, 0);
    // Why modules would not be used, and how many: the first of each kind stands for all.
    let mut bad: BTreeMap<&'static str, (usize, String)> = BTreeMap::new();
    for entry in &entries {
        match cache::examine(entry, &authority) {
            Ok(found) if found.module.key.translator == translator_version() => ours += 1,
            Ok(_) => others += 1,
            Err(miss) => {
                let first = || (0, format!("{}: {miss}", entry.path.display()));
                bad.entry(miss.name()).or_insert_with(first).0 += 1;
            }
        }
    }
    let mut findings = vec![Finding::ok(
        "modules",
        format!("{ours} of this translator can be used"),
    )];
    if others > 0 {
        findings.push(
            Finding::note(
                "modules",
                format!("{others} of other translators, which this one does not use"),
            )
            .by("nothing: a collection removes what was not used for the longest time, once there is too much"),
        );
    }
    for (name, (count, first)) in bad {
        let found = format!("{count} {name}: {first}");
        findings.push(match name {
            // That is what somebody wanted. Whether this translator is meant is said elsewhere.
            "denied" => Finding::note("modules", found)
                .by("nothing: they are not used; translate cache clear removes all modules"),
            _ => Finding::wrong(
                "modules",
                found,
                "nothing, where code may be translated: they are replaced then; translate cache verify lists them, translate \
                 cache clear removes all modules",
            ),
        });
    }
    match cache::quarantined(&folder) {
        Ok(list) if list.is_empty() => {}
        Ok(list) => {
            let named = list.iter().take(NAMED_MODULES);
            let named: Vec<String> = named
                .map(|(id, reason)| format!("{} ({reason})", &id.to_string()[..12]))
                .collect();
            findings.push(Finding::wrong(
                "quarantine",
                format!("{} modules must not run: {}", list.len(), named.join(", ")),
                "report their bundles; then a new translator, or translate cache release ID for one that is right",
            ));
        }
        Err(miss) => findings.push(Finding::wrong(
            "quarantine",
            format!("the list cannot be used: {miss}; while that is so, no module is taken from the cache"),
            format!("chmod 600 {}", folder.join("quarantine").display()),
        )),
    }
    let bundles = bundles(&folder);
    if bundles > 0 {
        findings.push(
            Finding::note(
                "divergences",
                format!(
                    "{bundles} bundles in {}",
                    folder.join("divergences").display()
                ),
            )
            .by("translate replay BUNDLE runs one again"),
        );
    }
    findings
}
