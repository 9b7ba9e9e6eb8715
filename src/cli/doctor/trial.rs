//! The settings of the environment, and whether native code runs with them: one small guest is tried in memory.

use std::fs;
use std::path::{Path, PathBuf};

use lockstep::engine::{EngineBuilder, Mode, Origin, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_translator::{COMPILER_VERSION, translator_version};

use super::finding::Finding;

/// A guest of the repository that ends at once after some arithmetic.
const GUEST: &[u8] = include_bytes!("../../../guests/elf/fib.elf");

pub(super) fn versions() -> Vec<Finding> {
    let (translator, system) = (translator_version(), std::env::consts::OS);
    let architecture = std::env::consts::ARCH;
    vec![Finding::ok(
        "version",
        format!("translator {translator}, Cranelift {COMPILER_VERSION}, {architecture} {system}"),
    )]
}

pub(super) fn findings() -> Vec<Finding> {
    let builder = match EngineBuilder::from_env() {
        Ok(builder) => builder,
        Err(error) => {
            return vec![Finding::wrong(
                "settings",
                format!("{error}; a node interprets everything"),
                "set the variable to one of these values, or unset it",
            )];
        }
    };
    let mut findings = vec![engine(), translation()];
    let path = |name: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    findings.extend(path("LOCKSTEP_WARM").map(|list| warm(&list)));
    let helper = path("LOCKSTEP_HELPER");
    findings.extend(helper.as_deref().map(program));
    findings.push(native(builder, helper.is_some()));
    findings
}

fn engine() -> Finding {
    match Mode::from_environment() {
        Ok(Some(Mode::Interp)) => Finding::note(
            "engine",
            "LOCKSTEP_ENGINE=interp: nothing runs natively, as it is set",
        )
        .by("unset LOCKSTEP_ENGINE"),
        Ok(Some(Mode::Native)) => Finding::ok("engine", "LOCKSTEP_ENGINE=native"),
        Ok(Some(Mode::Check)) => Finding::note(
            "engine",
            "LOCKSTEP_ENGINE=check: both engines run and are compared, which is slow",
        )
        .by("unset LOCKSTEP_ENGINE"),
        _ => Finding::ok("engine", "auto: native code where there is some"),
    }
}

fn translation() -> Finding {
    match Translate::from_environment() {
        Ok(Some(Translate::Never)) => Finding::note(
            "translation",
            "LOCKSTEP_TRANSLATE=never: only code with a module in the cache runs natively",
        )
        .by("unset LOCKSTEP_TRANSLATE, or translate build ELF"),
        Ok(Some(Translate::Now)) => Finding::ok("translation", "LOCKSTEP_TRANSLATE=now"),
        Ok(Some(Translate::Background)) => {
            Finding::ok("translation", "LOCKSTEP_TRANSLATE=background")
        }
        _ => Finding::ok(
            "translation",
            "at once in the command, in the background in a node",
        ),
    }
}

fn warm(list: &Path) -> Finding {
    match fs::metadata(list) {
        Ok(found) => Finding::ok(
            "warm list",
            format!("{}, {} bytes", list.display(), found.len()),
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Finding::note(
            "warm list",
            format!("{} is not there yet; nothing is warmed", list.display()),
        ),
        Err(error) => Finding::wrong(
            "warm list",
            format!("{}: {error}; nothing is warmed", list.display()),
            format!("ls -l {}", list.display()),
        ),
    }
}

fn program(helper: &Path) -> Finding {
    match fs::metadata(helper) {
        Ok(found) if found.is_file() => Finding::ok("helper", helper.display().to_string()),
        Ok(_) => Finding::wrong(
            "helper",
            format!("{} is not a program", helper.display()),
            "export LOCKSTEP_HELPER=$(command -v translate)",
        ),
        Err(error) => Finding::wrong(
            "helper",
            format!("{}: {error}; nothing is translated", helper.display()),
            "export LOCKSTEP_HELPER=$(command -v translate)",
        ),
    }
}

/// Translates a guest, maps it, and runs it; neither the cache nor a setting that only says when.
fn native(builder: EngineBuilder, by_helper: bool) -> Finding {
    let engine = builder
        .mode(Mode::Native)
        .translate(Translate::Now)
        .no_cache()
        .no_warm()
        .build();
    let by = if by_helper {
        "by the helper"
    } else {
        "in this process"
    };
    match attempt(&engine) {
        Ok(cycles) => Finding::ok(
            "native code",
            format!("a guest was translated {by}, and {cycles} of its cycles ran natively"),
        ),
        Err(reason) => Finding::wrong(
            "native code",
            format!("a guest was not translated {by}: {reason}"),
            "mend what is said above; else report this with the output of translate doctor --json",
        ),
    }
}

fn attempt(engine: &Engine) -> Result<u64, String> {
    let program = Program::load(GUEST, &Platform::default()).map_err(|error| error.to_string())?;
    for region in program.code_regions() {
        let prepared = engine
            .prepare(&region, &mut || program.hints(&region), &mut |_, _| {})
            .map_err(|error| error.to_string())?;
        if !matches!(prepared.origin, Origin::Translated { .. }) {
            return Err("it was not translated now".to_owned());
        }
    }
    let cost = lockstep_runtime::CostTable::from(lockstep_isa::Cost::Estimate);
    let mut machine = lockstep_runtime::Machine::new(program.into_core());
    machine
        .core_mut()
        .initialize_stack(&[])
        .map_err(|error| format!("{error:?}"))?;
    machine
        .run(&engine.environment(&cost))
        .map_err(|error| format!("{error:?}"))?;
    match machine.core().native_cycles() {
        0 => Err("no cycle of it ran natively".to_owned()),
        cycles => Ok(cycles),
    }
}
