//! How to translate: what the caller of the translator can choose.
//!
//! An option that changes the emitted code also changes the module's key.

use crate::injection::Injection;
use crate::version::translator_version;

/// Which CPU's instructions the native code may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Cpu {
    /// Those that every CPU of the architecture has.
    #[default]
    Baseline,
    /// Those of this machine's CPU.
    Native,
}

/// How to translate.
///
/// ```
/// use lockstep_translator::{Cpu, Options};
/// let options = Options { threads: 2, ..Options::default() };
/// assert_eq!(options.cpu, Cpu::Baseline);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The target triple; `None` means this machine's.
    pub target: Option<String>,
    /// Which CPU's instructions may be used.
    pub cpu: Cpu,
    /// Makes Cranelift verify the intermediate form. That is slower; it is for tests and fuzzing.
    pub verify: bool,
    /// Returns the intermediate form and the assembly too.
    pub emit: bool,
    /// How many threads compile. For 0 and 1 it is the caller's thread alone. The result is the same for any
    /// number.
    pub threads: usize,
    /// Makes every block an entry that compares the budget, so that native code with the budget of one block
    /// exits after that block. That is slower; it is for comparing block by block. Such modules have keys
    /// of their own.
    pub every_block: bool,
    /// An injected fault, for tests. Such modules have keys of their own.
    #[doc(hidden)]
    pub inject: Option<Injection>,
}

impl Options {
    /// The translator as a key names it: its version, and what else makes its code another.
    #[must_use]
    pub fn translator(&self) -> String {
        let mut name = String::from(translator_version());
        if self.every_block {
            name.push_str(" every-block");
        }
        if let Some(injection) = self.inject {
            name.push_str(&format!(" {injection}"));
        }
        name
    }
}
