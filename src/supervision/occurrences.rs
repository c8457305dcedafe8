//! The way of what happens to those who watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use skywave_wire::ChannelId;
use skywave_wire::control::{Occurrence, OccurrenceKind, told};
use tokio::sync::mpsc;

use super::watchers::Watchers;
use crate::clock::unix_millis;

/// Occurrences on their way to the watchers' own queues. Past it they are dropped,
/// and the watchers are told how many.
const CAPACITY: usize = 1_024;

/// Takes what happens, from any thread, without waiting. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Occurrences {
    occurrences_tx: mpsc::Sender<Occurrence>,
    watchers: Arc<Watchers>,
    lost: Arc<AtomicU64>,
}

/// Whom or what an occurrence concerns.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About<'a> {
    pub(crate) channel: Option<&'a ChannelId>,
    pub(crate) session: Option<u64>,
    pub(crate) subject: Option<&'a str>,
}

impl Occurrences {
    pub(super) fn new(watchers: Arc<Watchers>) -> (Self, mpsc::Receiver<Occurrence>) {
        let (occurrences_tx, occurrences_rx) = mpsc::channel(CAPACITY);
        let occurrences = Self {
            occurrences_tx,
            watchers,
            lost: Arc::default(),
        };
        (occurrences, occurrences_rx)
    }

    /// Something happened. Where nobody watches, that is all.
    pub(crate) fn tell(
        &self,
        kind: OccurrenceKind,
        about: About<'_>,
        words: impl FnOnce() -> String,
    ) {
        if self.watchers.none() {
            return;
        }
        let occurrence = Occurrence {
            at: unix_millis(),
            kind,
            channel_id: about.channel.cloned(),
            session: about.session,
            subject: about.subject.map(told),
            message: told(&words()),
        };
        if self.occurrences_tx.try_send(occurrence).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What was dropped since the last call.
    pub(super) fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}
