use std::io::{ErrorKind, Read};
use std::path::PathBuf;

use skywave_wire::mp3;

use super::error::{Cause, Error, FileError};
use super::level::FrameMeter;
use super::tags::Tags;
use super::{Frame, Item, Track};

const BUFFER_BYTES: usize = 16 << 10;

/// MP3 from any reader, frame by frame and untouched: standard input, a pipe, a file.
///
/// Tags, information frames and garbage are left out. It keeps a few KiB, whatever the reader
/// holds, and hands out a frame as soon as its last byte was read.
pub struct Mp3Reader<R> {
    reader: R,
    name: PathBuf,
    track: Option<Track>,
    parser: mp3::Parser,
    buffer: Box<[u8]>,
    unparsed: std::ops::Range<usize>,
    ended: bool,
    meter: FrameMeter,
}

impl<R: Read> Mp3Reader<R> {
    /// Reads from `reader`, which errors and the [`Track`] call `name`.
    pub fn new(reader: R, name: impl Into<PathBuf>) -> Mp3Reader<R> {
        let name = name.into();
        let track = Track {
            index: 0,
            path: name.clone(),
            tags: Tags::default(),
            duration: None,
        };
        Mp3Reader {
            reader,
            name,
            track: Some(track),
            parser: mp3::Parser::new(),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            unparsed: 0..0,
            ended: false,
            meter: FrameMeter::default(),
        }
    }

    /// One [`Item::Track`] without tags, then frames, then `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] where the reader fails, or holds no MP3.
    pub fn next_item(&mut self) -> Result<Option<Item>, Error> {
        if let Some(track) = self.track.take() {
            return Ok(Some(Item::Track(track)));
        }
        match self.next_frame() {
            Ok(frame) => Ok(frame.map(Item::Frame)),
            Err(cause) => Err(FileError {
                path: self.name.clone(),
                cause,
            }
            .into()),
        }
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, Cause> {
        loop {
            let found = if self.ended {
                self.parser.finish()?
            } else {
                self.parser.next_frame()?
            };
            if let Some(mp3) = found {
                return Ok(Some(Frame {
                    level: self.meter.measure(&mp3),
                    mp3,
                }));
            }
            if self.ended {
                return Ok(None);
            }
            if self.unparsed.is_empty() {
                self.fill()?;
            }
            self.unparsed.start += self.parser.push(&self.buffer[self.unparsed.clone()]);
        }
    }

    fn fill(&mut self) -> Result<(), Cause> {
        let read = loop {
            match self.reader.read(&mut self.buffer) {
                Ok(read) => break read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        };
        self.ended = read == 0;
        self.unparsed = 0..read;
        Ok(())
    }
}
