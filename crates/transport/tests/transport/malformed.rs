//! Strangers that break the rules of HTTP/3: they end their own connection, nobody else's.

use std::net::Ipv4Addr;

use bytes::Bytes;
use quinn::{Connection, ConnectionError, RecvStream, SendStream};
use skywave_transport::{Closed, HandshakeError, Session};
use tokio::net::UdpSocket;
use wtransport_proto::headers::Headers;

use crate::support::{
    accept, client, client_crypto, connect, datagram, local, pair, request, server,
};

/// SETTINGS with nothing in it, on a control stream.
const CONTROL: &[u8] = &[0x00, 0x04, 0x00];

fn varint(value: u64) -> Vec<u8> {
    if value < 0x40 {
        vec![value as u8]
    } else if value < 0x4000 {
        (value as u16 | 0x4000).to_be_bytes().to_vec()
    } else {
        (value | 0xc000_0000_0000_0000).to_be_bytes().to_vec()
    }
}

fn frame(kind: u64, payload: &[u8]) -> Vec<u8> {
    [varint(kind), varint(payload.len() as u64), payload.to_vec()].concat()
}

/// A HEADERS frame with these fields.
fn headers(fields: &[(&str, &str)]) -> Vec<u8> {
    let headers: Headers = fields.iter().copied().collect();
    frame(1, headers.generate_frame().payload())
}

fn connect_headers() -> Vec<u8> {
    headers(&[
        (":method", "CONNECT"),
        (":scheme", "https"),
        (":protocol", "webtransport"),
        (":authority", "localhost"),
        (":path", "/"),
    ])
}

/// A connection without HTTP/3.
async fn bare(address: std::net::SocketAddr) -> Connection {
    let endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let config = quinn::ClientConfig::new(client_crypto());
    let connecting = endpoint.connect_with(config, address, "localhost");
    connecting.unwrap().await.unwrap()
}

/// A unidirectional stream that begins with `bytes` and stays open.
async fn uni(connection: &Connection, bytes: &[u8]) -> SendStream {
    let mut stream = connection.open_uni().await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// A bidirectional stream that begins with `bytes` and stays open.
async fn bi(connection: &Connection, bytes: &[u8]) -> (SendStream, RecvStream) {
    let (mut send, recv) = connection.open_bi().await.unwrap();
    send.write_all(bytes).await.unwrap();
    (send, recv)
}

/// What the server makes of it ends this connection with `code`, and no other.
async fn ends_with<T>(code: u64, misbehave: impl AsyncFnOnce(&Connection) -> T) {
    local(async {
        let (server, address) = server();
        let client = client();
        let standing = tokio::join!(connect(&client, address), accept(&server));
        let (closed, result) = tokio::join!(
            async {
                let connection = bare(address).await;
                let held = misbehave(&connection).await;
                let closed = connection.closed().await;
                drop(held);
                closed
            },
            async { server.accept().await.unwrap().request().await }
        );
        let ConnectionError::ApplicationClosed(close) = closed else {
            panic!("not closed by the server: {closed}");
        };
        assert_eq!(close.error_code.into_inner(), code);
        let Err(HandshakeError::Http(error)) = result.map(drop) else {
            panic!("not an error of HTTP/3");
        };
        assert_eq!(error.code(), code);
        still_stands(&standing.0, &standing.1).await;
    })
    .await;
}

async fn still_stands(near: &Session, far: &Session) {
    near.send_prefixed_datagram(datagram(near, b"there?"));
    assert_eq!(far.receive_datagram().await.unwrap(), b"there?".as_slice());
}

/// A session as a bare client has it: its connection, its control stream, its
/// CONNECT stream and what the server sees.
struct Bare {
    connection: Connection,
    _control: SendStream,
    connect: (SendStream, RecvStream),
    session: Session,
}

async fn bare_session() -> Bare {
    let (server, address) = server();
    let ((connection, control, connect), session) = tokio::join!(
        async {
            let connection = bare(address).await;
            let control = uni(&connection, CONTROL).await;
            let mut connect = bi(&connection, &connect_headers()).await;
            let mut answer = [0; 2];
            connect.1.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer[0], 1, "HEADERS");
            let mut payload = vec![0; answer[1].into()];
            connect.1.read_exact(&mut payload).await.unwrap();
            (connection, control, connect)
        },
        async { request(&server).await.accept().unwrap() }
    );
    Bare {
        connection,
        _control: control,
        connect,
        session,
    }
}

