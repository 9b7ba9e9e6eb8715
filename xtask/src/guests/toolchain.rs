//! The compiler: how clang-19 and lld-19 are called for a guest and for this machine.
//!
//! Same input, same bytes: relative paths, no debug sections, no identification, one command an
//! object file in a fixed order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::error::{GuestError, at};
use super::peer;
use super::recipe::{Form, Machine, Recipe};

const CLANG: &str = "clang-19";
const LLD: &str = "ld.lld-19";
/// Fetches and runs what only its registry has.
const NPM: &str = "npm";

/// What to build for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// RISC-V for the VM.
    Guest,
    /// The machine that this runs on.
    Native,
    /// A machine that the benches compare with.
    Peer(peer::Machine),
}

/// Further flags of every RISC-V compilation of C.
const GUEST_COMPILE: &[&str] = &[
    "-O2",
    "-std=gnu17",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-asynchronous-unwind-tables",
    "-fno-ident",
];

/// Flags of every RISC-V link of a program. `separate-code` puts code on pages of its own: the loader freezes
/// pages of read-only and executable segments, and a later segment on the same page would be refused.
const GUEST_LINK: &[&str] = &[
    "-nostdlib",
    "-static",
    "-fuse-ld=lld",
    "-Wl,-z,norelro",
    "-Wl,-z,separate-code",
    "-Wl,--image-base=0x10000",
    "-Wl,--gc-sections",
];

/// Further flags of a library's compilation: only what it names is seen from outside.
const LIBRARY_COMPILE: &[&str] = &["-fPIC", "-fvisibility=hidden"];

/// Flags of a library's link; the table of hashes is the plain one, which a script can walk in few lines.
const LIBRARY_LINK: &[&str] = &[
    "-nostdlib",
    "-Wl,-shared",
    "-fuse-ld=lld",
    "-Wl,-z,norelro",
    "-Wl,-z,separate-code",
    "-Wl,-Bsymbolic",
    "-Wl,--hash-style=sysv",
    "-Wl,--gc-sections",
];

const NATIVE_COMPILE: &[&str] = &["-O2", "-std=gnu17"];

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Werror"];

/// All flags of a RISC-V build for the chain's machine, as the manifest shows them.
pub(crate) fn guest_flags() -> Vec<&'static str> {
    let machine = &Machine::RV64.flags();
    [machine, GUEST_COMPILE, GUEST_LINK, &["-Wl,-s"]].concat()
}

/// The compiler, found and asked for its version.
#[derive(Debug)]
pub(crate) struct Toolchain {
    /// The root of the repository: every command runs there.
    pub(crate) root: PathBuf,
    version: String,
}

