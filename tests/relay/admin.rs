//! What administrators may ask for and end, and nobody else.

use std::time::Duration;

use serde_json::{Value, json};
use skywave::config::Auth;
use skywave::token::{Key, Request as TokenRequest, Role, issue};
use skywave_client::publish::{Pacer, Publisher, Status};
use skywave_client::{Error, Heard, Identity};
use skywave_wire::StreamId;
use skywave_wire::control::{ErrorCode, Event, Show};
use skywave_wire::stream::Header;
use tokio::time::{Instant, sleep_until};

use crate::bad_input::bare::{Bare, assert_error};
use crate::bad_input::figure;
use crate::pace::Station;
use crate::support::{
    Relay, SECRET, Studio, announced, channel, frames_of, heard, join, next_frame, relay,
    relay_with, within,
};

fn token(role: Role, channel: &str) -> String {
    let key = Key::from_secret(None, SECRET.as_bytes()).expect("a key");
    let request = TokenRequest {
        role,
        channels: vec![channel.parse().expect("a pattern")],
        ttl: Duration::from_secs(600),
        subject: Some("somebody".into()),
    };
    issue(
        &Auth::Keys(vec![key]),
        &request,
        std::time::SystemTime::now(),
    )
    .expect("a token")
}

async fn relay_with_tokens() -> Relay {
    relay_with(&format!(
        "[auth]\nmode = \"tokens\"\n[[auth.keys]]\nsecret = \"{SECRET}\"\n"
    ))
    .await
}

