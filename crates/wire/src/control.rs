//! Control messages: one JSON object a line, UTF-8, at most [`MAX_LINE_BYTES`].
//!
//! A client sends [`Request`]s, each answered by one `ok` or `error` line that
//! carries the request's `id` as `re`. The relay sends [`Event`]s in between.
//! Fields that a reader does not know are ignored.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::{ChannelId, FrameSeq, Handle, Revision, StreamId};

mod event;
mod lines;
mod request;
mod supervision;

pub use event::{Active, Event, Skipped};
pub use lines::{Cut, Lines};
pub use request::{Delivery, Hello, Join, Leave, Request, Start, Stop, UpdateMetadata};
pub use supervision::{
    AirState, Audience, EndSession, EndStream, ListSessions, MAX_LISTED_SESSIONS, MAX_TOLD_CHARS,
    MAX_WORDS_BYTES, Occurrence, OccurrenceKind, SessionState, Sessions, Status, StreamState, told,
};

/// The longest control line, without its line end, in bytes.
pub const MAX_LINE_BYTES: usize = 64 * 1024;

/// The highest `id` of a request: every JSON reader has whole numbers up to it.
pub const MAX_ID: u64 = 1 << 53;

/// The longest text in one field of a show or a title, in bytes.
pub const MAX_TEXT_BYTES: usize = 8 * 1024;

/// What a broadcast is called, as its owner said with `stream:start`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Show {
    /// The show's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_title: Option<String>,
    /// Who hosts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_name: Option<String>,
    /// The kind of show, in the platform's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_type: Option<String>,
}

/// What plays: the fields of a title.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Title {
    /// The track's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub track_name: Option<String>,
    /// The artist's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist_name: Option<String>,
    /// The album's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album_name: Option<String>,
}

/// A title with its place in the channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Higher is newer.
    pub revision: Revision,
    /// The first frame for which the title holds.
    pub seq: FrameSeq,
    /// The title.
    #[serde(flatten)]
    pub title: Title,
}

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// The protocol version that both speak from now on.
    pub version: String,
    /// The relay's name and version.
    pub server: String,
    /// The session's number, for logs and the relay's operators.
    pub session: u64,
    /// Who the session is.
    pub subject: String,
    /// What the session may do.
    pub role: String,
    /// When the token, and with it the session, ends: seconds of Unix time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// The answer to `stream:start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Goes into the header of the ingest stream.
    pub stream_id: StreamId,
    /// The channel went on from a publisher that was lost or is replaced.
    pub resumed: bool,
}

/// The answer to `stream:join`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// Stands for the channel in streams and datagrams.
    pub handle: Handle,
    /// A publisher is on the air.
    pub live: bool,
    /// The broadcast, while one is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_id: Option<StreamId>,
    /// How the audio comes.
    pub delivery: Delivery,
    /// The longest time that frames wait to be sent together, in ms.
    pub latency_ms: u64,
    /// Frames are to be played at their time plus this many ms.
    pub target_delay_ms: u64,
    /// The first frame that will come.
    pub next_seq: FrameSeq,
    /// The titles from that frame on, oldest first.
    pub metadata: Vec<Metadata>,
    /// Listeners of the channel, this one included.
    pub listeners: u64,
    /// What the broadcast is called.
    #[serde(flatten)]
    pub show: Show,
}

