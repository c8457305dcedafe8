//! Music for the demo station, made up as it plays: endless, seeded, nobody's property.
//!
//! It owns composition and sound, as interleaved stereo samples. The demo encodes them and goes on
//! the air with them. It never paces and never touches a file.

mod voices;

use std::time::Duration;

use voices::{Drums, Echo, LowPass, Pad, Pluck, Rng};

/// Samples per second of each channel.
pub(super) const SAMPLE_RATE: u32 = 44_100;

/// Channels, interleaved in every block.
pub(super) const CHANNELS: u8 = 2;

/// The artist of every track.
pub(super) const ARTIST: &str = "Skywave Demo";

const RATE: f32 = SAMPLE_RATE as f32;
const STEPS_A_BAR: u32 = 16;
/// Brings a track to about -18 LUFS.
const LOUDNESS: f32 = 1.34;
const FADE_IN: f32 = 0.8 * RATE;
const FADE_OUT: f32 = 5.0 * RATE;

const MOODS: [&str; 12] = [
    "Amber", "Distant", "Drifting", "Electric", "Evening", "Floating", "Golden", "Midnight",
    "Northern", "Quiet", "Silver", "Slow",
];
const THINGS: [&str; 12] = [
    "Antenna",
    "Aurora",
    "Carrier",
    "Coastline",
    "Harbour",
    "Horizon",
    "Ionosphere",
    "Lighthouse",
    "Meridian",
    "Shortwave",
    "Skyline",
    "Tide",
];

const MAJOR: [i32; 7] = [0, 2, 4, 5, 7, 9, 11];
const DORIAN: [i32; 7] = [0, 2, 3, 5, 7, 9, 10];
const AEOLIAN: [i32; 7] = [0, 2, 3, 5, 7, 8, 10];

/// Scales, each with the progressions that suit it: a degree of the scale a bar.
const HARMONY: [([i32; 7], [[i32; 4]; 3]); 3] = [
    (MAJOR, [[0, 5, 3, 4], [0, 4, 5, 3], [3, 0, 4, 5]]),
    (DORIAN, [[0, 3, 0, 6], [0, 6, 3, 3], [0, 2, 3, 6]]),
    (AEOLIAN, [[0, 5, 2, 6], [0, 3, 5, 6], [5, 6, 0, 0]]),
];

/// Orders in which the arpeggio runs through the tones of a chord; 4 to 7 are an octave up.
const RUNS: [[i32; 8]; 4] = [
    [0, 1, 2, 4, 3, 2, 1, 2],
    [0, 2, 4, 2, 5, 4, 2, 1],
    [4, 2, 1, 0, 1, 2, 5, 2],
    [0, 4, 1, 5, 2, 6, 1, 4],
];

/// An endless list of tracks, the same for the same seed.
#[derive(Debug, Clone)]
pub(super) struct Music {
    rng: Rng,
    last: (usize, usize),
}

impl Music {
    /// The programme of `seed`.
    pub(super) fn new(seed: u64) -> Music {
        Music {
            rng: Rng::new(seed),
            last: (MOODS.len(), THINGS.len()),
        }
    }

    /// Composes the next track. Neither word of its title is in the title before.
    pub(super) fn next_track(&mut self) -> Track {
        let mood = self.other_than(self.last.0, MOODS.len());
        let thing = self.other_than(self.last.1, THINGS.len());
        self.last = (mood, thing);
        Track::compose(
            format!("{} {}", MOODS[mood], THINGS[thing]),
            Rng::new(self.rng.next()),
        )
    }

    fn other_than(&mut self, last: usize, choices: usize) -> usize {
        loop {
            let choice = self.rng.below(choices);
            if choice != last {
                return choice;
            }
        }
    }
}

/// One piece of 40 to 60 seconds, that fades in and out.
#[derive(Debug, Clone)]
pub(super) struct Track {
    title: String,
    score: Score,
    rng: Rng,
    position: u32,
    step: u32,
    next_step: u32,
    pads: Vec<Pad>,
    pad_filters: [LowPass; 2],
    plucks: Vec<Pluck>,
    bass: Vec<Pluck>,
    echo: Echo,
    drums: Drums,
    dc: [f32; 2],
}

/// What is decided before the first sample.
#[derive(Debug, Clone)]
struct Score {
    key: i32,
    scale: [i32; 7],
    progression: [i32; 4],
    run: [i32; 8],
    bars: u32,
    step_samples: f32,
    sweep: f32,
    kick: bool,
}

impl Track {
    fn compose(title: String, mut rng: Rng) -> Track {
        let (scale, progressions) = HARMONY[rng.below(HARMONY.len())];
        let tempo = 76.0 + rng.unit() * 26.0;
        let bar_seconds = 240.0 / tempo;
        let score = Score {
            key: 45 + rng.below(10) as i32,
            scale,
            progression: progressions[rng.below(progressions.len())],
            run: RUNS[rng.below(RUNS.len())],
            bars: 4 * (50.0 / bar_seconds / 4.0).round() as u32,
            step_samples: bar_seconds * RATE / STEPS_A_BAR as f32,
            sweep: 0.05 + rng.unit() * 0.05,
            kick: rng.unit() < 0.7,
        };
        Track {
            title,
            position: 0,
            step: 0,
            next_step: 0,
            pads: Vec::new(),
            pad_filters: Default::default(),
            plucks: Vec::new(),
            bass: Vec::new(),
            echo: Echo::new((score.step_samples * 3.0) as usize),
            drums: Drums::new(rng.next()),
            dc: [0.0; 2],
            score,
            rng,
        }
    }

