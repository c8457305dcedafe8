//! What those who supervise a relay ask for and are told.

use serde::{Deserialize, Serialize};

use super::{Delivery, Show};
use crate::{ChannelId, StreamId};

/// The longest `message` of [`EndSession`] and [`EndStream`], in bytes: as long as
/// the words of a WebTransport session's end (draft-ietf-webtrans-http3, section 5).
pub const MAX_WORDS_BYTES: usize = 1_024;

/// Sessions in one answer to `session:list`, at the most.
pub const MAX_LISTED_SESSIONS: usize = 100;

/// The longest text in what supervisors are told, in characters. Longer ones are
/// cut, so that whatever is told of one stream or session fits a line.
pub const MAX_TOLD_CHARS: usize = 256;

/// A text as supervisors are told it: at most [`MAX_TOLD_CHARS`], the rest cut.
pub fn told(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(MAX_TOLD_CHARS)
        .collect()
}

/// The fields of `session:list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListSessions {
    /// Those that publish on this channel or listen to it; without it, all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// Those with a higher number than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// The fields of `session:end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndSession {
    /// The session's number.
    pub session: u64,
    /// Words for whoever is at the other end, at most [`MAX_WORDS_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The fields of `stream:end`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndStream {
    /// The channel to take off the air.
    pub channel_id: ChannelId,
    /// Words for the publisher, at most [`MAX_WORDS_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The answer to `session:list`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sessions {
    /// By number, lowest first; at most [`MAX_LISTED_SESSIONS`].
    pub sessions: Vec<SessionState>,
    /// There are others after the last one.
    pub more: bool,
}

/// One session. Where the list is of one channel, `publishing`, `listening` and
/// what follows are of that channel alone; else of all that it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionState {
    /// Its number.
    pub session: u64,
    /// Who it is.
    pub subject: String,
    /// What it may do.
    pub role: String,
    /// The client's name and version, as it said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The client's address and port, as the relay sees them now.
    pub address: String,
    /// When it began, ms of Unix time.
    pub since: u64,
    /// It is on the air.
    pub publishing: bool,
    /// It listens.
    pub listening: bool,
    /// How audio comes to it; not where it listens to several channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// How long it lets frames wait, in ms; not where it listens to several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// QUIC's smoothed round trip, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<u64>,
    /// Frames that it was too slow to take, since it joined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_frames: Option<u64>,
}

/// How many listen to a channel: an element of `streams:listeners`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Audience {
    /// The channel.
    pub channel_id: ChannelId,
    /// Listeners now.
    pub listeners: u64,
}

/// `relay:status`: the relay as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The relay's name and version.
    pub server: String,
    /// When it started, ms of Unix time.
    pub started_at: u64,
    /// When this was true, ms of Unix time.
    pub now: u64,
    /// Sessions that have said `hello`.
    pub sessions: u64,
    /// Listeners of all channels.
    pub listeners: u64,
    /// Broadcasts on the air.
    pub streams: u64,
    /// Bytes of audio handed to listeners since the start.
    pub bytes_out: u64,
}

/// One broadcast that is on the air: an element of `relay:streams`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamState {
    /// The channel.
    pub channel_id: ChannelId,
    /// The broadcast.
    pub stream_id: StreamId,
    /// Whose it is.
    pub subject: String,
    /// The publisher's session, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// What it is called.
    #[serde(flatten)]
    pub show: Show,
    /// Since when, ms of Unix time.
    pub started_at: u64,
    /// Whether the publisher is there.
    pub state: AirState,
    /// The audio that came in the last seconds, in kbit/s.
    pub kbps: u64,
    /// How long ago the last frame came, in ms.
    pub lag_ms: u64,
    /// Listeners now.
    pub listeners: u64,
    /// Frames that listeners were too slow to take, each counted for each, since
    /// the broadcast began.
    pub skipped_frames: u64,
    /// What plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_name: Option<String>,
    /// Who plays it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist_name: Option<String>,
}

/// Whether a broadcast's publisher is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AirState {
    /// It is.
    Live,
    /// It was lost, and has its grace period to return.
    Waiting,
    /// A state of a later version.
    #[serde(other)]
    Other,
}

/// `relay:event`: something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// When, ms of Unix time.
    pub at: u64,
    /// What.
    pub kind: OccurrenceKind,
    /// The channel that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_id: Option<ChannelId>,
    /// The session that it concerns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Who that session is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The same in words, for people.
    pub message: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OccurrenceKind {
    /// A session said `hello` and was let in.
    SessionBegan,
    /// Such a session ended.
    SessionEnded,
    /// A channel went on the air.
    StreamStarted,
    /// A channel went off the air.
    StreamStopped,
    /// A publisher went without a word.
    PublisherLost,
    /// It came back in time.
    PublisherReturned,
    /// Another session of the same owner became the publisher.
    TakenOver,
    /// A client, or what it asked for, was refused.
    Refused,
    /// Some of these were left out, since this watcher read too slowly.
    Dropped,
    /// A kind of a later version.
    #[serde(other)]
    Other,
}
