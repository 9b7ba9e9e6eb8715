//! The ways in which a request, a translation, a helper process and a shadow check can end.
//!
//! Metrics, statistics and the log all take their words from here, so that a way has one name. The
//! reasons for a miss in the module cache are named by the package of the cache.

use std::fmt;

/// Defines an enum whose variants have names.
macro_rules! named {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// All of them, in the order in which the metrics list them.
            #[cfg(test)]
            pub(super) const ALL: &[$name] = &[$($name::$variant,)+];

            /// The name that metrics and statistics have for it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

named! {
    /// Why a machine did not get native code at the moment at which it asked.
    // The last two are found by the adapter for CKB-VM, which is a feature.
    #[cfg_attr(not(feature = "ckb"), allow(dead_code))]
    Fallback {
        /// Somebody is at work on it, or will be.
        Pending = "pending",
        /// There is no module, and none is being made yet.
        Missing = "missing",
        /// None could be made.
        Failed = "failed",
        /// The module must not run.
        Quarantined = "quarantined",
        /// The deny-list names the translator or its compiler, or cannot be read.
        Denied = "denied",
        /// A switch keeps this script from running natively.
        ScriptOff = "script_off",
        /// Native code is switched off as a whole.
        Off = "off",
        /// The host charges other costs than those that native code is made for.
        Cost = "cost",
    }
}

named! {
    /// How a translation ended.
    TranslationOutcome {
        /// With a module.
        Made = "made",
        /// The translator returned an error.
        Refused = "refused",
        /// The translator panicked.
        Panicked = "panicked",
        /// It took longer than it may.
        OverBudget = "over_budget",
        /// The module could not be mapped.
        Unmappable = "unmappable",
        /// The system had no memory or descriptors for the module.
        Shortage = "shortage",
        /// The engine was dropped meanwhile.
        Stopped = "stopped",
        /// The helper process gave no module; [`HelperOutcome`] says why.
        Helper = "helper",
    }
}

named! {
    /// How a helper process ended.
    HelperOutcome {
        /// With a module.
        Made = "made",
        /// The program was not found.
        Missing = "missing",
        /// The program was found and could not be started.
        NotStarted = "not_started",
        /// By SIGKILL, which nobody in this process sent.
        Killed = "killed",
        /// It took longer than it may, by the clock.
        Hung = "hung",
        /// It took more CPU time than it may.
        Cpu = "cpu",
        /// It needed more memory than it may have.
        Memory = "memory",
        /// In another way than by an answer.
        Died = "died",
        /// Its answer is malformed.
        Garbage = "garbage",
        /// It answered with a module for another code region or of another translator.
        WrongKey = "wrong_key",
        /// It answered that there is no module.
        Refused = "refused",
        /// The engine was dropped meanwhile.
        Stopped = "stopped",
    }
}

named! {
    /// How the check of a sampled interval ended.
    ShadowOutcome {
        /// The interpreter came to the same state.
        Same = "same",
        /// The interpreter came to another state.
        Different = "different",
        /// It was not repeated: no room in the queue, no thread, or no memory.
        Dropped = "dropped",
    }
}

#[cfg(test)]
mod tests {
    use super::super::meter::METRICS;
    use super::*;

    /// What a metric's description lists between braces, behind `label: `.
    fn described(metric: &str, label: &str) -> Vec<&'static str> {
        let text = METRICS.iter().find(|(name, ..)| *name == metric);
        let text = text.expect("there is such a metric").2;
        let labels = text.split_once(&format!("{{{label}: "));
        let labels = labels.and_then(|(_, rest)| rest.split_once('}'));
        labels.expect("it lists its labels").0.split(", ").collect()
    }

    #[test]
    fn the_descriptions_of_metrics_list_every_outcome() {
        fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
            all.iter().map(|outcome| name(*outcome)).collect()
        }
        assert_eq!(
            described("ckb_lockstep_fallbacks", "cause"),
            names(Fallback::ALL, Fallback::name)
        );
        assert_eq!(
            described("ckb_lockstep_translations", "outcome"),
            names(TranslationOutcome::ALL, TranslationOutcome::name)
        );
        assert_eq!(
            described("ckb_lockstep_helpers", "outcome"),
            names(HelperOutcome::ALL, HelperOutcome::name)
        );
        assert_eq!(
            described("ckb_lockstep_shadowed", "outcome"),
            names(ShadowOutcome::ALL, ShadowOutcome::name)
        );
    }
}
