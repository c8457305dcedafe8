//! Handshakes that are never finished, and datagrams of noise.

use std::collections::HashSet;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use bytes::Bytes;
use skywave_wire::datagram::{FromClient, FromRelay};
use tokio::time::{sleep, timeout};

use super::bare::{Bare, loopback, quic_client};
use super::{Bystander, figure, figure_reaches, noise};
use crate::support::{Relay, relay, relay_with, within};

/// The first packet of each of so many clients, meant for a socket that never
/// answers.
async fn first_packets(clients: usize) -> Vec<Vec<u8>> {
    let silent = tokio::net::UdpSocket::bind(loopback())
        .await
        .expect("a socket");
    let address = silent.local_addr().expect("an address");
    let endpoint = quic_client();
    let mut connecting = Vec::with_capacity(clients);
    let mut packets = Vec::with_capacity(clients);
    let mut ids = HashSet::new();
    let mut buffer = [0; 2048];
    while packets.len() < clients {
        // A few at a time, so that the socket can hold what they send.
        if packets.len() == connecting.len() {
            for _ in 0..10.min(clients - packets.len()) {
                connecting.push(endpoint.connect(address, "localhost").expect("a client"));
            }
        }
        let len = within(silent.recv(&mut buffer)).await.expect("a packet");
        let packet = &buffer[..len];
        // RFC 9000, section 17.2: the id's length stands at byte 5.
        let id = packet[6..6 + usize::from(packet[5])].to_vec();
        if ids.insert(id) {
            packets.push(packet.to_vec());
        }
    }
    packets
}

/// Sends the packets from many addresses, not faster than the relay takes them.
async fn send_from_everywhere(packets: &[Vec<u8>], relay: &Relay) {
    const ADDRESSES: u8 = 100;
    let sockets: Vec<UdpSocket> = (1..=ADDRESSES)
        .map(|n| UdpSocket::bind((Ipv4Addr::new(127, 0, 1, n), 0)).expect("a socket"))
        .collect();
    let seen = || figure(relay, &failures("retry-asked")) as usize + relay.server.sessions();
    let before = seen();
    for (n, packet) in packets.iter().enumerate() {
        let socket = &sockets[n % sockets.len()];
        socket
            .send_to(packet, relay.server.addresses()[0])
            .expect("sent");
        let taken = async {
            while seen() <= before + n {
                sleep(Duration::from_millis(1)).await;
            }
        };
        if n % 50 == 49 {
            within(taken).await;
        }
    }
}

