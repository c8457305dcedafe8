//! The listener count is right, however a listener goes.

use skywave_client::{Heard, Identity, Subscription};

use crate::support::{heard, join, relay, relay_with, within};
use crate::wire::Wire;

/// Waits until the listener has been told this count.
async fn told(listener: &mut Subscription, count: u64) {
    heard(listener, |heard| match heard {
        Heard::Listeners(told) if told == count => Some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn joining_leaving_and_closing_are_counted() {
    let relay = relay().await;
    let mut watcher = relay.listener("jazz").await;
    let mut others = Vec::new();
    for _ in 0..5 {
        others.push(relay.listener("jazz").await);
    }
    told(&mut watcher, 6).await;
    let leaver = others.pop().expect("five");
    assert_eq!(leaver.joined().listeners, 6);
    leaver.leave().await.expect("left");
    told(&mut watcher, 5).await;
    others.pop().expect("four").session().close();
    told(&mut watcher, 4).await;
    drop(others);
    told(&mut watcher, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whose_network_vanished_is_not_counted_and_returns() {
    let relay = relay_with("server.silent_after = \"1s\"").await;
    let mut watcher = relay.listener("jazz").await;
    let wire = Wire::to(&relay.url).await;
    let _vanishing = wire.listener("jazz").await;
    told(&mut watcher, 2).await;
    wire.cut();
    told(&mut watcher, 1).await;
    wire.mend();
    told(&mut watcher, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ran_out_ends_its_session_and_its_count() {
    let relay = relay_with(
        "[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret = \"0123456789abcdef0123456789abcdef\"\n",
    )
    .await;
    let identity = |ttl: u64| Identity {
        token: Some(crate::support::token(ttl)),
        ..Identity::default()
    };
    let client = relay.client();
    let long = client.connect(&identity(600)).await.expect("a session");
    let mut watcher = long.join(join("jazz")).await.expect("joined");
    let short = client.connect(&identity(2)).await.expect("a session");
    let _listening = short.join(join("jazz")).await.expect("joined");
    told(&mut watcher, 2).await;
    told(&mut watcher, 1).await;
    let why = within(short.ended()).await;
    assert!(why.to_string().contains("token-expired"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_channel_says_so() {
    let relay = relay_with("channels.max_listeners = 2").await;
    let _first = relay.listener("jazz").await;
    let second = relay.listener("jazz").await;
    let third = relay.session("third").await;
    let error = third.join(join("jazz")).await.err().expect("full");
    assert!(error.to_string().contains("limit-reached"), "{error}");
    second.leave().await.expect("left");
    third.join(join("jazz")).await.expect("room again");
}
