//! The instruments: each yields one stereo pair a call.

use std::f32::consts::TAU;

use super::RATE;

/// At this level a voice, quiet as each is, is no longer heard.
const INAUDIBLE: f32 = 1e-3;

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Rng {
        Rng(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, not including, 1.
    pub(super) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1 << 24) as f32
    }

    /// From 0 up to, not including, `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f32) as usize
    }
}

/// Cycles a sample of a MIDI note.
fn pitch(note: i32) -> f32 {
    440.0 * 2.0_f32.powf((note - 69) as f32 / 12.0) / RATE
}

/// Gains of left and right for `pan` from -1 to 1, of equal power.
fn pan_gains(pan: f32) -> [f32; 2] {
    let angle = (pan + 1.0) * TAU / 8.0;
    [angle.cos(), angle.sin()]
}

/// What a voice with this time constant keeps of itself a sample.
fn decay(seconds: f32) -> f32 {
    (-1.0 / (seconds * RATE)).exp()
}

/// A slow, wide note of two saws detuned against each other, one to each side.
#[derive(Debug, Clone)]
pub(super) struct Pad {
    phases: [f32; 2],
    steps: [f32; 2],
    gains: [f32; 2],
    level: f32,
    target: f32,
    pace: f32,
}

impl Pad {
    pub(super) fn new(note: i32, gain: f32, pan: f32, rng: &mut Rng) -> Pad {
        let step = pitch(note);
        Pad {
            phases: [rng.unit(), rng.unit()],
            steps: [step * 0.998, step * 1.002],
            gains: pan_gains(pan).map(|side| side * gain),
            level: 0.0,
            target: 1.0,
            pace: 1.0 - decay(0.5),
        }
    }

    pub(super) fn release(&mut self) {
        self.target = 0.0;
    }

    pub(super) fn is_heard(&self) -> bool {
        self.target > 0.0 || self.level > INAUDIBLE
    }

    pub(super) fn next(&mut self) -> [f32; 2] {
        self.level += (self.target - self.level) * self.pace;
        std::array::from_fn(|side| {
            let saw = smooth_saw(self.phases[side], self.steps[side]);
            let phase = self.phases[side] + self.steps[side];
            self.phases[side] = if phase < 1.0 { phase } else { phase - 1.0 };
            saw * self.gains[side] * self.level
        })
    }
}

/// A saw whose jump is rounded over two samples, against aliasing (PolyBLEP: Välimäki and
/// Huovilainen, "Antialiasing oscillators in subtractive synthesis", 2007).
fn smooth_saw(phase: f32, step: f32) -> f32 {
    let saw = 2.0 * phase - 1.0;
    if phase < step {
        let t = phase / step;
        saw - (2.0 * t - t * t - 1.0)
    } else if phase > 1.0 - step {
        let t = (phase - 1.0) / step;
        saw - (t * t + 2.0 * t + 1.0)
    } else {
        saw
    }
}

/// A struck note: a sine and two overtones that fade sooner than it. It also is the bass.
#[derive(Debug, Clone)]
pub(super) struct Pluck {
    /// Sine and cosine of the phase, turned by `turn` each sample: much cheaper than `f32::sin`.
    phase: [f32; 2],
    turn: [f32; 2],
    gains: [f32; 2],
    attack: f32,
    level: f32,
    fall: f32,
}

impl Pluck {
    pub(super) fn new(note: i32, gain: f32, seconds: f32, pan: f32) -> Pluck {
        let angle = pitch(note) * TAU;
        Pluck {
            phase: [0.0, 1.0],
            turn: [angle.sin(), angle.cos()],
            gains: pan_gains(pan).map(|side| side * gain),
            attack: 0.0,
            level: 1.0,
            fall: decay(seconds),
        }
    }

    /// Lets the note end at once, without a click.
    pub(super) fn damp(&mut self) {
        self.fall = decay(0.03);
    }

    pub(super) fn is_heard(&self) -> bool {
        self.level > INAUDIBLE
    }

