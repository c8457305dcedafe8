//! What a publisher sends: audio files, one after another, as MP3 frames.
//!
//! It owns the way from a file to frames: MP3 passes through untouched, FLAC, Ogg Vorbis, WAV and
//! AAC are decoded and encoded to MP3 in one continuous run, so that no gap falls between tracks.
//! The publisher and the demo call it. It blocks on the disk and on the encoder, so it belongs on
//! a thread of its own; it never paces: frames come as fast as they are asked for.
//!
//! ```no_run
//! use skywave_client::source::{Item, Options, Playlist};
//!
//! let files = vec!["intro.mp3".into(), "song.flac".into()];
//! let mut playlist = Playlist::open(files, Options::default())?;
//! while let Some(item) = playlist.next_item()? {
//!     match item {
//!         Item::Track(track) => println!("{:?}", track.tags.title),
//!         Item::Frame(frame) => println!("{} bytes", frame.mp3.data.len()),
//!         Item::Skipped(failure) => eprintln!("skipped {failure}"),
//!     }
//! }
//! # Ok::<(), skywave_client::source::Error>(())
//! ```

mod decode;
mod downmix;
mod encoder;
mod error;
mod level;
mod mp3_reader;
mod mp4;
mod playlist;
mod riff;
mod tags;

use std::path::PathBuf;
use std::time::Duration;

use skywave_wire::mp3;

pub use encoder::{BITRATES, Encoder, PcmFormat};
pub use error::{Cause, Error, FileError};
pub use level::{Level, SILENCE_DBFS};
pub use mp3_reader::Mp3Reader;
pub use playlist::{Options, Playlist};
pub use tags::{MAX_TAG_CHARS, Tags};

/// One thing that a publisher sends, or should know.
#[derive(Debug)]
pub enum Item {
    /// A track that begins with the very next frame.
    Track(Track),
    /// The next frame of audio.
    Frame(Frame),
    /// A file, or what is left of it, that cannot be played. The broadcast goes on with the next.
    Skipped(FileError),
}

/// A track as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Position in the list of files, from 0. It repeats where the list does.
    pub index: usize,
    /// The file, or the name that its reader was given.
    pub path: PathBuf,
    /// What the file says of itself.
    pub tags: Tags,
    /// Playing time, where the file tells it.
    pub duration: Option<Duration>,
}

/// One MP3 frame, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Header and bytes. Its `offset` counts from the beginning of the file, or of the encoder.
    pub mp3: mp3::Frame,
    /// How loud the frame is, or `None` where it could not be decoded.
    pub level: Option<Level>,
}
