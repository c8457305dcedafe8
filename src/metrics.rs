//! Every number that operators see.
//!
//! Each server has its own [`Metrics`], with its own recorder, so that
//! several in one process do not mix. What is counted per group or per packet
//! is held as a field; what has a label is fetched once by a method and kept
//! by the caller. Labels are words of this program, so their number is
//! bounded; the one exception, the channel, goes when the channel does.

mod channels;
mod histogram;
#[cfg(test)]
mod tests;

use std::ops::Deref;
use std::sync::Arc;

use axum::http::StatusCode;
use metrics::{Counter, Gauge, Histogram, counter, describe_counter, describe_gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

pub use channels::ChannelGauge;
use channels::Channels;
use histogram::Buckets;

use crate::token::Role;

/// Upper bounds of the fan-out delay's buckets, in seconds.
const FANOUT_BOUNDS: [f64; 13] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

const FANOUT_DELAY: &str = "skywave_fanout_delay_seconds";
const FANOUT_HELP: &str =
    "From a frame's arrival to its hand-over to a listener's connection, in seconds.";

/// The numbers of one server. Clones are cheap and share them.
#[derive(Clone)]
pub struct Metrics(Arc<Handles>);

impl Deref for Metrics {
    type Target = Handles;

    fn deref(&self) -> &Handles {
        &self.0
    }
}

/// Bytes of a publisher that are no audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skipped {
    /// No frame and no tag.
    Garbage,
    /// ID3, APE and the like.
    Tag,
}

/// Counters of audio that left.
#[derive(Clone)]
pub struct Sent {
    /// Frames times listeners.
    pub frames: Counter,
    /// Bytes of those frames.
    pub bytes: Counter,
}

/// Numbers of one shard.
#[derive(Clone)]
pub struct Shard {
    /// Share of time that the shard's thread was busy, 0 to 1.
    pub load: Gauge,
    /// Listeners of the shard, silent ones included.
    pub listeners: Gauge,
    /// Messages that were dropped since the shard's queue was full.
    pub overloads: Counter,
}

/// What a clone of [`Metrics`] points to.
pub struct Handles {
    /// Frames that publishers sent.
    pub frames_in: Counter,
    /// Bytes of those frames.
    pub bytes_in: Counter,
    /// Audio that left on streams.
    pub sent_stream: Sent,
    /// Audio that left in datagrams.
    pub sent_datagram: Sent,
    /// Listeners that fell behind and went on at live.
    pub skips: Counter,
    /// Frames that those listeners missed.
    pub skipped_frames: Counter,
    /// Metadata that was sent again for want of an acknowledgement.
    pub metadata_repeats: Counter,
    /// Delay from arrival to hand-over, in seconds; `record_many` costs the
    /// same as `record`.
    pub fanout_delay: Histogram,
    /// Seconds that the certificate still lasts.
    pub certificate_expiry: Gauge,
    /// New certificates that could not be used.
    pub certificate_failures: Counter,
    fanout_buckets: Arc<Buckets>,
    channels: Arc<Channels>,
    recorder: Arc<PrometheusRecorder>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Fresh numbers, all zero.
    pub fn new() -> Self {
        let recorder = Arc::new(PrometheusBuilder::new().build_recorder());
        let fanout_buckets = Arc::new(Buckets::new(&FANOUT_BOUNDS));
        let handles = metrics::with_local_recorder(&*recorder, || {
            describe();
            gauge!("skywave_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
            Handles {
                frames_in: counter!("skywave_frames_in_total"),
                bytes_in: counter!("skywave_bytes_in_total"),
                sent_stream: sent("stream"),
                sent_datagram: sent("datagram"),
                skips: counter!("skywave_skips_total"),
                skipped_frames: counter!("skywave_skipped_frames_total"),
                metadata_repeats: counter!("skywave_metadata_repeats_total"),
                fanout_delay: Histogram::from_arc(Arc::clone(&fanout_buckets)),
                certificate_expiry: gauge!("skywave_certificate_expiry_seconds"),
                certificate_failures: counter!("skywave_certificate_reload_failures_total"),
                fanout_buckets,
                channels: Arc::default(),
                recorder: Arc::clone(&recorder),
            }
        });
        Self(Arc::new(handles))
    }

    /// Counts a session as long as the guard lives.
    pub fn session(&self, role: Role) -> SessionGuard {
        self.fetch(|| {
            counter!("skywave_sessions_total", "role" => role.name()).increment(1);
            let open = gauge!("skywave_sessions", "role" => role.name());
            open.increment(1.0);
            SessionGuard { open }
        })
    }

    /// Shows a live channel as long as the gauge lives.
    pub fn channel(&self, id: &str) -> ChannelGauge {
        ChannelGauge::new(Arc::clone(&self.channels), id)
    }

    /// Messages or packets that were dropped at a full queue or a limit.
    pub fn drops(&self, reason: &'static str) -> Counter {
        self.fetch(|| counter!("skywave_drops_total", "reason" => reason))
    }

    /// Connections that never became a session.
    pub fn handshake_failures(&self, class: &'static str) -> Counter {
        self.fetch(|| counter!("skywave_handshake_failures_total", "class" => class))
    }

    /// Errors that were answered on control streams.
    pub fn control_errors(&self, code: &'static str) -> Counter {
        self.fetch(|| counter!("skywave_control_errors_total", "code" => code))
    }

    /// Bytes of publishers that are no audio.
    pub fn ingest_skipped_bytes(&self, kind: Skipped) -> Counter {
        let kind = match kind {
            Skipped::Garbage => "garbage",
            Skipped::Tag => "tag",
        };
        self.fetch(|| counter!("skywave_ingest_skipped_bytes_total", "kind" => kind))
    }

    /// Answers of the pages server, by the class of their status.
    pub fn pages_requests(&self, status: StatusCode) -> Counter {
        let class = match status.as_u16() / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            _ => "5xx",
        };
        self.fetch(|| counter!("skywave_pages_requests_total", "status" => class))
    }

