//! The recipes: which sources make which guest. Data only.

use std::path::{Path, PathBuf};

use super::error::GuestError;
use super::third_party::Sources;

/// Where a guest's sources are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In `guests/src`; the ELF is committed.
    Own,
    /// As `Own`, but for registers of 32 bits.
    Narrow,
    /// As `Own`, but it makes system calls that only `ckb-script` answers.
    Script,
    /// In a crate that cargo fetches; built on demand.
    ThirdParty,
}

impl Origin {
    /// What a program of this kind starts with.
    pub(crate) fn start(self) -> &'static str {
        match self {
            Origin::Own | Origin::Narrow | Origin::ThirdParty => "guests/src/crt0.S",
            Origin::Script => "guests/src/crt0_script.S",
        }
    }

    /// As the manifest has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Origin::Own => "own",
            Origin::Narrow => "rv32",
            Origin::Script => "script",
            Origin::ThirdParty => "third-party",
        }
    }
}

/// What is built for this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    /// The same program: the bench's "native" column.
    Program,
    /// A model in C of what the assembly computes: it checks the expected result, its time says nothing.
    Model,
    /// Nothing: the guest is about the VM itself.
    Nothing,
}

/// What the linker makes of a guest's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A static program at a fixed place.
    Program,
    /// A shared object, for a script to load.
    Library,
}

/// What the RISC-V build is for, in the compiler's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    target: &'static str,
    march: &'static str,
    abi: &'static str,
}

impl Machine {
    /// The machine of the chain.
    pub(crate) const RV64: Machine = Machine {
        target: "--target=riscv64",
        march: "-march=rv64imc_zba_zbb_zbc_zbs",
        abi: "-mabi=lp64",
    };

    /// As flags.
    pub(crate) fn flags(self) -> [&'static str; 3] {
        [self.target, self.march, self.abi]
    }
}

/// One guest. Paths of ours are from the root of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// Its name.
    pub(crate) name: &'static str,
    /// Ours or a crate's.
    pub(crate) origin: Origin,
    /// Program or library.
    pub(crate) form: Form,
    /// What its RISC-V build is for.
    pub(crate) machine: Machine,
    /// Sources of both builds.
    pub(crate) sources: Vec<PathBuf>,
    /// Sources of the RISC-V build alone, besides the one that a program starts with.
    pub(crate) guest_sources: Vec<PathBuf>,
    /// Further compiler flags of both builds.
    pub(crate) flags: Vec<String>,
    /// Further compiler flags of the RISC-V build.
    pub(crate) guest_flags: Vec<String>,
    /// Its native build.
    pub(crate) native: Native,
    /// The argument of a bench run, several hundred million cycles; 0: not for benches.
    pub(crate) bench: u64,
}

impl Recipe {
    fn own(name: &'static str, bench: u64) -> Recipe {
        Recipe {
            name,
            origin: Origin::Own,
            form: Form::Program,
            machine: Machine::RV64,
            sources: vec![source(&format!("{name}.c"))],
            guest_sources: vec![source("libc/string.c")],
            flags: Vec::new(),
            guest_flags: Vec::new(),
            native: Native::Program,
            bench,
        }
    }
}

impl Recipe {
    /// Instructions in `<name>.S`, their model and the check of the result in `<name>.c`.
    fn assembly(name: &'static str) -> Recipe {
        let mut recipe = Recipe::own(name, 0);
        recipe.guest_sources.push(source(&format!("{name}.S")));
        recipe.native = Native::Model;
        recipe
    }

    /// A program that runs in a transaction: nothing but its own file, no native build, and no instruction
    /// that version 0 does not have.
    fn script(name: &'static str) -> Recipe {
        let mut recipe = Recipe::own(name, 0);
        recipe.origin = Origin::Script;
        recipe.native = Native::Nothing;
        recipe.machine = Machine {
            march: "-march=rv64imc",
            ..Machine::RV64
        };
        recipe
    }

    /// A program for RV32, the instruction set named as `-march` has it. The VM decodes neither `rev8` nor
    /// `zext.h` of RV32, which are in Zbb.
    fn narrow(name: &'static str, file: &str, march: &'static str) -> Recipe {
        let mut recipe = Recipe::own(name, 0);
        recipe.origin = Origin::Narrow;
        recipe.machine = Machine {
            target: "--target=riscv32",
            march,
            abi: "-mabi=ilp32",
        };
        recipe.sources = vec![source(file)];
        recipe.native = Native::Nothing;
        recipe
    }

    /// A shared object that such a program loads.
    fn library(name: &'static str) -> Recipe {
        let mut recipe = Recipe::script(name);
        recipe.form = Form::Library;
        recipe
    }

    /// A program of ours around the library in `folder`.
    fn with_library(name: &'static str, bench: u64, folder: &Path, library: &[&str]) -> Recipe {
        let mut recipe = Recipe::own(name, bench);
        recipe.origin = Origin::ThirdParty;
        recipe
            .sources
            .extend(library.iter().map(|file| folder.join(file)));
        recipe.guest_sources = LIBC.iter().map(|file| source("libc").join(file)).collect();
        recipe.guest_flags = vec![
            "-nostdlibinc".into(),
            "-isystem".into(),
            "guests/src/libc/include".into(),
        ];
        // No path of this machine gets into the program.
        recipe
            .flag(&format!("-ffile-prefix-map={}=.", folder.display()))
            .flag("-Iguests/src")
    }

