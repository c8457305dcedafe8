//! The lines between the bench and this generator, as far as it needs them:
//! `bench/src/generator.rs` tells what they mean.

use std::path::PathBuf;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize, Serializer};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(crate) enum Order {
    Open {
        plan: Plan,
    },
    Join {
        listeners: usize,
        rate: f64,
    },
    Measure {
        seconds: f64,
        joins: usize,
        rate: f64,
        rebind: f64,
    },
}

#[derive(Deserialize)]
pub(crate) struct Plan {
    /// URL of the relay.
    pub(crate) address: String,
    pub(crate) material: PathBuf,
    pub(crate) channels: usize,
    /// Frames of a group.
    pub(crate) frames: usize,
}

#[derive(Serialize)]
#[serde(tag = "said", rename_all = "kebab-case")]
pub(crate) enum Report {
    Opened,
    Joined {
        listeners: usize,
        first_frame: Delays,
    },
    Began,
    Measured(Box<Heard>),
    Failed {
        why: String,
    },
}

#[derive(Default, Serialize)]
pub(crate) struct Heard {
    pub(crate) listeners: usize,
    pub(crate) delays: Delays,
    pub(crate) expected: u64,
    pub(crate) missing: u64,
    pub(crate) doubled: u64,
    pub(crate) bytes: u64,
    pub(crate) lost: u64,
    pub(crate) first_frame: Delays,
    pub(crate) failed_joins: u64,
    pub(crate) rebinds: u64,
    pub(crate) busy: f64,
    pub(crate) lag: Delays,
    pub(crate) seconds: f64,
}

/// Microseconds up to two minutes, at most 1% off.
#[derive(Clone)]
pub(crate) struct Delays(Histogram<u64>);

impl Default for Delays {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(120_000_000, 2);
        Self(histogram.expect("these bounds are among those allowed"))
    }
}

impl Delays {
    pub(crate) fn record(&mut self, delay: Duration) {
        self.0.saturating_record(delay.as_micros() as u64);
    }
}

impl Serialize for Delays {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Raw {
            counts: Vec<(u64, u64)>,
        }
        let buckets = self.0.iter_recorded();
        let counts = buckets
            .map(|bucket| {
                let count = bucket.count_since_last_iteration();
                (bucket.value_iterated_to(), count)
            })
            .collect();
        Raw { counts }.serialize(serializer)
    }
}
