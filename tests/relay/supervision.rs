//! What administrators see: the streams and the relay as they are, and everything
//! that happens.

use std::collections::BTreeSet;

use serde_json::json;
use skywave_client::{Identity, Session};
use skywave_wire::control::{
    AirState, Event, Occurrence, OccurrenceKind, Request, Show, Start, Started, Status, StreamState,
};
use tokio::sync::broadcast;

use crate::bad_input::bare::Bare;
use crate::pace::Station;
use crate::support::{Relay, channel, next_frame, relay, relay_with, start, title, within};
use crate::wire::Wire;

/// An administrator who watches.
struct Admin {
    _session: Session,
    events: broadcast::Receiver<Event>,
}

impl Admin {
    async fn of(relay: &Relay) -> Self {
        Self::with(relay.session("admin").await).await
    }

    async fn with(session: Session) -> Self {
        let events = session.events();
        let _: serde_json::Value = session.ask(&Request::WatchRelay).await.expect("watching");
        Self {
            _session: session,
            events,
        }
    }

    async fn next<T>(&mut self, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        within(async {
            loop {
                let event = self.events.recv().await.expect("the session goes on");
                if let Some(picked) = pick(event) {
                    return picked;
                }
            }
        })
        .await
    }

    async fn status(&mut self) -> Status {
        self.next(|event| match event {
            Event::Status(status) => Some(status),
            _ => None,
        })
        .await
    }

    /// Waits until this stream is as `wanted` says.
    async fn stream(&mut self, name: &str, wanted: impl Fn(&StreamState) -> bool) -> StreamState {
        self.next(|event| match event {
            Event::Streams { streams, .. } => streams
                .into_iter()
                .find(|stream| stream.channel_id == channel(name) && wanted(stream)),
            _ => None,
        })
        .await
    }

