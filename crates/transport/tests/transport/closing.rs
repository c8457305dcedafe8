//! Ends: both sides learn why, and nothing is left behind.

use std::time::{Duration, Instant};

use bytes::Bytes;
use skywave_transport::quic::{EndpointConfig, IdleTimeout, VarInt};
use skywave_transport::{Closed, ConnectError, Endpoint, ReadError, WriteError};

use crate::support::{
    Pair, accept, client, client_config, connect, endpoint, local, pair, pair_with, pattern,
    read_to_end, server, server_config, socket, transport,
};

#[tokio::test]
async fn the_peer_learns_the_code_and_the_reason() {
    local(async {
        let pair = pair().await;
        pair.far.close(42, b"gone fishing");
        let Closed::Peer { code, reason } = pair.near.closed().await else {
            panic!("not by the peer");
        };
        assert_eq!((code, &*reason), (42, b"gone fishing".as_slice()));
        assert!(matches!(pair.far.closed().await, Closed::Here));
        nothing_is_left(&pair).await;
    })
    .await;
}

#[tokio::test]
async fn the_last_clone_dropped_closes() {
    local(async {
        let Pair {
            client,
            server,
            near,
            far,
        } = pair().await;
        let clone = near.clone();
        drop(near);
        let mut stream = clone.open_uni().unwrap();
        stream.write_all(pattern(10)).await.unwrap();
        stream.finish();
        let mut incoming = far.accept_uni().await.unwrap();
        assert_eq!(read_to_end(&mut incoming).await.len(), 10);
        drop(clone);
        assert!(matches!(far.closed().await, Closed::Peer { code: 0, .. }));
        client.idle().await;
        server.idle().await;
    })
    .await;
}

#[tokio::test]
async fn all_who_wait_are_woken() {
    local(async {
        let pair = pair().await;
        let session = pair.near.clone();
        let mut sender = pair.near.open_uni().unwrap();
        let (mut blocked, mut reader) = pair.near.open_bi().unwrap();
        sender.finish();
        let endless = pattern(20_000_000);
        let (bi, uni, datagram, read, (), written, first, second, ()) = tokio::join!(
            session.accept_bi(),
            session.accept_uni(),
            session.receive_datagram(),
            reader.read_chunk(10),
            sender.stopped(),
            blocked.write_all(endless),
            session.closed(),
            pair.near.closed(),
            async {
                // The other side has all that was sent before it closes.
                let _uni = pair.far.accept_uni().await.unwrap();
                let _bi = pair.far.accept_bi().await.unwrap();
                pair.far.close(1, b"");
            },
        );
        assert!(bi.is_err() && uni.is_err());
        assert!(matches!(datagram, Err(Closed::Peer { code: 1, .. })));
        assert_eq!(read, Err(ReadError::Closed));
        assert_eq!(written, Err(WriteError::Closed));
        assert!(matches!(first, Closed::Peer { code: 1, .. }));
        assert!(matches!(second, Closed::Peer { code: 1, .. }));
        assert!(pair.near.open_uni().is_none());
        assert!(pair.near.open_bi().is_none());
    })
    .await;
}

#[tokio::test]
async fn what_came_before_the_end_can_be_read_after_it() {
    local(async {
        let pair = pair().await;
        let mut stream = pair.far.open_uni().unwrap();
        stream.write_all(Bytes::from_static(b"why")).await.unwrap();
        let mut incoming = pair.near.accept_uni().await.unwrap();
        pair.far.flush();
        pair.far.close(3, b"");
        assert!(matches!(pair.near.closed().await, Closed::Peer { .. }));
        let last = incoming.read_chunk(100).await.unwrap().unwrap();
        assert_eq!(last, b"why".as_slice());
        assert_eq!(incoming.read_chunk(100).await, Err(ReadError::Closed));
    })
    .await;
}

