//! One fault in a copy of the tree: build, run, put back.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::error::MutateError;
use super::list::{Fault, Tests};
use crate::packages::PUBLISHED;
use crate::step::cargo_command;

/// A test that runs longer than this hangs. It is killed and counts as failed.
const LONGEST_TEST_RUN: Duration = Duration::from_secs(300);
/// Random programs of each kind in one test. A fault that only thousands of them reveal is not in the list.
const RANDOM_PROGRAMS: &str = "480";

/// What became of a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// A test failed.
    Caught(String),
    /// None of the named tests failed, but the suite did.
    CaughtBySuite(String),
    /// Nothing noticed.
    Survived,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::Caught(by) => f.write_str(by),
            Verdict::CaughtBySuite(by) => write!(f, "the suite: {by}"),
            Verdict::Survived => f.write_str("NOTHING"),
        }
    }
}

/// A copy of the tree, with a target folder of its own.
pub(super) struct Copy {
    tree: PathBuf,
    target: PathBuf,
    /// Tests that pass without a fault.
    sound: BTreeSet<Tests>,
}

impl Copy {
    /// The tree as it is, uncommitted changes included. Files that are the same are left alone, so
    /// that not everything is built again.
    pub(super) fn new(root: &Path) -> Result<Copy, MutateError> {
        let folder = root.join("target/mutate");
        let copy = Copy {
            tree: folder.join("tree"),
            target: folder.join("target"),
            sound: BTreeSet::new(),
        };
        let mut git = Command::new("git");
        git.args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]);
        let listed = git.current_dir(root).output();
        let listed = listed.map_err(MutateError::file(Path::new("git")))?;
        let mut kept = BTreeSet::new();
        for name in String::from_utf8_lossy(&listed.stdout).split('\0') {
            let from = root.join(name);
            if !name.is_empty() && from.is_file() {
                let bytes = fs::read(&from).map_err(MutateError::file(&from))?;
                write_if_other(&copy.tree.join(name), &bytes)?;
                kept.insert(copy.tree.join(name));
            }
        }
        remove_others(&copy.tree, &kept)?;
        // Guests that are built on demand.
        let (guests, link) = (root.join("target/guests"), copy.tree.join("target/guests"));
        if guests.is_dir() && !link.exists() {
            make_parent(&link)?;
            let guests = fs::canonicalize(&guests).map_err(MutateError::file(&guests))?;
            #[cfg(unix)]
            std::os::unix::fs::symlink(guests, &link).map_err(MutateError::file(&link))?;
        }
        Ok(copy)
    }

    /// What cargo and the last test said.
    pub(super) fn log(&self) -> PathBuf {
        self.target.with_file_name("log.txt")
    }

    /// Injects the fault, asks the tests, and takes it out again. Then asks the test that failed once
    /// more: one that fails anyway would catch everything.
    pub(super) fn try_fault(&mut self, fault: &Fault) -> Result<Verdict, MutateError> {
        let path = self.tree.join(&fault.file);
        let clean = fs::read(&path).map_err(MutateError::file(&path))?;
        let faulty = fault.apply(&self.tree)?;
        fs::write(&path, faulty).map_err(MutateError::file(&path))?;
        let verdict = self.ask(fault);
        fs::write(&path, clean).map_err(MutateError::file(&path))?;
        let (verdict, tests) = verdict?;
        let tests = tests.filter(|tests| !self.sound.contains(tests));
        if let Some(tests) = tests {
            eprintln!("without the fault: {tests}");
            if self.run(&tests)?.is_some() {
                return Err(MutateError::Baseline {
                    tests: tests.to_string(),
                    log: self.log(),
                });
            }
            self.sound.insert(tests);
        }
        Ok(verdict)
    }

    fn ask(&self, fault: &Fault) -> Result<(Verdict, Option<Tests>), MutateError> {
        for tests in &fault.tests {
            if let Some(by) = self.run(tests)? {
                return Ok((Verdict::Caught(by), Some(tests.clone())));
            }
        }
        // Without our own tests: they see any fault, because the list does not fit the tree any more.
        let select = ["--workspace", "--exclude", "xtask"];
        let by = self.test("the suite", &select, &[])?;
        Ok((by.map_or(Verdict::Survived, Verdict::CaughtBySuite), None))
    }

    /// Runs some tests; what failed, if anything did.
    pub(super) fn run(&self, tests: &Tests) -> Result<Option<String>, MutateError> {
        let mut select = Vec::new();
        if !tests.package.is_empty() {
            select.extend(["--package", tests.package.as_str()]);
        }
        match tests.binary.as_str() {
            "lib" => select.push("--lib"),
            binary => select.extend(["--test", binary]),
        }
        self.test(&tests.binary, &select, &tests.filters)
    }

    /// Builds the selected test binaries, and runs them one after the other.
    fn test(
        &self,
        what: &str,
        select: &[&str],
        filters: &[String],
    ) -> Result<Option<String>, MutateError> {
        for program in self.build(what, select)? {
            if let Some(failure) = self.execute(&program, filters)? {
                return Ok(Some(format!("{}: {failure}", program_name(&program))));
            }
        }
        Ok(None)
    }

    fn build(&self, what: &str, select: &[&str]) -> Result<Vec<PathBuf>, MutateError> {
        let log = File::create(self.log()).map_err(MutateError::file(&self.log()))?;
        let mut cargo = cargo_command();
        // They are built quickly rather than well: a fault takes seconds and not minutes.
        for package in PUBLISHED {
            for setting in ["opt-level=1", "debug=false"] {
                let setting = format!("profile.release.package.{package}.{setting}");
                cargo.args(["--config", &setting]);
            }
        }
        cargo
            .args(["test", "--release", "--no-run", "--message-format=json"])
            .args(select)
            .current_dir(&self.tree)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_INCREMENTAL", "1")
            .stderr(Stdio::from(log));
        let output = cargo
            .output()
            .map_err(MutateError::file(Path::new("cargo")))?;
        if !output.status.success() {
            return Err(MutateError::Build {
                what: what.to_string(),
                log: self.log(),
            });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let programs = text.lines().filter_map(|line| {
            let message: Value = serde_json::from_str(line).ok()?;
            let is_test = message["profile"]["test"].as_bool()?;
            let program = message["executable"].as_str()?;
            is_test.then(|| PathBuf::from(program))
        });
        Ok(programs.collect())
    }

    /// Runs a test binary; which of its tests failed, if any.
    fn execute(&self, program: &Path, filters: &[String]) -> Result<Option<String>, MutateError> {
        let log = File::create(self.log()).map_err(MutateError::file(&self.log()))?;
        let errors = log.try_clone().map_err(MutateError::file(&self.log()))?;
        let mut child = Command::new(program)
            .arg("--nocapture")
            .args(filters)
            .current_dir(&self.tree)
            .env("LOCKSTEP_FUZZ_ITERATIONS", RANDOM_PROGRAMS)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::from(log))
            .stderr(Stdio::from(errors))
            .spawn()
            .map_err(MutateError::file(program))?;
        let start = Instant::now();
        loop {
            let ended = child.try_wait().map_err(MutateError::file(program))?;
            let text = fs::read(self.log()).map_err(MutateError::file(&self.log()))?;
            let found = summarise(&String::from_utf8_lossy(&text));
            if found.is_none() && ended.is_some_and(|status| status.success()) {
                return Ok(None);
            }
            let late = start.elapsed() > LONGEST_TEST_RUN;
            if found.is_none() && ended.is_none() && !late {
                std::thread::sleep(Duration::from_millis(200));
                continue;
            }
            // One failure is enough. It may have ended by itself in this moment; it is over anyway.
            let _ = child.kill();
            let _ = child.wait();
            let otherwise = || ended.map_or("did not end".to_string(), |status| status.to_string());
            return Ok(Some(found.unwrap_or_else(otherwise)));
        }
    }
}

