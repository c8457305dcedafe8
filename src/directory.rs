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

/// How often channels are looked after.
const PULSE: Duration = Duration::from_millis(50);

/// The table of channels, shared by all shards.
pub(crate) struct Directory {
    settings: config::Channels,
    clock: Clock,
    shards: Arc<[ShardLink]>,
    metrics: Metrics,
    channels: Mutex<HashMap<ChannelId, Arc<Channel>>>,
    next_handle: AtomicU64,
}

impl Directory {
    pub(crate) fn new(
        settings: config::Channels,
        clock: Clock,
        shards: Arc<[ShardLink]>,
        metrics: Metrics,
    ) -> Self {
        Self {
            settings,
            clock,
            shards,
            metrics,
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
            ));
        }
        let channel = Arc::new(Channel::new(
            id.clone(),
            Handle(self.next_handle.fetch_add(1, Ordering::Relaxed)),
            self.settings.clone(),
            self.clock,
            self.shards.clone(),
            self.metrics.clone(),
        ));
        channels.insert(id.clone(), channel.clone());
        Ok(channel)
    }

    /// Everything on the air, by name.
    pub(crate) fn active(&self) -> Vec<Active> {
        let channels: Vec<_> = self.lock().values().cloned().collect();
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
        let channels: Vec<_> = self.lock().values().cloned().collect();
        for channel in channels {
            channel.end_now();
        }
    }

    /// Looks after the channels for as long as the relay runs.
    pub(crate) async fn tend(&self) {
        let mut pulse = tokio::time::interval(PULSE);
        pulse.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            pulse.tick().await;
            let channels: Vec<_> = self.lock().values().cloned().collect();
            for channel in &channels {
                channel.tend();
            }
            drop(channels);
            self.remove_vacant();
        }
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
