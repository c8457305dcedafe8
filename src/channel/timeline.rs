//! Presentation times: each frame follows the one before by its own duration,
//! while the line as a whole follows the encoder's clock as it drifts.
//!
//! Network jitter only ever delays a frame, so the earliest frame of a window
//! tells where the encoder's clock stands. The line is bent towards it, by at
//! most [`MAX_SLEW`], which no ear notices. What cannot be bent is a gap: the
//! line starts anew at the frame's arrival, and the frame is marked.

use skywave_wire::Micros;

/// Seconds of frames that one estimate of the encoder's clock looks at.
const WINDOW_MICROS: f64 = 5e6;
/// An offset is bent away over about this time.
const CORRECTION_MICROS: f64 = 20e6;
/// The line runs at most 500 ppm faster or slower than the frames' own duration.
const MAX_SLEW: f64 = 500e-6;
/// A frame that comes this long after its time starts the line anew.
const LATE_MICROS: f64 = 500e3;
/// A whole window that comes this much later than it used to does so too.
const SHIFT_MICROS: f64 = 100e3;

/// Gives each frame of one channel its time.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    line: Option<Line>,
    /// The latest time given, so that times rise whatever happens.
    last: Micros,
}

#[derive(Debug)]
struct Line {
    anchor: Micros,
    /// The next frame's time, µs after the anchor.
    next: f64,
    slew: f64,
    window_end: f64,
    /// The least of arrival minus time in this window, µs.
    earliest: f64,
    /// What `earliest` was in the line's first window.
    reference: Option<f64>,
}

/// A frame's place in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) time: Micros,
    /// Time jumps directly before the frame.
    pub(crate) jump: bool,
}

impl Timeline {
    /// Gives the next frame, of `samples` at `sample_rate` Hz, its time.
    pub(crate) fn stamp(&mut self, arrival: Micros, samples: u32, sample_rate: u32) -> Stamp {
        let duration = f64::from(samples) * 1e6 / f64::from(sample_rate);
        let jump = match &mut self.line {
            Some(line) => !line.accept(arrival),
            None => true,
        };
        let last = self.last;
        let line = match &mut self.line {
            Some(line) if !jump => line,
            slot => slot.insert(Line::anchored(arrival.max(last.plus(1)))),
        };
        let time = line.anchor.plus(line.next as u64);
        line.next += duration * (1.0 + line.slew);
        self.last = time;
        Stamp { time, jump }
    }

    /// How far the next frame's time lies ahead of `now`, in µs.
    pub(crate) fn lead(&self, now: Micros) -> u64 {
        self.line
            .as_ref()
            .map_or(0, |line| line.anchor.plus(line.next as u64).since(now))
    }

    /// Another publisher comes: the next frame starts the line anew.
    pub(crate) fn interrupt(&mut self) {
        self.line = None;
    }
}

impl Line {
    fn anchored(anchor: Micros) -> Self {
        Self {
            anchor,
            next: 0.0,
            slew: 0.0,
            window_end: WINDOW_MICROS,
            earliest: f64::INFINITY,
            reference: None,
        }
    }

    /// Takes a frame's arrival in; `false` where the line has to start anew.
    fn accept(&mut self, arrival: Micros) -> bool {
        let offset = arrival.0 as f64 - self.anchor.0 as f64 - self.next;
        if offset > LATE_MICROS {
            return false;
        }
        self.earliest = self.earliest.min(offset);
        if self.next >= self.window_end {
            let reference = *self.reference.get_or_insert(self.earliest);
            let error = self.earliest - reference;
            if error > SHIFT_MICROS {
                return false;
            }
            self.slew = (error / CORRECTION_MICROS).clamp(-MAX_SLEW, MAX_SLEW);
            self.earliest = f64::INFINITY;
            self.window_end = self.next + WINDOW_MICROS;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: f64 = 1152.0 * 1e6 / 44_100.0;

    /// Small pseudo-random numbers, the same in every run.
    fn noise(n: u64) -> f64 {
        let x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((x ^ (x >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1u64 << 24) as f64
    }

    /// Arrival of frame `n` of an encoder that runs `ppm` slow, with up to
    /// `jitter` µs of delay.
    fn arrival(n: u64, ppm: f64, jitter: f64) -> Micros {
        Micros((1e9 + n as f64 * FRAME * (1.0 + ppm * 1e-6) + noise(n) * jitter) as u64)
    }

    #[test]
    fn times_follow_a_drifting_encoder_through_jitter_without_a_jump() {
        for ppm in [-300.0, -100.0, 0.0, 100.0, 300.0] {
            let mut timeline = Timeline::default();
            let mut last: Option<Micros> = None;
            for n in 0..200_000 {
                let stamp = timeline.stamp(arrival(n, ppm, 30_000.0), 1152, 44_100);
                assert_eq!(stamp.jump, n == 0, "{ppm} ppm, frame {n}");
                if let Some(last) = last {
                    let step = stamp.time.since(last) as f64;
                    assert!((step - FRAME).abs() < FRAME * 6e-4 + 1.0, "step {step}");
                }
                last = Some(stamp.time);
                let truth = arrival(n, ppm, 0.0).0 as f64;
                let error = stamp.time.0 as f64 - truth;
                assert!(error.abs() < 40_000.0, "{ppm} ppm, frame {n}: {error} µs");
            }
        }
    }

    #[test]
    fn a_stall_that_lasts_starts_the_line_anew_and_marks_one_frame() {
        let mut timeline = Timeline::default();
        let mut jumps = Vec::new();
        for n in 0..2_000u64 {
            let stall = if n >= 1_000 { 900_000 } else { 0 };
            let at = arrival(n, 0.0, 0.0).plus(stall);
            let stamp = timeline.stamp(at, 1152, 44_100);
            if stamp.jump {
                jumps.push(n);
                assert_eq!(stamp.time, at);
            }
        }
        assert_eq!(jumps, [0, 1_000]);
    }

    #[test]
    fn a_stall_made_good_again_moves_nothing() {
        let mut timeline = Timeline::default();
        for n in 0..2_000u64 {
            let held_until = arrival(1_015, 0.0, 0.0);
            let at = arrival(n, 0.0, 0.0);
            let at = if (1_000..1_015).contains(&n) {
                held_until
            } else {
                at
            };
            let stamp = timeline.stamp(at, 1152, 44_100);
            assert_eq!(stamp.jump, n == 0);
            assert!(stamp.time.0.abs_diff(arrival(n, 0.0, 0.0).0) < 10);
        }
    }

    #[test]
    fn a_burst_runs_ahead_and_says_how_far() {
        let mut timeline = Timeline::default();
        let now = Micros(1_000_000);
        for _ in 0..100 {
            timeline.stamp(now, 1152, 44_100);
        }
        assert_eq!(timeline.lead(now), (100.0 * FRAME) as u64);
        assert_eq!(timeline.lead(now.plus(10_000_000)), 0);
    }

    #[test]
    fn times_rise_over_an_interruption() {
        let mut timeline = Timeline::default();
        let now = Micros(1_000_000);
        let mut before = Micros(0);
        for _ in 0..50 {
            before = timeline.stamp(now, 1152, 44_100).time;
        }
        timeline.interrupt();
        let after = timeline.stamp(now.plus(1_000), 1152, 44_100);
        assert!(after.jump && after.time > before);
    }
}