/// The first test that failed, and the case file that its report names, if any.
fn summarise(text: &str) -> Option<String> {
    let failed = text.lines().find_map(|line| {
        let rest = line.strip_prefix("test ")?;
        rest.strip_suffix(" ... FAILED").or_else(|| {
            // With one thread a test's own lines stand in between.
            let name = rest.strip_suffix(" ... ").or(rest.strip_suffix(" ..."))?;
            text.lines().any(|line| line == "FAILED").then_some(name)
        })
    })?;
    let file = text.split([' ', '\n']).find(|word| word.contains(".s:"));
    let file = file.map(|file| format!(" ({})", file.trim_end_matches(':')));
    Some(format!("{failed}{}", file.unwrap_or_default()))
}

/// The binary's name without cargo's hash.
fn program_name(program: &Path) -> String {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    name.rsplit_once('-')
        .map_or(name.to_string(), |(name, _)| name.to_string())
}

fn make_parent(path: &Path) -> Result<(), MutateError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(MutateError::file(parent))
}

/// Removes what an earlier copy had and the tree has no more; cargo would find old tests.
fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), MutateError> {
    for entry in fs::read_dir(folder).map_err(MutateError::file(folder))? {
        let path = entry.map_err(MutateError::file(folder))?.path();
        if path.is_dir() && !path.ends_with("target") {
            remove_others(&path, kept)?;
        } else if path.is_file() && !kept.contains(&path) {
            fs::remove_file(&path).map_err(MutateError::file(&path))?;
        }
    }
    Ok(())
}

fn write_if_other(path: &Path, bytes: &[u8]) -> Result<(), MutateError> {
    if fs::read(path).is_ok_and(|known| known == bytes) {
        return Ok(());
    }
    make_parent(path)?;
    fs::write(path, bytes).map_err(MutateError::file(path))
}
