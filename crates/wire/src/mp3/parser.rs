//! The state of one stream: buffers bytes, has them judged, and takes what was found.

mod judge;

use super::foreign;
use super::frame::{Error, Frame, Skipped};
use super::header::{Header, MAX_FRAME_BYTES};
use judge::Verdict;
pub(super) use judge::{Follower, follower};

/// The most that a [`Parser`] keeps, in bytes, whatever it is fed.
///
/// The longest decision needs two free-format frames and the header behind them; half of that
/// again keeps the moving of bytes to the front rare.
pub const BUFFER_BYTES: usize = 3 * MAX_FRAME_BYTES;

/// How many bytes are searched for a first frame before the stream is refused. Tags do not count.
/// Once a frame was found, garbage of any length is skipped.
pub const SEARCH_BYTES: u64 = 64 << 10;

/// An incremental MP3 parser. See the [module](super) for the way of use.
///
/// - The same bytes yield the same frames, however they are cut.
/// - In the middle of a stream a frame is yielded as soon as its last byte is there. The first
///   frame, the first after garbage, and the first of another version or sample rate wait for what
///   confirms them: a header of the same stream (or a tag) right behind, or the end of the stream.
/// - In free format the first frame waits for two more headers, as only their distance tells its
///   length. Up to 640 kbit/s are followed.
/// - ID3v2 and APE tags are believed up to [`MAX_TAG_BYTES`](super::MAX_TAG_BYTES), and skipped as
///   they come, without being kept.
/// - Memory stays under [`BUFFER_BYTES`], besides the frames handed out.
#[derive(Debug, Default)]
pub struct Parser {
    pub(super) buffer: Vec<u8>,
    /// Where in `buffer` the bytes begin that are not yet judged, and where in the stream.
    start: usize,
    offset: u64,
    /// Fewer bytes than this bring no decision.
    wanted: usize,
    inside: Inside,
    stream: Option<Stream>,
    /// Frames have followed each other without a gap, so the next one needs no confirmation.
    synced: bool,
    /// Garbage directly before the next byte, so no tag is expected here.
    in_garbage: bool,
    /// Garbage since the last frame.
    gap: bool,
    searched: u64,
    not_text: bool,
    skipped: Skipped,
    refusal: Option<Error>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Inside {
    #[default]
    Frames,
    /// A tag with this many bytes to come.
    Tag(u64),
    Lyrics,
}

/// What the last frame tells of the next.
#[derive(Debug, Clone, Copy)]
struct Stream {
    header: Header,
    /// In free format, the length of a frame without padding.
    unpadded: Option<usize>,
}

impl Stream {
    fn new(header: Header) -> Stream {
        Stream {
            header,
            unpadded: None,
        }
    }

    /// Length of a frame of this stream, where it is known.
    fn frame_bytes(&self, header: &Header) -> Option<usize> {
        header
            .frame_bytes()
            .or_else(|| Some(self.unpadded? + header.padding_bytes()))
    }
}

impl Parser {
    /// A parser at the beginning of a stream. It takes no memory until the first bytes come.
    pub fn new() -> Parser {
        Parser::default()
    }

    /// Takes bytes of the stream, as many as the buffer has room for, and returns how many.
    ///
    /// After [`next_frame`](Self::next_frame) has returned `None` there is room for at least one
    /// byte, so a loop of both takes any input. After a refusal all bytes are taken and dropped.
    #[must_use = "bytes that were not taken have to be pushed again"]
    pub fn push(&mut self, input: &[u8]) -> usize {
        if self.refusal.is_some() {
            return input.len();
        }
        if self.buffer.capacity() == 0 {
            self.buffer.reserve_exact(BUFFER_BYTES);
        }
        if self.start == self.buffer.len() || input.len() > BUFFER_BYTES - self.buffer.len() {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        let taken = input.len().min(BUFFER_BYTES - self.buffer.len());
        self.buffer.extend_from_slice(&input[..taken]);
        taken
    }

    /// The next frame, or `None` where it takes more bytes to tell.
    ///
    /// # Errors
    ///
    /// Once the stream is known not to be MP3, and from then on. After the first frame it never
    /// fails.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        self.advance(false)
    }