#[tokio::test]
async fn a_control_stream_that_begins_with_no_settings() {
    let bytes = [&[0x00][..], &frame(1, b"x")].concat();
    ends_with(0x10a, async |connection| uni(connection, &bytes).await).await;
}

#[tokio::test]
async fn settings_of_a_size_that_nobody_needs() {
    let bytes = [&[0x00][..], &frame(4, &[0; 5_000])].concat();
    ends_with(0x107, async |connection| uni(connection, &bytes).await).await;
}

#[tokio::test]
async fn settings_that_are_cut() {
    let bytes = [&[0x00][..], &frame(4, &[0x33])].concat();
    ends_with(0x106, async |connection| uni(connection, &bytes).await).await;
}

#[tokio::test]
async fn settings_that_http3_reserves() {
    let bytes = [&[0x00][..], &frame(4, &[0x02, 0x01])].concat();
    ends_with(0x109, async |connection| uni(connection, &bytes).await).await;
}

#[tokio::test]
async fn two_control_streams() {
    ends_with(0x103, async |connection| {
        (
            uni(connection, CONTROL).await,
            uni(connection, CONTROL).await,
        )
    })
    .await;
}

#[tokio::test]
async fn a_control_stream_that_ends() {
    ends_with(0x104, async |connection| {
        uni(connection, CONTROL).await.finish().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_request_that_begins_with_data() {
    ends_with(0x105, async |connection| {
        (
            uni(connection, CONTROL).await,
            bi(connection, &frame(0, b"x")).await,
        )
    })
    .await;
}

#[tokio::test]
async fn a_connect_without_a_protocol() {
    let fields = headers(&[
        (":method", "CONNECT"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
    ]);
    ends_with(0x10e, async |connection| bi(connection, &fields).await).await;
}

#[tokio::test]
async fn fields_that_are_garbage() {
    let bytes = frame(
        1,
        &[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    );
    ends_with(0x200, async |connection| bi(connection, &bytes).await).await;
}

#[tokio::test]
async fn fields_of_a_size_that_nobody_needs() {
    let bytes = frame(1, &[0; 5_000]);
    ends_with(0x107, async |connection| bi(connection, &bytes).await).await;
}

#[tokio::test]
async fn a_stream_of_a_session_that_cannot_be() {
    let bytes = [varint(0x54), varint(1)].concat();
    ends_with(0x108, async |connection| uni(connection, &bytes).await).await;
}

#[tokio::test]
async fn a_datagram_without_a_session() {
    ends_with(0x33, async |connection| {
        connection.send_datagram(Bytes::new()).unwrap();
    })
    .await;
}

#[tokio::test]
async fn requests_that_are_not_served_are_turned_away_alone() {
    local(async {
        let get = headers(&[
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", "localhost"),
            (":path", "/"),
        ]);
        let (server, address) = server();
        let (connection, request) = tokio::join!(
            async {
                let connection = bare(address).await;
                let (_send, mut recv) = bi(&connection, &get).await;
                let reset = recv.read_to_end(10).await.unwrap_err();
                let expected = quinn::ReadError::Reset(0x10b_u32.into());
                assert_eq!(reset, quinn::ReadToEndError::Read(expected));
                let control = uni(&connection, CONTROL).await;
                let asked = bi(&connection, &connect_headers()).await;
                let second = bi(&connection, &connect_headers()).await;
                (connection, control, asked, second)
            },
            request(&server)
        );
        let (connection, _control, asked, (_, mut second)) = connection;
        assert!(second.read_to_end(10).await.is_err());
        let session = request.accept().unwrap();
        assert_eq!(session.id(), u64::from(asked.0.id()));
        assert_eq!(session.datagram_prefix(), [1]);
        connection
            .send_datagram(Bytes::from_static(b"\x01hello"))
            .unwrap();
        let received = session.receive_datagram().await.unwrap();
        assert_eq!(received, b"hello".as_slice());
    })
    .await;
}

#[tokio::test]
async fn streams_of_another_session_are_turned_away() {
    local(async {
        let bare = bare_session().await;
        let bytes = [varint(0x54), varint(400), b"x".to_vec()].concat();
        let other = uni(&bare.connection, &bytes).await;
        let stopped = other.stopped().await.unwrap();
        assert_eq!(stopped, Some(0x3994_bd84_u32.into()));
        let unknown = uni(&bare.connection, &varint(0x777)).await;
        assert_eq!(
            unknown.stopped().await.unwrap(),
            Some(0x103_u32.into()),
            "a kind that nobody knows"
        );
        let ours = [varint(0x54), varint(0), b"y".to_vec()].concat();
        let _ours = uni(&bare.connection, &ours).await;
        let mut incoming = bare.session.accept_uni().await.unwrap();
        let first = incoming.read_chunk(10).await.unwrap().unwrap();
        assert_eq!(first, b"y".as_slice());
    })
    .await;
}

#[tokio::test]
async fn streams_and_datagrams_before_the_session_wait_for_it() {
    local(async {
        let (server, address) = server();
        let (held, session) = tokio::join!(
            async {
                let connection = bare(address).await;
                let ours = [varint(0x54), varint(0), b"early".to_vec()].concat();
                let early = uni(&connection, &ours).await;
                connection
                    .send_datagram(Bytes::from_static(b"\0early"))
                    .unwrap();
                let control = uni(&connection, CONTROL).await;
                let asked = bi(&connection, &connect_headers()).await;
                (connection, early, control, asked)
            },
            async { request(&server).await.accept().unwrap() }
        );
        let mut incoming = session.accept_uni().await.unwrap();
        let first = incoming.read_chunk(10).await.unwrap().unwrap();
        assert_eq!(first, b"early".as_slice());
        let received = session.receive_datagram().await.unwrap();
        assert_eq!(received, b"early".as_slice());
        drop(held);
    })
    .await;
}

#[tokio::test]
async fn a_capsule_closes_the_session() {
    local(async {
        let mut bare = bare_session().await;
        let value = [&7_u32.to_be_bytes()[..], b"enough"].concat();
        let capsules = [frame(0x2af0, b"???"), frame(0x2843, &value)].concat();
        let data = frame(0, &capsules);
        bare.connect.0.write_all(&data).await.unwrap();
        let Closed::Peer { code, reason } = bare.session.closed().await else {
            panic!("not by the peer");
        };
        assert_eq!((code, &*reason), (7, b"enough".as_slice()));
        let ConnectionError::ApplicationClosed(close) = bare.connection.closed().await else {
            panic!("not closed");
        };
        assert_eq!(close.error_code.into_inner(), 0x100);
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_connect_stream_ends_the_session() {
    local(async {
        for reset in [false, true] {
            let mut bare = bare_session().await;
            if reset {
                bare.connect.0.reset(5_u32.into()).unwrap();
            } else {
                bare.connect.0.finish().unwrap();
            }
            let closed = bare.session.closed().await;
            assert!(matches!(closed, Closed::Peer { code: 0, .. }));
        }
    })
    .await;
}

#[tokio::test]
async fn codes_are_mapped_on_the_wire() {
    local(async {
        let bare = bare_session().await;
        let ours = [varint(0x54), varint(0)].concat();
        let stream = uni(&bare.connection, &ours).await;
        bare.session.accept_uni().await.unwrap().stop(31);
        let stopped = stream.stopped().await.unwrap().unwrap();
        assert_eq!(stopped.into_inner(), 0x52e4_a40f_a8db + 31 + 1);

        let mut outgoing = bare.session.open_uni().unwrap();
        outgoing
            .write_all(Bytes::from_static(b"abc"))
            .await
            .unwrap();
        let mut control = Vec::new();
        let mut incoming = loop {
            let mut stream = bare.connection.accept_uni().await.unwrap();
            let mut kind = [0; 2];
            stream.read_exact(&mut kind).await.unwrap();
            if kind == [0x40, 0x54] {
                break stream;
            }
            control.push(stream);
        };
        outgoing.reset(2);
        let end = incoming.read_to_end(100).await.unwrap_err();
        let code = quinn::VarInt::from_u64(0x52e4_a40f_a8db + 2).unwrap();
        assert_eq!(
            end,
            quinn::ReadToEndError::Read(quinn::ReadError::Reset(code))
        );
    })
    .await;
}

#[tokio::test]
async fn garbage_on_the_socket_disturbs_nobody() {
    local(async {
        let pair = pair().await;
        let stranger = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = pair.server.local_address().unwrap();
        let mut noise = 0x1234_5678_u32;
        for length in 0..1_400_usize {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                })
                .collect();
            stranger.send_to(&bytes, address).await.unwrap();
        }
        still_stands(&pair.near, &pair.far).await;
        assert_eq!(pair.server.connections(), 1);
    })
    .await;
}
