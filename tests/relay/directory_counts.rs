//! Sessions that watch the directory are told how many listen to each channel.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;
use skywave_client::Session;
use skywave_wire::control::{Event, Request};
use tokio::sync::broadcast;

use crate::bad_input::bare::Bare;
use crate::pace::Station;
use crate::support::{Relay, relay, within};

/// What a session is told next of counts, by channel.
async fn told(events: &mut broadcast::Receiver<Event>) -> BTreeMap<String, u64> {
    within(async {
        loop {
            if let Event::Audiences(told) = events.recv().await.expect("the session goes on") {
                let by_channel = told
                    .into_iter()
                    .map(|a| (a.channel_id.to_string(), a.listeners));
                return by_channel.collect();
            }
        }
    })
    .await
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.map(|(name, count)| (name.to_owned(), count)).into()
}

async fn watch(relay: &Relay) -> (Session, broadcast::Receiver<Event>) {
    let session = relay.session("watcher").await;
    let events = session.events();
    let _: serde_json::Value = session.ask(&Request::WatchStreams).await.expect("ok");
    (session, events)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_counts_are_told_first_and_then_those_that_change() {
    let relay = relay().await;
    let _jazz = Station::start(&relay, "jazz").await;
    let _news = Station::start(&relay, "news").await;
    let _first = relay.listener("jazz").await;
    let (_one, mut one) = watch(&relay).await;
    assert_eq!(told(&mut one).await, counts([("jazz", 1), ("news", 0)]));

    let on_news = relay.listener("news").await;
    assert_eq!(told(&mut one).await, counts([("news", 1)]));

    // Who comes later is told everything, who was there before what is new.
    let (two_session, mut two) = watch(&relay).await;
    assert_eq!(told(&mut two).await, counts([("jazz", 1), ("news", 1)]));
    on_news.leave().await.expect("left");
    assert_eq!(told(&mut one).await, counts([("news", 0)]));
    assert_eq!(told(&mut two).await, counts([("news", 0)]));

    // So is who asks again.
    let _: serde_json::Value = two_session.ask(&Request::WatchStreams).await.expect("ok");
    assert_eq!(told(&mut two).await, counts([("jazz", 1), ("news", 0)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_that_change_all_the_time_are_told_once_a_second_and_true_at_the_end() {
    const LISTENERS: u64 = 25;
    let relay = relay().await;
    let _jazz = Station::start(&relay, "jazz").await;
    let (_watcher, mut events) = watch(&relay).await;
    told(&mut events).await;
    let growing = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        let mut listeners = Vec::new();
        for _ in 0..LISTENERS {
            pace.tick().await;
            listeners.push(relay.listener("jazz").await);
        }
        listeners
    };
    let mut times = Vec::new();
    let hearing = async {
        loop {
            let told = told(&mut events).await;
            times.push(Instant::now());
            if told == counts([("jazz", LISTENERS)]) {
                return;
            }
        }
    };
    let (_listeners, ()) = tokio::join!(growing, hearing);
    assert!(times.len() >= 3, "{}", times.len());
    for pair in times.windows(2) {
        let apart = pair[1] - pair[0];
        assert!(apart > Duration::from_millis(500), "{apart:?} apart");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_watch_is_told_no_counts() {
    let relay = relay().await;
    let _jazz = Station::start(&relay, "jazz").await;
    let (_watcher, mut events) = watch(&relay).await;
    let mut other = Bare::open(&relay).await;
    assert_eq!(told(&mut events).await, counts([("jazz", 0)]));
    let _listener = relay.listener("jazz").await;
    assert_eq!(told(&mut events).await, counts([("jazz", 1)]));
    other.say(b"{\"type\":\"heartbeat\",\"id\":77}\n").await;
    loop {
        let line = other.line().await.expect("the session goes on");
        assert_ne!(line["type"], "streams:listeners", "{line}");
        if line["re"] == 77 {
            break;
        }
    }
    let answer = other.ask("streams:watch", json!({})).await;
    assert_eq!(answer["type"], "ok");
    loop {
        if let Event::Audiences(all) = other.event().await {
            assert_eq!(all.len(), 1);
            return;
        }
    }
}
