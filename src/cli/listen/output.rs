//! Where frames are written to.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncWriteExt, Stdout};

use crate::cli::Failure;

/// A file, or standard output.
pub(super) enum Output {
    File(File, PathBuf),
    Stdout(Stdout),
}

impl Output {
    /// Opens it. What a file holds stays until [`begin`](Self::begin), so that a
    /// channel that is not there costs no recording.
    ///
    /// # Errors
    /// The file cannot be opened, or standard output is a terminal.
    pub(super) async fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            if io::stdout().is_terminal() {
                let words = "MP3 does not belong in a terminal: name a file with -o, \
                             or a player, as in `skywave listen ... | ffplay -nodisp -`";
                return Err(Failure::Usage(words.to_owned()));
            }
            return Ok(Self::Stdout(tokio::io::stdout()));
        };
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .await;
        file.map(|file| Self::File(file, path.to_owned()))
            .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
    }

    /// Empties the file: frames come.
    pub(super) async fn begin(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, _) if file.metadata().await?.is_file() => file.set_len(0).await,
            Self::File(..) | Self::Stdout(_) => Ok(()),
        }
    }

    /// Writes a frame, and through to the reader, which may play it at once.
    pub(super) async fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::File(file, path) => {
                let written = async {
                    file.write_all(frame).await?;
                    file.flush().await
                };
                written.await.map_err(|error| {
                    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
                })
            }
            Self::Stdout(stdout) => {
                stdout.write_all(frame).await?;
                stdout.flush().await
            }
        }
    }
}
