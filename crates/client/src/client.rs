//! A client's socket, and whom it trusts.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use quinn::{IdleTimeout, TransportConfig, VarInt};
use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier;
use url::{Host, Url};
use wtransport::tls::client::{
    NoServerVerification, ServerHashVerification, build_default_tls_config,
};
use wtransport::tls::{Sha256Digest, Sha256DigestFmt};
use wtransport::{ClientConfig, Endpoint, endpoint::endpoint_side};

use crate::{Error, Session};

/// How long the relay may take to answer the first packets.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Which relays a client trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// A relay on this machine by its address alone, with whatever certificate;
    /// any other by the system's roots.
    #[default]
    Usual,
    /// Just the relay whose certificate has this SHA-256, in hexadecimal, with or
    /// without colons. As in browsers it must be valid for 14 days at the most
    /// (W3C WebTransport, section 6.9).
    Certificate(String),
}

/// Who a client says it is.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// A JSON Web Token, where the relay wants one.
    pub token: Option<String>,
    /// The name to go by on an open relay.
    pub subject: Option<String>,
    /// The program's name and version, for the relay's logs.
    pub program: Option<String>,
}

/// A UDP socket from which sessions are opened. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    endpoint: Arc<Endpoint<endpoint_side::Client>>,
    url: Url,
}

impl Client {
    /// A client for the relay at `url`, such as `https://localhost:4433`. Call it
    /// within a tokio runtime.
    ///
    /// # Errors
    /// The URL, the trust or the machine's network cannot be used.
    pub fn new(url: &str, trust: &Trust) -> Result<Self, Error> {
        let url = parse(url)?;
        let config = ClientConfig::builder()
            .with_bind_socket(bind().map_err(|e| setup(format!("no UDP socket: {e}")))?)
            .with_custom_tls_and_transport(tls(&url, trust)?, transport()?)
            .build();
        let endpoint =
            Endpoint::client(config).map_err(|e| setup(format!("no UDP socket: {e}")))?;
        Ok(Self {
            endpoint: Arc::new(endpoint),
            url,
        })
    }

    /// Opens a session and says `hello`.
    ///
    /// # Errors
    /// The relay is not there, or does not let this identity in.
    pub async fn connect(&self, identity: &Identity) -> Result<Session, Error> {
        let failed = |why: String| Error::Connect {
            url: self.url.to_string(),
            why,
        };
        let connecting = self.endpoint.connect(self.url.as_str());
        let connection = tokio::time::timeout(CONNECT_PATIENCE, connecting)
            .await
            .map_err(|_| failed(format!("no answer within {CONNECT_PATIENCE:?}")))?
            .map_err(|error| failed(error.to_string()))?;
        Session::begin(connection, identity).await
    }

    /// Waits until the relay has been told of every session that ended here. A
    /// program that exits before leaves it to find out by itself.
    pub async fn said_goodbye(&self) {
        /// A relay that is gone answers no goodbye.
        const PATIENCE: Duration = Duration::from_secs(1);
        let _ = tokio::time::timeout(PATIENCE, self.endpoint.wait_idle()).await;
    }

    /// The relay.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

fn parse(url: &str) -> Result<Url, Error> {
    let parsed = Url::parse(url).map_err(|e| setup(format!("{url:?} is no URL: {e}")))?;
    if parsed.scheme() != "https" || parsed.host().is_none() {
        let words = format!("{url:?}: a relay's URL is like https://localhost:4433");
        return Err(setup(words));
    }
    Ok(parsed)
}

fn bind() -> std::io::Result<UdpSocket> {
    UdpSocket::bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)))
        .or_else(|_| UdpSocket::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))))
}

fn tls(url: &Url, trust: &Trust) -> Result<rustls::ClientConfig, Error> {
    let no_roots = Arc::new(RootCertStore::empty());
    match trust {
        Trust::Certificate(hash) => {
            let digest = digest(hash)?;
            let verifier: Arc<dyn ServerCertVerifier> =
                Arc::new(ServerHashVerification::new([digest]));
            Ok(build_default_tls_config(no_roots, Some(verifier)))
        }
        Trust::Usual if is_loopback(url) => {
            let verifier: Arc<dyn ServerCertVerifier> = Arc::new(NoServerVerification::new());
            Ok(build_default_tls_config(no_roots, Some(verifier)))
        }
        Trust::Usual => {
            let mut roots = RootCertStore::empty();
            // A root that cannot be read is one that is not trusted.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            Ok(build_default_tls_config(Arc::new(roots), None))
        }
    }
}

fn digest(hash: &str) -> Result<Sha256Digest, Error> {
    let digits: String = hash.chars().filter(|c| *c != ':').collect();
    let pairs: Vec<&str> = (0..digits.len())
        .step_by(2)
        .filter_map(|at| digits.get(at..at + 2))
        .collect();
    Sha256Digest::from_str_fmt(pairs.join(":"), Sha256DigestFmt::DottedHex).map_err(|_| {
        let words = format!("{hash:?} is no SHA-256: 64 hexadecimal digits are");
        setup(words)
    })
}

/// Nobody else can answer there.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn transport() -> Result<TransportConfig, Error> {
    /// The relay opens one stream a channel, and a fresh one after a skip.
    const UNI_STREAMS: u32 = 16;
    /// Audio that was not read yet, in bytes.
    const RECEIVE_WINDOW: u32 = 256 << 10;
    const DATAGRAM_BUFFER: usize = 1 << 20;
    /// A session's own pings notice a dead relay earlier.
    const IDLE: Duration = Duration::from_secs(60);
    let mut transport = TransportConfig::default();
    let idle = IdleTimeout::try_from(IDLE).map_err(|e| setup(e.to_string()))?;
    transport
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS))
        .max_concurrent_bidi_streams(VarInt::from_u32(0))
        .stream_receive_window(VarInt::from_u32(RECEIVE_WINDOW))
        .receive_window(VarInt::from_u32(2 * RECEIVE_WINDOW))
        .datagram_receive_buffer_size(Some(DATAGRAM_BUFFER))
        .max_idle_timeout(Some(idle));
    Ok(transport)
}

fn setup(words: String) -> Error {
    Error::Setup(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_trusted_by_its_address() {
        for (url, trusted) in [
            ("https://localhost:4433", true),
            ("https://127.0.0.1:1", true),
            ("https://[::1]:4433", true),
            ("https://radio.example", false),
            ("https://localhost.example", false),
            ("https://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&parse(url).expect("a URL")), trusted, "{url}");
        }
    }

    #[test]
    fn what_is_no_url_or_no_hash_is_said() {
        let error = parse("localhost:4433").expect_err("no https");
        assert!(error.to_string().contains("https://localhost:4433"));
        assert!(digest("abc").is_err());
        let plain = "ab".repeat(32);
        let colons = ["ab"; 32].join(":");
        assert_eq!(digest(&plain).ok(), digest(&colons).ok());
        assert!(digest(&plain).is_ok());
    }
}
