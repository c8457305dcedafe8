//! What `publish` shows: bars and a level meter in a terminal, plain lines
//! elsewhere. All of it goes to stderr.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use skywave_client::publish::Status;
use skywave_client::source::{FileError, Frame, Level, SILENCE_DBFS, Track};
use skywave_wire::ChannelId;

use super::plain::plain;

/// How often the bars move.
const REDRAW: Duration = Duration::from_millis(100);
/// Quieter than this, the meter shows nothing.
const METER_FLOOR: f32 = -48.0;
const METER_WIDTH: usize = 32;
/// By how much the peak mark falls from one redraw to the next, in dB.
const PEAK_FALL: f32 = 1.2;

/// Tells how a broadcast goes.
pub(super) struct Progress {
    channel: ChannelId,
    bars: Option<Bars>,
}

struct Bars {
    multi: MultiProgress,
    air: ProgressBar,
    track: ProgressBar,
    meter: ProgressBar,
    /// Playing time of the track so far.
    played: Duration,
    drawn: Instant,
    /// The loudest frame since the last redraw.
    loudest: Option<Level>,
    peak_mark: f32,
}

impl Progress {
    /// Begins before the relay is asked.
    pub(super) fn start(channel: &ChannelId) -> Self {
        Self {
            channel: channel.clone(),
            bars: io::stderr().is_terminal().then(|| Bars::start(channel)),
        }
    }

    pub(super) fn status(&mut self, status: &Status) {
        let channel = &self.channel;
        let words = match status {
            Status::Live { resumed: false, .. } => format!("on the air on {channel}"),
            Status::Live { resumed: true, .. } => format!("on the air again on {channel}"),
            Status::Interrupted { why, retry_in } => {
                let why = plain(&why.to_string());
                let seconds = retry_in.as_secs_f64();
                format!("off the air: {why}; trying again in {seconds:.1} s")
            }
        };
        match &self.bars {
            Some(bars) => bars.air.set_message(words),
            None => say(&words),
        }
    }

    pub(super) fn track(&mut self, track: &Track) {
        let name = name(track);
        match &mut self.bars {
            Some(bars) => bars.begin(name, track.duration),
            None => match track.duration {
                Some(duration) => say(&format!("playing {name} ({})", minutes(duration))),
                None => say(&format!("playing {name}")),
            },
        }
    }

    pub(super) fn frame(&mut self, frame: &Frame) {
        if let Some(bars) = &mut self.bars {
            bars.frame(frame);
        }
    }

    pub(super) fn skipped(&mut self, failure: &FileError) {
        let words = format!("skipped {failure}");
        match &self.bars {
            // The lines go on without it where stderr cannot be written.
            Some(bars) => drop(bars.multi.println(words)),
            None => say(&words),
        }
    }

    /// Clears the bars away. What went wrong is told elsewhere.
    pub(super) fn end(&mut self, well: bool) {
        if let Some(bars) = self.bars.take() {
            for bar in [bars.meter, bars.track, bars.air] {
                bar.finish_and_clear();
            }
        }
        if well {
            say(&format!("off the air on {}", self.channel));
        }
    }
}

impl Bars {
    fn start(channel: &ChannelId) -> Self {
        let multi = MultiProgress::new();
        let line = |template: &str| {
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            multi.add(ProgressBar::new(1).with_style(style.progress_chars("━╸─")))
        };
        let bars = Self {
            air: line("{elapsed_precise}  {wide_msg}"),
            track: line("{prefix:>8}  {bar:32.cyan/dim}  {wide_msg}"),
            meter: line("   level  {msg}"),
            multi: multi.clone(),
            played: Duration::ZERO,
            drawn: Instant::now(),
            loudest: None,
            peak_mark: SILENCE_DBFS,
        };
        // It shows time passing while the relay is lost.
        bars.air.enable_steady_tick(REDRAW);
        bars.air.set_message(format!("getting ready for {channel}"));
        bars
    }

    fn begin(&mut self, name: String, duration: Option<Duration>) {
        self.played = Duration::ZERO;
        self.track.set_length(duration.map_or(0, millis));
        self.track.set_message(match duration {
            Some(duration) => format!("{name} ({})", minutes(duration)),
            None => name,
        });
    }

    fn frame(&mut self, frame: &Frame) {
        self.played += Duration::from_micros(frame.mp3.header.duration_micros());
        if let Some(level) = frame.level {
            let loudest = self.loudest.get_or_insert(level);
            loudest.peak_dbfs = loudest.peak_dbfs.max(level.peak_dbfs);
            loudest.rms_dbfs = loudest.rms_dbfs.max(level.rms_dbfs);
        }
        if self.drawn.elapsed() >= REDRAW {
            self.drawn = Instant::now();
            self.track.set_prefix(minutes(self.played));
            self.track.set_position(millis(self.played));
            self.draw_level();
        }
    }

    fn draw_level(&mut self) {
        let Some(level) = self.loudest.take() else {
            self.meter.set_message("unknown");
            return;
        };
        self.peak_mark = (self.peak_mark - PEAK_FALL).max(level.peak_dbfs);
        self.meter.set_message(format!(
            "{}  rms {:>6.1} dB  peak {:>6.1} dB",
            meter(level.rms_dbfs, self.peak_mark),
            level.rms_dbfs,
            level.peak_dbfs
        ));
    }
}

/// A bar up to the RMS, and a mark at the peak.
fn meter(rms_dbfs: f32, peak_dbfs: f32) -> String {
    let at = |dbfs: f32| {
        let share = (1.0 - dbfs / METER_FLOOR).clamp(0.0, 1.0);
        (share * METER_WIDTH as f32).round() as usize
    };
    let (bar, mark) = (at(rms_dbfs), at(peak_dbfs));
    (1..=METER_WIDTH)
        .map(|place| match place {
            _ if place == mark => '┃',
            _ if place <= bar => '█',
            _ => '·',
        })
        .collect()
}

fn name(track: &Track) -> String {
    let title = match &track.tags.title {
        Some(title) => title.clone(),
        None => track.path.display().to_string(),
    };
    match &track.tags.artist {
        Some(artist) => format!("{artist} - {title}"),
        None => title,
    }
}

fn minutes(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

fn say(words: &str) {
    // A broadcast does not end because nobody reads about it.
    let _ = writeln!(io::stderr(), "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_shows_rms_as_a_bar_and_the_peak_as_a_mark() {
        assert_eq!(meter(SILENCE_DBFS, SILENCE_DBFS), "·".repeat(32));
        let half = meter(-24.0, -12.0);
        assert_eq!(
            half,
            format!("{}{}┃{}", "█".repeat(16), "·".repeat(7), "·".repeat(8))
        );
        let clipped = meter(1.0, 3.0);
        assert_eq!(clipped, format!("{}┃", "█".repeat(31)));
    }
}
