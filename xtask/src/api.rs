//! `cargo xtask api`: what each published package exports, compared with what is committed in `docs/api`.
//!
//! A reviewer sees in those files what a change does to users, and nobody changes it without noticing.
//! The list comes from rustdoc's JSON, which the stable rustdoc writes when it is told to take
//! unstable options; only rustdoc is told so, or the build scripts of half of all packages would
//! notice and run again. The format has a number, so the package `public-api` and the
//! toolchain of `rust-toolchain.toml` go together.
//!
//! What it is not: a judgement. Whether a difference breaks a user is for the author to say.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::packages::PUBLISHED;
use crate::step::StepError;

/// Tells this program, when cargo starts it in the place of rustdoc, which rustdoc is meant.
const RUSTDOC: &str = "XTASK_RUSTDOC";

/// What to do with a list that differs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// It is an error.
    Compare,
    /// It is written down.
    Bless,
}

/// Why the lists could not be made, or are not those that are committed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(transparent)]
    Cargo(#[from] StepError),
    #[error("{path}: {error}")]
    File { path: String, error: std::io::Error },
    #[error("the JSON that rustdoc wrote for {package} cannot be read: {reason}")]
    Json { package: String, reason: String },
    #[error(
        "what {0} export is not what docs/api says; `cargo xtask api --bless` writes the new lists, for review"
    )]
    Differs(String),
}

/// Makes the list of each package and compares it with the committed one.
pub(crate) fn run(lists: Lists) -> Result<(), ApiError> {
    let mut differing = Vec::new();
    for package in PUBLISHED {
        let now = exports(package)?;
        let path = format!("docs/api/{package}.txt");
        let file = |error| ApiError::File {
            path: path.clone(),
            error,
        };
        let committed = fs::read_to_string(&path).unwrap_or_default();
        if committed == now {
            continue;
        }
        match lists {
            Lists::Compare => {
                show(&committed, &now);
                differing.push(package);
            }
            Lists::Bless => {
                fs::create_dir_all("docs/api").map_err(file)?;
                fs::write(&path, now).map_err(file)?;
            }
        }
    }
    match differing.is_empty() {
        true => Ok(()),
        false => Err(ApiError::Differs(differing.join(", "))),
    }
}

/// Everything public in a package with its default features, one item a line, without what is hidden
/// from the documentation and what a `derive` writes.
fn exports(package: &str) -> Result<String, ApiError> {
    let json = |reason: String| ApiError::Json {
        package: package.to_owned(),
        reason,
    };
    let rustdoc = env::var("RUSTDOC").unwrap_or_else(|_| "rustdoc".to_owned());
    let this = env::current_exe().map_err(|error| json(error.to_string()))?;
    let arguments = [
        "rustdoc",
        "--quiet",
        "--package",
        package,
        "--lib",
        "--",
        "-Z",
        "unstable-options",
        "--output-format",
        "json",
    ];
    let this = this.to_string_lossy();
    let variables = [("RUSTDOC", this.as_ref()), (RUSTDOC, rustdoc.as_str())];
    crate::step::cargo("exports", &arguments, &variables)?;
    let library = match package {
        "lockstep-vm" => "lockstep".to_owned(),
        _ => package.replace('-', "_"),
    };
    let target = env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let path = Path::new(&target).join(format!("doc/{library}.json"));
    let api = public_api::Builder::from_rustdoc_json(path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| json(error.to_string()))?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}

/// The lines that went and those that came.
fn show(before: &str, now: &str) {
    let (before, now): (BTreeSet<&str>, BTreeSet<&str>) =
        (before.lines().collect(), now.lines().collect());
    for line in before.difference(&now) {
        println!("- {line}");
    }
    for line in now.difference(&before) {
        println!("+ {line}");
    }
}

/// The real rustdoc, where cargo has started this program in its place.
pub(crate) fn as_rustdoc() -> Option<ExitCode> {
    let rustdoc = env::var_os(RUSTDOC)?;
    let mut command = Command::new(&rustdoc);
    command.args(env::args_os().skip(1));
    command.env_remove(RUSTDOC).env("RUSTC_BOOTSTRAP", "1");
    Some(match command.status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: cannot start {}: {error}", rustdoc.display());
            ExitCode::FAILURE
        }
    })
}
