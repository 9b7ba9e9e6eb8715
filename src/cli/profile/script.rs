//! The profile of a script of a transaction.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use lockstep::transaction::Program as Code;
use lockstep::{Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::Core;

use super::super::counted::CountedOptions;
use super::super::counted_script::{self, CountedProgram, Ended, Make};
use super::super::counting_code::CountingCode;
use super::super::failure::Failure;
use super::super::syscall_names::BETWEEN;
use super::known_code::KnownCode;
use super::names::Names;
use super::part::Part;
use super::recorder::Recorder;
use super::run::{Engine, Profiled, counters};

/// A script of a transaction.
pub(super) fn run(options: &CountedOptions, engine: Engine) -> Result<Profiled, Failure> {
    let loaded = options.loaded()?;
    let [script] = &loaded.scripts[..] else {
        return Err(Failure::usage(
            "a profile is of one script; name it: --script input.0.lock",
        ));
    };
    let symbols = options.symbols()?;
    let make = maker(engine, symbols.clone());
    let limit = options.max_cycles;
    if engine == Engine::Auto {
        // Native code is made in the first run; the second one's time is the script's.
        counted_script::run(&loaded, script, limit, &make)?;
    }
    let ended = counted_script::run(&loaded, script, limit, &make)?;
    let parts = parts(&ended, symbols.as_deref());
    let Ended {
        end,
        cycles,
        time,
        programs,
    } = ended;
    let mut parts: Vec<Part> = (programs.into_iter().zip(parts))
        .map(|(program, (label, symbols))| {
            let mut part = Part::new(program.recorder, Cost::Estimate, symbols);
            (part.program, part.process) = label;
            part
        })
        .collect();
    let counted: u64 = parts.iter().map(Part::cycles).sum();
    let between = cycles.saturating_sub(counted);
    if let Some(first) = parts.first_mut().filter(|_| between > 0) {
        first.recorder.host_call(BETWEEN, 1, between);
    }
    Ok(Profiled {
        script: Some(script.name.to_string()),
        end,
        cycles,
        seconds: time.as_secs_f64(),
        parts,
    })
}

/// Makes recorders, and native code once for each program. `symbols` are those of the script's own program, which
/// processes that it spawns often run, too.
fn maker(engine: Engine, symbols: Option<Vec<u8>>) -> Arc<Make<Recorder>> {
    let made: Mutex<HashMap<blake3::Hash, Arc<CountingCode>>> = Mutex::default();
    let own: OnceLock<blake3::Hash> = OnceLock::new();
    Arc::new(move |program: &Code, _, core: &Core| {
        let hash = blake3::hash(&program.elf);
        // The first one that starts is the script's own.
        let is_own = *own.get_or_init(|| hash) == hash;
        let symbols = symbols.as_deref().filter(|_| is_own);
        let (recorder, code) = recorder(program, symbols.unwrap_or(&program.elf), core, engine);
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        let code = code.map(|code| {
            let known = made.entry(hash);
            Arc::clone(known.or_insert_with(|| Arc::new(code)))
        });
        (recorder, code)
    })
}

/// The recorder of a program that a process starts, and the native code for it.
fn recorder(
    program: &Code,
    symbols: &[u8],
    core: &Core,
    engine: Engine,
) -> (Recorder, Option<CountingCode>) {
    let platform = Platform::default()
        .with_profile(core.profile())
        .with_cost(Cost::Estimate);
    match Program::load(&program.elf, &platform) {
        Ok(program) => counters(&program, symbols, engine),
        // It runs, so it could be loaded. Without names it is still counted.
        Err(_) => {
            let memory = platform.memory_size as u64;
            let known = KnownCode::new(core.profile(), Cost::Estimate, memory, &[]);
            (Recorder::new(known, Names::new(std::iter::empty())), None)
        }
    }
}

/// Which program and which process.
type Label = (Option<String>, Option<u64>);

/// The label of each program, where there are several, and the ELF with its symbols.
fn parts(ended: &Ended<Recorder>, symbols: Option<&[u8]>) -> Vec<(Label, Vec<u8>)> {
    let several = ended.programs.len() > 1;
    let own = ended.programs.first().map(|program| &program.program.elf);
    let part = |program: &CountedProgram<Recorder>| {
        let label = several.then(|| (program.program.source.to_string(), program.process));
        let symbols = symbols.filter(|_| own == Some(&program.program.elf));
        let symbols = symbols.unwrap_or(&program.program.elf).to_vec();
        (label.unzip(), symbols)
    };
    ended.programs.iter().map(part).collect()
}