#[tokio::test]
async fn a_peer_that_vanishes_is_noticed() {
    local(async {
        let mut short = transport();
        short.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(300))));
        let (server, address) = endpoint(Some(server_config(short)));
        let (vanishing, driver) = Endpoint::new(socket(), EndpointConfig::default(), None).unwrap();
        let driving = tokio::task::spawn_local(driver.run());
        let (near, far) = tokio::join!(connect(&vanishing, address), accept(&server));
        driving.abort();
        assert!(driving.await.unwrap_err().is_cancelled());
        assert!(matches!(near.closed().await, Closed::Here));
        assert!(vanishing.accept().await.is_none());
        vanishing.idle().await;
        let heard_at = far.heard_at();
        assert!(matches!(far.closed().await, Closed::TimedOut));
        assert_eq!(far.heard_at(), heard_at);
        server.idle().await;
        assert_eq!(server.connections(), 0);
    })
    .await;
}

#[tokio::test]
async fn closing_the_endpoint_closes_all_and_ends_the_driver() {
    local(async {
        let (server, driver) = Endpoint::new(
            socket(),
            EndpointConfig::default(),
            Some(server_config(transport())),
        )
        .unwrap();
        let driving = tokio::task::spawn_local(driver.run());
        let address = server.local_address().unwrap();
        let client = client();
        let mut sessions = Vec::new();
        for _ in 0..5 {
            sessions.push(tokio::join!(connect(&client, address), accept(&server)));
        }
        let accepting = server.clone();
        let (accepted, ()) = tokio::join!(accepting.accept(), async {
            server.close(9, b"stopped");
        });
        assert!(accepted.is_none());
        driving.await.unwrap().unwrap();
        for (near, far) in sessions {
            assert!(matches!(near.closed().await, Closed::Peer { code: 9, .. }));
            assert!(matches!(far.closed().await, Closed::Here));
        }
        let late = client
            .connect(
                client_config(quick()),
                address,
                "localhost",
                "https://localhost/",
            )
            .await;
        assert!(matches!(late, Err(ConnectError::Quic(_))));
    })
    .await;
}

#[tokio::test]
async fn a_handshake_that_is_given_up_leaves_nothing_behind() {
    local(async {
        let (server, address) = server();
        let client = client();
        let connecting = {
            let client = client.clone();
            tokio::task::spawn_local(async move {
                client
                    .connect(
                        client_config(transport()),
                        address,
                        "localhost",
                        "https://localhost/",
                    )
                    .await
                    .map(drop)
            })
        };
        let incoming = server.accept().await.unwrap();
        {
            let mut request = Box::pin(incoming.request());
            tokio::select! {
                biased;
                _ = &mut request => panic!("too early"),
                () = std::future::ready(()) => {}
            }
            assert_eq!(server.connections(), 1);
        }
        assert!(connecting.await.unwrap().is_err());
        server.idle().await;
        client.idle().await;
        assert_eq!(server.connections() + client.connections(), 0);
    })
    .await;
}

#[tokio::test]
async fn hearing_from_the_peer_is_noted() {
    local(async {
        let pair = pair_with(transport(), transport()).await;
        let before = Instant::now();
        let mut stream = pair.near.open_uni().unwrap();
        stream.write_all(pattern(10)).await.unwrap();
        pair.far.accept_uni().await.unwrap();
        assert!(pair.far.heard_at() >= before);
        assert!(pair.far.rtt() > Duration::ZERO);
        assert_eq!(pair.far.id(), 0);
        assert_eq!(pair.far.datagram_prefix(), [0]);
    })
    .await;
}

fn quick() -> skywave_transport::quic::TransportConfig {
    let mut quick = transport();
    quick.max_idle_timeout(Some(IdleTimeout::from(VarInt::from_u32(200))));
    quick
}

async fn nothing_is_left(pair: &Pair) {
    pair.client.idle().await;
    pair.server.idle().await;
    assert_eq!(pair.client.connections(), 0);
    assert_eq!(pair.server.connections(), 0);
}
