//! Our two engines behind the common door: the interpreter, and native code that is translated in
//! this process.
//!
//! The library of modules here is the simplest that there can be: translate what is asked for,
//! remember it by key. The product's own library, with its cache and its policy, has tests of its
//! own.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use lockstep::engine::hints_in_memory;
use lockstep_contract::key::KeyId;
use lockstep_contract::pages::{EXECUTABLE, FREEZED};
use lockstep_isa::Reg;
use lockstep_runtime::image::Image;
use lockstep_runtime::{
    CodeSource, Core, CostTable, Environment, Event, NativeModule, Request, Runner, SharedRegion,
    Trap,
};
use lockstep_translator::{CodeRegion, Options, Report, Verify};

use super::agreement::Subject;
use super::clock::thread_seconds;
use super::outcome::{Outcome, Verdict};
use super::program::{Program, Setup};
use super::reference::{DEBUG_PRINT, LOAD_CODE};

/// One of our engines with a loaded guest.
pub struct Ours {
    name: &'static str,
    guest: Runner,
    cost: CostTable,
    modules: Option<Arc<Modules>>,
    loaded: u64,
}

/// A guest that was loaded and did not run yet.
pub struct Before {
    /// All of memory.
    pub memory: Vec<u8>,
    /// Where it is entered.
    pub pc: u64,
    /// `x0` to `x31`.
    pub registers: [u64; 32],
}

impl Ours {
    /// The interpreter; an error is the kind of failure to load.
    pub fn interpreter(program: &Program, setup: &Setup) -> Result<Ours, Verdict> {
        Ours::start("interpreter", program, setup, None)
    }

    /// Native code, translated when the run asks for it; an error is the kind of failure to load.
    pub fn native(
        program: &Program,
        setup: &Setup,
        modules: &Arc<Modules>,
    ) -> Result<Ours, Verdict> {
        Ours::start("native", program, setup, Some(modules.clone()))
    }

    fn start(
        name: &'static str,
        program: &Program,
        setup: &Setup,
        modules: Option<Arc<Modules>>,
    ) -> Result<Ours, Verdict> {
        let mut ours = Ours::fresh(name, setup, modules);
        let core = ours.guest.core_mut();
        let image = Image::parse_for(&program.elf, setup.profile.version, setup.profile.xlen)
            .map_err(|error| Verdict::Fault(error.name().to_string()))?;
        let fault = |trap: Trap| Verdict::Fault(trap.name().to_string());
        let mut loaded = core.load(&image, &program.elf).map_err(fault)?;
        let args: Vec<&[u8]> = program.args.iter().map(Vec::as_slice).collect();
        loaded += core.initialize_stack(&args).map_err(fault)?;
        for (register, value) in &program.registers {
            core.set_register(Reg::new(*register as u32), *value);
        }
        ours.loaded = loaded;
        Ok(ours)
    }

    /// A machine without a program; with `modules` it runs natively.
    pub fn fresh(name: &'static str, setup: &Setup, modules: Option<Arc<Modules>>) -> Ours {
        let core = Core::new(setup.profile, setup.memory_size, u64::MAX)
            .expect("the tests ask for valid memory sizes");
        Ours {
            name,
            guest: Runner::new(core),
            cost: CostTable::from(setup.cost),
            modules,
            loaded: 0,
        }
    }

    /// The machine, for what a host does to it between runs.
    pub fn core_mut(&mut self) -> &mut Core {
        self.guest.core_mut()
    }

    /// An engine over a guest that was put there in another way: the interpreter when there are no
    /// modules.
    pub fn over(core: Core, loaded: u64, setup: &Setup, modules: Option<&Arc<Modules>>) -> Ours {
        Ours {
            name: if modules.is_some() {
                "native"
            } else {
                "interpreter"
            },
            guest: Runner::new(core),
            cost: CostTable::from(setup.cost),
            modules: modules.cloned(),
            loaded,
        }
    }

    /// The guest.
    pub fn core(&self) -> &Core {
        self.guest.core()
    }

    /// Bytes that loading reported.
    pub fn loaded(&self) -> u64 {
        self.loaded
    }

    /// Notes what loading reported that was done from outside.
    pub fn set_loaded(&mut self, loaded: u64) {
        self.loaded = loaded;
    }

    /// From now on the other engine: native code with these modules, or the interpreter.
    pub fn change_engine(&mut self, modules: &Arc<Modules>) {
        self.modules = match self.modules {
            Some(_) => None,
            None => Some(Arc::clone(modules)),
        };
    }

    /// Runs on under this limit, without looking at the state.
    pub fn run_quietly(&mut self, limit: u64) -> Verdict {
        self.run_with_pause(limit, &|| false)
    }

    /// The same; `pause` is asked wherever a pause can be.
    pub fn run_with_pause(&mut self, limit: u64, pause: &dyn Fn() -> bool) -> Verdict {
        self.guest.core_mut().set_max_cycles(limit);
        loop {
            let mut environment = Environment::new(&self.cost).with_pause(pause);
            if let Some(modules) = &self.modules {
                environment = environment.with_code(&**modules);
            }
            let answer = match self.guest.advance(&environment) {
                Ok(Event::Ecall) => self.ecall(),
                Ok(Event::Ebreak) => Ok(None),
                Ok(Event::Paused) => return Verdict::Fault("Pause".to_string()),
                Err(trap) => Err(trap),
            };
            match answer {
                Ok(None) => {}
                Ok(Some(code)) => return Verdict::Exit(code),
                Err(trap) => return Verdict::Fault(trap.name().to_string()),
            }
        }
    }

    /// Cycles so far.
    pub fn cycles(&self) -> u64 {
        self.core().cycles()
    }

