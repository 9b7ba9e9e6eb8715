//! Why a module, an argument, a state or a transaction is refused: an exit code, a name, and the place.
//!
//! Names are those of Move's own status codes where it has one. What happens while a function runs (an abort, an
//! arithmetic error, no more gas) is no refusal but a result: `machine::Stop`.

use alloc::string::String;
use core::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal;)*) => {
        /// The exit codes other than 0, 101 (a panic, which is a defect) and 102 (no more memory).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(i8)]
        pub enum Code { $($(#[doc = $doc])* $name = $code,)* }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];
        }
    };
}

codes! {
    /// The command line.
    Arguments = 10;
    /// No module, or one of a version that is not read.
    Header = 11;
    /// The tables of a module cannot be read.
    Malformed = 12;
    /// A module uses what only newer formats have.
    Unsupported = 13;
    /// An index points outside its table.
    Bounds = 14;
    /// Something is there twice.
    Duplicate = 15;
    /// A name or a constant is not what it should be.
    Constant = 16;
    /// A signature, its type arguments or their abilities.
    Signature = 17;
    /// A struct contains itself, or its fields lack an ability.
    Struct = 18;
    /// Control leaves the code, or the stack is not empty where it branches.
    ControlFlow = 19;
    /// An instruction finds other types than it needs.
    Types = 20;
    /// A local is used that has no value, or a value is lost that may not be.
    Locals = 21;
    /// A reference would outlive its value, or see it change.
    References = 22;
    /// What a function acquires is not what it says.
    Acquires = 23;
    /// Modules do not fit each other.
    Link = 24;
    /// The function that is called does not exist.
    Function = 25;
    /// A type argument.
    TypeArgument = 26;
    /// An argument.
    Argument = 27;
    /// The storage.
    Storage = 28;
    /// A module is too large or too complex to verify.
    Limit = 29;
    /// A built-in workload gave something else.
    Workload = 30;
    /// The arguments of the type script.
    Configuration = 40;
    /// The cells of the script's group.
    Cells = 41;
    /// The witness.
    Witness = 42;
    /// The call did not succeed.
    Failed = 43;
    /// An output cell is not what the call makes of the inputs.
    Output = 44;
    /// The chain refused a system call.
    SystemCall = 45;
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The exit code.
    pub code: Code,
    /// What is wrong, by Move's name for it where there is one.
    pub name: &'static str,
    /// Where: a module, a function and an instruction, or an argument.
    pub place: String,
}

impl Wrong {
    /// A refusal without a place.
    pub fn new(code: Code, name: &'static str) -> Wrong {
        Wrong {
            code,
            name,
            place: String::new(),
        }
    }

    /// The same, at a place. A place that is already there is kept behind it.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Wrong {
        use core::fmt::Write;
        let mut text = String::new();
        let _ = write!(text, "{place}");
        if !self.place.is_empty() {
            let _ = write!(text, ", {}", self.place);
        }
        self.place = text;
        self
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.place.is_empty() {
            write!(f, " in {}", self.place)?;
        }
        Ok(())
    }
}

impl core::error::Error for Wrong {}
