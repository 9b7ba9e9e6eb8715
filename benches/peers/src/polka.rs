//! PolkaVM: a machine for a dialect of RISC-V with thirteen registers and its own encoding, translated at
//! load time, in a process of its own.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use polkavm::{
    ArcBytes, BackendKind, Config, Engine, GasMeteringKind, InterruptKind, Module, ModuleConfig,
    ProgramBlob, ProgramCounter, Reg,
};
use polkavm_linker::{TargetInstructionSet, program_from_elf};

use crate::{Failure, Peer};

/// As much as there is.
const PLENTY: i64 = i64::MAX / 2;
/// Of the program, as on the other machines.
const STACK: u32 = 1 << 20;

struct PolkaVm {
    engine: Engine,
    modules: BTreeMap<PathBuf, Module>,
}

/// None where its sandbox cannot be had.
pub(crate) fn peers() -> Vec<Box<dyn Peer>> {
    let mut config = Config::new();
    config.set_backend(Some(BackendKind::Compiler));
    match Engine::new(&config) {
        Ok(engine) => vec![Box::new(PolkaVm {
            engine,
            modules: BTreeMap::new(),
        })],
        Err(error) => {
            eprintln!("PolkaVM is left out: {error}");
            Vec::new()
        }
    }
}

impl PolkaVm {
    fn module(&mut self, file: &Path) -> Result<&Module, Failure> {
        if !self.modules.contains_key(file) {
            let mut linking = polkavm_linker::Config::default();
            linking.set_strip(true);
            linking.set_min_stack_size(STACK);
            let elf = fs::read(file)?;
            let program = program_from_elf(linking, TargetInstructionSet::Latest, &elf)?;
            let mut settings = ModuleConfig::new();
            settings.set_gas_metering(Some(GasMeteringKind::Sync));
            let blob = ProgramBlob::parse(ArcBytes::from(program))?;
            let module = Module::from_blob(&self.engine, &settings, blob)?;
            self.modules.insert(file.to_owned(), module);
        }
        Ok(&self.modules[file])
    }
}

impl Peer for PolkaVm {
    fn name(&self) -> &'static str {
        "5-polkavm-gas"
    }

    fn extension(&self) -> &'static str {
        "pvm"
    }

    fn title(&self) -> &'static str {
        "PolkaVM, gas"
    }

    fn settings(&self) -> &'static str {
        "compiler back end in its Linux sandbox, guard pages; synchronous gas, default cost model; \
         linked with the linker's optimisations"
    }

    fn run(&mut self, file: &Path, rounds: u64) -> Result<u64, Failure> {
        let module = self.module(file)?.clone();
        let export = module.exports().find(|export| *export == *"run");
        let entry: ProgramCounter = export.ok_or("no export `run`")?.program_counter();
        let mut instance = module.instantiate()?;
        instance.set_gas(PLENTY);
        instance.prepare_call_typed(entry, (rounds,));
        let worker = instance.pid().ok_or("the sandbox is no process")?;
        let start = process_nanoseconds(worker)?;
        let end = instance.run()?;
        let taken = process_nanoseconds(worker)? - start;
        if !matches!(end, InterruptKind::Finished) {
            return Err(format!("{}: {end:?}", file.display()).into());
        }
        if instance.gas() >= PLENTY {
            return Err("no gas was used".into());
        }
        match instance.reg(Reg::A0) as u32 {
            0 => Ok(taken),
            wrong => Err(format!("{}: run returned {wrong}", file.display()).into()),
        }
    }
}

/// CPU time of a process of one thread: the first number of `schedstat` (Linux,
/// Documentation/scheduler/sched-stats.rst). It is exact when the process has just gone to sleep.
fn process_nanoseconds(process: u32) -> Result<u64, Failure> {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat"))?;
    let first = text.split_whitespace().next().ok_or("an empty schedstat")?;
    Ok(first.parse()?)
}
