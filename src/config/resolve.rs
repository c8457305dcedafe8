//! From the text of a config to its parsed form.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::Table;
use url::Url;

use super::access::auth;
use super::error::{ConfigError, ConfigErrors};
use super::pages::pages;
use super::section::{Mistakes, Section};
use super::{
    Auth, Channels, Config, Limits, Log, LogFormat, MAX_SHARDS, Operations, Pages, Server, Tls,
    shard_per_core,
};
use crate::{logging, tls};

/// Looks up an environment variable by name.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

pub(super) fn resolve(
    text: &str,
    base: &Path,
    environment: Environment<'_>,
) -> Result<Config, ConfigErrors> {
    let table = text
        .parse::<Table>()
        .map_err(|error| ConfigErrors::new(vec![syntax(text, &error)]))?;
    let mistakes = Mistakes::default();
    let mut root = Section::root(table, &mistakes);
    let config = Config {
        server: server(root.section("server")),
        tls: tls(root.section("tls"), base),
        auth: Auth::Open,
        channels: channels(root.section("channels")),
        limits: limits(root.section("limits")),
        pages: Pages::default(),
        operations: operations(root.section("operations")),
        log: log(root.section("log")),
    };
    let auth = auth(root.section("auth"), &config.server, base, environment);
    let pages = pages(root.section("pages"), &config.server, &config.tls, base);
    root.finish();
    let errors = mistakes.into_errors();
    if errors.is_empty() {
        Ok(Config {
            auth,
            pages,
            ..config
        })
    } else {
        Err(ConfigErrors::new(errors))
    }
}

/// The parser's own display quotes the line, in which a secret may stand.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let at = error.span().map_or(0, |span| span.start);
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    ConfigError::Syntax {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: error.message().trim_end().replace('\n', ", "),
    }
}

fn server(mut section: Section<'_>) -> Server {
    let default = Server::default();
    let listen = addresses(&mut section, default.listen);
    let shards = section.integer("shards", 0, 0..=MAX_SHARDS);
    let idle_timeout = section.duration(
        "idle_timeout",
        default.idle_timeout,
        Duration::from_secs(1)..=Duration::from_secs(600),
    );
    let silent_after = section.duration(
        "silent_after",
        default.silent_after,
        Duration::from_millis(500)..=Duration::from_secs(600),
    );
    if silent_after > idle_timeout {
        section.mistake("silent_after", "must not be longer than idle_timeout");
    }
    let drain = section.duration(
        "drain",
        default.drain,
        Duration::ZERO..=Duration::from_secs(3600),
    );
    let allowed_origins = origins(&mut section);
    section.finish();
    Server {
        listen,
        shards: NonZeroUsize::new(shards).unwrap_or_else(shard_per_core),
        idle_timeout,
        silent_after,
        drain,
        allowed_origins,
    }
}

const ADDRESS_FORM: &str = "must be an address and port such as 127.0.0.1:4433 or [::1]:4433";

fn addresses(section: &mut Section<'_>, default: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(texts) = section.strings("listen") else {
        return default;
    };
    if texts.is_empty() {
        section.mistake("listen", "must name at least one address");
    }
    listed(section, texts)
}

/// The addresses of `listen`; wrong ones are noted and left out.
pub(super) fn listed(section: &Section<'_>, texts: Vec<(String, String)>) -> Vec<SocketAddr> {
    let mut addresses = Vec::with_capacity(texts.len());
    for (key, text) in texts {
        match text.parse::<SocketAddr>() {
            Ok(address) if address.port() != 0 && addresses.contains(&address) => {
                section.mistake("listen", format_args!("names {address} twice"));
            }
            Ok(address) => addresses.push(address),
            Err(_) => section.mistake_at(&key, format_args!("{ADDRESS_FORM}, got {text:?}")),
        }
    }
    addresses
}

fn origins(section: &mut Section<'_>) -> Vec<String> {
    let texts = section.strings("allowed_origins").unwrap_or_default();
    let mut origins = Vec::with_capacity(texts.len());
    for (key, text) in texts {
        let origin = Url::parse(&text)
            .ok()
            .filter(is_origin)
            .map(|url| url.origin().ascii_serialization());
        match origin {
            Some(origin) => origins.push(origin),
            None => section.mistake_at(
                &key,
                format_args!("must be an origin such as https://radio.example, got {text:?}"),
            ),
        }
    }
    origins
}

fn is_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

fn tls(mut section: Section<'_>, base: &Path) -> Tls {
    let mode = section.string("mode");
    let dir = section.string("dir");
    let certificate = section.string("certificate");
    let key = section.string("key");
    let resolved = match mode.as_deref() {
        None | Some("development") => {
            for (name, value) in [("certificate", &certificate), ("key", &key)] {
                if value.is_some() {
                    section.mistake(name, "is read only with tls.mode = \"files\"");
                }
            }
            Tls::Development {
                dir: base.join(dir.as_deref().unwrap_or("certs")),
            }
        }
        Some("files") => {
            if dir.is_some() {
                section.mistake("dir", "is read only with tls.mode = \"development\"");
            }
            tls_files(&section, base, certificate, key)
        }
        Some(other) => {
            section.mistake(
                "mode",
                format_args!("must be \"development\" or \"files\", got {other:?}"),
            );
            Tls::default()
        }
    };
    section.finish();
    resolved
}