fn failures(class: &str) -> String {
    format!("skywave_handshake_failures_total{{class=\"{class}\"}}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_half_open_handshakes_keep_nobody_out() {
    const CALM: usize = 16;
    const CLIENTS: usize = 1_000;
    let lines = format!("limits.handshakes_pending = {CALM}\nlimits.hello_timeout = \"3s\"");
    let relay = relay_with(&lines).await;
    let bystander = Bystander::begin(&relay).await;
    let sessions = relay.server.sessions();
    let packets = first_packets(CLIENTS).await;
    send_from_everywhere(&packets, &relay).await;

    // What is over the bound is asked to prove its address, and costs nothing.
    let (asked, under_way) = (failures("retry-asked"), 2 * CALM);
    figure_reaches(&relay, &asked, (CLIENTS - under_way) as u64).await;
    assert_eq!(relay.server.sessions() - sessions, under_way);

    // A client that does prove it gets in.
    let before = figure(&relay, &asked);
    let late = relay.session("late").await;
    assert!(figure(&relay, &asked) > before);
    late.join(crate::support::join("elsewhere"))
        .await
        .expect("joined");

    // Those that were let in are given up in time.
    figure_reaches(&relay, &failures("timeout"), under_way as u64).await;
    late.close();
    let freed = async {
        while relay.server.sessions() > sessions {
            sleep(Duration::from_millis(10)).await;
        }
    };
    within(freed).await;
    bystander.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn noise_on_the_port_is_dropped() {
    let relay = relay().await;
    let address = relay.server.addresses()[0];
    let bystander = Bystander::begin(&relay).await;
    let socket = UdpSocket::bind(loopback()).expect("a socket");
    let firsts = first_packets(20).await;
    for n in 0..2_000 {
        let mut packet = match n % 4 {
            // Good first packets with one wrong byte, of as many clients as there are.
            0 => firsts[n / 4 % firsts.len()].clone(),
            _ => noise(n as u64, 1 + n % 1_400),
        };
        match n % 4 {
            0 => packet[20 + n % 500] ^= 0x55,
            // A long header of version 1, and one of an unknown version.
            1 if packet.len() > 5 => packet[..5].copy_from_slice(&[0xc3, 0, 0, 0, 1]),
            2 if packet.len() > 5 => packet[0] |= 0xc0,
            _ => {}
        }
        socket.send_to(&packet, address).expect("sent");
        if n % 16 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    // What looked like the first packets of clients was counted, until this address
    // had sent too many of them to be believed without a proof.
    figure_reaches(&relay, &failures("quic"), 1).await;
    figure_reaches(&relay, &failures("retry-asked"), 1).await;
    let session = relay.session("a real client").await;
    session
        .join(crate::support::join("elsewhere"))
        .await
        .expect("joined");
    bystander.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn datagrams_of_noise_are_counted_and_the_session_goes_on() {
    const NOISE: &str = "skywave_drops_total{reason=\"datagram-noise\"}";
    let relay = relay_with("limits.datagram_burst = 200").await;
    let bystander = Bystander::begin(&relay).await;
    let mut bare = Bare::open(&relay).await;
    let mut ping = ping(1).to_vec();
    ping.push(0);
    let mut sent = 2;
    for bad in [
        &ping[..],
        &ping[..ping.len() - 2],
        b"\x12",
        b"\x05\x01",
        b"GET /",
    ] {
        bare.wt.send_datagram(bad).expect("sent");
        sent += 1;
    }
    for n in 0..(sent * 10) {
        let mut bad = noise(n, 1 + n as usize);
        bad[0] |= 0x80;
        bare.wt.send_datagram(bad).expect("sent");
    }
    sent += sent * 10 - 2;
    figure_reaches(&relay, NOISE, sent).await;
    assert_eq!(figure(&relay, NOISE), sent);
    bare.goes_on().await;
    is_answered(&bare, 2).await;
    bystander.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_datagrams_is_thinned_out_and_the_session_goes_on() {
    let relay: Relay =
        relay_with("limits.datagrams_per_second = 20\nlimits.datagram_burst = 20").await;
    let bystander = Bystander::begin(&relay).await;
    let mut bare = Bare::open(&relay).await;
    let dropped = "skywave_drops_total{reason=\"datagram-rate\"}";
    let flood = async {
        while figure(&relay, dropped) < 500 {
            for _ in 0..50 {
                bare.wt.send_datagram(ping(1)).expect("sent");
            }
            bare.goes_on().await;
        }
    };
    within(flood).await;
    is_answered(&bare, 2).await;
    bystander.end().await;
}

fn ping(id: u64) -> Bytes {
    FromClient::Ping { id, client_time: 0 }.encode()
}

/// Asks for the relay's time until this ping is answered.
async fn is_answered(bare: &Bare, id: u64) {
    let answered = async {
        loop {
            bare.wt.send_datagram(ping(id)).expect("sent");
            let next = timeout(Duration::from_millis(100), bare.wt.receive_datagram()).await;
            let Ok(datagram) = next else { continue };
            let payload = datagram.expect("the session goes on").payload();
            if matches!(FromRelay::decode(payload), Ok(FromRelay::Pong(pong)) if pong.id == id) {
                return;
            }
        }
    };
    within(answered).await;
}