    /// Waits for something of this kind.
    async fn told(&mut self, kind: OccurrenceKind) -> Occurrence {
        self.next(|event| match event {
            Event::Occurred(occurrence) if occurrence.kind == kind => Some(occurrence),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_is_told_what_is_true_of_the_streams() {
    let relay = relay().await;
    let mut admin = Admin::of(&relay).await;
    let owner = relay.session("ana").await;
    let mut start = start("jazz");
    start.show = Show {
        show_title: Some("x".repeat(1_000)),
        host_name: Some("Ana".into()),
        show_type: None,
    };
    let mut broadcast = owner.start(start).await.expect("on the air");
    broadcast.set_title(title("So What")).await.expect("taken");
    let stream_id = broadcast.stream_id();
    let _station = Station::with(broadcast);
    let mut first = relay.listener("jazz").await;
    let _second = relay.listener("jazz").await;
    next_frame(&mut first).await;

    let stream = admin
        .stream("jazz", |stream| stream.listeners == 2 && stream.kbps > 0)
        .await;
    assert_eq!(stream.stream_id, stream_id);
    assert_eq!(stream.subject, "ana");
    assert_eq!(stream.show.show_title, Some("x".repeat(256)), "it is cut");
    assert_eq!(stream.show.host_name.as_deref(), Some("Ana"));
    assert_eq!(stream.track_name.as_deref(), Some("So What"));
    assert_eq!((stream.state, stream.skipped_frames), (AirState::Live, 0));
    assert!(stream.lag_ms < 500, "{stream:?}");
    let truth = relay.server.active();
    assert_eq!(stream.started_at, truth[0].started_at);
    let steady = admin
        .stream("jazz", |stream| stream.kbps.abs_diff(128) <= 6)
        .await;
    let before = admin.status().await;
    assert_eq!(
        (before.sessions, before.listeners, before.streams),
        (4, 2, 1)
    );
    assert!(before.server.starts_with("skywave/"), "{before:?}");
    assert!(before.started_at <= before.now && steady.started_at >= before.started_at);
    let after = admin.status().await;
    // A second of 128 kbit/s to two listeners.
    let bytes = after.bytes_out - before.bytes_out;
    let expected = 32 * (after.now - before.now);
    assert!(
        bytes.abs_diff(expected) < expected / 3,
        "{bytes} of {expected}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_waits_for_its_lost_publisher_and_is_live_again_with_it() {
    let relay = relay().await;
    let mut admin = Admin::of(&relay).await;
    let station = Station::start(&relay, "jazz").await;
    let live = admin.stream("jazz", |stream| stream.kbps > 0).await;
    assert_eq!(live.state, AirState::Live);
    let publisher = live.session.expect("the publisher's session");

    station.crash().await;
    let waiting = admin
        .stream("jazz", |stream| stream.state == AirState::Waiting)
        .await;
    assert_eq!(waiting.session, None);
    assert_eq!(waiting.stream_id, live.stream_id);
    let later = admin.stream("jazz", |_| true).await;
    assert!(later.lag_ms > waiting.lag_ms + 500, "{later:?}");
    assert!(later.kbps < live.kbps.max(128), "{later:?}");

    let _returned = Station::start(&relay, "jazz").await;
    let again = admin
        .stream("jazz", |stream| {
            stream.state == AirState::Live && stream.lag_ms < 500
        })
        .await;
    assert_eq!(again.stream_id, live.stream_id);
    assert!(again.session.expect("a session") > publisher);
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_happens_is_told_as_it_happens() {
    let relay = relay_with("channels.grace = \"300ms\"").await;
    let mut admin = Admin::of(&relay).await;
    let identity = Identity {
        subject: Some("owner".into()),
        program: Some("studio/7".into()),
        ..Identity::default()
    };
    let session = relay.client().connect(&identity).await.expect("a session");
    let began = admin.told(OccurrenceKind::SessionBegan).await;
    assert_eq!(began.subject.as_deref(), Some("owner"));
    assert_eq!(began.message, "owner came as admin with studio/7");
    let number = began.session.expect("its number");

    let broadcast = session.start(start("jazz")).await.expect("on the air");
    let started = admin.told(OccurrenceKind::StreamStarted).await;
    let about = |occurrence: &Occurrence| {
        let channel = occurrence.channel_id.as_ref().map(ToString::to_string);
        (channel, occurrence.session, occurrence.subject.clone())
    };
    let jazz = |session| (Some("jazz".to_owned()), session, Some("owner".to_owned()));
    assert_eq!(about(&started), jazz(Some(number)));

    let mut stranger = Bare::open(&relay).await;
    let answer = stranger
        .ask("stream:start", json!({"channelId": "jazz"}))
        .await;
    assert_eq!(answer["code"], "channel-busy");
    let refused = admin.told(OccurrenceKind::Refused).await;
    assert_eq!(refused.subject.as_deref(), Some("stranger"));
    assert_eq!(refused.channel_id, Some(channel("jazz")));
    assert!(refused.message.contains("another owner"), "{refused:?}");

    let second = relay.publisher("jazz").await;
    let taken = admin.told(OccurrenceKind::TakenOver).await;
    let new = taken.session.expect("its number");
    assert!(new > number);
    assert_eq!(about(&taken), jazz(Some(new)));
    assert!(taken.message.contains(&number.to_string()), "{taken:?}");
    drop((broadcast, session));
    let ended = admin.told(OccurrenceKind::SessionEnded).await;
    assert_eq!(ended.session, Some(number));

    drop(second);
    let lost = admin.told(OccurrenceKind::PublisherLost).await;
    assert_eq!(about(&lost), jazz(Some(new)));
    let third = relay.publisher("jazz").await;
    let back = admin.told(OccurrenceKind::PublisherReturned).await;
    assert!(back.session.expect("its number") > new);
    drop(third);
    let stopped = admin.told(OccurrenceKind::StreamStopped).await;
    assert_eq!(about(&stopped), jazz(None));
    assert!(stopped.message.contains("did not return"), "{stopped:?}");
    assert!(stopped.at >= began.at);

    let fourth = relay.publisher("jazz").await;
    fourth.stop().await.expect("stopped");
    let stopped = admin.told(OccurrenceKind::StreamStopped).await;
    assert_eq!(stopped.message, "the publisher stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_streams_than_fit_a_line_are_told_in_several() {
    const OWNERS: usize = 15;
    const CHANNELS_EACH: usize = 4;
    let relay = relay().await;
    let mut owners = Vec::new();
    for owner in 0..OWNERS {
        let session = relay.session(&format!("owner-{owner}")).await;
        for n in 0..CHANNELS_EACH {
            let show = || Some("\"".repeat(1_000));
            let start = Start {
                channel_id: channel(&format!("channel-{owner}-{n}")),
                show: Show {
                    show_title: show(),
                    host_name: show(),
                    show_type: show(),
                },
            };
            let _: Started = session.ask(&Request::Start(start)).await.expect("started");
        }
        owners.push(session);
    }
    let mut admin = Admin::of(&relay).await;
    let (mut names, mut lines) = (BTreeSet::new(), 0);
    admin
        .next(|event| match event {
            Event::Streams { streams, last } => {
                assert!(!streams.is_empty(), "as many as fit");
                lines += 1;
                for stream in streams {
                    assert!(names.insert(stream.channel_id), "each is told once");
                }
                last.then_some(())
            }
            _ => None,
        })
        .await;
    assert_eq!(names.len(), OWNERS * CHANNELS_EACH);
    assert!(lines >= 2, "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_does_not_read_is_told_how_much_it_missed() {
    const REFUSALS: usize = 1_500;
    let relay = relay_with("limits.control_per_second = 10000\nlimits.control_burst = 10000").await;
    let _owner = relay.publisher("jazz").await;
    let wire = Wire::to(&relay.url).await;
    // Nothing but the relay may leave out what this one does not read.
    let mut slow = Bare::at(wire.url()).await;
    slow.ask("relay:watch", json!({})).await;
    let mut quick = Admin::of(&relay).await;
    wire.freeze();
    let stranger = relay.session(&"s".repeat(64)).await;
    for _ in 0..REFUSALS {
        let refused = stranger
            .ask::<Started>(&Request::Start(start("jazz")))
            .await;
        assert!(refused.is_err());
        quick.told(OccurrenceKind::Refused).await;
    }
    wire.mend();
    let (mut refusals, mut dropped) = (0, None::<usize>);
    within(async {
        // The newest are kept: all is told once they have come.
        while dropped.is_none_or(|dropped| dropped + refusals < REFUSALS) {
            let Event::Occurred(occurrence) = slow.event().await else {
                continue;
            };
            match occurrence.kind {
                OccurrenceKind::Refused => refusals += 1,
                OccurrenceKind::Dropped => {
                    let count = occurrence.message.split(' ').next().expect("a word");
                    dropped = Some(count.parse::<usize>().expect("a number"));
                }
                _ => {}
            }
        }
    })
    .await;
    assert!(dropped.is_some_and(|dropped| dropped > 0));
    assert!(refusals >= 256, "{refusals}");
}
