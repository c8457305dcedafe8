//! Headers of unidirectional streams, and the groups on an audio stream.
//!
//! ```text
//! audio stream  (relay to client) = 0x01 , handle (varint) , ( length (varint) , group ) *
//! ingest stream (client to relay) = 0x02 , streamId (varint) , MP3 bytes in any cut
//! ```

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::group::{self, Frame};
use crate::{DecodeError, Handle, StreamId, varint};

const AUDIO: u8 = 0x01;
const INGEST: u8 = 0x02;

/// The longest header of a unidirectional stream, in bytes.
pub const MAX_HEADER_BYTES: usize = 9;

/// What stands at the beginning of a unidirectional stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Groups of this channel follow.
    Audio(Handle),
    /// MP3 bytes of this broadcast follow.
    Ingest(StreamId),
}

impl Header {
    /// Appends the header.
    pub fn put(self, out: &mut impl BufMut) {
        let (kind, number) = match self {
            Self::Audio(handle) => (AUDIO, handle.0),
            Self::Ingest(stream) => (INGEST, stream.0),
        };
        out.put_u8(kind);
        varint::put(out, number);
    }

    /// Reads the header from the front of `bytes`: the header and the bytes it
    /// took, or `None` when `bytes` ends inside it.
    ///
    /// # Errors
    /// The first byte names no known kind.
    pub fn get(bytes: &[u8]) -> Result<Option<(Self, usize)>, DecodeError> {
        let Some(&kind) = bytes.first() else {
            return Ok(None);
        };
        if !matches!(kind, AUDIO | INGEST) {
            return Err(DecodeError::UnknownKind(kind));
        }
        let Some((number, len)) = varint::get(&bytes[1..]) else {
            return Ok(None);
        };
        let header = match kind {
            AUDIO => Self::Audio(Handle(number)),
            _ => Self::Ingest(StreamId(number)),
        };
        Ok(Some((header, 1 + len)))
    }
}

/// Appends frames as length-prefixed groups, as many as their bounds ask for.
pub fn put_groups(out: &mut BytesMut, frames: &[Frame]) {
    for run in group::runs(frames, group::MAX_FRAMES, group::MAX_BYTES) {
        let length = group::encoded_len(run);
        out.reserve(varint::len(length as u64) + length);
        varint::put(out, length as u64);
        group::put(out, run);
    }
}

/// Reads an audio stream, fed any cut of its bytes. Holds one group at most.
#[derive(Debug, Default)]
pub struct AudioReader {
    handle: Option<Handle>,
    buffer: BytesMut,
}

impl AudioReader {
    /// A reader at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Feeds the next bytes of the stream. Call [`next_group`](Self::next_group)
    /// until it gives `None` before feeding more.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The channel, once the header has come.
    pub fn handle(&self) -> Option<Handle> {
        self.handle
    }

    /// The frames of the next whole group, or `None` until more bytes come.
    ///
    /// # Errors
    /// The stream is no audio stream, or a group breaks a bound; the stream
    /// cannot be read any further.
    pub fn next_group(&mut self) -> Result<Option<Vec<Frame>>, DecodeError> {
        if self.handle.is_none() {
            match Header::get(&self.buffer)? {
                None => return Ok(None),
                Some((Header::Audio(handle), len)) => {
                    self.handle = Some(handle);
                    self.buffer.advance(len);
                }
                Some((Header::Ingest(_), _)) => return Err(DecodeError::UnknownKind(INGEST)),
            }
        }
        let Some((len, prefix)) = varint::get(&self.buffer) else {
            return Ok(None);
        };
        if len > group::MAX_BYTES as u64 {
            return Err(DecodeError::TooLarge {
                field: "group length",
                value: len,
                max: group::MAX_BYTES as u64,
            });
        }
        let len = len as usize;
        if self.buffer.len() < prefix + len {
            return Ok(None);
        }
        self.buffer.advance(prefix);
        let group: Bytes = self.buffer.split_to(len).freeze();
        group::decode(group).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FrameSeq, Micros};
    use proptest::prelude::*;

    fn stream(frames: &[Frame]) -> Vec<u8> {
        let mut out = BytesMut::new();
        Header::Audio(Handle(300)).put(&mut out);
        put_groups(&mut out, frames);
        out.to_vec()
    }

    fn frames(count: u64) -> Vec<Frame> {
        (0..count)
            .map(|n| Frame {
                seq: FrameSeq(n),
                time: Micros(50),
                discontinuity: n == 3,
                data: vec![n as u8; 100].into(),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn any_cut_of_the_bytes_gives_the_same_frames(cuts in proptest::collection::vec(1usize..300, 1..50)) {
            let sent = frames(150);
            let bytes = stream(&sent);
            let mut reader = AudioReader::new();
            let mut heard = Vec::new();
            let mut rest = &bytes[..];
            let mut cuts = cuts.iter().cycle();
            while !rest.is_empty() {
                let cut = rest.len().min(*cuts.next().expect("endless"));
                reader.push(&rest[..cut]);
                rest = &rest[cut..];
                while let Some(group) = reader.next_group().expect("good groups") {
                    heard.extend(group);
                }
            }
            prop_assert_eq!(reader.handle(), Some(Handle(300)));
            prop_assert_eq!(heard, sent);
        }

        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            let mut reader = AudioReader::new();
            reader.push(&bytes);
            while let Ok(Some(_)) = reader.next_group() {}
        }
    }

    #[test]
    fn a_group_past_its_bound_ends_the_stream_before_it_is_buffered() {
        let mut reader = AudioReader::new();
        reader.push(&[AUDIO, 1, 0xbf, 0xff, 0xff, 0xff]);
        assert!(matches!(
            reader.next_group(),
            Err(DecodeError::TooLarge {
                field: "group length",
                ..
            })
        ));
    }

    #[test]
    fn headers_make_the_round_trip_and_unknown_kinds_are_named() {
        for header in [Header::Audio(Handle(7)), Header::Ingest(StreamId(1 << 50))] {
            let mut out = Vec::new();
            header.put(&mut out);
            assert!(out.len() <= MAX_HEADER_BYTES);
            assert_eq!(Header::get(&out), Ok(Some((header, out.len()))));
            assert_eq!(Header::get(&out[..out.len() - 1]), Ok(None));
        }
        assert_eq!(Header::get(b"GET "), Err(DecodeError::UnknownKind(b'G')));
    }
}
