//! CKB's node, as the crate `ckb` builds it, or with Lockstep.
//!
//! Without the feature `lockstep` this is the published node's `main`, and nothing else. With it the machine of
//! the patched `ckb-script` is ours, and the engine is installed before the node begins.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use ckb_bin::run_app;
use ckb_build_info::Version;

#[cfg(all(not(target_env = "msvc"), not(target_os = "macos")))]
#[global_allocator]
static ALLOC: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[cfg(not(feature = "lockstep"))]
fn main() -> ExitCode {
    run(None)
}

#[cfg(feature = "lockstep")]
fn main() -> ExitCode {
    use lockstep_node_engine::{Invocation, interpret, invocation, start};

    /// What the node itself ends with where its configuration is wrong.
    const WRONG_CONFIGURATION: u8 = 65;

    // Kept to the end: it writes the hot list when it is dropped.
    let mut engine = None;
    let started = match invocation(std::env::args_os().skip(1)) {
        Invocation::Verifies(folder) => start(&folder).map(|own| engine = Some(own)),
        Invocation::VerifiesInFork(folder) => interpret(&folder).map(|()| {
            eprintln!(
                "ckb run --daemon forks, and a child has no threads of the engine: every script is interpreted. \
                 A service manager runs the node without --daemon."
            );
        }),
        _ => Ok(()),
    };
    if let Err(error) = started {
        eprintln!("{error}");
        return ExitCode::from(WRONG_CONFIGURATION);
    }
    let code = run(Some(format!(
        "with Lockstep {}, translator {}",
        lockstep_node_engine::VERSION,
        lockstep_translator::translator_version()
    )));
    drop(engine);
    code
}

/// The node. `with` is what its version says behind the numbers.
fn run(with: Option<String>) -> ExitCode {
    match run_app(version(with)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => {
            let code: i32 = code.into();
            ExitCode::from(u8::try_from(code).unwrap_or(1))
        }
    }
}

/// The numbers are those of the crate `ckb`, which this package has for its own.
fn version(with: Option<String>) -> Version {
    let number = |text: &str| text.parse().unwrap_or_default();
    Version {
        major: number(env!("CARGO_PKG_VERSION_MAJOR")) as u8,
        minor: number(env!("CARGO_PKG_VERSION_MINOR")) as u8,
        patch: number(env!("CARGO_PKG_VERSION_PATCH")),
        dash_pre: String::new(),
        code_name: with,
        commit_describe: None,
        commit_date: None,
    }
}
