//! A listener is handed over, and goes on hearing.

use std::cell::Cell;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use skywave_transport::quic::ServerConfig;
use skywave_transport::quic::crypto::rustls::QuicServerConfig;
use skywave_transport::{SendStream, SparseAcks};
use tokio::sync::Notify;
use tokio::task::LocalSet;
use tokio::time::{interval, timeout};

use super::*;

const PATIENCE: Duration = Duration::from_secs(30);
/// Of the packets from the server, one in so many is lost.
const LOST: u64 = 40;
/// A server renews its keys before it has sent so many packets (quinn-proto).
const PACKETS_A_KEY: usize = 1_000;

const ACKS: SparseAcks = SparseAcks {
    packets: 8,
    delay: Duration::from_millis(200),
};

/// What a listener has heard, byte for byte the counting numbers.
#[derive(Default)]
struct Heard {
    bytes: Cell<u64>,
    ends: Cell<u32>,
    changed: Notify,
}

struct Counting(Rc<Heard>);

impl Hearing for Counting {
    fn hear(&mut self, bytes: &[u8], _: Instant) -> anyhow::Result<()> {
        for &byte in bytes {
            let at = self.0.bytes.get();
            assert_eq!(byte, at as u8, "byte {at}");
            self.0.bytes.set(at + 1);
        }
        self.0.changed.notify_one();
        Ok(())
    }

    fn ended(&mut self) -> anyhow::Result<()> {
        self.0.bytes.set(0);
        self.0.ends.set(self.0.ends.get() + 1);
        self.0.changed.notify_one();
        Ok(())
    }

    fn say(&mut self) -> Option<Vec<u8>> {
        Some(vec![0, 42])
    }
}

impl Heard {
    async fn until(&self, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            self.changed.notified().await;
        }
    }
}

/// Sends the counting numbers, a packet every millisecond.
struct Source {
    stream: SendStream,
    sent: u64,
}

impl Source {
    async fn send(&mut self, packets: usize) {
        const BYTES: u64 = 200;
        let mut pace = interval(Duration::from_millis(1));
        for _ in 0..packets {
            pace.tick().await;
            let piece: Vec<_> = (self.sent..self.sent + BYTES).map(|n| n as u8).collect();
            self.sent += BYTES;
            self.stream.write_all(piece.into()).await.expect("sent");
        }
    }
}

fn server() -> (Endpoint, SocketAddr) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate");
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = Arc::new(QuicServerConfig::try_from(tls).expect("for QUIC"));
    let mut transport = TransportConfig::default();
    let mut config = ServerConfig::with_crypto(ACKS.ask(crypto, &mut transport));
    config.transport_config(Arc::new(transport));
    let config = Arc::new(config);
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    let address = udp.local_addr().expect("bound");
    let (endpoint, driver) =
        Endpoint::new(udp, EndpointConfig::default(), Some(config)).expect("an endpoint");
    spawn_local(driver.run());
    (endpoint, address)
}

/// A path to the server for one socket, on which packets from there are lost. Counts
/// those that go there.
async fn lossy_path(server: SocketAddr) -> (SocketAddr, Rc<Cell<u64>>) {
    let near = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let near = near.expect("a socket");
    let far = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let far = far.expect("a socket");
    far.connect(server).await.expect("connected");
    let address = near.local_addr().expect("bound");
    let sent = Rc::new(Cell::new(0));
    let counted = sent.clone();
    spawn_local(async move {
        let (mut up, mut down) = ([0; 2048], [0; 2048]);
        let (mut client, mut count) = (None, 0);
        loop {
            tokio::select! {
                came = near.recv_from(&mut up) => {
                    let (len, from) = came.expect("received");
                    client = Some(from);
                    counted.set(counted.get() + 1);
                    far.send(&up[..len]).await.expect("sent");
                }
                came = far.recv(&mut down) => {
                    // The server is gone: so is the test.
                    let Ok(len) = came else { return };
                    count += 1;
                    if count % LOST != 0 && let Some(client) = client {
                        near.send_to(&down[..len], client).await.expect("sent");
                    }
                }
            }
        }
    });
    (address, sent)
}

/// A listener that is handed over hears on through losses and new keys. How many
/// packets it sent for [`PACKETS_A_KEY`].
async fn hears_on(acknowledging: Acknowledging) -> u64 {
    let test = async {
        let (server, address) = server();
        let (path, sent) = lossy_path(address).await;
        let sockets =
            Sockets::new(&format!("https://{path}"), false, acknowledging).expect("sockets");
        let connecting = sockets.connect("/live");
        let accepting = async {
            let incoming = server.accept().await.expect("a client");
            incoming.request().await.expect("a request").accept()
        };
        let (connected, session) = tokio::join!(connecting, accepting);
        let (connected, session) = (connected.expect("connected"), session.expect("accepted"));
        let mut source = Source {
            stream: session.open_uni().expect("a stream"),
            sent: 0,
        };
        source.send(1).await;

        let socket = connected.arrival.0.clone();
        let heard = Rc::new(Heard::default());
        let stream = connected.session.accept_uni().await.expect("a stream");
        let hearing = spawn_local(connected.hear(stream, Counting(heard.clone())));
        while !socket.is_handed_over.get() {
            source.send(1).await;
        }
        while let Ok(said) = timeout(Duration::ZERO, session.receive_datagram()).await {
            said.expect("the session goes on");
        }
        let before = sent.get();
        source.send(PACKETS_A_KEY).await;
        heard.until(|heard| heard.bytes.get() == source.sent).await;
        let sent = sent.get() - before;
        let said = session.receive_datagram().await.expect("it says something");
        assert_eq!(said[..], [42]);

        source.stream.reset(1);
        heard.until(|heard| heard.ends.get() == 1).await;
        let mut next = Source {
            stream: session.open_uni().expect("a stream"),
            sent: 0,
        };
        next.send(10).await;
        heard.until(|heard| heard.bytes.get() == next.sent).await;
        session.close(7, b"the show is over");
        let why = hearing.await.expect("no panic").expect_err("it ended");
        assert!(why.to_string().contains("the show is over"), "{why}");
        sent
    };
    let in_time = timeout(PATIENCE, test);
    let outcome = LocalSet::new().run_until(in_time).await;
    outcome.expect("in time")
}

#[tokio::test]
async fn a_listener_that_was_handed_over_hears_on_and_acknowledges_as_it_is_asked() {
    let asked = hears_on(Acknowledging::AsAsked).await;
    let unasked = hears_on(Acknowledging::AsBrowsers).await;
    assert!(asked < unasked / 2, "{asked} and {unasked} packets");
}