/// An error's code: stable, for programs. The words beside it are for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The line is no JSON object in UTF-8, or too long.
    Malformed,
    /// The message's type is unknown.
    UnknownType,
    /// A field is missing, of the wrong type or out of bounds.
    BadField,
    /// Something else came before `hello`, or a second `hello`.
    HelloExpected,
    /// No `hello` came in time.
    HelloTimeout,
    /// No protocol version in common.
    VersionUnsupported,
    /// The relay wants a token and none came.
    TokenMissing,
    /// The token cannot be trusted.
    TokenInvalid,
    /// The token has ended.
    TokenExpired,
    /// The token does not allow this.
    Forbidden,
    /// Nobody broadcasts on the channel, and the request did not want to wait.
    UnknownChannel,
    /// Another owner is on the air.
    ChannelBusy,
    /// The session is not on this channel.
    NotJoined,
    /// The session has joined this channel already.
    AlreadyJoined,
    /// The session does not publish on this channel.
    NotPublishing,
    /// Another session of the same owner took the channel over.
    TakenOver,
    /// An administrator ended the session, or the broadcast.
    EndedByAdmin,
    /// There is no session with this number.
    UnknownSession,
    /// The bytes of the ingest stream are not MP3.
    NotMp3,
    /// The header of a stream, or its place, is wrong.
    BadStream,
    /// Too many sessions, listeners, channels or streams.
    LimitReached,
    /// The session did not take what was sent to it.
    TooSlow,
    /// The relay is shutting down.
    Draining,
    /// The relay's own fault.
    Internal,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownType => "unknown-type",
            Self::BadField => "bad-field",
            Self::HelloExpected => "hello-expected",
            Self::HelloTimeout => "hello-timeout",
            Self::VersionUnsupported => "version-unsupported",
            Self::TokenMissing => "token-missing",
            Self::TokenInvalid => "token-invalid",
            Self::TokenExpired => "token-expired",
            Self::Forbidden => "forbidden",
            Self::UnknownChannel => "unknown-channel",
            Self::ChannelBusy => "channel-busy",
            Self::NotJoined => "not-joined",
            Self::AlreadyJoined => "already-joined",
            Self::NotPublishing => "not-publishing",
            Self::TakenOver => "taken-over",
            Self::EndedByAdmin => "ended-by-admin",
            Self::UnknownSession => "unknown-session",
            Self::NotMp3 => "not-mp3",
            Self::BadStream => "bad-stream",
            Self::LimitReached => "limit-reached",
            Self::TooSlow => "too-slow",
            Self::Draining => "draining",
            Self::Internal => "internal",
        }
    }
}

/// An error line: to a request, or of the session as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} ({})", code.as_str())]
pub struct Fault {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what was wrong, and where.
    pub message: String,
    /// The channel that an error without `re` is about, where it is about one.
    pub channel_id: Option<ChannelId>,
}

impl Fault {
    /// An error with its words.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            channel_id: None,
        }
    }

    /// The same, about this channel.
    #[must_use]
    pub fn on(self, channel_id: &ChannelId) -> Self {
        Self {
            channel_id: Some(channel_id.clone()),
            ..self
        }
    }
}

/// A request that could not be read: the fault, and the `id` where one was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The request's `id`.
    pub id: Option<u64>,
    /// What was wrong.
    pub fault: Fault,
}

/// Reads one line of a client: the request and its `id`.
///
/// # Errors
/// The line is malformed, its type unknown, or a field does not fit.
pub fn decode_request(line: &[u8]) -> Result<(Option<u64>, Request), Rejected> {
    let reject = |id, code, message: String| Rejected {
        id,
        fault: Fault::new(code, message),
    };
    let Envelope { kind, id, fields } =
        envelope(line).map_err(|unread| reject(unread.id, ErrorCode::Malformed, unread.why))?;
    if fields.get("id").is_some() && id.is_none() {
        let why = format!("{kind}: id is a whole number from 0 to 2^53");
        return Err(reject(None, ErrorCode::BadField, why));
    }
    match Request::from_fields(&kind, fields) {
        None => Err(reject(
            id,
            ErrorCode::UnknownType,
            format!("no message has the type {:?}", shorten(&kind)),
        )),
        Some(Err(why)) => Err(reject(id, ErrorCode::BadField, format!("{kind}: {why}"))),
        Some(Ok(request)) => Ok((id, request)),
    }
}

/// A line from the relay.
#[derive(Clone, Debug, PartialEq)]
pub enum FromRelay {
    /// The answer to request `re`: its fields.
    Ok {
        /// The request's `id`.
        re: Option<u64>,
        /// Read them with [`answer`].
        fields: Value,
    },
    /// A refusal of request `re`, or, without it, what is wrong with one channel or
    /// why the session ends.
    Error {
        /// The request's `id`.
        re: Option<u64>,
        /// What was wrong.
        fault: Fault,
    },
    /// Something happened.
    Event(Event),
    /// A type that this version does not know.
    Unknown(String),
}

