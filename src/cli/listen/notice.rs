//! What `listen` tells on stderr: lines for people, or JSON for programs.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;
use skywave_wire::ChannelId;
use skywave_wire::control::{Delivery, Joined, Metadata, Show, Skipped, Title};
use skywave_wire::{FrameSeq, StreamId};

use crate::cli::plain::plain;

/// Writes notices.
#[derive(Clone, Copy)]
pub(super) struct Report {
    /// One JSON object a line rather than words.
    pub(super) json: bool,
}

impl Report {
    pub(super) fn tell(self, notice: &Notice<'_>) {
        let line = match self.json {
            true => serde_json::to_string(notice).unwrap_or_default(),
            false => plain(&notice.to_string()),
        };
        // Listening does not end because nobody reads about it.
        let _ = writeln!(io::stderr(), "{line}");
    }
}

/// Something to tell. As JSON, an object whose `event` is the name in lower case.
#[derive(Serialize)]
#[serde(
    tag = "event",
    rename_all = "lowercase",
    rename_all_fields = "camelCase"
)]
pub(super) enum Notice<'a> {
    /// The channel was joined, or joined again.
    Joined {
        channel_id: &'a ChannelId,
        live: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        stream_id: Option<StreamId>,
        delivery: Delivery,
        latency_ms: u64,
        target_delay_ms: u64,
        next_seq: FrameSeq,
        listeners: u64,
        #[serde(flatten)]
        show: &'a Show,
    },
    /// A title, now that its first frame was written.
    Title(Metadata),
    Listeners {
        count: u64,
    },
    Skipped(Skipped),
    Live,
    Offline,
    Interrupted {
        why: String,
        retry_in_ms: u64,
    },
    Stats(Summary),
    Failed {
        why: String,
    },
}

/// Figures of a channel. Times are in ms, `kbps` in kbit/s; counts are since the
/// first frame, `kbps` and the delay since the last summary, or all of it in the
/// final one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    #[serde(rename = "final")]
    pub(super) is_final: bool,
    pub(super) seconds: f64,
    pub(super) frames: u64,
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kbps: Option<f64>,
    pub(super) missing: u64,
    pub(super) skips: u64,
    pub(super) discontinuities: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) round_trip_ms: Option<f64>,
    #[serde(flatten)]
    pub(super) delay: Option<Delay>,
}

/// From a frame's presentation time to when it was written, by the relay's clock.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delay {
    pub(super) delay_p50_ms: f64,
    pub(super) delay_p99_ms: f64,
}

impl<'a> Notice<'a> {
    pub(super) fn joined(channel_id: &'a ChannelId, joined: &'a Joined) -> Self {
        Self::Joined {
            channel_id,
            live: joined.live,
            stream_id: joined.stream_id,
            delivery: joined.delivery,
            latency_ms: joined.latency_ms,
            target_delay_ms: joined.target_delay_ms,
            next_seq: joined.next_seq,
            listeners: joined.listeners,
            show: &joined.show,
        }
    }
}

impl fmt::Display for Notice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined {
                channel_id,
                live,
                listeners,
                show,
                ..
            } => {
                write!(f, "joined {channel_id}")?;
                if let Some(title) = &show.show_title {
                    write!(f, ": {title}")?;
                }
                if let Some(host) = &show.host_name {
                    write!(f, " with {host}")?;
                }
                match live {
                    true => write!(f, ", {}", people(*listeners)),
                    false => f.write_str(", waiting for it to go on the air"),
                }
            }
            Self::Title(metadata) => write!(f, "title: {}", in_words(&metadata.title)),
            Self::Listeners { count } => f.write_str(&people(*count)),
            Self::Skipped(skipped) => write!(
                f,
                "too slow: the relay left {} frames out, to go on at live",
                skipped.frames
            ),
            Self::Live => f.write_str("live"),
            Self::Offline => f.write_str("offline: nobody is on the air for now"),
            Self::Interrupted { why, retry_in_ms } => {
                let seconds = *retry_in_ms as f64 / 1_000.0;
                write!(f, "interrupted: {why}; trying again in {seconds:.1} s")
            }
            Self::Stats(summary) => summary.fmt(f),
            Self::Failed { why } => f.write_str(why),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} s: {} frames, {} missing, {} skips",
            self.seconds, self.frames, self.missing, self.skips
        )?;
        if let Some(kbps) = self.kbps {
            write!(f, ", {kbps:.1} kbit/s")?;
        }
        if let Some(round_trip) = self.round_trip_ms {
            write!(f, ", round trip {round_trip:.1} ms")?;
        }
        if let Some(delay) = &self.delay {
            let Delay {
                delay_p50_ms: p50,
                delay_p99_ms: p99,
            } = delay;
            write!(f, ", delay p50 {p50:.1} ms, p99 {p99:.1} ms")?;
        }
        Ok(())
    }
}

fn people(listeners: u64) -> String {
    match listeners {
        1 => "1 listener".to_owned(),
        _ => format!("{listeners} listeners"),
    }
}

fn in_words(title: &Title) -> String {
    let track = title.track_name.as_deref().unwrap_or("unknown");
    match &title.artist_name {
        Some(artist) => format!("{artist} - {track}"),
        None => track.to_owned(),
    }
}
