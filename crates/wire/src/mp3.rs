//! MP3 framing: finds the MPEG audio Layer III frames in a live stream of bytes.
//!
//! It owns the answer to "where does a frame begin and end" for MPEG-1 (ISO/IEC 11172-3),
//! MPEG-2 (ISO/IEC 13818-3) and the unofficial MPEG-2.5 extension. The relay's ingest and the
//! publishing client call it. It never decodes audio, never changes a frame and never reads a
//! clock.
//!
//! [`Parser`] takes bytes in any cut and yields [`Frame`]s. Tags (ID3v1 and v2, APE, Lyrics3),
//! information frames (Xing, Info, VBRI) and garbage between frames are skipped and counted in
//! [`Skipped`]; a stream that is not MP3 is refused with an [`Error`].
//!
//! ```
//! use skywave_wire::mp3::Parser;
//!
//! fn frames_in(stream: &[u8]) -> Result<usize, skywave_wire::mp3::Error> {
//!     let mut parser = Parser::new();
//!     let mut frames = 0;
//!     for received in stream.chunks(1500) {
//!         let mut rest = received;
//!         while !rest.is_empty() {
//!             rest = &rest[parser.push(rest)..];
//!             while let Some(frame) = parser.next_frame()? {
//!                 assert_eq!(frame.header.sample_rate(), 44_100);
//!                 frames += 1;
//!             }
//!         }
//!     }
//!     while parser.finish()?.is_some() {
//!         frames += 1;
//!     }
//!     Ok(frames)
//! }
//!
//! // Three silent frames of 128 kbit/s, 44.1 kHz, joint stereo: 417 bytes each.
//! let mut frame = [0; 417];
//! frame[..4].copy_from_slice(&[0xFF, 0xFB, 0x90, 0x64]);
//! assert_eq!(frames_in(&frame.repeat(3)), Ok(3));
//! ```

mod foreign;
mod frame;
mod free_format;
mod header;
mod parser;
mod tag;
#[cfg(test)]
mod tests;

pub use foreign::Format;
pub use frame::{Error, Frame, Skipped};
pub use header::{ChannelMode, Header, HeaderError, MAX_FRAME_BYTES, Version};
pub use parser::{BUFFER_BYTES, Parser, SEARCH_BYTES};
pub use tag::MAX_TAG_BYTES;
