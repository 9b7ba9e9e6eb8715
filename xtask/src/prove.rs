//! `cargo xtask prove`: the evidence that takes too long for every change, in one command.
//!
//! `cargo xtask test` is what a change must pass; it runs a little of everything. This runs much of
//! it: the steps below, one after the other, going on where one fails, with a table at the end. The
//! ledger, the table of mutations and the corpora are written where they are committed.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::step::{self, StepError};
use crate::{evm, movevm, mutate, node, reproduce, soak, spike};

/// What a step may fail with.
type Failure = Box<dyn std::error::Error>;

/// One kind of evidence.
struct Step {
    name: &'static str,
    /// What it does, and how long on two cores of a current machine.
    what: &'static str,
    run: fn() -> Result<(), Failure>,
}

const STEPS: [Step; 15] = [
    Step {
        name: "spike",
        what: "every instruction, random sequences and the guests against Spike: 2 minutes",
        run: || Ok(spike::run()?),
    },
    Step {
        name: "node",
        what: "the engine's life in a node (settings, warm and hot list, switch, metrics), without the node: 6 minutes",
        run: || Ok(node::test()?),
    },
    Step {
        name: "fusion",
        what: "every fused pattern with every aliasing of registers and every jump into it, on every engine: 2 minutes",
        run: || Ok(tests("fusion", "LOCKSTEP_FUSION_ROUNDS", "10")?),
    },
    Step {
        name: "suspension",
        what: "10 000 random stopping points, resumed on fresh machines: 10 minutes",
        run: || Ok(tests("suspension", "LOCKSTEP_SUSPENSIONS", "10000")?),
    },
    Step {
        name: "concurrency",
        what: "30 000 verifications while modules come and go and switches are thrown: 3 minutes",
        run: || Ok(tests("concurrency", "LOCKSTEP_CONCURRENCY", "10000")?),
    },
    Step {
        name: "cache_damage",
        what: "10 000 faults in the files of a cache, each with two starts: 2 minutes",
        run: || Ok(tests("cache_damage", "LOCKSTEP_CACHE_DAMAGES", "10000")?),
    },
    Step {
        name: "real",
        what: "the scripts of the registries, checked block by block, and every trace of theirs discovered: 10 minutes",
        run: || Ok(real()?),
    },
    Step {
        name: "hostile",
        what: "hostile code that is slow to translate, against the limits of a translation: 5 minutes",
        run: || Ok(bench("adversarial")?),
    },
    Step {
        name: "move",
        what: "the Move machine against a published compiler and a published machine, and 100 000 damages: 6 minutes",
        run: || Ok(movevm::run()?),
    },
    Step {
        name: "evm",
        what: "the EVM guests against revm and @ethereumjs/evm, every field of transitions changed, 100 000 damages: 10 minutes",
        run: || Ok(evm::run()?),
    },
    Step {
        name: "reproduce",
        what: "the same modules from two clean clones: 10 minutes",
        run: || Ok(reproduce::run(None)?),
    },
    Step {
        name: "chaos",
        what: "3 000 programs of each kind in memory that nobody wrote: 2 minutes",
        run: || Ok(tests("chaos", "LOCKSTEP_FUZZ_ITERATIONS", "3000")?),
    },
    Step {
        name: "soak",
        what: "a thousand more random programs of each kind on each machine, RV32 too: 30 minutes",
        run: || {
            soak::run(&["--first", "next", "--count", "1000", "--jobs", "2"])?;
            Ok(soak::run(&["--totals"])?)
        },
    },
    Step {
        name: "mutate",
        what: "every deliberate fault is noticed: 60 minutes",
        run: || Ok(mutate::run(&[])?),
    },
    Step {
        name: "fuzz",
        what: "each fuzz target for 20 minutes; needs a nightly compiler and cargo-fuzz",
        run: || Ok(fuzz()?),
    },
];

/// Seconds for each fuzz target.
const FUZZ_SECONDS: &str = "-max_total_time=1200";

/// Why the evidence is incomplete.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProveError {
    #[error("no step is called {name}; there are {all}")]
    Unknown { name: String, all: String },
    #[error("failed: {0}")]
    Failed(String),
}

/// Runs the steps with these names; all, where there are none.
pub(crate) fn run(names: &[&str]) -> Result<(), ProveError> {
    let all: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
    if let Some(name) = names.iter().find(|name| !all.contains(name)) {
        return Err(ProveError::Unknown {
            name: (*name).to_string(),
            all: all.join(", "),
        });
    }
    let mut report = Vec::new();
    let mut failed = Vec::new();
    let chosen = |step: &&Step| names.is_empty() || names.contains(&step.name);
    for step in STEPS.iter().filter(chosen) {
        eprintln!("== {}: {}", step.name, step.what);
        let start = Instant::now();
        let result = (step.run)();
        let seconds = start.elapsed().as_secs();
        let verdict = match result {
            Ok(()) => "passed".to_string(),
            Err(error) => {
                failed.push(step.name);
                format!("FAILED: {error}")
            }
        };
        report.push(format!("{:9} {seconds:>6} s  {verdict}", step.name));
    }
    println!("{}", report.join("\n"));
    match failed.is_empty() {
        true => Ok(()),
        false => Err(ProveError::Failed(failed.join(", "))),
    }
}

/// Shows the steps.
pub(crate) fn show() {
    for step in &STEPS {
        println!("{:9} {}", step.name, step.what);
    }
}

fn tests(binary: &str, variable: &str, value: &str) -> Result<(), StepError> {
    let arguments = ["test", "--release", "--test", binary, "--", "--nocapture"];
    step::cargo(binary, &arguments, &[(variable, value)])
}

/// The tests that have packages fetched.
fn real() -> Result<(), StepError> {
    let arguments = ["test", "--release", "--test", "real_scripts", "--"];
    let options = ["--include-ignored", "--nocapture"];
    step::cargo("real", &[&arguments[..], &options].concat(), &[])
}

fn bench(name: &str) -> Result<(), StepError> {
    step::cargo(name, &["bench", "--bench", name], &[])
}

/// The targets, and what each takes beside its time (`fuzz/README.md`).
fn fuzz() -> Result<(), StepError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
    let targets: [(&str, &[&str], &[&str]); 3] = [
        ("elf", &[], &["-max_len=10000", "-len_control=0"]),
        ("module", &[], &["-max_len=20000", "-malloc_limit_mb=64"]),
        ("programs", &["--features", "programs"], &["-max_len=4096"]),
    ];
    for (target, features, options) in targets {
        let mut command = Command::new("cargo");
        command
            .args(["+nightly", "fuzz", "run", "-s", "none"])
            .args(features)
            .args([target, "--"])
            .args(options)
            .arg(FUZZ_SECONDS)
            .current_dir(&folder)
            // A build of this command's own must not decide what the compiler of that one is.
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO");
        if target == "programs" {
            command.env("RUSTC_WRAPPER", folder.join("wrap.sh"));
        }
        step::step(&format!("fuzzing {target}"), &mut command)?;
    }
    Ok(())
}
