//! What the demo shows of a relay: gathered from the server and its metrics, the
//! same numbers that operators scrape.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use skywave::Server;
use skywave_wire::control::{Active, Title};

/// Rates and delays are of this much of the past.
const WINDOW: Duration = Duration::from_secs(5);

/// Looks at a relay again and again.
#[derive(Default)]
pub(super) struct Figures {
    samples: VecDeque<Sample>,
}

/// What was seen.
pub(super) struct Seen {
    pub(super) channels: Vec<Channel>,
    /// Sessions, the station's own included.
    pub(super) sessions: usize,
    /// Frames a second from publishers, and to listeners, each counted.
    pub(super) frames_in: f64,
    pub(super) frames_out: f64,
    /// From a frame's arrival to its hand-over; `None` where nobody listened.
    pub(super) delay: Option<Delay>,
    /// Share of its time that each shard was busy.
    pub(super) loads: Vec<f64>,
}

/// A channel on the air.
pub(super) struct Channel {
    pub(super) name: String,
    pub(super) show: String,
    pub(super) title: String,
    pub(super) listeners: u64,
    pub(super) on_air: Duration,
}

/// Quantiles in seconds: upper bounds of the histogram's buckets, so each is at
/// the most what it says, or infinite past the last one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delay {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Figures {
    pub(super) fn look(&mut self, server: &Server) -> Seen {
        let now = Instant::now();
        let sample = Sample::read(&server.metrics().render(), now);
        while self.samples.len() > 1 && now - self.samples[1].at >= WINDOW {
            self.samples.pop_front();
        }
        let oldest = self.samples.front().unwrap_or(&sample);
        let seconds = (sample.at - oldest.at).as_secs_f64().max(0.001);
        let seen = Seen {
            channels: server
                .active()
                .iter()
                .map(|active| channel(server, active))
                .collect(),
            sessions: server.sessions(),
            frames_in: (sample.frames_in - oldest.frames_in) / seconds,
            frames_out: (sample.frames_out - oldest.frames_out) / seconds,
            delay: delay(&oldest.delays, &sample.delays),
            loads: sample.loads.clone(),
        };
        self.samples.push_back(sample);
        seen
    }
}

fn channel(server: &Server, active: &Active) -> Channel {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Channel {
        name: active.channel_id.to_string(),
        show: active.show.show_title.clone().unwrap_or_default(),
        title: server
            .title(&active.channel_id)
            .map(in_words)
            .unwrap_or_default(),
        listeners: active.listeners,
        on_air: unix.saturating_sub(Duration::from_millis(active.started_at)),
    }
}

fn in_words(title: Title) -> String {
    let track = title.track_name.unwrap_or_default();
    match title.artist_name {
        Some(artist) => format!("{artist} - {track}"),
        None => track,
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for channel in &self.channels {
            let Channel {
                name,
                title,
                listeners,
                ..
            } = channel;
            write!(f, "{name}: {title}, listeners: {listeners}; ")?;
        }
        let (frames_in, frames_out) = (self.frames_in, self.frames_out);
        write!(f, "frames/s in: {frames_in:.0}, out: {frames_out:.0}")?;
        match self.delay {
            Some(delay) => write!(f, "; fan-out delay {delay}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p99] = [self.p50, self.p99].map(|seconds| match seconds.is_finite() {
            true => format!("up to {} ms", seconds * 1e3),
            false => "longer".to_owned(),
        });
        write!(f, "p50 {p50}, p99 {p99}")
    }
}

/// The metrics at one moment.
struct Sample {
    at: Instant,
    frames_in: f64,
    frames_out: f64,
    /// Upper bounds in seconds, and counts up to each.
    delays: Vec<(f64, f64)>,
    loads: Vec<f64>,
}

impl Sample {
    /// Reads Prometheus' text format.
    fn read(text: &str, at: Instant) -> Self {
        let mut sample = Self {
            at,
            frames_in: 0.0,
            frames_out: 0.0,
            delays: Vec::new(),
            loads: Vec::new(),
        };
        let series = text.lines().filter(|line| !line.starts_with('#'));
        for (series, value) in series.filter_map(|line| line.rsplit_once(' ')) {
            let value: f64 = value.parse().unwrap_or_default();
            let (name, labels) = series.split_once('{').unwrap_or((series, ""));
            let label = labels.split('"').nth(1).unwrap_or_default();
            match name {
                "skywave_frames_in_total" => sample.frames_in += value,
                "skywave_frames_out_total" => sample.frames_out += value,
                "skywave_shard_load" => sample.load(label, value),
                "skywave_fanout_delay_seconds_bucket" => {
                    let bound = label.parse().unwrap_or(f64::INFINITY);
                    sample.delays.push((bound, value));
                }
                _ => {}
            }
        }
        sample
    }

    /// Series come in any order.
    fn load(&mut self, shard: &str, load: f64) {
        let Ok(shard) = shard.parse::<usize>() else {
            return;
        };
        if self.loads.len() <= shard {
            self.loads.resize(shard + 1, 0.0);
        }
        self.loads[shard] = load;
    }
}

/// Quantiles of what was recorded between two samples.
fn delay(before: &[(f64, f64)], after: &[(f64, f64)]) -> Option<Delay> {
    let counts: Vec<(f64, f64)> = after
        .iter()
        .zip(before)
        .map(|((bound, count), (_, earlier))| (*bound, count - earlier))
        .collect();
    let total = counts.last()?.1;
    (total > 0.0).then(|| Delay {
        p50: bound_of(&counts, 0.5 * total),
        p99: bound_of(&counts, 0.99 * total),
    })
}

/// The bound up to which so many values were counted.
fn bound_of(counts: &[(f64, f64)], rank: f64) -> f64 {
    let bucket = counts.partition_point(|(_, count)| *count < rank);
    counts
        .get(bucket)
        .map_or(f64::INFINITY, |(bound, _)| *bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_from_what_the_relay_shows() {
        let metrics = skywave::metrics::Metrics::new();
        metrics.frames_in.increment(3);
        metrics.sent_stream.frames.increment(4);
        metrics.sent_datagram.frames.increment(5);
        metrics.shard(1).load.set(0.25);
        metrics.fanout_delay.record_many(0.02, 10);
        let sample = Sample::read(&metrics.render(), Instant::now());
        assert_eq!((sample.frames_in, sample.frames_out), (3.0, 9.0));
        assert_eq!(sample.loads, [0.0, 0.25]);
        let last = sample.delays.last().expect("buckets");
        assert_eq!(*last, (f64::INFINITY, 10.0));
    }

    #[test]
    fn quantiles_are_of_what_came_in_between() {
        let before = [
            (0.01, 50.0),
            (0.1, 50.0),
            (1.0, 50.0),
            (f64::INFINITY, 50.0),
        ];
        let after = [
            (0.01, 50.0),
            (0.1, 140.0),
            (1.0, 150.0),
            (f64::INFINITY, 150.0),
        ];
        assert_eq!(delay(&before, &before), None);
        let between = delay(&before, &after).expect("a delay");
        assert_eq!(between, Delay { p50: 0.1, p99: 1.0 });
        assert_eq!(between.to_string(), "p50 up to 100 ms, p99 up to 1000 ms");
        let mut beyond = after;
        beyond[3].1 += 7.0;
        let late = delay(&after, &beyond).expect("a delay");
        assert_eq!(late.to_string(), "p50 longer, p99 longer");
    }
}
