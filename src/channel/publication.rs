use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use skywave_wire::control::{ErrorCode, Fault, Title};
use skywave_wire::{StreamId, mp3};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Channel;

/// A publisher's hold of a channel. Dropped without [`stop`](Self::stop), it
/// leaves the channel live for the grace period.
pub(crate) struct Publication {
    channel: Arc<Channel>,
    stream_id: StreamId,
    epoch: u64,
    resumed: bool,
    superseded: CancellationToken,
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
        superseded: CancellationToken,
    ) -> Self {
        Self {
            channel,
            stream_id,
            epoch,
            resumed,
            superseded,
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

    /// Ends when another session of the same owner takes the channel over.
    pub(crate) fn superseded(&self) -> &CancellationToken {
        &self.superseded
    }

    /// Puts frames on the air. Says how far they run ahead of real time.
    ///
    /// # Errors
    /// The channel is somebody else's by now.
    pub(crate) fn push(&self, frames: Vec<mp3::Frame>) -> Result<Duration, Fault> {
        self.channel.push(self.epoch, frames)
    }

    /// Sets the title, from the frame at this byte of the ingest on or at once.
    ///
    /// # Errors
    /// The channel is somebody else's by now, or too many titles wait.
    pub(crate) fn update_title(&self, title: Title, at_byte: Option<u64>) -> Result<(), Fault> {
        self.channel.update_title(self.epoch, title, at_byte)
    }

    /// Goes off the air at once.
    ///
    /// # Errors
    /// The channel is somebody else's by now.
    pub(crate) fn stop(&self) -> Result<(), Fault> {
        self.channel.stop(self.epoch)
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        self.channel.lost(self.epoch);
    }
}

/// What a publisher is told that another session took its channel from.
pub(crate) fn taken_over() -> Fault {
    Fault::new(
        ErrorCode::TakenOver,
        "another session of the same owner took the channel over",
    )
}