    /// Connections to the pages server that were closed before a request.
    pub fn pages_refused(&self, reason: &'static str) -> Counter {
        self.fetch(|| counter!("skywave_pages_refused_total", "reason" => reason))
    }

    /// Numbers of the shard with this index.
    pub fn shard(&self, index: usize) -> Shard {
        let shard = index.to_string();
        self.fetch(|| Shard {
            load: gauge!("skywave_shard_load", "shard" => shard.clone()),
            listeners: gauge!("skywave_shard_listeners", "shard" => shard.clone()),
            overloads: counter!("skywave_shard_overload_total", "shard" => shard),
        })
    }

    /// Everything, in Prometheus' text format 0.0.4.
    pub fn render(&self) -> String {
        let mut text = self.recorder.handle().render();
        self.channels.render(&mut text);
        self.fanout_buckets
            .render(FANOUT_DELAY, FANOUT_HELP, &mut text);
        text
    }

    fn fetch<T>(&self, get: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, get)
    }
}

/// One open session; dropping it ends the count.
pub struct SessionGuard {
    open: Gauge,
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

fn sent(delivery: &'static str) -> Sent {
    Sent {
        frames: counter!("skywave_frames_out_total", "delivery" => delivery),
        bytes: counter!("skywave_bytes_out_total", "delivery" => delivery),
    }
}

fn describe() {
    describe_gauge!(
        "skywave_build_info",
        "Version of the running relay; always 1."
    );
    describe_gauge!("skywave_sessions", "Sessions open now, by role.");
    describe_counter!(
        "skywave_sessions_total",
        "Sessions that were let in, by role."
    );
    describe_counter!(
        "skywave_frames_in_total",
        "MP3 frames that publishers sent."
    );
    describe_counter!("skywave_bytes_in_total", "Bytes of those frames.");
    describe_counter!(
        "skywave_frames_out_total",
        "MP3 frames handed to listeners, each counted per listener, by delivery."
    );
    describe_counter!(
        "skywave_bytes_out_total",
        "Bytes of those frames, by delivery."
    );
    describe_counter!(
        "skywave_skips_total",
        "Times that a listener fell behind its bound and went on at live."
    );
    describe_counter!(
        "skywave_skipped_frames_total",
        "Frames that those listeners missed."
    );
    describe_counter!(
        "skywave_drops_total",
        "Messages and packets dropped at a full queue or a limit, by reason."
    );
    describe_counter!(
        "skywave_handshake_failures_total",
        "Connections that never became a session, by class."
    );
    describe_counter!(
        "skywave_control_errors_total",
        "Errors answered on control streams, by code."
    );
    describe_counter!(
        "skywave_ingest_skipped_bytes_total",
        "Bytes of publishers that are no audio, by kind."
    );
    describe_gauge!(
        "skywave_shard_load",
        "Share of time that a shard's thread was busy, 0 to 1."
    );
    describe_gauge!(
        "skywave_shard_listeners",
        "Listeners of a shard, silent ones included."
    );
    describe_counter!(
        "skywave_shard_overload_total",
        "Messages to a shard that were dropped at its full queue."
    );
    describe_counter!(
        "skywave_metadata_repeats_total",
        "Metadata sent again for want of an acknowledgement."
    );
    describe_counter!(
        "skywave_pages_requests_total",
        "Answers of the pages server, by the class of their status."
    );
    describe_counter!(
        "skywave_pages_refused_total",
        "Connections to the pages server that were closed before a request, by reason."
    );
    describe_gauge!(
        "skywave_certificate_expiry_seconds",
        "Seconds that the current certificate still lasts."
    );
    describe_counter!(
        "skywave_certificate_reload_failures_total",
        "New certificates that could not be used; the old one stayed."
    );
}