    fn flag(mut self, flag: &str) -> Recipe {
        self.flags.push(flag.to_owned());
        self
    }

    fn include(self, folder: &Path) -> Recipe {
        self.flag(&format!("-I{}", folder.display()))
    }

    fn define(self, definition: &str) -> Recipe {
        self.flag(&format!("-D{definition}"))
    }
}

fn source(name: &str) -> PathBuf {
    Path::new("guests/src").join(name)
}

/// RV32 with the bit manipulation that CKB's machines have.
const RV32_B: &str = "-march=rv32imc_zba_zbb_zbc_zbs";

/// Our own guests.
pub(crate) fn own() -> Vec<Recipe> {
    // The functions that it measures, in both builds, and called as functions.
    let called = |mut strings: Recipe| {
        strings.sources.append(&mut strings.guest_sources);
        strings.flags.push("-fno-builtin".into());
        strings
    };
    let mut narrow = Recipe::narrow("narrow", "narrow.c", "-march=rv32imc");
    narrow.native = Native::Model;
    let mut print = Recipe::own("print", 0);
    print.sources = Vec::new();
    print.guest_sources = vec![source("print.S")];
    print.native = Native::Nothing;
    vec![
        Recipe::own("fib", 1300),
        Recipe::own("sieve", 140),
        Recipe::own("sha256", 400),
        Recipe::own("keccak", 200),
        Recipe::own("blake2b", 1600),
        Recipe::own("sorthash", 200),
        Recipe::own("bytecode", 130),
        called(Recipe::own("strings", 160)),
        Recipe::own("recursion", 130),
        Recipe::assembly("bits"),
        Recipe::assembly("muldiv"),
        Recipe::assembly("fused"),
        Recipe::assembly("jumps"),
        print,
        narrow,
        Recipe::narrow("narrow_b", "narrow.c", RV32_B),
        Recipe::narrow("narrow_sha256", "sha256.c", RV32_B),
        Recipe::narrow("narrow_recursion", "recursion.c", "-march=rv32imc"),
        called(Recipe::narrow("narrow_strings", "strings.c", RV32_B)),
        Recipe::script("always_success"),
        Recipe::script("exec"),
        Recipe::library("library"),
        Recipe::script("loader"),
        Recipe::script("processes"),
        Recipe::script("spawn"),
    ]
}

/// The C library for programs that expect one. Its headers are used by the RISC-V build alone.
const LIBC: &[&str] = &[
    "string.c",
    "text.c",
    "ctype.c",
    "stdio.c",
    "math.c",
    "memory.c",
    "softfloat.c",
    "setjmp.S",
];

/// The guests from crates' C sources. `guests/src/<name>.c` is the program, the crate is the library.
pub(crate) fn third_party(sources: &Sources) -> Result<Vec<Recipe>, GuestError> {
    let secp256k1 = sources.folder("secp256k1-sys")?.join("depend/secp256k1");
    let lua = sources.folder("lua-src")?.join("lua-5.4.9");
    let zlib = sources.folder("libz-sys")?.join("src/zlib");
    Ok(vec![
        // The tables and settings that the crate's own build uses: one mebibyte of table.
        Recipe::with_library("secp256k1", 250, &secp256k1, SECP256K1)
            .include(&secp256k1.join("include"))
            .include(&secp256k1)
            .define("SECP256K1_API=")
            .define("USE_EXTERNAL_DEFAULT_CALLBACKS=1")
            .define("ECMULT_WINDOW_SIZE=15")
            .define("ECMULT_GEN_PREC_BITS=4"),
        // No clock for the seed of string hashes and for sorting; a script that is read with #embed.
        Recipe::with_library("lua", 80, &lua, LUA)
            .include(&lua)
            .define("luai_makeseed(L)=1")
            .define("l_randomizePivot()=0")
            .flag("-Wno-c23-extensions"),
        // Without a C library: memory comes from the program.
        Recipe::with_library("zlib", 120, &zlib, ZLIB)
            .include(&zlib)
            .define("Z_SOLO"),
    ])
}

const SECP256K1: &[&str] = &[
    "src/secp256k1.c",
    "src/precomputed_ecmult.c",
    "src/precomputed_ecmult_gen.c",
];

/// The core and the libraries base, coroutine, table and string.
const LUA: &[&str] = &[
    "lapi.c",
    "lauxlib.c",
    "lbaselib.c",
    "lcode.c",
    "lcorolib.c",
    "lctype.c",
    "ldebug.c",
    "ldo.c",
    "ldump.c",
    "lfunc.c",
    "lgc.c",
    "llex.c",
    "lmem.c",
    "lobject.c",
    "lopcodes.c",
    "lparser.c",
    "lstate.c",
    "lstring.c",
    "lstrlib.c",
    "ltable.c",
    "ltablib.c",
    "ltm.c",
    "lundump.c",
    "lvm.c",
    "lzio.c",
];

const ZLIB: &[&str] = &[
    "adler32.c",
    "crc32.c",
    "deflate.c",
    "inffast.c",
    "inflate.c",
    "inftrees.c",
    "trees.c",
    "zutil.c",
];
