//! `cargo xtask soak`: random programs by the hundred thousand, and the ledger of all that were run.
//!
//! The tests `random_programs` and, for RV32, `xlen32` make the programs and compare the engines. This command
//! runs the binaries of these tests over ranges of seeds, one process for each kind of program and machine, and adds their figures
//! to `tests/ledger.tsv`. A difference ends the run: the test has printed the program, made smaller.
//! This does not search for interesting seeds. It takes them in order, so that each line of the ledger can be run again.

mod error;
mod kinds;
mod ledger;
mod report;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{io, thread};

use crate::step::cargo_command;
use error::SoakError;
use kinds::{NARROW, PROFILES, TIERS, Tier, WIDE};
use ledger::{Ledger, Line};

/// Where the figures are kept; their sums are in `tests/LEDGER.md`.
const LEDGER: &str = "tests/ledger.tsv";

/// What to run.
struct Plan {
    tiers: Vec<&'static Tier>,
    profiles: Vec<&'static str>,
    first: u64,
    count: u64,
    jobs: usize,
    /// Test binaries as they are, by their names.
    binaries: BTreeMap<&'static str, PathBuf>,
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
        return report::write(&ledger, &plan.ledger);
    }
    plan.find_binaries()?;
    let revision = plan.revision.clone().map_or_else(revision, Ok)?;
    let pairs: Vec<(&Tier, &str)> = (plan.tiers.iter())
        .flat_map(|tier| plan.profiles.iter().map(move |profile| (*tier, *profile)))
        .collect();
    for group in pairs.chunks(plan.jobs) {
        let children = group
            .iter()
            .map(|(tier, profile)| start(tier, profile, &plan))
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
                Ok(Err(error)) => return Err(start_error(&plan.binaries[tier.binary], error)),
                Err(_) => continue,
            };
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let tally = text.lines().find_map(|line| line.split_once("tally: "));
            match tally {
                Some((_, tally)) if output.status.success() => {
                    let line = Line::new(tier.name, profile, &revision, plan.first, tally);
                    ledger.add(line.map_err(|reason| SoakError::Ledger {
                        path: plan.ledger.clone(),
                        line: 0,
                        reason,
                    })?);
                    println!(
                        "{} {profile}: {} programs from {}",
                        tier.name, plan.count, plan.first
                    );
                }
                _ => {
                    failure = Err(SoakError::Difference {
                        tier: tier.name.into(),
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
            tiers: TIERS.iter().collect(),
            profiles: PROFILES.to_vec(),
            first: 1,
            count: 0,
            jobs: 1,
            binaries: BTreeMap::new(),
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
                "--tier" => plan.tiers = pick(value, plan.tiers, |tier| tier.name)?,
                "--profile" => plan.profiles = pick(value, plan.profiles, |name| name)?,
                // Where the ledger ends.
                "--first" if *value == "next" => plan.first = 0,
                "--first" => plan.first = number(value)?,
                "--count" => plan.count = number(value)?,
                "--jobs" => plan.jobs = number(value)?.max(1) as usize,
                "--binary" => {
                    plan.binaries.insert(test_of(value)?, value.into());
                }
                "--revision" => plan.revision = Some((*value).into()),
                "--ledger" => plan.ledger = value.into(),
                _ => return Err(SoakError::Usage(format!("{word}: no such option"))),
            }
        }
        // Whoever brings binaries wants what these run.
        if !plan.binaries.is_empty() {
            let binaries = &plan.binaries;
            (plan.tiers).retain(|tier| binaries.contains_key(tier.binary));
        }
        if plan.count == 0 && !plan.totals {
            return Err(SoakError::Usage("--count N is missing".into()));
        }
        Ok(plan)
    }

    /// Builds what is needed and was not brought.
    fn find_binaries(&mut self) -> Result<(), SoakError> {
        for tier in &self.tiers {
            if !self.binaries.contains_key(tier.binary) {
                self.binaries.insert(tier.binary, build(tier.binary)?);
            }
        }
        Ok(())
    }
}

/// The one of this name, or all of them.
fn pick<T: Copy>(
    name: &str,
    all: Vec<T>,
    name_of: fn(T) -> &'static str,
) -> Result<Vec<T>, SoakError> {
    let is_it = |one: &T| name == "all" || name_of(*one) == name;
    let picked: Vec<T> = all.iter().copied().filter(is_it).collect();
    if picked.is_empty() {
        let names: Vec<&str> = all.into_iter().map(name_of).collect();
        let names = names.join(", ");
        return Err(SoakError::Usage(format!("{name}: there are {names}")));
    }
    Ok(picked)
}

/// Which of the test binaries a file is: cargo adds a hyphen and a hash to the name.
fn test_of(path: &str) -> Result<&'static str, SoakError> {
    let name = Path::new(path).file_name().unwrap_or_default();
    let name = name.to_string_lossy();
    let name = name.split('-').next().unwrap_or_default();
    let known = [WIDE, NARROW].into_iter().find(|known| *known == name);
    known.ok_or_else(|| SoakError::Usage(format!("{path}: not called {WIDE} or {NARROW}")))
}

fn number(text: &str) -> Result<u64, SoakError> {
    text.replace('_', "")
        .parse()
        .map_err(|_| SoakError::Usage(format!("{text}: not a number")))
}

fn start_error(binary: &Path, error: io::Error) -> SoakError {
    SoakError::Start {
        program: binary.display().to_string(),
        error,
    }
}

fn start(tier: &Tier, profile: &str, plan: &Plan) -> Result<Child, SoakError> {
    let binary = &plan.binaries[tier.binary];
    Command::new(binary)
        .args([tier.test, "--exact", "--nocapture", "--test-threads=1"])
        .env("LOCKSTEP_FUZZ_PROFILE", profile)
        .env("LOCKSTEP_FUZZ_SEED", plan.first.to_string())
        .env("LOCKSTEP_FUZZ_ITERATIONS", plan.count.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| start_error(binary, error))
}

/// Builds a test and finds its binary.
fn build(test: &str) -> Result<PathBuf, SoakError> {
    let arguments = ["test", "--release", "--test", test, "--no-run"];
    let mut cargo = cargo_command();
    let output = cargo
        .args(arguments)
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| SoakError::Start {
            program: cargo.get_program().to_string_lossy().into_owned(),
            error,
        })?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == test)
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
