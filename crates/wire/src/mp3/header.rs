//! The four bytes that begin every MPEG audio frame.

use thiserror::Error;

/// The largest frame that [`Parser`](super::Parser) yields, in bytes: free format at 640 kbit/s
/// and 8 kHz, 72 x 640000 / 8000 bytes and one of padding.
///
/// Without free format the largest are 1441 bytes (160 kbit/s at 8 kHz, or 320 kbit/s at 32 kHz).
pub const MAX_FRAME_BYTES: usize = 72 * MAX_FREE_BITRATE as usize / 8_000 + 1;

/// The highest bit rate at which free format is followed, the highest that encoders and decoders
/// offer. ISO/IEC 11172-3 section 2.4.2.3 asks decoders for no more than 320 kbit/s.
const MAX_FREE_BITRATE: u32 = 640_000;

const KBITS_V1: [u32; 14] = [
    32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
];
const KBITS_V2: [u32; 14] = [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

/// A parsed Layer III frame header: ISO/IEC 11172-3 section 2.4.2.3, with the lower sample and bit
/// rates of ISO/IEC 13818-3 section 2.4.2.3.
///
/// The private, copyright, original, emphasis and mode extension bits are not kept. The reserved
/// emphasis is accepted, because encoders have written it and decoders ignore it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    version: Version,
    bitrate: Option<u32>,
    sample_rate: u32,
    mode: ChannelMode,
    crc: bool,
    padding: bool,
}

/// Which standard a frame follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Version {
    /// MPEG-1, ISO/IEC 11172-3: 32, 44.1 and 48 kHz.
    V1,
    /// MPEG-2, ISO/IEC 13818-3: 16, 22.05 and 24 kHz.
    V2,
    /// MPEG-2.5, an extension outside the standards: 8, 11.025 and 12 kHz.
    V2_5,
}

/// How a frame carries its channels: `mode` in ISO/IEC 11172-3 section 2.4.2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelMode {
    /// Left and right, each coded by itself.
    Stereo,
    /// Left and right, coded together where that is cheaper.
    JointStereo,
    /// Two unrelated channels.
    DualChannel,
    /// One channel.
    Mono,
}

/// Why four bytes are not the header of a Layer III frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The first eleven bits are not all set.
    #[error("no sync word: the first eleven bits of a frame header are all set")]
    NoSync,
    /// The version bits hold the value that no standard uses.
    #[error("the MPEG version has the reserved value 1")]
    ReservedVersion,
    /// A frame of Layer I or II.
    #[error("MPEG audio Layer {0} where Layer 3 was expected")]
    Layer(u8),
    /// The layer bits hold the reserved value; AAC in ADTS has it too.
    #[error("the layer has the reserved value 0")]
    ReservedLayer,
    /// The bit rate index is the forbidden one.
    #[error("the bit rate index has the forbidden value 15")]
    ForbiddenBitrate,
    /// The sample rate index is the reserved one.
    #[error("the sample rate index has the reserved value 3")]
    ReservedSampleRate,
}

impl Header {
    /// Parses the first four bytes of a frame.
    ///
    /// # Errors
    ///
    /// Where the bytes cannot begin a Layer III frame, the first thing wrong, from left to right.
    pub fn parse(bytes: [u8; 4]) -> Result<Header, HeaderError> {
        let [sync, kind, rates, channels] = bytes;
        if sync != 0xFF || kind & 0xE0 != 0xE0 {
            return Err(HeaderError::NoSync);
        }
        let version = match kind >> 3 & 3 {
            0 => Version::V2_5,
            1 => return Err(HeaderError::ReservedVersion),
            2 => Version::V2,
            _ => Version::V1,
        };
        match kind >> 1 & 3 {
            0 => return Err(HeaderError::ReservedLayer),
            1 => {}
            code => return Err(HeaderError::Layer(4 - code)),
        }
        let table = match version {
            Version::V1 => &KBITS_V1,
            Version::V2 | Version::V2_5 => &KBITS_V2,
        };
        let bitrate = match rates >> 4 {
            0 => None,
            15 => return Err(HeaderError::ForbiddenBitrate),
            index => Some(table[usize::from(index) - 1] * 1000),
        };
        let sample_rate =
            sample_rate(version, rates >> 2 & 3).ok_or(HeaderError::ReservedSampleRate)?;
        let mode = match channels >> 6 {
            0 => ChannelMode::Stereo,
            1 => ChannelMode::JointStereo,
            2 => ChannelMode::DualChannel,
            _ => ChannelMode::Mono,
        };
        Ok(Header {
            version,
            bitrate,
            sample_rate,
            mode,
            crc: kind & 1 == 0,
            padding: rates & 2 != 0,
        })
    }

