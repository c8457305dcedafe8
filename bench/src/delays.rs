//! Delays in microseconds, as a histogram that travels in JSON.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Of values up to 2 minutes, with two significant digits (at most 1% off).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delays(Histogram<u64>);

const MOST: u64 = 120_000_000;
const DIGITS: u8 = 2;

impl Default for Delays {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(MOST, DIGITS);
        Self(histogram.expect("these bounds are among those allowed"))
    }
}

impl Delays {
    /// Longer ones count as the longest.
    pub(crate) fn record(&mut self, delay: Duration) {
        self.0.saturating_record(delay.as_micros() as u64);
    }

    /// Takes in what another one recorded.
    pub(crate) fn add(&mut self, other: &Self) {
        self.0
            .add(&other.0)
            .expect("all of them have the same bounds");
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// In ms; 0 where nothing was recorded. `quantile` from 0 to 1.
    pub(crate) fn ms(&self, quantile: f64) -> f64 {
        if self.0.is_empty() {
            return 0.0;
        }
        self.0.value_at_quantile(quantile) as f64 / 1e3
    }

    /// Highest value of each bucket in use, in µs, and how many lie in it.
    fn counts(&self) -> Vec<(u64, u64)> {
        self.0
            .iter_recorded()
            .map(|bucket| {
                (
                    bucket.value_iterated_to(),
                    bucket.count_since_last_iteration(),
                )
            })
            .collect()
    }
}

#[derive(Serialize, Deserialize)]
struct Raw {
    counts: Vec<(u64, u64)>,
}

impl Serialize for Delays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = self.counts();
        Raw { counts }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Delays {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut delays = Self::default();
        for (micros, count) in Raw::deserialize(deserializer)?.counts {
            delays.0.saturating_record_n(micros, count);
        }
        Ok(delays)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(millis: impl IntoIterator<Item = u64>) -> Delays {
        let mut delays = Delays::default();
        for ms in millis {
            delays.record(Duration::from_millis(ms));
        }
        delays
    }

    #[test]
    fn two_runs_together_are_as_one_run() {
        let mut merged = of(1..=600);
        merged.add(&of(601..=1000));
        assert_eq!(merged, of(1..=1000));
        assert_eq!(merged.count(), 1000);
        assert!((merged.ms(0.5) - 500.0).abs() < 5.0, "{}", merged.ms(0.5));
        assert!(
            (merged.ms(0.99) - 990.0).abs() < 10.0,
            "{}",
            merged.ms(0.99)
        );
    }

    #[test]
    fn json_keeps_it_as_it_is() {
        let delays = of([0, 1, 1, 37, 5_000, 100_000]);
        let text = serde_json::to_string(&delays).expect("JSON");
        let back: Delays = serde_json::from_str(&text).expect("the same JSON");
        assert_eq!(back, delays);
    }

    #[test]
    fn nothing_recorded_is_zero_and_beyond_the_end_is_the_end() {
        assert_eq!(Delays::default().ms(0.99), 0.0);
        let late = of([10_000_000]);
        assert_eq!(late.count(), 1);
        assert!(late.ms(1.0) >= 119_000.0);
    }
}
