//! Where a page finds the relay: as a URL for its `WebTransport`, and as a
//! source that its content security policy allows.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use url::{Host, Url};

/// What is known of the relay's addresses.
pub(super) struct RelayUrls {
    told: Option<Url>,
    listen: Vec<SocketAddr>,
}

/// The relay as seen from one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelayUrl {
    /// Such as `https://localhost:4433/`.
    pub(super) url: String,
    /// For `connect-src` (CSP Level 3, section 6.1.2).
    pub(super) source: String,
}

/// The `Host` header is no host and port (RFC 9110, section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the Host header does not say by which name you reach this server")]
pub(super) struct BadHost;

impl RelayUrls {
    /// `told` is the URL to tell whatever the request says; `listen` are the UDP
    /// addresses at which the relay listens.
    pub(super) fn new(told: Option<Url>, listen: &[SocketAddr]) -> Self {
        Self {
            told,
            listen: listen.to_vec(),
        }
    }

    /// For a page that was reached with this `Host` header.
    ///
    /// # Errors
    /// The header is needed, and is missing or no host.
    pub(super) fn for_host(&self, header: Option<&[u8]>) -> Result<RelayUrl, BadHost> {
        if let Some(url) = &self.told {
            return Ok(RelayUrl::at(url));
        }
        let host = parse_host(header.ok_or(BadHost)?).ok_or(BadHost)?;
        let (host, port) = self.reached(host);
        let url = Url::parse(&format!("https://{host}:{port}/")).map_err(|_| BadHost)?;
        Ok(RelayUrl::at(&url))
    }

    fn reached(&self, host: Host) -> (Host, u16) {
        let first = self.listen.first().map_or(0, SocketAddr::port);
        match host {
            Host::Domain(name) if name == "localhost" => self.this_machine(first),
            Host::Domain(name) => (Host::Domain(name), first),
            Host::Ipv4(ip) => (Host::Ipv4(ip), self.port_of(ip.into()).unwrap_or(first)),
            Host::Ipv6(ip) => (Host::Ipv6(ip), self.port_of(ip.into()).unwrap_or(first)),
        }
    }

    /// Browsers try one family for `localhost` over QUIC and do not fall back to
    /// the other, so the name is told only where both lead to the relay.
    fn this_machine(&self, first: u16) -> (Host, u16) {
        let v4 = self.port_of(Ipv4Addr::LOCALHOST.into());
        let v6 = self.port_of(Ipv6Addr::LOCALHOST.into());
        match (v4, v6) {
            (Some(v4), Some(v6)) if v4 == v6 => (Host::Domain("localhost".to_owned()), v4),
            (Some(v4), _) => (Host::Ipv4(Ipv4Addr::LOCALHOST), v4),
            (None, Some(v6)) => (Host::Ipv6(Ipv6Addr::LOCALHOST), v6),
            (None, None) => (Host::Domain("localhost".to_owned()), first),
        }
    }

    fn port_of(&self, ip: IpAddr) -> Option<u16> {
        let leads = |address: &&SocketAddr| {
            address.ip() == ip || address.ip().is_unspecified() && address.is_ipv4() == ip.is_ipv4()
        };
        self.listen.iter().find(leads).map(SocketAddr::port)
    }
}

impl RelayUrl {
    fn at(url: &Url) -> Self {
        Self {
            url: url.to_string(),
            source: match url.host() {
                // A source cannot name an IPv6 address (CSP Level 3, section 2.3.1).
                Some(Host::Ipv6(_)) => "https:".to_owned(),
                _ => url.origin().ascii_serialization(),
            },
        }
    }
}

/// Only what a browser sends: a name or an address, and perhaps a port. Nothing
/// else gets into a header of ours.
fn parse_host(header: &[u8]) -> Option<Host> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    if header.is_empty() || header.len() > 255 || !header.iter().all(plain) {
        return None;
    }
    let text = std::str::from_utf8(header).ok()?;
    let url = Url::parse(&format!("https://{text}/")).ok()?;
    url.host().map(|host| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(listen: &[&str], host: &str) -> (String, String) {
        let listen: Vec<SocketAddr> = listen
            .iter()
            .map(|text| text.parse().expect("an address"))
            .collect();
        let relay_urls = RelayUrls::new(None, &listen);
        let seen = relay_urls.for_host(Some(host.as_bytes())).expect("a host");
        (seen.url, seen.source)
    }

    fn urls(listen: &[&str], hosts: &[(&str, &str)]) {
        assert!(!hosts.is_empty());
        for (host, url) in hosts {
            assert_eq!(seen(listen, host).0, *url, "{host} of {listen:?}");
        }
    }

    #[test]
    fn the_relay_is_told_by_the_name_of_the_page() {
        urls(
            &["127.0.0.1:4433", "[::1]:4433"],
            &[
                ("localhost:8080", "https://localhost:4433/"),
                ("LOCALHOST", "https://localhost:4433/"),
                ("127.0.0.1:8080", "https://127.0.0.1:4433/"),
                ("[::1]:8080", "https://[::1]:4433/"),
            ],
        );
        urls(
            &["[::]:443", "0.0.0.0:443"],
            &[("radio.example", "https://radio.example/")],
        );
    }

    #[test]
    fn localhost_is_told_only_where_both_families_lead_to_the_relay() {
        let host = "localhost:8080";
        urls(&["127.0.0.1:4433"], &[(host, "https://127.0.0.1:4433/")]);
        urls(&["[::1]:4433"], &[(host, "https://[::1]:4433/")]);
        urls(
            &["127.0.0.1:40001", "[::1]:40002"],
            &[
                (host, "https://127.0.0.1:40001/"),
                ("[::1]:8080", "https://[::1]:40002/"),
            ],
        );
        urls(
            &["0.0.0.0:4433", "[::]:4433"],
            &[(host, "https://localhost:4433/")],
        );
    }

    #[test]
    fn a_policy_allows_the_relay_alone() {
        let listen = ["127.0.0.1:4433", "[::1]:4433"];
        assert_eq!(seen(&listen, "localhost:8080").1, "https://localhost:4433");
        assert_eq!(seen(&listen, "[::1]:8080").1, "https:");
        assert_eq!(
            seen(&["0.0.0.0:443"], "radio.example").1,
            "https://radio.example"
        );
    }

    #[test]
    fn nonsense_is_no_host() {
        let listen = ["127.0.0.1:4433".parse().expect("an address")];
        let relay_urls = RelayUrls::new(None, &listen);
        for host in [
            "",
            "a b",
            "a;script-src *",
            "a,b",
            "user@host",
            "host/path",
            "host?query",
            "host:port",
            "host:99999",
            "[::1",
            "1.2.3.4.5",
            "h\u{f6}st",
            &"a".repeat(300),
        ] {
            let told = relay_urls.for_host(Some(host.as_bytes()));
            assert_eq!(told, Err(BadHost), "{host:?}");
        }
        assert_eq!(relay_urls.for_host(None), Err(BadHost));
    }

    #[test]
    fn a_url_of_the_config_needs_no_host() {
        let told = Url::parse("https://relay.example:4433").expect("a URL");
        let relay_urls = RelayUrls::new(Some(told), &[]);
        let expected = RelayUrl {
            url: "https://relay.example:4433/".to_owned(),
            source: "https://relay.example:4433".to_owned(),
        };
        for host in [None, Some(&b"a b"[..]), Some(b"radio.example")] {
            assert_eq!(relay_urls.for_host(host), Ok(expected.clone()));
        }
    }
}
