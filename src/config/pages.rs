//! The `[pages]` section: where the web pages are served, and from what.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use url::Url;

use super::resolve::{is_loopback, listed};
use super::section::Section;
use super::{Pages, Server, Tls};

pub(super) fn pages(mut section: Section<'_>, server: &Server, tls: &Tls, base: &Path) -> Pages {
    let listen = match section.strings_or_off("listen") {
        Some(texts) => listed(&section, texts),
        None => match tls {
            Tls::Development { .. } => Pages::default().listen,
            Tls::Files { .. } => server.listen.clone(),
        },
    };
    if matches!(tls, Tls::Development { .. }) {
        refuse_plain_network(&section, &listen);
    }
    let dir = directory(&mut section, base);
    let webtransport_url = webtransport_url(&mut section);
    section.finish();
    Pages {
        listen,
        dir,
        webtransport_url,
    }
}

impl Pages {
    /// Whether a page of this origin is one of these, for a session that was
    /// opened to this authority: it has the same host, and the port of the pages.
    pub(super) fn show(&self, origin: &str, authority: &str) -> bool {
        let (Ok(origin), Ok(relay)) = (
            Url::parse(origin),
            Url::parse(&format!("https://{authority}")),
        ) else {
            return false;
        };
        let port = origin.port_or_known_default();
        origin.host() == relay.host()
            && self
                .listen
                .iter()
                .any(|address| Some(address.port()) == port)
    }
}

fn refuse_plain_network(section: &Section<'_>, listen: &[SocketAddr]) {
    if let Some(address) = listen.iter().find(|address| !is_loopback(address)) {
        section.mistake(
            "listen",
            format_args!(
                "{address} would show the pages over plain HTTP, on which browsers give no \
                 WebTransport beyond loopback; use tls.mode = \"files\", or listen on loopback"
            ),
        );
    }
}

fn directory(section: &mut Section<'_>, base: &Path) -> Option<PathBuf> {
    let dir = base.join(section.string("dir")?);
    if !dir.is_dir() {
        section.mistake("dir", format_args!("{} is no directory", dir.display()));
    }
    Some(dir)
}

fn webtransport_url(section: &mut Section<'_>) -> Option<Url> {
    let text = section.string("webtransport_url")?;
    let url = Url::parse(&text).ok().filter(|url| {
        url.scheme() == "https"
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if url.is_none() {
        section.mistake(
            "webtransport_url",
            format_args!("must be a URL such as https://radio.example:4433/, got {text:?}"),
        );
    }
    url
}
