//! How to translate: what the caller of the translator can choose.
//!
//! An option that changes the emitted code also changes the module's key.

use lockstep_contract::heat::Heat;

use crate::code_region::CodeRegion;
use crate::counting::Counting;
use crate::discover::MODULE_WEIGHT_LIMIT;
use crate::injection::Injection;
use crate::version::translator_version;

/// Which CPU's instructions the native code may use.
///
/// ```
/// use lockstep_translator::{Cpu, Options};
/// assert_eq!(Options::default().cpu, Cpu::Baseline);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Cpu {
    /// Those that every CPU of the architecture has.
    #[default]
    Baseline,
    /// Those of this machine's CPU.
    Native,
}

/// What Cranelift verifies of the code that it is given. The module is the same.
///
/// ```
/// use lockstep_translator::{Options, Verify};
/// let careful = Options::default().with_verify(Verify::IntermediateForm);
/// assert_eq!(careful.translator(), Options::default().translator());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Verify {
    /// Nothing.
    #[default]
    Nothing,
    /// The intermediate form of each unit. That is slower; it is for tests and fuzzing.
    IntermediateForm,
}

impl Verify {
    /// The intermediate form in a build with debug assertions, else nothing.
    pub const IN_DEBUG_BUILDS: Verify = match cfg!(debug_assertions) {
        true => Verify::IntermediateForm,
        false => Verify::Nothing,
    };
}

/// What a translation returns. The module is the same.
///
/// ```
/// use lockstep_translator::{Options, Output};
/// assert_eq!(Options::default().output, Output::Module);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Output {
    /// The module alone.
    #[default]
    Module,
    /// Also which native code belongs to which guest instruction.
    ModuleAndPlaces,
    /// That, and the intermediate form and the native assembly as text.
    ModuleAndListings,
}

impl Output {
    /// Whether it is wanted which native code belongs to which instruction.
    pub(crate) fn has_places(self) -> bool {
        self != Output::Module
    }
}

/// Which blocks can be entered from outside their unit, and compare the budget.
///
/// ```
/// use lockstep_translator::{Entries, Options};
/// // The module is another one, so its key is another one too.
/// let by_block = Options::default().with_entries(Entries::EveryBlock);
/// assert_ne!(by_block.translator(), Options::default().translator());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Entries {
    /// Those where control may come from outside.
    #[default]
    WhereNeeded,
    /// All of them, so that native code with the budget of one block exits after that block. That is
    /// slower; it is for comparing block by block.
    EveryBlock,
}

/// How to translate.
///
/// ```
/// use lockstep_translator::{Cpu, Options, Output};
/// let options = Options::default().with_threads(2).with_output(Output::ModuleAndListings);
/// assert_eq!((options.threads, options.cpu), (2, Cpu::Baseline));
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The target triple; `None` means this machine's.
    pub target: Option<String>,
    /// Which CPU's instructions may be used.
    pub cpu: Cpu,
    /// What Cranelift verifies.
    pub verify: Verify,
    /// What is returned.
    pub output: Output,
    /// How many threads compile. For 0 and 1 it is the caller's thread alone. The result is the same for any
    /// number.
    pub threads: usize,
    /// Which blocks are entries. Modules with others than by default have keys of their own.
    pub entries: Entries,
    /// Which heads are hot: where the module's budget does not suffice for all code, theirs is translated first.
    /// Modules that were made with heads of their code region in here have keys of their own.
    pub heat: Heat,
    /// Whether the module counts its blocks, for a profile. Such modules have keys of their own.
    pub counting: Option<Counting>,
    /// Another limit of weight than [`crate::MODULE_WEIGHT_LIMIT`], so that tests need no large programs to
    /// exceed it. Such modules have keys of their own.
    #[doc(hidden)]
    pub weight_limit: Option<usize>,
    /// An injected fault, for tests. Such modules have keys of their own.
    #[doc(hidden)]
    pub inject: Option<Injection>,
}

impl Options {
    /// With this target triple; `None` means this machine's.
    #[must_use]
    pub fn with_target(mut self, target: Option<String>) -> Options {
        self.target = target;
        self
    }

    /// With the instructions of this CPU.
    #[must_use]
    pub fn with_cpu(mut self, cpu: Cpu) -> Options {
        self.cpu = cpu;
        self
    }

    /// With this verification.
    #[must_use]
    pub fn with_verify(mut self, verify: Verify) -> Options {
        self.verify = verify;
        self
    }

    /// With this output.
    #[must_use]
    pub fn with_output(mut self, output: Output) -> Options {
        self.output = output;
        self
    }

    /// With so many threads.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Options {
        self.threads = threads;
        self
    }

    /// With these blocks as entries.
    #[must_use]
    pub fn with_entries(mut self, entries: Entries) -> Options {
        self.entries = entries;
        self
    }

    /// With this heat. Heads outside of the code region that is translated do not count.
    #[must_use]
    pub fn with_heat(mut self, heat: Heat) -> Options {
        self.heat = heat;
        self
    }

    /// With code that counts its blocks, or without.
    #[must_use]
    pub fn with_counting(mut self, counting: Option<Counting>) -> Options {
        self.counting = counting;
        self
    }

    /// With another limit of weight, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_weight_limit(mut self, limit: Option<usize>) -> Options {
        self.weight_limit = limit;
        self
    }

    /// The largest weight of a module.
    pub(crate) fn module_weight(&self) -> usize {
        self.weight_limit.unwrap_or(MODULE_WEIGHT_LIMIT)
    }

    /// The part of the heat that is about this code region.
    pub(crate) fn heat_of(&self, region: &CodeRegion<'_>) -> Heat {
        self.heat.within(region.base..region.end())
    }

    /// With an injected fault, for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn with_injection(mut self, inject: Option<Injection>) -> Options {
        self.inject = inject;
        self
    }

    /// The translator as a key names it: its version, and what else makes its code another.
    #[must_use]
    pub fn translator(&self) -> String {
        let mut name = String::from(translator_version());
        if self.entries == Entries::EveryBlock {
            name.push_str(" every-block");
        }
        if let Some(counting) = &self.counting {
            name.push_str(&counting.to_string());
        }
        if let Some(limit) = self.weight_limit {
            name.push_str(&format!(" weight-{limit}"));
        }
        if let Some(injection) = self.inject {
            name.push_str(&format!(" {injection}"));
        }
        name
    }
}
