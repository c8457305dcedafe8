//! What the relay is told before it starts: TOML in, a [`Config`] of parsed
//! types out, or every mistake at once.
//!
//! `serve`, `check` and `token` read it in the same way. Nothing here binds a
//! socket or starts a task; files that the config names (keys, certificates)
//! are read, so that what passes here also starts.

mod access;
mod describe;
mod duration;
mod error;
mod pages;
mod resolve;
mod section;
#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use url::Url;

pub use describe::describe;
pub use duration::{DurationError, parse_duration};
pub use error::{ConfigError, ConfigErrors};

use crate::token;

/// The file that is read when none is named, if it exists.
pub const DEFAULT_FILE: &str = "config.toml";

/// The most shards that a relay runs: a connection id names its shard in one
/// byte.
pub const MAX_SHARDS: usize = 128;

/// Everything that the relay is told before it starts.
///
/// `Debug` shows no secret.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Sockets, threads and sessions.
    pub server: Server,
    /// The certificate that the relay shows.
    pub tls: Tls,
    /// Who may do what.
    pub auth: Auth,
    /// Live audio: how much is kept, and how late a listener may be.
    pub channels: Channels,
    /// Bounds on what peers may ask of the relay.
    pub limits: Limits,
    /// The web pages.
    pub pages: Pages,
    /// The operations server.
    pub operations: Operations,
    /// What is logged, and how.
    pub log: Log,
}

/// Sockets, threads and sessions.
#[derive(Clone, Debug)]
pub struct Server {
    /// UDP addresses for WebTransport; port 0 takes a free one. Never empty.
    pub listen: Vec<SocketAddr>,
    /// Threads that each serve their own part of the listeners.
    pub shards: NonZeroUsize,
    /// QUIC's maximum idle timeout (RFC 9000, section 10.1).
    pub idle_timeout: Duration,
    /// A session that has answered nothing for so long is not counted as a
    /// listener.
    pub silent_after: Duration,
    /// How long a stopping relay waits for its sessions.
    pub drain: Duration,
    /// Origins whose pages may connect, as browsers write them
    /// (`https://radio.example`). Empty: every origin.
    pub allowed_origins: Vec<String>,
}

impl Server {
    /// Whether a session with this `Origin` header may connect. Clients that
    /// are not browsers send none and are allowed: the header protects people
    /// from pages, not the relay from programs (RFC 6454, section 7.3).
    pub fn allows_origin(&self, origin: Option<&str>) -> bool {
        match origin {
            None => true,
            Some(_) if self.allowed_origins.is_empty() => true,
            Some(origin) => self
                .allowed_origins
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(origin)),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from(([127, 0, 0, 1], 4433)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 4433)),
            ],
            shards: shard_per_core(),
            idle_timeout: Duration::from_secs(45),
            silent_after: Duration::from_secs(4),
            drain: Duration::from_secs(10),
            allowed_origins: Vec::new(),
        }
    }
}

fn shard_per_core() -> NonZeroUsize {
    if cfg!(not(target_os = "linux")) {
        // Only Linux steers packets to their shard.
        return NonZeroUsize::MIN;
    }
    const MOST: NonZeroUsize = NonZeroUsize::new(MAX_SHARDS).expect("MAX_SHARDS is not zero");
    thread::available_parallelism().map_or(NonZeroUsize::MIN, |cores| cores.min(MOST))
}

/// The certificate that the relay shows.
#[derive(Clone, Debug)]
pub enum Tls {
    /// A self-signed certificate for loopback, made and renewed in `dir`.
    Development {
        /// Directory of the certificate and its key, made when absent.
        dir: PathBuf,
    },
    /// PEM files, re-read when they change.
    Files {
        /// Certificate chain, leaf first.
        certificate: PathBuf,
        /// Private key of the leaf.
        key: PathBuf,
    },
}

impl Default for Tls {
    fn default() -> Self {
        Self::Development {
            dir: PathBuf::from("certs"),
        }
    }
}

/// Who may do what.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// Everyone may broadcast on and listen to every channel.
    #[default]
    Open,
    /// A token signed by one of these keys is needed. Never empty.
    Keys(Vec<token::Key>),
}

impl Auth {
    /// The name of the mode: `open` or `tokens`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Keys(_) => "tokens",
        }
    }
}

/// Live audio: how much is kept, and how late a listener may be.
#[derive(Clone, Debug)]
pub struct Channels {
    /// How long a channel waits for its publisher to come back.
    pub grace: Duration,
    /// Channels that may be live at once.
    pub max: usize,
    /// Listeners of one channel.
    pub max_listeners: usize,
    /// How much live audio a channel keeps.
    pub ring: Duration,
    /// Audio sent at once on a join; at most `ring`.
    pub burst: Duration,
    /// From a frame's presentation time to when players sound it.
    pub target_delay: Duration,
    /// How far a publisher may be ahead of real time before it is slowed.
    pub max_lead: Duration,
    /// How far a listener may fall behind before it skips to live; at most
    /// `ring`.
    pub max_lag: Duration,
}

