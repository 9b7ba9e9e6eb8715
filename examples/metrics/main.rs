//! What a node shows of Lockstep on its metrics page: installs a recorder, runs a guest several times
//! until it is native, and prints the page in the text of Prometheus.
//!
//! `cargo run --release --example metrics`

mod recorder;

use std::time::{Duration, Instant};

use lockstep::engine::meter::{METRICS, describe_metrics};
use lockstep::engine::{Mode, Translate};
use lockstep::runtime::{CostTable, Environment};
use lockstep::{Engine, Machine, Platform, Program};
use recorder::Page;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let page: &'static Page = Box::leak(Box::default());
    metrics::set_global_recorder(page).map_err(|_| "there is a recorder already")?;
    describe_metrics();
    let engine = Engine::builder().no_cache().mode(Mode::Auto);
    let engine = engine.translate(Translate::Background).build();
    let elf = include_bytes!("../../guests/elf/sha256.elf");
    let platform = Platform::default();
    let cost = CostTable::from(platform.cost);
    let started = Instant::now();
    // A fixed number of machines, then on until one was native.
    for run in 1.. {
        let mut program = Program::load(elf, &platform)?;
        program.core_mut().initialize_stack(&[b"20"])?;
        let mut machine = Machine::new(program.into_core());
        machine.run(&Environment {
            cost: &cost,
            pause: None,
            library: engine.library(),
        })?;
        let native = machine.core().native_cycles() > 0;
        if (run >= 5 && native) || started.elapsed() > Duration::from_secs(60) {
            break;
        }
    }
    print!("{}", page.render());
    eprintln!("{} metrics there are in all", METRICS.len());
    // The recorder also tells single figures.
    assert!(page.gauge("ckb_lockstep_modules").is_some());
    Ok(())
}
