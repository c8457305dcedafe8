//! What every station plays: real MP3 of which no frame is like another, so that a
//! frame is known by its bytes and no protocol has to carry a number.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use skywave_client::source::{Encoder, PcmFormat};
use skywave_wire::mp3::Parser;

const SAMPLE_RATE: u32 = 44_100;
const BITRATE: u32 = 128_000;
/// Longer than any delay that is measured, so that a frame's bytes tell when it
/// entered.
const SECONDS: u32 = 90;
/// Bytes of a frame's own audio, behind header and side information (ISO/IEC
/// 11172-3, 2.4.1.7), that are looked up.
const KEY: std::ops::Range<usize> = 40..48;

/// The frames of one loop.
pub(crate) struct Material {
    pub(crate) frames: Vec<Bytes>,
    /// How long a frame lasts.
    pub(crate) frame: Duration,
    by_key: HashMap<u64, u32>,
}

impl Material {
    /// Makes it and writes it down, unless it is there.
    pub(crate) fn prepare(file: &Path, seed: u64) -> anyhow::Result<()> {
        if Self::read(file).is_ok() {
            return Ok(());
        }
        let format = PcmFormat {
            sample_rate: SAMPLE_RATE,
            channels: 2,
        };
        let mut encoder = Encoder::new(format, BITRATE)?;
        let mut frames = encoder.push(&sound(seed))?;
        frames.extend(encoder.finish()?);
        let bytes: Vec<u8> = frames
            .iter()
            .flat_map(|frame| frame.mp3.data.iter().copied())
            .collect();
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(file, bytes)?;
        Self::read(file).map(drop)
    }

    /// # Errors
    /// The file is not there, or not of this kind: it is too short, or two of its
    /// frames cannot be told apart.
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(file).with_context(|| file.display().to_string())?;
        let mut parser = Parser::new();
        let mut frames = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            rest = &rest[parser.push(rest)..];
            while let Some(frame) = parser.next_frame()? {
                frames.push(frame);
            }
        }
        while let Some(frame) = parser.finish()? {
            frames.push(frame);
        }
        let micros = frames.iter().map(|f| f.header.duration_micros()).sum();
        let frames = frames.into_iter().map(|frame| frame.data).collect();
        Self::new(frames, Duration::from_micros(micros))
    }

    fn new(frames: Vec<Bytes>, lasts: Duration) -> anyhow::Result<Self> {
        ensure!(!frames.is_empty(), "no frame");
        let mut by_key = HashMap::new();
        for (index, frame) in frames.iter().enumerate() {
            let key = key(frame).context("a frame is too short")?;
            let before = by_key.insert(key, index as u32);
            ensure!(before.is_none(), "two frames look alike");
        }
        Ok(Self {
            frame: lasts / frames.len() as u32,
            frames,
            by_key,
        })
    }

    /// So many short frames, for tests.
    #[cfg(test)]
    pub(crate) fn of_numbers(count: u8) -> Self {
        let frames = (0..count).map(tests::frame).collect();
        let lasts = Duration::from_millis(26) * u32::from(count);
        Self::new(frames, lasts).expect("frames that differ")
    }

    /// Which frame of the loop these bytes are, all of them.
    pub(crate) fn index(&self, bytes: &[u8]) -> Option<usize> {
        let index = *self.by_key.get(&key(bytes)?)? as usize;
        (self.frames[index] == bytes).then_some(index)
    }
}

fn key(frame: &[u8]) -> Option<u64> {
    frame.get(KEY)?.try_into().ok().map(u64::from_be_bytes)
}

/// Chirps under noise, in two channels.
fn sound(seed: u64) -> Vec<f32> {
    let mut noise = SmallRng::seed_from_u64(seed);
    let mut phase = 0.0f32;
    (0..SAMPLE_RATE * SECONDS)
        .flat_map(|n| {
            let second = n as f32 / SAMPLE_RATE as f32;
            let hertz = 200.0 + 90.0 * second + 150.0 * (second * 2.3).sin();
            phase = (phase + hertz / SAMPLE_RATE as f32).fract();
            let tone = (phase * std::f32::consts::TAU).sin() * 0.3;
            let left = tone + noise.random_range(-0.1..0.1);
            let right = tone * 0.7 + noise.random_range(-0.1..0.1);
            [left, right]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn frame(n: u8) -> Bytes {
        let mut bytes = vec![0u8; 100];
        bytes[KEY.start] = n;
        bytes.into()
    }

    #[test]
    fn a_frame_is_known_by_all_of_its_bytes() {
        let frames = vec![frame(1), frame(2), frame(3)];
        let material = Material::new(frames, Duration::from_millis(78)).expect("good frames");
        assert_eq!(material.frame, Duration::from_millis(26));
        assert_eq!(material.index(&frame(3)), Some(2));
        assert_eq!(material.index(&frame(4)), None);
        let mut bent = frame(3).to_vec();
        bent[99] = 1;
        assert_eq!(material.index(&bent), None);
        assert_eq!(material.index(&frame(3)[..20]), None);
    }

    #[test]
    fn frames_that_look_alike_are_refused() {
        let frames = vec![frame(1), frame(2), frame(1)];
        assert!(Material::new(frames, Duration::from_secs(1)).is_err());
        assert!(Material::new(Vec::new(), Duration::from_secs(1)).is_err());
    }

    #[test]
    fn the_loop_is_long_and_has_no_frame_twice() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("material.mp3");
        Material::prepare(&file, 7).expect("material");
        let material = Material::read(&file).expect("the same material");
        let lasts = material.frame * material.frames.len() as u32;
        assert!(lasts > Duration::from_secs(60), "{lasts:?}");
        for (index, frame) in material.frames.iter().enumerate().step_by(97) {
            assert_eq!(material.index(frame), Some(index));
        }
    }
}
