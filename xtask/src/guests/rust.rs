//! The guests in Rust: how they are built as Rust scripts on the chain are.
//!
//! The workspace `guests/rust` is built by Debian's second Rust toolchain, which comes with the sources of
//! the standard library; the toolchain that builds Lockstep has none. Its release changes now and then,
//! and with it the ELFs, so the ELFs are committed with their hashes and are rebuilt only on request.
//! The linker does not relax calls, which is what the toolchains of scripts do: tail calls stay far.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::{GuestError, at};
use super::install::install;
use super::manifest::{Manifest, Row};
use crate::step::step;
use crate::tools::{SystemPackage, need};

/// What Debian has of it. The package of the sources has no program; it comes with the compiler.
const PACKAGES: [SystemPackage; 4] = [
    SystemPackage {
        name: "rustc-web",
        program: "/usr/bin/rustc",
    },
    SystemPackage {
        name: "rust-web-src",
        program: "/usr/bin/rustc",
    },
    SystemPackage {
        name: "cargo-web",
        program: "/usr/bin/cargo",
    },
    SystemPackage {
        name: "lld-19",
        program: "ld.lld-19",
    },
];

const TARGET: &str = "riscv64imac-unknown-none-elf";

/// Flags of every compilation. `-a` with `lower-atomic` leaves no instruction of the A extension.
const FLAGS: [&str; 12] = [
    "-C linker=ld.lld-19",
    "-C linker-flavor=ld.lld",
    "-C relocation-model=static",
    "-C target-feature=-a,+zba,+zbb,+zbc,+zbs",
    "-C passes=lower-atomic",
    "-C link-arg=-zseparate-code",
    "-C link-arg=-znorelro",
    "-C link-arg=--image-base=0x10000",
    "-C link-arg=--gc-sections",
    "-C link-arg=-static",
    "-C link-arg=-s",
    "-C metadata=lockstep-guests",
];

/// A guest.
struct Guest {
    /// Its package in the workspace.
    package: &'static str,
    /// Its name in the manifest.
    name: &'static str,
    /// How it is compiled: `release`, or `small` where most of the code seldom runs.
    profile: &'static str,
    /// The package of its build for this machine, if there is one.
    native: Option<&'static str>,
    /// The rounds of a bench; 0 for a script, which needs a transaction around it.
    rounds: u64,
}

const GUESTS: [Guest; 9] = [
    Guest {
        package: "objects",
        name: "rust_objects",
        profile: "release",
        native: None,
        rounds: 100,
    },
    Guest {
        package: "signature",
        name: "rust_signature",
        profile: "release",
        native: None,
        rounds: 80,
    },
    Guest {
        package: "token",
        name: "rust_token",
        profile: "release",
        native: None,
        rounds: 0,
    },
    Guest {
        package: "lock",
        name: "rust_lock",
        profile: "release",
        native: None,
        rounds: 0,
    },
    Guest {
        package: "tree",
        name: "rust_tree",
        profile: "release",
        native: None,
        rounds: 0,
    },
    Guest {
        package: "evm-run",
        name: "rust_evm",
        profile: "small",
        native: Some("evm-native"),
        rounds: 40,
    },
    Guest {
        package: "evm-verify",
        name: "rust_evm_verify",
        profile: "small",
        native: None,
        rounds: 0,
    },
    Guest {
        package: "move-run",
        name: "rust_move",
        profile: "small",
        native: Some("move-native"),
        rounds: 24,
    },
    Guest {
        package: "move-verify",
        name: "rust_move_verify",
        profile: "small",
        native: None,
        rounds: 0,
    },
];

impl Guest {
    /// What the manifest calls guests of its kind.
    fn kind(&self) -> &'static str {
        match self.rounds {
            0 => "rust-script",
            _ => "rust",
        }
    }
}

/// Builds them all, puts them into `guests/elf` and their hashes into the manifest.
pub(crate) fn rebuild(root: &Path) -> Result<(), GuestError> {
    need(&PACKAGES)?;
    let built = build(root)?;
    let mut manifest = Manifest::read(root)?;
    for (guest, file) in GUESTS.iter().zip(built) {
        let elf = format!("guests/elf/{}.elf", guest.name);
        let bytes = fs::read(&file).map_err(at(&file))?;
        install(&file, &root.join(&elf))?;
        let changed = manifest.set(Row {
            name: guest.name.to_owned(),
            kind: guest.kind().to_owned(),
            elf: elf.clone(),
            native: guest.native.map_or("-".to_owned(), |_| native_path(guest)),
            default_cycles: 0,
            bench_argument: guest.rounds,
            bench_cycles: 0,
            blake3: blake3::hash(&bytes).to_hex().to_string(),
        });
        let note = if changed {
            "  changed: measure its cycles again"
        } else {
            ""
        };
        println!("{elf}{note}");
    }
    manifest.write(root)
}

/// Runs cargo of the second toolchain. The paths of this machine are mapped to names that are the same
/// everywhere, because panic messages hold paths.
fn build(root: &Path) -> Result<Vec<PathBuf>, GuestError> {
    let workspace = root.join("guests/rust");
    let target = root.join("target/guests/rust");
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut flags = FLAGS.join(" ");
    let mut remap = |from: &Path, to: &str| {
        flags.push_str(&format!(" --remap-path-prefix={}={to}", from.display()));
    };
    remap(&workspace, "guests");
    if let Some(home) = home {
        remap(&home, "cargo");
    }
    for profile in ["release", "small"] {
        // With the version that all of them have: crates of the registry have such names too.
        let of_profile = GUESTS.iter().filter(|guest| guest.profile == profile);
        let packages = of_profile.map(|guest| format!("--package={}@0.0.0", guest.package));
        let mut command = Command::new("/usr/bin/cargo");
        command
            .current_dir(&workspace)
            .args([
                "build",
                "--profile",
                profile,
                "--locked",
                "--target",
                TARGET,
            ])
            .args(packages)
            .args(["-Z", "build-std=core,alloc"])
            .args(["-Z", "build-std-features=compiler-builtins-mem"])
            .env("PATH", "/usr/bin:/bin")
            .env("RUSTC", "/usr/bin/rustc")
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", &flags)
            .env("CARGO_TARGET_DIR", &target)
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO");
        step("the guests in Rust", &mut command)?;
    }
    let folder = target.join(TARGET);
    Ok(GUESTS
        .iter()
        .map(|guest| folder.join(guest.profile).join(guest.package))
        .collect())
}

/// Where the build of a guest for this machine belongs, from the root of the repository.
fn native_path(guest: &Guest) -> String {
    format!("target/guests/native/{}", guest.name)
}

/// Builds for this machine what has such a build, with the toolchain of Lockstep and the flags of the profile.
pub(crate) fn build_native(root: &Path) -> Result<(), GuestError> {
    let target = root.join("target/guests/rust-native");
    for guest in &GUESTS {
        let Some(package) = guest.native else {
            continue;
        };
        let mut command = Command::new("cargo");
        command
            .current_dir(root.join("guests/rust"))
            .args(["build", "--locked", "--profile", guest.profile])
            .arg(format!("--package={package}@0.0.0"))
            .env("CARGO_TARGET_DIR", &target);
        step(guest.name, &mut command)?;
        let file = target.join(guest.profile).join(package);
        install(&file, &root.join(native_path(guest)))?;
        println!("{}", native_path(guest));
    }
    Ok(())
}
