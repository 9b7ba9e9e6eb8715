//! What a run of the guest depends on from outside: costs, a way to pause it, a source of native code, and an
//! observer.
//!
//! The host hands all of it in anew with every call, so that no value of this crate holds anything of its host.

use std::fmt;

use crate::code_source::CodeSource;
use crate::cost_table::CostTable;
use crate::observer::{Observer, Unobserved};

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
    /// Told of every trace that ran, with its head and the cycles that were charged for it. Only where there is no
    /// source of native code: a guest with one is interpreted where native code ends, and nobody wants these traces.
    /// It costs several times the time.
    pub trace_counter: Option<&'a dyn Fn(u64, u64)>,
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
            trace_counter: None,
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

    /// The same with a function that is told of every trace, where everything is interpreted.
    ///
    /// ```
    /// use std::cell::Cell;
    /// use lockstep_isa::Cost;
    /// use lockstep_runtime::{CostTable, Environment};
    ///
    /// let cost = CostTable::from(Cost::Estimate);
    /// let cycles = Cell::new(0);
    /// let count = |_head: u64, charged: u64| cycles.set(cycles.get() + charged);
    /// let environment = Environment::new(&cost).with_trace_counter(&count);
    /// assert!(environment.trace_counter.is_some());
    /// ```
    #[must_use]
    pub fn with_trace_counter(self, counter: &'a dyn Fn(u64, u64)) -> Environment<'a> {
        Environment {
            trace_counter: Some(counter),
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
            .field("trace_counter", &self.trace_counter.is_some())
            .finish()
    }
}
