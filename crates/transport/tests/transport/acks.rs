//! Clients that are asked to acknowledge less often.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use skywave_transport::quic::{ClientConfig, ServerConfig, TransportConfig};
use skywave_transport::{RecvStream, SparseAcks, without_sparse_acks};
use tokio::time::timeout;

use crate::paths::Way;
use crate::support::{
    accept, client, client_crypto, connect, datagram, endpoint, local, read_to_end, send,
    server_config, transport,
};
use crate::wtransport_peers::their_client;

/// Longer than anything here takes: nothing but the number of packets, or a loss, has
/// a packet acknowledged.
const LONG: Duration = Duration::from_secs(12);

fn asking(acks: SparseAcks) -> Arc<ServerConfig> {
    let tls = server_config(TransportConfig::default()).crypto.clone();
    let mut transport = transport();
    let mut config = ServerConfig::with_crypto(acks.ask(tls, &mut transport));
    config.transport_config(Arc::new(transport));
    Arc::new(config)
}

/// Acknowledgements that a client has sent for 64 packets which came one by one.
async fn acknowledgements(config: Arc<ServerConfig>) -> u64 {
    const PACKETS: u64 = 64;
    let (server, address) = endpoint(Some(config));
    let client = their_client();
    let url = format!("https://{address}/");
    let (theirs, ours) = tokio::join!(client.connect(url), accept(&server));
    let theirs = theirs.unwrap();
    let mut before = 0;
    // The first ones are still acknowledged as in the handshake.
    for n in 0..2 * PACKETS {
        if n == PACKETS {
            before = theirs.quic_connection().stats().frame_tx.acks;
        }
        ours.send_prefixed_datagram(datagram(&ours, b"one"));
        theirs.receive_datagram().await.unwrap();
    }
    theirs.quic_connection().stats().frame_tx.acks - before
}

#[tokio::test]
async fn a_client_that_can_acknowledges_as_rarely_as_it_is_asked_to() {
    local(async {
        let asked = acknowledgements(asking(SparseAcks {
            packets: 8,
            delay: LONG,
        }));
        assert!(asked.await <= 12);
        assert!(acknowledgements(server_config(transport())).await >= 24);
    })
    .await;
}

/// A server that would like the first acknowledgement after 12 s has it sooner from
/// one that cannot be asked: its finished stream is known to have arrived.
#[tokio::test]
async fn a_client_that_does_not_announce_it_is_not_asked() {
    local(async {
        let (server, address) = endpoint(Some(asking(SparseAcks {
            packets: 8,
            delay: LONG,
        })));
        let client = client();
        let mut config = ClientConfig::new(without_sparse_acks(client_crypto()));
        config.transport_config(Arc::new(transport()));
        let connecting = client.connect(config, address, "localhost", "https://localhost/");
        let (near, far) = tokio::join!(connecting, accept(&server));
        let near = near.unwrap();
        let reading = async {
            let mut incoming = near.accept_uni().await.unwrap();
            read_to_end(&mut incoming).await
        };
        let sending = send(far.open_uni().unwrap(), Bytes::from_static(b"all"));
        let acknowledged = async { tokio::join!(reading, sending).0 };
        let read = timeout(LONG / 2, acknowledged).await;
        assert_eq!(read.expect("before the delay is over"), b"all");
    })
    .await;
}

#[tokio::test]
async fn a_lost_packet_is_sent_again_when_the_next_has_come() {
    local(async {
        let (server, address) = endpoint(Some(asking(SparseAcks {
            packets: 8,
            delay: LONG,
        })));
        let client = client();
        let way = Way::to(address, 0).await;
        let (near, far) = tokio::join!(connect(&client, way.address), accept(&server));
        let mut out = far.open_uni().unwrap();
        out.write_all(Bytes::from_static(b"1")).await.unwrap();
        let mut incoming = near.accept_uni().await.unwrap();
        assert_eq!(byte(&mut incoming).await, b'1');
        way.lose_next.set(1);
        out.write_all(Bytes::from_static(b"2")).await.unwrap();
        while way.lost.get() == 0 {
            tokio::task::yield_now().await;
        }
        out.write_all(Bytes::from_static(b"3")).await.unwrap();
        let repaired = async { (byte(&mut incoming).await, byte(&mut incoming).await) };
        let repaired = timeout(LONG / 2, repaired).await;
        assert_eq!(repaired.expect("before the delay is over"), (b'2', b'3'));
    })
    .await;
}

async fn byte(stream: &mut RecvStream) -> u8 {
    stream.read_chunk(1).await.unwrap().unwrap()[0]
}
