//! Runs guests under an engine and shows what came of it. Each test crate uses a part of it.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep::engine::{EngineBuilder, Mode, Translate, WhenDiverged};
use lockstep::{Engine, Platform};
use lockstep_isa::{Profile, Reg, Version};
use lockstep_runtime::{
    CodeSource, Core, CostTable, DebugPrint, Environment, Event, Machine, NativeModule, Observer,
    Outcome, Runner, Trap,
};
use lockstep_translator::{CodeRegion, Injection, Options, key, translate};

use crate::program::{Program, Setup};
use crate::trusted::trusted;

/// Cycles that no guest needs.
const PLENTY: u64 = 50_000_000;

/// A program on a machine.
pub struct Guest {
    program: Program,
    platform: Platform,
    core: Core,
}

/// How a run ended.
#[derive(PartialEq, Debug)]
pub struct End {
    pub result: Result<Outcome, Trap>,
    pub cycles: u64,
    pc: u64,
    registers: [u64; 32],
    memory: blake3::Hash,
    flags: Vec<u8>,
}

/// A run.
pub struct Trip {
    pub end: End,
    pub native_cycles: u64,
    /// Blocks and difference of the first divergence.
    pub found: Option<(Vec<u64>, String)>,
}

/// An engine that checks, stops, and writes nothing.
pub fn checking(inject: Option<Injection>) -> Engine {
    engine(inject).when_diverged(WhenDiverged::Stop).build()
}

/// The same, to be completed.
pub fn engine(inject: Option<Injection>) -> EngineBuilder {
    let builder = Engine::builder()
        .mode(Mode::Check)
        .translate(Translate::Now)
        .no_cache();
    match inject {
        Some(injection) => builder.inject(injection),
        None => builder,
    }
}

/// An engine without native code.
pub fn interpreter() -> Engine {
    Engine::builder().mode(Mode::Interp).no_cache().build()
}

impl Guest {
    pub fn of(program: &Program, version: Version) -> Guest {
        Guest::load(program, &Setup::ckb(version)).expect("it can be loaded")
    }

    /// Nothing for a program that cannot be loaded.
    pub fn load(program: &Program, setup: &Setup) -> Option<Guest> {
        let platform = Platform::default()
            .with_profile(setup.profile)
            .with_cost(setup.cost)
            .with_memory_size(setup.memory_size);
        let loaded = lockstep::Program::load(&program.elf, &platform).ok()?;
        let mut core = loaded.into_core();
        let args: Vec<&[u8]> = program.args.iter().map(Vec::as_slice).collect();
        core.initialize_stack(&args).ok()?;
        for (register, value) in &program.registers {
            core.set_register(Reg::new(*register as u32), *value);
        }
        Some(Guest {
            program: program.clone(),
            platform,
            core,
        })
    }

    pub fn profile(&self) -> Profile {
        self.platform.profile
    }

    fn fork(&self, limit: u64) -> Core {
        let mut core = self.core.fork().expect("there is memory");
        core.set_max_cycles(limit);
        core
    }

    /// Runs to the end.
    pub fn run(&self, engine: &Engine) -> Trip {
        self.run_until(engine, PLENTY)
    }

    /// Runs to the end, or to this limit.
    pub fn run_until(&self, engine: &Engine, limit: u64) -> Trip {
        let cost = CostTable::from(self.platform.cost);
        let mut trip = self.run_on(&engine.environment(&cost), limit);
        let found = engine.divergences().into_iter().next();
        trip.found = found.map(|found| (found.blocks, found.difference));
        trip
    }

    /// Runs to the end with native code from elsewhere, whose source is told of what it did.
    pub fn run_with(&self, source: &(impl CodeSource + Observer)) -> Trip {
        let cost = CostTable::from(self.platform.cost);
        let environment = Environment::new(&cost).with_code(source);
        self.run_on(&environment.with_observer(source), PLENTY)
    }

    fn run_on(&self, environment: &Environment<'_>, limit: u64) -> Trip {
        let mut machine = Machine::new(self.fork(limit)).with(DebugPrint::new(|_: &[u8]| {}));
        let result = machine.run(environment);
        let core = machine.core();
        Trip {
            end: End {
                result,
                cycles: core.cycles(),
                pc: core.pc(),
                registers: *core.registers(),
                memory: blake3::hash(core.memory().as_bytes()),
                flags: core.memory().flags().to_vec(),
            },
            native_cycles: core.native_cycles(),
            found: None,
        }
    }

    /// The heads of the traces that run first.
    pub fn heads(&self, count: usize) -> Vec<u64> {
        let mut guest = Runner::new(self.fork(PLENTY));
        let cost = CostTable::from(self.platform.cost);
        let mut heads = Vec::new();
        while heads.len() < count {
            heads.push(guest.core().pc());
            // Asked before every trace: one runs.
            let asked = Cell::new(0);
            let pause = || asked.replace(asked.get() + 1) > 1;
            let event = guest.advance(&Environment::new(&cost).with_pause(&pause));
            // The debug print does nothing to the guest.
            let exits = guest.core().registers()[Reg::A7.index()] == 93;
            match event {
                Ok(Event::Ecall) if exits => break,
                Ok(_) => {}
                Err(_) => break,
            }
        }
        heads
    }

    /// The first piece of code and its address.
    pub fn text(&self) -> (u64, &[u8]) {
        let memory = self.core.memory();
        let region = lockstep::engine::regions(memory)[0].clone();
        (region.start as u64, &memory.as_bytes()[region])
    }

    /// Gives the engine a module with a fault that says that it has none.
    pub fn adopt_injected(&self, engine: &Engine, injection: Injection) {
        let program = lockstep::Program::load(&self.program.elf, &self.platform).expect("it loads");
        let text: CodeRegion<'_> = program.code_regions()[0];
        let sound = Options::default();
        let injected = (sound.clone()).with_injection(Some(injection));
        let hints = program.hints(&text);
        let translation = translate(&text, &hints, &injected, &mut |_, _| {});
        let mut module = translation
            .expect("it can be translated")
            .module
            .into_module();
        module.key = key(&text, &sound).expect("it can be translated");
        let module = NativeModule::map(trusted(module)).expect("it can be mapped");
        engine
            .adopt(&text, Arc::new(module))
            .expect("nothing is switched off");
    }
}

/// All case files below a folder.
pub fn case_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of cases is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            files.extend(case_files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