    pub(super) fn next(&mut self) -> [f32; 2] {
        self.attack = (self.attack + 1.0 / (0.006 * RATE)).min(1.0);
        self.level *= self.fall;
        let ([sine, cosine], [turn_sine, turn_cosine]) = (self.phase, self.turn);
        self.phase = [
            sine * turn_cosine + cosine * turn_sine,
            cosine * turn_cosine - sine * turn_sine,
        ];
        let bright = self.level * self.level;
        let second = 2.0 * sine * cosine;
        let third = sine * (3.0 - 4.0 * sine * sine);
        let wave = sine + bright * (0.35 * second + 0.2 * third);
        let level = wave * self.level * self.attack;
        self.gains.map(|side| side * level)
    }
}

/// Echoes that wander from side to side and grow darker.
#[derive(Debug, Clone)]
pub(super) struct Echo {
    line: Vec<[f32; 2]>,
    at: usize,
    dark: [f32; 2],
}

impl Echo {
    pub(super) fn new(samples: usize) -> Echo {
        Echo {
            line: vec![[0.0; 2]; samples.max(1)],
            at: 0,
            dark: [0.0; 2],
        }
    }

    pub(super) fn next(&mut self, input: [f32; 2]) -> [f32; 2] {
        let delayed = self.line[self.at];
        for (dark, delayed) in self.dark.iter_mut().zip(delayed) {
            *dark += (delayed - *dark) * 0.3;
        }
        let [left, right] = self.dark;
        self.line[self.at] = [input[0] * 0.5 + right * 0.5, input[1] * 0.5 + left * 0.5];
        self.at = (self.at + 1) % self.line.len();
        [left, right]
    }
}

/// Two poles of low-pass (Zavalishin, "The art of VA filter design", 2012, chapter 4).
#[derive(Debug, Clone, Default)]
pub(super) struct LowPass {
    gain: f32,
    scale: f32,
    states: [f32; 2],
}

impl LowPass {
    const DAMPING: f32 = 1.2;

    /// Moves the corner to `hertz`.
    pub(super) fn tune(&mut self, hertz: f32) {
        let gain = (hertz / RATE * TAU / 2.0).tan();
        self.gain = gain;
        self.scale = 1.0 / (1.0 + Self::DAMPING * gain + gain * gain);
    }

    pub(super) fn next(&mut self, input: f32) -> f32 {
        let [band, low] = self.states;
        let high = (input - (Self::DAMPING + self.gain) * band - low) * self.scale;
        let band_out = self.gain * high + band;
        let low_out = self.gain * band_out + low;
        self.states = [2.0 * band_out - band, 2.0 * low_out - low];
        low_out
    }
}

/// A soft kick, a brushed snare and a hat.
#[derive(Debug, Clone)]
pub(super) struct Drums {
    noise: Rng,
    kick: f32,
    kick_phase: f32,
    kick_bend: f32,
    brush: f32,
    hat: f32,
    smooth: f32,
    smoother: f32,
}

impl Drums {
    pub(super) fn new(seed: u64) -> Drums {
        Drums {
            noise: Rng::new(seed),
            kick: 0.0,
            kick_phase: 0.0,
            kick_bend: 0.0,
            brush: 0.0,
            hat: 0.0,
            smooth: 0.0,
            smoother: 0.0,
        }
    }

    pub(super) fn kick(&mut self, gain: f32) {
        self.kick = gain;
        self.kick_phase = 0.0;
        self.kick_bend = 1.0;
    }

    pub(super) fn brush(&mut self, gain: f32) {
        self.brush = gain;
    }

    pub(super) fn hat(&mut self, gain: f32) {
        self.hat = gain;
    }

    pub(super) fn next(&mut self) -> [f32; 2] {
        let kick = self.next_kick();
        let white = self.noise.unit() * 2.0 - 1.0;
        self.smooth += (white - self.smooth) * 0.5;
        self.smoother += (self.smooth - self.smoother) * 0.1;
        let brush = self.brush * (self.smooth - self.smoother);
        let hat = self.hat * (white - self.smooth);
        self.brush *= 0.999_7;
        self.hat *= 0.999;
        [
            kick + 0.9 * brush + 1.1 * hat,
            kick + 1.1 * brush + 0.9 * hat,
        ]
    }

    /// A sine that falls from 138 to 48 Hz as it fades.
    fn next_kick(&mut self) -> f32 {
        if self.kick < INAUDIBLE {
            return 0.0;
        }
        let kick = self.kick * (self.kick_phase * TAU).sin();
        self.kick *= 0.999_8;
        self.kick_phase += (48.0 + 90.0 * self.kick_bend) / RATE;
        self.kick_bend *= 0.999;
        kick
    }
}
