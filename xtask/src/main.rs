//! `cargo xtask`: chores of this repository that need more than cargo.
//!
//! It runs the whole test suite and builds the guest programs. It is not part of what users install, and it runs no guest.
#![forbid(unsafe_code)]

mod api;
mod evm;
#[cfg(test)]
mod examples;
mod guests;
mod modules;
mod movevm;
mod mutate;
mod node;
mod packages;
mod prove;
mod reproduce;
mod soak;
mod spike;
mod step;
mod suite;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask test
       cargo xtask api [--bless]
       cargo xtask modules [--root PATH]
       cargo xtask digests
       cargo xtask prove [--list | STEP...]
       cargo xtask reproduce [FOLDER]
       cargo xtask spike
       cargo xtask mutate [--list | --new | NAME...]
       cargo xtask node build [--release] [--jobs N] [--target-dir FOLDER] [stock | lockstep]
       cargo xtask node test
       cargo xtask guests [--check | --rust | --third-party [--record] | --native | --wasm | --polkavm]
       cargo xtask soak [--tier T] [--profile P] [--first SEED] [--jobs J] --count N | --totals

  test                   format, dependencies, lints, features, fuzz targets, documentation and every
                         test; asks before it installs the RISC-V compiler, unless CI is set
  api                    compare what each published package exports with the lists in docs/api
  api --bless            write these lists anew, for review
  modules                the size of each package and the circles among its source files;
                         with a PATH, of another checkout
  digests                write the digests of the modules of all guests (tests/module_digests.tsv), which a
                         change of emitted native code changes
  prove [STEP...]        everything that takes too long for `test`: Spike, fusion, suspension, soak, mutations,
                         fuzzing; about three hours, or only these steps
  node build             build CKB's node from the Rust registry twice, as its stock self and with Lockstep, into
                         target/node; quickly, or as an operator takes it (--release)
  node test              the tests of what stands between the node and the engine, without the node
  guests                 rebuild our own guest programs in guests/elf and their MANIFEST
  guests --check         rebuild them aside and compare with what is committed
  guests --rust          rebuild our guests in Rust, with the Rust toolchain of Debian (rustc-web)
  guests --third-party   build secp256k1, Lua and zlib into target/guests/elf and target/guests/native
           --record      and write their hashes into guests/elf/MANIFEST
  guests --native        build our own guest programs for this machine into target/guests/native
                         and run each once
  guests --wasm          build the guests of the benches for WebAssembly into target/guests/wasm
  guests --polkavm       build them for PolkaVM, all but Lua, into target/guests/polkavm
  soak --count N         compare N random programs of each kind on each machine, and add the figures to
                         tests/ledger.tsv; --binary FILE --revision R take a test binary as it is
  soak --totals          the sums of the ledger, and what is missing
  mutate [NAME...]       inject each fault of tests/mutations/faults.txt (or those named, or of an area) in
                         a copy of the tree, and show which test fails
  reproduce              the same modules from two clean clones, optimised and debug, one thread and two;
                         with a FOLDER, clones and builds stay there
  spike                  install Spike, a RISC-V simulator, and compare our engines with it

example: cargo xtask guests --third-party
needs:   apt-get install clang-19 lld-19";

fn main() -> ExitCode {
    if let Some(code) = api::as_rustdoc() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["test"] => suite::run().map_err(Box::<dyn std::error::Error>::from),
        ["mutate", "--list"] => mutate::show().map_err(Into::into),
        ["mutate", names @ ..] => mutate::run(names).map_err(Into::into),
        ["api"] => api::run(api::Lists::Compare).map_err(Into::into),
        ["api", "--bless"] => api::run(api::Lists::Bless).map_err(Into::into),
        ["modules"] => modules::run(None).map_err(Into::into),
        ["modules", "--root", root] => modules::run(Some(root)).map_err(Into::into),
        ["digests"] => suite::write_digests().map_err(Into::into),
        ["prove", "--list"] => {
            prove::show();
            Ok(())
        }
        ["prove", names @ ..] => prove::run(names).map_err(Into::into),
        ["reproduce"] => reproduce::run(None).map_err(Into::into),
        ["reproduce", folder] => reproduce::run(Some(folder)).map_err(Into::into),
        ["spike"] => spike::run().map_err(Into::into),
        ["node", "build", rest @ ..] => node::build(rest).map_err(Into::into),
        ["node", "test"] => node::test().map_err(Into::into),
        ["guests"] => guests::rebuild().map_err(Into::into),
        ["guests", "--check"] => guests::check().map_err(Into::into),
        ["guests", "--native"] => guests::build_native().map_err(Into::into),
        ["guests", "--wasm"] => guests::build_for(guests::peer::Machine::Wasm).map_err(Into::into),
        ["guests", "--polkavm"] => {
            guests::build_for(guests::peer::Machine::PolkaVm).map_err(Into::into)
        }
        ["guests", "--rust"] => guests::build_rust().map_err(Into::into),
        ["guests", "--third-party"] => guests::build_third_party(false).map_err(Into::into),
        ["guests", "--third-party", "--record"] => {
            guests::build_third_party(true).map_err(Into::into)
        }
        ["soak", rest @ ..] => soak::run(rest).map_err(Into::into),
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
