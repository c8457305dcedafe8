use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::decode::{self, Decoder};
use super::encoder::{BITRATES, Encoder, PcmFormat};
use super::error::{Cause, Error, FileError};
use super::mp3_reader::Mp3Reader;
use super::tags::Tags;
use super::{Frame, Item, Track};

/// How a [`Playlist`] is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Bit rate for what is encoded, in bit/s, one of [`BITRATES`]. MP3 files keep their own.
    pub bitrate: u32,
    /// Whether the list begins anew when it ends, for ever.
    pub looping: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            bitrate: 128_000,
            looping: false,
        }
    }
}

/// Audio files in order, as one stream of MP3 frames.
///
/// Files are read as they play: memory holds a block of audio and the tags of one file, besides
/// the tables that its container needs.
pub struct Playlist {
    paths: Vec<PathBuf>,
    options: Options,
    next: usize,
    playing: Option<Playing>,
    encoding: Option<Encoding>,
    pcm: Vec<f32>,
    ready: VecDeque<Item>,
    failures: Vec<FileError>,
    played: bool,
    ended: bool,
    failed: Option<Error>,
}

enum Playing {
    Mp3 {
        path: PathBuf,
        reader: Box<Mp3Reader<File>>,
    },
    /// `track` until its first sample went into the encoder.
    Pcm {
        path: PathBuf,
        decoder: Box<Decoder>,
        track: Option<Track>,
    },
}

struct Encoding {
    encoder: Encoder,
    begun: Begun,
}

/// Tracks that went into an encoder, each with the frame that it begins with, and how many frames
/// came out.
#[derive(Default)]
struct Begun {
    tracks: VecDeque<(u64, Track)>,
    frames_out: u64,
}

impl Playlist {
    /// Opens a list of files, of which at least one can be played.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`] with all files that cannot be opened, [`Error::NothingPlayable`]
    /// where none holds audio, [`Error::NoFiles`], and [`Error::Bitrate`].
    pub fn open(paths: Vec<PathBuf>, options: Options) -> Result<Playlist, Error> {
        if paths.is_empty() {
            return Err(Error::NoFiles);
        }
        if !BITRATES.contains(&options.bitrate) {
            return Err(Error::Bitrate(options.bitrate));
        }
        let unreadable: Vec<FileError> = paths
            .iter()
            .filter_map(|path| open_file(path).err())
            .collect();
        if !unreadable.is_empty() {
            return Err(Error::Unreadable(unreadable));
        }
        let mut playlist = Playlist {
            paths,
            options,
            next: 0,
            playing: None,
            encoding: None,
            pcm: Vec::new(),
            ready: VecDeque::new(),
            failures: Vec::new(),
            played: false,
            ended: false,
            failed: None,
        };
        // The first item shows that there is something to play, before anyone goes on the air.
        if let Some(first) = playlist.next_item()? {
            playlist.ready.push_front(first);
        }
        Ok(playlist)
    }

    /// The next item, or `None` once the list has ended, which a looping one never does.
    ///
    /// # Errors
    ///
    /// [`Error::NothingPlayable`] where a whole pass of the list yielded nothing, and
    /// [`Error::Encoder`]. A single file that fails is an [`Item::Skipped`].
    pub fn next_item(&mut self) -> Result<Option<Item>, Error> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Ok(Some(item));
            }
            if self.ended {
                return self.failed.take().map_or(Ok(None), Err);
            }
            self.step()?;
        }
    }

    fn step(&mut self) -> Result<(), Error> {
        match self.playing.take() {
            Some(Playing::Mp3 { path, reader }) => self.pass_frame(path, reader),
            Some(Playing::Pcm {
                path,
                decoder,
                track,
            }) => self.encode_block(path, decoder, track),
            None if self.next < self.paths.len() => self.open_next(),
            None => self.end_pass(),
        }
    }

    fn pass_frame(&mut self, path: PathBuf, mut reader: Box<Mp3Reader<File>>) -> Result<(), Error> {
        match reader.next_frame() {
            Ok(Some(frame)) => {
                self.ready.push_back(Item::Frame(frame));
                self.playing = Some(Playing::Mp3 { path, reader });
            }
            Ok(None) => {}
            Err(cause) => self.skip(path, cause),
        }
        Ok(())
    }

    fn encode_block(
        &mut self,
        path: PathBuf,
        mut decoder: Box<Decoder>,
        track: Option<Track>,
    ) -> Result<(), Error> {
        match decoder.next_block(&mut self.pcm) {
            Ok(Some(format)) => {
                self.encode(format, track)?;
                self.playing = Some(Playing::Pcm {
                    path,
                    decoder,
                    track: None,
                });
            }
            Ok(None) if track.is_some() => self.skip(path, Cause::Empty),
            Ok(None) => {}
            Err(cause) => self.skip(path, cause),
        }
        Ok(())
    }

    fn encode(&mut self, format: PcmFormat, track: Option<Track>) -> Result<(), Error> {
        let mut encoding = match self.encoding.take() {
            Some(encoding) if encoding.encoder.format() == format => encoding,
            other => {
                if let Some(encoding) = other {
                    encoding.finish(&mut self.ready)?;
                }
                Encoding::new(format, self.options.bitrate)?
            }
        };
        if let Some(track) = track {
            self.begin_playing();
            encoding.begin(track);
        }
        encoding.push(&self.pcm, &mut self.ready)?;
        self.encoding = Some(encoding);
        Ok(())
    }

    fn finish_encoder(&mut self) -> Result<(), Error> {
        match self.encoding.take() {
            Some(encoding) => encoding.finish(&mut self.ready),
            None => Ok(()),
        }
    }

    fn open_next(&mut self) -> Result<(), Error> {
        let index = self.next;
        self.next += 1;
        let path = self.paths[index].clone();
        let Recognised {
            tags,
            duration,
            content,
        } = match recognise(&path) {
            Ok(recognised) => recognised,
            Err(error) => {
                self.skip(error.path, error.cause);
                return Ok(());
            }
        };
        let tags = tags.or_named_after(&path);
        let track = Track {
            index,
            path: path.clone(),
            tags,
            duration,
        };
        match content {
            Content::Mp3(reader, first) => {
                self.finish_encoder()?;
                self.begin_playing();
                self.ready.push_back(Item::Track(track));
                self.ready.push_back(Item::Frame(first));
                self.playing = Some(Playing::Mp3 { path, reader });
            }
            Content::Pcm(decoder) => {
                self.playing = Some(Playing::Pcm {
                    path,
                    decoder,
                    track: Some(track),
                });
            }
        }
        Ok(())
    }

    /// At the end of the list. A looping one keeps its encoder, so that it repeats without a gap.
    fn end_pass(&mut self) -> Result<(), Error> {
        if self.played && self.options.looping {
            self.next = 0;
            self.played = false;
            return Ok(());
        }
        self.ended = true;
        if !self.played {
            let failures = std::mem::take(&mut self.failures);
            self.failed = Some(Error::NothingPlayable(failures));
        }
        self.finish_encoder()
    }

    /// From the first file of a pass that plays, failures are told as they come. Before it they
    /// are held back, as the pass may come to nothing.
    fn begin_playing(&mut self) {
        self.played = true;
        self.ready
            .extend(self.failures.drain(..).map(Item::Skipped));
    }

    fn skip(&mut self, path: PathBuf, cause: Cause) {
        let failure = FileError { path, cause };
        if self.played {
            self.ready.push_back(Item::Skipped(failure));
        } else {
            self.failures.push(failure);
        }
    }
}

