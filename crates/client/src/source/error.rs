use std::fmt;
use std::io;
use std::path::PathBuf;

use skywave_wire::mp3;
use thiserror::Error;

use super::encoder::BITRATES;

/// Why there is nothing to send.
#[derive(Debug, Error)]
pub enum Error {
    /// The list of files is empty.
    #[error("no files to play")]
    NoFiles,
    /// Files that cannot be opened: all of the list at once.
    #[error("{}", Lines(.0))]
    Unreadable(Vec<FileError>),
    /// No file of the list holds audio that can be played: each with its reason.
    #[error("nothing to play: {}", Lines(.0))]
    NothingPlayable(Vec<FileError>),
    /// The one input of a [`Mp3Reader`](super::Mp3Reader) failed.
    #[error(transparent)]
    Input(#[from] FileError),
    /// A bit rate that MPEG audio does not have.
    #[error("bit rate {} bit/s is not one of MP3: {}", .0, Rates)]
    Bitrate(u32),
    /// PCM that MP3 cannot carry.
    #[error("PCM of {channels} channels at {sample_rate} Hz cannot be encoded to MP3")]
    Pcm {
        /// Samples per second of one channel.
        sample_rate: u32,
        /// Number of channels.
        channels: u8,
    },
    /// LAME failed: the words are its own.
    #[error("the MP3 encoder failed: {0}")]
    Encoder(String),
}

/// A file and what is wrong with it.
#[derive(Debug, Error)]
#[error("{}: {cause}", path.display())]
pub struct FileError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What is wrong with it.
    pub cause: Cause,
}

/// What is wrong with a file.
#[derive(Debug, Error)]
pub enum Cause {
    /// The system could not open or read it.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is a directory, a pipe or a device.
    #[error("not a regular file")]
    NotRegular,
    /// It is of no audio format that is known here.
    #[error("not audio: {0}")]
    NotAudio(#[from] mp3::Error),
    /// Its format is known, and its content cannot be decoded.
    #[error("cannot be decoded: {0}")]
    Undecodable(String),
    /// It is sound, and not one sample long.
    #[error("holds no audio")]
    Empty,
}

struct Lines<'a>(&'a [FileError]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

struct Rates;

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, rate) in BITRATES.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{rate}")?;
        }
        Ok(())
    }
}
