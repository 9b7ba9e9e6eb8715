//! Names for native code, in the files from which `perf` and other profilers of the system take them.
//!
//! Such a profiler sees addresses in memory that no file explains. There are two kinds of files that do, and
//! [`Profiling`] says which one a process writes: a list of names, or native code with names and lines of the source.
//! A file is one of the process, so engines share it. It is made when the first module is about to run.
//!
//! Nothing here changes what runs: modules, keys and verdicts are the same. What goes wrong is a warning, and the
//! process goes on without names. The parts: `pieces` divides a module's native code by guest functions, `text` and
//! `jitdump` write the two formats, `output` looks after the files.

mod jitdump;
mod kind;
mod output;
mod pieces;
mod symbols;
mod text;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use lockstep_contract::heat::Heat;
use lockstep_contract::module::{Module, TrustedModule};
use lockstep_runtime::{MapError, NativeModule};
use lockstep_translator::{CodeRegion, Cpu, Hints, Options, Output, guest_blocks, translate};

pub use self::kind::Profiling;
use self::pieces::{Place, pieces};
pub(crate) use self::symbols::Symbols;
use crate::guest_functions::functions;

/// What one engine tells profilers.
#[derive(Debug)]
pub(crate) struct Perf {
    profiling: Profiling,
    symbols: Arc<Symbols>,
    /// How the engine's modules are made, but for their heat.
    options: Options,
    /// Whether this process may translate, to find out which native code belongs to which instruction.
    may_translate: bool,
}

impl Perf {
    pub(crate) fn new(
        profiling: Profiling,
        symbols: Arc<Symbols>,
        options: Options,
        may_translate: bool,
    ) -> Perf {
        Perf {
            profiling,
            symbols,
            options,
            may_translate,
        }
    }

    /// Maps a module where the profiler looks for names. perf takes a sealed memory file for a file with symbols of its
    /// own, and does not look into the map then.
    pub(crate) fn map(
        perf: Option<&Perf>,
        module: TrustedModule,
    ) -> Result<NativeModule, MapError> {
        match perf.map(|perf| perf.profiling) {
            Some(Profiling::PerfMap) => NativeModule::map_anonymous(module),
            Some(Profiling::JitDump) | None => NativeModule::map(module),
        }
    }

    /// Names the native code of a module that is about to run. `region` is the code that it was made from.
    pub(crate) fn name(&self, module: &Arc<NativeModule>, region: &CodeRegion<'_>) {
        output::write(self.profiling, module, || {
            // Symbols are bytes of anybody, and profiling must not end a node.
            catch_unwind(AssertUnwindSafe(|| self.pieces(module, region))).unwrap_or_default()
        });
    }

    fn pieces(&self, native: &NativeModule, region: &CodeRegion<'_>) -> Vec<pieces::Piece> {
        let module: &Module = &native.to_module();
        let cpu = match module.key.cpu.is_empty() {
            true => Cpu::Baseline,
            false => Cpu::Native,
        };
        let options = (self.options.clone())
            .with_heat(Heat::from_recorded(&module.heat))
            .with_cpu(cpu);
        let hints = Hints::from_recorded(region, &module.hints);
        let blocks = guest_blocks(region, &hints, &options);
        self.symbols.with(region, |info| {
            let functions = functions(region, &blocks, info.functions());
            let wants_lines = self.profiling == Profiling::JitDump && info.has_lines();
            let exact = (wants_lines && self.may_translate)
                .then(|| exact_places(module, region, &hints, &options))
                .flatten();
            let places = exact.unwrap_or_else(|| places_by_block(module));
            let line = |pc| info.line(pc);
            pieces(module, &functions, &places, wants_lines.then_some(&line))
        })
    }
}

/// Which native code belongs to which block, as the module says itself.
fn places_by_block(module: &Module) -> Vec<Place> {
    let place = |span: &lockstep_contract::module::Span| Place {
        start: span.start,
        pc: (span.head != lockstep_contract::module::Span::NO_BLOCK)
            .then(|| module.key.base + u64::from(span.head)),
    };
    module.map.iter().map(place).collect()
}

/// Which native code belongs to which instruction: found out by translating again. None where that does not give the
/// same native code.
fn exact_places(
    module: &Module,
    region: &CodeRegion<'_>,
    hints: &Hints,
    options: &Options,
) -> Option<Vec<Place>> {
    let options = options.clone().with_output(Output::ModuleAndPlaces);
    let made = translate(region, hints, &options, &mut |_, _| {}).ok()?;
    if made.module.code != module.code {
        return None;
    }
    let place = |place: lockstep_translator::NativePlace| Place {
        start: place.start,
        pc: place.pc,
    };
    Some(made.places?.into_iter().map(place).collect())
}
