//! Builds for the machines that the bench `guests` compares with: the same sources, the same compiler, the
//! same level.
//!
//! Their programs export a function `run` (guests/src/export.c) instead of starting at an entry point.

use std::path::{Path, PathBuf};

use super::recipe::Recipe;

/// A machine of somebody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    /// WebAssembly, 32 bits: what Wasmtime runs.
    Wasm,
    /// PolkaVM's RISC-V: 64 bits, the 16 registers of E.
    PolkaVm,
}

/// What both builds have in common: our `main` is called by `run`.
const COMPILE: &[&str] = &[
    "-O2",
    "-std=gnu17",
    "-ffunction-sections",
    "-fdata-sections",
    "-Dmain=guest_main",
];

const WASM: &[&str] = &["--target=wasm32"];

/// `longjmp` becomes an exception.
const WASM_JUMPS: &[&str] = &["-fwasm-exceptions", "-mllvm", "-wasm-enable-sjlj"];

/// clang 19 writes exceptions as they were before WebAssembly had them for good, and Wasmtime does not read
/// that: Binaryen writes these instructions anew and touches nothing else. Debian's is too old.
const NEW_EXCEPTIONS: &[&str] = &[
    "exec",
    "--yes",
    "--package=binaryen@132.0.0",
    "--",
    "wasm-opt",
    "-O0",
    "--all-features",
    "--translate-to-exnref",
];

/// WebAssembly has no product of 128 bits: the library's fields of 32-bit limbs are the faster ones there.
const NARROW_LIMBS: &[&str] = &["-DUSE_FORCE_WIDEMUL_INT64=1"];

/// As on CKB-VM: memory of 4 MiB, one of them the stack.
const WASM_LINK: &[&str] = &[
    "-nostdlib",
    "-fuse-ld=lld",
    "-Wl,--no-entry",
    "-Wl,--initial-memory=4194304",
    "-Wl,--max-memory=4194304",
    "-Wl,-z,stack-size=1048576",
    "-Wl,--gc-sections",
    "-Wl,-s",
];

/// The extensions that PolkaVM's linker reads; it wants position-independent code and its relocations.
const POLKAVM: &[&str] = &[
    "--target=riscv64",
    "-march=rv64emac_zbb_xtheadcondmov",
    "-mabi=lp64e",
];

const POLKAVM_LINK: &[&str] = &[
    "-nostdlib",
    "-static",
    "-fuse-ld=lld",
    "-Wl,--entry=run",
    "-Wl,--emit-relocs",
    "-Wl,--no-relax",
    "-Wl,-z,norelro",
    "-Wl,--gc-sections",
];

impl Machine {
    /// Whether this guest can be built for it. Lua needs a `setjmp` and a heap that are not written for
    /// PolkaVM.
    pub(crate) fn has(self, recipe: &Recipe) -> bool {
        match self {
            Machine::Wasm => true,
            Machine::PolkaVm => !jumps(recipe),
        }
    }

    /// Where objects are built.
    pub(crate) fn build_folder(self) -> &'static str {
        match self {
            Machine::Wasm => "target/guests/build/wasm",
            Machine::PolkaVm => "target/guests/build/polkavm",
        }
    }

    /// Where a guest's program belongs, from the root of the repository.
    pub(crate) fn path(self, recipe: &Recipe) -> String {
        let (folder, extension) = match self {
            Machine::Wasm => ("wasm", "wasm"),
            Machine::PolkaVm => ("polkavm", "pvm"),
        };
        format!("target/guests/{folder}/{}.{extension}", recipe.name)
    }

    /// A guest's sources: what exports `run`, the guest's own, and what it needs of the C library.
    pub(crate) fn sources(self, recipe: &Recipe) -> Vec<PathBuf> {
        let library = recipe.guest_sources.iter().filter_map(|source| {
            let name = source.file_name()?.to_str()?;
            match (self, name) {
                (_, "setjmp.S") => jumps(recipe).then(|| source.with_file_name("wasm_setjmp.c")),
                // WebAssembly has floating point.
                (Machine::Wasm, "softfloat.c") => None,
                _ => Some(source.clone()),
            }
        });
        let start = Path::new("guests/src/export.c").to_owned();
        let own = recipe.sources.iter().cloned();
        std::iter::once(start).chain(own).chain(library).collect()
    }

    /// Flags of every compilation.
    pub(crate) fn compile_flags(self, recipe: &Recipe) -> Vec<&'static str> {
        match self {
            Machine::Wasm if jumps(recipe) => [WASM, WASM_JUMPS, COMPILE].concat(),
            Machine::Wasm if recipe.name == "secp256k1" => [WASM, NARROW_LIMBS, COMPILE].concat(),
            Machine::Wasm => [WASM, COMPILE].concat(),
            Machine::PolkaVm => [POLKAVM, COMPILE, &["-fpie"]].concat(),
        }
    }

    /// Further flags of the C library: `memmove` calls `memcpy` where overlapping does no harm, and only
    /// with this much optimisation for WebAssembly does `restrict` make it harmful.
    pub(crate) fn library_flags(self) -> &'static [&'static str] {
        match self {
            Machine::Wasm => &["-Drestrict="],
            Machine::PolkaVm => &[],
        }
    }

    /// What is done to the linked program, as arguments of `npm`, input and output left out.
    pub(crate) fn rewriting(self, recipe: &Recipe) -> Option<&'static [&'static str]> {
        (self == Machine::Wasm && jumps(recipe)).then_some(NEW_EXCEPTIONS)
    }

    /// Flags of the link.
    pub(crate) fn link_flags(self) -> Vec<&'static str> {
        match self {
            Machine::Wasm => [WASM, WASM_LINK].concat(),
            Machine::PolkaVm => [POLKAVM, POLKAVM_LINK].concat(),
        }
    }
}

/// Whether the guest needs `setjmp`: Lua's errors.
fn jumps(recipe: &Recipe) -> bool {
    recipe.name == "lua"
}
