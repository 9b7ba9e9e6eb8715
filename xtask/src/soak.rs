//! `cargo xtask soak`: random programs by the hundred thousand, and the ledger of all that were run.
//!
//! The programs and their comparison are those of `tests/engines.rs`; here that test's binary is run
//! over ranges of seeds, one process for each kind of program and machine, and what it says is added
//! to `tests/ledger.tsv`. A difference ends the run: the test has printed the program, made smaller.
//! What this is not: a search. Seeds are taken in order, so that a line can be run again.

mod ledger;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{env, io, thread};

use ledger::{Ledger, Line};

/// Kinds of program, and the test of each.
const TIERS: [(&str, &str); 4] = [
    ("bytes", "random_bytes"),
    ("operands", "valid_instructions_with_edge_operands"),
    ("structured", "structured_programs"),
    ("wild", "wild_programs"),
];

/// Machines: version, and letters of the instruction set.
const PROFILES: [&str; 20] = [
    "0:imc", "0:b", "0:a", "0:ba", "1:imc", "1:b", "1:m", "1:bm", "1:a", "1:ba", "1:ma", "1:bma",
    "2:imc", "2:b", "2:m", "2:bm", "2:a", "2:ba", "2:ma", "2:bma",
];

/// Where the figures are kept.
const LEDGER: &str = "tests/ledger.tsv";

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SoakError {
    #[error("{0}; `cargo xtask --help` shows what there is")]
    Usage(String),
    #[error("{path}: {error}")]
    File { path: PathBuf, error: io::Error },
    #[error("{path}, line {line}: {reason}")]
    Ledger {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    #[error("cannot run {program}: {error}")]
    Start { program: String, error: io::Error },
    #[error("the tests do not build; the lines above say why")]
    Build,
    #[error("{tier} {profile}, seeds from {first}: the engines differ\n{output}")]
    Difference {
        tier: String,
        profile: String,
        first: u64,
        output: String,
    },
}

/// What to run.
struct Plan {
    tiers: Vec<&'static str>,
    profiles: Vec<&'static str>,
    first: u64,
    count: u64,
    jobs: usize,
    binary: Option<PathBuf>,
    revision: Option<String>,
    ledger: PathBuf,
    totals: bool,
}

/// Runs what the arguments say.
pub(crate) fn run(arguments: &[&str]) -> Result<(), SoakError> {
    let mut plan = Plan::parse(arguments)?;
    let mut ledger = Ledger::open(&plan.ledger)?;
    if plan.first == 0 {
        plan.first = ledger.end();
    }
    if plan.totals {
        print!("{}", ledger.totals());
        return Ok(());
    }
    let binary = plan.binary.clone().map_or_else(build, Ok)?;
    let revision = plan.revision.clone().map_or_else(revision, Ok)?;
    let pairs: Vec<(&str, &str)> = (plan.tiers.iter())
        .flat_map(|tier| plan.profiles.iter().map(move |profile| (*tier, *profile)))
        .collect();
    for group in pairs.chunks(plan.jobs) {
        let children = group
            .iter()
            .map(|(tier, profile)| start(&binary, tier, profile, &plan))
            .collect::<Result<Vec<_>, _>>()?;
        // All of a group end before the ledger is written, so that one failure loses no figures.
        let ends: Vec<_> = thread::scope(|scope| {
            let waits: Vec<_> = (children.into_iter())
                .map(|child| scope.spawn(|| child.wait_with_output()))
                .collect();
            waits.into_iter().map(|wait| wait.join()).collect()
        });
        let mut failure = Ok(());
        for ((tier, profile), end) in group.iter().zip(ends) {
            let output = match end {
                Ok(Ok(output)) => output,
                Ok(Err(error)) => return Err(start_error(&binary, error)),
                Err(_) => continue,
            };
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let tally = text.lines().find_map(|line| line.split_once("tally: "));
            match tally {
                Some((_, tally)) if output.status.success() => {
                    let line = Line::new(tier, profile, &revision, plan.first, tally);
                    ledger.add(line.map_err(|reason| SoakError::Ledger {
                        path: plan.ledger.clone(),
                        line: 0,
                        reason,
                    })?);
                    println!(
                        "{tier} {profile}: {} programs from {}",
                        plan.count, plan.first
                    );
                }
                _ => {
                    failure = Err(SoakError::Difference {
                        tier: (*tier).into(),
                        profile: (*profile).into(),
                        first: plan.first,
                        output: text + &String::from_utf8_lossy(&output.stderr),
                    });
                }
            }
        }
        ledger.write(&plan.ledger)?;
        failure?;
    }
    Ok(())
}

impl Plan {
    fn parse(arguments: &[&str]) -> Result<Plan, SoakError> {
        let mut plan = Plan {
            tiers: TIERS.iter().map(|(name, _)| *name).collect(),
            profiles: PROFILES.to_vec(),
            first: 1,
            count: 0,
            jobs: 1,
            binary: None,
            revision: None,
            ledger: LEDGER.into(),
            totals: false,
        };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            if *word == "--totals" {
                plan.totals = true;
                continue;
            }
            let value = words
                .next()
                .ok_or_else(|| SoakError::Usage(format!("{word}: its value is missing")))?;
            match *word {
                "--tier" => plan.tiers = pick(value, plan.tiers)?,
                "--profile" => plan.profiles = pick(value, plan.profiles)?,
                // Where the ledger ends.
                "--first" if *value == "next" => plan.first = 0,
                "--first" => plan.first = number(value)?,
                "--count" => plan.count = number(value)?,
                "--jobs" => plan.jobs = number(value)?.max(1) as usize,
                "--binary" => plan.binary = Some(value.into()),
                "--revision" => plan.revision = Some((*value).into()),
                "--ledger" => plan.ledger = value.into(),
                _ => return Err(SoakError::Usage(format!("{word}: no such option"))),
            }
        }
        if plan.count == 0 && !plan.totals {
            return Err(SoakError::Usage("--count N is missing".into()));
        }
        Ok(plan)
    }
}

