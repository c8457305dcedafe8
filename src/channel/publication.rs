use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use skywave_wire::control::{Fault, Title};
use skywave_wire::{ChannelId, StreamId, mp3};
use tokio::sync::Notify;

use super::Channel;
use crate::supervision::Eviction;

/// A publisher's hold of a channel. Dropped without [`stop`](Self::stop), it
/// leaves the channel live for the grace period.
pub(crate) struct Publication {
    channel: Arc<Channel>,
    stream_id: StreamId,
    epoch: u64,
    resumed: bool,
    eviction: Arc<Eviction>,
    has_ingest: Cell<bool>,
    /// Bytes of the ingest stream that were taken, whether it has ended, and
    /// whoever waits for either.
    taken: Cell<u64>,
    ingest_ended: Cell<bool>,
    progress: Notify,
}

impl Publication {
    pub(super) fn new(
        channel: Arc<Channel>,
        stream_id: StreamId,
        epoch: u64,
        resumed: bool,
        eviction: Arc<Eviction>,
    ) -> Self {
        Self {
            channel,
            stream_id,
            epoch,
            resumed,
            eviction,
            has_ingest: Cell::new(false),
            taken: Cell::new(0),
            ingest_ended: Cell::new(false),
            progress: Notify::new(),
        }
    }

    pub(crate) fn stream_id(&self) -> StreamId {
        self.stream_id
    }

    /// The broadcast went on from an earlier publisher.
    pub(crate) fn resumed(&self) -> bool {
        self.resumed
    }

    /// A broadcast has one ingest stream: `true` to the first who asks.
    pub(crate) fn claim_ingest(&self) -> bool {
        !self.has_ingest.replace(true)
    }

    /// So many more bytes of the ingest stream were taken.
    pub(crate) fn advance(&self, bytes: u64) {
        self.taken.set(self.taken.get() + bytes);
        self.progress.notify_waiters();
    }

    /// The ingest stream has ended.
    pub(crate) fn end_ingest(&self) {
        self.ingest_ended.set(true);
        self.progress.notify_waiters();
    }

    /// Waits until so many bytes of the ingest stream were taken, or it has ended.
    pub(crate) async fn until_taken(&self, bytes: u64) {
        while self.taken.get() < bytes && !self.ingest_ended.get() {
            self.progress.notified().await;
        }
    }

    /// Waits until the ingest stream has ended.
    pub(crate) async fn until_ingest_ended(&self) {
        while !self.ingest_ended.get() {
            self.progress.notified().await;
        }
    }

    /// For when another session of the same owner takes the channel over, or an
    /// administrator ends the broadcast.
    pub(crate) fn eviction(&self) -> &Eviction {
        &self.eviction
    }

    pub(crate) fn channel_id(&self) -> &ChannelId {
        self.channel.id()
    }

    /// Puts frames on the air. Says how far they run ahead of real time.
    ///
    /// # Errors
    /// The broadcast has ended, or is another session's by now.
    pub(crate) fn push(&self, frames: Vec<mp3::Frame>) -> Result<Duration, Fault> {
        self.explained(self.channel.push(self.epoch, frames))
    }

    /// Sets the title, from the frame at this byte of the ingest on or at once.
    ///
    /// # Errors
    /// The channel is somebody else's by now, or too many titles wait.
    pub(crate) fn update_title(&self, title: Title, at_byte: Option<u64>) -> Result<(), Fault> {
        self.explained(self.channel.update_title(self.epoch, title, at_byte))
    }

    /// Goes off the air at once, for the reason that these words give.
    ///
    /// # Errors
    /// The broadcast has ended, or is another session's by now.
    pub(crate) fn stop(&self, words: &str) -> Result<(), Fault> {
        self.explained(self.channel.stop(self.epoch, words))
    }

    /// A publisher that had to go fails for that reason alone.
    fn explained<T>(&self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        outcome.map_err(|fault| self.eviction.why().unwrap_or(fault))
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        self.channel.lost(self.epoch);
    }
}
