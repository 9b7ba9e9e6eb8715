//! What an engine did, counted: for the program that has the engine, and for the node's metrics page.
//!
//! Counting costs a running guest nothing: a machine adds up what it does and hands it over at the end
//! of a run, and everything else happens once a code region. The metrics go to whatever recorder the
//! process installed for the facade `metrics`, under the names that [`METRICS`] lists. This is not the
//! log: what an operator has to read is said there.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lockstep_runtime::Exits;
use metrics::{counter, gauge, histogram};

pub(crate) use super::outcome::Fallback;
use super::outcome::{HelperOutcome, ShadowOutcome, TranslationOutcome};
use super::sync::lock;

/// What an engine did so far.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::Stats;
///
/// let engine = Engine::builder().no_cache().build();
/// assert_eq!(engine.stats(), Stats::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Requests answered from the registry of the process.
    pub registry_hits: u64,
    /// Requests for which there was no native code at that moment, by reason: `pending`, `missing`,
    /// `failed`, `quarantined`, `denied`, `script_off`.
    pub fallbacks: BTreeMap<&'static str, u64>,
    /// Modules taken from the cache.
    pub cache_hits: u64,
    /// Look-ups in the cache without a usable entry, by reason: `absent`, `unreadable`, `untrusted`,
    /// `unsealed`, `seal_damaged`, `unauthentic`, `damaged`, `foreign`, `denied`, `unmappable`.
    pub cache_misses: BTreeMap<&'static str, u64>,
    /// Those that were `foreign`, by the first field of the key that did not fit.
    pub cache_foreign: BTreeMap<&'static str, u64>,
    /// Modules made.
    pub translations: u64,
    /// Attempts that gave no module.
    pub failures: u64,
    /// Seconds spent in translation, the failed ones included.
    pub translate_seconds: f64,
    /// Helper processes, by what came of them: `made` a module; `missing`, `not_started`; `killed` by
    /// SIGKILL; `hung`, over its time on the clock; `cpu`, over its CPU time; `memory`, over its memory;
    /// `died` in another way; `garbage`, an answer that is none; `wrong_key`, another module; `refused`;
    /// `stopped`, because the engine was dropped.
    pub helpers: BTreeMap<&'static str, u64>,
    /// Code regions for which there was no room in the queue, or no thread.
    pub put_off: u64,
    /// Intervals that shadow checking sampled, by what came of it: `same`, `different`, `dropped`.
    pub shadowed: BTreeMap<&'static str, u64>,
    /// Differences between native code and interpreter, however they were found.
    pub mismatches: u64,
}

/// Every metric: its name, what kind it is, and what it says. Labels are in braces.
pub const METRICS: &[(&str, Kind, &str)] = &[
    (
        "ckb_lockstep_runs",
        Kind::Counter,
        "Runs of a machine {engine: native, mixed, interp}",
    ),
    (
        "ckb_lockstep_native_cycles",
        Kind::Counter,
        "Cycles charged by native code",
    ),
    (
        "ckb_lockstep_interpreted_cycles",
        Kind::Counter,
        "Cycles charged by the interpreter",
    ),
    (
        "ckb_lockstep_exits",
        Kind::Counter,
        "Stays in native code by the way they ended {cause: limit, lookup, load, store, atomic, other, ecall, ebreak}, and in the interpreter {cause: interpreted}",
    ),
    (
        "ckb_lockstep_hits",
        Kind::Counter,
        "Machines that found native code in the process",
    ),
    (
        "ckb_lockstep_fallbacks",
        Kind::Counter,
        "Machines that found none, or may not use it {cause: pending, missing, failed, quarantined, denied, script_off, off, cost}",
    ),
    (
        "ckb_lockstep_cache_hits",
        Kind::Counter,
        "Modules taken from the cache",
    ),
    (
        "ckb_lockstep_cache_misses",
        Kind::Counter,
        "Look-ups in the cache without a usable module {cause: absent, unreadable, untrusted, unsealed, seal_damaged, unauthentic, damaged, foreign, denied, unmappable}",
    ),
    (
        "ckb_lockstep_cache_foreign",
        Kind::Counter,
        "Modules in the cache for something else than their name says {field}",
    ),
    (
        "ckb_lockstep_translations",
        Kind::Counter,
        "Translations {outcome: made, refused, panicked, over_budget, unmappable, shortage, stopped, helper}",
    ),
    (
        "ckb_lockstep_helpers",
        Kind::Counter,
        "Helper processes {outcome: made, missing, not_started, killed, hung, cpu, memory, died, garbage, wrong_key, refused, stopped}",
    ),
    (
        "ckb_lockstep_translate_seconds",
        Kind::Histogram,
        "Seconds that a translation took",
    ),
    (
        "ckb_lockstep_load_seconds",
        Kind::Histogram,
        "Seconds that taking a module from the cache took",
    ),
    (
        "ckb_lockstep_module_bytes",
        Kind::Histogram,
        "Bytes of native code in a module that was made",
    ),
    (
        "ckb_lockstep_queue_length",
        Kind::Gauge,
        "Code regions that wait for translation",
    ),
    (
        "ckb_lockstep_put_off",
        Kind::Counter,
        "Code regions for which there was no room in the queue, or no thread",
    ),
    (
        "ckb_lockstep_modules",
        Kind::Gauge,
        "Modules that are loaded",
    ),
    (
        "ckb_lockstep_resident_bytes",
        Kind::Gauge,
        "Bytes of native code and its tables that are loaded",
    ),
    (
        "ckb_lockstep_negative",
        Kind::Gauge,
        "Keys that failed and are not tried again for a while",
    ),
    (
        "ckb_lockstep_quarantined",
        Kind::Gauge,
        "Modules that must not run again",
    ),
    (
        "ckb_lockstep_shadowed",
        Kind::Counter,
        "Intervals of native code that shadow checking sampled {outcome: same, different, dropped}",
    ),
    (
        "ckb_lockstep_mismatches",
        Kind::Counter,
        "Native runs that the interpreter did not confirm",
    ),
    (
        "ckb_lockstep_enabled",
        Kind::Gauge,
        "1, or 0 when the kill switch is thrown",
    ),
];

