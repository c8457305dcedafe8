//! How well a channel is heard.

use std::time::Instant;

use hdrhistogram::Histogram;
use skywave_client::Stats;
use skywave_client::listen::Listener;
use skywave_wire::Micros;
use skywave_wire::group::Frame;

use super::notice::{Delay, Notice, Summary};

/// Delays are told apart up to a minute, in µs, to three digits.
const LONGEST: u64 = 60_000_000;
const DIGITS: u8 = 3;
/// No rate is told of less time, in seconds: the opening burst would be most of it.
const LEAST: f64 = 0.5;

/// Figures since the first frame, and since the last time they were told.
pub(super) struct Figures {
    began: Option<Instant>,
    /// The relay's time when this session first knew it: frames from before then
    /// are the opening burst, which is late on purpose.
    live_from: Option<Micros>,
    delay: Histogram<u64>,
    delay_in_all: Histogram<u64>,
    told: (Option<Instant>, Stats),
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            began: None,
            live_from: None,
            delay: histogram(),
            delay_in_all: histogram(),
            told: Default::default(),
        }
    }
}

impl Figures {
    pub(super) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// When the first frame came.
    pub(super) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// The session ended; the next one opens with a burst again.
    pub(super) fn interrupted(&mut self) {
        self.live_from = None;
    }

    /// A frame was written. `relay_now` is the relay's time and the round trip in
    /// µs, where they are known.
    pub(super) fn heard(&mut self, frame: &Frame, relay_now: Option<(Micros, u64)>) {
        let Some((now, _)) = relay_now else { return };
        if frame.time >= *self.live_from.get_or_insert(now) {
            let delay = now.since(frame.time);
            self.delay.saturating_record(delay);
            self.delay_in_all.saturating_record(delay);
        }
    }

    /// Since the last call.
    pub(super) fn so_far(&mut self, listener: &Listener) -> Notice<'static> {
        let stats = listener.stats();
        let (told_at, told) = self.told;
        let since = told_at.or(self.began);
        self.told = (Some(Instant::now()), stats);
        let delay = delay(&self.delay);
        self.delay.reset();
        Notice::Stats(self.summary(listener, since, stats.bytes - told.bytes, delay, false))
    }

    /// Since the first frame.
    pub(super) fn in_all(&self, listener: &Listener) -> Notice<'static> {
        let bytes = listener.stats().bytes;
        let delay = delay(&self.delay_in_all);
        Notice::Stats(self.summary(listener, self.began, bytes, delay, true))
    }

    fn summary(
        &self,
        listener: &Listener,
        since: Option<Instant>,
        bytes: u64,
        delay: Option<Delay>,
        is_final: bool,
    ) -> Summary {
        let seconds = |since: Option<Instant>| since.map_or(0.0, |at| at.elapsed().as_secs_f64());
        let stats = listener.stats();
        let session = listener
            .subscription()
            .map(|subscription| subscription.session());
        let round_trip = session
            .and_then(|session| session.relay_time())
            .map(|(_, trip)| trip);
        let time = seconds(since);
        Summary {
            is_final,
            seconds: rounded(seconds(self.began), 1e3),
            frames: stats.frames,
            bytes: stats.bytes,
            kbps: (time > LEAST).then(|| rounded(bytes as f64 * 0.008 / time, 10.0)),
            missing: stats.missing,
            skips: stats.skips,
            discontinuities: stats.discontinuities,
            round_trip_ms: round_trip.map(millis),
            delay,
        }
    }
}

fn delay(histogram: &Histogram<u64>) -> Option<Delay> {
    (!histogram.is_empty()).then(|| Delay {
        delay_p50_ms: millis(histogram.value_at_quantile(0.5)),
        delay_p99_ms: millis(histogram.value_at_quantile(0.99)),
    })
}

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("bounds that a histogram takes")
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
