//! An ELF as a machine sees it before its first instruction: parsed, loaded, its regions of code
//! known, and with them what steers their translation.
//!
//! Loading is done by the machine that will run it, not computed beside it, so that the code region that is
//! translated is the code region that will be there.

use lockstep_contract::pages::MAX_MEMORY;
use lockstep_isa::{Cost, Profile, Version};
use lockstep_runtime::elf::ElfError;
use lockstep_runtime::image::Image;
use lockstep_runtime::{Core, Request, SetupError, Trap};
use lockstep_translator::{CodeRegion, Hints};

use crate::engine::{code_regions, hints_in_memory};

/// What a guest runs on: everything outside its bytes that decides what they mean and cost.
///
/// ```
/// use lockstep::Platform;
/// use lockstep::isa::{Cost, Profile, Version};
///
/// let old = Platform::default().with_profile(Profile::of(Version::V0));
/// assert_eq!(old.with_cost(Cost::Constant).memory_size, 4 << 20);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Platform {
    /// Version, extensions, register width.
    pub profile: Profile,
    /// Cycles of each instruction.
    pub cost: Cost,
    /// Bytes of guest memory.
    pub memory_size: usize,
}

impl Default for Platform {
    /// What CKB gives a script today: version 2, its extensions and costs, 4 MiB.
    fn default() -> Platform {
        Platform {
            profile: Profile::of(Version::V2),
            cost: Cost::Estimate,
            memory_size: MAX_MEMORY,
        }
    }
}

impl Platform {
    /// With this version, these extensions and this width of registers.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Platform {
        Platform { profile, ..self }
    }

    /// With these costs.
    #[must_use]
    pub fn with_cost(self, cost: Cost) -> Platform {
        Platform { cost, ..self }
    }

    /// With so many bytes of guest memory: whole pages of 4 KiB, at most 4 MiB. Another size is an error
    /// of [`Program::load`].
    #[must_use]
    pub fn with_memory_size(self, memory_size: usize) -> Platform {
        Platform {
            memory_size,
            ..self
        }
    }
}

/// Why an ELF cannot be made into a program.
///
/// ```
/// use lockstep::{Platform, Program};
///
/// let error = Program::load(b"no ELF", &Platform::default()).unwrap_err();
/// assert_eq!(error.name(), "ElfParseError");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such machine.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The file is refused.
    #[error(transparent)]
    Elf(#[from] ElfError),
    /// The file does not fit the machine.
    #[error("{trap}, when loading segment by segment: {segments}")]
    Load {
        /// What the loader ran into.
        trap: Trap,
        /// The segments, in words.
        segments: String,
    },
}

impl LoadError {
    /// CKB-VM's name of the error, where it has one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            LoadError::Setup(_) => "Setup",
            LoadError::Elf(error) => error.name(),
            LoadError::Load { trap, .. } => trap.name(),
        }
    }
}

/// A loaded ELF.
///
/// ```
/// use lockstep::{Platform, Program};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let program = Program::load(&elf, &Platform::default())?;
/// assert_eq!(program.core().pc(), program.image().entry);
/// assert_eq!(program.code_regions().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Program {
    platform: Platform,
    arguments: Vec<Vec<u8>>,
    image: Image,
    core: Core,
}

impl Program {
    /// Parses an ELF and loads it into a new machine.
    ///
    /// # Errors
    /// The loader's, with CKB-VM's name; or that there is no machine with such a memory.
    pub fn load(file: &[u8], platform: &Platform) -> Result<Program, LoadError> {
        Program::load_in_chaos(file, platform, None)
    }

    /// As [`Program::load`]; with a seed, into a machine in chaos mode ([`Core::set_chaos`]), where what
    /// nothing was written to is not zero.
    ///
    /// # Errors
    /// As [`Program::load`].
    pub fn load_in_chaos(
        file: &[u8],
        platform: &Platform,
        seed: Option<u32>,
    ) -> Result<Program, LoadError> {
        let mut core = Core::new(platform.profile, platform.memory_size, u64::MAX)?;
        core.set_chaos(seed);
        let image = Image::parse_for(file, platform.profile.version, platform.profile.xlen)?;
        core.load(&image, file).map_err(|trap| LoadError::Load {
            trap,
            segments: describe(&image),
        })?;
        Ok(Program {
            platform: *platform,
            arguments: Vec::new(),
            image,
            core,
        })
    }

    /// The same with arguments for [`Engine::run`](crate::Engine::run): the whole `argv`, the name of the
    /// program included. Without them `argc` is 0.
    #[must_use]
    pub fn with_arguments<A: Into<Vec<u8>>>(
        mut self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Program {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// The arguments.
    #[must_use]
    pub fn arguments(&self) -> &[Vec<u8>] {
        &self.arguments
    }

    /// What it is loaded for.
    #[must_use]
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// The parsed ELF.
    #[must_use]
    pub fn image(&self) -> &Image {
        &self.image
    }

    /// The machine, loaded, with an empty stack.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The machine, for what belongs to a run and not to a program: arguments, limits.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// The machine, to be run.
    #[must_use]
    pub fn into_core(self) -> Core {
        self.core
    }

    /// The pieces of code that native modules are made for, one module each, by address.
    #[must_use]
    pub fn code_regions(&self) -> Vec<CodeRegion<'_>> {
        code_regions(
            self.core.memory(),
            self.platform.profile,
            self.platform.cost,
        )
    }

    /// What a machine of this program asks a library for when it comes to one of its [`code_regions`](Self::code_regions).
    #[must_use]
    pub fn request<'t>(&'t self, region: &CodeRegion<'t>) -> Request<'t> {
        let memory = self.core.memory();
        Request {
            profile: region.profile,
            cost: region.cost,
            memory_size: memory.size(),
            base: region.base,
            region: region.bytes,
            memory,
            pc: self.core.pc(),
        }
    }

    /// What is known about the inside of a code region before it runs: entry, symbols, and pointers in the data
    /// that was loaded. Without symbols an engine finds the same in the machine's memory.
    #[must_use]
    pub fn hints(&self, region: &CodeRegion<'_>) -> Hints {
        let mut hints = hints_in_memory(region, self.core.memory(), self.image.entry);
        hints.add_symbols(&self.image.symbols);
        hints
    }
}

fn describe(image: &Image) -> String {
    let segment = |segment: &lockstep_runtime::image::Segment| {
        format!("{:#x} bytes at {:#x}", segment.size, segment.addr)
    };
    let segments: Vec<String> = image.segments.iter().map(segment).collect();
    segments.join(", ")
}
