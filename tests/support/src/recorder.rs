//! A recorder for the facade `metrics` that renders the text of Prometheus.
//!
//! A program of its own would use `metrics-exporter-prometheus`. A CKB node has a page already, made
//! with another library, to which this text is to be added; for that a recorder of a hundred lines does.
//! Histograms have fixed bounds, good for seconds and bytes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

/// Upper bounds of the buckets.
const BOUNDS: [f64; 9] = [1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e4, 1e5, 1e6];

/// All metrics of a process, by name and labels.
#[derive(Debug, Default)]
pub struct Page {
    counters: Mutex<BTreeMap<String, Arc<Count>>>,
    gauges: Mutex<BTreeMap<String, Arc<Level>>>,
    histograms: Mutex<BTreeMap<String, Arc<Distribution>>>,
    descriptions: Mutex<BTreeMap<String, String>>,
}

#[derive(Debug, Default)]
struct Count(AtomicU64);

/// The bits of an `f64`.
#[derive(Debug, Default)]
struct Level(AtomicU64);

#[derive(Debug, Default)]
struct Distribution(Mutex<(f64, [u64; BOUNDS.len()], u64)>);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::Relaxed);
    }
}

impl Level {
    fn change(&self, change: impl Fn(f64) -> f64) {
        let change = |bits| Some(change(f64::from_bits(bits)).to_bits());
        // It always changes.
        let _ = (self.0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }

    fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl GaugeFn for Level {
    fn increment(&self, value: f64) {
        self.change(|level| level + value);
    }

    fn decrement(&self, value: f64) {
        self.change(|level| level - value);
    }

    fn set(&self, value: f64) {
        self.change(|_| value);
    }
}

impl HistogramFn for Distribution {
    fn record(&self, value: f64) {
        let (sum, buckets, count) = &mut *lock(&self.0);
        *sum += value;
        *count += 1;
        for (bucket, bound) in buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(value <= bound);
        }
    }
}

/// A metric with its labels, as the page shows it: `name{label="value"}`.
fn shown(key: &Key) -> String {
    let labels = key.labels();
    let labels: Vec<String> = labels
        .map(|label| format!("{}={:?}", label.key(), label.value()))
        .collect();
    match labels.is_empty() {
        true => key.name().to_owned(),
        false => format!("{}{{{}}}", key.name(), labels.join(",")),
    }
}

fn metric<M: Default>(metrics: &Mutex<BTreeMap<String, Arc<M>>>, key: &Key) -> Arc<M> {
    Arc::clone(lock(metrics).entry(shown(key)).or_default())
}

impl Recorder for Page {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(name, text);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(name, text);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, text: SharedString) {
        self.describe(name, text);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(metric(&self.counters, key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(metric(&self.gauges, key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(metric(&self.histograms, key))
    }
}

impl Page {
    fn describe(&self, name: KeyName, text: SharedString) {
        lock(&self.descriptions).insert(name.as_str().to_owned(), text.to_string());
    }

    /// The value of a counter with its labels, as the page shows it.
    pub fn counter(&self, metric: &str) -> Option<u64> {
        let counters = lock(&self.counters);
        counters
            .get(metric)
            .map(|count| count.0.load(Ordering::Relaxed))
    }

    /// The value of a gauge, if it was ever set.
    pub fn gauge(&self, name: &str) -> Option<f64> {
        lock(&self.gauges).get(name).map(|level| level.get())
    }

    /// Whether the page has a line of this metric.
    pub fn shows(&self, name: &str) -> bool {
        let is = |shown: &String| shown.split('{').next() == Some(name);
        lock(&self.counters).keys().any(is)
            || lock(&self.gauges).keys().any(is)
            || lock(&self.histograms).keys().any(is)
    }

    /// The page: Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut page = String::new();
        // Writing to a string does not fail.
        let mut last = String::new();
        let mut head = |page: &mut String, metric: &str, kind: &str| {
            let name = metric.split('{').next().unwrap_or_default();
            if name != last {
                if let Some(text) = lock(&self.descriptions).get(name) {
                    let _ = writeln!(page, "# HELP {name} {text}");
                }
                let _ = writeln!(page, "# TYPE {name} {kind}");
                name.clone_into(&mut last);
            }
        };
        for (metric, count) in &*lock(&self.counters) {
            head(&mut page, metric, "counter");
            let _ = writeln!(page, "{metric} {}", count.0.load(Ordering::Relaxed));
        }
        for (metric, level) in &*lock(&self.gauges) {
            head(&mut page, metric, "gauge");
            let _ = writeln!(page, "{metric} {}", level.get());
        }
        for (metric, distribution) in &*lock(&self.histograms) {
            head(&mut page, metric, "histogram");
            let (sum, buckets, count) = *lock(&distribution.0);
            for (bucket, bound) in buckets.iter().zip(BOUNDS) {
                let _ = writeln!(page, "{metric}_bucket{{le=\"{bound}\"}} {bucket}");
            }
            let _ = writeln!(page, "{metric}_bucket{{le=\"+Inf\"}} {count}");
            let _ = writeln!(page, "{metric}_sum {sum}");
            let _ = writeln!(page, "{metric}_count {count}");
        }
        page
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
