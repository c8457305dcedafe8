//! A title holds from its very frame on, and reaches every listener.

use skywave_client::Heard;
use skywave_wire::control::{ErrorCode, Title};

use crate::support::{Studio, channel, data_of, frames_of, heard, join, next_frame, relay, title};

#[tokio::test(flavor = "multi_thread")]
async fn a_title_takes_effect_at_the_first_frame_of_its_track() {
    const TRACKS: usize = 24;
    let studio = Studio::open();
    let track = data_of(&frames_of(&studio.mp3("track.mp3", 0.3)));
    let relay = relay().await;
    let mut listener = relay.listener("jazz").await;
    let mut broadcast = relay.publisher("jazz").await;
    let publishing = tokio::spawn({
        let track = track.clone();
        async move {
            for n in 0..TRACKS {
                let name = format!("track {n}");
                broadcast.set_title(title(&name)).await.expect("taken");
                for frame in &track {
                    broadcast.write(frame).await.expect("taken");
                }
            }
            broadcast
        }
    });
    let mut titles = Vec::new();
    let first = heard(&mut listener, |heard| match heard {
        Heard::Frame(frame) => Some(frame.seq.0),
        Heard::Title(metadata) => {
            titles.push(metadata);
            None
        }
        _ => None,
    })
    .await;
    while titles.len() < TRACKS {
        titles.push(
            heard(&mut listener, |heard| match heard {
                Heard::Title(metadata) => Some(metadata),
                _ => None,
            })
            .await,
        );
    }
    let effective: Vec<u64> = titles.iter().map(|title| title.seq.0 - first).collect();
    let truth: Vec<u64> = (0..TRACKS as u64).map(|n| n * track.len() as u64).collect();
    assert_eq!(effective, truth);
    publishing.await.expect("published");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_that_comes_after_its_frames_still_finds_its_place() {
    let studio = Studio::open();
    let frames = data_of(&frames_of(&studio.mp3("a.mp3", 0.5)));
    let relay = relay().await;
    let mut listener = relay.listener("jazz").await;
    let mut broadcast = relay.publisher("jazz").await;
    for frame in &frames[..10] {
        broadcast.write(frame).await.expect("taken");
    }
    let first = next_frame(&mut listener).await.seq;
    for _ in 1..10 {
        next_frame(&mut listener).await;
    }
    let at_byte: usize = frames[..4].iter().map(|frame| frame.len()).sum();
    let update = skywave_wire::control::UpdateMetadata {
        channel_id: channel("jazz"),
        at_byte: Some(at_byte as u64 - 1),
        title: title("late"),
    };
    let request = skywave_wire::control::Request::UpdateMetadata(update);
    let session = broadcast.session().clone();
    session
        .ask::<serde_json::Value>(&request)
        .await
        .expect("taken");
    let late = heard(&mut listener, |heard| match heard {
        Heard::Title(metadata) => Some(metadata),
        _ => None,
    })
    .await;
    assert_eq!(late.seq, first.plus(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_finds_the_title_that_holds_at_its_first_frame() {
    let studio = Studio::open();
    let frames = data_of(&frames_of(&studio.mp3("a.mp3", 0.5)));
    let relay = relay().await;
    let mut early = relay.listener("jazz").await;
    let mut broadcast = relay.publisher("jazz").await;
    broadcast.set_title(title("one")).await.expect("taken");
    broadcast.write(&frames[0]).await.expect("taken");
    broadcast.set_title(title("two")).await.expect("taken");
    broadcast.write(&frames[1]).await.expect("taken");
    let first = next_frame(&mut early).await.seq;
    next_frame(&mut early).await;

    let session = relay.session("late").await;
    let late = session.join(join("jazz")).await.expect("joined");
    let joined = late.joined();
    assert_eq!(joined.next_seq, first);
    let titles: Vec<_> = joined
        .metadata
        .iter()
        .map(|m| (m.seq, m.title.track_name.as_deref()))
        .collect();
    assert_eq!(titles, [(first, Some("one")), (first.plus(1), Some("two"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_title_too_large_for_a_datagram_comes_whole() {
    let studio = Studio::open();
    let frames = data_of(&frames_of(&studio.mp3("a.mp3", 0.5)));
    let relay = relay().await;
    let mut listener = relay.listener("jazz").await;
    let mut broadcast = relay.publisher("jazz").await;
    let large = Title {
        album_name: Some("ö".repeat(4_000)),
        ..title("large")
    };
    broadcast.set_title(large.clone()).await.expect("taken");
    for frame in &frames[..2] {
        broadcast.write(frame).await.expect("taken");
    }
    let came = heard(&mut listener, |heard| match heard {
        Heard::Title(metadata) => Some(metadata.title),
        _ => None,
    })
    .await;
    assert_eq!(came, large);
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_that_wait_for_their_frame_are_bounded() {
    let relay = relay().await;
    let broadcast = relay.publisher("jazz").await;
    let session = broadcast.session().clone();
    let mut refused = Vec::new();
    for n in 0..20u64 {
        let update = skywave_wire::control::UpdateMetadata {
            channel_id: channel("jazz"),
            at_byte: Some(1_000_000 + n),
            title: title("waits"),
        };
        let request = skywave_wire::control::Request::UpdateMetadata(update);
        if let Err(error) = session.ask::<serde_json::Value>(&request).await {
            refused.push(error);
        }
    }
    assert_eq!(refused.len(), 4);
    for error in refused {
        let skywave_client::Error::Refused(fault) = error else {
            panic!("{error}");
        };
        assert_eq!(fault.code, ErrorCode::LimitReached);
    }
}
