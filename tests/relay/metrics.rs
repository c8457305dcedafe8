//! Every figure that operators watch moves when what it counts happens.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use skywave_client::{Client, Heard, Identity, Subscription, Trust};
use skywave_wire::control::{Delivery, Join};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bad_input::bare::Bare;
use crate::pace::Station;
use crate::support::{PATIENCE, Relay, heard, join, next_frame, relay_with, title};
use crate::wire::Wire;

/// The page, fetched as a scraper does.
async fn scrape(relay: &Relay) -> String {
    let address = relay.server.operations_address().expect("an address");
    get(address, "/metrics").await
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n").as_bytes(),
        )
        .await
        .expect("asked");
    let mut page = String::new();
    stream.read_to_string(&mut page).await.expect("answered");
    page
}

/// Whether some series of this name is above zero.
fn moved(page: &str, name: &str) -> bool {
    page.lines()
        .filter(|line| line.starts_with(name))
        .filter_map(|line| line.rsplit_once(' '))
        .any(|(_, value)| value.parse::<f64>().is_ok_and(|value| value > 0.0))
}

/// A session through which noise, mistakes and garbage come.
async fn misbehave(relay: &Relay) {
    let mut bare = Bare::open(relay).await;
    bare.say(b"no JSON\n").await;
    bare.fault().await;
    bare.wt.send_datagram(b"noise").expect("sent");
    let client = Client::new(&format!("{}/elsewhere", relay.url), &Trust::Usual);
    let elsewhere = client
        .expect("a client")
        .connect(&Identity::default())
        .await;
    assert!(elsewhere.is_err());
    let mut broadcast = relay.publisher("garbage").await;
    let (before, after) = crate::bad_input::music().split_at(5);
    for frame in before {
        broadcast.write(&frame.data).await.expect("taken");
    }
    broadcast.write(&[0x55; 300]).await.expect("taken");
    for frame in &after[..5] {
        broadcast.write(&frame.data).await.expect("taken");
    }
    let tag: Bytes = [&b"ID3\x04\0\0\0\0\x01\0"[..], &[0; 128]].concat().into();
    broadcast.write(&tag).await.expect("taken");
    broadcast.stop().await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_moves_on_a_busy_relay() {
    // What happens only to a broken relay stays at zero here.
    const ONLY_WHEN_BROKEN: [&str; 2] = [
        "skywave_certificate_reload_failures_total",
        "skywave_shard_overload_total",
    ];
    let relay = relay_with("server.silent_after = \"2s\"\nchannels.max_lag = \"600ms\"").await;
    let mut listener = relay.listener("jazz").await;
    let mut broadcast = relay.publisher("jazz").await;
    broadcast.set_title(title("first")).await.expect("taken");
    let _station = Station::with(broadcast);
    next_frame(&mut listener).await;
    let by_datagram = relay.session("listener").await;
    let mut by_datagram = by_datagram
        .join(Join {
            delivery: Delivery::Datagram,
            ..join("jazz")
        })
        .await
        .expect("joined");
    for _ in 0..60 {
        next_frame(&mut by_datagram).await;
    }
    let wire = Wire::to(&relay.url).await;
    let mut slow = wire.listener("jazz").await;
    next_frame(&mut slow).await;
    counted(&mut listener, 3).await;
    wire.freeze();
    // A title that the frozen one does not acknowledge.
    let owner = relay.publisher("jazz").await;
    let _takeover = retitle(owner).await;
    counted(&mut listener, 2).await;
    wire.mend();
    misbehave(&relay).await;
    get(relay.server.pages_addresses()[0], "/api/relay").await;

    let names: Vec<String> = scrape(&relay)
        .await
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .filter(|name| !ONLY_WHEN_BROKEN.contains(&name.as_str()))
        .collect();
    assert!(names.len() >= 18, "{names:?}");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let page = scrape(&relay).await;
        let still: Vec<_> = names.iter().filter(|name| !moved(&page, name)).collect();
        if still.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still at zero: {still:?}");
        tokio::task::yield_now().await;
    }
}

/// Waits until the listener is told of so many.
async fn counted(listener: &mut Subscription, count: u64) {
    heard(listener, |heard| {
        (heard == Heard::Listeners(count)).then_some(())
    })
    .await;
}

/// Goes on with another title.
async fn retitle(mut broadcast: skywave_client::Broadcast) -> Station {
    broadcast.set_title(title("second")).await.expect("taken");
    Station::with(broadcast)
}
