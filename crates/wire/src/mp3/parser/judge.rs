//! Decides what begins at the next byte. It changes nothing.

use super::{Inside, Parser, Stream};
use crate::mp3::foreign::{self, Neighbour};
use crate::mp3::frame::Error;
use crate::mp3::free_format::{self, Measured};
use crate::mp3::header::Header;
use crate::mp3::tag::{self, Found};

/// What begins at the next byte, and how long it is.
pub(super) enum Verdict {
    /// It takes this many bytes to tell.
    Unclear(usize),
    Frame(Stream, usize),
    Info(Stream, usize),
    /// The last frame, which the end of the stream cut off.
    Truncated,
    /// A tag, or the rest of one, with this many bytes to come.
    Tag(u64),
    LyricsBegin,
    /// More of the lyrics, and whether they end there.
    Lyrics {
        length: usize,
        ended: bool,
    },
    Garbage(usize),
    Refuse(Error),
}

/// What stands behind a frame that needs confirmation.
pub(in crate::mp3) enum Follower {
    Confirms,
    Denies,
    /// It takes this many bytes to tell.
    Unclear(usize),
}

impl Parser {
    pub(super) fn judge(&self, end: bool) -> Verdict {
        let bytes = &self.buffer[self.start..];
        match self.inside {
            Inside::Tag(left) => return Verdict::Tag(left),
            Inside::Lyrics => {
                return match tag::lyrics_extent(bytes) {
                    (_, false) if end => Verdict::Lyrics {
                        length: bytes.len(),
                        ended: true,
                    },
                    (0, false) => Verdict::Unclear(bytes.len() + 1),
                    (length, ended) => Verdict::Lyrics { length, ended },
                };
            }
            Inside::Frames => {}
        }
        match tag::detect(bytes, !self.in_garbage, end) {
            Found::Nothing => {}
            Found::Unclear(bytes) => return Verdict::Unclear(bytes),
            Found::Tag(length) => return Verdict::Tag(length),
            Found::Lyrics => return Verdict::LyricsBegin,
        }
        if bytes[0] == 0xFF {
            return self.judge_sync(bytes, end);
        }
        if self.stream.is_none() && self.searched == 0 {
            if let Some(format) = foreign::sniff(bytes) {
                let offset = self.offset;
                return Verdict::Refuse(Error::Foreign { format, offset });
            }
            if bytes.len() < foreign::SNIFF_BYTES && !end {
                return Verdict::Unclear(foreign::SNIFF_BYTES);
            }
        }
        Verdict::Garbage(garbage_extent(bytes))
    }

    fn judge_sync(&self, bytes: &[u8], end: bool) -> Verdict {
        let Some(first) = bytes.first_chunk::<4>() else {
            return unless(end, 4, Verdict::Garbage(bytes.len()));
        };
        if let Ok(header) = Header::parse(*first) {
            return self.judge_header(bytes, header, end);
        }
        let offset = self.offset;
        match foreign::neighbour(bytes, end) {
            _ if self.stream.is_some() => Verdict::Garbage(garbage_extent(bytes)),
            Neighbour::No => Verdict::Garbage(garbage_extent(bytes)),
            Neighbour::Unclear(bytes) => Verdict::Unclear(bytes),
            Neighbour::Layer(layer) => Verdict::Refuse(Error::Layer { layer, offset }),
            Neighbour::Adts => Verdict::Refuse(Error::Adts { offset }),
        }
    }

    fn judge_header(&self, bytes: &[u8], header: Header, end: bool) -> Verdict {
        let expected = self
            .stream
            .filter(|stream| self.synced && stream.header.same_stream(&header));
        if let Some(length) = expected.and_then(|stream| stream.frame_bytes(&header)) {
            let unpadded = expected.and_then(|stream| stream.unpadded);
            return match bytes.get(..length) {
                None => unless(end, length, Verdict::Truncated),
                Some(frame) => whole(Stream { header, unpadded }, frame),
            };
        }
        let garbage = Verdict::Garbage(garbage_extent(bytes));
        let Some(length) = header.frame_bytes() else {
            return match free_format::measure(bytes, &header, end) {
                Measured::No => garbage,
                Measured::Unclear(bytes) => Verdict::Unclear(bytes),
                Measured::Unpadded(length) => {
                    let unpadded = Some(length);
                    let frame = &bytes[..length + header.padding_bytes()];
                    whole(Stream { header, unpadded }, frame)
                }
            };
        };
        let Some(frame) = bytes.get(..length) else {
            return unless(end, length, garbage);
        };
        if tag::is_info_frame(&header, frame) {
            return Verdict::Info(Stream::new(header), length);
        }
        match follower(bytes, length, &header, end) {
            Follower::Confirms => Verdict::Frame(Stream::new(header), length),
            Follower::Denies => garbage,
            Follower::Unclear(bytes) => Verdict::Unclear(bytes),
        }
    }
}

/// Whether a frame of the same stream as `header`, or a tag, begins at `at`, or the stream ends
/// right there.
pub(in crate::mp3) fn follower(bytes: &[u8], at: usize, header: &Header, end: bool) -> Follower {
    let Some(next) = bytes.get(at..).and_then(|next| next.first_chunk::<4>()) else {
        return match end {
            false => Follower::Unclear(at + 4),
            true if bytes.len() == at => Follower::Confirms,
            true => Follower::Denies,
        };
    };
    let frame = Header::parse(*next).is_ok_and(|next| next.same_stream(header));
    if frame || tag::seems_to_begin(*next) {
        Follower::Confirms
    } else {
        Follower::Denies
    }
}

fn whole(stream: Stream, frame: &[u8]) -> Verdict {
    if tag::is_info_frame(&stream.header, frame) {
        Verdict::Info(stream, frame.len())
    } else {
        Verdict::Frame(stream, frame.len())
    }
}

/// The first byte begins nothing; how far to the next that could.
fn garbage_extent(bytes: &[u8]) -> usize {
    let rest = &bytes[1..];
    let next = rest.iter().position(|&byte| tag::is_start(byte));
    1 + next.unwrap_or(rest.len())
}

fn unless(end: bool, wanted: usize, verdict: Verdict) -> Verdict {
    if end {
        verdict
    } else {
        Verdict::Unclear(wanted)
    }
}
