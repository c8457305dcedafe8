//! A client whose address changes stays with its shard and misses nothing.

use crate::pace::Station;
use crate::support::{next_frame, relay_with, within};
use crate::wire::Wire;

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_whose_port_changes_misses_no_frame() {
    // With more shards than one, an unsteered packet would mostly go astray.
    let relay = relay_with("").await;
    let _station = Station::start(&relay, "jazz").await;
    for _ in 0..4 {
        let wire = Wire::to(&relay.url).await;
        let mut listener = wire.listener("jazz").await;
        let mut next = next_frame(&mut listener).await.seq;
        for _ in 0..3 {
            wire.change_port().await;
            within(async {
                while wire.returned() < 10 {
                    next = next.plus(1);
                    assert_eq!(next_frame(&mut listener).await.seq, next);
                }
            })
            .await;
        }
        assert_eq!(listener.stats().missing, 0);
    }
}