fn tls_files(
    section: &Section<'_>,
    base: &Path,
    certificate: Option<String>,
    key: Option<String>,
) -> Tls {
    for (name, value) in [("certificate", &certificate), ("key", &key)] {
        if value.is_none() {
            section.mistake(name, "is needed with tls.mode = \"files\"");
        }
    }
    let (Some(certificate), Some(key)) = (certificate, key) else {
        // Files all the same, so that what depends on the mode is judged by it.
        return Tls::Files {
            certificate: PathBuf::new(),
            key: PathBuf::new(),
        };
    };
    let (certificate, key) = (base.join(certificate), base.join(key));
    for error in tls::check_files(&certificate, &key) {
        let name = match error {
            tls::Error::Certificate { .. } => "certificate",
            _ => "key",
        };
        section.mistake(name, error);
    }
    Tls::Files { certificate, key }
}

pub(super) fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

fn channels(mut section: Section<'_>) -> Channels {
    let default = Channels::default();
    let minute = Duration::from_secs(60);
    let channels = Channels {
        grace: section.duration(
            "grace",
            default.grace,
            Duration::ZERO..=Duration::from_secs(600),
        ),
        max: section.integer("max", default.max, 1..=1_000_000),
        max_listeners: section.integer("max_listeners", default.max_listeners, 1..=10_000_000),
        ring: section.duration("ring", default.ring, Duration::from_millis(500)..=minute),
        burst: section.duration("burst", default.burst, Duration::ZERO..=minute),
        target_delay: section.duration(
            "target_delay",
            default.target_delay,
            Duration::ZERO..=minute,
        ),
        max_lead: section.duration(
            "max_lead",
            default.max_lead,
            Duration::from_millis(100)..=minute,
        ),
        max_lag: section.duration(
            "max_lag",
            default.max_lag,
            Duration::from_millis(100)..=minute,
        ),
    };
    for (name, value) in [("burst", channels.burst), ("max_lag", channels.max_lag)] {
        if value > channels.ring {
            section.mistake(
                name,
                "must not be longer than channels.ring, the audio that is kept",
            );
        }
    }
    section.finish();
    channels
}

fn limits(mut section: Section<'_>) -> Limits {
    let default = Limits::default();
    let mut count = |name, default: usize, most: usize| section.integer(name, default, 1..=most);
    let sessions = count("sessions", default.sessions, 10_000_000);
    let sessions_per_address = count(
        "sessions_per_address",
        default.sessions_per_address,
        10_000_000,
    );
    let page_connections = count("page_connections", default.page_connections, 100_000);
    let page_connections_per_address = count(
        "page_connections_per_address",
        default.page_connections_per_address,
        100_000,
    );
    let handshakes_pending = count("handshakes_pending", default.handshakes_pending, 1_000_000);
    let mut rate = |name, default: u32| section.integer(name, default, 1..=1_000_000);
    let sessions_per_second_per_address = rate(
        "sessions_per_second_per_address",
        default.sessions_per_second_per_address,
    );
    let control_per_second = rate("control_per_second", default.control_per_second);
    let control_burst = rate("control_burst", default.control_burst);
    let datagrams_per_second = rate("datagrams_per_second", default.datagrams_per_second);
    let datagram_burst = rate("datagram_burst", default.datagram_burst);
    let hello_timeout = section.duration(
        "hello_timeout",
        default.hello_timeout,
        Duration::from_millis(100)..=Duration::from_secs(60),
    );
    section.finish();
    Limits {
        sessions,
        sessions_per_address,
        sessions_per_second_per_address,
        control_per_second,
        control_burst,
        datagrams_per_second,
        datagram_burst,
        handshakes_pending,
        hello_timeout,
        page_connections,
        page_connections_per_address,
    }
}

fn operations(mut section: Section<'_>) -> Operations {
    let allowed = section.boolean("open_to_the_network");
    let listen = match section.string("listen").as_deref() {
        None => Operations::default().listen,
        Some("off") => None,
        Some(text) => match text.parse::<SocketAddr>() {
            Ok(address) => {
                if !is_loopback(&address) && !allowed {
                    section.mistake(
                        "listen",
                        format_args!(
                            "{address} shows metrics to the network; listen on loopback, or set \
                             operations.open_to_the_network = true"
                        ),
                    );
                }
                Some(address)
            }
            Err(_) => {
                section.mistake(
                    "listen",
                    "must be \"off\" or an address and port such as 127.0.0.1:9464",
                );
                None
            }
        },
    };
    section.finish();
    Operations { listen }
}

fn log(mut section: Section<'_>) -> Log {
    let default = Log::default();
    let format = match section.string("format").as_deref() {
        None => default.format,
        Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => {
            section.mistake(
                "format",
                format_args!("must be \"text\" or \"json\", got {other:?}"),
            );
            default.format
        }
    };
    let level = section.string("level").unwrap_or(default.level);
    if let Err(error) = logging::check_level(&level) {
        section.mistake("level", error);
    }
    section.finish();
    Log { format, level }
}
