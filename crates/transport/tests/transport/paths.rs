//! Bad ways between the two: packets that are lost, a port that changes.

use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::rc::Rc;

use bytes::Bytes;
use skywave_transport::{RecvStream, SendStream};
use tokio::sync::mpsc;

use crate::support::{
    accept, client, connect, datagram, endpoint_on, local, pattern, read_to_end, send, server,
    server_config, transport,
};

/// A way through which packets pass, in both directions.
pub(crate) struct Way {
    pub(crate) address: SocketAddr,
    move_tx: mpsc::UnboundedSender<()>,
    pub(crate) lost: Rc<Cell<usize>>,
    /// Of the next packets to the client, so many are lost.
    pub(crate) lose_next: Rc<Cell<usize>>,
}

impl Way {
    /// One that loses every `every`th packet; 0 loses none.
    pub(crate) async fn to(server: SocketAddr, every: usize) -> Self {
        let front = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let mut back = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap();
        let (move_tx, mut move_rx) = mpsc::unbounded_channel();
        let lost = Rc::new(Cell::new(0));
        let lose_next = Rc::new(Cell::new(0));
        let way = Self {
            address: front.local_addr().unwrap(),
            move_tx,
            lost: lost.clone(),
            lose_next: lose_next.clone(),
        };
        tokio::task::spawn_local(async move {
            let mut client = None;
            let mut passed = 0;
            let (mut there, mut here) = ([0; 65_536], [0; 65_536]);
            loop {
                let (bytes, to_server) = tokio::select! {
                    received = front.recv_from(&mut there) => {
                        let (length, from) = received.unwrap();
                        client = Some(from);
                        (&there[..length], true)
                    }
                    received = back.recv(&mut here) => (&here[..received.unwrap()], false),
                    Some(()) = move_rx.recv() => {
                        back = tokio::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                        continue;
                    }
                };
                passed += 1;
                let unlucky = !to_server && lose_next.get() > 0;
                if unlucky {
                    lose_next.set(lose_next.get() - 1);
                }
                if unlucky || every > 0 && passed % every == 0 {
                    lost.set(lost.get() + 1);
                } else if to_server {
                    back.send_to(bytes, server).await.unwrap();
                } else if let Some(client) = client {
                    front.send_to(bytes, client).await.unwrap();
                }
            }
        });
        way
    }
}

#[tokio::test]
async fn answers_come_from_the_address_that_was_asked() {
    local(async {
        let [v4, v6]: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let other: IpAddr = Ipv4Addr::new(127, 0, 0, 2).into();
        let loopback: IpAddr = Ipv6Addr::LOCALHOST.into();
        for (server_ip, client_ip, asked) in [
            (v4, v4, other),
            (v6, v4, other),
            (v6, v6, other),
            (v6, v6, loopback),
            (v6, loopback, loopback),
        ] {
            let bind = |ip| UdpSocket::bind((ip, 0)).unwrap();
            let (server, address) = endpoint_on(bind(server_ip), Some(server_config(transport())));
            let (client, _) = endpoint_on(bind(client_ip), None);
            let to = SocketAddr::new(asked, address.port());
            let (near, far) = tokio::join!(connect(&client, to), accept(&server));
            let mut stream = far.open_uni().unwrap();
            let mut bytes = pattern(50_000);
            assert_eq!(stream.try_write(&mut bytes), Ok(50_000));
            drop(stream);
            let mut incoming = near.accept_uni().await.unwrap();
            assert_eq!(read_to_end(&mut incoming).await, pattern(50_000));
            assert_eq!(server.dropped_packets() + client.dropped_packets(), 0);
        }
    })
    .await;
}

#[tokio::test]
async fn lost_packets_lose_no_byte() {
    local(async {
        let (server, address) = server();
        let client = client();
        let way = Way::to(address, 10).await;
        let (near, far) = tokio::join!(connect(&client, way.address), accept(&server));
        let bytes = pattern(400_000);
        let up = near.open_uni().unwrap();
        let down = far.open_uni().unwrap();
        let (mut at_far, mut at_near) = tokio::join!(
            async {
                tokio::task::spawn_local(send(up, bytes.clone()));
                far.accept_uni().await.unwrap()
            },
            async {
                tokio::task::spawn_local(send(down, bytes.clone()));
                near.accept_uni().await.unwrap()
            }
        );
        let (there, here) = tokio::join!(read_to_end(&mut at_far), read_to_end(&mut at_near));
        assert!(there == bytes && here == bytes);
        assert!(way.lost.get() > 20, "{} lost", way.lost.get());
    })
    .await;
}

#[tokio::test]
async fn a_client_whose_port_changes_goes_on() {
    local(async {
        let (server, address) = server();
        let client = client();
        let way = Way::to(address, 0).await;
        let (near, far) = tokio::join!(connect(&client, way.address), accept(&server));
        let (mut near_out, near_in) = near.open_bi().unwrap();
        near_out.write_all(Bytes::from_static(b"0")).await.unwrap();
        let (far_out, mut far_in) = far.accept_bi().await.unwrap();
        assert_eq!(
            far_in.read_chunk(1).await.unwrap().unwrap(),
            b"0".as_slice()
        );
        let before = far.remote_address();
        let mut ends = (near_out, near_in, far_out, far_in);
        for _ in 0..3 {
            way.move_tx.send(()).unwrap();
            for _ in 0..20 {
                exchange(&mut ends).await;
            }
        }
        assert_ne!(far.remote_address(), before);
        far.send_prefixed_datagram(datagram(&far, b"hello"));
        assert_eq!(near.receive_datagram().await.unwrap(), b"hello".as_slice());
        assert_eq!(server.connections(), 1);
    })
    .await;
}

/// A group there, and its echo back.
async fn exchange(ends: &mut (SendStream, RecvStream, SendStream, RecvStream)) {
    let (near_out, near_in, far_out, far_in) = ends;
    let group = pattern(2_000);
    let there = async {
        near_out.write_all(group.clone()).await.unwrap();
        assert!(read_exactly(near_in, group.len()).await == group);
    };
    let back = async {
        let heard = read_exactly(far_in, group.len()).await;
        far_out.write_all(heard.into()).await.unwrap();
    };
    tokio::join!(there, back);
}

async fn read_exactly(stream: &mut RecvStream, length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let most = length - bytes.len();
        bytes.extend(stream.read_chunk(most).await.unwrap().unwrap());
    }
    bytes
}
