//! Endpoints on loopback that trust each other, and waiting with a limit.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use nix::sys::socket::{setsockopt, sockopt};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use skywave_transport::quic::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use skywave_transport::quic::{
    ClientConfig, EndpointConfig, IdleTimeout, ServerConfig, TransportConfig, VarInt,
};
use skywave_transport::{Endpoint, RecvStream, Request, SendStream, Session};
use tokio::task::LocalSet;
use tokio::time::timeout;

/// What should happen within moments has failed after this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate for `localhost` that is its own root, and its key in PKCS #8.
pub(crate) static CERTIFICATE: LazyLock<(CertificateDer<'static>, Vec<u8>)> = LazyLock::new(|| {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    (made.cert.der().clone(), made.signing_key.serialize_der())
});

/// Runs a test where tasks of one thread can be spawned.
pub(crate) async fn local<F: Future>(test: F) -> F::Output {
    LocalSet::new()
        .run_until(async { timeout(PATIENCE, test).await.expect("in time") })
        .await
}

pub(crate) fn transport() -> TransportConfig {
    let mut config = TransportConfig::default();
    config
        .max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(20_000))))
        .max_concurrent_bidi_streams(8_u32.into())
        .max_concurrent_uni_streams(8_u32.into());
    config
}

pub(crate) fn server_config(transport: TransportConfig) -> Arc<ServerConfig> {
    let (certificate, key) = &*CERTIFICATE;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.clone()));
    let mut tls = rustls::ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    let crypto = Arc::new(QuicServerConfig::try_from(tls).unwrap());
    let mut config = ServerConfig::with_crypto(crypto);
    config.transport_config(Arc::new(transport));
    Arc::new(config)
}

pub(crate) fn client_config(transport: TransportConfig) -> ClientConfig {
    let mut config = ClientConfig::new(client_crypto());
    config.transport_config(Arc::new(transport));
    config
}

pub(crate) fn client_crypto() -> Arc<QuicClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CERTIFICATE.0.clone()).unwrap();
    let mut tls = rustls::ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h3".to_vec()];
    Arc::new(QuicClientConfig::try_from(tls).unwrap())
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A socket with room for the bursts of many sessions.
pub(crate) fn socket() -> UdpSocket {
    const ROOM: usize = 2_000_000;
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    setsockopt(&socket, sockopt::RcvBuf, &ROOM).unwrap();
    socket
}

/// An endpoint with its driver running.
pub(crate) fn endpoint(server: Option<Arc<ServerConfig>>) -> (Endpoint, SocketAddr) {
    endpoint_on(socket(), server)
}

pub(crate) fn endpoint_on(
    socket: UdpSocket,
    server: Option<Arc<ServerConfig>>,
) -> (Endpoint, SocketAddr) {
    let (endpoint, driver) = Endpoint::new(socket, EndpointConfig::default(), server).unwrap();
    tokio::task::spawn_local(driver.run());
    let address = endpoint.local_address().unwrap();
    (endpoint, address)
}

pub(crate) fn server() -> (Endpoint, SocketAddr) {
    endpoint(Some(server_config(transport())))
}

pub(crate) fn client() -> Endpoint {
    endpoint(None).0
}

pub(crate) async fn connect(client: &Endpoint, to: SocketAddr) -> Session {
    connect_with(client, to, transport()).await
}

pub(crate) async fn connect_with(
    client: &Endpoint,
    to: SocketAddr,
    transport: TransportConfig,
) -> Session {
    let url = format!("https://localhost:{}/live", to.port());
    client
        .connect(client_config(transport), to, "localhost", &url)
        .await
        .unwrap()
}

/// The next client's request.
pub(crate) async fn request(server: &Endpoint) -> Request {
    server.accept().await.unwrap().request().await.unwrap()
}

pub(crate) async fn accept(server: &Endpoint) -> Session {
    request(server).await.accept().unwrap()
}

/// A session seen from both ends.
pub(crate) struct Pair {
    pub(crate) client: Endpoint,
    pub(crate) server: Endpoint,
    pub(crate) near: Session,
    pub(crate) far: Session,
}

pub(crate) async fn pair() -> Pair {
    pair_with(transport(), transport()).await
}

/// A pair with these configurations of the client and the server.
pub(crate) async fn pair_with(near: TransportConfig, far: TransportConfig) -> Pair {
    let (server, address) = endpoint(Some(server_config(far)));
    let client = client();
    let (near, far) = tokio::join!(connect_with(&client, address, near), accept(&server));
    Pair {
        client,
        server,
        near,
        far,
    }
}

/// Bytes that are recognized when they are lost, doubled or moved.
pub(crate) fn pattern(length: usize) -> Bytes {
    let mut state = 0x9e37_79b9_u32;
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

pub(crate) async fn read_to_end(stream: &mut RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.read_chunk(usize::MAX).await.unwrap() {
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

/// Writes all of it and finishes.
pub(crate) async fn send(mut stream: SendStream, bytes: Bytes) {
    stream.write_all(bytes).await.unwrap();
    stream.finish();
    stream.stopped().await;
}

/// A datagram of this session.
pub(crate) fn datagram(session: &Session, payload: &[u8]) -> Bytes {
    [session.datagram_prefix(), payload].concat().into()
}
