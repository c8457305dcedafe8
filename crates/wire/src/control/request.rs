use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{EndSession, EndStream, ListSessions, MAX_TEXT_BYTES, MAX_WORDS_BYTES, Show, Title};
use crate::ChannelId;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `hello`: comes first.
    Hello(Hello),
    /// `stream:start`: go on the air.
    Start(Start),
    /// `stream:stop`: go off the air.
    Stop(Stop),
    /// `stream:update-metadata`: another title.
    UpdateMetadata(UpdateMetadata),
    /// `stream:join`: listen.
    Join(Join),
    /// `stream:leave`: listen no more.
    Leave(Leave),
    /// `heartbeat`: answered at once, changes nothing.
    Heartbeat,
    /// `streams:watch`: be told how many listen to each channel.
    WatchStreams,
    /// `relay:watch`: be told how the relay does.
    WatchRelay,
    /// `session:list`: which sessions there are.
    ListSessions(ListSessions),
    /// `session:end`: end a session.
    EndSession(EndSession),
    /// `stream:end`: take a channel off the air.
    EndStream(EndStream),
}

/// The fields of `hello`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// Protocol versions that the client speaks, e.g. `skywave/1`.
    pub versions: Vec<String>,
    /// A JSON Web Token, where the relay wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// On an open relay, the name the client goes by; a token says it otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The client's name and version, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// The fields of `stream:start`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    /// The channel to go live on.
    pub channel_id: ChannelId,
    /// What the broadcast is called.
    #[serde(flatten)]
    pub show: Show,
}

/// The fields of `stream:stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stop {
    /// The channel.
    pub channel_id: ChannelId,
    /// Stop once the relay has taken so many bytes of the ingest stream's MP3
    /// bytes; without it, at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_byte: Option<u64>,
}

/// The fields of `stream:update-metadata`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpdateMetadata {
    /// The channel.
    pub channel_id: ChannelId,
    /// The title holds from the first frame on that begins at or after this byte
    /// of the ingest stream's MP3 bytes; without it, from the next frame on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_byte: Option<u64>,
    /// The title.
    #[serde(flatten)]
    pub title: Title,
}

/// How audio comes to a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// On one long-lived unidirectional stream.
    #[default]
    Stream,
    /// In datagrams: nothing is sent twice.
    Datagram,
}

/// The fields of `stream:join`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Join {
    /// The channel.
    pub channel_id: ChannelId,
    /// How long frames may wait to be sent together, in ms: 0 to 2,000.
    #[serde(default = "default_latency")]
    pub latency_ms: u64,
    /// How the audio comes.
    #[serde(default)]
    pub delivery: Delivery,
    /// Join although nobody is on the air yet.
    #[serde(default)]
    pub wait: bool,
}

/// The fields of `stream:leave`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leave {
    /// The channel.
    pub channel_id: ChannelId,
}

impl Join {
    /// The longest `latencyMs`.
    pub const MAX_LATENCY_MS: u64 = 2_000;
    /// `latencyMs` where a client says none.
    pub const DEFAULT_LATENCY_MS: u64 = 100;
}

fn default_latency() -> u64 {
    Join::DEFAULT_LATENCY_MS
}

impl Request {
    /// The message's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Hello(_) => "hello",
            Self::Start(_) => "stream:start",
            Self::Stop(_) => "stream:stop",
            Self::UpdateMetadata(_) => "stream:update-metadata",
            Self::Join(_) => "stream:join",
            Self::Leave(_) => "stream:leave",
            Self::Heartbeat => "heartbeat",
            Self::WatchStreams => "streams:watch",
            Self::WatchRelay => "relay:watch",
            Self::ListSessions(_) => "session:list",
            Self::EndSession(_) => "session:end",
            Self::EndStream(_) => "stream:end",
        }
    }

    pub(super) fn fields(&self) -> Value {
        let value = match self {
            Self::Hello(fields) => serde_json::to_value(fields),
            Self::Start(fields) => serde_json::to_value(fields),
            Self::Stop(fields) => serde_json::to_value(fields),
            Self::UpdateMetadata(fields) => serde_json::to_value(fields),
            Self::Join(fields) => serde_json::to_value(fields),
            Self::Leave(fields) => serde_json::to_value(fields),
            Self::ListSessions(fields) => serde_json::to_value(fields),
            Self::EndSession(fields) => serde_json::to_value(fields),
            Self::EndStream(fields) => serde_json::to_value(fields),
            Self::Heartbeat | Self::WatchStreams | Self::WatchRelay => Ok(json!({})),
        };
        value.unwrap_or_default()
    }

    /// `None` where no request has this type.
    pub(super) fn from_fields(kind: &str, fields: Value) -> Option<Result<Self, String>> {
        let request = match kind {
            "hello" => super::answer(fields).map(Self::Hello),
            "stream:start" => super::answer(fields).map(Self::Start),
            "stream:stop" => super::answer(fields).map(Self::Stop),
            "stream:update-metadata" => super::answer(fields).map(Self::UpdateMetadata),
            "stream:join" => super::answer(fields).map(Self::Join),
            "stream:leave" => super::answer(fields).map(Self::Leave),
            "heartbeat" => Ok(Self::Heartbeat),
            "streams:watch" => Ok(Self::WatchStreams),
            "relay:watch" => Ok(Self::WatchRelay),
            "session:list" => super::answer(fields).map(Self::ListSessions),
            "session:end" => super::answer(fields).map(Self::EndSession),
            "stream:end" => super::answer(fields).map(Self::EndStream),
            _ => return None,
        };
        Some(request.and_then(Self::within_bounds))
    }

    fn within_bounds(self) -> Result<Self, String> {
        match &self {
            Self::Join(join) if join.latency_ms > Join::MAX_LATENCY_MS => Err(format!(
                "latencyMs is {}, at most {} is allowed",
                join.latency_ms,
                Join::MAX_LATENCY_MS
            )),
            Self::Start(start) => {
                let Show {
                    show_title,
                    host_name,
                    show_type,
                } = &start.show;
                bounded_texts(
                    MAX_TEXT_BYTES,
                    &[
                        ("showTitle", show_title),
                        ("hostName", host_name),
                        ("showType", show_type),
                    ],
                )
                .map(|()| self)
            }
            Self::UpdateMetadata(update) => {
                let Title {
                    track_name,
                    artist_name,
                    album_name,
                } = &update.title;
                bounded_texts(
                    MAX_TEXT_BYTES,
                    &[
                        ("trackName", track_name),
                        ("artistName", artist_name),
                        ("albumName", album_name),
                    ],
                )
                .map(|()| self)
            }
            Self::EndSession(EndSession { message, .. })
            | Self::EndStream(EndStream { message, .. }) => {
                bounded_texts(MAX_WORDS_BYTES, &[("message", message)]).map(|()| self)
            }
            _ => Ok(self),
        }
    }
}

fn bounded_texts(most: usize, texts: &[(&str, &Option<String>)]) -> Result<(), String> {
    for (field, text) in texts {
        let len = text.as_ref().map_or(0, String::len);
        if len > most {
            return Err(format!(
                "{field} has {len} bytes, at most {most} are allowed"
            ));
        }
        // They would take six bytes each in a line of JSON.
        let control = text.as_ref().and_then(|text| text.find(char::is_control));
        if let Some(at) = control {
            return Err(format!("{field} has a control character at byte {at}"));
        }
    }
    Ok(())
}
