//! Relays on free ports, real MP3 files, and waiting for events with a limit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use skywave::Server;
use skywave::config::Config;
use skywave_client::{Broadcast, Client, Heard, Identity, Session, Subscription, Trust};
use skywave_wire::control::{Delivery, Event, Join, Show, Start, Title};
use skywave_wire::mp3::{self, Parser};
use skywave_wire::{ChannelId, group};
use tempfile::TempDir;
use tokio::sync::broadcast;

/// What should happen within moments has failed after this.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The HS256 key of relays that want tokens.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct Relay {
    pub(crate) server: Server,
    pub(crate) url: String,
    _certificates: TempDir,
}

/// A relay on loopback, open to all, with two shards.
pub(crate) async fn relay() -> Relay {
    relay_with("").await
}

/// A relay with these lines of configuration besides.
pub(crate) async fn relay_with(lines: &str) -> Relay {
    let certificates = tempfile::tempdir().expect("a directory");
    let text = format!(
        "server.listen = [\"127.0.0.1:0\"]\nserver.shards = 2\n\
         pages.listen = [\"127.0.0.1:0\"]\noperations.listen = \"127.0.0.1:0\"\n{lines}"
    );
    let mut config = Config::parse(&text, certificates.path()).expect("a good configuration");
    config.tls = skywave::config::Tls::Development {
        dir: certificates.path().to_owned(),
    };
    let server = Server::bind(config).await.expect("a relay");
    let url = format!("https://{}", server.addresses()[0]);
    Relay {
        server,
        url,
        _certificates: certificates,
    }
}

impl Relay {
    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url, &Trust::Usual).expect("a client")
    }

    /// A session under this name.
    pub(crate) async fn session(&self, subject: &str) -> Session {
        let identity = Identity {
            subject: Some(subject.into()),
            ..Identity::default()
        };
        self.client().connect(&identity).await.expect("a session")
    }

    pub(crate) async fn publisher(&self, channel: &str) -> Broadcast {
        let session = self.session("owner").await;
        session.start(start(channel)).await.expect("on the air")
    }

    pub(crate) async fn listener(&self, channel: &str) -> Subscription {
        let session = self.session("listener").await;
        session.join(join(channel)).await.expect("joined")
    }
}

pub(crate) fn channel(name: &str) -> ChannelId {
    name.parse().expect("a channel name")
}

pub(crate) fn start(name: &str) -> Start {
    Start {
        channel_id: channel(name),
        show: Show::default(),
    }
}

/// Waits for the channel to go on the air; each frame comes by itself.
pub(crate) fn join(name: &str) -> Join {
    Join {
        channel_id: channel(name),
        latency_ms: 0,
        delivery: Delivery::Stream,
        wait: true,
    }
}

pub(crate) fn title(name: &str) -> Title {
    Title {
        track_name: Some(name.into()),
        ..Title::default()
    }
}

/// A listener's token of the key that tests use, which ends after these seconds.
pub(crate) fn token(seconds: u64) -> String {
    use skywave::token::{Claims, Key, Pattern, Role, mint};
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    let claims = Claims {
        sub: "somebody".into(),
        role: Role::Listener,
        channels: vec![Pattern::any()],
        exp: now.as_secs() + seconds,
        iat: None,
        nbf: None,
    };
    let key = Key::from_secret(None, SECRET.as_bytes()).expect("a key");
    mint(&key, &claims).expect("a token")
}

/// What every session is told next, after what is on the air at the beginning.
pub(crate) async fn announced(events: &mut broadcast::Receiver<Event>) -> Event {
    loop {
        match within(events.recv()).await.expect("the session goes on") {
            Event::Active(_) => {}
            event => return event,
        }
    }
}

/// The next frame heard; everything else is left out.
pub(crate) async fn next_frame(subscription: &mut Subscription) -> group::Frame {
    heard(subscription, |heard| match heard {
        Heard::Frame(frame) => Some(frame),
        _ => None,
    })
    .await
}

/// Waits for something heard that `pick` takes.
pub(crate) async fn heard<T>(
    subscription: &mut Subscription,
    mut pick: impl FnMut(Heard) -> Option<T>,
) -> T {
    let waiting = async {
        loop {
            let heard = subscription.next().await.expect("the session goes on");
            if let Some(picked) = pick(heard) {
                return picked;
            }
        }
    };
    within(waiting).await
}

/// The value of a future that should be ready within moments.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .expect("it happens within moments")
}

/// A directory with MP3 files made by ffmpeg and LAME.
pub(crate) struct Studio(TempDir);

impl Studio {
    pub(crate) fn open() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Music of a kind: `seconds` of chords and noise, through ffmpeg with these
    /// options.
    pub(crate) fn ffmpeg(&self, name: &str, seconds: f64, options: &[&str]) -> PathBuf {
        let path = self.path(name);
        let music = format!(
            "aevalsrc=0.3*sin(2*PI*220*t)+0.2*sin(2*PI*(330+20*sin(t*3))*t)+0.05*random(0)\
             |0.3*sin(2*PI*277*t)+0.05*random(1):s=44100:d={seconds}"
        );
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", &music])
            .args(options)
            .arg(&path);
        run(&mut command);
        path
    }

    /// The WAV file through LAME with these options.
    pub(crate) fn lame(&self, name: &str, wav: &Path, options: &[&str]) -> PathBuf {
        let path = self.path(name);
        run(Command::new("lame")
            .arg("--quiet")
            .args(options)
            .arg(wav)
            .arg(&path));
        path
    }

    /// An ordinary file: 128 kbit/s, 44.1 kHz, joint stereo.
    pub(crate) fn mp3(&self, name: &str, seconds: f64) -> PathBuf {
        self.ffmpeg(name, seconds, &["-b:a", "128k"])
    }
}

/// Runs a program to its end; it must be there (a Debian package) and succeed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; ffmpeg and lame are needed"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The frames of a file.
pub(crate) fn frames_of(path: &Path) -> Vec<mp3::Frame> {
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

/// The bytes of those frames.
pub(crate) fn data_of(frames: &[mp3::Frame]) -> Vec<Bytes> {
    frames.iter().map(|frame| frame.data.clone()).collect()
}
