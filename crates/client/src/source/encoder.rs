use std::collections::VecDeque;
use std::num::NonZeroU32;

use mp3lame_encoder::{Bitrate, Builder, FlushGap, InterleavedPcm, Mode, MonoPcm};
use skywave_wire::mp3;

use super::Frame;
use super::error::Error;
use super::level::{Level, Meter};

/// The bit rates that an [`Encoder`] takes, in bit/s. At sample rates below 32 kHz the upper ones
/// do not exist (ISO/IEC 13818-3 section 2.4.2.3): the nearest that does is used.
pub const BITRATES: [u32; 16] = [
    8_000, 16_000, 24_000, 32_000, 40_000, 48_000, 64_000, 80_000, 96_000, 112_000, 128_000,
    160_000, 192_000, 224_000, 256_000, 320_000,
];

const SAMPLE_RATES: [u32; 9] = [
    8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
];
const FALLBACK_SAMPLE_RATE: u32 = 44_100;

/// Samples by which what is heard lags behind what was pushed: LAME's 576 and the 529 of every
/// Layer III decoder (LAME's `encoder.h`).
const DELAY: u64 = 576 + 529;

/// PCM frames handed to LAME at once.
const CHUNK: usize = 1152;

/// The shape of interleaved PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PcmFormat {
    /// Samples per second of one channel.
    pub sample_rate: u32,
    /// 1 or 2.
    pub channels: u8,
}

impl PcmFormat {
    /// The sample rate of the MP3: the same where MPEG audio has it, else 44.1 kHz.
    pub fn encoded_rate(&self) -> u32 {
        if SAMPLE_RATES.contains(&self.sample_rate) {
            self.sample_rate
        } else {
            FALLBACK_SAMPLE_RATE
        }
    }
}

/// PCM in, MP3 frames out: constant bit rate, joint stereo or mono, no Xing or Info frame.
///
/// One encoder over several tracks plays them without a gap: where
/// [`frame_of_next_sample`](Self::frame_of_next_sample) stands before a push, the first sample of
/// that push will be heard.
pub struct Encoder {
    lame: mp3lame_encoder::Encoder,
    format: PcmFormat,
    encoded_rate: u32,
    frame_samples: u64,
    parser: mp3::Parser,
    clean: Vec<f32>,
    bytes: Vec<u8>,
    meter: Meter,
    levels: VecDeque<Level>,
    metered_blocks: u64,
    pushed: u64,
}

impl Encoder {
    /// An encoder of `format` at `bitrate` bit/s, one of [`BITRATES`].
    ///
    /// # Errors
    ///
    /// [`Error::Bitrate`] and [`Error::Pcm`] for what MP3 does not have, [`Error::Encoder`] where
    /// LAME refuses or has no memory.
    pub fn new(format: PcmFormat, bitrate: u32) -> Result<Encoder, Error> {
        let bitrate = lame_bitrate(bitrate).ok_or(Error::Bitrate(bitrate))?;
        let mode = match format.channels {
            1 => Mode::Mono,
            2 => Mode::JointStereo,
            _ => return Err(unfit(format)),
        };
        let encoded_rate = format.encoded_rate();
        if format.sample_rate == 0 {
            return Err(unfit(format));
        }
        let mut builder = Builder::new().ok_or_else(|| Error::Encoder("no memory".to_owned()))?;
        builder
            .set_num_channels(format.channels)
            .and_then(|()| builder.set_sample_rate(format.sample_rate))
            .and_then(|()| builder.set_output_sample_rate(NonZeroU32::new(encoded_rate)))
            .and_then(|()| builder.set_brate(bitrate))
            .and_then(|()| builder.set_mode(mode))
            .and_then(|()| builder.set_to_write_vbr_tag(false))
            .map_err(lame_error)?;
        Ok(Encoder {
            lame: builder.build().map_err(lame_error)?,
            format,
            encoded_rate,
            frame_samples: if encoded_rate < 32_000 { 576 } else { 1152 },
            parser: mp3::Parser::new(),
            clean: Vec::new(),
            bytes: Vec::new(),
            meter: Meter::default(),
            levels: VecDeque::new(),
            metered_blocks: 0,
            pushed: 0,
        })
    }

    /// What the encoder takes.
    pub fn format(&self) -> PcmFormat {
        self.format
    }

    /// Which frame, counted from the encoder's first as 0, carries the next sample pushed, as a
    /// decoder lets it be heard.
    pub fn frame_of_next_sample(&self) -> u64 {
        let samples =
            self.pushed * u64::from(self.encoded_rate) / u64::from(self.format.sample_rate);
        (samples + DELAY) / self.frame_samples
    }