    /// The next frame, where no more bytes will come. Call it until it returns `None`: it yields
    /// the frames left, with those that waited for confirmation, and drops and counts a last frame
    /// that was cut off.
    ///
    /// # Errors
    ///
    /// As [`next_frame`](Self::next_frame), and [`Error::NoFrame`] where the whole stream held no
    /// frame, which includes the empty stream.
    pub fn finish(&mut self) -> Result<Option<Frame>, Error> {
        let frame = self.advance(true)?;
        if self.stream.is_none() {
            return Err(self.refuse_empty());
        }
        Ok(frame)
    }

    /// What was left out so far.
    pub fn skipped(&self) -> Skipped {
        self.skipped
    }

    /// Header of the newest frame, or information frame, of the stream.
    pub fn header(&self) -> Option<Header> {
        self.stream.map(|stream| stream.header)
    }

    fn advance(&mut self, end: bool) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(refusal) = self.refusal {
                return Err(refusal);
            }
            let available = self.available();
            if available == 0 || (available < self.wanted && !end) {
                return Ok(None);
            }
            match self.judge(end) {
                Verdict::Unclear(bytes) => {
                    self.wanted = bytes;
                    return Ok(None);
                }
                Verdict::Frame(stream, length) => return Ok(Some(self.take_frame(stream, length))),
                Verdict::Info(stream, length) => self.take_info(stream, length),
                Verdict::Truncated => self.take_truncated(),
                Verdict::Tag(length) => self.take_tag(length),
                Verdict::LyricsBegin => self.inside = Inside::Lyrics,
                Verdict::Lyrics { length, ended } => self.take_lyrics(length, ended),
                Verdict::Garbage(length) => self.take_garbage(length),
                Verdict::Refuse(error) => self.refuse(error),
            }
        }
    }

    fn available(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn take_frame(&mut self, stream: Stream, length: usize) -> Frame {
        let bytes = &self.buffer[self.start..self.start + length];
        let frame = Frame::new(stream.header, bytes, self.offset, self.gap);
        self.follow(stream);
        self.gap = false;
        self.take(length);
        frame
    }

    fn take_info(&mut self, stream: Stream, length: usize) {
        self.follow(stream);
        self.skipped.info_frames += 1;
        self.take(length);
    }

    fn take_truncated(&mut self) {
        self.skipped.truncated_frames += 1;
        self.take(self.available());
    }

    /// A frame or information frame of `stream` was found.
    fn follow(&mut self, stream: Stream) {
        if self.stream.is_some() && !self.synced {
            self.skipped.resyncs += 1;
        }
        self.stream = Some(stream);
        self.synced = true;
        self.in_garbage = false;
    }

    /// Takes what is there of a tag with `left` bytes to come.
    fn take_tag(&mut self, left: u64) {
        let here = self
            .available()
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.inside = match left - here as u64 {
            0 => Inside::Frames,
            left => Inside::Tag(left),
        };
        self.take_tag_bytes(here);
    }

    fn take_lyrics(&mut self, length: usize, ended: bool) {
        if ended {
            self.inside = Inside::Frames;
        }
        self.take_tag_bytes(length);
    }

    fn take_tag_bytes(&mut self, length: usize) {
        self.skipped.tag_bytes += length as u64;
        self.in_garbage = false;
        self.take(length);
    }

    fn take_garbage(&mut self, length: usize) {
        let mut length = length;
        if self.stream.is_none() {
            let left = SEARCH_BYTES - self.searched;
            length = length.min(usize::try_from(left).unwrap_or(usize::MAX));
            self.searched += length as u64;
            let garbage = &self.buffer[self.start..self.start + length];
            self.not_text |= !garbage.iter().all(|&byte| foreign::is_text(byte));
        }
        self.skipped.garbage_bytes += length as u64;
        self.synced = false;
        self.in_garbage = true;
        self.gap = true;
        self.take(length);
        if self.searched == SEARCH_BYTES && self.stream.is_none() {
            self.refuse_empty();
        }
    }

    fn take(&mut self, length: usize) {
        self.start += length;
        self.offset += length as u64;
        self.wanted = 0;
    }

    fn refuse_empty(&mut self) -> Error {
        let error = Error::NoFrame {
            searched: self.searched,
            text: self.searched > 0 && !self.not_text,
        };
        self.refuse(error);
        error
    }

    fn refuse(&mut self, error: Error) {
        self.refusal = Some(error);
        self.buffer = Vec::new();
        self.start = 0;
    }
}
