//! Recognises what is not MP3, so that a refusal can say what it is.

use std::fmt;

use super::header::{Version, sample_rate};

/// A format that is recognised by how it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// An Ogg stream: Vorbis, Opus or FLAC (RFC 3533).
    Ogg,
    /// Native FLAC (RFC 9639).
    Flac,
    /// A RIFF file, which a WAV file is.
    Wave,
    /// An AIFF file.
    Aiff,
    /// An MP4 file, which an M4A file is (ISO/IEC 14496-12).
    Mp4,
    /// A Matroska or WebM file, as browsers record (RFC 9559).
    WebM,
    /// An HTML or XML document.
    Html,
    /// A playlist, M3U or PLS.
    Playlist,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Ogg => "Ogg",
            Format::Flac => "FLAC",
            Format::Wave => "RIFF/WAVE",
            Format::Aiff => "AIFF",
            Format::Mp4 => "MP4",
            Format::WebM => "Matroska/WebM",
            Format::Html => "an HTML or XML page",
            Format::Playlist => "a playlist",
        })
    }
}

/// How many bytes [`sniff`] looks at, no more and, but at the end of the stream, no fewer.
pub(super) const SNIFF_BYTES: usize = 32;

/// Names the format that a stream begins with, where it is one that is known.
pub(super) fn sniff(stream: &[u8]) -> Option<Format> {
    const MAGIC: [(&[u8], Format); 6] = [
        (b"OggS", Format::Ogg),
        (b"fLaC", Format::Flac),
        (b"RIFF", Format::Wave),
        (b"FORM", Format::Aiff),
        (b"\x1A\x45\xDF\xA3", Format::WebM),
        (b"#EXTM3U", Format::Playlist),
    ];
    const MARKUP: [&[u8]; 3] = [b"<!doctype", b"<html", b"<?xml"];
    let opening = &stream[..stream.len().min(SNIFF_BYTES)];
    let begins = |&&(magic, _): &&(&[u8], Format)| opening.starts_with(magic);
    if let Some(&(_, format)) = MAGIC.iter().find(begins) {
        return Some(format);
    }
    if opening.get(4..8) == Some(b"ftyp") {
        return Some(Format::Mp4);
    }
    let text = opening.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(opening);
    let text = text.trim_ascii_start().to_ascii_lowercase();
    if MARKUP.iter().any(|magic| text.starts_with(magic)) {
        Some(Format::Html)
    } else if text.starts_with(b"[playlist]") {
        Some(Format::Playlist)
    } else {
        None
    }
}

pub(super) fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~')
}

/// Whether frames of another MPEG audio format begin at the start of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Neighbour {
    No,
    /// It takes this many bytes to tell.
    Unclear(usize),
    /// Two consecutive frames of this layer, 1 or 2.
    Layer(u8),
    /// Two consecutive AAC frames in ADTS.
    Adts,
}

pub(super) fn neighbour(bytes: &[u8], end: bool) -> Neighbour {
    let found = match bytes.get(1).map(|kind| kind >> 1 & 3) {
        Some(0) => adts(bytes),
        Some(code @ (2 | 3)) => layer(bytes, 4 - code),
        _ => Neighbour::No,
    };
    match found {
        Neighbour::Unclear(_) if end => Neighbour::No,
        found => found,
    }
}

/// The fixed part of an ADTS header, 28 bits, is the same in every frame, and its length field
/// leads to the next: ISO/IEC 13818-7 sections 6.2.1 and 6.2.2.
fn adts(bytes: &[u8]) -> Neighbour {
    const HEADER_BYTES: usize = 7;
    let Some(&[_, kind, profile, high, middle, low, _]) = bytes.first_chunk::<HEADER_BYTES>()
    else {
        return Neighbour::Unclear(HEADER_BYTES);
    };
    let length = usize::from(high & 3) << 11 | usize::from(middle) << 3 | usize::from(low >> 5);
    let rate_index = profile >> 2 & 15;
    if kind & 0xF0 != 0xF0 || rate_index > 12 || length < HEADER_BYTES {
        return Neighbour::No;
    }
    let Some(next) = bytes.get(length..length + 4) else {
        return Neighbour::Unclear(length + 4);
    };
    if next[..3] == bytes[..3] && next[3] & 0xF0 == high & 0xF0 {
        Neighbour::Adts
    } else {
        Neighbour::No
    }
}

/// Layers I and II, without free format.
fn layer(bytes: &[u8], layer: u8) -> Neighbour {
    let Some(first) = bytes.first_chunk::<4>() else {
        return Neighbour::Unclear(4);
    };
    let Some(length) = layer_frame_bytes(first, layer) else {
        return Neighbour::No;
    };
    let Some(next) = bytes.get(length..length + 4) else {
        return Neighbour::Unclear(length + 4);
    };
    // Sync, version, layer and sample rate agree; CRC, bit rate and padding may not.
    let same = next[0] == 0xFF && next[1] | 1 == first[1] | 1 && (next[2] ^ first[2]) & 0x0C == 0;
    if same && next[2] >> 4 != 15 {
        Neighbour::Layer(layer)
    } else {
        Neighbour::No
    }
}

/// ISO/IEC 11172-3 sections 2.4.2.3 and 2.4.3.1, ISO/IEC 13818-3 section 2.4.2.3.
fn layer_frame_bytes(header: &[u8; 4], layer: u8) -> Option<usize> {
    const LAYER1_V2: [u32; 14] = [
        32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ];
    const LAYER2_V1: [u32; 14] = [
        32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ];
    const LAYER2_V2: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let [_, kind, rates, _] = *header;
    let version = match kind >> 3 & 3 {
        3 => Version::V1,
        2 => Version::V2,
        _ => return None,
    };
    let index = usize::from(rates >> 4).checked_sub(1)?;
    let kbits = match (layer, version) {
        (1, Version::V1) => (index < 14).then_some(32 * (index as u32 + 1)),
        (1, _) => LAYER1_V2.get(index).copied(),
        (_, Version::V1) => LAYER2_V1.get(index).copied(),
        (_, _) => LAYER2_V2.get(index).copied(),
    }?;
    let rate = sample_rate(version, rates >> 2 & 3)?;
    let padding = u32::from(rates >> 1 & 1);
    let length = match layer {
        1 => (12_000 * kbits / rate + padding) * 4,
        _ => 144_000 * kbits / rate + padding,
    };
    Some(length as usize)
}