    /// Title, unlike that of the track before.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Playing time.
    pub(super) fn duration(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.length()) / f64::from(SAMPLE_RATE))
    }

    /// Writes interleaved stereo samples, within 0.9 of full scale, and returns how many pairs:
    /// fewer than `out` holds only as the track ends, 0 after it.
    pub(super) fn fill(&mut self, out: &mut [f32]) -> usize {
        let length = self.length();
        let mut written = 0;
        for pair in out.chunks_exact_mut(usize::from(CHANNELS)) {
            if self.position == length {
                break;
            }
            if self.position == self.next_step {
                self.play_step();
            }
            let fade = self.fade(length);
            for (sample, (mixed, dc)) in pair.iter_mut().zip(self.mix().iter().zip(&mut self.dc)) {
                *dc += (mixed - *dc) * 0.003;
                *sample = 0.88 * (LOUDNESS * (mixed - *dc) * fade).tanh();
            }
            self.position += 1;
            written += 1;
        }
        written
    }

    fn length(&self) -> u32 {
        (self.score.step_samples * (self.score.bars * STEPS_A_BAR) as f32) as u32
    }

    fn fade(&self, length: u32) -> f32 {
        let rise = (self.position as f32 / FADE_IN).min(1.0);
        let fall = ((length - self.position) as f32 / FADE_OUT).min(1.0);
        rise * fall * fall
    }

    fn mix(&mut self) -> [f32; 2] {
        let pads = sum(self.pads.iter_mut().map(Pad::next));
        let plucks = sum(self.plucks.iter_mut().map(Pluck::next));
        let bass = sum(self.bass.iter_mut().map(Pluck::next));
        let echo = self.echo.next(plucks);
        let drums = self.drums.next();
        std::array::from_fn(|side| {
            let pad = self.pad_filters[side].next(pads[side]);
            pad + plucks[side] + echo[side] + bass[side] + drums[side]
        })
    }

    /// Starts what falls on the sixteenth that begins here.
    fn play_step(&mut self) {
        let (bar, sixteenth) = (self.step / STEPS_A_BAR, self.step % STEPS_A_BAR);
        let bars = self.score.bars;
        let degree = self.score.progression[bar as usize % 4];
        if sixteenth == 0 {
            self.play_chord(degree);
        }
        self.sweep_filters();
        if (1..bars - 1).contains(&bar) && sixteenth.is_multiple_of(2) {
            self.play_arpeggio(degree, sixteenth / 2);
        }
        if (2..bars - 1).contains(&bar) && matches!(sixteenth, 0 | 6 | 10) {
            self.play_bass(degree, if sixteenth == 0 { 0.22 } else { 0.16 });
        }
        if (4..bars - 2).contains(&bar) {
            match sixteenth {
                0 | 8 if self.score.kick => self.drums.kick(0.30),
                4 | 12 => self.drums.brush(0.05),
                2 | 6 | 10 | 14 => self.drums.hat(0.025 + 0.015 * self.rng.unit()),
                _ => {}
            }
        }
        self.step += 1;
        self.next_step = (self.score.step_samples * self.step as f32) as u32;
    }

    fn play_chord(&mut self, degree: i32) {
        self.pads.retain(Pad::is_heard);
        self.pads.iter_mut().for_each(Pad::release);
        for (index, tone) in [0, 2, 4, 6, 8].into_iter().enumerate() {
            let note = fold(self.note(degree + tone), 55);
            let pan = index as f32 / 4.0 - 0.5;
            self.pads.push(Pad::new(note, 0.065, pan, &mut self.rng));
        }
    }

    fn play_bass(&mut self, degree: i32, gain: f32) {
        self.bass.retain(Pluck::is_heard);
        self.bass.iter_mut().for_each(Pluck::damp);
        let note = fold(self.note(degree), 36);
        self.bass.push(Pluck::new(note, gain, 0.8, 0.0));
    }

    fn play_arpeggio(&mut self, degree: i32, eighth: u32) {
        self.plucks.retain(Pluck::is_heard);
        if self.rng.unit() < 0.12 {
            return;
        }
        let tone = self.score.run[eighth as usize % 8];
        let note = fold(self.note(degree), 60) + self.interval(degree, tone);
        let accent = if eighth.is_multiple_of(4) { 0.15 } else { 0.10 };
        let gain = accent * (0.8 + 0.4 * self.rng.unit());
        let pan = self.rng.unit() * 0.8 - 0.4;
        self.plucks.push(Pluck::new(note, gain, 0.35, pan));
    }

    /// Opens and closes the pads' filter over many bars.
    fn sweep_filters(&mut self) {
        let seconds = self.position as f32 / RATE;
        for (filter, lag) in self.pad_filters.iter_mut().zip([0.0, 0.6]) {
            let swing = (seconds * self.score.sweep * std::f32::consts::TAU + lag).sin();
            filter.tune(900.0 * 2.0_f32.powf(swing));
        }
    }

    /// MIDI number of a degree of the scale, any number of octaves up.
    fn note(&self, degree: i32) -> i32 {
        self.score.key + self.score.scale[degree.rem_euclid(7) as usize] + 12 * degree.div_euclid(7)
    }

    /// Semitones from a chord's root to one of its tones: root, third, fifth, seventh, and again.
    fn interval(&self, degree: i32, tone: i32) -> i32 {
        let within = self.note(degree + 2 * (tone % 4)) - self.note(degree);
        within + 12 * (tone / 4)
    }
}

fn sum(voices: impl Iterator<Item = [f32; 2]>) -> [f32; 2] {
    voices.fold([0.0; 2], |[left, right], voice| {
        [left + voice[0], right + voice[1]]
    })
}

/// Moves a MIDI number by octaves to the one that starts at `lowest`.
fn fold(note: i32, lowest: i32) -> i32 {
    lowest + (note - lowest).rem_euclid(12)
}

#[cfg(test)]
mod tests;
