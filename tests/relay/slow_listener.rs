//! A listener that stands still skips to live, alone, and is told.

use skywave_client::Heard;
use skywave_wire::control::Event;

use crate::pace::Station;
use crate::support::{heard, next_frame, relay_with, within};
use crate::wire::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stands_still_skips_to_live_and_others_miss_nothing() {
    let relay = relay_with("server.silent_after = \"2s\"\nchannels.max_lag = \"600ms\"").await;
    let mut steady = relay.listener("jazz").await;
    let wire = Wire::to(&relay.url).await;
    let mut slow = wire.listener("jazz").await;
    let station = Station::start(&relay, "jazz").await;
    let first = next_frame(&mut steady).await.seq;
    next_frame(&mut slow).await;
    let mut told = slow.session().events();

    wire.freeze();
    // Until the relay has given it up, which the count of listeners shows.
    let mut next = first.plus(1);
    heard(&mut steady, |heard| match heard {
        Heard::Frame(frame) => {
            assert_eq!(frame.seq, next);
            next = next.plus(1);
            None
        }
        Heard::Listeners(1) => Some(()),
        _ => None,
    })
    .await;
    wire.mend();

    let mut skipped = 0;
    let resumed = heard(&mut slow, |heard| match heard {
        Heard::Skipped(told) => {
            skipped += told.frames;
            None
        }
        Heard::Frame(frame) if frame.seq >= next => Some(frame),
        _ => None,
    })
    .await;
    assert!(skipped > 30, "{skipped} frames in two seconds");
    assert_eq!(slow.stats().missing, skipped);
    assert_eq!(&resumed.data, station.frame(resumed.seq.since(first)));
    let told = within(async {
        loop {
            if let Ok(Event::Skipped(told)) = told.recv().await {
                return told;
            }
        }
    })
    .await;
    assert!(
        told.channel_id.as_str() == "jazz" && told.frames > 0,
        "{told:?}"
    );
    for _ in 0..20 {
        let frame = next_frame(&mut steady).await;
        assert_eq!(frame.seq, next);
        next = next.plus(1);
    }
    assert_eq!(steady.stats().missing, 0);
    let page = relay.server.metrics().render();
    let skips = page
        .lines()
        .find_map(|line| line.strip_prefix("skywave_skips_total "))
        .expect("a counter");
    assert!(skips.parse::<f64>().expect("a number") >= 1.0);
}
