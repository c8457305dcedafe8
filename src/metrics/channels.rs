//! Numbers by channel. They live and die with the channel: a recorder that
//! is made for one scrape holds just those that are live at that moment, so
//! that channels of long ago neither show nor cost.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{describe_gauge, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

/// The live channels.
#[derive(Default)]
pub(super) struct Channels {
    live: Mutex<Live>,
}

#[derive(Default)]
struct Live {
    next: u64,
    entries: HashMap<u64, Entry>,
}

struct Entry {
    id: String,
    listeners: Arc<AtomicU64>,
}

impl Channels {
    pub(super) fn render(&self, text: &mut String) {
        let recorder = PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, || {
            describe_gauge!("skywave_channels", "Channels live now.");
            describe_gauge!("skywave_listeners", "Listeners of a live channel.");
            let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
            // Two of one name exist for a moment at a handover.
            let ids: HashSet<&str> = live
                .entries
                .values()
                .map(|entry| entry.id.as_str())
                .collect();
            gauge!("skywave_channels").set(ids.len() as f64);
            for entry in live.entries.values() {
                gauge!("skywave_listeners", "channel" => entry.id.clone())
                    .increment(entry.listeners.load(Ordering::Relaxed) as f64);
            }
        });
        text.push_str(&recorder.handle().render());
    }
}

/// Shows one live channel; dropping it takes the channel off.
pub struct ChannelGauge {
    channels: Arc<Channels>,
    key: u64,
    listeners: Arc<AtomicU64>,
}

impl ChannelGauge {
    pub(super) fn new(channels: Arc<Channels>, id: &str) -> Self {
        let listeners = Arc::<AtomicU64>::default();
        let key = {
            let mut live = channels.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.next += 1;
            let key = live.next;
            live.entries.insert(
                key,
                Entry {
                    id: id.to_owned(),
                    listeners: Arc::clone(&listeners),
                },
            );
            key
        };
        Self {
            channels,
            key,
            listeners,
        }
    }

    /// Sets how many listen.
    pub fn set(&self, listeners: u64) {
        self.listeners.store(listeners, Ordering::Relaxed);
    }
}

impl Drop for ChannelGauge {
    fn drop(&mut self) {
        self.channels
            .live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entries
            .remove(&self.key);
    }
}
