use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Audience, ChannelField, Metadata, Occurrence, Show, Status, StreamState, answer};
use crate::{ChannelId, FrameSeq, StreamId};

/// What the relay tells without being asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// `streams:active`: all that is on the air, after `hello` and whenever
    /// single events had to be left out.
    Active(Vec<Active>),
    /// `stream:started`: a channel went on the air. To every session.
    Started(Active),
    /// `stream:stopped`: a channel went off the air. To every session.
    Stopped {
        /// The channel.
        channel_id: ChannelId,
        /// The broadcast that ended.
        stream_id: StreamId,
    },
    /// `stream:live`: audio comes, again or for the first time. To the channel.
    Live(ChannelId),
    /// `stream:offline`: the publisher was lost or stopped; no audio for now. To
    /// the channel.
    Offline(ChannelId),
    /// `stream:metadata`: a title too large for a datagram, or not acknowledged.
    Metadata(ChannelId, Metadata),
    /// `stream:listeners`: how many listen, where datagrams did not get through.
    Listeners(ChannelId, u64),
    /// `stream:skipped`: frames that this listener was too slow to take.
    Skipped(Skipped),
    /// `server:draining`: the relay is about to stop.
    Draining,
    /// `streams:listeners`: how many listen to each channel whose count has
    /// changed. After `streams:watch`.
    Audiences(Vec<Audience>),
    /// `relay:status`: the relay as a whole. After `relay:watch`, once a second.
    Status(Status),
    /// `relay:streams`: every broadcast on the air, in one or several lines. After
    /// `relay:watch`, once a second.
    Streams {
        /// Those of this line.
        streams: Vec<StreamState>,
        /// No more lines of them follow.
        last: bool,
    },
    /// `relay:event`: something happened. After `relay:watch`.
    Occurred(Occurrence),
}

/// A broadcast that is on the air.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Active {
    /// The channel.
    pub channel_id: ChannelId,
    /// The broadcast.
    pub stream_id: StreamId,
    /// Since when, ms of Unix time.
    pub started_at: u64,
    /// Listeners at this moment.
    pub listeners: u64,
    /// What it is called.
    #[serde(flatten)]
    pub show: Show,
}

/// Frames left out for one slow listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Skipped {
    /// The channel.
    pub channel_id: ChannelId,
    /// The first frame that was left out.
    pub from_seq: FrameSeq,
    /// The frame with which the audio goes on.
    pub to_seq: FrameSeq,
    /// How many were left out.
    pub frames: u64,
}

#[derive(Serialize, Deserialize)]
struct Streams {
    streams: Vec<Active>,
}

#[derive(Serialize, Deserialize)]
struct Audiences {
    streams: Vec<Audience>,
}

#[derive(Serialize, Deserialize)]
struct StreamStates {
    streams: Vec<StreamState>,
    last: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    channel_id: ChannelId,
    stream_id: StreamId,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChannelMetadata {
    channel_id: ChannelId,
    #[serde(flatten)]
    metadata: Metadata,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listeners {
    channel_id: ChannelId,
    count: u64,
}

impl Event {
    /// The message's `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Active(_) => "streams:active",
            Self::Started(_) => "stream:started",
            Self::Stopped { .. } => "stream:stopped",
            Self::Live(_) => "stream:live",
            Self::Offline(_) => "stream:offline",
            Self::Metadata(..) => "stream:metadata",
            Self::Listeners(..) => "stream:listeners",
            Self::Skipped(_) => "stream:skipped",
            Self::Draining => "server:draining",
            Self::Audiences(_) => "streams:listeners",
            Self::Status(_) => "relay:status",
            Self::Streams { .. } => "relay:streams",
            Self::Occurred(_) => "relay:event",
        }
    }

    pub(super) fn fields(&self) -> Value {
        let value = match self.clone() {
            Self::Active(streams) => serde_json::to_value(Streams { streams }),
            Self::Started(active) => serde_json::to_value(active),
            Self::Stopped {
                channel_id,
                stream_id,
            } => serde_json::to_value(Stopped {
                channel_id,
                stream_id,
            }),
            Self::Live(channel_id) | Self::Offline(channel_id) => {
                serde_json::to_value(ChannelField { channel_id })
            }
            Self::Metadata(channel_id, metadata) => serde_json::to_value(ChannelMetadata {
                channel_id,
                metadata,
            }),
            Self::Listeners(channel_id, count) => {
                serde_json::to_value(Listeners { channel_id, count })
            }
            Self::Skipped(skipped) => serde_json::to_value(skipped),
            Self::Draining => Ok(json!({})),
            Self::Audiences(streams) => serde_json::to_value(Audiences { streams }),
            Self::Status(status) => serde_json::to_value(status),
            Self::Streams { streams, last } => serde_json::to_value(StreamStates { streams, last }),
            Self::Occurred(occurrence) => serde_json::to_value(occurrence),
        };
        value.unwrap_or_default()
    }

    /// `None` where no event has this type.
    pub(super) fn from_fields(kind: &str, fields: Value) -> Option<Result<Self, String>> {
        Some(match kind {
            "streams:active" => answer(fields).map(|Streams { streams }| Self::Active(streams)),
            "stream:started" => answer(fields).map(Self::Started),
            "stream:stopped" => answer(fields).map(|s: Stopped| Self::Stopped {
                channel_id: s.channel_id,
                stream_id: s.stream_id,
            }),
            "stream:live" => answer(fields).map(|c: ChannelField| Self::Live(c.channel_id)),
            "stream:offline" => answer(fields).map(|c: ChannelField| Self::Offline(c.channel_id)),
            "stream:metadata" => {
                answer(fields).map(|m: ChannelMetadata| Self::Metadata(m.channel_id, m.metadata))
            }
            "stream:listeners" => {
                answer(fields).map(|l: Listeners| Self::Listeners(l.channel_id, l.count))
            }
            "stream:skipped" => answer(fields).map(Self::Skipped),
            "server:draining" => Ok(Self::Draining),
            "streams:listeners" => answer(fields).map(|a: Audiences| Self::Audiences(a.streams)),
            "relay:status" => answer(fields).map(Self::Status),
            "relay:streams" => answer(fields).map(|s: StreamStates| Self::Streams {
                streams: s.streams,
                last: s.last,
            }),
            "relay:event" => answer(fields).map(Self::Occurred),
            _ => return None,
        })
    }
}