/// Everything that only administrators may ask for.
fn requests() -> [(&'static str, Value); 4] {
    [
        ("relay:watch", json!({})),
        ("session:list", json!({})),
        ("session:end", json!({"session": 1})),
        ("stream:end", json!({"channelId": "jazz"})),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_an_administrator_may_see_or_end_what_others_do() {
    let relay = relay_with_tokens().await;
    let hello = |role, channel| json!({"token": token(role, channel)});
    let mut owner = Bare::open_with(&relay, hello(Role::Owner, "*")).await;
    let _ingest = owner.publish("jazz").await;
    for role in [Role::Listener, Role::Moderator, Role::Owner] {
        let mut bare = Bare::open_with(&relay, hello(role, "*")).await;
        for (kind, fields) in requests() {
            let answer = bare.ask(kind, fields).await;
            assert_error(&answer, "forbidden", &["somebody", role.name(), "may not"]);
        }
        let counts = bare.ask("streams:watch", json!({})).await;
        assert_eq!(counts["type"], "ok", "everybody may watch the counts");
        bare.goes_on().await;
    }
    let mut elsewhere = Bare::open_with(&relay, hello(Role::Admin, "news")).await;
    let answer = elsewhere
        .ask("stream:end", json!({"channelId": "jazz"}))
        .await;
    assert_error(&answer, "forbidden", &["may not end streams on jazz"]);
    owner.goes_on().await;
    assert_eq!(relay.server.active().len(), 1);

    let mut admin = Bare::open_with(&relay, hello(Role::Admin, "*")).await;
    for (kind, fields) in requests() {
        let answer = admin.ask(kind, fields).await;
        // There may be no session with that number.
        assert_ne!(answer["code"], "forbidden", "{kind}");
    }
    assert_error(&owner.fault().await, "ended-by-admin", &["administrator"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_cannot_be_ended() {
    let relay = relay().await;
    let mut admin = Bare::open(&relay).await;
    let answer = admin
        .ask("session:end", json!({"session": 9_007_199_254_740_992_u64}))
        .await;
    assert_error(&answer, "unknown-session", &["9007199254740992"]);
    let answer = admin.ask("stream:end", json!({"channelId": "jazz"})).await;
    assert_error(&answer, "unknown-channel", &["jazz"]);
    // One that only has listeners is not on the air either.
    let _listener = relay.listener("jazz").await;
    let answer = admin.ask("stream:end", json!({"channelId": "jazz"})).await;
    assert_error(&answer, "unknown-channel", &["jazz"]);
    admin.goes_on().await;
}

fn numbers(page: &Value) -> Vec<u64> {
    let sessions = page["sessions"].as_array().expect("sessions");
    let number = |session: &Value| session["session"].as_u64().expect("a number");
    sessions.iter().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_by_number_page_by_page() {
    const SESSIONS: usize = 120;
    let relay = relay_with(
        "limits.sessions_per_address = 1000\nlimits.sessions_per_second_per_address = 1000",
    )
    .await;
    let client = relay.client();
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS {
        sessions.push(client.connect(&Identity::default()).await.expect("one"));
    }
    let mut admin = Bare::open(&relay).await;
    let first = admin.ask("session:list", json!({})).await;
    let mut all = numbers(&first);
    assert_eq!((all.len(), &first["more"]), (100, &json!(true)));
    let after = all.last().copied().expect("a hundred");
    let second = admin.ask("session:list", json!({"after": after})).await;
    assert_eq!(second["more"], false);
    all.extend(numbers(&second));
    assert_eq!(all.len(), SESSIONS + 1);
    assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");

    drop(sessions);
    let empty = within(async {
        loop {
            let page = admin.ask("session:list", json!({})).await;
            if numbers(&page).len() == 1 {
                return page;
            }
        }
    });
    let only = &empty.await["sessions"][0];
    assert_eq!(
        only["subject"], "stranger",
        "those that went are off the list"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_listed_with_what_it_does() {
    let relay = relay().await;
    let _jazz = Station::start(&relay, "jazz").await;
    let _news = Station::start(&relay, "news").await;
    let mut listener =
        Bare::open_with(&relay, json!({"subject": "bo", "client": "player/1"})).await;
    let fields = json!({"channelId": "jazz", "latencyMs": 60, "delivery": "datagram"});
    listener.ask("stream:join", fields).await;
    let mut admin = Bare::open(&relay).await;
    let all = admin.ask("session:list", json!({})).await;
    assert_eq!(numbers(&all).len(), 4);

    let of_jazz = admin
        .ask("session:list", json!({"channelId": "jazz"}))
        .await;
    let [owner, bo] = &of_jazz["sessions"].as_array().expect("sessions")[..] else {
        panic!("not two: {of_jazz}");
    };
    assert_eq!(
        (&owner["subject"], &owner["role"]),
        (&json!("owner"), &json!("admin"))
    );
    assert_eq!(
        (&owner["publishing"], &owner["listening"]),
        (&json!(true), &json!(false))
    );
    assert!(owner.get("delivery").is_none() && owner.get("skippedFrames").is_none());
    assert_eq!(
        (&bo["subject"], &bo["client"]),
        (&json!("bo"), &json!("player/1"))
    );
    assert_eq!(
        (&bo["publishing"], &bo["listening"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(
        (&bo["delivery"], &bo["latencyMs"]),
        (&json!("datagram"), &json!(60))
    );
    assert_eq!(bo["skippedFrames"], 0);
    assert!(
        bo["roundTripMs"].as_u64().is_some_and(|ms| ms < 1_000),
        "{bo}"
    );
    assert!(
        bo["address"]
            .as_str()
            .is_some_and(|a| a.starts_with("127.0.0.1:")),
        "{bo}"
    );
    assert!(bo["since"].as_u64() >= owner["since"].as_u64());

    let of_news = admin
        .ask("session:list", json!({"channelId": "news"}))
        .await;
    assert_eq!(numbers(&of_news).len(), 1);
    listener
        .ask("stream:leave", json!({"channelId": "jazz"}))
        .await;
    let of_jazz = admin
        .ask("session:list", json!({"channelId": "jazz"}))
        .await;
    assert_eq!(numbers(&of_jazz).len(), 1, "{of_jazz}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_ended_on_every_shard_and_others_miss_no_frame() {
    const TARGETS: usize = 12;
    let relay = relay().await;
    let station = Station::start(&relay, "jazz").await;
    let mut steady = relay.listener("jazz").await;
    let first = next_frame(&mut steady).await;
    let mut targets = Vec::new();
    for _ in 0..TARGETS {
        targets.push(relay.listener("jazz").await);
    }
    // Clients are spread over the two shards at random.
    let mut heard = 1;
    loop {
        let page = relay.server.metrics().render();
        let on = |shard| {
            let series = format!("skywave_shard_listeners{{shard=\"{shard}\"}} ");
            let line = page.lines().find_map(|line| line.strip_prefix(&series));
            line.map_or(0, |count| count.parse::<usize>().expect("a number"))
        };
        if on(0) + on(1) == TARGETS + 1 {
            assert!(on(0) > 0 && on(1) > 0, "all on one shard");
            break;
        }
        next_frame(&mut steady).await;
        heard += 1;
    }
    let mut admin = Bare::open(&relay).await;
    let page = admin
        .ask("session:list", json!({"channelId": "jazz"}))
        .await;
    let mut ended = numbers(&page);
    // The station, and the one that stays.
    ended.drain(..2);
    assert_eq!(ended.len(), TARGETS);
    for session in ended {
        let fields = json!({"session": session, "message": "the house is full"});
        assert_eq!(admin.ask("session:end", fields).await["type"], "ok");
    }
    for target in &targets {
        match within(target.session().ended()).await {
            Error::Refused(fault) => {
                assert_eq!(fault.code, ErrorCode::EndedByAdmin);
                assert_eq!(fault.message, "the house is full");
            }
            other => panic!("not told why: {other}"),
        }
    }
    for n in heard..heard + 40 {
        let frame = next_frame(&mut steady).await;
        assert_eq!(frame.seq, first.seq.plus(n));
        assert_eq!(&frame.data, station.frame(n));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_was_ended_does_not_come_back_by_itself() {
    let relay = relay().await;
    let _station = Station::start(&relay, "jazz").await;
    let mut listener =
        skywave_client::listen::Listener::new(relay.client(), Identity::default(), join("jazz"));
    within(listener.next()).await.expect("joined");
    let mut admin = Bare::open(&relay).await;
    let page = admin.ask("session:list", json!({})).await;
    let number = numbers(&page)[1];
    admin.ask("session:end", json!({"session": number})).await;
    let error = within(async {
        loop {
            match listener.next().await {
                Ok(skywave_client::listen::Event::Heard(_)) => {}
                Ok(other) => panic!("it goes on: {other:?}"),
                Err(error) => return error,
            }
        }
    })
    .await;
    assert!(error.to_string().contains("ended-by-admin"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_is_ended_its_publisher_told_and_its_session_goes_on() {
    let relay = relay().await;
    let mut publisher = Bare::open(&relay).await;
    let mut ingest = publisher.publish("jazz").await;
    let _other = publisher.publish("news").await;
    let mut listener = relay.listener("jazz").await;
    let mut events = listener.session().events();
    let mut admin = Bare::open(&relay).await;
    let fields = json!({"channelId": "jazz", "message": "the licence has ended"});
    assert_eq!(admin.ask("stream:end", fields).await["type"], "ok");
    let active = relay.server.active();
    assert_eq!(active.len(), 1, "it is off the air at once: {active:?}");

    let fault = publisher.fault().await;
    assert_error(&fault, "ended-by-admin", &["the licence has ended"]);
    assert_eq!(fault["channelId"], "jazz");
    heard(&mut listener, |heard| {
        matches!(heard, Heard::Offline).then_some(())
    })
    .await;
    match announced(&mut events).await {
        Event::Stopped { channel_id, .. } => assert_eq!(channel_id, channel("jazz")),
        other => panic!("no stop: {other:?}"),
    }
    // The relay takes no more of its bytes, and nothing else of it is ended.
    within(async { while ingest.write_all(&[0; 1_024]).await.is_ok() {} }).await;
    let fields = json!({"channelId": "jazz", "trackName": "one more"});
    let answer = publisher.ask("stream:update-metadata", fields).await;
    assert_error(&answer, "not-publishing", &["jazz"]);
    let fields = json!({"channelId": "news", "trackName": "goes on"});
    let answer = publisher.ask("stream:update-metadata", fields).await;
    assert_eq!(answer["type"], "ok", "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingest_stream_that_was_on_its_way_when_its_stream_ended_is_no_fault() {
    let relay = relay().await;
    let mut publisher = Bare::open(&relay).await;
    let fields = json!({"channelId": "jazz"});
    let started = publisher.ask("stream:start", fields.clone()).await;
    let stream_id = started["streamId"].as_u64().expect("a stream id");
    let mut admin = Bare::open(&relay).await;
    assert_eq!(admin.ask("stream:end", fields).await["type"], "ok");
    assert_error(&publisher.fault().await, "ended-by-admin", &[]);

    let mut header = Vec::new();
    Header::Ingest(StreamId(stream_id)).put(&mut header);
    let mut late = publisher.stream(&header).await;
    within(late.stopped()).await;
    publisher.goes_on().await;
    let faults = "skywave_control_errors_total{code=\"bad-stream\"}";
    assert_eq!(figure(&relay, faults), 0);
    // It is excused once.
    publisher.stream(&header).await;
    let fault = publisher.fault().await;
    assert_error(&fault, "bad-stream", &[&stream_id.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_waits_for_its_publisher_can_be_ended() {
    let relay = relay().await;
    drop(relay.publisher("jazz").await);
    let mut admin = Bare::open(&relay).await;
    let answer = admin.ask("stream:end", json!({"channelId": "jazz"})).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    assert!(relay.server.active().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_whose_stream_was_ended_does_not_start_again() {
    let relay = relay().await;
    let (status_tx, mut status_rx) = tokio::sync::mpsc::unbounded_channel();
    let mut publisher = Publisher::new(
        relay.client(),
        Identity::default(),
        channel("jazz"),
        Show::default(),
        move |status| status_tx.send(status).expect("somebody looks"),
    );
    let studio = Studio::open();
    let frames = frames_of(&studio.mp3("a.mp3", 1.0));
    let publishing = tokio::spawn(async move {
        let mut pacer = Pacer::default();
        for frame in frames.iter().cycle() {
            sleep_until(pacer.due(&frame.header, Instant::now())).await;
            if let Err(error) = publisher.frame(&frame.data).await {
                return error;
            }
        }
        unreachable!("the file repeats");
    });
    let live = within(status_rx.recv()).await.expect("on the air");
    assert!(matches!(live, Status::Live { .. }), "{live:?}");
    let mut admin = Bare::open(&relay).await;
    let answer = admin.ask("stream:end", json!({"channelId": "jazz"})).await;
    assert_eq!(answer["type"], "ok", "{answer}");
    let error = within(publishing).await.expect("it ends");
    assert!(error.to_string().contains("ended-by-admin"), "{error}");
    assert!(status_rx.recv().await.is_none(), "no other attempt");
    assert!(relay.server.active().is_empty());
}
