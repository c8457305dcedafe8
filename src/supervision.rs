//! What administrators see of the relay, and do to it: the table of sessions, and
//! those who watch.
//!
//! Sessions enter themselves here and watch, list and end each other by it;
//! channels say what happened. A task of its own looks at the channels once a
//! second, if anybody watches. Shards do no more for it than to add to a number
//! once a round of visits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use skywave_wire::control::{Event, Occurrence, Status, encode_event};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::clock::unix_millis;
use crate::metrics::Metrics;
use crate::relay::{Relay, SERVER};
use watchers::Watchers;

mod eviction;
mod fit;
mod occurrences;
mod path;
mod sessions;
mod watchers;

pub(crate) use eviction::{Eviction, ended_by_admin};
pub(crate) use fit::{fitting, in_lines};
pub(crate) use occurrences::{About, Occurrences};
pub(crate) use path::Path;
pub(crate) use sessions::{Hearing, Profile, SessionEntry, SessionTable};
pub(crate) use watchers::Watch;

/// How often watchers are told how the relay does.
const SECOND: Duration = Duration::from_secs(1);

pub(crate) struct Supervision {
    started_at: u64,
    sessions: Arc<SessionTable>,
    watchers: Arc<Watchers>,
    occurrences: Occurrences,
    bytes_out: AtomicU64,
}

impl Supervision {
    /// With the end at which [`run`] takes what happens.
    pub(crate) fn new(metrics: &Metrics) -> (Self, mpsc::Receiver<Occurrence>) {
        let watchers = Arc::new(Watchers::new(metrics.drops("watch-unread")));
        let (occurrences, occurrences_rx) = Occurrences::new(watchers.clone());
        let supervision = Self {
            started_at: unix_millis(),
            sessions: Arc::new(SessionTable::new(occurrences.clone())),
            watchers,
            occurrences,
            bytes_out: AtomicU64::new(0),
        };
        (supervision, occurrences_rx)
    }

    pub(crate) fn sessions(&self) -> &Arc<SessionTable> {
        &self.sessions
    }

    pub(crate) fn occurrences(&self) -> &Occurrences {
        &self.occurrences
    }

    /// So many more bytes of audio were handed to listeners.
    pub(crate) fn sent(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Somebody watches for as long as the watch lives.
    pub(crate) fn watch(&self) -> Watch {
        Watchers::add(&self.watchers)
    }

    fn look(&self, relay: &Relay) {
        self.watchers.missed(self.occurrences.take_lost());
        if self.watchers.none() {
            return;
        }
        let now = relay.clock.now();
        let channels = relay.directory.channels();
        let mut streams: Vec<_> = channels.iter().filter_map(|c| c.state(now)).collect();
        streams.sort_by(|a, b| a.channel_id.cmp(&b.channel_id));
        let status = Event::Status(Status {
            server: SERVER.to_owned(),
            started_at: self.started_at,
            now: unix_millis(),
            sessions: self.sessions.len() as u64,
            listeners: channels.iter().map(|channel| channel.listeners()).sum(),
            streams: streams.len() as u64,
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
        });
        let mut lines: Vec<Arc<str>> = vec![encode_event(&status).into()];
        lines.extend(in_lines(streams, |streams, last| Event::Streams {
            streams,
            last,
        }));
        self.watchers.snapshot(&lines.into());
    }
}

/// Tells the watchers how the relay does and what happens, for as long as the
/// relay runs.
pub(crate) async fn run(relay: Arc<Relay>, mut occurrences_rx: mpsc::Receiver<Occurrence>) {
    let supervision = &relay.supervision;
    let mut seconds = interval(SECOND);
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = seconds.tick() => supervision.look(&relay),
            Some(occurrence) = occurrences_rx.recv() => {
                supervision.watchers.event(encode_event(&Event::Occurred(occurrence)).into());
            }
        }
    }
}
