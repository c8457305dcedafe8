//! What the parser yields, counts and refuses.

use bytes::Bytes;
use thiserror::Error;

use super::foreign::Format;
use super::header::{Header, Version};

/// One Layer III frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What its header says.
    pub header: Header,
    /// The whole frame, header included: at most [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES). It
    /// owns just these bytes, so a kept frame keeps nothing else in memory.
    pub data: Bytes,
    /// Position of its first byte among all bytes that the parser has taken.
    pub offset: u64,
    /// How many bytes of main data before this frame it reaches back into (the bit reservoir):
    /// `main_data_begin` of ISO/IEC 11172-3 section 2.4.2.7, at most 511, in MPEG-2 and 2.5 at
    /// most 255.
    pub main_data_begin: u16,
    /// Garbage was skipped between the frame before and this one (or between the beginning and the
    /// first), so audio may be missing and the bit reservoir broken. Tags and information frames
    /// are no gap.
    pub after_gap: bool,
}

impl Frame {
    /// `bytes` is exactly one frame that begins with `header`.
    pub(super) fn new(header: Header, bytes: &[u8], offset: u64, after_gap: bool) -> Frame {
        Frame {
            header,
            data: Bytes::copy_from_slice(bytes),
            offset,
            main_data_begin: main_data_begin(&header, bytes),
            after_gap,
        }
    }
}

/// Nine bits in MPEG-1, eight in MPEG-2 and 2.5: ISO/IEC 11172-3 and 13818-3 section 2.4.1.7.
fn main_data_begin(header: &Header, frame: &[u8]) -> u16 {
    let at = header.side_info_at();
    let [high, low] = [frame[at], frame[at + 1]];
    match header.version() {
        Version::V1 => u16::from(high) << 1 | u16::from(low >> 7),
        Version::V2 | Version::V2_5 => u16::from(high),
    }
}

/// What the parser left out so far. No count ever decreases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Bytes that belong neither to a frame nor to a tag.
    pub garbage_bytes: u64,
    /// Bytes of ID3v1, ID3v2, APE and Lyrics3 tags. The items of an APE tag without a header
    /// (APEv1) cannot be told from garbage and count as such.
    pub tag_bytes: u64,
    /// Xing, Info and VBRI frames: they describe a file and carry no audio.
    pub info_frames: u64,
    /// Last frames that the end of the stream cut off: 0 or 1.
    pub truncated_frames: u64,
    /// How often frames were found again after garbage within the stream.
    pub resyncs: u64,
}

/// Why a stream is refused. A refusal is final: the parser repeats it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Error {
    /// Two consecutive frames of Layer I or II.
    #[error(
        "this is MPEG audio Layer {layer}, not MP3 (Layer 3): its frames begin at byte {offset}"
    )]
    Layer {
        /// 1 or 2.
        layer: u8,
        /// Position of the first of the two.
        offset: u64,
    },
    /// Two consecutive AAC frames in ADTS (ISO/IEC 13818-7 section 6.2).
    #[error("this is AAC (ADTS), not MP3: its frames begin at byte {offset}")]
    Adts {
        /// Position of the first of the two.
        offset: u64,
    },
    /// The stream begins as another format does.
    #[error("this is {format}, not MP3: it begins at byte {offset}")]
    Foreign {
        /// The format recognised.
        format: Format,
        /// Position of the bytes that tell, after any tag.
        offset: u64,
    },
    /// No frame in the first [`SEARCH_BYTES`](super::SEARCH_BYTES), or in all there was.
    #[error("no MP3 frame found in {searched} bytes{}", if *.text { ": they are plain text" } else { "" })]
    NoFrame {
        /// How many bytes were searched; tags do not count.
        searched: u64,
        /// Whether all of them are printable ASCII text.
        text: bool,
    },
}
