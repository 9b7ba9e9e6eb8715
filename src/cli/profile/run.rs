//! Runs what a profile is of: a program by itself. A script of a transaction is in `script`.

use std::path::Path;

use clap::ValueEnum;
use lockstep::Program;
use lockstep_translator::Options;

use super::super::beside::Counter;
use super::super::counted::CountedOptions;
use super::super::counting_code::CountingCode;
use super::super::failure::Failure;
use super::super::guest;
use super::super::guest_code::GuestCode;
use super::known_code::KnownCode;
use super::names::Names;
use super::part::Part;
use super::recorder::Recorder;
use lockstep::debug_info::DebugInfo;

/// What runs the guest.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    /// Native code that counts
    Auto,
    /// The interpreter
    Interp,
}

/// A run with its parts.
pub(super) struct Profiled {
    pub(super) script: Option<String>,
    pub(super) end: String,
    pub(super) cycles: u64,
    pub(super) seconds: f64,
    pub(super) parts: Vec<Part>,
}

impl Counter for Recorder {
    fn host_call(&mut self, number: u64, calls: u64, cycles: u64) {
        Recorder::host_call(self, number, calls, cycles);
    }
}

/// A program that runs by itself.
pub(super) fn program(
    options: &CountedOptions,
    elf: &Path,
    engine: Engine,
) -> Result<Profiled, Failure> {
    let bytes = guest::read_elf(elf)?;
    let symbols = options.symbols()?;
    let run = options.run(elf, &bytes);
    // This one is looked at; another one runs.
    let program = guest::load(elf, &bytes, &run.platform)?;
    let symbols = symbols.unwrap_or_else(|| bytes.clone());
    let (recorder, code) = counters(&program, &symbols, engine);
    let cost = run.platform.cost;
    let (recorder, ended) = run.run(recorder, code.as_ref())?;
    Ok(Profiled {
        script: None,
        end: ended.end,
        cycles: ended.cycles,
        seconds: ended.time.as_secs_f64(),
        parts: vec![Part::new(recorder, cost, symbols)],
    })
}

/// The recorder of a program, and the native code that counts for it, if it is to run natively.
pub(super) fn counters(
    program: &Program,
    symbols: &[u8],
    engine: Engine,
) -> (Recorder, Option<CountingCode>) {
    let info = DebugInfo::read(symbols);
    let regions = program.code_regions();
    let codes: Vec<GuestCode> = (regions.iter())
        .map(|region| GuestCode::new(program, region, &Options::default(), &info))
        .collect();
    let names = Names::new(codes.iter());
    let native = engine == Engine::Auto && program.platform().profile.runs();
    let code = native.then(|| CountingCode::new(names.bounds()));
    let platform = program.platform();
    let known = KnownCode::new(
        platform.profile,
        platform.cost,
        platform.memory_size as u64,
        &regions,
    );
    (Recorder::new(known, names), code)
}