    /// The standard that the frame follows.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Bit rate of this frame in bit/s, or `None` in free format, where the header does not tell.
    pub fn bitrate(&self) -> Option<u32> {
        self.bitrate
    }

    /// Sample rate in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.sample_rate
    }

    /// Number of channels, 1 or 2.
    pub fn channels(&self) -> u8 {
        match self.mode {
            ChannelMode::Mono => 1,
            ChannelMode::Stereo | ChannelMode::JointStereo | ChannelMode::DualChannel => 2,
        }
    }

    /// How the channels are carried.
    pub fn mode(&self) -> ChannelMode {
        self.mode
    }

    /// Samples per channel that the frame decodes to: 1152 in MPEG-1, 576 in MPEG-2 and 2.5
    /// (ISO/IEC 13818-3 section 2.4.1.7: one granule instead of two).
    pub fn samples(&self) -> u32 {
        match self.version {
            Version::V1 => 1152,
            Version::V2 | Version::V2_5 => 576,
        }
    }

    /// Playing time of the frame in microseconds, rounded to the nearest.
    ///
    /// Times of many frames are exact only when computed from the sum of [`samples`](Self::samples).
    pub fn duration_micros(&self) -> u64 {
        let rate = u64::from(self.sample_rate);
        (u64::from(self.samples()) * 1_000_000 + rate / 2) / rate
    }

    /// Whether a 16-bit CRC follows the header.
    pub fn has_crc(&self) -> bool {
        self.crc
    }

    /// Whether the frame is one byte longer than its bit rate says.
    pub fn has_padding(&self) -> bool {
        self.padding
    }

    /// Length of the whole frame in bytes, header included, or `None` in free format:
    /// ISO/IEC 11172-3 section 2.4.3.1.
    pub fn frame_bytes(&self) -> Option<usize> {
        let bitrate = self.bitrate?;
        let unpadded = self.samples() / 8 * bitrate / self.sample_rate;
        Some(unpadded as usize + self.padding_bytes())
    }

    /// Whether a frame with the `other` header can belong to the same stream: version, layer and
    /// sample rate are equal, and both or neither are free format. Bit rate, channels and CRC may
    /// differ.
    pub fn same_stream(&self, other: &Header) -> bool {
        self.version == other.version
            && self.sample_rate == other.sample_rate
            && self.bitrate.is_none() == other.bitrate.is_none()
    }

    pub(super) fn padding_bytes(&self) -> usize {
        usize::from(self.padding)
    }

    /// Length of the side information: ISO/IEC 11172-3 section 2.4.1.7 and 13818-3 section 2.4.1.7.
    pub(super) fn side_info_bytes(&self) -> usize {
        match (self.version, self.mode) {
            (Version::V1, ChannelMode::Mono) => 17,
            (Version::V1, _) => 32,
            (_, ChannelMode::Mono) => 9,
            (_, _) => 17,
        }
    }

    /// Where the side information begins in the frame.
    pub(super) fn side_info_at(&self) -> usize {
        if self.crc { 6 } else { 4 }
    }

    /// Length of the longest free-format frame with this header, without padding.
    pub(super) fn max_free_bytes(&self) -> usize {
        (self.samples() / 8 * MAX_FREE_BITRATE / self.sample_rate) as usize
    }
}

/// ISO/IEC 11172-3 and 13818-3 section 2.4.2.3; `None` for the reserved index 3.
pub(super) fn sample_rate(version: Version, index: u8) -> Option<u32> {
    let v1 = *[44_100, 48_000, 32_000].get(usize::from(index))?;
    Some(match version {
        Version::V1 => v1,
        Version::V2 => v1 / 2,
        Version::V2_5 => v1 / 4,
    })
}
