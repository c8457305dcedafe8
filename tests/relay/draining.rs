//! A relay that stops tells everyone, takes nobody new, and ends.

use skywave_client::{Heard, Identity};
use skywave_wire::control::Event;

use crate::pace::Station;
use crate::support::{announced, heard, next_frame, relay_with, start, within};

#[tokio::test(flavor = "multi_thread")]
async fn everyone_is_told_and_has_time_to_go() {
    let relay = relay_with("server.drain = \"1s\"").await;
    let watcher = relay.session("watcher").await;
    let mut events = watcher.events();
    let mut listener = relay.listener("jazz").await;
    let _station = Station::start(&relay, "jazz").await;
    let owner = relay.session("owner").await;
    next_frame(&mut listener).await;
    let client = relay.client();

    let stopping = tokio::spawn(relay.server.stop());
    let mut told = Vec::new();
    while told.len() < 3 {
        told.push(announced(&mut events).await);
    }
    assert!(matches!(told[0], Event::Started(_)), "{told:?}");
    assert!(matches!(told[1], Event::Draining), "{told:?}");
    assert!(matches!(told[2], Event::Stopped { .. }), "{told:?}");
    heard(&mut listener, |heard| {
        matches!(heard, Heard::Offline).then_some(())
    })
    .await;
    let refused = owner.start(start("other")).await.err().expect("refused");
    assert!(refused.to_string().contains("draining"), "{refused}");
    assert!(client.connect(&Identity::default()).await.is_err());

    let why = within(listener.session().ended()).await;
    assert!(why.to_string().contains("draining"), "{why}");
    within(stopping).await.expect("stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_sessions_stops_at_once() {
    let relay = relay_with("server.drain = \"1h\"").await;
    within(relay.server.stop()).await;
}
