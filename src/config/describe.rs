//! A config in words, for `check`.

use std::fmt::Write;

use super::duration::write as duration;
use super::{Auth, Config, LogFormat, Pages, Tls};

/// What a relay with this config would run: one line a subject, secrets
/// masked.
pub fn describe(config: &Config) -> String {
    let mut text = String::new();
    for (subject, words) in lines(config) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{subject:<12} {words}");
    }
    text
}

fn lines(config: &Config) -> Vec<(&'static str, String)> {
    let Config {
        server,
        tls,
        auth,
        channels,
        limits,
        pages: shown,
        operations,
        log,
    } = config;
    let listen = server
        .listen
        .iter()
        .map(|address| format!("udp {address}"))
        .collect::<Vec<_>>()
        .join(", ");
    let origins = if server.allowed_origins.is_empty() {
        "every origin".to_owned()
    } else {
        server.allowed_origins.join(", ")
    };
    let mut lines = vec![
        ("listens on", listen),
        ("shards", server.shards.to_string()),
        (
            "sessions",
            format!(
                "end after {} idle, count as silent after {}, drain for {}",
                duration(server.idle_timeout),
                duration(server.silent_after),
                duration(server.drain)
            ),
        ),
        ("origins", origins),
        ("certificate", certificate(tls)),
        ("access", access(auth)),
        (
            "channels",
            format!(
                "at most {}, {} listeners each, kept {} for a publisher to come back",
                channels.max,
                channels.max_listeners,
                duration(channels.grace)
            ),
        ),
        (
            "audio",
            format!(
                "keeps {}, bursts {}, plays {} after real time, publisher ahead by at most {}, \
                 listener behind by at most {}",
                duration(channels.ring),
                duration(channels.burst),
                duration(channels.target_delay),
                duration(channels.max_lead),
                duration(channels.max_lag)
            ),
        ),
        (
            "limits",
            format!(
                "{} sessions, {} an address, {}/s new an address; a session: {} control \
                 messages/s (burst {}), {} datagrams/s (burst {}), hello within {}; Retry above \
                 {} pending handshakes a shard; {} connections to the pages, {} an address",
                limits.sessions,
                limits.sessions_per_address,
                limits.sessions_per_second_per_address,
                limits.control_per_second,
                limits.control_burst,
                limits.datagrams_per_second,
                limits.datagram_burst,
                duration(limits.hello_timeout),
                limits.handshakes_pending,
                limits.page_connections,
                limits.page_connections_per_address
            ),
        ),
    ];
    lines.push(("pages", pages(shown, tls)));
    lines.push((
        "operations",
        operations
            .listen
            .map_or("off".to_owned(), |address| format!("http://{address}")),
    ));
    let format = match log.format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    };
    lines.push(("log", format!("{format}, {}", log.level)));
    lines
}

fn pages(pages: &Pages, tls: &Tls) -> String {
    if pages.listen.is_empty() {
        return "off".to_owned();
    }
    let scheme = match tls {
        Tls::Development { .. } => "http",
        Tls::Files { .. } => "https",
    };
    let addresses: Vec<String> = pages
        .listen
        .iter()
        .map(|address| format!("{scheme}://{address}"))
        .collect();
    let mut words = addresses.join(", ");
    if let Some(dir) = &pages.dir {
        words += &format!(", from {}", dir.display());
    }
    if let Some(url) = &pages.webtransport_url {
        words += &format!(", find the relay at {url}");
    }
    words
}

fn certificate(tls: &Tls) -> String {
    match tls {
        Tls::Development { dir } => {
            format!("for development, made and renewed in {}", dir.display())
        }
        Tls::Files { certificate, key } => format!(
            "{} with key {}, re-read when they change",
            certificate.display(),
            key.display()
        ),
    }
}

fn access(auth: &Auth) -> String {
    match auth {
        Auth::Open => "open: everyone may broadcast and listen".to_owned(),
        Auth::Keys(keys) => {
            let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
            format!("tokens signed by {}", keys.join(" or "))
        }
    }
}