    /// What the guest is entered with: for engines that do not load it themselves.
    pub fn before(&self) -> Before {
        Before {
            memory: self.core().memory().as_bytes().to_vec(),
            pc: self.core().pc(),
            registers: *self.core().registers(),
        }
    }

    /// Cycles that native code charged.
    pub fn native_cycles(&self) -> u64 {
        self.core().native_cycles()
    }

    /// Exit and debug print, as CKB-VM's side of these tests offers them.
    fn ecall(&mut self) -> Result<Option<i8>, Trap> {
        let number = self.core().register(Reg::A7);
        let argument = self.core().register(Reg::A0);
        match number {
            93 => Ok(Some(argument as i8)),
            DEBUG_PRINT => {
                let mut addr = argument;
                while self.core_mut().memory_mut().load_bytes(addr, 1)?[0] != 0 {
                    addr = addr.wrapping_add(1);
                }
                if self.core().cycles() > self.core().max_cycles() {
                    return Err(Trap::CyclesExceeded);
                }
                Ok(None)
            }
            LOAD_CODE => {
                let [size, from, len] =
                    [11, 12, 13].map(|number| self.core().register(Reg::new(number)));
                let memory = self.core_mut().memory_mut();
                let content = memory.load_bytes(from, len)?;
                memory.init_pages(argument, size, EXECUTABLE | FREEZED, &content, 0)?;
                self.core_mut().set_register(Reg::A0, 0);
                if self.core().cycles() > self.core().max_cycles() {
                    return Err(Trap::CyclesExceeded);
                }
                Ok(None)
            }
            number => Err(Trap::InvalidEcall(number)),
        }
    }
}

impl Subject for Ours {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, limit: u64) -> Outcome {
        let verdict = self.run_quietly(limit);
        self.outcome(verdict)
    }
}

impl Ours {
    /// The state, after a run that ended in this way.
    pub fn outcome(&self, verdict: Verdict) -> Outcome {
        let memory = self.core().memory();
        Outcome {
            verdict,
            cycles: self.core().cycles(),
            pc: self.core().pc(),
            registers: std::array::from_fn(|index| self.core().register(Reg::new(index as u32))),
            memory: memory.as_bytes().to_vec(),
            flags: memory.flags().to_vec(),
            reservation: self.core().reservation(),
            loaded: self.loaded,
            native_cycles: self.modules.as_ref().map(|_| self.core().native_cycles()),
        }
    }
}

/// Modules translated in this process, by key.
pub struct Modules {
    options: Options,
    /// A word of code and what is translated in its place.
    injected: Option<(u32, u32)>,
    known: Mutex<BTreeMap<KeyId, Arc<SharedRegion>>>,
    made: Mutex<Vec<Made>>,
}

/// What a translation took and gave.
pub struct Made {
    /// What the translator says of it.
    pub report: Report,
    /// CPU seconds.
    pub seconds: f64,
}

impl Modules {
    /// An empty library that translates for the baseline CPU with the compiler's verifier on.
    pub fn new() -> Arc<Modules> {
        Modules::with(Options::default().with_verify(Verify::IntermediateForm))
    }

    /// An empty library that translates in this way.
    pub fn with(options: Options) -> Arc<Modules> {
        Arc::new(Modules {
            options,
            injected: None,
            known: Mutex::default(),
            made: Mutex::default(),
        })
    }

    /// An empty library whose modules are wrong: where the code has the first word, they do what the
    /// second one says. For tests of tests.
    pub fn injected(word: u32, instead: u32) -> Arc<Modules> {
        Arc::new(Modules {
            options: Options::default(),
            injected: Some((word, instead)),
            known: Mutex::default(),
            made: Mutex::default(),
        })
    }

    /// The text that is translated.
    fn replace(&self, text: &[u8]) -> Vec<u8> {
        let mut text = text.to_vec();
        if let Some((word, instead)) = self.injected {
            for place in text.as_chunks_mut::<4>().0 {
                if *place == word.to_le_bytes() {
                    *place = instead.to_le_bytes();
                }
            }
        }
        text
    }

    /// Takes the reports of the translations since the last call.
    pub fn take_made(&self) -> Vec<Made> {
        std::mem::take(
            &mut *self
                .made
                .lock()
                .expect("no test panics while it holds this"),
        )
    }
}

impl CodeSource for Modules {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        let bytes = self.replace(request.region);
        let text = CodeRegion {
            profile: request.profile,
            cost: request.cost,
            memory_size: request.memory_size as u64,
            base: request.base,
            bytes: &bytes,
        };
        let options = &self.options;
        let id = lockstep_translator::key(&text, options)
            .expect("the host can be translated for")
            .id();
        let mut known = self
            .known
            .lock()
            .expect("no test panics while it holds this");
        if let Some(text) = known.get(&id) {
            return Some(Arc::clone(text));
        }
        let hints = hints_in_memory(&text, request.memory, request.pc);
        let start = thread_seconds();
        let translation = lockstep_translator::translate(&text, &hints, options, &mut |_, _| {})
            .expect("every text can be translated");
        let seconds = thread_seconds() - start;
        // Where the compiler gives up, users get the interpreter; here it is a failure.
        let failures = &translation.report.failures;
        assert!(failures.is_empty(), "{failures:?}");
        let module = NativeModule::map(translation.module).expect("the module can be mapped");
        let module = Arc::new(SharedRegion::from(Arc::new(module)));
        self.made
            .lock()
            .expect("no test panics while it holds this")
            .push(Made {
                report: translation.report,
                seconds,
            });
        known.insert(id, Arc::clone(&module));
        Some(module)
    }
}
