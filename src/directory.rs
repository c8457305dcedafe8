//! Which channels there are. One process keeps the whole table by itself.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use skywave_wire::control::{Active, ErrorCode, Event, Fault, encode_event};
use skywave_wire::{ChannelId, Handle};

use crate::channel::Channel;
use crate::clock::Clock;
use crate::config;
use crate::metrics::Metrics;
use crate::shard::{ShardLink, ShardMessage};
use crate::supervision::Occurrences;
use counts::Counts;

mod counts;

pub(crate) use counts::CountsWatch;

/// How often channels are looked after.
const PULSE: Duration = Duration::from_millis(50);
/// How often the sessions that watch are told how many listen.
const COUNTS: Duration = Duration::from_secs(1);

/// The table of channels, shared by all shards.
pub(crate) struct Directory {
    settings: config::Channels,
    clock: Clock,
    shards: Arc<[ShardLink]>,
    metrics: Metrics,
    occurrences: Occurrences,
    counts: Arc<Counts>,
    channels: Mutex<HashMap<ChannelId, Arc<Channel>>>,
    next_handle: AtomicU64,
}

impl Directory {
    pub(crate) fn new(
        settings: config::Channels,
        clock: Clock,
        shards: Arc<[ShardLink]>,
        metrics: Metrics,
        occurrences: Occurrences,
    ) -> Self {
        Self {
            settings,
            clock,
            shards,
            metrics,
            occurrences,
            counts: Arc::default(),
            channels: Mutex::default(),
            next_handle: AtomicU64::new(1),
        }
    }

    /// The channel, if there is one.
    pub(crate) fn find(&self, id: &ChannelId) -> Option<Arc<Channel>> {
        self.lock().get(id).cloned()
    }

    /// The channel, made if there is none yet.
    ///
    /// # Errors
    /// There are as many channels as the relay may have.
    pub(crate) fn find_or_create(&self, id: &ChannelId) -> Result<Arc<Channel>, Fault> {
        let mut channels = self.lock();
        if let Some(channel) = channels.get(id) {
            return Ok(channel.clone());
        }
        if channels.len() >= self.settings.max {
            return Err(Fault::new(
                ErrorCode::LimitReached,
                format!(
                    "the relay has {} channels, and no more are allowed",
                    self.settings.max
                ),
            )
            .on(id));
        }
        let channel = Arc::new(Channel::new(
            id.clone(),
            Handle(self.next_handle.fetch_add(1, Ordering::Relaxed)),
            self.settings.clone(),
            self.clock,
            self.shards.clone(),
            self.metrics.clone(),
            self.occurrences.clone(),
        ));
        channels.insert(id.clone(), channel.clone());
        Ok(channel)
    }

    /// Every channel, on the air or not, in no order.
    pub(crate) fn channels(&self) -> Vec<Arc<Channel>> {
        self.lock().values().cloned().collect()
    }

    /// A session wants to be told how many listen to each channel, for as long as
    /// this lives.
    pub(crate) fn watch_counts(&self) -> CountsWatch {
        Counts::watch(&self.counts)
    }

    /// A session that watches is new, or has missed some of what it was told.
    pub(crate) fn tell_counts_again(&self) {
        self.counts.tell_all_again();
    }

    /// Everything on the air, by name.
    pub(crate) fn active(&self) -> Vec<Active> {
        let channels = self.channels();
        let mut active: Vec<_> = channels.iter().filter_map(|c| c.active()).collect();
        active.sort_by(|a, b| a.channel_id.cmp(&b.channel_id));
        active
    }

    /// Tells every session.
    pub(crate) fn announce(&self, event: &Event) {
        let line: Arc<str> = encode_event(event).into();
        for shard in self.shards.iter() {
            shard.send(ShardMessage::Announce(line.clone()));
        }
    }

    /// Ends every broadcast: the relay drains.
    pub(crate) fn end_all(&self) {
        for channel in self.channels() {
            channel.end_now();
        }
    }

    /// Looks after the channels for as long as the relay runs.
    pub(crate) async fn tend(&self) {
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut counts = tokio::time::interval(COUNTS);
        counts.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = pulse.tick() => {
                    for channel in self.channels() {
                        channel.tend();
                    }
                    self.remove_vacant();
                }
                _ = counts.tick() => self.tell_counts(),
            }
        }
    }

    fn tell_counts(&self) {
        if self.counts.nobody_watches() {
            return;
        }
        let channels = self.channels();
        let mut audiences: Vec<_> = channels.iter().filter_map(|c| c.audience()).collect();
        audiences.sort_by(|a, b| a.channel_id.cmp(&b.channel_id));
        self.counts.tell(audiences, &self.shards);
    }

    /// A channel that is off the air, and that only the table holds, goes:
    /// listeners and publishers hold theirs.
    fn remove_vacant(&self) {
        self.lock()
            .retain(|_, channel| Arc::strong_count(channel) > 1 || channel.is_on_the_air());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ChannelId, Arc<Channel>>> {
        self.channels
            .lock()
            .expect("no call panics while it holds the lock")
    }
}
