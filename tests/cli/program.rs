//! The real binary, what it writes to stderr, and audio files to feed it with.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use skywave_wire::mp3::{Frame, Parser};
use tempfile::TempDir;

/// What should happen within moments has failed after this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A command with these arguments, away from this machine's settings.
pub(crate) fn skywave(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skywave"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env_remove("SKYWAVE_TOKEN")
        .env_remove("RUST_LOG");
    command
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command) -> Output {
    command.output().expect("the program runs")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// A program that runs; dropping it kills it.
pub(crate) struct Program {
    child: Child,
    lines_rx: Receiver<String>,
}

impl Program {
    /// Starts it, with standard output to nowhere unless the command says other.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stderr = child.stderr.take().expect("a pipe");
        let (lines_tx, lines_rx) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if lines_tx.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines_rx }
    }

    /// Waits for a line on stderr that `pick` takes; lines before it are gone.
    pub(crate) fn line<T>(&self, what: &str, mut pick: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines_rx.recv_timeout(left) else {
                panic!("no {what} in {seen:#?}");
            };
            if let Some(picked) = pick(&line) {
                return picked;
            }
            seen.push(line);
        }
    }

    /// Waits for a line with these words.
    pub(crate) fn says(&self, words: &str) {
        self.line(words, |line| line.contains(words).then_some(()));
    }

    /// Waits for a JSON event of this name.
    pub(crate) fn event(&self, name: &str) -> Value {
        self.line(name, |line| {
            let event: Value = serde_json::from_str(line).expect("every line is JSON");
            (event["event"] == name).then_some(event)
        })
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.expect("kill runs").success(), "{name}");
    }

    /// Waits for the end: the exit code, and the rest of stderr.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let status = self.child.wait().expect("a status");
        (status.code(), self.lines_rx.iter().collect())
    }

    /// Sends a signal and expects a clean end.
    pub(crate) fn ends_well_on(self, signal: &str) -> Vec<String> {
        self.signal(signal);
        let (code, lines) = self.end();
        assert_eq!(code, Some(0), "{lines:#?}");
        lines
    }

    pub(crate) fn stdout(&mut self) -> impl Read + use<> {
        self.child.stdout.take().expect("a pipe, taken once")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has mostly ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `skywave serve` on a free port.
pub(crate) struct Relay {
    pub(crate) program: Program,
    pub(crate) url: String,
}

impl Relay {
    pub(crate) fn start(room: &Room) -> Self {
        Self::start_with(room, "127.0.0.1:0", "")
    }

    pub(crate) fn start_with(room: &Room, listen: &str, lines: &str) -> Self {
        let config = room.config(listen, lines);
        let program = Program::start(&mut skywave(&["serve", "--config", &config]));
        let address = program.line("address", |line| {
            let line: Value = serde_json::from_str(line).expect("every line is JSON");
            let listens = line["message"] == "listening for WebTransport";
            listens.then(|| line["address"].as_str().expect("an address").to_owned())
        });
        Self {
            program,
            url: format!("https://{address}"),
        }
    }

    /// A command of a client of this relay.
    pub(crate) fn client(&self, command: &str, channel: &str, rest: &[&str]) -> Command {
        let mut args = vec![command, "--url", &self.url, "--channel", channel];
        args.extend(rest);
        skywave(&args)
    }
}

/// A directory for one test.
pub(crate) struct Room(TempDir);

impl Room {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn name(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).expect("a file");
        self.name(name)
    }

    /// A config for a relay of a test.
    pub(crate) fn config(&self, listen: &str, lines: &str) -> String {
        self.write(
            "config.toml",
            &format!(
                "server.listen = [{listen:?}]\nserver.shards = 2\nserver.drain = \"1s\"\n\
                 pages.listen = [\"127.0.0.1:0\"]\noperations.listen = \"off\"\n\
                 log.format = \"json\"\n{lines}"
            ),
        )
    }

    /// An audio file of so many seconds, of the kind that its ending says.
    pub(crate) fn audio(&self, name: &str, seconds: u32, title: &str) -> String {
        let music = format!("aevalsrc=0.3*sin(2*PI*220*t)|0.3*sin(2*PI*277*t):s=44100:d={seconds}");
        let made = Command::new("ffmpeg")
            .args([
                "-v", "error", "-y", "-f", "lavfi", "-i", &music, "-b:a", "128k",
            ])
            .args([
                "-metadata",
                &format!("title={title}"),
                "-metadata",
                "artist=Ada",
            ])
            .arg(self.path(name))
            .status();
        assert!(made.expect("ffmpeg is needed").success(), "{name}");
        self.name(name)
    }
}

/// The frames of a file.
pub(crate) fn frames_of(path: &Path) -> Vec<Frame> {
    let bytes = std::fs::read(path).expect("a file");
    let mut parser = Parser::new();
    let mut frames = Vec::new();
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        rest = &rest[parser.push(rest)..];
        while let Some(frame) = parser.next_frame().expect("MP3") {
            frames.push(frame);
        }
    }
    while let Some(frame) = parser.finish().expect("MP3") {
        frames.push(frame);
    }
    frames
}

/// Waits until a file holds so many bytes.
pub(crate) fn grows_to(path: &Path, bytes: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let size = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if size >= bytes {
            return;
        }
        assert!(Instant::now() < deadline, "{size} of {bytes} bytes came");
        thread::sleep(Duration::from_millis(20));
    }
}
