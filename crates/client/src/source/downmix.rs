use std::f32::consts::FRAC_1_SQRT_2;

use symphonia::core::audio::{Channels, Position};

/// Brings any number of channels to the one or two that MP3 has.
pub(super) struct Downmix {
    inputs: usize,
    /// Gains to left and right of each input, where there are more than two.
    gains: Vec<[f32; 2]>,
}

impl Downmix {
    /// `None` where there are no channels at all.
    pub(super) fn of(channels: &Channels) -> Option<Downmix> {
        let inputs = channels.count();
        let gains = match inputs {
            0 => return None,
            1 | 2 => Vec::new(),
            _ => normalised(match channels {
                Channels::Positioned(positions) => positions.iter().map(gain).collect(),
                _ => (0..inputs).map(alternating).collect(),
            }),
        };
        Some(Downmix { inputs, gains })
    }

    /// Channels that come out: 1 or 2.
    pub(super) fn outputs(&self) -> u8 {
        if self.inputs == 1 { 1 } else { 2 }
    }

    /// Mixes interleaved samples in place.
    pub(super) fn apply(&self, pcm: &mut Vec<f32>) {
        if self.gains.is_empty() {
            return;
        }
        let frames = pcm.len() / self.inputs;
        for frame in 0..frames {
            let start = frame * self.inputs;
            let mut mixed = [0.0; 2];
            for (sample, gains) in pcm[start..start + self.inputs].iter().zip(&self.gains) {
                mixed[0] += sample * gains[0];
                mixed[1] += sample * gains[1];
            }
            // Two outputs never reach beyond the three or more inputs already read.
            pcm[frame * 2..frame * 2 + 2].copy_from_slice(&mixed);
        }
        pcm.truncate(frames * 2);
    }
}

/// The stereo downmix of ITU-R BS.775-3 annex 4: centre and surrounds at -3 dB, no LFE.
fn gain(position: Position) -> [f32; 2] {
    const LEFT: Position = Position::FRONT_LEFT
        .union(Position::FRONT_LEFT_CENTER)
        .union(Position::FRONT_LEFT_WIDE);
    const RIGHT: Position = Position::FRONT_RIGHT
        .union(Position::FRONT_RIGHT_CENTER)
        .union(Position::FRONT_RIGHT_WIDE);
    const FAR_LEFT: Position = Position::REAR_LEFT
        .union(Position::SIDE_LEFT)
        .union(Position::TOP_FRONT_LEFT)
        .union(Position::TOP_REAR_LEFT)
        .union(Position::TOP_SIDE_LEFT)
        .union(Position::BOTTOM_FRONT_LEFT);
    const FAR_RIGHT: Position = Position::REAR_RIGHT
        .union(Position::SIDE_RIGHT)
        .union(Position::TOP_FRONT_RIGHT)
        .union(Position::TOP_REAR_RIGHT)
        .union(Position::TOP_SIDE_RIGHT)
        .union(Position::BOTTOM_FRONT_RIGHT);
    const LOW: Position = Position::LFE1.union(Position::LFE2);
    if LEFT.contains(position) {
        [1.0, 0.0]
    } else if RIGHT.contains(position) {
        [0.0, 1.0]
    } else if FAR_LEFT.contains(position) {
        [FRAC_1_SQRT_2, 0.0]
    } else if FAR_RIGHT.contains(position) {
        [0.0, FRAC_1_SQRT_2]
    } else if LOW.contains(position) {
        [0.0, 0.0]
    } else {
        [FRAC_1_SQRT_2, FRAC_1_SQRT_2]
    }
}

/// Channels without a position: every other one to the left, as pairs are usually stored.
fn alternating(index: usize) -> [f32; 2] {
    if index.is_multiple_of(2) {
        [1.0, 0.0]
    } else {
        [0.0, 1.0]
    }
}

/// Scales all gains alike, so that full scale on every input stays full scale.
fn normalised(mut gains: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    let sum = |side: usize| gains.iter().map(|gain| gain[side]).sum::<f32>();
    let scale = 1.0 / sum(0).max(sum(1)).max(1.0);
    gains.iter_mut().flatten().for_each(|gain| *gain *= scale);
    gains
}