/// What a metric is.
///
/// ```
/// use lockstep::engine::meter::{Kind, METRICS};
///
/// let enabled = METRICS.iter().find(|(name, ..)| *name == "ckb_lockstep_enabled");
/// assert_eq!(enabled.map(|(_, kind, _)| *kind), Some(Kind::Gauge));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// A distribution.
    Histogram,
}

/// Tells the recorder of the process what the metrics are. To be called once a recorder is installed;
/// recorders that want no descriptions ignore it. Metrics without labels are on the page from then on:
/// an alert on the first mismatch needs the zero before it.
pub fn describe_metrics() {
    for (name, kind, text) in METRICS {
        let labelled = text.contains('{');
        match kind {
            Kind::Counter => metrics::describe_counter!(*name, *text),
            Kind::Gauge => metrics::describe_gauge!(*name, *text),
            Kind::Histogram => metrics::describe_histogram!(*name, *text),
        }
        // To register is enough, and changes no value.
        match kind {
            _ if labelled => {}
            Kind::Counter => drop(counter!(*name)),
            Kind::Gauge => drop(gauge!(*name)),
            Kind::Histogram => drop(histogram!(*name)),
        }
    }
}

/// What a machine did in one run.
///
/// ```
/// use lockstep::engine::meter::Run;
///
/// assert_eq!(Run::default().engine(), "interp");
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Run {
    /// Cycles that instructions were charged.
    pub charged: u64,
    /// Those charged by blocks that native code entered.
    pub native: u64,
    /// Stays in native code, by the way they ended.
    pub exits: Exits,
}

impl Run {
    /// Which engine did it: `native` when all cycles that count were native, `interp` when none were,
    /// `mixed` otherwise. The first stores to each page are the interpreter's in any case, so a
    /// hundredth of the cycles does not count.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self.native {
            0 => "interp",
            native if self.charged - native.min(self.charged) <= self.charged / 100 => "native",
            _ => "mixed",
        }
    }
}

/// The counters of one engine.
#[derive(Debug, Default)]
pub(super) struct Meter {
    stats: Mutex<Stats>,
}

impl Meter {
    pub(super) fn stats(&self) -> Stats {
        lock(&self.stats).clone()
    }

    /// A machine asked for native code and found it in the process.
    pub(super) fn registry_hit(&self) {
        lock(&self.stats).registry_hits += 1;
        counter!("ckb_lockstep_hits").increment(1);
    }

    /// A machine asked for native code and did not get any.
    pub(super) fn registry_miss(&self, cause: Fallback) {
        let name = cause.name();
        *lock(&self.stats).fallbacks.entry(name).or_insert(0) += 1;
        fell_back(cause);
    }