    /// Encodes interleaved samples, full scale 1.0; an incomplete set of channels at the end is
    /// dropped. Returns the frames that are complete, which lag a few frames behind.
    ///
    /// # Errors
    ///
    /// [`Error::Encoder`] where LAME fails; the encoder is of no use then.
    pub fn push(&mut self, pcm: &[f32]) -> Result<Vec<Frame>, Error> {
        let channels = usize::from(self.format.channels);
        let whole = pcm.len() - pcm.len() % channels;
        let mut frames = Vec::new();
        for chunk in pcm[..whole].chunks(CHUNK * channels) {
            self.clean.clear();
            self.clean.extend(chunk.iter().copied().map(clean));
            self.measure();
            self.encode()?;
            self.cut(&mut frames)?;
        }
        Ok(frames)
    }

    /// Ends the stream: the frames that were still held back, padded with silence.
    ///
    /// # Errors
    ///
    /// [`Error::Encoder`] where LAME fails.
    pub fn finish(mut self) -> Result<Vec<Frame>, Error> {
        let mut frames = Vec::new();
        self.levels.extend(self.meter.take());
        self.bytes.reserve(self.output_bound());
        self.lame
            .flush_to_vec::<FlushGap>(&mut self.bytes)
            .map_err(lame_error)?;
        self.cut(&mut frames)?;
        while let Some(mp3) = self.parser.finish().map_err(lame_error)? {
            frames.push(self.with_level(mp3));
        }
        Ok(frames)
    }

    fn encode(&mut self) -> Result<(), Error> {
        self.bytes.reserve(self.output_bound());
        match self.format.channels {
            1 => self
                .lame
                .encode_to_vec(MonoPcm(&self.clean), &mut self.bytes),
            _ => self
                .lame
                .encode_to_vec(InterleavedPcm(&self.clean), &mut self.bytes),
        }
        .map_err(lame_error)?;
        self.pushed += (self.clean.len() / usize::from(self.format.channels)) as u64;
        Ok(())
    }

    /// The most that LAME writes for one chunk, resampled: see `lame_encode_buffer` in `lame.h`.
    fn output_bound(&self) -> usize {
        let ratio = self.encoded_rate.div_ceil(self.format.sample_rate) as usize;
        mp3lame_encoder::max_required_buffer_size(CHUNK * ratio)
    }

    fn cut(&mut self, frames: &mut Vec<Frame>) -> Result<(), Error> {
        let bytes = std::mem::take(&mut self.bytes);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            rest = &rest[self.parser.push(rest)..];
            while let Some(mp3) = self.parser.next_frame().map_err(lame_error)? {
                frames.push(self.with_level(mp3));
            }
        }
        self.bytes = bytes;
        self.bytes.clear();
        Ok(())
    }

    fn with_level(&mut self, mp3: mp3::Frame) -> Frame {
        Frame {
            mp3,
            level: self.levels.pop_front(),
        }
    }

    /// Takes the level of the chunk about to be encoded, in blocks that fall where the frames do.
    fn measure(&mut self) {
        let channels = usize::from(self.format.channels);
        let mut position = self.pushed;
        let mut rest = &self.clean[..];
        while !rest.is_empty() {
            let end = self.block_end();
            let frames = (rest.len() / channels).min(end.saturating_sub(position) as usize);
            let (block, behind) = rest.split_at(frames * channels);
            self.meter.add(block);
            position += frames as u64;
            rest = behind;
            if position >= end {
                self.levels.extend(self.meter.take());
                self.metered_blocks += 1;
            }
        }
    }

    /// Position in PCM frames at which the block being metered ends.
    fn block_end(&self) -> u64 {
        let samples =
            (self.metered_blocks + 1) * self.frame_samples - DELAY.min(self.frame_samples);
        samples * u64::from(self.format.sample_rate) / u64::from(self.encoded_rate)
    }
}

/// Keeps what LAME cannot digest out of it: not-a-number and absurd amplitudes, which float WAV
/// files can hold.
fn clean(sample: f32) -> f32 {
    if sample.is_finite() {
        sample.clamp(-2.0, 2.0)
    } else {
        0.0
    }
}

fn unfit(format: PcmFormat) -> Error {
    Error::Pcm {
        sample_rate: format.sample_rate,
        channels: format.channels,
    }
}

fn lame_error(error: impl std::fmt::Display) -> Error {
    Error::Encoder(error.to_string())
}

fn lame_bitrate(bitrate: u32) -> Option<Bitrate> {
    Some(match bitrate {
        8_000 => Bitrate::Kbps8,
        16_000 => Bitrate::Kbps16,
        24_000 => Bitrate::Kbps24,
        32_000 => Bitrate::Kbps32,
        40_000 => Bitrate::Kbps40,
        48_000 => Bitrate::Kbps48,
        64_000 => Bitrate::Kbps64,
        80_000 => Bitrate::Kbps80,
        96_000 => Bitrate::Kbps96,
        112_000 => Bitrate::Kbps112,
        128_000 => Bitrate::Kbps128,
        160_000 => Bitrate::Kbps160,
        192_000 => Bitrate::Kbps192,
        224_000 => Bitrate::Kbps224,
        256_000 => Bitrate::Kbps256,
        320_000 => Bitrate::Kbps320,
        _ => return None,
    })
}