impl Encoding {
    fn new(format: PcmFormat, bitrate: u32) -> Result<Encoding, Error> {
        Ok(Encoding {
            encoder: Encoder::new(format, bitrate)?,
            begun: Begun::default(),
        })
    }

    /// The next sample pushed will be the first of `track`.
    fn begin(&mut self, track: Track) {
        self.begun
            .tracks
            .push_back((self.encoder.frame_of_next_sample(), track));
    }

    fn push(&mut self, pcm: &[f32], ready: &mut VecDeque<Item>) -> Result<(), Error> {
        self.begun.put_out(self.encoder.push(pcm)?, ready);
        Ok(())
    }

    fn finish(mut self, ready: &mut VecDeque<Item>) -> Result<(), Error> {
        self.begun.put_out(self.encoder.finish()?, ready);
        Ok(())
    }
}

impl Begun {
    fn put_out(&mut self, frames: Vec<Frame>, ready: &mut VecDeque<Item>) {
        for frame in frames {
            while self
                .tracks
                .front()
                .is_some_and(|(first, _)| *first <= self.frames_out)
            {
                ready.extend(self.tracks.pop_front().map(|(_, track)| Item::Track(track)));
            }
            ready.push_back(Item::Frame(frame));
            self.frames_out += 1;
        }
    }
}

struct Recognised {
    tags: Tags,
    duration: Option<Duration>,
    content: Content,
}

enum Content {
    /// The reader, and the frame already read from it as proof.
    Mp3(Box<Mp3Reader<File>>, Frame),
    Pcm(Box<Decoder>),
}

/// Finds out how a file is to be played. What is MP3, the framing parser has the last word on.
fn recognise(path: &Path) -> Result<Recognised, FileError> {
    let failed = |cause| FileError {
        path: path.to_owned(),
        cause,
    };
    let probed = decode::probe(open_file(path)?, path);
    let named_mp3 = path
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("mp3"));
    let other_format = probed.as_ref().is_ok_and(|probed| !probed.is_mp3());
    if named_mp3 || !other_format {
        let mut reader = Mp3Reader::new(open_file(path)?, path);
        match reader.next_frame() {
            Ok(Some(first)) => {
                let (tags, duration) = match probed {
                    Ok(probed) => (probed.tags, probed.duration),
                    Err(_) => Default::default(),
                };
                return Ok(Recognised {
                    tags,
                    duration,
                    content: Content::Mp3(Box::new(reader), first),
                });
            }
            Ok(None) if !other_format => return Err(failed(Cause::Empty)),
            Err(cause) if !other_format => return Err(failed(cause)),
            Ok(None) | Err(_) => {}
        }
    }
    let probed = probed.map_err(failed)?;
    let (tags, duration) = (probed.tags.clone(), probed.duration);
    let content = Content::Pcm(Box::new(Decoder::new(probed).map_err(failed)?));
    Ok(Recognised {
        tags,
        duration,
        content,
    })
}

fn open_file(path: &Path) -> Result<File, FileError> {
    let failed = |cause| FileError {
        path: path.to_owned(),
        cause,
    };
    // Looked at before it is opened, as opening a pipe waits for its other end.
    let metadata = std::fs::metadata(path).map_err(|error| failed(error.into()))?;
    if !metadata.is_file() {
        return Err(failed(Cause::NotRegular));
    }
    File::open(path).map_err(|error| failed(error.into()))
}
