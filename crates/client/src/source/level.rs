use skywave_wire::mp3;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::PacketRef;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::MpaDecoder;

/// The least that a [`Level`] says, in dBFS: silence.
pub const SILENCE_DBFS: f32 = -120.0;

/// How loud a frame is, over all its channels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The largest sample, in dB of full scale: from [`SILENCE_DBFS`] to 0, and above 0 where the
    /// samples clip.
    pub peak_dbfs: f32,
    /// Root mean square of the samples, in dB of full scale: a full-scale sine reads -3.0.
    pub rms_dbfs: f32,
}

/// Gathers samples until their level is taken.
#[derive(Debug, Default)]
pub(super) struct Meter {
    peak: f32,
    square_sum: f64,
    samples: u64,
}

impl Meter {
    pub(super) fn add(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.peak = self.peak.max(sample.abs());
            self.square_sum += f64::from(sample) * f64::from(sample);
        }
        self.samples += samples.len() as u64;
    }

    /// The level of what was added since the last call, or `None` where that is nothing.
    pub(super) fn take(&mut self) -> Option<Level> {
        let Meter {
            peak,
            square_sum,
            samples,
        } = std::mem::take(self);
        (samples > 0).then(|| Level {
            peak_dbfs: dbfs(peak),
            rms_dbfs: dbfs((square_sum / samples as f64).sqrt() as f32),
        })
    }
}

fn dbfs(amplitude: f32) -> f32 {
    (20.0 * amplitude.log10()).max(SILENCE_DBFS)
}

/// Decodes MP3 frames for their level alone.
#[derive(Default)]
pub(super) struct FrameMeter {
    decoder: Option<(mp3::Header, MpaDecoder)>,
    pcm: Vec<f32>,
}

impl FrameMeter {
    /// The level of `frame`, which follows the one measured before. `None` where it does not
    /// decode, which is so for free format, and for frames after a gap.
    pub(super) fn measure(&mut self, frame: &mp3::Frame) -> Option<Level> {
        let mut pcm = std::mem::take(&mut self.pcm);
        let decoder = self.decoder_for(frame.header)?;
        let packet = PacketRef::new(0, Timestamp::ZERO, Duration::ZERO, &frame.data);
        decoder
            .decode_ref(&packet)
            .ok()?
            .copy_to_vec_interleaved(&mut pcm);
        let mut meter = Meter::default();
        meter.add(&pcm);
        self.pcm = pcm;
        meter.take()
    }

    fn decoder_for(&mut self, header: mp3::Header) -> Option<&mut MpaDecoder> {
        // A decoder keeps the rate and the channels of its first frame for good.
        let fits = |(first, _): &(mp3::Header, MpaDecoder)| {
            first.same_stream(&header) && first.channels() == header.channels()
        };
        if !self.decoder.as_ref().is_some_and(fits) {
            let mut params = AudioCodecParameters::new();
            params.for_codec(CODEC_ID_MP3);
            let options = AudioDecoderOptions::default().gapless(false);
            self.decoder = Some((header, MpaDecoder::try_new(&params, &options).ok()?));
        }
        self.decoder.as_mut().map(|(_, decoder)| decoder)
    }
}
