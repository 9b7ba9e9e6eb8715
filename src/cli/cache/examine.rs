//! `translate cache verify`: what a look-up would say of every module in the folder.

use std::path::Path;

use lockstep_cache::{self as cache, Authority, Locations, TrustedBy};
use serde::Serialize;

use super::super::answer::Answer;
use super::super::code;
use super::super::failure::Failure;

#[derive(Serialize)]
struct Object {
    folder: String,
    good: usize,
    bad: usize,
    modules: Vec<Module>,
}

#[derive(Serialize)]
struct Module {
    key: String,
    /// Whether it would be used.
    good: bool,
    /// The word that a node counts the miss by.
    #[serde(skip_serializing_if = "Option::is_none")]
    miss: Option<&'static str>,
    /// What authenticates it, or why it would not be used.
    why: String,
}

/// Exit code 65 when there is one that would not be used.
pub(super) fn execute(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let authority = Authority::present(&Locations::from_environment());
    let entries = cache::list(folder).map_err(|error| Failure::cache(&error))?;
    let modules = entries.iter().map(|entry| {
        let key = entry.id.to_string();
        match cache::examine(entry, &authority) {
            Ok(found) => Module {
                key,
                good: true,
                miss: None,
                why: match found.trusted_by {
                    TrustedBy::Node => "sealed by this machine".to_owned(),
                    TrustedBy::Signature(signer) => format!("signed by {signer}, which is trusted"),
                },
            },
            Err(miss) => Module {
                key,
                good: false,
                miss: Some(miss.name()),
                why: miss.to_string(),
            },
        }
    });
    let modules: Vec<Module> = modules.collect();
    let good = modules.iter().filter(|module| module.good).count();
    let object = Object {
        folder: folder.display().to_string(),
        good,
        bad: modules.len() - good,
        modules,
    };
    let text = || {
        let mut text = String::new();
        for module in &object.modules {
            let word = if module.good { "good" } else { "BAD " };
            text += &format!("{} {word} {}\n", module.key, module.why);
        }
        let (good, bad, folder) = (object.good, object.bad, folder.display());
        text += &format!("{good} good, {bad} bad in {folder}");
        text + match bad {
            0 => "\n",
            _ => "; bad ones are not used, and are replaced when their code is translated\n",
        }
    };
    let code = match object.bad {
        0 => code::SUCCESS,
        _ => code::DATA,
    };
    Answer::new(json, &object, text, code)
}
