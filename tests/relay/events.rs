//! What is on the air is told to every session, however much it is.

use std::collections::BTreeSet;

use skywave_client::Identity;
use skywave_wire::control::{Event, Request, Show, Started};

use crate::bad_input::bare::Bare;
use crate::support::{relay, start, within};

#[tokio::test(flavor = "multi_thread")]
async fn more_broadcasts_than_fit_a_line_are_all_told() {
    const SESSIONS: usize = 15;
    const CHANNELS_EACH: usize = 4;
    let relay = relay().await;
    let client = relay.client();
    let mut owners = Vec::new();
    for session in 0..SESSIONS {
        let owner = client
            .connect(&Identity::default())
            .await
            .expect("a session");
        for channel in 0..CHANNELS_EACH {
            let mut start = start(&format!("channel-{session}-{channel}"));
            start.show = Show {
                show_title: Some("\"".repeat(4_000)),
                ..Show::default()
            };
            let _: Started = owner.ask(&Request::Start(start)).await.expect("on the air");
        }
        owners.push(owner);
    }
    let mut late = Bare::open(&relay).await;
    let mut told = BTreeSet::new();
    within(async {
        while told.len() < SESSIONS * CHANNELS_EACH {
            match late.event().await {
                Event::Active(streams) => {
                    assert!(!streams.is_empty(), "as many as fit");
                    told.extend(streams.into_iter().map(|stream| stream.channel_id));
                }
                Event::Started(stream) => {
                    assert!(told.insert(stream.channel_id), "each is told once");
                }
                other => panic!("not of broadcasts: {other:?}"),
            }
        }
    })
    .await;
}
