//! What a run of the guest depends on from outside: costs, a way to pause it, a source of native code, and an
//! observer.
//!
//! The host hands all of it in anew with every call, so that no value of this crate holds anything of its host.

use std::cell::RefCell;
use std::fmt;

use crate::code_source::CodeSource;
use crate::cost_table::CostTable;
use crate::observer::{Observer, Unobserved};
use crate::tally::{Recorder, Tally};

/// Outside facts for one call of [`Runner::advance`](crate::Runner::advance).
///
/// [`Environment::new`] makes one that interprets everything. The methods `with_…` and assignments to its fields
/// add the rest.
///
/// ```
/// use lockstep_isa::Cost;
/// use lockstep_runtime::{CostTable, Environment, Pause};
///
/// let cost = CostTable::from(Cost::Estimate);
/// let request = Pause::new();
/// let pause = || request.is_raised();
/// let environment = Environment::new(&cost).with_pause(&pause);
/// assert!(environment.code.is_none()); // everything is interpreted
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Environment<'a> {
    /// Cycles of each operation. Traces keep what they were charged when they were decoded, so a guest must see
    /// the same table from one reset to the next.
    pub cost: &'a CostTable,
    /// Asked before every trace that is interpreted and every slice of native code; `true` pauses the guest.
    pub pause: Option<&'a dyn Fn() -> bool>,
    /// Where native code comes from. Without it everything is interpreted.
    pub code: Option<&'a dyn CodeSource>,
    /// Who is asked and told about the work of native code. Without it nothing is repeated on the interpreter,
    /// and a difference that is found in lockstep is logged and stops the guest.
    pub observer: Option<&'a dyn Observer>,
    /// Counts what runs, and tells of it. With a source of native code, only modules that count are entered. Intervals
    /// are not repeated on the interpreter, and nothing is compared with it. What is interpreted takes several times as
    /// long.
    pub tally: Option<&'a RefCell<Tally<dyn Recorder>>>,
}

impl<'a> Environment<'a> {
    /// These costs, no pauses, and no native code.
    #[must_use]
    pub fn new(cost: &'a CostTable) -> Environment<'a> {
        Environment {
            cost,
            pause: None,
            code: None,
            observer: None,
            tally: None,
        }
    }

    /// The same with a question that pauses the guest when it is answered with `true`.
    #[must_use]
    pub fn with_pause(self, pause: &'a dyn Fn() -> bool) -> Environment<'a> {
        Environment {
            pause: Some(pause),
            ..self
        }
    }

    /// The same with a source of native code.
    #[must_use]
    pub fn with_code(self, code: &'a dyn CodeSource) -> Environment<'a> {
        Environment {
            code: Some(code),
            ..self
        }
    }

    /// The same with an observer of what native code does.
    #[must_use]
    pub fn with_observer(self, observer: &'a dyn Observer) -> Environment<'a> {
        Environment {
            observer: Some(observer),
            ..self
        }
    }

    /// The same, counted.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use lockstep_isa::Cost;
    /// use lockstep_runtime::{CostTable, Environment, Recorder, Tally};
    ///
    /// struct Cycles(u64);
    ///
    /// impl Recorder for Cycles {
    ///     fn trace(&mut self, _head: u64, cycles: u64) {
    ///         self.0 += cycles;
    ///     }
    /// }
    ///
    /// let cost = CostTable::from(Cost::Estimate);
    /// let tally = RefCell::new(Tally::new(Cycles(0)));
    /// let environment = Environment::new(&cost).with_tally(&tally);
    /// assert!(environment.tally.is_some());
    /// ```
    #[must_use]
    pub fn with_tally(self, tally: &'a RefCell<Tally<dyn Recorder>>) -> Environment<'a> {
        Environment {
            tally: Some(tally),
            ..self
        }
    }

    /// The observer, or one that does nothing.
    pub(crate) fn observer(&self) -> &'a dyn Observer {
        self.observer.unwrap_or(&Unobserved)
    }
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("model", &self.cost.model())
            .field("pause", &self.pause.is_some())
            .field("code", &self.code.is_some())
            .field("observer", &self.observer.is_some())
            .field("tally", &self.tally.is_some())
            .finish()
    }
}