/// Reads one line of the relay.
///
/// # Errors
/// Words that say why the line is no message of the relay.
pub fn decode_from_relay(line: &[u8]) -> Result<FromRelay, String> {
    let Envelope { kind, fields, .. } = envelope(line).map_err(|unread| unread.why)?;
    let re = fields.get("re").and_then(Value::as_u64);
    match kind.as_str() {
        "ok" => Ok(FromRelay::Ok { re, fields }),
        "error" => {
            let code = ErrorCode::deserialize(&fields["code"]).unwrap_or(ErrorCode::Internal);
            let message = fields["message"].as_str().unwrap_or_default();
            let fault = Fault {
                channel_id: ChannelId::deserialize(&fields["channelId"]).ok(),
                ..Fault::new(code, message)
            };
            Ok(FromRelay::Error { re, fault })
        }
        _ => match Event::from_fields(&kind, fields) {
            None => Ok(FromRelay::Unknown(kind)),
            Some(event) => event.map(FromRelay::Event),
        },
    }
}

/// Reads the fields of an `ok` answer.
///
/// # Errors
/// Words that say which field does not fit.
pub fn answer<T: DeserializeOwned>(fields: Value) -> Result<T, String> {
    serde_json::from_value(fields).map_err(|e| e.to_string())
}

/// An `ok` line for request `re`, with its line end.
pub fn encode_ok(re: Option<u64>, answer: &impl Serialize) -> String {
    line("ok", re.map(|re| ("re", re)), answer)
}

/// An `error` line, with its line end.
pub fn encode_error(re: Option<u64>, fault: &Fault) -> String {
    let mut fields = json!({"code": fault.code, "message": fault.message});
    if let (None, Some(channel_id)) = (re, &fault.channel_id) {
        fields["channelId"] = json!(channel_id);
    }
    line("error", re.map(|re| ("re", re)), &fields)
}

/// The line of a request, with its line end.
pub fn encode_request(id: u64, request: &Request) -> String {
    line(request.kind(), Some(("id", id)), &request.fields())
}

/// The line of an event, with its line end.
pub fn encode_event(event: &Event) -> String {
    line(event.kind(), None, &event.fields())
}

fn line(kind: &str, number: Option<(&str, u64)>, fields: &impl Serialize) -> String {
    let mut object = Map::new();
    object.insert("type".into(), kind.into());
    if let Some((name, number)) = number {
        object.insert(name.into(), number.into());
    }
    if let Ok(Value::Object(fields)) = serde_json::to_value(fields) {
        object.extend(fields);
    }
    let mut line = Value::Object(object).to_string();
    line.push('\n');
    line
}

/// What every message has.
struct Envelope {
    kind: String,
    /// The request's number, where it can be read.
    id: Option<u64>,
    fields: Value,
}

struct Unread {
    id: Option<u64>,
    why: String,
}

fn envelope(line: &[u8]) -> Result<Envelope, Unread> {
    let unread = |why: String| Unread { id: None, why };
    if line.len() > MAX_LINE_BYTES {
        return Err(unread(format!("a line has at most {MAX_LINE_BYTES} bytes")));
    }
    let text = std::str::from_utf8(line).map_err(|e| {
        unread(format!(
            "no UTF-8 after byte {} of the line",
            e.valid_up_to()
        ))
    })?;
    let value: Value = serde_json::from_str(text).map_err(|e| unread(format!("no JSON: {e}")))?;
    let Value::Object(fields) = value else {
        return Err(unread("a message is a JSON object".into()));
    };
    let id = fields.get("id").and_then(Value::as_u64);
    let id = id.filter(|id| *id <= MAX_ID);
    let Some(kind) = fields.get("type").and_then(Value::as_str) else {
        let why = "a message has a \"type\", a string".into();
        return Err(Unread { id, why });
    };
    Ok(Envelope {
        kind: kind.to_owned(),
        id,
        fields: Value::Object(fields),
    })
}

fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

/// A channel named in a message that has no other field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChannelField {
    channel_id: ChannelId,
}

#[cfg(test)]
mod tests;
