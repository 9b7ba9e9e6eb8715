//! Wasmtime: the same code generator as ours, in the same release, behind WebAssembly.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::{Collector, Config, Engine, Instance, Module, Store};

use crate::{Failure, Peer};

/// As much as there is.
const PLENTY: u64 = u64::MAX / 2;

/// How memory accesses are kept inside.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bounds {
    /// A comparison in front of them, which also holds where the CPU speculates.
    Mitigated,
    /// A comparison in front of them.
    Explicit,
    /// Pages without access behind memory, and a signal handler.
    Guard,
}

struct Wasmtime {
    name: &'static str,
    title: &'static str,
    settings: &'static str,
    fuel: bool,
    engine: Engine,
    modules: BTreeMap<PathBuf, Module>,
}

/// The four that say something: our closest relative, the same without a mitigation that we have not
/// either, with guard pages instead, and without a meter.
pub(crate) fn peers() -> Vec<Box<dyn Peer>> {
    let peers = [
        (
            "1-wasmtime-mitigated-fuel",
            "Wasmtime, bounds, fuel",
            "memory_reservation, memory_guard_size and memory_reservation_for_growth 0, so that bounds \
             are compared; consume_fuel",
            Bounds::Mitigated,
            true,
        ),
        (
            "2-wasmtime-bounds-fuel",
            "the same, no Spectre mitigation",
            "enable_heap_access_spectre_mitigation off, as Lockstep has no such thing",
            Bounds::Explicit,
            true,
        ),
        (
            "3-wasmtime-guard-fuel",
            "Wasmtime, guard pages, fuel",
            "default memory: 4 GiB reserved, guard pages, a signal handler; consume_fuel",
            Bounds::Guard,
            true,
        ),
        (
            "4-wasmtime-guard",
            "Wasmtime, guard pages",
            "default memory; no meter",
            Bounds::Guard,
            false,
        ),
    ];
    let peer = |(name, title, settings, bounds, fuel)| -> Box<dyn Peer> {
        Box::new(Wasmtime {
            name,
            title,
            settings,
            fuel,
            engine: Engine::new(&config(bounds, fuel)).expect("the settings go together"),
            modules: BTreeMap::new(),
        })
    };
    peers.into_iter().map(peer).collect()
}

fn config(bounds: Bounds, fuel: bool) -> Config {
    let mut config = Config::new();
    config.consume_fuel(fuel);
    // Lua's errors are exceptions; they carry no object, so nothing is ever collected.
    config.wasm_exceptions(true);
    config.collector(Collector::Null);
    // Eight thousand frames deep, in one of the guests.
    config.async_stack_size(8 << 20);
    config.max_wasm_stack(4 << 20);
    if bounds != Bounds::Guard {
        config.memory_reservation(0);
        config.memory_guard_size(0);
        config.memory_reservation_for_growth(0);
        config.guard_before_linear_memory(false);
        config.memory_init_cow(false);
    }
    if bounds == Bounds::Explicit {
        let mitigation = "enable_heap_access_spectre_mitigation";
        #[expect(unsafe_code, reason = "a flag of Cranelift has no other way in")]
        // SAFETY: the flag is there, and what the code does is the same with and without it.
        unsafe {
            config.cranelift_flag_set(mitigation, "false");
        }
    }
    config
}

impl Wasmtime {
    fn module(&mut self, file: &Path) -> Result<&Module, Failure> {
        if !self.modules.contains_key(file) {
            let module = Module::from_file(&self.engine, file)?;
            self.modules.insert(file.to_owned(), module);
        }
        Ok(&self.modules[file])
    }
}

impl Peer for Wasmtime {
    fn name(&self) -> &'static str {
        self.name
    }

    fn extension(&self) -> &'static str {
        "wasm"
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn settings(&self) -> &'static str {
        self.settings
    }

    fn run(&mut self, file: &Path, rounds: u64) -> Result<u64, Failure> {
        let module = self.module(file)?.clone();
        let mut store = Store::new(&self.engine, ());
        if self.fuel {
            store.set_fuel(PLENTY)?;
        }
        let instance = Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func::<u64, i32>(&mut store, "run")?;
        let start = thread_nanoseconds();
        let result = run.call(&mut store, rounds)?;
        let taken = thread_nanoseconds() - start;
        if self.fuel && store.get_fuel()? >= PLENTY {
            return Err("no fuel was used".into());
        }
        match result {
            0 => Ok(taken),
            wrong => Err(format!("{}: run returned {wrong}", file.display()).into()),
        }
    }
}

/// CPU time of this thread so far.
fn thread_nanoseconds() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
