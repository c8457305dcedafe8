//! A client by hand: it sends what a proper client never would, and sees every
//! line that the relay writes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use quinn::crypto::rustls::QuicClientConfig;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use serde_json::{Value, json};
use skywave_wire::control::{Cut, Event, FromRelay, Lines, decode_from_relay};
use skywave_wire::stream::Header;
use skywave_wire::{PROTOCOL, StreamId};
use wtransport::endpoint::{ConnectOptions, endpoint_side};
use wtransport::error::ConnectingError;
use wtransport::tls::client::NoServerVerification;
use wtransport::{ClientConfig, Connection, Endpoint, RecvStream, SendStream};

use crate::support::{Relay, within};

pub(crate) struct Bare {
    pub(crate) wt: Connection,
    send: SendStream,
    recv: RecvStream,
    lines: Lines,
    next_id: u64,
    _endpoint: Endpoint<endpoint_side::Client>,
}

impl Bare {
    /// A session whose control stream is open, and no more.
    pub(crate) async fn silent(relay: &Relay) -> Self {
        Self::silent_at(&relay.url).await
    }

    async fn silent_at(url: &str) -> Self {
        let (endpoint, wt) = connect(url, None).await.expect("a session");
        let opening = wt.open_bi().await.expect("a stream");
        let (send, recv) = opening.await.expect("a stream");
        Self {
            wt,
            send,
            recv,
            lines: Lines::default(),
            next_id: 1,
            _endpoint: endpoint,
        }
    }

    /// A session that has said `hello`.
    pub(crate) async fn open(relay: &Relay) -> Self {
        Self::open_with(relay, json!({"subject": "stranger"})).await
    }

    /// The same, with these fields of `hello`.
    pub(crate) async fn open_with(relay: &Relay, hello: Value) -> Self {
        let mut bare = Self::silent(relay).await;
        let answer = bare.hello(hello).await;
        assert_eq!(answer["type"], "ok", "{answer}");
        bare
    }

    /// A session by way of this address.
    pub(crate) async fn at(url: &str) -> Self {
        let mut bare = Self::silent_at(url).await;
        let answer = bare.hello(json!({})).await;
        assert_eq!(answer["type"], "ok", "{answer}");
        bare
    }

    pub(crate) async fn hello(&mut self, mut fields: Value) -> Value {
        fields["versions"] = json!([PROTOCOL]);
        self.ask("hello", fields).await
    }

    /// Writes bytes to the control stream.
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.send
            .write_all(bytes)
            .await
            .expect("the session goes on");
    }

    /// The next line of the relay; `None` at the end of the control stream.
    pub(crate) async fn line(&mut self) -> Option<Value> {
        let mut buffer = [0; 4096];
        loop {
            match self.lines.next_cut() {
                Cut::Line(line) => return Some(serde_json::from_slice(&line).expect("JSON")),
                Cut::TooLong => panic!("the relay's line is too long"),
                Cut::More => {
                    let len = within(self.recv.read(&mut buffer)).await.ok()??;
                    self.lines.push(&buffer[..len]);
                }
            }
        }
    }

    /// The answer to the request with this number.
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        loop {
            let line = self.line().await.expect("an answer");
            if line["re"] == id {
                return line;
            }
        }
    }

    pub(crate) async fn ask(&mut self, kind: &str, mut fields: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        fields["type"] = kind.into();
        fields["id"] = id.into();
        self.say(format!("{fields}\n").as_bytes()).await;
        self.answer(id).await
    }

    /// The next event.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            let line = self.line().await.expect("an event").to_string();
            match decode_from_relay(line.as_bytes()).expect("a line of the protocol") {
                FromRelay::Event(event) => return event,
                _ => continue,
            }
        }
    }

    /// The next error that answers no request.
    pub(crate) async fn fault(&mut self) -> Value {
        loop {
            let line = self.line().await.expect("an error");
            if line["type"] == "error" && line.get("re").is_none() {
                return line;
            }
        }
    }

    /// Checks that the session is answered, and that nothing ended it.
    pub(crate) async fn goes_on(&mut self) {
        let answer = self.ask("heartbeat", json!({})).await;
        assert_eq!(answer["type"], "ok", "{answer}");
    }

    /// Checks that the relay says no more and ends the session; gives the words
    /// with which it closed.
    pub(crate) async fn is_ended(&mut self) -> String {
        while let Some(line) = self.line().await {
            assert_ne!(line["type"], "ok", "{line}");
        }
        within(self.wt.closed()).await.to_string()
    }

    /// Goes on the air and opens the ingest stream.
    pub(crate) async fn publish(&mut self, channel: &str) -> SendStream {
        let started = self
            .ask("stream:start", json!({"channelId": channel}))
            .await;
        let stream_id = started["streamId"].as_u64().expect("a stream id");
        let mut head = Vec::new();
        Header::Ingest(StreamId(stream_id)).put(&mut head);
        self.stream(&head).await
    }

    /// A unidirectional stream that begins with these bytes.
    pub(crate) async fn stream(&self, head: &[u8]) -> SendStream {
        let opening = self.wt.open_uni().await.expect("a stream");
        let mut stream = opening.await.expect("a stream");
        stream.write_all(head).await.expect("written");
        stream
    }
}

/// Opens a session at this URL, as a page of `origin` where one is given.
pub(crate) async fn connect(
    url: &str,
    origin: Option<&str>,
) -> Result<(Endpoint<endpoint_side::Client>, Connection), ConnectingError> {
    let config = ClientConfig::builder()
        .with_bind_address(loopback())
        .with_no_cert_validation()
        .build();
    let endpoint = Endpoint::client(config).expect("a socket");
    let mut options = ConnectOptions::builder(url);
    if let Some(origin) = origin {
        options = options.add_header("origin", origin);
    }
    let connection = within(endpoint.connect(options.build())).await?;
    Ok((endpoint, connection))
}

/// A QUIC client on which HTTP/3 can be spoken. All of its first words fit into
/// one packet.
pub(crate) fn quic_client() -> quinn::Endpoint {
    let provider = Arc::new(CryptoProvider {
        kx_groups: vec![aws_lc_rs::kx_group::X25519],
        ..aws_lc_rs::default_provider()
    });
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(NoServerVerification::new()))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = QuicClientConfig::try_from(tls).expect("TLS 1.3");
    let mut endpoint = quinn::Endpoint::client(loopback()).expect("a socket");
    endpoint.set_default_client_config(quinn::ClientConfig::new(Arc::new(crypto)));
    endpoint
}

pub(crate) fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// Checks an error line: its code, and that its words name what was wrong.
#[track_caller]
pub(crate) fn assert_error(line: &Value, code: &str, words: &[&str]) {
    assert_eq!(line["type"], "error", "{line}");
    assert_eq!(line["code"], code, "{line}");
    let message = line["message"].as_str().expect("words");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
}
