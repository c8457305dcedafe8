use std::path::{Path, PathBuf};
use std::process::Command;

use skywave_client::source::{FileError, Frame, Item, Options, Playlist, Track};
use tempfile::TempDir;

pub(crate) const LOOP: Options = Options {
    bitrate: 128_000,
    looping: true,
};

/// A directory with the audio files of one test.
pub(crate) struct Media {
    dir: TempDir,
}

impl Media {
    pub(crate) fn new() -> Media {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Media { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).expect("the temporary directory is writable");
        path
    }

    /// Runs `ffmpeg <arguments, split at spaces> name`.
    pub(crate) fn ffmpeg(&self, arguments: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        let mut command = ffmpeg();
        command.args(arguments.split(' ')).arg(&path);
        run(command);
        path
    }

    /// A stereo sine of `seconds`, an eighth of full scale (-18.1 dBFS), `arguments` deciding how
    /// it is coded.
    pub(crate) fn sine(&self, seconds: f64, arguments: &str, name: &str) -> PathBuf {
        let sine = format!("sine=frequency=441:duration={seconds},pan=stereo|c0=c0|c1=c0");
        self.ffmpeg(&format!("-f lavfi -i {sine} {arguments}"), name)
    }

    /// Decodes MP3 to interleaved samples, nothing trimmed.
    pub(crate) fn decode(&self, mp3: &[u8]) -> Vec<f32> {
        let mp3 = self.write("decode.mp3", mp3);
        let pcm = self.path("decode.f32");
        let mut command = ffmpeg();
        command.args(["-flags2", "skip_manual", "-i"]).arg(mp3);
        command.args(["-f", "f32le"]).arg(&pcm);
        run(command);
        let bytes = std::fs::read(pcm).expect("ffmpeg wrote the samples");
        let samples = bytes.as_chunks::<4>().0.iter();
        samples.map(|&sample| f32::from_le_bytes(sample)).collect()
    }
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]);
    command
}

fn run(mut command: Command) {
    let output = command
        .output()
        .expect("these tests need ffmpeg (Debian package ffmpeg)");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {words}");
}

/// All that a playlist yields.
#[derive(Default)]
pub(crate) struct Played {
    pub(crate) frames: Vec<Frame>,
    /// Tracks, each with the number of frames before it.
    pub(crate) tracks: Vec<(usize, Track)>,
    pub(crate) skipped: Vec<FileError>,
}

impl Played {
    pub(crate) fn new(paths: &[&Path]) -> Played {
        let paths = paths.iter().map(|path| path.to_path_buf()).collect();
        let mut playlist = Playlist::open(paths, Options::default()).expect("something to play");
        let mut played = Played::default();
        while let Some(item) = playlist.next_item().expect("the list plays") {
            played.add(item);
        }
        played
    }

    pub(crate) fn add(&mut self, item: Item) {
        match item {
            Item::Frame(frame) => self.frames.push(frame),
            Item::Track(track) => self.tracks.push((self.frames.len(), track)),
            Item::Skipped(error) => self.skipped.push(error),
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.frames
            .iter()
            .flat_map(|frame| frame.mp3.data.to_vec())
            .collect()
    }

    pub(crate) fn seconds(&self) -> f64 {
        let seconds = |frame: &Frame| {
            f64::from(frame.mp3.header.samples()) / f64::from(frame.mp3.header.sample_rate())
        };
        self.frames.iter().map(seconds).sum()
    }

    pub(crate) fn titles(&self) -> Vec<&str> {
        self.tracks
            .iter()
            .map(|(_, track)| track.tags.title.as_deref().unwrap_or_default())
            .collect()
    }
}
