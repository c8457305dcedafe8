//! One publisher at a time: others are refused, the same owner takes over, a lost
//! one has time to return.

use skywave_client::{Error, Heard, Subscription};
use skywave_wire::control::{ErrorCode, Event, Fault, Request, Started};

use crate::pace::Station;
use crate::support::{announced, heard, next_frame, relay, relay_with, start, within};

fn refusal(error: Option<Error>) -> Fault {
    match error {
        Some(Error::Refused(fault)) => fault,
        other => panic!("no refusal: {other:?}"),
    }
}

/// Hears until a frame that is marked; the frames up to it follow each other.
async fn until_marked(listener: &mut Subscription, mut last: u64) -> u64 {
    loop {
        let frame = next_frame(listener).await;
        assert_eq!(frame.seq.0, last + 1, "frame numbers rise by one");
        last = frame.seq.0;
        if frame.discontinuity {
            return last;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_owner_is_refused_and_disturbs_nothing() {
    let relay = relay().await;
    let mut listener = relay.listener("jazz").await;
    let station = Station::start(&relay, "jazz").await;
    let first = next_frame(&mut listener).await.seq.0;

    let other = relay.session("somebody-else").await;
    let fault = refusal(other.start(start("jazz")).await.err());
    assert_eq!(fault.code, ErrorCode::ChannelBusy);
    assert!(fault.message.contains("jazz"), "{fault}");

    for n in 1..40 {
        let frame = next_frame(&mut listener).await;
        assert_eq!(frame.seq.0, first + n);
        assert_eq!(&frame.data, station.frame(n));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_owner_takes_over_and_listeners_stay() {
    let relay = relay().await;
    let mut listener = relay.listener("jazz").await;
    let mut old = relay.publisher("jazz").await;
    let stream_id = old.stream_id();
    assert!(!old.resumed());
    let studio = crate::support::Studio::open();
    let frames = crate::support::frames_of(&studio.mp3("a.mp3", 1.0));
    old.write(&frames[0].data).await.expect("taken");
    old.write(&frames[1].data).await.expect("taken");
    let first = next_frame(&mut listener).await;

    let new = relay.publisher("jazz").await;
    assert!(new.resumed());
    assert_eq!(new.stream_id(), stream_id);
    let _station = Station::with(new);
    until_marked(&mut listener, first.seq.0).await;

    let taken = within(async {
        loop {
            if let Err(error) = old.write(&frames[2].data).await {
                return error;
            }
        }
    });
    assert_eq!(refusal(Some(taken.await)).code, ErrorCode::TakenOver);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_sent_nothing_yet_is_told_of_the_takeover_too() {
    let relay = relay().await;
    let old = relay.session("owner").await;
    let request = Request::Start(start("jazz"));
    let _: Started = within(old.ask(&request)).await.expect("on the air");
    let _new = relay.publisher("jazz").await;
    let told = within(old.next_fault()).await;
    assert_eq!(told.code, ErrorCode::TakenOver);
    // Its own restart is no takeover by somebody else, but one of the new session.
    let again: Started = within(old.ask(&request)).await.expect("back");
    assert!(again.resumed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_publisher_returns_within_the_grace_period_to_the_same_listeners() {
    let relay = relay().await;
    let watcher = relay.session("watcher").await;
    let mut events = watcher.events();
    let mut listener = relay.listener("jazz").await;
    let station = Station::start(&relay, "jazz").await;
    let first = next_frame(&mut listener).await;
    assert!(first.discontinuity, "a broadcast begins with a mark");
    station.crash().await;

    let mut last = first.seq.0;
    heard(&mut listener, |heard| match heard {
        Heard::Frame(frame) => {
            assert_eq!(frame.seq.0, last + 1);
            last = frame.seq.0;
            None
        }
        Heard::Offline => Some(()),
        _ => None,
    })
    .await;

    let _returned = Station::start(&relay, "jazz").await;
    let resumed_at = until_marked(&mut listener, last).await;
    assert_eq!(resumed_at, last + 1, "the gap is marked at the first frame");
    assert_eq!(listener.stats().missing, 0);
    match announced(&mut events).await {
        Event::Started(active) => assert_eq!(active.channel_id.as_str(), "jazz"),
        other => panic!("no start: {other:?}"),
    }
    assert!(
        events.is_empty(),
        "one broadcast: no stop and no second start"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_does_not_return_leaves_the_air_after_the_grace_period() {
    let relay = relay_with("channels.grace = \"300ms\"").await;
    let watcher = relay.session("watcher").await;
    let mut events = watcher.events();
    let station = Station::start(&relay, "jazz").await;
    let stream = match announced(&mut events).await {
        Event::Started(active) => active.stream_id,
        other => panic!("no start: {other:?}"),
    };
    station.crash().await;
    let stopped = announced(&mut events).await;
    assert!(
        matches!(stopped, Event::Stopped { stream_id, .. } if stream_id == stream),
        "{stopped:?}"
    );
    assert!(relay.server.active().is_empty());
    let again = relay.publisher("jazz").await;
    assert!(!again.resumed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_publishes_on_four_channels_and_a_fifth_is_refused() {
    let relay = relay().await;
    let owner = relay.session("owner").await;
    let mut broadcasts = Vec::new();
    for name in ["one", "two", "three", "four"] {
        let started = within(owner.start(start(name))).await;
        broadcasts.push(started.expect("on the air"));
    }
    let error = within(owner.start(start("five"))).await.err();
    let error = error.expect("full").to_string();
    assert!(error.contains("limit-reached"), "{error}");
    let last = broadcasts.pop().expect("the fourth");
    last.stop().await.expect("off the air");
    let started = within(owner.start(start("five"))).await;
    started.expect("room again");
}
