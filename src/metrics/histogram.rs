//! A histogram whose size does not depend on how much is recorded.
//!
//! The exporter's own keeps every sample until the next scrape: with one
//! sample per listener and group that is megabytes a second. This one has
//! fixed buckets, and many equal samples cost as much as one.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::HistogramFn;

/// Counts by upper bound; the last bucket has none.
pub(super) struct Buckets {
    bounds: &'static [f64],
    counts: Vec<AtomicU64>,
    sum_nanos: AtomicU64,
}

impl Buckets {
    /// Bounds in seconds, ascending.
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_nanos: AtomicU64::new(0),
        }
    }

    /// Writes Prometheus' text format. The count is the sum of the buckets
    /// that were read, so that both always agree.
    pub(super) fn render(&self, name: &str, help: &str, text: &mut String) {
        let mut total = 0;
        let mut lines = format!("# HELP {name} {help}\n# TYPE {name} histogram\n");
        for (index, count) in self.counts.iter().enumerate() {
            total += count.load(Ordering::Relaxed);
            let bound = self
                .bounds
                .get(index)
                .map_or("+Inf".to_owned(), ToString::to_string);
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{name}_bucket{{le=\"{bound}\"}} {total}");
        }
        let sum = Duration::from_nanos(self.sum_nanos.load(Ordering::Relaxed));
        let _ = writeln!(lines, "{name}_sum {}", sum.as_secs_f64());
        let _ = writeln!(lines, "{name}_count {total}");
        text.push_str(&lines);
    }
}

impl HistogramFn for Buckets {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    fn record_many(&self, value: f64, count: usize) {
        if !value.is_finite() {
            return;
        }
        let value = value.max(0.0);
        let count = count as u64;
        let index = self.bounds.partition_point(|bound| *bound < value);
        self.counts[index].fetch_add(count, Ordering::Relaxed);
        self.sum_nanos
            .fetch_add((value * 1e9) as u64 * count, Ordering::Relaxed);
    }
}