impl Default for Channels {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(10),
            max: 1024,
            max_listeners: 100_000,
            ring: Duration::from_secs(4),
            burst: Duration::from_secs(1),
            target_delay: Duration::from_millis(200),
            max_lead: Duration::from_secs(2),
            max_lag: Duration::from_secs(2),
        }
    }
}

/// Bounds on what peers may ask of the relay.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Sessions open at once.
    pub sessions: usize,
    /// Sessions open at once from one address.
    pub sessions_per_address: usize,
    /// New sessions a second from one address; as many may come in a burst.
    pub sessions_per_second_per_address: u32,
    /// Control messages a second of one session.
    pub control_per_second: u32,
    /// Control messages that one session may send at once.
    pub control_burst: u32,
    /// Datagrams a second of one session.
    pub datagrams_per_second: u32,
    /// Datagrams that one session may send at once.
    pub datagram_burst: u32,
    /// Handshakes under way in one shard before new clients must first prove
    /// their address (QUIC Retry, RFC 9000, section 8.1.2).
    pub handshakes_pending: usize,
    /// How long a session may take to say `hello`.
    pub hello_timeout: Duration,
    /// Connections to the pages server.
    pub page_connections: usize,
    /// Connections to the pages server from one address, loopback excepted: a
    /// proxy may stand there.
    pub page_connections_per_address: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: 100_000,
            sessions_per_address: 4096,
            sessions_per_second_per_address: 200,
            control_per_second: 50,
            control_burst: 100,
            datagrams_per_second: 50,
            datagram_burst: 100,
            handshakes_pending: 64,
            hello_timeout: Duration::from_secs(5),
            page_connections: 512,
            page_connections_per_address: 64,
        }
    }
}

/// The web pages: HTTP with a development certificate, which loopback alone
/// may see; HTTPS with one in files.
#[derive(Clone, Debug)]
pub struct Pages {
    /// TCP addresses; none when the pages are off. Port 0 takes a free one.
    pub listen: Vec<SocketAddr>,
    /// Serves the files of this directory rather than the built-in ones.
    pub dir: Option<PathBuf>,
    /// Where pages find the relay. Without it: the host by which a browser
    /// reached the page, and the relay's own port.
    pub webtransport_url: Option<Url>,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            listen: vec![
                SocketAddr::from(([127, 0, 0, 1], 8080)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 8080)),
            ],
            dir: None,
            webtransport_url: None,
        }
    }
}

/// The operations server: metrics and health.
#[derive(Clone, Debug)]
pub struct Operations {
    /// TCP address; `None` when it is off.
    pub listen: Option<SocketAddr>,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 9464))),
        }
    }
}

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    /// Shape of a line.
    pub format: LogFormat,
    /// Filter directives of `tracing-subscriber`, such as `info` or
    /// `info,skywave=debug`.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            level: "info".to_owned(),
        }
    }
}

/// Shape of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Config {
    /// Reads `path`; without one, [`DEFAULT_FILE`] of the working directory if
    /// it exists, else the defaults. Relative paths in a file are relative to
    /// the file.
    ///
    /// # Errors
    /// Everything that is wrong with the file, not only the first.
    pub fn load(path: Option<&Path>) -> Result<Self, ConfigErrors> {
        let file = path.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if path.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(ConfigErrors::new(vec![ConfigError::Read(error)]).in_file(file));
            }
        };
        let base = file.parent().unwrap_or(Path::new(""));
        Self::parse(&text, base).map_err(|errors| errors.in_file(file))
    }

    /// Reads TOML; relative paths in it are relative to `base`.
    ///
    /// # Errors
    /// Everything that is wrong with the text, not only the first.
    pub fn parse(text: &str, base: &Path) -> Result<Self, ConfigErrors> {
        resolve::resolve(text, base, &|name| std::env::var(name).ok())
    }

    /// Whether a session with this `Origin` header, opened to this authority
    /// (host and port), may connect: the relay's own pages always may.
    pub fn allows_origin(&self, origin: Option<&str>, authority: &str) -> bool {
        self.server.allows_origin(origin)
            || origin.is_some_and(|origin| self.pages.show(origin, authority))
    }

    /// The defaults: open, on loopback, port 4433, with a development
    /// certificate, pages on port 8080. The same as [`Config::default`].
    pub fn development() -> Self {
        Self::default()
    }
}
