use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ISOMP4, FORMAT_ID_MP3, FORMAT_ID_WAVE};
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream, ReadOnlySource};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use super::downmix::Downmix;
use super::encoder::PcmFormat;
use super::error::Cause;
use super::mp4::{self, Heard};
use super::riff;
use super::tags::{self, Tags};

/// A file whose format is known.
pub(super) struct Probed {
    reader: Box<dyn FormatReader>,
    /// Already taken from the reader, where this is not MP3.
    first: Option<Packet>,
    pub(super) tags: Tags,
    pub(super) duration: Option<Duration>,
    heard: Option<Heard>,
}

/// Finds out what `file` is.
pub(super) fn probe(mut file: File, path: &Path) -> Result<Probed, Cause> {
    let mut found = probe_source(Box::new(file.try_clone()?), path);
    if let Err(SymphoniaError::DecodeError(_)) = &found {
        // An MP4 that was cut off is refused because its boxes reach beyond the end of the file,
        // but plays where it cannot be sought and its end is not known.
        file.rewind()?;
        let unseekable = ReadOnlySource::new(file.try_clone()?);
        found = probe_source(Box::new(unseekable), path).or(found);
    }
    let mut probed = found.map_err(undecodable)?;
    // The clones share one position in the file.
    let position = file.stream_position()?;
    match probed.reader.format_info().format {
        FORMAT_ID_WAVE => probed.tags = probed.tags.or(riff::read_info(&mut file)?),
        FORMAT_ID_ISOMP4 => {
            if let Some(sample_rate) = sample_rate(&*probed.reader) {
                probed.heard = mp4::heard(&mut file, sample_rate)?;
            }
        }
        _ => {}
    }
    file.seek(SeekFrom::Start(position))?;
    Ok(probed)
}

fn probe_source(source: Box<dyn MediaSource>, path: &Path) -> Result<Probed, SymphoniaError> {
    let mut hint = Hint::new();
    if let Some(extension) = path.extension().and_then(|extension| extension.to_str()) {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(source, Default::default());
    let mut reader = symphonia::default::get_probe().probe(
        &hint,
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let mut probed = Probed {
        tags: tags::read(&mut *reader),
        duration: duration(&*reader),
        first: None,
        heard: None,
        reader,
    };
    if !probed.is_mp3() {
        probed.first = next_packet(&mut *probed.reader)?;
    }
    Ok(probed)
}

/// The next packet, or `None` at the end, which may be one that was cut off.
fn next_packet(reader: &mut dyn FormatReader) -> Result<Option<Packet>, SymphoniaError> {
    match reader.next_packet() {
        Err(SymphoniaError::ResetRequired) => Ok(None),
        Err(SymphoniaError::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        found => found,
    }
}

impl Probed {
    pub(super) fn is_mp3(&self) -> bool {
        self.reader.format_info().format == FORMAT_ID_MP3
    }
}

fn duration(reader: &dyn FormatReader) -> Option<Duration> {
    let track = reader.default_track(TrackType::Audio)?;
    let time = track.time_base?.calc_duration(track.duration?)?;
    Some(Duration::from_nanos(u64::try_from(time.as_nanos()).ok()?))
}

fn sample_rate(reader: &dyn FormatReader) -> Option<u32> {
    let track = reader.default_track(TrackType::Audio)?;
    track.codec_params.as_ref()?.audio()?.sample_rate
}

/// Decodes one file to PCM of one or two channels, block by block.
pub(super) struct Decoder {
    reader: Box<dyn FormatReader>,
    first: Option<Packet>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    heard: Option<Heard>,
}

impl Decoder {
    pub(super) fn new(probed: Probed) -> Result<Decoder, Cause> {
        const UNKNOWN: &str = "its codec is none of FLAC, Vorbis, AAC, PCM and MP3";
        let reader = probed.reader;
        let no_audio = || Cause::Undecodable("it has no audio track".to_owned());
        let track = reader
            .default_track(TrackType::Audio)
            .ok_or_else(no_audio)?;
        let params = track
            .codec_params
            .as_ref()
            .and_then(|params| params.audio());
        let decoder = params
            .and_then(|params| {
                let options = AudioDecoderOptions::default();
                symphonia::default::get_codecs()
                    .make_audio_decoder(params, &options)
                    .ok()
            })
            .ok_or_else(|| Cause::Undecodable(UNKNOWN.to_owned()))?;
        Ok(Decoder {
            track_id: track.id,
            first: probed.first,
            heard: probed.heard,
            decoder,
            reader,
        })
    }

    /// Puts the next block of interleaved samples into `pcm` and returns its format, or `None` at
    /// the end. Packets that do not decode are left out.
    pub(super) fn next_block(&mut self, pcm: &mut Vec<f32>) -> Result<Option<PcmFormat>, Cause> {
        loop {
            let packet = match self.first.take() {
                Some(first) => first,
                None => match next_packet(&mut *self.reader).map_err(undecodable)? {
                    Some(packet) => packet,
                    None => return Ok(None),
                },
            };
            if packet.track_id != self.track_id {
                continue;
            }
            let block = match self.decoder.decode(&packet) {
                Ok(block) => block,
                Err(SymphoniaError::IoError(_) | SymphoniaError::DecodeError(_)) => continue,
                Err(error) => return Err(undecodable(error)),
            };
            let Some(downmix) = Downmix::of(block.spec().channels()) else {
                continue;
            };
            if block.is_empty() {
                continue;
            }
            let format = PcmFormat {
                sample_rate: block.spec().rate(),
                channels: downmix.outputs(),
            };
            block.copy_to_vec_interleaved(pcm);
            downmix.apply(pcm);
            if let Some(heard) = &mut self.heard {
                heard.cut(pcm, usize::from(format.channels));
            }
            if !pcm.is_empty() {
                return Ok(Some(format));
            }
        }
    }
}

fn undecodable(error: SymphoniaError) -> Cause {
    match error {
        SymphoniaError::IoError(error) => Cause::Io(error),
        error => Cause::Undecodable(error.to_string()),
    }
}
