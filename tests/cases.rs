//! The case files: every file in `cases/` runs on CKB-VM's assembly machine (not those of RV32), its
//! trace machine, our interpreter and our native code, and has the values that it states.
//!
//! A case without a table runs a second time in small pieces, limit after limit, so that every head
//! is a place to stop at once. `LOCKSTEP_CASE=text` runs only the cases with this in their name.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep_isa::Version;
use lockstep_test_support::asm_operand::parse_register;
use lockstep_test_support::case::Case;
use lockstep_test_support::failures::Failures;
use lockstep_test_support::locate::last_trace;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::{Agreement, check, check_trace};

/// No case runs longer than this.
const PLENTY: u64 = 1_000_000;
/// Up to here every limit is tried.
const FINE: u64 = 40;

fn filter() -> String {
    std::env::var("LOCKSTEP_CASE").unwrap_or_default()
}

/// The cases of a folder, those of a file together.
fn cases(folder: &str) -> Vec<Result<Vec<Case>, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(root.join(folder))
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let name = file.file_name().unwrap_or_default().display();
            let text = fs::read_to_string(file).expect("a case file is text");
            Case::parse_file(&format!("{folder}/{name}"), &text)
        })
        .collect()
}

fn run_folder(folder: &str) {
    let filter = filter();
    let mut failures = Failures::default();
    for cases in cases(folder) {
        match cases {
            Err(error) => failures.run(|| Err(error)),
            Ok(cases) => {
                for case in cases.iter().filter(|case| case.name.contains(&filter)) {
                    run_case(case, &mut failures);
                }
            }
        }
    }
    assert!(failures.runs() > 0 || !filter.is_empty(), "no case ran");
    failures.finish();
}

fn run_case(case: &Case, failures: &mut Failures) {
    for setup in &case.setups {
        for (index, program) in case.programs().iter().enumerate() {
            failures.run(|| {
                run_program(case, index, program, setup)
                    .map_err(|error| format!("{:?}: {error}", setup.profile.version))
            });
        }
    }
}

/// A wrong value as `Case::judge` tells it, with the instructions that it comes from.
fn with_instructions(line: &str, program: &Program, setup: &Setup) -> String {
    let register = line
        .split_once(':')
        .and_then(|(name, _)| parse_register(name));
    match (register, last_trace(program, setup, register)) {
        (_, None) => line.to_string(),
        (Some(_), Some(trace)) => format!("{line}; last changed in the trace at {trace}"),
        (None, Some(trace)) => format!("{line}; the last trace is at {trace}"),
    }
}

fn run_program(case: &Case, index: usize, program: &Program, setup: &Setup) -> Result<(), String> {
    let modules = Modules::new();
    let whole = check(program, setup, &[PLENTY], &modules)?;
    let version = setup.profile.version;
    let wrong = match case.limit {
        None => case.judge(version, index, &whole.asm),
        Some(limit) => {
            let stop = check(program, setup, &[limit], &modules)?;
            case.judge(version, index, &stop.asm)
        }
    };
    if !wrong.is_empty() {
        let wrong: Vec<String> = (wrong.iter())
            .map(|line| with_instructions(line, program, setup))
            .collect();
        return Err(format!("{}:\n  {}", program.name, wrong.join("\n  ")));
    }
    if case.trace_agrees {
        check_trace(program, setup, PLENTY, &whole)?;
    }
    judge_native(case, setup, &whole).map_err(|error| format!("{}: {error}", program.name))?;
    if !case.is_table() {
        check(program, setup, &fine_limits(&whole), &modules)?;
    }
    Ok(())
}

fn judge_native(case: &Case, setup: &Setup, agreement: &Agreement) -> Result<(), String> {
    let native = agreement.native_cycles();
    if !case.runs_natively && native != 0 {
        return Err(format!("{native} cycles ran natively, none may"));
    }
    let must = case.runs_natively && setup.profile.version != Version::V0;
    if must && native == 0 && matches!(agreement.verdict(), Verdict::Exit(_)) {
        return Err("nothing ran natively".to_string());
    }
    Ok(())
}

/// Every limit at the start, the last ones before the end, and then the end.
fn fine_limits(whole: &Agreement) -> Vec<u64> {
    let total = whole.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    let mut limits: Vec<u64> = (0..total.min(FINE)).collect();
    limits.extend((total.saturating_sub(2)..=total).filter(|limit| *limit >= FINE));
    limits.push(PLENTY);
    limits
}

/// Folders of cases; each has a test.
const FOLDERS: [&str; 11] = [
    "base",
    "muldiv",
    "atomic",
    "bitmanip",
    "compressed",
    "fuse",
    "memory",
    "control",
    "cycles",
    "rv32",
    "rules",
];

/// Who mistypes the name of a case would otherwise see all tests pass.
#[test]
fn the_filter_matches_a_case() {
    let filter = filter();
    let all: Vec<Case> = FOLDERS
        .iter()
        .flat_map(|folder| cases(folder))
        .flat_map(|cases| cases.expect("a case file is right"))
        .collect();
    assert!(
        all.iter().any(|case| case.name.contains(&filter)),
        "LOCKSTEP_CASE={filter}: none of {} cases has this in its name",
        all.len()
    );
}

/// A folder without a test would never run.
#[test]
fn every_folder_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut found: Vec<String> = fs::read_dir(root)
        .expect("the folder of cases is there")
        .map(|entry| entry.expect("it can be listed").file_name())
        .map(|name| name.display().to_string())
        .collect();
    found.sort();
    let mut expected = FOLDERS;
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn base() {
    run_folder("base");
}

#[test]
fn muldiv() {
    run_folder("muldiv");
}

#[test]
fn atomic() {
    run_folder("atomic");
}

#[test]
fn bitmanip() {
    run_folder("bitmanip");
}

#[test]
fn compressed() {
    run_folder("compressed");
}

#[test]
fn fuse() {
    run_folder("fuse");
}

#[test]
fn memory() {
    run_folder("memory");
}

#[test]
fn control() {
    run_folder("control");
}

#[test]
fn cycles() {
    run_folder("cycles");
}

#[test]
fn rv32() {
    run_folder("rv32");
}

#[test]
fn rules() {
    run_folder("rules");
}
