//! The way from channels into a shard's thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use skywave_wire::control::Metadata;
use skywave_wire::group::Frame;
use skywave_wire::{Handle, Micros, Revision};
use tokio::sync::mpsc;

/// Messages that wait for one shard. It drains them all in each turn, so a full
/// queue means that the shard's thread stands still; then messages are dropped,
/// counted, and the shard sees the hole in the sequence.
const CAPACITY: usize = 8192;

/// What a shard is told.
#[derive(Clone, Debug)]
pub(crate) enum ShardMessage {
    /// The next frames of a channel. They follow each other.
    Frames {
        handle: Handle,
        frames: Arc<[Frame]>,
        received: Micros,
    },
    /// A channel has another title.
    Metadata(Handle, Arc<Metadata>),
    /// A channel has so many listeners.
    Count(Handle, Revision, u64),
    /// A line for the channel's listeners; with `flush`, frames that wait to be
    /// sent together are sent before.
    Tell {
        handle: Handle,
        line: Arc<str>,
        flush: bool,
    },
    /// A line for every session.
    Announce(Arc<str>),
    /// Lines for the sessions that watch how many listen: what has changed, and
    /// everything where some have to be told all of it.
    Audiences {
        changed: Arc<[Arc<str>]>,
        all: Option<Arc<[Arc<str>]>>,
    },
}

/// Names a shard: its place in the list of shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShardId(pub(crate) usize);

/// The sending end of a shard's queue.
#[derive(Clone, Debug)]
pub(crate) struct ShardLink {
    messages_tx: mpsc::Sender<ShardMessage>,
    overload: Arc<AtomicU64>,
}

impl ShardLink {
    pub(crate) fn new() -> (Self, mpsc::Receiver<ShardMessage>) {
        let (messages_tx, messages_rx) = mpsc::channel(CAPACITY);
        let link = Self {
            messages_tx,
            overload: Arc::default(),
        };
        (link, messages_rx)
    }

    /// Hands the message over without waiting; says whether there was room.
    pub(crate) fn send(&self, message: ShardMessage) -> bool {
        let sent = self.messages_tx.try_send(message).is_ok();
        if !sent {
            self.overload.fetch_add(1, Ordering::Relaxed);
        }
        sent
    }

    /// Messages that were dropped since the last call.
    pub(crate) fn take_overload(&self) -> u64 {
        self.overload.swap(0, Ordering::Relaxed)
    }
}
