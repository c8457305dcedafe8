//! The table of sessions, by number. Each session holds its entry; dropping it
//! takes the session off.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use skywave_wire::ChannelId;
use skywave_wire::control::{
    Delivery, MAX_LISTED_SESSIONS, OccurrenceKind, SessionState, Sessions, told,
};

use super::{About, Eviction, Occurrences, Path, fitting};
use crate::clock::unix_millis;
use crate::token::Role;

/// Sessions looked at under the table's lock at once.
const AT_ONCE: usize = 256;

pub(crate) struct SessionTable {
    sessions: Mutex<BTreeMap<u64, Arc<Record>>>,
    occurrences: Occurrences,
}

/// Who a session is.
pub(crate) struct Profile {
    pub(crate) number: u64,
    pub(crate) subject: String,
    pub(crate) role: Role,
    pub(crate) client: Option<String>,
    pub(crate) path: Arc<Path>,
}

/// How a session listens to one channel.
#[derive(Clone, Debug)]
pub(crate) struct Hearing {
    pub(crate) delivery: Delivery,
    pub(crate) latency_ms: u64,
    /// Frames that it was too slow to take.
    pub(crate) skipped: Arc<AtomicU64>,
}

/// A session's place in the table.
pub(crate) struct SessionEntry {
    record: Arc<Record>,
    table: Arc<SessionTable>,
    /// Why the session ends, where the relay knows.
    words: RefCell<Option<String>>,
}

struct Record {
    profile: Profile,
    since: u64,
    eviction: Eviction,
    channels: Mutex<BTreeMap<ChannelId, Part>>,
}

/// What a session does on one channel.
#[derive(Clone, Debug, Default)]
struct Part {
    publishing: bool,
    hearing: Option<Hearing>,
}

impl SessionTable {
    pub(super) fn new(occurrences: Occurrences) -> Self {
        Self {
            sessions: Mutex::default(),
            occurrences,
        }
    }

    /// A session was let in.
    pub(crate) fn enter(self: &Arc<Self>, profile: Profile) -> SessionEntry {
        let record = Arc::new(Record {
            profile,
            since: unix_millis(),
            eviction: Eviction::default(),
            channels: Mutex::default(),
        });
        lock(&self.sessions).insert(record.profile.number, record.clone());
        self.tell(OccurrenceKind::SessionBegan, &record.profile, || {
            let Profile {
                subject,
                role,
                client,
                ..
            } = &record.profile;
            let client = client.as_deref().unwrap_or("a client without a name");
            format!("{} came as {} with {client}", told(subject), role.name())
        });
        SessionEntry {
            record,
            table: self.clone(),
            words: RefCell::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.sessions).len()
    }

    /// The sessions after this number, of a channel or of all, as many as one
    /// answer takes.
    pub(crate) async fn list(&self, channel: Option<&ChannelId>, after: Option<u64>) -> Sessions {
        let mut sessions = Vec::new();
        let mut after = after;
        loop {
            let records = self.some_after(after);
            let read_all = records.len() < AT_ONCE;
            after = records.last().map(|record| record.profile.number);
            let states = records.iter().filter_map(|record| record.state(channel));
            sessions.extend(states.take(MAX_LISTED_SESSIONS + 1 - sessions.len()));
            if read_all || sessions.len() > MAX_LISTED_SESSIONS {
                break;
            }
            // Others on this thread have their turn.
            tokio::task::yield_now().await;
        }
        let fit = fitting(&sessions).min(MAX_LISTED_SESSIONS);
        let more = sessions.len() > fit;
        sessions.truncate(fit);
        Sessions { sessions, more }
    }

    /// The eviction of the session with this number, if there is one.
    pub(crate) fn end(&self, number: u64, why: skywave_wire::control::Fault) -> bool {
        let record = lock(&self.sessions).get(&number).cloned();
        if let Some(record) = &record {
            record.eviction.evict(why);
        }
        record.is_some()
    }

    fn some_after(&self, after: Option<u64>) -> Vec<Arc<Record>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let sessions = lock(&self.sessions);
        let records = sessions.range((from, Bound::Unbounded)).take(AT_ONCE);
        records.map(|(_, record)| record.clone()).collect()
    }

    fn tell(&self, kind: OccurrenceKind, profile: &Profile, words: impl FnOnce() -> String) {
        let about = About {
            channel: None,
            session: Some(profile.number),
            subject: Some(&profile.subject),
        };
        self.occurrences.tell(kind, about, words);
    }
}

impl SessionEntry {
    pub(crate) fn eviction(&self) -> &Eviction {
        &self.record.eviction
    }

    pub(crate) fn subject(&self) -> &str {
        &self.record.profile.subject
    }

    /// Why the session ends.
    pub(crate) fn ends(&self, words: &str) {
        self.words.replace(Some(words.to_owned()));
    }

    pub(crate) fn publishes(&self, channel: &ChannelId, publishing: bool) {
        self.change(channel, |part| part.publishing = publishing);
    }

    pub(crate) fn listens(&self, channel: &ChannelId, hearing: Option<Hearing>) {
        self.change(channel, |part| part.hearing = hearing);
    }

    fn change(&self, channel: &ChannelId, change: impl FnOnce(&mut Part)) {
        let mut channels = lock(&self.record.channels);
        let part = channels.entry(channel.clone()).or_default();
        change(part);
        if !part.publishing && part.hearing.is_none() {
            channels.remove(channel);
        }
    }
}

impl Drop for SessionEntry {
    fn drop(&mut self) {
        let profile = &self.record.profile;
        lock(&self.table.sessions).remove(&profile.number);
        let words = self.words.take();
        self.table.tell(OccurrenceKind::SessionEnded, profile, || {
            words.unwrap_or_else(|| "the client went".to_owned())
        });
    }
}

impl Record {
    /// As administrators see it; `None` where it does nothing on `channel`.
    fn state(&self, channel: Option<&ChannelId>) -> Option<SessionState> {
        let parts: Vec<Part> = {
            let channels = lock(&self.channels);
            match channel {
                Some(channel) => vec![channels.get(channel)?.clone()],
                None => channels.values().cloned().collect(),
            }
        };
        let hearings: Vec<_> = parts.iter().filter_map(|p| p.hearing.as_ref()).collect();
        let only = match hearings[..] {
            [only] => Some(only),
            _ => None,
        };
        let skipped = hearings.iter().map(|h| h.skipped.load(Ordering::Relaxed));
        let Profile {
            number,
            subject,
            role,
            client,
            path,
        } = &self.profile;
        Some(SessionState {
            session: *number,
            subject: told(subject),
            role: role.name().to_owned(),
            client: client.as_deref().map(told),
            address: path.address().to_string(),
            since: self.since,
            publishing: parts.iter().any(|part| part.publishing),
            listening: !hearings.is_empty(),
            delivery: only.map(|hearing| hearing.delivery),
            latency_ms: only.map(|hearing| hearing.latency_ms),
            round_trip_ms: Some(path.round_trip_millis()),
            skipped_frames: (!hearings.is_empty()).then(|| skipped.sum()),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no call panics while it holds the lock")
}