/// The one of this name, or all of them.
fn pick(name: &str, all: Vec<&'static str>) -> Result<Vec<&'static str>, SoakError> {
    let picked: Vec<_> = all.iter().copied().filter(|one| *one == name).collect();
    match picked.is_empty() {
        _ if name == "all" => Ok(all),
        true => Err(SoakError::Usage(format!(
            "{name}: there are {}",
            all.join(", ")
        ))),
        false => Ok(picked),
    }
}

fn number(text: &str) -> Result<u64, SoakError> {
    text.replace('_', "")
        .parse()
        .map_err(|_| SoakError::Usage(format!("{text}: not a number")))
}

fn start_error(binary: &std::path::Path, error: io::Error) -> SoakError {
    SoakError::Start {
        program: binary.display().to_string(),
        error,
    }
}

fn start(binary: &PathBuf, tier: &str, profile: &str, plan: &Plan) -> Result<Child, SoakError> {
    let test = TIERS.iter().find(|(name, _)| *name == tier);
    let test = test.map_or(tier, |(_, test)| *test);
    Command::new(binary)
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env("LOCKSTEP_FUZZ_PROFILE", profile)
        .env("LOCKSTEP_FUZZ_SEED", plan.first.to_string())
        .env("LOCKSTEP_FUZZ_ITERATIONS", plan.count.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| start_error(binary, error))
}

/// Builds the test and finds its binary.
fn build() -> Result<PathBuf, SoakError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["test", "--release", "--test", "engines", "--no-run"];
    let output = Command::new(&cargo)
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| SoakError::Start {
            program: cargo.to_string_lossy().into_owned(),
            error,
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "engines")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .filter(|_| output.status.success())
        .ok_or(SoakError::Build)
}

/// The commit that is checked out, with a plus sign when there is more than it says.
fn revision() -> Result<String, SoakError> {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty=+", "--abbrev=8"])
        .output()
        .map_err(|error| SoakError::Start {
            program: "git".into(),
            error,
        })?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
}