impl Toolchain {
    /// Looks for the tools; says what to install when one is missing.
    pub(crate) fn find() -> Result<Toolchain, GuestError> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap_or(Path::new("."))
            .to_owned();
        let version = format!("{}; {}", first_line(CLANG)?, first_line(LLD)?);
        Ok(Toolchain { root, version })
    }

    /// Compiler and linker, in their own words.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Builds a recipe in the build folder; returns the file. For a guest that is the stripped ELF, and
    /// [`unstripped`] stands beside it.
    pub(crate) fn build(&self, recipe: &Recipe, target: Target) -> Result<PathBuf, GuestError> {
        let folder = match target {
            Target::Guest => "target/guests/build/riscv64",
            Target::Native => "target/guests/build/native",
            Target::Peer(machine) => machine.build_folder(),
        };
        let folder = Path::new(folder).join(recipe.name);
        let absolute = self.root.join(&folder);
        fs::create_dir_all(&absolute).map_err(at(&absolute))?;
        let mut sources = recipe.sources.clone();
        if target == Target::Guest && recipe.form == Form::Program {
            sources.insert(0, recipe.origin.start().into());
        }
        if target == Target::Guest {
            sources.extend(recipe.guest_sources.iter().cloned());
        }
        if let Target::Peer(machine) = target {
            sources = machine.sources(recipe);
        }
        let mut objects = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let object = folder.join(format!("{index}.o"));
            self.compile(recipe, target, source, &object)?;
            objects.push(object);
        }
        let output = folder.join("program");
        match target {
            Target::Native => self.link(&["-O2"], &objects, &output, &["-lm"])?,
            Target::Peer(machine) => {
                self.link(&machine.link_flags(), &objects, &output, &[])?;
                if let Some(arguments) = machine.rewriting(recipe) {
                    let new = output.with_extension("new");
                    let mut command = Command::new(NPM);
                    command.args(arguments).arg(&output).arg("-o").arg(&new);
                    self.run_tool(NPM, &mut command)?;
                    return Ok(self.root.join(new));
                }
            }
            Target::Guest => {
                let form = match recipe.form {
                    Form::Program => GUEST_LINK,
                    Form::Library => LIBRARY_LINK,
                };
                let flags = [&recipe.machine.flags(), form].concat();
                self.link(&flags, &objects, &unstripped(&output), &[])?;
                self.link(&flags, &objects, &output, &["-Wl,-s"])?;
            }
        }
        Ok(self.root.join(output))
    }

    fn compile(
        &self,
        recipe: &Recipe,
        target: Target,
        source: &Path,
        object: &Path,
    ) -> Result<(), GuestError> {
        let mut command = Command::new(CLANG);
        match target {
            Target::Native => command.args(NATIVE_COMPILE),
            Target::Guest => command.args(recipe.machine.flags()),
            Target::Peer(machine) => command.args(machine.compile_flags(recipe)),
        };
        if source.extension().is_some_and(|extension| extension == "S") {
            return self.run(command.arg("-c").arg(source).arg("-o").arg(object));
        }
        if target == Target::Guest {
            command.args(GUEST_COMPILE);
        }
        if recipe.form == Form::Library {
            command.args(LIBRARY_COMPILE);
        }
        if source.starts_with("guests") {
            command.args(WARNINGS);
        } else {
            command.arg("-w");
        }
        if source.starts_with("guests/src/libc") {
            // The C library must not be compiled into calls of itself.
            command.arg("-fno-builtin");
            if let Target::Peer(machine) = target {
                command.args(machine.library_flags());
            }
        }
        command.args(&recipe.flags);
        if target != Target::Native {
            command.args(&recipe.guest_flags);
        }
        self.run(command.arg("-c").arg(source).arg("-o").arg(object))
    }

    fn link(
        &self,
        flags: &[&str],
        objects: &[PathBuf],
        output: &Path,
        last: &[&str],
    ) -> Result<(), GuestError> {
        self.run(
            Command::new(CLANG)
                .args(flags)
                .args(objects)
                .arg("-o")
                .arg(output)
                .args(last),
        )
    }

    /// Runs a command in the root of the repository; it must succeed.
    pub(crate) fn run(&self, command: &mut Command) -> Result<(), GuestError> {
        self.run_tool(CLANG, command)
    }

    fn run_tool(&self, tool: &'static str, command: &mut Command) -> Result<(), GuestError> {
        let status = command
            .current_dir(&self.root)
            .status()
            .map_err(|error| missing(tool, &error))?;
        if status.success() {
            return Ok(());
        }
        Err(GuestError::Failed {
            command: format!("{command:?}"),
            status: status.to_string(),
        })
    }
}

/// Beside a stripped ELF of the build folder: the same link with symbols.
pub(crate) fn unstripped(stripped: &Path) -> PathBuf {
    stripped.with_extension("unstripped")
}

fn first_line(tool: &'static str) -> Result<String, GuestError> {
    let output = Command::new(tool)
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .map_err(|error| missing(tool, &error))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .next()
        .unwrap_or("no version")
        .trim()
        .to_owned())
}

fn missing(tool: &'static str, error: &std::io::Error) -> GuestError {
    match error.kind() {
        std::io::ErrorKind::NotFound => GuestError::Missing { tool },
        _ => GuestError::Failed {
            command: tool.to_owned(),
            status: error.to_string(),
        },
    }
}