    /// A module was taken from the cache, which took so many seconds.
    pub(super) fn cache_hit(&self, seconds: f64) {
        lock(&self.stats).cache_hits += 1;
        counter!("ckb_lockstep_cache_hits").increment(1);
        histogram!("ckb_lockstep_load_seconds").record(seconds);
    }

    /// A look-up in the cache gave no usable module.
    pub(super) fn cache_miss(&self, cause: &'static str) {
        *lock(&self.stats).cache_misses.entry(cause).or_insert(0) += 1;
        counter!("ckb_lockstep_cache_misses", "cause" => cause).increment(1);
    }

    /// A module was for something else, in this field.
    pub(super) fn cache_foreign(&self, field: &'static str) {
        *lock(&self.stats).cache_foreign.entry(field).or_insert(0) += 1;
        counter!("ckb_lockstep_cache_foreign", "field" => field).increment(1);
    }

    /// A translation gave a module with so many bytes of code.
    pub(super) fn translated(&self, seconds: f64, code_bytes: usize) {
        self.translation_ended(TranslationOutcome::Made, seconds);
        lock(&self.stats).translations += 1;
        histogram!("ckb_lockstep_module_bytes").record(code_bytes as f64);
    }

    /// A translation gave no module.
    pub(super) fn translation_failed(&self, outcome: TranslationOutcome, seconds: f64) {
        self.translation_ended(outcome, seconds);
        lock(&self.stats).failures += 1;
    }

    fn translation_ended(&self, outcome: TranslationOutcome, seconds: f64) {
        lock(&self.stats).translate_seconds += seconds;
        counter!("ckb_lockstep_translations", "outcome" => outcome.name()).increment(1);
        histogram!("ckb_lockstep_translate_seconds").record(seconds);
    }

    /// A helper process ended in this way.
    pub(super) fn helper(&self, outcome: HelperOutcome) {
        let name = outcome.name();
        *lock(&self.stats).helpers.entry(name).or_insert(0) += 1;
        counter!("ckb_lockstep_helpers", "outcome" => name).increment(1);
    }

    /// A code region gave way because a queue was full, or no thread was to be had.
    pub(super) fn put_off(&self) {
        lock(&self.stats).put_off += 1;
        counter!("ckb_lockstep_put_off").increment(1);
    }

    /// So many code regions wait for translation.
    pub(super) fn queue(&self, length: usize) {
        gauge!("ckb_lockstep_queue_length").set(length as f64);
    }

    /// So many keys are on the negative list.
    pub(super) fn negative(&self, length: usize) {
        gauge!("ckb_lockstep_negative").set(length as f64);
    }

    /// So many modules are loaded, with so many bytes.
    pub(super) fn resident(&self, modules: usize, bytes: usize) {
        gauge!("ckb_lockstep_modules").set(modules as f64);
        gauge!("ckb_lockstep_resident_bytes").set(bytes as f64);
    }

    /// The check of a sampled interval ended in this way.
    pub(super) fn shadowed(&self, outcome: ShadowOutcome) {
        let name = outcome.name();
        *lock(&self.stats).shadowed.entry(name).or_insert(0) += 1;
        counter!("ckb_lockstep_shadowed", "outcome" => name).increment(1);
    }

    /// Native code and the interpreter differ.
    pub(super) fn mismatch(&self) {
        lock(&self.stats).mismatches += 1;
        counter!("ckb_lockstep_mismatches").increment(1);
    }

    /// So many modules are quarantined.
    pub(super) fn quarantined(&self, modules: usize) {
        gauge!("ckb_lockstep_quarantined").set(modules as f64);
    }

    /// Whether native code may run.
    pub(super) fn enabled(&self, enabled: bool) {
        gauge!("ckb_lockstep_enabled").set(f64::from(u8::from(enabled)));
    }
}

/// A machine ended a run.
#[cfg(feature = "ckb")]
pub(crate) fn ran(run: Run) {
    counter!("ckb_lockstep_runs", "engine" => run.engine()).increment(1);
    if run.native > 0 {
        counter!("ckb_lockstep_native_cycles").increment(run.native);
    }
    if run.charged > run.native {
        counter!("ckb_lockstep_interpreted_cycles").increment(run.charged - run.native);
    }
    for (cause, times) in run.exits.by_name() {
        if times > 0 {
            counter!("ckb_lockstep_exits", "cause" => cause).increment(times);
        }
    }
}

/// A machine does without native code.
pub(crate) fn fell_back(cause: Fallback) {
    counter!("ckb_lockstep_fallbacks", "cause" => cause.name()).increment(1);
}
