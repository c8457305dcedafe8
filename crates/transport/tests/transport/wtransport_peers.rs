//! Another implementation at the other end: wtransport, as a client and as a server.

use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use skywave_transport::{Closed, ConnectError, ReadError, Session};
use wtransport::endpoint::endpoint_side::{Client, Server};
use wtransport::error::ConnectingError;
use wtransport::tls::{Certificate, CertificateChain, PrivateKey};
use wtransport::{ClientConfig, Connection, Endpoint, Identity, ServerConfig, VarInt};

use crate::support::{
    CERTIFICATE, client, client_config, datagram, local, pattern, read_to_end, request, send,
    server, transport,
};

pub(crate) fn their_client() -> Endpoint<Client> {
    let config = ClientConfig::builder()
        .with_bind_address((Ipv4Addr::LOCALHOST, 0).into())
        .with_no_cert_validation()
        .build();
    Endpoint::client(config).unwrap()
}

fn their_server() -> (Endpoint<Server>, SocketAddr) {
    let (certificate, key) = &*CERTIFICATE;
    let certificate = Certificate::from_der(certificate.to_vec()).unwrap();
    let identity = Identity::new(
        CertificateChain::single(certificate),
        PrivateKey::from_der_pkcs8(key.clone()),
    );
    let config = ServerConfig::builder()
        .with_bind_address((Ipv4Addr::LOCALHOST, 0).into())
        .with_identity(identity)
        .build();
    let server = Endpoint::server(config).unwrap();
    let address = server.local_addr().unwrap();
    (server, address)
}

async fn with_their_client(test: impl AsyncFnOnce(Session, Connection)) {
    local(async {
        let (server, address) = server();
        let client = their_client();
        let (theirs, ours) = tokio::join!(client.connect(format!("https://{address}/a")), async {
            let request = request(&server).await;
            assert_eq!(request.path(), "/a");
            request.accept().unwrap()
        });
        test(ours, theirs.unwrap()).await;
    })
    .await;
}

async fn with_their_server(test: impl AsyncFnOnce(Session, Connection)) {
    local(async {
        let (server, address) = their_server();
        let client = client();
        let config = client_config(transport());
        let connecting = client.connect(config, address, "localhost", "https://localhost/b");
        let (ours, theirs) = tokio::join!(connecting, async {
            let request = server.accept().await.await.unwrap();
            assert_eq!(request.path(), "/b");
            request.accept().await.unwrap()
        });
        test(ours.unwrap(), theirs).await;
    })
    .await;
}

/// Streams and datagrams in every direction.
async fn exchange(ours: Session, theirs: Connection) {
    let bytes = pattern(1_000_000);
    let out = ours.open_uni().unwrap();
    tokio::task::spawn_local(send(out, bytes.clone()));
    let mut incoming = theirs.accept_uni().await.unwrap();
    assert!(read_theirs(&mut incoming).await == bytes);

    let mut out = theirs.open_uni().await.unwrap().await.unwrap();
    let sent = bytes.clone();
    tokio::spawn(async move {
        out.write_all(&sent).await.unwrap();
        out.finish().await.unwrap();
    });
    let mut incoming = ours.accept_uni().await.unwrap();
    assert!(read_to_end(&mut incoming).await == bytes);

    let (out, mut back) = ours.open_bi().unwrap();
    tokio::task::spawn_local(send(out, bytes.clone()));
    let (mut answer, mut asked) = theirs.accept_bi().await.unwrap();
    let heard = read_theirs(&mut asked).await;
    tokio::spawn(async move {
        answer.write_all(&heard).await.unwrap();
        answer.finish().await.unwrap();
    });
    assert!(read_to_end(&mut back).await == bytes);

    let (mut out, mut back) = theirs.open_bi().await.unwrap().await.unwrap();
    out.write_all(b"question").await.unwrap();
    let (mut answer, mut asked) = ours.accept_bi().await.unwrap();
    let question = asked.read_chunk(100).await.unwrap().unwrap();
    assert_eq!(question, b"question".as_slice());
    answer
        .write_all(Bytes::from_static(b"answer"))
        .await
        .unwrap();
    answer.finish();
    assert_eq!(read_theirs(&mut back).await, b"answer");

    ours.send_prefixed_datagram(datagram(&ours, b"to them"));
    let received = theirs.receive_datagram().await.unwrap();
    assert_eq!(&*received.payload(), b"to them");
    theirs.send_datagram(b"to us").unwrap();
    let received = ours.receive_datagram().await.unwrap();
    assert_eq!(received, b"to us".as_slice());
}

/// Their codes are on the wire as they are given, ours are mapped.
async fn codes(ours: Session, theirs: Connection) {
    let mut out = theirs.open_uni().await.unwrap().await.unwrap();
    out.write_all(b"x").await.unwrap();
    let mut incoming = ours.accept_uni().await.unwrap();
    incoming.read_chunk(1).await.unwrap();
    out.reset(VarInt::from_u32(9)).unwrap();
    assert_eq!(incoming.read_chunk(1).await, Err(ReadError::Reset(9)));

    let mut out = theirs.open_uni().await.unwrap().await.unwrap();
    out.write_all(b"x").await.unwrap();
    ours.accept_uni().await.unwrap().stop(3);
    let wtransport::error::StreamWriteError::Stopped(code) = out.stopped().await else {
        panic!("not stopped");
    };
    assert_eq!(code.into_inner(), 0x52e4_a40f_a8db + 3);

    theirs.close(VarInt::from_u32(77), b"bye");
    let Closed::Peer { code, reason } = ours.closed().await else {
        panic!("not by the peer");
    };
    assert_eq!((code, &*reason), (77, b"bye".as_slice()));
}

async fn read_theirs(stream: &mut wtransport::RecvStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 65_536];
    while let Some(length) = stream.read(&mut buffer).await.unwrap() {
        bytes.extend_from_slice(&buffer[..length]);
    }
    bytes
}

#[tokio::test]
async fn their_client_exchanges_with_us() {
    with_their_client(exchange).await;
}

#[tokio::test]
async fn their_server_exchanges_with_us() {
    with_their_server(exchange).await;
}

#[tokio::test]
async fn codes_of_their_client() {
    with_their_client(codes).await;
}

#[tokio::test]
async fn codes_of_their_server() {
    with_their_server(codes).await;
}

#[tokio::test]
async fn their_client_learns_how_we_close() {
    with_their_client(async |ours, theirs| {
        ours.close(4_040, b"not here");
        let wtransport::error::ConnectionError::ApplicationClosed(close) = theirs.closed().await
        else {
            panic!("not closed");
        };
        assert_eq!(close.code().into_inner(), 4_040);
        assert_eq!(close.reason(), b"not here");
    })
    .await;
}

#[tokio::test]
async fn their_client_learns_that_it_is_rejected() {
    local(async {
        let (server, address) = server();
        let client = their_client();
        let (theirs, ()) = tokio::join!(client.connect(format!("https://{address}/")), async {
            request(&server).await.reject(403).await;
        });
        assert!(matches!(theirs, Err(ConnectingError::SessionRejected)));
    })
    .await;
}

#[tokio::test]
async fn their_server_rejects_us() {
    local(async {
        let (server, address) = their_server();
        let client = client();
        let config = client_config(transport());
        let connecting = client.connect(config, address, "localhost", "https://localhost/");
        let (ours, ()) = tokio::join!(connecting, async {
            server.accept().await.await.unwrap().not_found().await;
        });
        assert!(matches!(ours, Err(ConnectError::Rejected(404))));
    })
    .await;
}
